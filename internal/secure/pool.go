package secure

import (
	"context"
	"slices"
	"sync"
	"time"
)

// idleTime is how long the room for a hash is kept without use.
const idleTime = time.Minute

// longestWait is how long a caller waits at most. Behind a slow processor the queue is
// long in time, too: clients should hear of it before their connection ends.
const longestWait = 10 * time.Second

// A pool lends room for scrypt to a bounded number of callers, and lets a bounded
// number wait, in order.
//
// Room is made when first needed and used again, the last returned first. Once a minute
// the room that was not needed in that minute goes to the garbage collector: as many
// as always were idle. So a busy server allocates nothing and an idle one keeps nothing.
// The timer stops when nothing is idle.
type pool struct {
	admitted chan struct{} // holds one for each caller that runs or waits
	running  chan struct{} // holds one for each caller that runs

	mu     sync.Mutex
	idle   []*scrypt
	unused int  // the shortest that idle was since the timer started
	timing bool // the timer runs

	busy busy
}

// acquire waits for room. It returns ErrBusy when too many wait already or the wait gets
// too long, and the error of ctx when that ends first.
func (p *pool) acquire(ctx context.Context) (*scrypt, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case p.admitted <- struct{}{}:
	default:
		return nil, ErrBusy
	}
	select {
	case p.running <- struct{}{}:
		return p.take(), nil
	default:
	}
	patience := time.NewTimer(longestWait)
	defer patience.Stop()
	select {
	case p.running <- struct{}{}:
		return p.take(), nil
	case <-ctx.Done():
		<-p.admitted
		return nil, ctx.Err()
	case <-patience.C:
		<-p.admitted
		return nil, ErrBusy
	}
}

// release returns room that acquire lent.
func (p *pool) release(s *scrypt) {
	p.put(s)
	<-p.running
	<-p.admitted
}

// full reports whether no more callers can run.
func (p *pool) full() bool { return len(p.running) == cap(p.running) }

func (p *pool) take() *scrypt {
	if p.full() {
		p.busy.note(p.full)
	}
	if s := p.takeIdle(); s != nil {
		return s
	}
	return newScrypt(passwordN, passwordR)
}

// takeIdle returns the room that was used last, or nil.
func (p *pool) takeIdle() *scrypt {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idle) - 1
	if last < 0 {
		return nil
	}
	s := p.idle[last]
	p.idle = slices.Delete(p.idle, last, last+1)
	p.unused = min(p.unused, last)
	return s
}

func (p *pool) put(s *scrypt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, s)
	p.startTrim()
}

// startTrim starts the timer unless it runs or nothing is idle. The caller holds mu.
func (p *pool) startTrim() {
	if p.timing || len(p.idle) == 0 {
		return
	}
	p.timing = true
	p.unused = len(p.idle)
	time.AfterFunc(idleTime, p.trim)
}

func (p *pool) trim() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = slices.Delete(p.idle, 0, p.unused)
	p.timing = false
	p.startTrim()
}
