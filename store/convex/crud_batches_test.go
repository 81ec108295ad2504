package convex_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/convex/convextest"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/convex"
)

// consumption is an operation that takes a secret away.
func consumption(identifier string) store.Op {
	return store.Op{Verb: store.Delete, Table: "verification", Where: store.Is("identifier", identifier), Expect: store.One}
}

// TestCrudBatches checks what batches do without transactions: guards come first,
// and what was done before a failure is undone.
func TestCrudBatches(t *testing.T) {
	d := convextest.Start(t, "testdata/crud-internal", convextest.Options{Redact: true})
	s := bound(t, convex.Config{URL: d.URL, Key: d.AdminKey})
	for _, c := range []struct {
		rule string
		run  func(*testing.T, *convextest.Deployment, *convex.Store)
	}{
		{"a secret pays once, whatever the order of the operations", testPayment},
		{"later operations see earlier ones", testSequence},
		{"a failure undoes what was made and changed", testUndo},
		{"an update that says what it overwrites is undone, and not looked up", testPinned},
		{"what was consumed stays consumed", testNoReturn},
		{"a secret that pays for a change pays once, and the change is the winner's", testContest},
		{"a change that was cut off can be made again with the same secret", testCutOff},
		{"an old value is not put back over a newer one", testNewerValue},
		{"the first operation that fails is named", testNamedGuard},
		{"a caller that goes away leaves no half", testGoneCaller},
	} {
		t.Run(c.rule, func(t *testing.T) {
			d.Reset(t)
			c.run(t, d, s)
		})
	}
}

