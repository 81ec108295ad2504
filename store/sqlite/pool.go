package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/lockstep-auth/lockstep/store"
)

// A pool is a bounded set of connections, opened when needed and kept.
type pool struct {
	open   func() (*conn, error)
	slots  chan struct{} // one for each connection in use
	closed chan struct{}
	once   sync.Once

	mu   sync.Mutex
	idle []*conn
}

func newPool(size int, open func() (*conn, error)) *pool {
	return &pool{open: open, slots: make(chan struct{}, size), closed: make(chan struct{})}
}

// use calls f with a connection, after waiting for one if all are in use.
func (p *pool) use(ctx context.Context, f func(*conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case p.slots <- struct{}{}:
	default:
		if err := p.wait(ctx); err != nil {
			return err
		}
	}
	defer func() { <-p.slots }()
	c, err := p.take()
	if err != nil {
		return err
	}
	err = f(c)
	if c.broken {
		return errors.Join(err, c.close())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, c)
	return err
}

func (p *pool) wait(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-p.closed:
		return errClosed()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *pool) take() (*conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.closed:
		return nil, errClosed()
	default:
	}
	if n := len(p.idle); n > 0 {
		c := p.idle[n-1] // the last one used has the warmest cache
		p.idle = p.idle[:n-1]
		return c, nil
	}
	return p.open()
}

// close closes the connections, when those in use come back.
func (p *pool) close() error {
	var errs []error
	p.once.Do(func() {
		close(p.closed)
		for range cap(p.slots) {
			p.slots <- struct{}{}
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, c := range p.idle {
			errs = append(errs, c.close())
		}
		p.idle = nil
	})
	return errors.Join(errs...)
}

func errClosed() error { return fmt.Errorf("%w: sqlite: closed", store.ErrUnavailable) }
