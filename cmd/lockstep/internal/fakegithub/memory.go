package fakegithub

import "sync"

// A memory keeps the last values that were put into it, so that it does not grow.
// It is safe for concurrent use.
type memory[V any] struct {
	mu     sync.Mutex
	values map[string]V
	order  []string // the keys, the oldest first
}

func newMemory[V any]() *memory[V] { return &memory[V]{values: make(map[string]V)} }

func (m *memory[V]) put(key string, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.order) == kept {
		delete(m.values, m.order[0])
		m.order = m.order[1:]
	}
	m.values[key] = v
	m.order = append(m.order, key)
}

func (m *memory[V]) get(key string) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.values[key]
	return v, ok
}

// take is get, once.
func (m *memory[V]) take(key string) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.values[key]
	delete(m.values, key)
	return v, ok
}