func testPayment(t *testing.T, _ *convextest.Deployment, s *convex.Store) {
	create(t, s, "verification", secretRow("secret"))
	var won atomic.Int64
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			ops := []store.Op{
				creation("user", person(fmt.Sprint(i))),
				creation("session", session(fmt.Sprint(i), store.IDOf(0))),
				consumption("secret"),
			}
			_, err := s.Apply(t.Context(), store.Batch{Ops: ops})
			switch {
			case err == nil:
				won.Add(1)
			case !store.IsGuard(err):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if users, sessions := rowsOf(t, s, "user"), rowsOf(t, s, "session"); won.Load() != 1 || users != 1 || sessions != 1 {
		t.Errorf("%d batches paid for %d users and %d sessions, want one each", won.Load(), users, sessions)
	}
}

func testSequence(t *testing.T, _ *convextest.Deployment, s *convex.Store) {
	by := func(name string) store.Where { return store.Is("name", name) }
	rows := applied(t, s,
		creation("odd", thing("a", "number", 1.0)),
		store.Op{Verb: store.Check, Table: "odd", Where: by("a"), Expect: store.One},
		store.Op{Verb: store.Update, Table: "odd", Where: by("a"), Set: store.Record{"name": "b"}, Expect: store.One},
		store.Op{Verb: store.Check, Table: "odd", Where: by("a"), Expect: store.None},
		store.Op{Verb: store.Update, Table: "odd", Where: by("b"), Add: map[string]float64{"number": 1}, Expect: store.One},
		store.Op{Verb: store.Delete, Table: "odd", Where: by("b").And("number", store.Eq, 2.0), Expect: store.One},
		creation("odd", thing("b", "text", "again")),
		creation("user", person("a@x")),
		creation("session", session("t", store.IDOf(7))),
		store.Op{Verb: store.Check, Table: "session", Where: store.Is("userId", store.IDOf(7)), Expect: store.One},
	)
	if rows[2]["name"] != "b" || rows[4]["number"] != 2.0 || rows[5]["number"] != 2.0 || rows[8]["userId"] != rows[7]["id"] {
		t.Errorf("rows: %v", rows)
	}
	if left := selected(t, s, store.Query{Table: "odd"}); !reflect.DeepEqual(left, rows[6:7]) {
		t.Errorf("rows left: got %v, want %v", left, rows[6])
	}
}

// tablesOf returns all rows of the tables that the tests of batches use.
func tablesOf(t *testing.T, s *convex.Store) map[string][]store.Record {
	t.Helper()
	out := make(map[string][]store.Record)
	for _, table := range []string{"user", "session", "account", "odd"} {
		out[table] = selected(t, s, store.Query{Table: table})
	}
	return out
}

func testUndo(t *testing.T, d *convextest.Deployment, s *convex.Store) {
	plant(t, d, "odd_things", oddDocs(2, func(i int, doc map[string]any) {
		if i == 0 {
			doc["number"], doc["key"], doc["the_text"] = 1.0, "taken", "old"
		}
	})...)
	users := create(t, s, "user", person("taken@x"))
	before := tablesOf(t, s)
	done := []store.Op{
		creation("user", person("a@x")),
		creation("session", session("t", store.IDOf(0))),
		{Verb: store.Update, Table: "odd", Where: store.Is("group", "g"), Set: store.Record{"text": "new"}, Add: map[string]float64{"number": 5}},
	}
	taken := func(err error) bool { return store.IsUnique(err, "user") || store.IsUnique(err, "odd") }
	for _, c := range []struct {
		rule string
		last store.Op
		want func(error) bool
	}{
		{"a guard on a table that the batch changes", store.Op{Verb: store.Check, Table: "odd", Where: store.Is("name", "none"), Expect: store.One}, store.IsGuard},
		{"a value that createApi keeps unique", creation("user", person("taken@x")), taken},
		{"a change to such a value", store.Op{
			Verb: store.Update, Table: "user", Where: store.Is("id", store.IDOf(0)), Set: store.Record{"email": users[0]["email"]},
		}, taken},
		{"a value that it does not", creation("odd", thing("c", "key", "taken")), taken},
		{"a value that the batch wrote twice", creation("odd", thing("0")), taken},
	} {
		_, err := s.Apply(t.Context(), store.Batch{Ops: append(slices.Clip(slices.Clone(done)), c.last)})
		if !c.want(err) {
			t.Errorf("%s: got %v", c.rule, err)
		}
		if after := tablesOf(t, s); !reflect.DeepEqual(after, before) {
			t.Errorf("%s: rows became %v, were %v", c.rule, after, before)
		}
	}
	for fault, want := range map[convextest.Fault]error{
		{Path: "auth:create", Action: convextest.Busy, Skip: 1}:                          store.ErrUnavailable,
		{Path: "auth:create", Action: convextest.Drop, Skip: 2}:                          store.ErrUnknownOutcome,
		{Path: "auth:updateOne", Action: convextest.Status, Status: 401}:                 store.ErrUnavailable,
		{Path: "auth:updateOne", Action: convextest.Status, Status: 500, Body: "<html>"}: store.ErrUnknownOutcome,
	} {
		d.SetFaults(t, fault)
		_, err := s.Apply(t.Context(), store.Batch{Ops: append(slices.Clip(slices.Clone(done)),
			creation("account", store.Record{
				"accountId": "a", "providerId": "p", "userId": store.IDOf(0), "createdAt": moment(0), "updatedAt": moment(0),
			}))})
		d.SetFaults(t)
		if !errors.Is(err, want) {
			t.Errorf("%+v: got %v, want %v", fault, err, want)
		}
		if after := tablesOf(t, s); !reflect.DeepEqual(after, before) {
			t.Errorf("%+v: rows became %v, were %v", fault, after, before)
		}
	}
}

func testPinned(t *testing.T, d *convextest.Deployment, s *convex.Store) {
	id := create(t, s, "user", person("a@x"))[0]["id"]
	taken := create(t, s, "user", person("b@x"))[0]
	verify := func(was bool, last store.Op) error {
		_, err := s.Apply(t.Context(), store.Batch{Ops: []store.Op{{
			Verb: store.Update, Table: "user", Expect: store.One, Where: store.Is("id", id, "emailVerified", was, "image", nil),
			Set: store.Record{"emailVerified": !was, "image": "i", "updatedAt": moment(9)},
		}, last}})
		return err
	}
	if err := verify(true, creation("session", session("t", id))); !store.IsGuard(err) {
		t.Errorf("another value than the one that is there: got %v, want a guard", err)
	}
	if err := verify(false, creation("user", person("b@x"))); !store.IsUnique(err, "user") {
		t.Errorf("an operation that fails after it: got %v, want a unique violation", err)
	}
	d.SetFaults(t, convextest.Fault{Path: "auth:create", Action: convextest.Busy})
	err := verify(false, creation("session", session("t", id)))
	d.SetFaults(t)
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a deployment that fails after it: got %v, want ErrUnavailable", err)
	}
	rows := selected(t, s, store.Query{Table: "user", SortBy: "email"})
	if len(rows) != 2 || rows[0]["emailVerified"] != false || rows[0]["image"] != nil || !reflect.DeepEqual(rows[1], taken) || rowsOf(t, s, "session") != 0 {
		t.Errorf("rows became %v", rows)
	}
}

