package convex_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	client "github.com/lockstep-auth/lockstep/convex"
	"github.com/lockstep-auth/lockstep/convex/convextest"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/convex"
	"github.com/lockstep-auth/lockstep/store/storetest"
)

func TestConfig(t *testing.T) {
	const url = "https://happy-otter-123.convex.cloud"
	for _, c := range []struct {
		rule   string
		config convex.Config
		want   string // part of the error; empty for none
	}{
		{"a key", convex.Config{URL: url, Key: "prod:x|k3y"}, ""},
		{"a secret", convex.Config{URL: url, Secret: secret}, ""},
		{"neither, for public functions", convex.Config{URL: url}, ""},
		{"a component with a key", convex.Config{URL: url, Key: "prod:x|k3y", Component: "betterAuth"}, ""},
		{"no URL", convex.Config{Key: "prod:x|k3y"}, "Config.URL is required"},
		{"a key with a line break", convex.Config{URL: url, Key: "prod:x|k3y\n"}, "line break"},
		{"a key and a secret", convex.Config{URL: url, Key: "prod:x|k3y", Secret: secret}, "a Key and a Secret"},
		{"a short secret", convex.Config{URL: url, Secret: secret[:31]}, "shorter than 32"},
		{"a limit of queries below zero", convex.Config{URL: url, MaxQueries: -1}, "Config.MaxQueries is negative"},
		{"a limit of mutations below zero", convex.Config{URL: url, MaxMutations: -1}, "Config.MaxMutations is negative"},
		{"a component without a key", convex.Config{URL: url, Component: "betterAuth"}, "needs a Key"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			s, err := convex.New(c.config)
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				s.Close()
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || s != nil {
				t.Errorf("got %v, %v, want an error with %q", s, err, c.want)
			}
		})
	}
}

func TestSecretsArePrintedNowhere(t *testing.T) {
	for _, config := range []convex.Config{
		{URL: "https://x.convex.cloud", Key: "prod:x|hush"},
		{URL: "https://x.convex.cloud", Secret: "hush" + secret},
		{URL: "https://user:hush@x.convex.cloud"},
	} {
		values := []any{config, &config}
		if s, err := convex.New(config); err == nil {
			defer s.Close()
			values = append(values, s)
		} else {
			values = append(values, err)
		}
		for _, v := range values {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
				if got := fmt.Sprintf(verb, v); strings.Contains(got, "hush") || strings.Contains(got, fmt.Sprintf("%x", "hush")) {
					t.Errorf("%s prints %s", verb, got)
				}
			}
		}
	}
}

func TestBind(t *testing.T) {
	id := schema.Field{Name: "id"}
	for _, c := range []struct {
		rule   string
		tables []schema.Table
	}{
		{"a table twice", []schema.Table{{Name: "a"}, {Name: "a"}}},
		{"two tables with one name in the deployment", []schema.Table{{Name: "a", ModelName: "x"}, {Name: "b", ModelName: "x"}}},
		{"a table that Convex cannot have", []schema.Table{{Name: "a b"}}},
		{"a system table", []schema.Table{{Name: "a", ModelName: "_storage"}}},
		{"a field twice", []schema.Table{{Name: "a", Fields: []schema.Field{{Name: "x"}, {Name: "x"}}}}},
		{"a field named id", []schema.Table{{Name: "a", Fields: []schema.Field{id}}}},
		{"two fields in one column", []schema.Table{{Name: "a", Fields: []schema.Field{{Name: "x"}, {Name: "y", FieldName: "x"}}}}},
		{"a system field", []schema.Table{{Name: "a", Fields: []schema.Field{{Name: "x", FieldName: "_creationTime"}}}}},
		{"a field that Convex cannot have", []schema.Table{{Name: "a", Fields: []schema.Field{{Name: "ä"}}}}},
		{"an index on nothing", []schema.Table{{Name: "a", Indexes: []schema.Index{{Fields: []string{"x"}}}}}},
		{"a reference to nothing", []schema.Table{{Name: "a", Fields: []schema.Field{{Name: "x", References: &schema.Reference{Table: "b", Field: "id"}}}}}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			s := open(t, convex.Config{URL: "http://127.0.0.1:1"})
			if err := s.Bind(c.tables); err == nil {
				t.Error("Bind succeeded")
			}
			if _, err := s.Read(t.Context(), store.Query{Table: "a"}); err == nil || errors.Is(err, store.ErrUnavailable) {
				t.Errorf("Read before Bind: got %v, want a mistake", err)
			}
			if _, err := s.Apply(t.Context(), store.Batch{}); err == nil {
				t.Error("Apply before Bind succeeded")
			}
			if s.Ping(t.Context()) == nil || s.Migrate(t.Context()) == nil {
				t.Error("Ping or Migrate before Bind succeeded")
			}
		})
	}
	s := bound(t, convex.Config{URL: "http://127.0.0.1:1"})
	if err := s.Bind(storetest.Tables()); err == nil {
		t.Error("Bind succeeded twice")
	}
}

