package ratelimit

import (
	"container/heap"
	"context"
	"hash/maphash"
	"sync"
	"time"
)

const (
	defaultMaxKeys = 100_000

	// maxShards is how many locks the keys are spread over.
	maxShards = 64

	// minShard is the fewest keys that are worth a lock of their own.
	minShard = 64
)

// Memory is a Limiter that counts in this process. The number of its keys is
// bounded: keys whose window has passed go first, then those whose window ends
// next. It is safe for concurrent use.
type Memory struct {
	seed   maphash.Seed // keeps clients from choosing paths that share a shard
	shards []shard
}

type shard struct {
	mu      sync.Mutex
	max     int
	entries map[string]*entry
	queue   queue
}

// An entry counts the calls under one key. Times are Unix milliseconds.
type entry struct {
	key     string
	count   int
	last    int64
	expires int64
	index   int // in the queue
}

// NewMemory returns a Memory of at most maxKeys keys, by default 100,000. A key
// takes about 200 bytes.
func NewMemory(maxKeys int) *Memory {
	if maxKeys <= 0 {
		maxKeys = defaultMaxKeys
	}
	n := min(max(maxKeys/minShard, 1), maxShards)
	m := &Memory{seed: maphash.MakeSeed(), shards: make([]shard, n)}
	for i := range m.shards {
		m.shards[i].max = maxKeys / n
		m.shards[i].entries = make(map[string]*entry)
	}
	return m
}

// Take implements Limiter. Its error is always nil.
func (m *Memory) Take(_ context.Context, key string, rule Rule, now time.Time) (Decision, error) {
	key = bound(key)
	s := &m.shards[maphash.String(m.seed, key)%uint64(len(m.shards))]
	return s.take(key, rule, now.UnixMilli()), nil
}

// Len returns the number of keys.
func (m *Memory) Len() int {
	n := 0
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		n += len(s.entries)
		s.mu.Unlock()
	}
	return n
}

// take is upstream's decideConsume.
func (s *shard) take(key string, rule Rule, now int64) Decision {
	window := rule.Window.Milliseconds()
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[key]
	switch {
	case e == nil:
		s.makeRoom(now)
		e = &entry{key: key, count: 1}
		s.entries[key] = e
		heap.Push(&s.queue, e)
	case now >= e.expires || over(e.last, now, window):
		e.count = 1
	case e.count >= rule.Max:
		return refusal(e.last, now, window)
	default:
		e.count++
	}
	e.last, e.expires = now, now+window
	heap.Fix(&s.queue, e.index)
	return Decision{Allowed: true}
}

// makeRoom removes up to two expired entries, which is enough to remove more
// than come in, and if there is still no room one more.
func (s *shard) makeRoom(now int64) {
	for range 2 {
		if len(s.queue) > 0 && s.queue[0].expires <= now {
			s.removeFirst()
		}
	}
	if len(s.queue) >= s.max {
		s.removeFirst()
	}
}

func (s *shard) removeFirst() {
	delete(s.entries, s.queue[0].key)
	heap.Remove(&s.queue, 0)
}

// A queue is a heap of entries, the one that expires next first.
type queue []*entry

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].expires < q[j].expires }

func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

// Push is for package heap only.
func (q *queue) Push(x any) {
	e := x.(*entry)
	e.index = len(*q)
	*q = append(*q, e)
}

// Pop is for package heap only.
func (q *queue) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return e
}

var _ Limiter = (*Memory)(nil)