func testNoReturn(t *testing.T, d *convextest.Deployment, s *convex.Store) {
	create(t, s, "verification", secretRow("secret"))
	d.SetFaults(t, convextest.Fault{Path: "auth:create", Action: convextest.Busy})
	defer d.SetFaults(t)
	_, err := s.Apply(t.Context(), store.Batch{Ops: []store.Op{creation("user", person("a@x")), consumption("secret")}})
	if !errors.Is(err, store.ErrUnknownOutcome) || errors.Is(err, store.ErrUnavailable) {
		t.Errorf("half a batch: got %v, want ErrUnknownOutcome alone", err)
	}
	if n := rowsOf(t, s, "verification"); n != 0 {
		t.Errorf("secrets left: %d", n)
	}
}

func testNewerValue(t *testing.T, d *convextest.Deployment, s *convex.Store) {
	create(t, s, "odd", thing("a", "text", "old"))
	other := bound(t, convex.Config{URL: d.URL, Key: d.AdminKey})
	d.SetFaults(t, convextest.Fault{Path: "auth:create", Action: convextest.Busy, Delay: 200 * time.Millisecond, Times: 4})
	defer d.SetFaults(t)
	set := func(text string) store.Op {
		return store.Op{Verb: store.Update, Table: "odd", Where: store.Is("name", "a"), Set: store.Record{"text": text}}
	}
	failed := make(chan error)
	go func() {
		_, err := s.Apply(t.Context(), store.Batch{Ops: []store.Op{set("first"), creation("user", person("a@x"))}})
		failed <- err
	}()
	// The first update comes before the batch fails.
	for selected(t, other, store.Query{Table: "odd"})[0]["text"] != "first" {
		if t.Context().Err() != nil {
			t.Fatal("the update did not happen")
		}
	}
	applied(t, other, set("second"))
	if err := <-failed; !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	if text := selected(t, s, store.Query{Table: "odd"})[0]["text"]; text != "second" {
		t.Errorf("text: got %v, want the second", text)
	}
}

func testNamedGuard(t *testing.T, _ *convextest.Deployment, s *convex.Store) {
	create(t, s, "verification", secretRow("a"))
	_, err := s.Apply(t.Context(), store.Batch{Ops: []store.Op{
		creation("user", person("a@x")), consumption("a"), creation("odd", thing("o")),
		{Verb: store.Check, Table: "session", Where: store.Is("token", "none"), Expect: store.One},
	}})
	guard, ok := errors.AsType[*store.GuardError](err)
	if !ok || guard.Op != 3 {
		t.Errorf("got %v, want the guard of operation 3", err)
	}
	if users, secrets := rowsOf(t, s, "user"), rowsOf(t, s, "verification"); users != 0 || secrets != 1 {
		t.Errorf("a batch that could be refused before its first change left %d users and %d secrets, want 0 and 1", users, secrets)
	}
}

