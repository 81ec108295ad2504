package mail

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// A MemoryQueue is a Queue of this process: what is in it when the process ends
// is lost. It is safe for concurrent use.
type MemoryQueue struct {
	max int

	mu    sync.Mutex
	items []Item // the one that is due next first
}

// NewMemoryQueue returns a queue of at most limit messages.
func NewMemoryQueue(limit int) *MemoryQueue { return &MemoryQueue{max: limit} }

// Put implements Queue.
func (q *MemoryQueue) Put(_ context.Context, i Item) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) >= q.max {
		return ErrFull
	}
	q.insert(i)
	return nil
}

// Take implements Queue.
func (q *MemoryQueue) Take(_ context.Context, now, lease time.Time, n int) ([]Item, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	due := 0
	for due < min(n, len(q.items)) && !q.items[due].Due.After(now) {
		due++
	}
	taken := slices.Clone(q.items[:due])
	q.items = slices.Delete(q.items, 0, due)
	for _, i := range taken {
		i.Due = lease
		q.insert(i)
	}
	return taken, nil
}

// Retry implements Queue.
func (q *MemoryQueue) Retry(_ context.Context, i Item) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.remove(i.ID) {
		q.insert(i)
	}
	return nil
}

// Remove implements Queue.
func (q *MemoryQueue) Remove(_ context.Context, id string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.remove(id)
	return nil
}

// Next implements Queue.
func (q *MemoryQueue) Next(context.Context) (time.Time, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) == 0 {
		return time.Time{}, nil
	}
	return q.items[0].Due, nil
}

func (q *MemoryQueue) insert(i Item) {
	at, _ := slices.BinarySearchFunc(q.items, i, func(a, b Item) int {
		return cmp.Or(a.Due.Compare(b.Due), -1) // behind those that are due at the same time
	})
	q.items = slices.Insert(q.items, at, i)
}

func (q *MemoryQueue) remove(id string) bool {
	n := len(q.items)
	q.items = slices.DeleteFunc(q.items, func(i Item) bool { return i.ID == id })
	return len(q.items) < n
}

var _ Queue = (*MemoryQueue)(nil)
