package convex_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/convex"
)

// platform is a failure in the deployment's name.
func platform(status int, code string) reply {
	return reply{status: status, body: `{"code":"` + code + `","message":"password hunter2"}`}
}

// threw is a function's error on a deployment that does not hide texts.
func threw(text, data string) reply {
	if data != "" {
		data = `,"errorData":` + data
	}
	return reply{status: 200, body: `{"status":"error","errorMessage":"[Request ID: 0123456789abcdef] Server Error\n` + text + `"` + data + `}`}
}

type sender func(c *convex.Client, ctx context.Context, path string, args map[string]any, opts ...convex.Option) (any, error)

// TestRetryTable is the table of what each answer means: how often a call is sent
// to a deployment that always gives this answer, and what the error then is.
func TestRetryTable(t *testing.T) {
	unknown, unavailable := convex.ErrOutcomeUnknown, convex.ErrUnavailable
	type outcome struct {
		sent int
		is   []error
	}
	refused := outcome{1, []error{convex.ErrRefused}}
	unauthorized := outcome{1, []error{convex.ErrUnauthorized}}
	function := outcome{1, []error{convex.ErrFunction}}
	again := func(is ...error) outcome { return outcome{4, is} }
	lost := outcome{1, []error{unknown}}
	tests := []struct {
		name                    string
		reply                   reply
		query, mutation, action outcome
	}{
		{"the function threw", threw(`Uncaught Error: no`, ""), function, function, function},
		{"the function threw, on an old deployment", reply{status: 560, body: `{"status":"error","errorMessage":"x"}`}, function, function, function},
		{"bad request", platform(400, "BadJsonBody"), refused, refused, refused},
		{"bad key", platform(401, "BadAdminKey"), unauthorized, unauthorized, unauthorized},
		{"no right", platform(403, "OperationNotPermitted"), unauthorized, unauthorized, unauthorized},
		{"method not allowed", reply{status: 405}, refused, refused, refused},
		{"conflict that stays", platform(409, "Conflict"), refused, refused, refused},
		{"too large for a proxy", reply{status: 413, body: "<html>"}, refused, refused, refused},
		{"no such deployment, or not yet", reply{status: 404}, outcome{2, []error{convex.ErrNotFound}}, outcome{2, []error{convex.ErrNotFound}}, outcome{2, []error{convex.ErrNotFound}}},
		{"no such function", platform(404, "FunctionPathNotFound"), outcome{1, []error{convex.ErrNotFound}}, outcome{1, []error{convex.ErrNotFound}}, outcome{1, []error{convex.ErrNotFound}}},
		{"function of another kind", platform(404, "FunctionPathWrongType"), refused, refused, refused},
		{"server timeout", reply{status: 408}, again(unavailable), lost, lost},
		{"a proxy gave up", reply{status: 499}, again(unavailable), lost, lost},
		{"misdirected", reply{status: 421}, again(unavailable), again(unavailable), again(unavailable)},
		{"too early", reply{status: 425}, again(unavailable), again(unavailable), again(unavailable)},
		{"too many calls", platform(429, "TooManyConcurrentRequests"), again(unavailable, convex.ErrRateLimited), again(unavailable, convex.ErrRateLimited), outcome{1, []error{convex.ErrRateLimited, unknown}}},
		{"too many writes", platform(429, "TooManyWrites"), again(unavailable, convex.ErrRateLimited), again(unavailable, convex.ErrRateLimited), outcome{1, []error{convex.ErrRateLimited, unknown}}},
		{"OCC", platform(503, "OptimisticConcurrencyControlFailure"), again(unavailable, convex.ErrConflict), again(unavailable, convex.ErrConflict), outcome{1, []error{convex.ErrConflict, unknown}}},
		{"expired in the queue", platform(503, "ExpiredInQueue"), again(unavailable, convex.ErrOverloaded), again(unavailable, convex.ErrOverloaded), outcome{1, []error{convex.ErrOverloaded, unknown}}},
		{"no worker", platform(503, "WorkerOverloaded"), again(unavailable, convex.ErrOverloaded), again(unavailable, convex.ErrOverloaded), outcome{1, []error{convex.ErrOverloaded, unknown}}},
		{"committer full", platform(503, "CommitterFullError"), again(unavailable, convex.ErrOverloaded), again(unavailable, convex.ErrOverloaded), outcome{1, []error{convex.ErrOverloaded, unknown}}},
		{"503 for any other reason", platform(503, "InternalServerError"), again(unavailable), lost, lost},
		{"503 of a proxy", reply{status: 503, body: "<html>"}, again(unavailable), lost, lost},
		{"500", platform(500, "InternalServerError"), again(unavailable), lost, lost},
		{"502 of a proxy", reply{status: 502, body: "<html>"}, again(unavailable), lost, lost},
		{"504 of a proxy", reply{status: 504}, again(unavailable), lost, lost},
		{"an error page with status 200", reply{status: 200, body: "<html>"}, again(unavailable), lost, lost},
		{"half a body", reply{status: 200, body: `{"status":"succ`}, again(unavailable), lost, lost},
		{"JSON of another service", reply{status: 200, body: `{"status":"error","message":"x"}`}, again(unavailable), lost, lost},
		{"success without a value", reply{status: 200, body: `{"status":"success"}`}, again(unavailable), lost, lost},
		{"success with an impossible value", reply{status: 200, body: `{"status":"success","value":{"$set":[]}}`}, again(unavailable), lost, lost},
		{"a list", reply{status: 200, body: `[]`}, again(unavailable), lost, lost},
		{"no content", reply{status: 204}, again(unavailable), lost, lost},
		{"a success that another status carries", reply{status: 502, body: `{"status":"success","value":null}`}, again(unavailable), lost, lost},
		{"a redirect", reply{status: 303}, refused, outcome{1, []error{convex.ErrRefused, unknown}}, outcome{1, []error{convex.ErrRefused, unknown}}},
		{"the connection broke, for all we know after sending", reply{err: io.ErrUnexpectedEOF}, again(unavailable), lost, lost},
		{"an answer above the limit", reply{status: 200, body: strings.Repeat(" ", 20<<20+1)}, outcome{1, []error{convex.ErrTooLarge}}, outcome{1, []error{convex.ErrTooLarge, unknown}}, outcome{1, []error{convex.ErrTooLarge, unknown}}},
	}
	for _, tt := range tests {
		for op, want := range map[string]outcome{"query": tt.query, "mutation": tt.mutation, "action": tt.action} {
			t.Run(tt.name+"/"+op, func(t *testing.T) {
				c, s := newScript(t, tt.reply)
				send := map[string]sender{
					"query":    func(c *convex.Client, ctx context.Context, p string, a map[string]any, o ...convex.Option) (any, error) { return c.Query(ctx, p, a, o...) },
					"mutation": func(c *convex.Client, ctx context.Context, p string, a map[string]any, o ...convex.Option) (any, error) { return c.Mutation(ctx, p, a, o...) },
					"action":   func(c *convex.Client, ctx context.Context, p string, a map[string]any, o ...convex.Option) (any, error) { return c.Action(ctx, p, a, o...) },
				}[op]
				_, err := send(c, t.Context(), "auth:x", map[string]any{"password": "hunter2"})
				checkIs(t, err, want.is...)
				if got := len(s.requests); got != want.sent {
					t.Errorf("got %d attempts, want %d", got, want.sent)
				}
				if got := asError(t, err).Attempts; got != want.sent {
					t.Errorf("error speaks of %d attempts, want %d", got, want.sent)
				}
				if strings.Contains(err.Error(), "hunter2") {
					t.Errorf("error quotes the arguments: %v", err)
				}
			})
		}
	}
}