func testGoneCaller(t *testing.T, d *convextest.Deployment, _ *convex.Store) {
	p := newTap(t)
	s := bound(t, convex.Config{URL: d.URL, Key: d.AdminKey, Transport: p})
	create(t, s, "user", person("first@x"))
	ops := []store.Op{creation("user", person("a@x")), creation("session", session("t", store.IDOf(0)))}
	ctx, cancel := context.WithCancel(t.Context())
	p.after = func(_ tapped, resp *http.Response) (*http.Response, error) {
		cancel()
		return resp, nil
	}
	rows, err := s.Apply(ctx, store.Batch{Ops: ops})
	if err != nil || len(rows) != 2 {
		t.Errorf("a batch whose caller goes away after the first operation: %v, %v", rows, err)
	}
	if users, sessions := rowsOf(t, s, "user"), rowsOf(t, s, "session"); users != 2 || sessions != 1 {
		t.Errorf("got %d users and %d sessions, want 2 and 1", users, sessions)
	}
	if _, err := s.Apply(ctx, store.Batch{Ops: ops}); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a batch whose caller is gone: got %v, want ErrUnavailable", err)
	}
	if users := rowsOf(t, s, "user"); users != 2 {
		t.Errorf("got %d users, want 2", users)
	}
}

// TestCrudDeadline: a caller with a deadline hears from a batch by then, and the
// batch is finished without it.
func TestCrudDeadline(t *testing.T) {
	d := convextest.Start(t, "testdata/crud-internal", convextest.Options{Redact: true})
	s := bound(t, convex.Config{URL: d.URL, Key: d.AdminKey})
	if n := rowsOf(t, s, "user"); n != 0 {
		t.Fatalf("got %d users at first", n)
	}
	d.SetFaults(t, convextest.Fault{Path: "auth:create", Action: convextest.Delay, Delay: 700 * time.Millisecond})
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := s.Apply(ctx, store.Batch{Ops: []store.Op{
		creation("user", person("a@x")),
		creation("account", store.Record{"accountId": store.IDOf(0), "providerId": "p", "userId": store.IDOf(0), "createdAt": moment(0), "updatedAt": moment(0)}),
		creation("session", session("t", store.IDOf(0))),
	}})
	if !errors.Is(err, store.ErrUnknownOutcome) || !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, store.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnknownOutcome at the deadline", err)
	}
	if n := len(d.Dump(t, "session")); n != 0 {
		t.Errorf("got %d sessions at the deadline, want none: the answer came late", n)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for _, table := range []string{"user", "account", "session"} {
		if n := len(d.Dump(t, table)); n != 1 {
			t.Errorf("got %d rows of %s when all is closed, want 1", n, table)
		}
	}
}