// TestAccess checks what a store says to a credential that does not fit.
func TestAccess(t *testing.T) {
	internal := convextest.Start(t, "functions", convextest.Options{Redact: true})
	gated := convextest.Start(t, "functions-secret", convextest.Options{Redact: true, Env: []string{"LOCKSTEP_SECRET=" + secret}})
	internal.Grant(t, "testbed|reader", "RunInternalQueries")
	internal.Grant(t, "testbed|stranger", "ViewData")
	for _, c := range []struct {
		rule   string
		config convex.Config
		want   string // part of the error
	}{
		{"a wrong key", convex.Config{URL: internal.URL, Key: "testbed|wrong-hush"}, "does not accept the key"},
		{"a key without the right", convex.Config{URL: internal.URL, Key: "testbed|stranger"}, "may not run internal functions"},
		{"a wrong secret", convex.Config{URL: gated.URL, Secret: strings.Repeat("hush", 8)}, "LOCKSTEP_SECRET"},
		{"a secret for internal functions", convex.Config{URL: internal.URL, Secret: secret}, "lockstepWithSecret"},
		{"no credential", convex.Config{URL: internal.URL}, "set Config.Key"},
		{"nobody there", convex.Config{URL: "http://127.0.0.1:1", Key: "testbed|hush"}, "connection refused"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			s := bound(t, c.config)
			_, readErr := s.Read(t.Context(), store.Query{Table: "user"})
			_, applyErr := s.Apply(t.Context(), store.Batch{ID: "x", Ops: creations("user", person("a@x"))})
			for _, err := range []error{readErr, applyErr, s.Ping(t.Context()), s.Migrate(t.Context())} {
				if !errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrUnknownOutcome) {
					t.Errorf("got %v, want ErrUnavailable", err)
				} else if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hush") {
					t.Errorf("got %v, want an error with %q and no credential", err, c.want)
				}
			}
		})
	}
	t.Run("a key that may only read", func(t *testing.T) {
		s := bound(t, convex.Config{URL: internal.URL, Key: "testbed|reader"})
		must(s.Read(t.Context(), store.Query{Table: "user"}))(t)
		_, err := s.Apply(t.Context(), store.Batch{ID: "x", Ops: creations("user", person("a@x"))})
		if !errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrUnknownOutcome) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
	})
	t.Run("the right ones", func(t *testing.T) {
		for _, config := range []convex.Config{{URL: internal.URL, Key: internal.AdminKey}, {URL: gated.URL, Secret: secret}} {
			s := bound(t, config)
			if err := s.Ping(t.Context()); err != nil {
				t.Error(err)
			}
			if n := rowsOf(t, s, "user"); n != 0 {
				t.Errorf("got %d users, want none: every other caller was refused", n)
			}
		}
	})
	t.Run("a key for functions that ask for a secret", func(t *testing.T) {
		d := convextest.Start(t, "functions-secret", convextest.Options{})
		_, err := bound(t, convex.Config{URL: d.URL, Key: d.AdminKey}).Read(t.Context(), store.Query{Table: "user"})
		if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "set Config.Secret") {
			t.Errorf("got %v, want ErrUnavailable and what to do", err)
		}
	})
}