// TestIdempotentMutations covers sequences: what a later answer says about an
// earlier attempt whose outcome is unknown.
func TestIdempotentMutations(t *testing.T) {
	eof := reply{err: io.EOF}
	tests := []struct {
		name    string
		replies []reply
		sent    int
		want    []error // none is success
	}{
		{"a lost answer is asked for again", []reply{eof, platform(500, "InternalServerError"), success()}, 3, nil},
		{"lost four times is unknown", []reply{eof}, 4, []error{convex.ErrOutcomeUnknown}},
		{"a ConvexError is the function's answer, and settles it", []reply{eof, threw("x", `{"code":"UNIQUE"}`)}, 2, []error{convex.ErrFunction}},
		{"an error without data can be anything, and settles nothing", []reply{eof, threw("", "")}, 2, []error{convex.ErrFunction, convex.ErrOutcomeUnknown}},
		{"a refused second attempt settles nothing", []reply{eof, platform(401, "BadAdminKey")}, 2, []error{convex.ErrUnauthorized, convex.ErrOutcomeUnknown}},
		{"not running the last time settles nothing", []reply{eof, platform(503, "ExpiredInQueue")}, 4, []error{convex.ErrOverloaded, convex.ErrOutcomeUnknown}},
		{"what certainly did not run leaves no doubt", []reply{platform(503, "ExpiredInQueue"), platform(401, "BadAdminKey")}, 2, []error{convex.ErrUnauthorized}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, s := newScript(t, tt.replies...)
			_, err := c.Mutation(t.Context(), "a:b", nil, convex.Idempotent())
			if tt.want == nil && err != nil {
				t.Errorf("got error %v, want none", err)
			}
			if tt.want != nil {
				checkIs(t, err, tt.want...)
			}
			if got := len(s.requests); got != tt.sent {
				t.Errorf("got %d attempts, want %d", got, tt.sent)
			}
			for _, body := range s.bodies {
				if body != s.bodies[0] {
					t.Errorf("an attempt sent %s, the first %s", body, s.bodies[0])
				}
			}
		})
	}
}

