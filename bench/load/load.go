// Package load sends HTTP/1.1 requests over connections that stay open, checks
// every answer, and measures how long answers take.
package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// patience is how long an answer may take.
	patience = 30 * time.Second

	// maxBody bounds the body of an answer, in bytes.
	maxBody = 1 << 20
)

// A Request is what is sent, and what must come back.
type Request struct {
	// Raw is the whole request as it goes over the wire, HTTP/1.1.
	Raw []byte

	// Check says what is wrong with the answer, which it must not keep.
	Check func(*Answer) error
}

// An Answer is what a server sent back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Config describes a Generator. Dial, Conns, Next and Now are required.
type Config struct {
	// Dial connects to the server.
	Dial func(context.Context) (net.Conn, error)

	// Conns is how many connections there are, each with one request under way.
	Conns int

	// Rate is how many requests per second are due, over all connections.
	// Latency then counts from when a request is due, not from when a
	// connection was free for it, so that a server that stalls is charged for
	// everybody who waits. 0 sends the next request when one is answered.
	Rate float64

	// Limit is how many requests are sent at most. 0 sends until Stop.
	Limit int

	// Next makes the n-th request, from 0. Connections call it at the same time.
	Next func(n int) Request

	// Now is the clock.
	Now func() time.Time
}

// A Generator sends requests from Start until Stop. It measures those that are
// answered between Begin and End or, if there is a Rate, those that are due
// between them. What came before was for warming up.
type Generator struct {
	config     Config
	start      time.Time
	begin, end time.Time // zero as long as there was no Begin, no End
	sent       atomic.Int64
	answered   chan struct{} // holds an element if an answer has come since Begin
	failed     chan struct{} // closed when there will be no more answers
	stop       chan struct{} // closed by Stop
	workers    []*worker
	group      sync.WaitGroup
	cancel     context.CancelFunc
	failing    sync.Once
	err        error // the first
}

// Start starts sending. The end of ctx breaks off the requests under way. The
// caller must end with Stop or Wait; like Begin and End, they are for one
// goroutine.
func Start(ctx context.Context, c Config) *Generator {
	g := &Generator{
		config: c, start: c.Now(),
		answered: make(chan struct{}, 1), failed: make(chan struct{}), stop: make(chan struct{}),
	}
	ctx, g.cancel = context.WithCancel(ctx)
	for range c.Conns {
		w := &worker{generator: g}
		g.workers = append(g.workers, w)
		g.group.Go(func() {
			if err := w.run(ctx); err != nil {
				g.failing.Do(func() {
					g.err = err
					close(g.failed)
				})
				g.cancel()
			}
		})
	}
	return g
}

// Begin starts the measurement.
func (g *Generator) Begin() {
	g.begin = g.config.Now()
	select {
	case <-g.answered: // of a request before
	default:
	}
}