// TestAnonymous calls every function as anybody on the internet can, with
// arguments that work for the right caller.
func TestAnonymous(t *testing.T) {
	for _, c := range []struct {
		rule, profile, env string
		wrong              []map[string]any // what the caller adds to the arguments
		right              map[string]any   // nil if nobody is let in
	}{
		{"internal functions are not there", "functions", "", []map[string]any{nil}, map[string]any{}},
		{
			"public functions ask for the secret", "functions-secret", secret,
			guesses("", secret[1:], secret+" ", strings.ToUpper(secret)), guesses(secret)[0],
		},
		{"a deployment without the secret lets nobody in", "functions-secret", "", guesses("", secret), nil},
		{"nor does one with a short secret", "functions-secret", "short", guesses("short"), nil},
	} {
		t.Run(c.rule, func(t *testing.T) {
			d := convextest.Start(t, c.profile, convextest.Options{Env: []string{"LOCKSTEP_SECRET=" + c.env}})
			plant(t, d, "user", map[string]any{"name": "N", "email": "a@x", "emailVerified": false, "createdAt": 1, "updatedAt": 1})
			caller := must(client.New(client.Config{URL: d.URL, AdminKey: d.AdminKey}))(t)
			t.Cleanup(caller.Close)
			for _, wrong := range c.wrong {
				for name, call := range everyFunction() {
					for _, send := range []func(context.Context, string, map[string]any, ...client.Option) (any, error){caller.Query, caller.Mutation, caller.Action} {
						if got, err := send(t.Context(), "lockstep:"+name, arguments(wrong, call), client.Anonymous()); err == nil {
							t.Errorf("%s answered %v", name, got)
						}
					}
				}
			}
			if n := len(d.Dump(t, "user")); n != 1 {
				t.Errorf("got %d users, want the one there was", n)
			}
			if c.right == nil {
				return
			}
			for _, name := range []string{"read", "describe"} {
				must(caller.Query(t.Context(), "lockstep:"+name, arguments(c.right, everyFunction()[name])))(t)
			}
			must(caller.Mutation(t.Context(), "lockstep:apply", arguments(c.right, everyFunction()["apply"])))(t)
			if n := len(d.Dump(t, "user")); n != 0 {
				t.Errorf("got %d users after the right caller deleted them", n)
			}
		})
	}
}

// everyFunction returns a call of each function, to read or delete all users.
func everyFunction() map[string]map[string]any {
	none := []any{}
	users := map[string]any{"table": "user", "sources": []any{map[string]any{"scan": "all", "fields": none}}, "all": none, "any": none}
	query, deletion := maps.Clone(users), maps.Clone(users)
	query["descending"], query["limit"], query["offset"], query["count"] = false, 0, 0, false
	deletion["verb"], deletion["expect"] = "delete", "one"
	return map[string]map[string]any{
		"read":     {"queries": []any{query}},
		"apply":    {"ops": []any{deletion}, "rules": map[string]any{}},
		"describe": {},
		"cleanUp":  {},
	}
}

// arguments puts a call beside a secret, if there is one.
func arguments(door, call map[string]any) map[string]any {
	if door["secret"] == nil {
		return call
	}
	return map[string]any{"secret": door["secret"], "call": call}
}

func guesses(secrets ...string) []map[string]any {
	out := make([]map[string]any, len(secrets))
	for i, s := range secrets {
		out[i] = map[string]any{"secret": s}
	}
	return out
}

// TestNoDeployment: an address where something else answers is not taken for a
// deployment without functions.
func TestNoDeployment(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	for _, c := range []convex.Config{{Key: convextest.AdminKey}, {Secret: secret}, {Key: convextest.AdminKey, Component: "betterAuth"}, {}} {
		c.URL = other.URL
		_, err := bound(t, c).Read(t.Context(), store.Query{Table: "user"})
		if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "no deployment at Config.URL") {
			t.Errorf("%v: got %v, want that there is no deployment", c, err)
		}
	}
}

// TestReach: the functions touch no table that convex/lockstep.ts does not list.
func TestReach(t *testing.T) {
	d := convextest.Start(t, "functions", convextest.Options{})
	s := open(t, convex.Config{URL: d.URL, Key: d.AdminKey})
	if err := s.Bind([]schema.Table{{Name: "lockstepBatch", Fields: []schema.Field{{Name: "batch"}}}}); err != nil {
		t.Fatal(err)
	}
	_, readErr := s.Read(t.Context(), store.Query{Table: "lockstepBatch"})
	_, applyErr := s.Apply(t.Context(), store.Batch{Ops: creations("lockstepBatch", store.Record{"batch": "b"})})
	for _, err := range []error{readErr, applyErr} {
		if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), `add "lockstepBatch" to the tables`) {
			t.Errorf("got %v, want an error that names the table", err)
		}
	}
}

