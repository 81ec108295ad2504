package convex_test

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lockstep-auth/lockstep/convex/convextest"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/convex"
)

// TestCrudShortcuts checks what is done to save calls: rows that are made at the same
// time, secrets that are not looked for, and rows that were found before.
func TestCrudShortcuts(t *testing.T) {
	d := convextest.Start(t, "testdata/crud-internal", convextest.Options{Redact: true})
	listener := newTap(t)
	s := bound(t, convex.Config{URL: d.URL, Key: d.AdminKey, Transport: listener})
	for _, c := range []struct {
		rule string
		run  func(*testing.T, *convextest.Deployment, *convex.Store, *tap)
	}{
		{"an update is one call, and so is the row beside it", testBeside},
		{"an update that fails leaves no row beside it", testBesideGuard},
		{"an update stands if the row beside it cannot be made", testBesideFails},
		{"a new row does not stand if the one beside it cannot be made", testBesideNew},
		{"a row that needs the one before it waits for it", testBesideWaits},
		{"a sole secret is one call, and works once", testSole},
		{"rows that the same read has found come along without a call", testAmong},
	} {
		t.Run(c.rule, func(t *testing.T) {
			d.Reset(t)
			c.run(t, d, s, listener)
		})
	}
}

// login are the operations of a sign-in: a row is updated, and a session begins.
func login(row, user any) []store.Op {
	return []store.Op{
		{Verb: store.Update, Table: "odd", Expect: store.One, Where: store.Is("id", row), Set: store.Record{"text": "new"}},
		{Verb: store.Create, Table: "session", Set: session("token", user), Beside: true},
	}
}

func testBeside(t *testing.T, _ *convextest.Deployment, s *convex.Store, calls *tap) {
	row := create(t, s, "odd", thing("a", "text", "old"))[0]["id"]
	user := create(t, s, "user", person("ada@example.com"))[0]["id"]
	calls.heard()
	rows := applied(t, s, login(row, user)...)
	if n := len(calls.heard()); n != 2 || rows[0]["text"] != "new" || rows[1]["token"] != "token" {
		t.Errorf("%d calls left %v", n, rows)
	}
}

func testBesideGuard(t *testing.T, _ *convextest.Deployment, s *convex.Store, _ *tap) {
	row := create(t, s, "odd", thing("a", "text", "old"))[0]["id"]
	ops := login(row, create(t, s, "user", person("ada@example.com"))[0]["id"])
	ops[0].Where = ops[0].Where.And("text", store.Eq, "older")
	_, err := s.Apply(t.Context(), store.Batch{Ops: ops})
	if g, ok := errors.AsType[*store.GuardError](err); !ok || g.Op != 0 {
		t.Errorf("got %v, want the guard of the update", err)
	}
	if n := rowsOf(t, s, "session"); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
}

func testBesideFails(t *testing.T, d *convextest.Deployment, s *convex.Store, _ *tap) {
	row := create(t, s, "odd", thing("a", "text", "old"))[0]["id"]
	user := create(t, s, "user", person("ada@example.com"))[0]["id"]
	d.SetFaults(t, convextest.Fault{Path: "auth:create", Action: convextest.Conflict})
	_, err := s.Apply(t.Context(), store.Batch{Ops: login(row, user)})
	d.SetFaults(t)
	if !errors.Is(err, store.ErrUnknownOutcome) {
		t.Errorf("got %v, want ErrUnknownOutcome: a part was done", err)
	}
	if text := selected(t, s, store.Query{Table: "odd"})[0]["text"]; text != "new" || rowsOf(t, s, "session") != 0 {
		t.Errorf("got %v and %d sessions, want the new text and none", text, rowsOf(t, s, "session"))
	}
}

func testBesideNew(t *testing.T, _ *convextest.Deployment, s *convex.Store, _ *tap) {
	user := create(t, s, "user", person("ada@example.com"))[0]["id"]
	create(t, s, "session", session("token", user))
	_, err := s.Apply(t.Context(), store.Batch{Ops: []store.Op{
		{Verb: store.Create, Table: "odd", Set: thing("a")},
		{Verb: store.Create, Table: "session", Set: session("token", user), Beside: true},
	}})
	if u, ok := errors.AsType[*store.UniqueError](err); !ok || u.Field != "token" {
		t.Errorf("got %v, want the token to be taken", err)
	}
	if n := rowsOf(t, s, "odd"); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

func testBesideWaits(t *testing.T, _ *convextest.Deployment, s *convex.Store, _ *tap) {
	rows := applied(t, s,
		store.Op{Verb: store.Create, Table: "user", Set: person("ada@example.com")},
		store.Op{Verb: store.Create, Table: "session", Set: session("token", store.IDOf(0)), Beside: true})
	if rows[1]["userId"] != rows[0]["id"] {
		t.Errorf("got a session of %v, want %v", rows[1]["userId"], rows[0]["id"])
	}
}

func testSole(t *testing.T, _ *convextest.Deployment, s *convex.Store, calls *tap) {
	create(t, s, "verification", secretRow("secret"), secretRow("other"))
	op := consumption("secret")
	op.Sole = true
	calls.heard()
	if row := applied(t, s, op)[0]; row["identifier"] != "secret" || len(calls.heard()) != 1 {
		t.Errorf("consumed %v, with more than one call", row)
	}
	if _, err := s.Apply(t.Context(), store.Batch{Ops: []store.Op{op}}); !store.IsGuard(err) {
		t.Errorf("once more: got %v, want a guard", err)
	}
	op.Where = store.Is("identifier", "other")
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			_, err := s.Apply(t.Context(), store.Batch{Ops: []store.Op{op}})
			switch {
			case err == nil:
				won.Add(1)
			case !store.IsGuard(err):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d of 10 got the secret", won.Load())
	}
}

func testAmong(t *testing.T, _ *convextest.Deployment, s *convex.Store, calls *tap) {
	users := create(t, s, "user", person("ada@example.com"), person("eve@example.com"))
	create(t, s, "session", session("a", users[0]["id"]), session("e", users[1]["id"]))
	byEmail := store.Query{Table: "user", Where: store.Is("email", "ada@example.com"), Limit: 1}
	for _, c := range []struct {
		rule  string
		token string
		where store.Where // of what comes along
		owner any
		calls int
	}{
		{"the row that was found", "a", store.Where{}, users[0]["id"], 1},
		{"another row", "e", store.Where{}, users[1]["id"], 2},
		{"the row that was found, which must not come along", "a", store.Is("name", "Eve"), nil, 1},
	} {
		calls.heard()
		res := must(s.Read(t.Context(), store.Query{
			Table: "session", Where: store.Is("token", c.token), Limit: 1,
			With: &store.Join{Table: "user", Local: "userId", Foreign: "id", Where: c.where},
		}, byEmail))(t)
		made := len(calls.heard())
		owner := res[0].RelatedOne(0)
		if owner["id"] != c.owner || made != c.calls {
			t.Errorf("%s: got %v with %d calls, want %v with %d", c.rule, owner["id"], made, c.owner, c.calls)
		}
		if owner != nil {
			owner["name"] = "changed"
		}
		if row := res[1].One(); row["name"] != "Ada" || slices.ContainsFunc(res[1].Rows, func(r store.Record) bool { return r["id"] != users[0]["id"] }) {
			t.Errorf("%s: the row that was found is %v", c.rule, row)
		}
	}
}
