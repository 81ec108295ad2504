package convex_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	client "github.com/lockstep-auth/lockstep/convex"
	"github.com/lockstep-auth/lockstep/convex/convextest"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/convex"
	"github.com/lockstep-auth/lockstep/store/storetest"
)

// TestStoreFunctions is the contract, with a deploy key and with a secret.
// Convex chooses ids, and there is no other exception.
func TestStoreFunctions(t *testing.T) {
	t.Run("key", func(t *testing.T) {
		d := convextest.Start(t, "functions", convextest.Options{Redact: true})
		storetest.Run(t, opener(d, convex.Config{URL: d.URL, Key: d.AdminKey}), storetest.Without(storetest.ChosenIDs))
	})
	t.Run("secret", func(t *testing.T) {
		d := convextest.Start(t, "functions-secret", convextest.Options{Env: []string{"LOCKSTEP_SECRET=" + secret}})
		storetest.Run(t, opener(d, convex.Config{URL: d.URL, Secret: secret}), storetest.Without(storetest.ChosenIDs))
	})
}

func TestFunctions(t *testing.T) {
	d := convextest.Start(t, "functions", convextest.Options{})
	p := newTap(t)
	s := bound(t, convex.Config{URL: d.URL, Key: d.AdminKey, Transport: p})

	for name, test := range map[string]func(*testing.T, *convex.Store, *tap, *convextest.Deployment){
		"a Read and an Apply are one round trip":                testRoundTrips,
		"a batch with an id happens once":                       testRemembered,
		"a search without an index ends at 1,000 rows":          testUnindexed,
		"long results come in pages, on one snapshot":           testPages,
		"long lists of values are all found":                    testLists,
		"many rows with others along are all found":             testManyJoined,
		"rows that several indexes find come once":              testOverlap,
		"an index that is gone is replaced by another":          testChangedIndex,
		"null and missing are the same":                         testNull,
		"a document that does not fit is an error without data": testUnfit,
		"rows go with the row they point at":                    testCascade,
		"the clean-up deletes what has expired, page by page":   testCleanUp,
		"a row too large for the deployment changes nothing":    testTooLarge,
		"rows too large for one call come in pages":             testLargeRows,
		"more rows than one transaction changes go in steps":    testLongDelete,
	} {
		t.Run(name, func(t *testing.T) {
			d.Reset(t)
			p.before, p.after = nil, nil
			test(t, s, p, d)
		})
	}
}

// functionsCalled returns the calls that the tap heard, as "endpoint path".
func functionsCalled(p *tap) []string {
	var out []string
	for _, c := range p.heard() {
		out = append(out, strings.TrimSpace(c.endpoint+" "+c.path))
	}
	return out
}