// TestCrudTrips counts the calls of the steps of authentication.
func TestCrudTrips(t *testing.T) {
	d := convextest.Start(t, "testdata/crud-internal", convextest.Options{})
	p := newTap(t)
	s := bound(t, convex.Config{URL: d.URL, Key: d.AdminKey, Transport: p})
	user := create(t, s, "user", person("a@x"))[0]["id"]
	row := store.Record{
		"accountId": user, "providerId": "credential", "userId": user, "password": "old", "createdAt": moment(0), "updatedAt": moment(0),
	}
	account := create(t, s, "account", row)[0]["id"]
	create(t, s, "session", session("1", user), session("2", user), session("3", user))
	create(t, s, "verification", secretRow("secret"))
	write := func(ops ...store.Op) func() { return func() { applied(t, s, ops...) } }
	read := func(queries ...store.Query) func() { return func() { must(s.Read(t.Context(), queries...))(t) } }
	for _, c := range []struct {
		rule string
		step func()
		want []string
	}{
		{"the session of a request", read(store.Query{
			Table: "session", Where: store.Is("token", "1"), Limit: 1, With: &store.Join{Table: "user", Local: "userId", Foreign: "id"},
		}), []string{"findMany", "findMany"}},
		{"the credentials of an address", read(store.Query{
			Table: "user", Where: store.Is("email", "a@x"), Limit: 1,
			With: &store.Join{Table: "account", Local: "id", Foreign: "userId", Where: store.Is("providerId", "credential"), Limit: 10},
		}), []string{"findMany", "findMany"}},
		{"several queries", read(store.Query{Table: "user"}, store.Query{Table: "session", Where: store.Is("userId", user)}), []string{"query_batch"}},
		{"sign up", write(
			creation("user", person("b@x")),
			creation("account", store.Record{"accountId": store.IDOf(0), "providerId": "credential", "userId": store.IDOf(0), "createdAt": moment(0), "updatedAt": moment(0)}),
			creation("session", session("4", store.IDOf(0)))), []string{"create", "create", "create"}},
		{"sign in", write(creation("session", session("5", user))), []string{"create"}},
		{"refresh", write(store.Op{
			Verb: store.Update, Table: "session", Where: store.Is("token", "5"), Expect: store.One, Set: store.Record{"expiresAt": moment(5)},
		}), []string{"updateOne"}},
		{"sign out", write(store.Op{Verb: store.Delete, Table: "session", Where: store.Is("token", "5")}), []string{"deleteOne"}},
		{"sign out of nothing", write(store.Op{Verb: store.Delete, Table: "session", Where: store.Is("token", "none")}), []string{"deleteOne"}},
		{"a secret is consumed", write(consumption("secret")), []string{"findMany", "deleteOne"}},
		{"a password is changed, and every session ends", write(
			store.Op{
				Verb: store.Update, Table: "account", Expect: store.One,
				Where: store.Is("id", account, "password", "old"), Set: store.Record{"password": "new"},
			},
			store.Op{Verb: store.Delete, Table: "session", Where: store.Is("userId", user)},
			creation("session", session("6", user))), []string{"findMany", "updateOne", "deleteMany", "create"}},
		{"an address is verified, and a session begins", write(
			store.Op{
				Verb: store.Update, Table: "user", Expect: store.One, Where: store.Is("id", user, "emailVerified", false),
				Set: store.Record{"emailVerified": true, "updatedAt": moment(6)},
			},
			creation("session", session("7", user))), []string{"updateOne", "create"}},
		{
			"two queries that differ in what comes along", read(
				store.Query{Table: "session", Where: store.Is("token", "6"), With: &store.Join{Table: "user", Local: "userId", Foreign: "id"}},
				store.Query{Table: "session", Where: store.Is("token", "6"), With: &store.Join{Table: "account", Local: "userId", Foreign: "userId"}}),
			[]string{"findMany", "query_batch"},
		},
	} {
		p.heard()
		c.step()
		var got []string
		for _, call := range p.heard() {
			name := strings.TrimPrefix(call.path, "auth:")
			if name == "" {
				name = call.endpoint
			}
			got = append(got, name)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got the calls %q, want %q", c.rule, got, c.want)
		}
	}
}

