package convex_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"path"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lockstep-auth/lockstep/convex/convextest"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/convex"
	"github.com/lockstep-auth/lockstep/store/storetest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// secret opens the functions of the profile "functions-secret".
const secret = "a secret of at least 32 characters"

// noSleep makes retries quick.
func noSleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

// open returns a store that is closed with the test.
func open(t testing.TB, config convex.Config) *convex.Store {
	t.Helper()
	if config.Sleep == nil {
		config.Sleep = noSleep
	}
	s, err := convex.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// bound returns a store that is bound to the tables of storetest.
func bound(t testing.TB, config convex.Config) *convex.Store {
	t.Helper()
	s := open(t, config)
	if err := s.Bind(storetest.Tables()); err != nil {
		t.Fatal(err)
	}
	return s
}

// opener returns what storetest.Run needs: a store in an empty deployment.
func opener(d *convextest.Deployment, config convex.Config) func(*testing.T, []schema.Table) store.Store {
	return func(t *testing.T, _ []schema.Table) store.Store {
		d.Reset(t)
		return open(t, config)
	}
}

// A tap is a transport that a test can listen to and interfere with.
type tap struct {
	next http.RoundTripper

	mu    sync.Mutex
	calls []tapped

	// before, if not nil, may answer in place of the deployment.
	before func(tapped) (*http.Response, error)

	// after, if not nil, may change the answer.
	after func(tapped, *http.Response) (*http.Response, error)
}

// A tapped is a call on its way: the endpoint, the function and its arguments.
type tapped struct {
	endpoint, path string
	args           map[string]any
}

func newTap(t testing.TB) *tap {
	t.Helper()
	next := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(next.CloseIdleConnections)
	return &tap{next: next}
}

func (p *tap) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	req.Body.Close()
	var call struct {
		Path string         `json:"path"`
		Args map[string]any `json:"args"`
	}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &call); err != nil {
			return nil, err
		}
	}
	c := tapped{endpoint: path.Base(req.URL.Path), path: call.Path, args: call.Args}
	p.mu.Lock()
	p.calls = append(p.calls, c)
	p.mu.Unlock()
	if p.before != nil {
		if resp, err := p.before(c); resp != nil || err != nil {
			return resp, err
		}
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	resp, err := p.next.RoundTrip(req)
	if err != nil || p.after == nil {
		return resp, err
	}
	return p.after(c, resp)
}

// heard returns the calls so far and forgets them.
func (p *tap) heard() []tapped {
	p.mu.Lock()
	defer p.mu.Unlock()
	calls := p.calls
	p.calls = nil
	return calls
}

// must returns a value, or ends the test: must(f())(t).
func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func moment(ms int64) time.Time { return time.UnixMilli(1_700_000_000_000 + ms).UTC() }

func person(email string) store.Record {
	return store.Record{"name": "Ada", "email": email, "createdAt": moment(0), "updatedAt": moment(0)}
}

func session(token string, user any) store.Record {
	return store.Record{"token": token, "userId": user, "expiresAt": moment(0), "createdAt": moment(0), "updatedAt": moment(0)}
}

// thing returns a row of table "odd" with a name and more fields.
func thing(name string, pairs ...any) store.Record {
	r := store.Record{"group": "g", "name": name}
	for i := 0; i < len(pairs); i += 2 {
		r[pairs[i].(string)] = pairs[i+1]
	}
	return r
}

func creations(table string, rows ...store.Record) []store.Op {
	ops := make([]store.Op, len(rows))
	for i, r := range rows {
		ops[i] = store.Op{Verb: store.Create, Table: table, Set: r}
	}
	return ops
}

// create makes rows, in batches that fit a transaction.
func create(t testing.TB, s *convex.Store, table string, rows ...store.Record) []store.Record {
	t.Helper()
	var out []store.Record
	for chunk := range slices.Chunk(rows, 500) {
		out = append(out, must(s.Apply(t.Context(), store.Batch{Ops: creations(table, chunk...)}))(t)...)
	}
	return out
}

// rowsOf returns how many rows of a table there are.
func rowsOf(t testing.TB, s *convex.Store, table string) int {
	t.Helper()
	return must(s.Read(t.Context(), store.Query{Table: table, Count: true}))(t)[0].Count
}

// plant puts documents into a table, past all functions.
func plant(t testing.TB, d *convextest.Deployment, table string, documents ...map[string]any) []string {
	t.Helper()
	encoded := make([]json.RawMessage, len(documents))
	for i, doc := range documents {
		var err error
		if encoded[i], err = json.Marshal(doc); err != nil {
			t.Fatal(err)
		}
	}
	return d.Load(t, table, encoded...)
}

// replaced returns an answer with another text in it.
func replaced(resp *http.Response, old, text string) (*http.Response, error) {
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	body = bytes.ReplaceAll(body, []byte(old), []byte(text))
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return resp, nil
}
