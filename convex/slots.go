package convex

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// fewest is how many calls of a kind stay allowed at once, however busy the
// deployment says it is: a quarter of what the smallest ones serve.
const fewest = 4

// Slots are the right to have calls of one kind on their way: up to a limit
// that follows what the deployment bears. It starts at most, as Config says. It
// is halved when the deployment turns a call away because there are too many,
// and grows by one when as many calls as it allows were answered. This is how
// TCP finds its speed (RFC 5681 §3.1), and why several programs with one
// deployment come to share it.
//
// Calls that have to wait are served in the order of their arrival. Slots are
// safe for concurrent use.
type slots struct {
	most int

	mu      sync.Mutex
	limit   int
	busy    int
	good    int // answers since the limit last changed
	cuts    int // how often it was halved
	waiting []chan struct{}
}

func newSlots(most int) *slots { return &slots{most: most, limit: most} }

// A slot is one call's. It remembers which limit let it begin.
type slot struct {
	of   *slots
	cuts int
}

// take waits for a slot, or for the end of the context.
func (s *slots) take(ctx context.Context) (slot, error) {
	s.mu.Lock()
	if s.busy < s.limit && len(s.waiting) == 0 {
		s.busy++
		defer s.mu.Unlock()
		return slot{s, s.cuts}, nil
	}
	turn := make(chan struct{})
	s.waiting = append(s.waiting, turn)
	s.mu.Unlock()
	select {
	case <-turn:
	case <-ctx.Done():
		s.mu.Lock()
		defer s.mu.Unlock()
		if i := slices.Index(s.waiting, turn); i >= 0 {
			s.waiting = slices.Delete(s.waiting, i, i+1)
		} else { // its turn came at the same moment
			s.busy--
		}
		s.wake()
		return slot{}, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slot{s, s.cuts}, nil
}

// wake gives free slots to those who wait. It is called with the lock.
func (s *slots) wake() {
	for s.busy < s.limit && len(s.waiting) > 0 {
		close(s.waiting[0])
		s.waiting = s.waiting[1:]
		s.busy++
	}
}

// release gives the slot back, with what became of the call; nil is success.
func (t slot) release(f *failure) {
	s := t.of
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy--
	switch {
	case f.isTooMuch() && t.cuts == s.cuts: // a crowd that is turned away counts once
		s.limit = max(s.limit/2, min(fewest, s.most))
		s.good = 0
		s.cuts++
	case f == nil && s.limit < s.most:
		if s.good++; s.good >= s.limit {
			s.limit++
			s.good = 0
		}
	}
	s.wake()
}

// isTooMuch reports whether the deployment turned the call away because of how
// many there are.
func (f *failure) isTooMuch() bool {
	return f != nil && (errors.Is(f.kind, ErrRateLimited) || errors.Is(f.kind, ErrOverloaded))
}