// TestExposed checks that a deployment whose tables anybody can read is found
// out, and not used by accident.
func TestExposed(t *testing.T) {
	public := convextest.Start(t, "seed", convextest.Options{Redact: true})
	internal := convextest.Start(t, "secured", convextest.Options{Redact: true})
	core := []string{"user", "session", "account", "verification"}
	for _, c := range []struct {
		rule   string
		config convex.Config
		want   []string
	}{
		{"public functions show every table", convex.Config{URL: public.URL}, core},
		{"a key does not hide what others see", convex.Config{URL: public.URL, Key: public.AdminKey}, core},
		{"internal functions show nothing", convex.Config{URL: internal.URL, Key: internal.AdminKey}, nil},
	} {
		s := bound(t, c.config)
		got, err := s.Exposed(t.Context())
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, %v, want %q", c.rule, got, err, c.want)
		}
		_, err = s.Read(t.Context(), store.Query{Table: "user"})
		if ok := err == nil; ok != (c.want == nil) {
			t.Errorf("%s: the first call: %v", c.rule, err)
		}
		if err != nil && !strings.Contains(err.Error(), "internal") {
			t.Errorf("%s: the error does not say what to do: %v", c.rule, err)
		}
	}
	var log bytes.Buffer
	s := bound(t, convex.Config{
		URL: public.URL, InsecureAllowPublicFunctions: true, Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if n := rowsOf(t, s, "user"); n != 0 {
		t.Errorf("users: got %d, want 0", n)
	}
	if text := log.String(); !strings.Contains(text, "level=WARN") || !strings.Contains(text, "account") {
		t.Errorf("the log does not warn: %q", text)
	}
}

// TestComponent uses the Better Auth component itself.
func TestComponent(t *testing.T) {
	d := convextest.Start(t, "secured", convextest.Options{Redact: true})
	s := bound(t, convex.Config{URL: d.URL, Key: d.AdminKey, Component: "betterAuth"})
	users := applied(t, s, creation("user", person("a@x")), creation("session", session("t", store.IDOf(0))))
	r := must(s.Read(t.Context(),
		store.Query{Table: "session", Where: store.Is("token", "t"), With: &store.Join{Table: "user", Local: "userId", Foreign: "id"}},
		store.Query{Table: "user", Count: true}))(t)
	if got := r[0].RelatedOne(0); !reflect.DeepEqual(got, users[0]) || r[1].Count != 1 {
		t.Errorf("the user of the session: got %v of %d, want %v", got, r[1].Count, users[0])
	}
	if _, err := s.Apply(t.Context(), store.Batch{Ops: creations("user", person("a@x"))}); !store.IsUnique(err, "user") {
		t.Errorf("an address twice: got %v, want a unique violation", err)
	}
	if docs := d.Dump(t, "user"); len(docs) != 0 {
		t.Errorf("the app's own table has %v", docs)
	}
}

// TestCrudAgain: a batch that may have happened is carried out again only if
// twice is as good as once.
func TestCrudAgain(t *testing.T) {
	d := convextest.Start(t, "testdata/crud-internal", convextest.Options{Redact: true})
	s := bound(t, convex.Config{URL: d.URL, Key: d.AdminKey})
	user := create(t, s, "user", person("a@x"))[0]["id"]
	create(t, s, "session", session("t", user))
	create(t, s, "verification", secretRow("secret"))
	create(t, s, "odd", thing("a"))
	update := func(where store.Where) store.Op {
		return store.Op{Verb: store.Update, Table: "user", Where: where, Expect: store.One, Set: store.Record{"name": "new"}}
	}
	for _, c := range []struct {
		rule string
		op   store.Op
		want error
	}{
		{"a sign-out", store.Op{Verb: store.Delete, Table: "session", Where: store.Is("token", "t")}, nil},
		{"a new name", update(store.Is("id", user)), nil},
		{"a new name in place of a certain one", update(store.Is("id", user, "name", "new")), store.ErrUnknownOutcome},
		{"a secret", consumption("secret"), store.ErrUnknownOutcome},
		{"a count", store.Op{Verb: store.Update, Table: "odd", Where: store.Is("name", "a"), Add: map[string]float64{"number": 1}}, store.ErrUnknownOutcome},
		{"a new row", creation("user", person("b@x")), store.ErrUnknownOutcome},
		{"a check", store.Op{Verb: store.Check, Table: "user", Where: store.Is("id", user), Expect: store.One}, store.ErrUnknownOutcome},
	} {
		before := tablesOf(t, s)
		_, err := s.Apply(t.Context(), store.Batch{ID: c.rule, Again: true, Ops: []store.Op{c.op}})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.rule, err, c.want)
		}
		if after := tablesOf(t, s); c.want != nil && !reflect.DeepEqual(after, before) {
			t.Errorf("%s: rows became %v, were %v", c.rule, after, before)
		}
	}
	if sessions, users := rowsOf(t, s, "session"), selected(t, s, store.Query{Table: "user"}); sessions != 0 || users[0]["name"] != "new" {
		t.Errorf("got %d sessions and %v, want none and the new name", sessions, users)
	}
}
