package secure

import (
	"sync"
	"time"
)

// calm is after how long without all workers at work a pool is not busy any more.
const calm = time.Second

// A busy says when all workers of a pool are at work, and when that is over.
type busy struct {
	tell func(bool) // or nil

	mu    sync.Mutex
	is    bool // a timer runs until it is not
	again bool // since the timer started

	telling sync.Mutex // for what follows
	told    bool
}

// note says that all workers are at work; full says whether they are.
func (b *busy) note(full func() bool) {
	if b.tell == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.again = true
	if b.is {
		return
	}
	b.is = true
	go b.report()
	b.watch(full)
}

// watch looks after a while whether it is over. The caller holds mu.
func (b *busy) watch(full func() bool) {
	b.again = false
	time.AfterFunc(calm, func() {
		b.mu.Lock()
		if b.again || full() {
			defer b.mu.Unlock()
			b.watch(full)
			return
		}
		b.is = false
		b.mu.Unlock()
		b.report()
	})
}

// report tells what has changed.
func (b *busy) report() {
	b.telling.Lock()
	defer b.telling.Unlock()
	b.mu.Lock()
	is := b.is
	b.mu.Unlock()
	if is != b.told {
		b.told = is
		b.tell(is)
	}
}