// Await waits until a request was answered since Begin, or has failed: on a busy
// machine, a measurement that ends earlier is of nothing. It is for Generators
// without a Rate and a Limit.
func (g *Generator) Await(ctx context.Context) error {
	select {
	case <-g.answered:
	case <-g.failed:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// End ends the measurement. Requests go on until Stop.
func (g *Generator) End() { g.end = g.config.Now() }

// Stop waits for the requests under way, and with a Rate for those that were
// due before End, and returns what was measured. Its error is the first that a
// connection had: a wrong answer ends everything. Without Begin, what came since
// Start is measured; without End, all up to the last answer.
func (g *Generator) Stop() (Sample, error) {
	if g.config.Rate > 0 && g.end.IsZero() {
		g.End()
	}
	close(g.stop)
	return g.Wait()
}

// Wait is Stop for a Generator with a Limit: it waits until all are answered.
func (g *Generator) Wait() (Sample, error) {
	g.group.Wait()
	g.cancel()
	if g.err != nil {
		return Sample{}, g.err
	}
	begin, end := g.begin, g.end
	if begin.IsZero() {
		begin = g.start
	}
	if end.IsZero() {
		end = g.config.Now()
	}
	var latencies []time.Duration
	for _, w := range g.workers {
		for _, r := range w.records {
			if !r.at.Before(begin) && !r.at.After(end) {
				latencies = append(latencies, r.latency)
			}
		}
	}
	return newSample(latencies, end.Sub(begin)), nil
}

// next waits until a request is due and returns its number. It returns false
// when there are no more.
func (g *Generator) next(ctx context.Context) (n int, due time.Time, ok bool) {
	n = int(g.sent.Add(1) - 1)
	if g.config.Limit > 0 && n >= g.config.Limit {
		return 0, time.Time{}, false
	}
	if g.config.Rate <= 0 {
		return n, g.config.Now(), !g.stopped()
	}
	due = g.start.Add(time.Duration(float64(n) / g.config.Rate * float64(time.Second)))
	timer := time.NewTimer(due.Sub(g.config.Now()))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-g.stop:
	case <-ctx.Done():
		return 0, time.Time{}, false
	}
	return n, due, !g.stopped() || due.Before(g.end)
}

func (g *Generator) stopped() bool {
	select {
	case <-g.stop:
		return true
	default:
		return false
	}
}

// A worker has one connection.
type worker struct {
	generator *Generator
	records   []record
}

// A record is one answer.
type record struct {
	at      time.Time // when it came or, if there is a Rate, when it was due
	latency time.Duration
}

func (w *worker) run(ctx context.Context) error {
	g := w.generator
	conn, err := open(ctx, g.config.Dial)
	if err != nil {
		return err
	}
	defer conn.Close()
	for {
		n, due, ok := g.next(ctx)
		if !ok {
			return ctx.Err()
		}
		request := g.config.Next(n)
		err := conn.roundTrip(request, g.config.Now().Add(patience))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("request %d: %w", n, err)
		}
		now := g.config.Now()
		r := record{at: now, latency: now.Sub(due)}
		if g.config.Rate > 0 {
			r.at = due
		}
		w.records = append(w.records, r)
		select {
		case g.answered <- struct{}{}:
		default:
		}
	}
}

// Send sends one request over a connection of its own and returns the answer.
// A deadline is that of ctx.
func Send(ctx context.Context, dial func(context.Context) (net.Conn, error), r Request) (*Answer, error) {
	conn, err := open(ctx, dial)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	var kept *Answer
	err = conn.roundTrip(Request{Raw: r.Raw, Check: func(a *Answer) error {
		kept = &Answer{Status: a.Status, Header: a.Header, Body: slices.Clone(a.Body)}
		return r.Check(a)
	}}, deadline)
	return kept, err
}

// A connection sends one request at a time. It breaks when its context ends.
type connection struct {
	net.Conn
	reader  *bufio.Reader
	body    []byte
	release func() bool
}

func open(ctx context.Context, dial func(context.Context) (net.Conn, error)) (*connection, error) {
	c, err := dial(ctx)
	if err != nil {
		return nil, err
	}
	conn := &connection{Conn: c, reader: bufio.NewReaderSize(c, 16<<10)}
	conn.release = context.AfterFunc(ctx, func() { c.Close() })
	return conn, nil
}

// Close closes the connection.
func (c *connection) Close() error {
	c.release()
	return c.Conn.Close()
}

var errClosing = errors.New("the server closes the connection")

func (c *connection) roundTrip(r Request, deadline time.Time) error {
	if err := c.SetDeadline(deadline); err != nil {
		return err
	}
	if _, err := c.Write(r.Raw); err != nil {
		return err
	}
	res, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if c.body, err = appendAll(c.body[:0], res.Body); err != nil {
		return err
	}
	if err := r.Check(&Answer{Status: res.StatusCode, Header: res.Header, Body: c.body}); err != nil {
		return err
	}
	if res.Close {
		return errClosing
	}
	return nil
}

// appendAll reads r to its end, into buf as far as that is large enough.
func appendAll(buf []byte, r io.Reader) ([]byte, error) {
	for {
		buf = slices.Grow(buf, 512)
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case errors.Is(err, io.EOF):
			return buf, nil
		case err != nil:
			return buf, err
		case len(buf) > maxBody:
			return buf, fmt.Errorf("an answer of more than %d bytes", maxBody)
		}
	}
}
