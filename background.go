package lockstep

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

const (
	// backgroundWorkers is how much work is done at the same time, and
	// backgroundQueue how much waits for that.
	backgroundWorkers = 8
	backgroundQueue   = 1000

	// backgroundTimeout bounds one piece of work.
	backgroundTimeout = time.Minute
)

// A background does work when requests have been answered. Work that finds the
// queue full is dropped and logged: to do it at once would show in the time of
// the answer. It runs no goroutine while there is nothing to do. It is safe for
// concurrent use.
type background struct {
	log    *slog.Logger
	bound  func(context.Context) (context.Context, context.CancelFunc) // ends a context when abort is called
	abort  context.CancelFunc
	mu     sync.Mutex
	queue  []job
	busy   int // workers
	closed bool
	idle   chan struct{} // closed when a closed background has nothing left to do

	// dropped counts the work that was dropped since the start; the log has it
	// for whoever watches.
	dropped int
}

// A job is one piece of work.
type job struct {
	what string
	run  func()
}

func newBackground(log *slog.Logger) *background {
	base, abort := context.WithCancel(context.Background())
	return &background{log: log, abort: abort, idle: make(chan struct{}), bound: func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithTimeout(ctx, backgroundTimeout)
		stop := context.AfterFunc(base, cancel)
		return ctx, func() {
			stop()
			cancel()
		}
	}}
}

// start hands in work. Its context has the values of ctx, but does not end with
// it. What is a constant text for the log.
func (b *background) start(ctx context.Context, what string, run func(context.Context) error) {
	ctx = context.WithoutCancel(ctx)
	dropped := b.add(job{what, func() {
		ctx, cancel := b.bound(ctx)
		defer cancel()
		if err := run(ctx); err != nil {
			b.log.ErrorContext(ctx, "work in the background failed", "work", what, "err", err)
		}
	}})
	if dropped > 0 {
		b.log.ErrorContext(ctx, "work in the background dropped: too much of it, or the server is closed",
			"work", what, "dropped_since_start", dropped)
	}
}

// add queues a job and sees to it that somebody does it. If it does not, it
// returns how many jobs were dropped so far.
func (b *background) add(j job) (dropped int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || len(b.queue) >= backgroundQueue {
		b.dropped++
		return b.dropped
	}
	b.queue = append(b.queue, j)
	if b.busy < backgroundWorkers {
		b.busy++
		go b.work()
	}
	return 0
}

// work does jobs until there are no more.
func (b *background) work() {
	for {
		j, ok := b.next()
		if !ok {
			return
		}
		b.do(j)
	}
}

// next takes a job, or ends the worker.
func (b *background) next() (job, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.queue) > 0 {
		j := b.queue[0]
		b.queue[0] = job{}
		b.queue = b.queue[1:]
		return j, true
	}
	if b.busy--; b.closed && b.busy == 0 {
		close(b.idle)
	}
	return job{}, false
}

func (b *background) do(j job) {
	defer func() {
		if v := recover(); v != nil {
			b.log.Error("work in the background panicked", "work", j.what, "panic", v, "stack", string(debug.Stack()))
		}
	}()
	j.run()
}

// close waits until all work is done or ctx ends, and then breaks off what is
// left and waits for that. No work is taken any more.
func (b *background) close(ctx context.Context) error {
	b.mu.Lock()
	if !b.closed {
		b.closed = true
		if b.busy == 0 {
			close(b.idle)
		}
	}
	b.mu.Unlock()
	defer b.abort()
	select {
	case <-b.idle:
		return nil
	case <-ctx.Done():
	}
	b.abort()
	<-b.idle
	return fmt.Errorf("lockstep: work in the background was broken off: %w", ctx.Err())
}
