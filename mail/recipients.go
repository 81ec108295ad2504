package mail

import (
	"sync"
	"time"
)

// maxRecipients bounds the memory of recipients, in addresses.
const maxRecipients = 10_000

// recipients counts messages by address.
type recipients struct {
	limit int

	mu     sync.Mutex
	counts map[string]*count
}

type count struct {
	n    int
	ends time.Time
}

func newRecipients(limit int) *recipients {
	return &recipients{limit: limit, counts: make(map[string]*count)}
}

// allow counts a message to the address, and reports whether it may be sent.
func (r *recipients) allow(address string, now time.Time) bool {
	if r.limit < 0 {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.counts[address]
	if c == nil || !now.Before(c.ends) {
		r.makeRoom(now)
		c = &count{ends: now.Add(recipientWindow)}
		r.counts[address] = c
	}
	c.n++
	return c.n <= r.limit
}

// makeRoom forgets the counts that have ended, and if there is still no room any
// other one.
func (r *recipients) makeRoom(now time.Time) {
	if len(r.counts) < maxRecipients {
		return
	}
	for address, c := range r.counts {
		if !now.Before(c.ends) {
			delete(r.counts, address)
		}
	}
	for address := range r.counts {
		if len(r.counts) < maxRecipients {
			return
		}
		delete(r.counts, address)
	}
}
