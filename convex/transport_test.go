package convex_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-auth/lockstep/convex"
)

// roundTrip is a transport that is a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// hang answers nothing until the request is given up.
func hang(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}

func TestEachAttemptHasADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, convex.Config{URL: "https://example.convex.cloud", Transport: roundTrip(hang), Attempts: 2, Jitter: func() float64 { return 0 }})
		start := time.Now()
		_, err := c.Query(t.Context(), "a:b", nil)
		checkIs(t, err, convex.ErrUnavailable)
		if got, want := time.Since(start), 20*time.Second+50*time.Millisecond; got != want {
			t.Errorf("two attempts took %v, want %v", got, want)
		}
		if errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v is the caller's deadline, which has not passed", err)
		}

		start = time.Now()
		_, err = c.Mutation(t.Context(), "a:b", nil, convex.Timeout(time.Second))
		checkIs(t, err, convex.ErrOutcomeUnknown)
		if got, want := time.Since(start), time.Second; got != want {
			t.Errorf("the mutation took %v, want %v", got, want)
		}
	})
}

func TestSlowBodyCountsForTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		drip := roundTrip(func(req *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(dripping{req.Context()})}, nil
		})
		c := newClient(t, convex.Config{URL: "https://example.convex.cloud", Transport: drip, Attempts: 1})
		start := time.Now()
		_, err := c.Query(t.Context(), "a:b", nil)
		checkIs(t, err, convex.ErrUnavailable)
		if got := time.Since(start); got != 10*time.Second {
			t.Errorf("got an error after %v, want 10s", got)
		}
	})
}

// dripping sends a space every second until its context ends.
type dripping struct {
	ctx context.Context //nolint:containedctx // it is the body of one request
}

func (d dripping) Read(p []byte) (int, error) {
	select {
	case <-time.After(time.Second):
		p[0] = ' '
		return 1, nil
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	}
}

func TestCancellation(t *testing.T) {
	t.Run("before sending, nothing happens", func(t *testing.T) {
		c, s := newScript(t, success())
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := c.Mutation(ctx, "a:b", nil)
		checkIs(t, err, convex.ErrUnavailable)
		if !errors.Is(err, context.Canceled) || len(s.requests) != 0 {
			t.Errorf("got %v and %d requests, want a cancelled call", err, len(s.requests))
		}
	})
	t.Run("under way, a mutation may have happened", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, convex.Config{URL: "https://example.convex.cloud", Transport: roundTrip(hang)})
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			start := time.Now()
			_, err := c.Mutation(ctx, "a:b", nil, convex.Idempotent())
			checkIs(t, err, convex.ErrOutcomeUnknown)
			if got := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || got != time.Second {
				t.Errorf("got %v after %v, want the caller's deadline", err, got)
			}
		})
	})
	t.Run("between attempts, the last error stays", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := &script{replies: []reply{platform(503, "ExpiredInQueue")}}
			c := newClient(t, convex.Config{URL: "https://example.convex.cloud", Transport: s, Jitter: func() float64 { return 1 }})
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			_, err := c.Mutation(ctx, "a:b", nil)
			checkIs(t, err, convex.ErrOverloaded, convex.ErrUnavailable)
			if !errors.Is(err, context.DeadlineExceeded) || len(s.requests) != 1 {
				t.Errorf("got %v after %d attempts, want the deadline after 1", err, len(s.requests))
			}
		})
	})
}

// TestLimits checks that calls of a kind wait for each other, and not for calls
// of another kind.
func TestLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int64
		slow := roundTrip(func(*http.Request) (*http.Response, error) {
			n := now.Add(1)
			defer now.Add(-1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			time.Sleep(time.Second)
			return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(success().body))}, nil
		})
		c := newClient(t, convex.Config{URL: "https://example.convex.cloud", Transport: slow, MaxQueries: 2, MaxMutations: 1, MaxActions: 3})
		calls := []func() error{
			func() error { _, err := c.Query(t.Context(), "a:b", nil); return err },
			func() error { _, err := c.Mutation(t.Context(), "a:b", nil); return err },
			func() error { _, err := c.Action(t.Context(), "a:b", nil); return err },
		}
		for i, want := range []int64{2, 1, 3} {
			most.Store(0)
			for range 6 {
				go func() {
					if err := calls[i](); err != nil {
						t.Error(err)
					}
				}()
			}
			time.Sleep(10 * time.Second)
			if got := most.Load(); got != want {
				t.Errorf("%d calls of kind %d at once, want %d", got, i, want)
			}
		}
		most.Store(0)
		for _, call := range calls {
			for range 6 {
				go call()
			}
		}
		time.Sleep(10 * time.Second)
		if got, want := most.Load(), int64(6); got != want {
			t.Errorf("%d calls of all kinds at once, want %d", got, want)
		}
	})
}

func TestACallThatWaitsCanBeCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, convex.Config{URL: "https://example.convex.cloud", Transport: roundTrip(hang), MaxMutations: 1})
		go c.Mutation(t.Context(), "a:b", nil)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.Mutation(ctx, "a:b", nil)
		checkIs(t, err, convex.ErrUnavailable)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the caller's deadline", err)
		}
	})
}

// TestNeverSent checks the evidence that a mutation cannot have run, with the
// client's own transport.
func TestNeverSent(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	broken := errors.New("no route")
	tests := []struct {
		name      string
		url       string
		transport http.RoundTripper
		sent      int
		want      error
	}{
		{"nobody listens", closed.URL, nil, 3, convex.ErrUnavailable},
		{"no TLS on the other side", strings.Replace(plain.URL, "http:", "https:", 1), nil, 3, convex.ErrUnavailable},
		{"the dialer failed", "http://127.0.0.1:1", &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, broken }}, 3, convex.ErrUnavailable},
		{"a transport that reports nothing proves nothing", "http://127.0.0.1:1", roundTrip(func(*http.Request) (*http.Response, error) { return nil, broken }), 1, convex.ErrOutcomeUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &script{}
			c := newClient(t, convex.Config{URL: tt.url, Transport: tt.transport, Sleep: s.sleep, Attempts: 3})
			_, err := c.Mutation(t.Context(), "a:b", nil)
			checkIs(t, err, tt.want)
			if got := asError(t, err).Attempts; got != tt.sent {
				t.Errorf("got %d attempts, want %d", got, tt.sent)
			}
		})
	}
}

// TestBrokenStream checks that the evidence for "never sent" also works with
// HTTP/2, where one connection carries many calls.
func TestBrokenStream(t *testing.T) {
	var calls atomic.Int64
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("got %s, want HTTP/2", r.Proto)
		}
		if calls.Add(1) == 1 {
			_, _ = io.WriteString(w, success().body)
			return
		}
		panic(http.ErrAbortHandler)
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	c := newClient(t, convex.Config{URL: srv.URL, Transport: srv.Client().Transport})
	if _, err := c.Mutation(t.Context(), "a:b", nil); err != nil {
		t.Fatal(err)
	}
	_, err := c.Mutation(t.Context(), "a:b", nil)
	checkIs(t, err, convex.ErrOutcomeUnknown)
	if got := calls.Load(); got != 2 {
		t.Errorf("got %d calls, want 2", got)
	}
}

// TestConnectionsAreReused sends waves of calls at once. Go's default, two idle
// connections, would open six new ones for each wave.
func TestConnectionsAreReused(t *testing.T) {
	const width, waves = 8, 20
	var opened atomic.Int64
	arrived, answer := make(chan struct{}), make(chan struct{})
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		arrived <- struct{}{}
		<-answer
		_, _ = io.WriteString(w, success().body)
	}))
	srv.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	c := newClient(t, convex.Config{URL: srv.URL})
	for range waves {
		done := make(chan error, width)
		for range width {
			go func() {
				_, err := c.Query(t.Context(), "a:b", nil)
				done <- err
			}()
		}
		for range width {
			<-arrived
		}
		for range width {
			answer <- struct{}{}
		}
		for range width {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}
	// Some more than width is well: a connection becomes idle a moment after its
	// answer was read.
	if got := opened.Load(); got > 4*width {
		t.Errorf("%d waves of %d calls opened %d connections", waves, width, got)
	}
}

func TestCloseLeavesTheCallersTransport(t *testing.T) {
	var closed bool
	c := newClient(t, convex.Config{URL: "https://example.convex.cloud", Transport: &closer{closed: &closed}})
	c.Close()
	if closed {
		t.Error("Close closed connections that are not the client's")
	}
}

type closer struct {
	http.RoundTripper
	closed *bool
}

func (c *closer) CloseIdleConnections() { *c.closed = true }
