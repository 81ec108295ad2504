package main

import (
	"context"
	"errors"
	"os"
	"runtime"
	"time"

	"github.com/lockstep-auth/lockstep/bench/load"
	"github.com/lockstep-auth/lockstep/bench/report"
)

// observe measures what a generator and its server do for the time of window, or
// until there is an answer if that takes longer, and stops the generator.
func (b *bench) observe(ctx context.Context, s *server, g *load.Generator, window time.Duration) (report.Round, error) {
	before, err := b.meter(s)
	g.Begin()
	err = errors.Join(err, wait(ctx, window), g.Await(ctx))
	g.End()
	after, err2 := b.meter(s)
	sample, err3 := g.Stop()
	if err := errors.Join(err3, err, err2); err != nil {
		return report.Round{}, err
	}
	round := newRound(sample)
	round.CPU = float64((after.server - before.server).Microseconds()) / float64(sample.Requests)
	round.Others = others(before, after)
	return round, nil
}

func newRound(s load.Sample) report.Round {
	return report.Round{
		Requests: s.Requests, PerSecond: s.PerSecond(), P50: ms(s.P50), P99: ms(s.P99), Max: ms(s.Max),
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// A meter is how long processors have worked at a time: for a server, for this
// program and all that it started, and for everybody.
type meter struct {
	at                    time.Time
	server, own, everyone time.Duration
}

func (b *bench) meter(s *server) (meter, error) {
	m := meter{at: time.Now()}
	usage, err := b.proc.Process(s.PID())
	if err != nil {
		return m, err
	}
	own, err := b.proc.Process(os.Getpid())
	if err != nil {
		return m, err
	}
	m.server, m.own = usage.CPU, own.CPU
	m.everyone, err = b.proc.Busy()
	return m, err
}

// others is the share of the machine that went to none of ours. The clocks of
// the kernel are not exact enough to never let it be negative.
func others(before, after meter) float64 {
	machine := after.at.Sub(before.at) * time.Duration(runtime.NumCPU())
	rest := (after.everyone - before.everyone) - (after.own - before.own)
	return max(0, float64(rest)/float64(machine))
}

// wait waits for d, unless ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
