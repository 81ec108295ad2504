package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-auth/lockstep/bench/load"
	"github.com/lockstep-auth/lockstep/bench/report"
)

// A pace says how much is measured.
type pace struct {
	warmup time.Duration // before the first round of a server: V8 compiles what runs often
	settle time.Duration // before each round
	window time.Duration // a round
	rounds int

	// The same for requests that hash a password: there are few of them in a
	// second.
	hashWarmup, hashSettle, hashWindow time.Duration
	hashRounds                         int

	stormWarmup, stormWindow time.Duration
	stormRounds              int

	idle      time.Duration // from the start of a server until it is idle
	starts    int
	many      int           // sessions in a large database
	benchTime time.Duration // of each Go benchmark
}

// fullPace makes a run of about 8 minutes.
func fullPace() pace {
	return pace{
		warmup: 3 * time.Second, settle: 300 * time.Millisecond, window: 2 * time.Second, rounds: 5,
		hashWarmup: 1500 * time.Millisecond, hashSettle: 500 * time.Millisecond, hashWindow: 3 * time.Second, hashRounds: 3,
		stormWarmup: 2 * time.Second, stormWindow: 5 * time.Second, stormRounds: 3,
		idle: 2 * time.Second, starts: 5, many: 1_000_000, benchTime: time.Second,
	}
}

func quickPace() pace {
	return pace{
		settle: 100 * time.Millisecond, window: 200 * time.Millisecond, rounds: 1,
		hashWindow: time.Second, hashRounds: 1,
		stormWindow: time.Second, stormRounds: 1,
		starts: 1, many: 1000, benchTime: 10 * time.Millisecond,
	}
}

// conns is how many connections most cells have, and how many users.
const conns = 16

// A cell is one kind of request.
type cell struct {
	id, title string
	conns     int
	hashes    bool // a password per request

	// next makes requests for a server; b names new users.
	next func(b *bench, s *server) func(n int) load.Request
}

// A group is cells that are measured on the same pair of servers.
type group struct {
	setup
	cells []cell
}

// groups returns all cells.
func groups() []group {
	cached := func(id, strategy string) group {
		return group{setup{db: sqlite, cache: strategy}, []cell{{
			id: id, title: "get-session, cookie cache (" + strategy + ")", conns: conns, next: getCached,
		}}}
	}
	plain := func(db, get, signIn, signUp string) group {
		return group{setup{db: db, cache: off}, []cell{
			{id: get, title: "get-session", conns: conns, next: getSession},
			{id: signIn, title: "sign-in", conns: conns, hashes: true, next: signIns},
			{id: signUp, title: "sign-up", conns: conns, hashes: true, next: signUps},
		}}
	}
	return []group{
		cached(report.CachedCompact, "compact"), cached(report.CachedJWT, "jwt"), cached(report.CachedJWE, "jwe"),
		plain(sqlite, report.GetSessionSQLite, report.SignInSQLite, report.SignUpSQLite),
		plain(memory, report.GetSessionMemory, report.SignInMemory, report.SignUpMemory),
	}
}

func getCached(_ *bench, s *server) func(int) load.Request {
	return cycle(len(s.sessions), func(i int) load.Request { return s.GetSession(s.sessions[i], s.sessions[i].Cached) })
}

func getSession(_ *bench, s *server) func(int) load.Request {
	return cycle(len(s.sessions), func(i int) load.Request { return s.GetSession(s.sessions[i], s.sessions[i].Cookies) })
}

func signIns(_ *bench, s *server) func(int) load.Request {
	return cycle(len(s.emails), func(i int) load.Request { return s.SignIn(s.emails[i]) })
}

func signUps(b *bench, s *server) func(int) load.Request {
	b.users++
	batch := b.users
	return func(n int) load.Request { return s.SignUp(fmt.Sprintf("new-%d-%d@example.com", batch, n)) }
}

// cycle makes the requests once, so that the generator has little to do.
func cycle(count int, one func(i int) load.Request) func(int) load.Request {
	all := make([]load.Request, count)
	for i := range all {
		all[i] = one(i)
	}
	return func(n int) load.Request { return all[n%len(all)] }
}

// cells measures the groups.
func (b *bench) cells(ctx context.Context, r *report.Run) error {
	for _, g := range groups() {
		var wanted []cell
		for _, c := range g.cells {
			if b.wants(c.id) {
				wanted = append(wanted, c)
			}
		}
		if len(wanted) == 0 {
			continue
		}
		measured, err := b.group(ctx, group{g.setup, wanted})
		if err != nil {
			return err
		}
		r.Cells = append(r.Cells, measured...)
	}
	return nil
}

func (b *bench) group(ctx context.Context, g group) (measured []*report.Cell, err error) {
	pair, err := b.pair(ctx, g.setup)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, pair[0].Stop(), pair[1].Stop()) }()
	for _, s := range pair {
		if err := b.signUp(ctx, s, conns); err != nil {
			return nil, err
		}
	}
	for _, c := range g.cells {
		fmt.Fprintln(b.log, c.id)
		m := &report.Cell{ID: c.id, Title: c.title, Database: g.db, Conns: c.conns}
		if err := b.alternate(ctx, pair, c, m); err != nil {
			return nil, fmt.Errorf("%s: %w", c.id, err)
		}
		measured = append(measured, m)
	}
	return measured, nil
}

// alternate warms two servers up and measures them in turn, so that what
// changes on the machine in the meantime changes for both.
func (b *bench) alternate(ctx context.Context, pair [2]*server, c cell, m *report.Cell) error {
	warmup, settle, window, rounds := b.warmup, b.settle, b.window, b.rounds
	if c.hashes {
		warmup, settle, window, rounds = b.hashWarmup, b.hashSettle, b.hashWindow, b.hashRounds
	}
	for n := range rounds {
		for i, s := range pair {
			before := settle
			if n == 0 {
				before += warmup
			}
			round, err := b.round(ctx, s, c, before, window)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			m.Sides[i].Name = s.name
			m.Sides[i].Rounds = append(m.Sides[i].Rounds, round)
		}
	}
	return nil
}

// round measures one server for the time of window, after the time of before.
func (b *bench) round(ctx context.Context, s *server, c cell, before, window time.Duration) (report.Round, error) {
	if err := s.Rewind(); err != nil {
		return report.Round{}, err
	}
	g := b.generate(ctx, s, load.Config{Conns: c.conns, Next: c.next(b, s)})
	if err := wait(ctx, before); err != nil {
		return report.Round{}, err
	}
	return b.observe(ctx, s, g, window)
}

// generate starts a generator for a server.
func (*bench) generate(ctx context.Context, s *server, c load.Config) *load.Generator {
	c.Dial, c.Now = s.Dial, time.Now
	return load.Start(ctx, c)
}
