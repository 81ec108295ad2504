package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/lockstep-auth/lockstep/bench/load"
	"github.com/lockstep-auth/lockstep/bench/report"
	"github.com/lockstep-auth/lockstep/bench/request"
)

const (
	besideConns = 2 // get-session beside sign-ups

	stormConns = 64 // sign-ins under way
	probeRate  = 200.0
	probeConns = 16 // enough that a stall of 80 ms keeps no probe from being sent

	// overflowConns is more than two cores and a queue of 128 can take, and
	// still more on a machine of many cores.
	overflowConns = 512
)

// beside measures get-session alone and beside one connection that signs up
// one user after the other.
func (b *bench) beside(ctx context.Context, r *report.Run) (err error) {
	if !b.wants(report.BesideID) {
		return nil
	}
	fmt.Fprintln(b.log, report.BesideID)
	pair, err := b.pair(ctx, setup{db: sqlite, cache: off})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pair[0].Stop(), pair[1].Stop()) }()
	c := cell{conns: besideConns, next: getSession}
	alone := &report.Cell{ID: report.BesideAlone, Title: "get-session alone", Database: sqlite, Conns: besideConns}
	beside := &report.Cell{ID: report.BesideSignUps, Title: "get-session beside sign-ups", Database: sqlite, Conns: besideConns}
	for i, s := range pair {
		if err := b.signUp(ctx, s, besideConns); err != nil {
			return err
		}
		if b.warmup > 0 {
			if _, err := b.round(ctx, s, c, 0, b.warmup); err != nil {
				return err
			}
		}
		alone.Sides[i].Name, beside.Sides[i].Name = s.name, s.name
	}
	for range b.hashRounds {
		for i, s := range pair {
			round, err := b.round(ctx, s, c, b.settle, b.hashWindow/2)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			alone.Sides[i].Rounds = append(alone.Sides[i].Rounds, round)
			loop := b.generate(ctx, s, load.Config{Conns: 1, Next: signUps(b, s)})
			round, err = b.round(ctx, s, c, b.hashSettle, b.hashWindow)
			if _, err2 := loop.Stop(); err != nil || err2 != nil {
				return fmt.Errorf("%s: %w", s.name, errors.Join(err, err2))
			}
			beside.Sides[i].Rounds = append(beside.Sides[i].Rounds, round)
		}
	}
	r.Cells = append(r.Cells, alone, beside)
	return nil
}

// storm measures memory, and how get-session fares, while 64 sign-ins are
// always under way.
func (b *bench) storm(ctx context.Context, r *report.Run) error {
	if !b.wants(report.StormID) {
		return nil
	}
	fmt.Fprintln(b.log, report.StormID)
	r.Storm = new(report.Storm)
	starts := []func(context.Context, setup) (*server, error){b.lockstepServer, b.betterAuthServer}
	for range b.stormRounds {
		for i, start := range starts {
			s, err := start(ctx, setup{db: sqlite, cache: off})
			if err != nil {
				return err
			}
			round, err := b.stormRound(ctx, s)
			if err := errors.Join(err, s.Stop()); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			side := &r.Storm.Sides[i]
			side.Name, side.Rounds = s.name, append(side.Rounds, round)
		}
	}
	return nil
}

// stormRound measures a server that has just started.
func (b *bench) stormRound(ctx context.Context, s *server) (report.StormRound, error) {
	var round report.StormRound
	if err := wait(ctx, b.idle); err != nil {
		return round, err
	}
	idle, err := b.proc.Process(s.PID())
	if err != nil {
		return round, err
	}
	round.Idle = idle.RSS
	if err := b.signUp(ctx, s, conns); err != nil {
		return round, err
	}
	crowd := b.generate(ctx, s, load.Config{Conns: stormConns, Next: signIns(b, s)})
	probe := b.generate(ctx, s, load.Config{Conns: probeConns, Rate: probeRate, Next: getSession(b, s)})
	err = wait(ctx, b.stormWarmup)
	before, err1 := b.meter(s)
	crowd.Begin()
	probe.Begin()
	err = errors.Join(err, err1, wait(ctx, b.stormWindow))
	crowd.End()
	probe.End()
	after, err1 := b.meter(s)
	peak, err2 := b.proc.Process(s.PID())
	signIns, err3 := crowd.Stop() // first, so that the probes that wait need not wait for more of them
	probes, err4 := probe.Stop()
	round.SignIns, round.Probe, round.Peak = newRound(signIns), newRound(probes), peak.Peak
	round.Probe.Others = others(before, after)
	return round, errors.Join(err, err1, err2, err3, err4)
}

// overflow sends Lockstep more sign-ins at once than may wait. Each must
// succeed or be told to come again later, and the server must go on.
func (b *bench) overflow(ctx context.Context, r *report.Run) (err error) {
	if !b.wants(report.OverflowID) {
		return nil
	}
	fmt.Fprintln(b.log, report.OverflowID)
	s, err := b.lockstepServer(ctx, setup{db: sqlite, cache: off})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	if err := b.signUp(ctx, s, 1); err != nil {
		return err
	}
	var refused atomic.Int64
	signIn := request.Busy(s.SignIn(s.emails[0]), func() { refused.Add(1) })
	g := b.generate(ctx, s, load.Config{
		Conns: overflowConns, Limit: overflowConns, Next: func(int) load.Request { return signIn },
	})
	if _, err := g.Wait(); err != nil {
		return fmt.Errorf("%s: %w", report.OverflowID, err)
	}
	if _, err := load.Send(ctx, s.Dial, s.GetSession(s.sessions[0], s.sessions[0].Cookies)); err != nil {
		return fmt.Errorf("%s: get-session afterwards: %w", report.OverflowID, err)
	}
	usage, err := b.proc.Process(s.PID())
	r.Overflow = &report.Overflow{Sent: overflowConns, Refused: int(refused.Load()), Peak: usage.Peak}
	return err
}