func testRoundTrips(t *testing.T, s *convex.Store, p *tap, _ *convextest.Deployment) {
	must(s.Read(t.Context(), store.Query{Table: "user", Count: true}))(t) // the dialect is known from here on
	p.heard()
	rows := must(s.Apply(t.Context(), store.Batch{ID: "sign-up", Ops: []store.Op{
		{Verb: store.Check, Table: "user", Where: store.Is("email", "a@x"), Expect: store.None},
		{Verb: store.Create, Table: "user", Set: person("a@x")},
		{Verb: store.Create, Table: "session", Set: session("t", store.IDOf(1))},
	}}))(t)
	if diff := cmp.Diff(functionsCalled(p), []string{"mutation lockstep:apply"}); diff != "" {
		t.Error(diff)
	}
	results := must(s.Read(t.Context(),
		store.Query{Table: "session", Where: store.Is("token", "t"), With: &store.Join{Table: "user", Local: "userId", Foreign: "id"}},
		store.Query{Table: "user", Where: store.Is("email", "a@x")},
		store.Query{Table: "user", Count: true}))(t)
	if diff := cmp.Diff(functionsCalled(p), []string{"query lockstep:read"}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(results[0].RelatedOne(0), rows[1]); diff != "" {
		t.Errorf("the session's user: %s", diff)
	}
	must(s.Apply(t.Context(), store.Batch{}))(t)
	must(s.Read(t.Context()))(t)
	if got := functionsCalled(p); got != nil {
		t.Errorf("nothing was asked for, and %v was called", got)
	}
}

func testRemembered(t *testing.T, s *convex.Store, _ *tap, d *convextest.Deployment) {
	create(t, s, "odd", thing("counter", "number", 0.0))
	b := store.Batch{ID: "once", Ops: []store.Op{
		{Verb: store.Update, Table: "odd", Where: store.Is("name", "counter"), Add: map[string]float64{"number": 1}},
		{Verb: store.Check, Table: "odd", Where: store.Is("name", "nobody")},
		{Verb: store.Create, Table: "odd", Set: thing("new")},
		{Verb: store.Delete, Table: "odd", Where: store.Is("name", "new"), Expect: store.One},
	}}
	first := must(s.Apply(t.Context(), b))(t)
	must(s.Apply(t.Context(), store.Batch{Ops: b.Ops[:1]}))(t) // somebody else counts on
	again := must(s.Apply(t.Context(), b))(t)
	if diff := cmp.Diff(again, first); diff != "" {
		t.Error(diff)
	}
	if n := d.Dump(t, "odd_things")[0]["number"]; n != 2.0 {
		t.Errorf("got %v counted, want 2", n)
	}

	failing := store.Batch{ID: "fails", Ops: []store.Op{{Verb: store.Check, Table: "odd", Where: store.Is("name", "late"), Expect: store.One}}}
	if _, err := s.Apply(t.Context(), failing); !store.IsGuard(err) {
		t.Errorf("got %v, want a guard", err)
	}
	create(t, s, "odd", thing("late"))
	must(s.Apply(t.Context(), failing))(t) // a failure is not remembered

	kept := d.Dump(t, "lockstepBatch")
	if len(kept) != 2 {
		t.Errorf("got %d batches remembered, want 2", len(kept))
	}
}

func testNull(t *testing.T, s *convex.Store, _ *tap, d *convextest.Deployment) {
	plant(t, d, "odd_things",
		map[string]any{"order": "g", "name": "missing", "status": "new"},
		map[string]any{"order": "g", "name": "null", "status": "new", "key": nil, "number": nil, "the_text": nil, "tag": nil, "at_time": nil},
		map[string]any{"order": "g", "name": "value", "status": "new", "key": "k", "number": 1, "the_text": "t", "tag": "x", "at_time": 5})
	for _, c := range []struct {
		rule string
		w    store.Where
		want []string
	}{
		{"equal to null", store.Is("number", nil), []string{"missing", "null"}},
		{"equal to null, with an index", store.Is("key", nil), []string{"missing", "null"}},
		{"not null", store.Is().And("key", store.Ne, nil), []string{"value"}},
		{"not equal", store.Is().And("text", store.Ne, "other"), []string{"value"}},
		{"less", store.Is().And("number", store.Lt, 5.0), []string{"value"}},
		{"earlier, with an index", store.Is("tag", "x").And("at", store.Lt, time.UnixMilli(9)), []string{"value"}},
		{"not in", store.Is().And("text", store.NotIn, []string{}), []string{"value"}},
	} {
		results := must(s.Read(t.Context(), store.Query{Table: "odd", Where: c.w, SortBy: "name"}))(t)
		var got []string
		for _, r := range results[0].Rows {
			got = append(got, r["name"].(string))
		}
		if diff := cmp.Diff(got, c.want); diff != "" {
			t.Errorf("%s: %s", c.rule, diff)
		}
	}
	got := must(s.Apply(t.Context(), store.Batch{Ops: []store.Op{{
		Verb: store.Update, Table: "odd", Where: store.Is("name", "missing"), Add: map[string]float64{"number": 2}, Expect: store.One,
	}}}))(t)[0]
	if got["number"] != 2.0 || got["text"] != nil {
		t.Errorf("got %v", got)
	}
}

func testUnfit(t *testing.T, s *convex.Store, _ *tap, d *convextest.Deployment) {
	plant(t, d, "odd_things", map[string]any{"order": "g", "name": "hush", "status": "new", "json": "hush {"})
	_, err := s.Read(t.Context(), store.Query{Table: "odd"})
	if err == nil || !strings.Contains(err.Error(), `"json"`) || strings.Contains(err.Error(), "hush") {
		t.Errorf("got %v, want an error that names the field and not its value", err)
	}
}

func testCascade(t *testing.T, s *convex.Store, _ *tap, d *convextest.Deployment) {
	users := create(t, s, "user", person("a@x"), person("b@x"))
	for i, u := range users {
		create(t, s, "session", session(fmt.Sprint(i), u["id"]), session(fmt.Sprint(i+2), u["id"]))
	}
	must(s.Apply(t.Context(), store.Batch{Ops: []store.Op{
		{Verb: store.Delete, Table: "user", Where: store.Is("email", "a@x"), Expect: store.One},
		{Verb: store.Check, Table: "session", Where: store.Is("userId", users[0]["id"]), Expect: store.None},
	}}))(t)
	if n := len(d.Dump(t, "session")); n != 2 {
		t.Errorf("got %d sessions left, want those of the other user", n)
	}
	// An orphan that another program left can still be changed.
	plant(t, d, "session", map[string]any{"token": "orphan", "userId": "nobody", "expiresAt": 1, "createdAt": 1, "updatedAt": 1})
	orphan := store.Op{Verb: store.Update, Table: "session", Where: store.Is("token", "orphan"), Set: store.Record{"userAgent": "x"}, Expect: store.One}
	must(s.Apply(t.Context(), store.Batch{Ops: []store.Op{orphan}}))(t)
	// As can one of two rows that already share a unique value.
	twin := map[string]any{"name": "N", "email": "twin@x", "emailVerified": false, "createdAt": 1, "updatedAt": 1}
	plant(t, d, "user", twin, twin)
	rename := store.Op{Verb: store.Update, Table: "user", Where: store.Is("email", "twin@x"), Set: store.Record{"name": "M", "email": "twin@x"}}
	must(s.Apply(t.Context(), store.Batch{Ops: []store.Op{rename}}))(t)
	if _, err := s.Apply(t.Context(), store.Batch{Ops: creations("user", person("twin@x"))}); !store.IsUnique(err, "user") {
		t.Errorf("a third: got %v, want a unique violation", err)
	}
}

func testCleanUp(t *testing.T, s *convex.Store, _ *tap, d *convextest.Deployment) {
	now := time.Now()
	user := create(t, s, "user", person("a@x"))[0]["id"]
	var old []store.Record
	for i := range 1100 {
		r := session(fmt.Sprint("old", i), user)
		r["expiresAt"] = now.Add(-25 * time.Hour)
		old = append(old, r)
	}
	create(t, s, "session", old...)
	for token, age := range map[string]time.Duration{"just expired": time.Hour, "valid": -time.Hour} {
		r := session(token, user)
		r["expiresAt"] = now.Add(-age)
		create(t, s, "session", r)
	}
	must(s.Apply(t.Context(), store.Batch{ID: "fresh", Ops: creations("odd", thing("a"))}))(t)
	plant(t, d, "lockstepBatch", map[string]any{"batch": "stale", "rows": []any{}, "expiresAt": now.Add(-time.Second).UnixMilli()})

	c := must(client.New(client.Config{URL: d.URL, AdminKey: d.AdminKey}))(t)
	t.Cleanup(c.Close)
	must(c.Mutation(t.Context(), "lockstep:cleanUp", nil))(t)
	for range 5000 { // it goes on by itself, at once
		if rowsOf(t, s, "session") == 2 {
			break
		}
	}
	if n := rowsOf(t, s, "session"); n != 2 {
		t.Errorf("got %d sessions left, want those that expired within a day or not yet", n)
	}
	batches := d.Dump(t, "lockstepBatch")
	if len(batches) != 1 || batches[0]["batch"] != "fresh" {
		t.Errorf("got %d batches remembered, want the fresh one", len(batches))
	}
	if n := rowsOf(t, s, "user"); n != 1 {
		t.Errorf("got %d users left, want 1", n)
	}
}

// TestPlan compares the tables with what the deployment has.
func TestPlan(t *testing.T) {
	d := convextest.Start(t, "functions", convextest.Options{})
	s := bound(t, convex.Config{URL: d.URL, Key: d.AdminKey})
	if plan := must(s.Plan(t.Context()))(t); plan != nil {
		t.Errorf("got %q for a complete deployment, want nothing", plan)
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Errorf("Migrate of a complete deployment: %v", err)
	}

	s = open(t, convex.Config{URL: d.URL, Key: d.AdminKey})
	err := s.Bind(append([]schema.Table{{Name: "passkey", Fields: []schema.Field{{Name: "name"}}}}, schema.Table{
		Name: "user",
		Fields: []schema.Field{
			{Name: "name", Required: true, Type: schema.Number},
			{Name: "email", Required: true},
			{Name: "emailVerified", Type: schema.Bool},
			{Name: "image", Unique: true},
			{Name: "createdAt", Type: schema.Date, Required: true, Index: true},
			{Name: "role"},
			{Name: "scores", Type: schema.Numbers, Required: true},
		},
		Indexes: []schema.Index{{Fields: []string{"role", "createdAt"}, Unique: true}, {Fields: []string{"createdAt", "role"}}},
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`table "passkey": define it in convex/schema.ts and list it in convex/lockstep.ts`,
		`table "user": field name: v.number()`,
		`table "user": field emailVerified: v.optional(v.union(v.null(), v.boolean()))`,
		`table "user": field role: v.optional(v.union(v.null(), v.string()))`,
		`table "user": field scores: v.array(v.number())`,
		`table "user": field updatedAt: v.optional(…), because the server does not know it`,
		`table "user": .index('createdAt', ['createdAt'])`,
		`table "user": .index('createdAt_role', ['createdAt', 'role'])`,
		`table "user": .index('image', ['image'])`,
		`table "user": .index('role_createdAt', ['role', 'createdAt'])`,
	}
	if diff := cmp.Diff(must(s.Plan(t.Context()))(t), want); diff != "" {
		t.Error(diff)
	}
	if err := s.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), "npx convex deploy") || !strings.Contains(err.Error(), want[0]) {
		t.Errorf("got %v, want an error that says what to do", err)
	}
	if _, err := s.Read(t.Context(), store.Query{Table: "passkey"}); !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "passkey") {
		t.Errorf("got %v, want an error that names the table", err)
	}
}
