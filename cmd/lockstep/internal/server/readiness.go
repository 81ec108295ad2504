package server

import (
	"context"
	"time"
)

// readyFor is how long an answer of the database is good: balancers ask often,
// and from many places.
const readyFor = time.Second

// Remembered returns a ping that makes one ping at a time and gives the same
// answer for a second.
func Remembered(ping func(context.Context) error, now func() time.Time) func(context.Context) error {
	r := &readiness{ping: ping, now: now, turn: make(chan struct{}, 1)}
	return r.check
}

// A readiness is what the last ping said.
type readiness struct {
	ping func(context.Context) error
	now  func() time.Time

	turn  chan struct{} // holds a token while somebody uses what follows
	asked time.Time     // zero: never
	err   error
}

func (r *readiness) check(ctx context.Context) error {
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	// A clock that was set back makes the answer old.
	if age := r.now().Sub(r.asked); !r.asked.IsZero() && age >= 0 && age < readyFor {
		return r.err
	}
	// A prober that goes away must not leave a failure to the others.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTimeout)
	defer cancel()
	r.err = r.ping(ctx)
	r.asked = r.now()
	return r.err
}
