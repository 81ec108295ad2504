package convex_test

import (
	"context"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/convex"
)

// TestRequests pins what goes over the wire for each kind of call.
func TestRequests(t *testing.T) {
	const format = `,"format":"convex_encoded_json"`
	args := map[string]any{"n": int64(1), "a": nil}
	const argsText = `{"a":null,"n":{"$integer":"AQAAAAAAAAA="}}`
	const adminKey = "Convex prod:example|k3y"
	tests := []struct {
		name string
		call func(context.Context, *convex.Client) error
		path string
		body string
		auth string
	}{
		{
			"query", func(ctx context.Context, c *convex.Client) error { _, err := c.Query(ctx, "a:b", args); return err },
			"/api/query", `{"path":"a:b","args":` + argsText + format + `}`, adminKey,
		},
		{
			"mutation", func(ctx context.Context, c *convex.Client) error { _, err := c.Mutation(ctx, "a:b", args); return err },
			"/api/mutation", `{"path":"a:b","args":` + argsText + format + `}`, adminKey,
		},
		{
			"action", func(ctx context.Context, c *convex.Client) error { _, err := c.Action(ctx, "a:b", args); return err },
			"/api/action", `{"path":"a:b","args":` + argsText + format + `}`, adminKey,
		},
		{
			"no arguments are an empty object", func(ctx context.Context, c *convex.Client) error { _, err := c.Query(ctx, "a:b", nil); return err },
			"/api/query", `{"path":"a:b","args":{}` + format + `}`, adminKey,
		},
		{"component", func(ctx context.Context, c *convex.Client) error {
			_, err := c.Query(ctx, "adapter:findOne", nil, convex.Component("betterAuth"))
			return err
		}, "/api/function", `{"path":"adapter:findOne","args":{}` + format + `,"componentPath":"betterAuth"}`, adminKey},
		{"at a timestamp", func(ctx context.Context, c *convex.Client) error {
			_, err := c.Query(ctx, "a:b", nil, convex.At(1))
			return err
		}, "/api/query_at_ts", `{"path":"a:b","args":{}` + format + `,"ts":"AQAAAAAAAAA="}`, adminKey},
		{"as a user", func(ctx context.Context, c *convex.Client) error {
			_, err := c.Query(ctx, "a:b", nil, convex.AsUser("ey.J.w"))
			return err
		}, "/api/query", `{"path":"a:b","args":{}` + format + `}`, "Bearer ey.J.w"},
		{"anonymous", func(ctx context.Context, c *convex.Client) error {
			_, err := c.Query(ctx, "a:b", nil, convex.Anonymous())
			return err
		}, "/api/query", `{"path":"a:b","args":{}` + format + `}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, s := newScript(t, success())
			if err := tt.call(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			req := s.requests[0]
			got := []string{req.Method, req.URL.Path, s.bodies[0], req.Header.Get("Authorization"), req.Header.Get("Content-Type"), req.Header.Get("Convex-Client")}
			want := []string{http.MethodPost, tt.path, tt.body, tt.auth, "application/json", "lockstep-go-0.1.0"}
			if diff := cmp.Diff(got, want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRefusedCallsAreNotSent(t *testing.T) {
	const secret = "hunter2"
	tests := []struct {
		name string
		call func(context.Context, *convex.Client) error
		want string // in the error
	}{
		{"an argument without a Convex value", func(ctx context.Context, c *convex.Client) error {
			_, err := c.Mutation(ctx, "a:b", map[string]any{"input": map[string]any{"at": time.Time{}, "a": secret}})
			return err
		}, "args.input.at: time.Time"},
		{"no path", func(ctx context.Context, c *convex.Client) error { _, err := c.Query(ctx, "", nil); return err }, "no function"},
		{"a path that is not UTF-8", func(ctx context.Context, c *convex.Client) error { _, err := c.Query(ctx, "\xff", nil); return err }, "UTF-8"},
		{"a component that is not UTF-8", func(ctx context.Context, c *convex.Client) error {
			_, err := c.Query(ctx, "a:b", nil, convex.Component("\xff"))
			return err
		}, "UTF-8"},
		{"a mutation at a timestamp", func(ctx context.Context, c *convex.Client) error {
			_, err := c.Mutation(ctx, "a:b", nil, convex.At(1))
			return err
		}, "only a query"},
		{"a component at a timestamp", func(ctx context.Context, c *convex.Client) error {
			_, err := c.Query(ctx, "a:b", nil, convex.At(1), convex.Component("x"))
			return err
		}, "timestamp"},
		{"a batch in a component", func(ctx context.Context, c *convex.Client) error {
			_, err := c.QueryBatch(ctx, []convex.Call{{Path: "a:b"}}, convex.Component("x"))
			return err
		}, "batch"},
		{"a batch at a timestamp", func(ctx context.Context, c *convex.Client) error {
			_, err := c.QueryBatch(ctx, []convex.Call{{Path: "a:b"}}, convex.At(1))
			return err
		}, "batch"},
		{"a batch with a wrong argument", func(ctx context.Context, c *convex.Client) error {
			_, err := c.QueryBatch(ctx, []convex.Call{{Path: "a:b", Args: map[string]any{"x": 1.5}}, {Path: "a:c", Args: map[string]any{"x": uint(1)}}})
			return err
		}, `"a:c"`},
		{"an empty user token, which must not become the admin key", func(ctx context.Context, c *convex.Client) error {
			_, err := c.Query(ctx, "a:b", nil, convex.AsUser(""))
			return err
		}, "token"},
		{"a user token with a line break", func(ctx context.Context, c *convex.Client) error {
			_, err := c.Query(ctx, "a:b", nil, convex.AsUser(secret+"\r\nX: y"))
			return err
		}, "token"},
		{"no time", func(ctx context.Context, c *convex.Client) error {
			_, err := c.Query(ctx, "a:b", nil, convex.Timeout(0))
			return err
		}, "timeout"},
		{"arguments above 16 MiB", func(ctx context.Context, c *convex.Client) error {
			_, err := c.Mutation(ctx, "a:b", map[string]any{"x": strings.Repeat("x", 17<<20)})
			return err
		}, "16 MiB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, s := newScript(t, success())
			err := tt.call(t.Context(), c)
			checkIs(t, err, convex.ErrRefused)
			if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), secret) {
				t.Errorf("got error %q, want one with %q and without %q", err, tt.want, secret)
			}
			if len(s.requests) != 0 {
				t.Errorf("got %d requests, want none", len(s.requests))
			}
		})
	}
}

func TestResults(t *testing.T) {
	tests := []struct {
		name string
		body string
		want any
	}{
		{"a document", `{"status":"success","value":{"createdAt":1700000000000.0,"n":{"$integer":"//////////8="}}}`, map[string]any{"createdAt": 1700000000000.0, "n": int64(-1)}},
		{"null", `{"status":"success","value":null}`, nil},
		{"log lines are dropped", `{"status":"success","value":true,"logLines":["[LOG] 'x'"]}`, true},
		{"NaN", `{"status":"success","value":{"$float":"AAAAAAAA+H8="}}`, math.NaN()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := newScript(t, reply{status: 200, body: tt.body})
			got, err := c.Query(t.Context(), "a:b", nil)
			if err != nil {
				t.Fatal(err)
			}
			if !same(got, tt.want) {
				t.Errorf("got %#v, want %#v", got, tt.want)
			}
		})
	}
}

func TestQueryBatch(t *testing.T) {
	c, s := newScript(t, reply{status: 200, body: `{"results":[{"status":"success","value":1.0},{"status":"error","errorMessage":"[Request ID: ab] Server Error","errorData":"no"}]}`})
	got, err := c.QueryBatch(t.Context(), []convex.Call{{"a:b", nil}, {"a:c", map[string]any{"x": 1}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0] != (convex.Result{Value: 1.0}) {
		t.Fatalf("got %v", got)
	}
	e := asError(t, got[1].Err)
	checkIs(t, e, convex.ErrFunction)
	if e.Path != "a:c" || e.Data != "no" || e.RequestID != "ab" {
		t.Errorf("got %q of %q with data %v", e.RequestID, e.Path, e.Data)
	}
	const f = `"format":"convex_encoded_json"}`
	if got, want := s.bodies[0], `{"queries":[{"path":"a:b","args":{},`+f+`,{"path":"a:c","args":{"x":1},`+f+`]}`; got != want {
		t.Errorf("got body %s, want %s", got, want)
	}
}

func TestEmptyBatchIsNotSent(t *testing.T) {
	c, s := newScript(t, success())
	if got, err := c.QueryBatch(t.Context(), nil); got != nil || err != nil || len(s.requests) != 0 {
		t.Errorf("got %v, %v and %d requests, want nothing", got, err, len(s.requests))
	}
}

func TestNow(t *testing.T) {
	c, s := newScript(t, reply{status: 200, body: `{"ts":"Fc2FPf6clxc="}`})
	got, err := c.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2023, 11, 14, 22, 13, 20, 123456789, time.UTC); !got.Time().Equal(want) {
		t.Errorf("got %v (%d), want %v", got.Time(), got, want)
	}
	if got := s.requests[0].URL.Path; got != "/api/query_ts" || s.bodies[0] != "" {
		t.Errorf("got %s with body %q, want /api/query_ts without", got, s.bodies[0])
	}
}

func TestTraceParent(t *testing.T) {
	const good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	tests := []struct{ name, parent, want string }{
		{"a header is passed on", good, good},
		{"none is none", "", ""},
		{"capital letters are no header", strings.ToUpper(good), ""},
		{"another version is no header", "01" + good[2:], ""},
		{"a line break is no header", good[:54] + "\n", ""},
		{"a longer one is no header", good + "-00", ""},
		{"other separators are no header", strings.ReplaceAll(good, "-", "_"), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &script{replies: []reply{success()}}
			c := newClient(t, convex.Config{URL: "https://example.convex.cloud", Transport: s, TraceParent: func(context.Context) string { return tt.parent }})
			if _, err := c.Query(t.Context(), "a:b", nil); err != nil {
				t.Fatal(err)
			}
			if got := s.requests[0].Header.Get("Traceparent"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