// TestDetection checks that what the deployment offers is found once, and that
// a failure to find it is not kept.
func TestDetection(t *testing.T) {
	d := convextest.Start(t, "functions", convextest.Options{})
	t.Run("by one of many calls at the start", func(t *testing.T) {
		p := newTap(t)
		s := bound(t, convex.Config{URL: d.URL, Key: d.AdminKey, Transport: p})
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, err := s.Read(t.Context(), store.Query{Table: "user"}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		var described int
		for _, c := range functionsCalled(p) {
			if c == "query lockstep:describe" {
				described++
			}
		}
		if described != 1 {
			t.Errorf("described %d times, want once", described)
		}
	})
	t.Run("after a failure, at the next call", func(t *testing.T) {
		p := newTap(t)
		down := true
		p.before = func(tapped) (*http.Response, error) {
			if down {
				return nil, errors.New("network is down")
			}
			return nil, nil
		}
		s := bound(t, convex.Config{URL: d.URL, Key: d.AdminKey, Transport: p})
		if _, err := s.Read(t.Context(), store.Query{Table: "user"}); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
		down = false
		must(s.Read(t.Context(), store.Query{Table: "user"}))(t)
	})
	t.Run("while another call is looking, only as long as the context allows", func(t *testing.T) {
		p := newTap(t)
		arrived, proceed := make(chan struct{}), make(chan struct{})
		var once sync.Once
		p.before = func(tapped) (*http.Response, error) {
			once.Do(func() { close(arrived); <-proceed })
			return nil, nil
		}
		s := bound(t, convex.Config{URL: d.URL, Key: d.AdminKey, Transport: p})
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := s.Read(t.Context(), store.Query{Table: "user"}); err != nil {
				t.Error(err)
			}
		})
		<-arrived
		ctx, cancel := context.WithCancel(t.Context())
		wg.Go(cancel)
		if _, err := s.Read(ctx, store.Query{Table: "user"}); !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want ErrUnavailable and Canceled", err)
		}
		close(proceed)
		wg.Wait()
	})
	t.Run("and refused if it is of another version", func(t *testing.T) {
		for old, text := range map[string]string{`"version":1.0`: `"version":2.0`, `"remembers":true`: `"remembers":false`} {
			p := newTap(t)
			p.after = func(_ tapped, resp *http.Response) (*http.Response, error) { return replaced(resp, old, text) }
			s := bound(t, convex.Config{URL: d.URL, Key: d.AdminKey, Transport: p})
			_, err := s.Read(t.Context(), store.Query{Table: "user"})
			if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "npx convex deploy") {
				t.Errorf("%s: got %v, want ErrUnavailable and what to do", text, err)
			}
		}
	})
}

// TestStrangeAnswers: an answer in another form is an error, never half a result.
func TestStrangeAnswers(t *testing.T) {
	d := convextest.Start(t, "functions", convextest.Options{})
	p := newTap(t)
	s := bound(t, convex.Config{URL: d.URL, Key: d.AdminKey, Transport: p})
	join := &store.Join{Table: "session", Local: "id", Foreign: "userId"}
	create(t, s, "user", person("a@x"))
	for _, c := range []struct{ rule, old, text string }{
		{"no list", `"value":[`, `"value":{},"was":[`},
		{"too few results", `"value":[{`, `"value":[],"was":[{`},
		{"rows that are none", `"rows":[`, `"rows":null,"was":[`},
		{"a row that is none", `"rows":[{`, `"rows":["x",{`},
		{"no related rows", `"related":[`, `"related":[[],`},
		{"a row without an id", `"id":"`, `"was":"`},
		{"a date that is text", `"createdAt":1`, `"createdAt":"x","was":1`},
	} {
		t.Run(c.rule, func(t *testing.T) {
			p.after = func(_ tapped, resp *http.Response) (*http.Response, error) { return replaced(resp, c.old, c.text) }
			results, err := s.Read(t.Context(), store.Query{Table: "user", With: join})
			if err == nil || results != nil {
				t.Errorf("got %v, %v, want an error", results, err)
			}
		})
	}
	p.after = func(_ tapped, resp *http.Response) (*http.Response, error) {
		return replaced(resp, `"value":[`, `"value":[null,`)
	}
	if _, err := s.Apply(t.Context(), store.Batch{Ops: creations("user", person("b@x"))}); !errors.Is(err, store.ErrUnknownOutcome) || errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a batch that was carried out: got %v, want ErrUnknownOutcome", err)
	}
	p.after = nil
	if diff := cmp.Diff(rowsOf(t, s, "user"), 2); diff != "" {
		t.Error(diff)
	}
}
