package convex_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/convex"
)

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
	ms := func(n ...int) (waits []time.Duration) {
		for _, n := range n {
			waits = append(waits, time.Duration(n)*time.Millisecond)
		}
		return waits
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

func TestRetriesAreLogged(t *testing.T) {
	var log bytes.Buffer
	s := &script{replies: []reply{platform(500, "InternalServerError"), success()}}
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