func TestMutationIsSentAgainWhenItDidNotRun(t *testing.T) {
	c, s := newScript(t, platform(503, "OptimisticConcurrencyControlFailure"), platform(429, "TooManyConcurrentRequests"), success())
	if _, err := c.Mutation(t.Context(), "a:b", nil); err != nil {
		t.Fatal(err)
	}
	if got := len(s.requests); got != 3 {
		t.Errorf("got %d attempts, want 3", got)
	}
}

func TestActionIsSentAgainIfIdempotent(t *testing.T) {
	c, s := newScript(t, platform(429, "TooManyConcurrentRequests"), success())
	if _, err := c.Action(t.Context(), "a:b", nil, convex.Idempotent()); err != nil {
		t.Fatal(err)
	}
	if got := len(s.requests); got != 2 {
		t.Errorf("got %d attempts, want 2", got)
	}
}

func TestBatchAndNowAreRetried(t *testing.T) {
	tests := []struct {
		name  string
		calls func(context.Context, *convex.Client) error
		bad   string
		good  string
	}{
		{"batch, short", func(ctx context.Context, c *convex.Client) error {
			_, err := c.QueryBatch(ctx, []convex.Call{{Path: "a:b"}})
			return err
		}, `{"results":[]}`, `{"results":[{"status":"success","value":null}]}`},
		{"batch, unreadable entry", func(ctx context.Context, c *convex.Client) error {
			_, err := c.QueryBatch(ctx, []convex.Call{{Path: "a:b"}})
			return err
		}, `{"results":[{}]}`, `{"results":[{"status":"success","value":null}]}`},
		{"timestamp", func(ctx context.Context, c *convex.Client) error { _, err := c.Now(ctx); return err }, `{"ts":"AAAA"}`, `{"ts":"AQAAAAAAAAA="}`},
		{"timestamp with a line break", func(ctx context.Context, c *convex.Client) error { _, err := c.Now(ctx); return err }, `{"ts":"AQAAAAAA\nAAA="}`, `{"ts":"AQAAAAAAAAA="}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, s := newScript(t, reply{status: 200, body: tt.bad}, reply{status: 200, body: tt.good})
			if err := tt.calls(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			if got := len(s.requests); got != 2 {
				t.Errorf("got %d attempts, want 2", got)
			}
			c, _ = newScript(t, reply{status: 200, body: tt.bad})
			checkIs(t, tt.calls(t.Context(), c), convex.ErrUnavailable)
		})
	}
}

func TestBackoff(t *testing.T) {
	ms := func(n ...time.Duration) []time.Duration {
		for i := range n {
			n[i] *= time.Millisecond
		}
		return n
	}
	busy := reply{status: 503, body: `{"code":"ExpiredInQueue"}`}
	withHeader := func(v string) reply {
		return reply{status: 503, body: busy.body, header: http.Header{"Retry-After": {v}}}
	}
	tests := []struct {
		name   string
		reply  reply
		jitter float64
		want   []time.Duration
	}{
		{"never less than 50 ms", busy, 0, ms(50, 50, 50, 50, 50)},
		{"the ceiling doubles up to 2 s", busy, 1, ms(200, 400, 800, 1600, 2000)},
		{"spread evenly below it", busy, 0.5, ms(125, 225, 425, 825, 1025)},
		{"the server may ask for more", withHeader("3"), 1, ms(3000, 3000, 3000, 3000, 3000)},
		{"but not for less", withHeader("1"), 1, ms(1000, 1000, 1000, 1600, 2000)},
		{"a long wait is the caller's to decide", withHeader("6"), 1, nil},
		{"a date is not understood", withHeader("Fri, 31 Dec 2100 23:59:59 GMT"), 0, ms(50, 50, 50, 50, 50)},
		{"nor is a negative number", withHeader("-1"), 0, ms(50, 50, 50, 50, 50)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &script{replies: []reply{tt.reply}}
			c := newClient(t, convex.Config{URL: "https://example.convex.cloud", Transport: s, Sleep: s.sleep, Attempts: 6, Jitter: func() float64 { return tt.jitter }})
			_, err := c.Query(t.Context(), "a:b", nil)
			checkIs(t, err, convex.ErrOverloaded, convex.ErrUnavailable)
			if diff := cmp.Diff(s.waits, tt.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDefaultJitterSpreads(t *testing.T) {
	s := &script{replies: []reply{{status: 503}}}
	c := newClient(t, convex.Config{URL: "https://example.convex.cloud", Transport: s, Sleep: s.sleep, Attempts: 100})
	if _, err := c.Query(t.Context(), "a:b", nil); err == nil {
		t.Fatal("got no error")
	}
	seen := map[time.Duration]bool{}
	for _, d := range s.waits {
		seen[d] = true
		if d < 50*time.Millisecond || d >= 2*time.Second {
			t.Errorf("got a wait of %v, want 50 ms to 2 s", d)
		}
	}
	if len(seen) < 90 {
		t.Errorf("got %d different waits of 99", len(seen))
	}
}

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
				go call() //nolint:errcheck // checked above
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
		go c.Mutation(t.Context(), "a:b", nil) //nolint:errcheck // it only holds the place
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

func TestConnectionsAreReused(t *testing.T) {
	var opened atomic.Int64
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
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
	const workers = 8
	done := make(chan error, workers)
	for range workers {
		go func() {
			var err error
			for range 25 {
				_, e := c.Query(t.Context(), "a:b", nil)
				err = errors.Join(err, e)
			}
			done <- err
		}()
	}
	for range workers {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if got := opened.Load(); got > workers {
		t.Errorf("%d workers opened %d connections", workers, got)
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

func TestRetriesAreLogged(t *testing.T) {
	var log bytes.Buffer
	s := &script{replies: []reply{threwAndLost(), success()}}
	c := newClient(t, convex.Config{
		URL: "https://example.convex.cloud", AdminKey: "hunter2", Transport: s, Sleep: s.sleep,
		Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if _, err := c.Query(t.Context(), "auth:findOne", map[string]any{"token": "hunter2"}); err != nil {
		t.Fatal(err)
	}
	if got := log.String(); !strings.Contains(got, "path=auth:findOne attempt=1") || strings.Contains(got, "hunter2") {
		t.Errorf("got log %s", got)
	}
}

// threwAndLost is an internal error whose text quotes the request.
func threwAndLost() reply { return platform(500, "InternalServerError") }
