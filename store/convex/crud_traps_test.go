package convex_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep/convex/convextest"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/convex"
)

func secretRow(identifier string) store.Record {
	return store.Record{"identifier": identifier, "value": "v", "expiresAt": moment(1000), "createdAt": moment(0), "updatedAt": moment(0)}
}

func creation(table string, r store.Record) store.Op {
	return store.Op{Verb: store.Create, Table: table, Set: r}
}

// applied carries out a batch that has to succeed.
func applied(t testing.TB, s *convex.Store, ops ...store.Op) []store.Record {
	t.Helper()
	return must(s.Apply(t.Context(), store.Batch{Ops: ops}))(t)
}

// selected reads the rows of a query that has to succeed.
func selected(t testing.TB, s *convex.Store, q store.Query) []store.Record {
	t.Helper()
	return must(s.Read(t.Context(), q))(t)[0].Rows
}

// counted returns how many rows of a table a condition selects.
func counted(t testing.TB, s *convex.Store, table string, w store.Where) int {
	t.Helper()
	return must(s.Read(t.Context(), store.Query{Table: table, Where: w, Count: true}))(t)[0].Count
}

// oddDocs makes n documents of table odd; change makes them differ.
func oddDocs(n int, change func(i int, doc map[string]any)) []map[string]any {
	docs := make([]map[string]any, n)
	for i := range docs {
		docs[i] = map[string]any{"order": "g", "name": fmt.Sprint(i), "status": "new"}
		change(i, docs[i])
	}
	return docs
}

// TestCrudTraps has a case for each way in which createApi surprises its
// callers. The deployment hides its error texts, as one in production does.
func TestCrudTraps(t *testing.T) {
	d := convextest.Start(t, "testdata/crud-internal", convextest.Options{Redact: true})
	s := bound(t, convex.Config{URL: d.URL, Key: d.AdminKey})
	for _, c := range []struct {
		rule string
		run  func(*testing.T, *convextest.Deployment, *convex.Store)
	}{
		{"an id of another table finds nothing", testForeignIDs},
		{"a text that is no id finds nothing, without a call", testMalformedIDs},
		{"a row beyond the first 200 is found and changed", testBeyondTheFirstPage},
		{"pages that are split are read once", testSplitPages},
		{"an update that moves rows in an index visits each once", testMovingUpdate},
		{"missing and null are the same", testMissingFields},
		{"documents of other programs are understood", testForeignDocuments},
		{"every condition guards a change of one row", testGuardClauses},
		{"conditions that createApi throws for", testUnsupported},
		{"large documents fit on smaller pages", testLargeDocuments},
		{"a unique value that createApi does not watch", testUnwatched},
		{"rows go with the row that they point at", testChildren},
	} {
		t.Run(c.rule, func(t *testing.T) {
			d.Reset(t)
			c.run(t, d, s)
		})
	}
}

func testForeignIDs(t *testing.T, _ *convextest.Deployment, s *convex.Store) {
	user := applied(t, s, creation("user", person("a@x")))[0]
	session := applied(t, s, creation("session", session("t", user["id"])))[0]
	foreign := store.Is("id", session["id"])
	if rows := selected(t, s, store.Query{Table: "user", Where: foreign}); rows != nil {
		t.Errorf("a user by the id of a session: %v", rows)
	}
	if rows := selected(t, s, store.Query{Table: "account", Where: foreign}); rows != nil {
		t.Errorf("a row of an empty table by the id of a session: %v", rows)
	}
	ids := []string{fmt.Sprint(session["id"]), fmt.Sprint(user["id"]), "none"}
	if n := counted(t, s, "user", store.Is().And("id", store.In, ids)); n != 1 {
		t.Errorf("users by ids of several tables: got %d, want 1", n)
	}
	rows := applied(t, s, store.Op{Verb: store.Update, Table: "user", Where: foreign, Set: store.Record{"name": "x"}})
	if rows[0] != nil {
		t.Errorf("an update of a user by the id of a session: %v", rows[0])
	}
	if rows := applied(t, s, store.Op{Verb: store.Delete, Table: "user", Where: foreign}); rows[0] != nil {
		t.Errorf("a deletion of a user by the id of a session: %v", rows[0])
	}
	if n := rowsOf(t, s, "session"); n != 1 {
		t.Errorf("sessions left: got %d, want 1", n)
	}
}

func testMalformedIDs(t *testing.T, d *convextest.Deployment, s *convex.Store) {
	applied(t, s, creation("user", person("a@x")))
	before := len(d.Journal(t))
	for _, id := range []string{"", "x", "q5Rm4VJkqHqbZ1wyXvTgFmZ0m0sQeWQz", strings.Repeat("0", 32), strings.Repeat("x", 10_000)} {
		w := store.Is("id", id)
		if n := counted(t, s, "user", w); n != 0 {
			t.Errorf("%d users have the id %.40q", n, id)
		}
		_, err := s.Apply(t.Context(), store.Batch{Ops: []store.Op{{Verb: store.Delete, Table: "user", Where: w, Expect: store.One}}})
		if !store.IsGuard(err) {
			t.Errorf("a deletion by the id %.40q: got %v, want a guard", id, err)
		}
	}
	if n := counted(t, s, "user", store.Is().And("id", store.In, []string{})); n != 0 {
		t.Errorf("%d users have one of no ids", n)
	}
	if got := len(d.Journal(t)) - before; got != 0 {
		t.Errorf("calls: got %d, want none", got)
	}
}

func testBeyondTheFirstPage(t *testing.T, d *convextest.Deployment, s *convex.Store) {
	plant(t, d, "odd_things", oddDocs(260, func(i int, doc map[string]any) { doc["number"] = float64(i) })...)
	last := store.Is("number", 259.0)
	if rows := selected(t, s, store.Query{Table: "odd", Where: last, Limit: 1}); rows == nil {
		t.Error("the last row was not found")
	}
	row := applied(t, s, store.Op{Verb: store.Update, Table: "odd", Where: last, Expect: store.One, Set: store.Record{"text": "new"}})[0]
	if row["text"] != "new" {
		t.Errorf("the last row was not updated: %v", row)
	}
	applied(t, s, store.Op{Verb: store.Delete, Table: "odd", Where: last, Expect: store.One})
	if n := rowsOf(t, s, "odd"); n != 259 {
		t.Errorf("rows left: got %d, want 259", n)
	}
}

func testSplitPages(t *testing.T, d *convextest.Deployment, s *convex.Store) {
	const n = 1001
	plant(t, d, "odd_things", oddDocs(n, func(i int, doc map[string]any) { doc["the_text"] = fmt.Sprint(i % 3) })...)
	for _, c := range []struct {
		rule string
		w    store.Where
		want int
	}{
		{"not equal", store.Is().And("text", store.Ne, "0"), n - 334},
		{"rare, on every page", store.Is().And("text", store.Contains, "2").And("name", store.EndsWith, "00"), 3},
		{"equal without an index", store.Is("text", "1"), 334},
	} {
		rows := selected(t, s, store.Query{Table: "odd", Where: c.w})
		names := make(map[any]bool)
		for _, r := range rows {
			names[r["name"]] = true
		}
		if len(rows) != c.want || len(names) != c.want {
			t.Errorf("%s: got %d rows of %d names, want %d", c.rule, len(rows), len(names), c.want)
		}
	}
}

func testMovingUpdate(t *testing.T, d *convextest.Deployment, s *convex.Store) {
	const n = 210
	plant(t, d, "odd_things", oddDocs(n, func(i int, doc map[string]any) { doc["tag"], doc["number"] = "a", 0.0 })...)
	applied(t, s, store.Op{
		Verb: store.Update, Table: "odd", Where: store.Is("tag", "a"), Expect: store.AtLeast,
		Set: store.Record{"tag": "b"}, Add: map[string]float64{"number": 1},
	})
	if got := counted(t, s, "odd", store.Is("tag", "b", "number", 1.0)); got != n {
		t.Errorf("rows changed once: got %d, want %d", got, n)
	}
	applied(t, s, store.Op{Verb: store.Delete, Table: "odd", Where: store.Is("tag", "b")})
	if got := rowsOf(t, s, "odd"); got != 0 {
		t.Errorf("rows left by a deletion of a range: %d", got)
	}
}

func testMissingFields(t *testing.T, d *convextest.Deployment, s *convex.Store) {
	ids := plant(t, d, "odd_things", oddDocs(3, func(i int, doc map[string]any) {
		switch i {
		case 1:
			doc["the_text"], doc["number"], doc["flag"], doc["at_time"], doc["json"] = nil, nil, nil, nil, nil
		case 2:
			doc["the_text"], doc["number"], doc["flag"], doc["at_time"], doc["json"] = "", 0.0, false, 0.0, "0"
		}
	})...)
	for _, field := range []string{"text", "number", "flag", "at", "json"} {
		if n := counted(t, s, "odd", store.Is(field, nil)); n != 2 {
			t.Errorf("rows without %s: got %d, want 2", field, n)
		}
		for i, id := range ids {
			set := store.Record{"status": "set"}
			_, err := s.Apply(t.Context(), store.Batch{Ops: []store.Op{
				{Verb: store.Update, Table: "odd", Where: store.Is("id", id, field, nil), Expect: store.One, Set: set},
			}})
			if ok := err == nil; ok != (i != 2) {
				t.Errorf("an update of row %d if its %s is null: %v", i, field, err)
			}
			_, err = s.Apply(t.Context(), store.Batch{Ops: []store.Op{
				{Verb: store.Update, Table: "odd", Where: store.Is("id", id).And(field, store.Ne, nil), Expect: store.One, Set: set},
			}})
			if ok := err == nil; ok != (i == 2) {
				t.Errorf("an update of row %d if its %s is not null: %v", i, field, err)
			}
		}
	}
	row := applied(t, s, store.Op{
		Verb: store.Update, Table: "odd", Where: store.Is("id", ids[0]), Expect: store.One, Add: map[string]float64{"number": 2},
	})[0]
	if row["number"] != 2.0 {
		t.Errorf("2 added to a missing number: %v", row["number"])
	}
}

func testForeignDocuments(t *testing.T, d *convextest.Deployment, s *convex.Store) {
	plant(t, d, "user", map[string]any{
		"name": "N", "email": "ts@x", "emailVerified": true, "createdAt": 1700000000000.75, "updatedAt": 1700000000000,
	})
	row := selected(t, s, store.Query{Table: "user", Where: store.Is("email", "ts@x")})[0]
	if row["createdAt"] != moment(0) || row["updatedAt"] != moment(0) || row["image"] != nil {
		t.Errorf("a user that another program wrote: %v", row)
	}
	if _, ok := row["_creationTime"]; ok {
		t.Error("the row has a field of Convex")
	}
}

// testGuardClauses holds what createApi makes of each condition against what the
// contract says.
func testGuardClauses(t *testing.T, d *convextest.Deployment, s *convex.Store) {
	plant(t, d, "odd_things", oddDocs(4, func(i int, doc map[string]any) {
		switch i {
		case 1:
			doc["the_text"], doc["number"], doc["flag"], doc["at_time"] = "apple", 1.0, true, float64(moment(1).UnixMilli())
		case 2:
			doc["the_text"], doc["number"], doc["flag"], doc["at_time"] = "\U0001f642Ab", -2.0, false, float64(moment(2).UnixMilli())
		case 3:
			doc["the_text"], doc["number"], doc["flag"], doc["at_time"] = "", nil, nil, nil
		}
	})...)
	var conds []store.Cond
	for field, values := range map[string][]any{
		"text": {"apple", "", "\uffff", nil}, "number": {1.0, -2.0, nil}, "flag": {true, false, nil}, "at": {moment(1), moment(2), nil},
	} {
		for _, v := range values {
			conds = append(conds, store.Cond{Field: field, Value: v}, store.Cond{Field: field, Op: store.Ne, Value: v})
			if field == "flag" {
				continue
			}
			for _, op := range []store.Operator{store.Lt, store.Lte, store.Gt, store.Gte} {
				conds = append(conds, store.Cond{Field: field, Op: op, Value: v})
			}
		}
	}
	for _, op := range []store.Operator{store.In, store.NotIn} {
		conds = append(conds,
			store.Cond{Field: "text", Op: op, Value: []string{"apple", "x"}}, store.Cond{Field: "text", Op: op, Value: []string{}},
			store.Cond{Field: "number", Op: op, Value: []float64{1, 7}}, store.Cond{Field: "text", Op: op, Value: []string{"APPLE"}, Fold: true})
	}
	for _, op := range []store.Operator{store.Contains, store.StartsWith, store.EndsWith} {
		for _, part := range []string{"", "a", "Ab", "\U0001f642"} {
			conds = append(conds, store.Cond{Field: "text", Op: op, Value: part}, store.Cond{Field: "text", Op: op, Value: part, Fold: true})
		}
	}
	rows := selected(t, s, store.Query{Table: "odd"})
	for _, c := range conds {
		var want []any
		for _, r := range selected(t, s, store.Query{Table: "odd", Where: store.Where{All: []store.Cond{c}}}) {
			want = append(want, r["name"])
		}
		for _, r := range rows {
			w := store.Is("id", r["id"])
			w.All = append(w.All, c)
			row := applied(t, s, store.Op{Verb: store.Update, Table: "odd", Where: w, Set: store.Record{"status": "set"}})[0]
			if (row != nil) != slices.Contains(want, r["name"]) {
				t.Errorf("%+v: row %v was changed: %t", c, r["name"], row != nil)
			}
		}
	}
}

func testUnsupported(t *testing.T, _ *convextest.Deployment, s *convex.Store) {
	user := applied(t, s, creation("user", person("a@x")))[0]["id"]
	for i := range 3 {
		r := session(fmt.Sprint(i), user)
		r["expiresAt"] = moment(1000)
		create(t, s, "session", r)
	}
	all := store.Is("userId", user)
	some := store.Where{All: all.All, Any: []store.Cond{{Field: "token", Value: "0"}, {Field: "token", Value: "2"}}}
	for _, c := range []struct {
		rule string
		w    store.Where
		want int
	}{
		{"two bounds of one field", all.And("expiresAt", store.Gt, moment(0)).And("expiresAt", store.Lt, moment(2000)), 3},
		{"two lower bounds", all.And("expiresAt", store.Gt, moment(0)).And("expiresAt", store.Gte, moment(5000)), 0},
		{"bounds of two fields", store.Is().And("expiresAt", store.Gt, moment(0)).And("createdAt", store.Lt, moment(1)), 3},
		{"a bound of createdAt beside an equality", all.And("createdAt", store.Lte, moment(0)), 3},
		{"an equality and a bound of one field", store.Is("expiresAt", moment(1000)).And("expiresAt", store.Gt, moment(0)), 3},
		{"an id that is not", all.And("id", store.Ne, user), 3},
		{"any of two", some, 2},
		{"any of two that nothing else narrows", store.Where{Any: some.Any}, 2},
		{"two lists", all.And("token", store.In, []string{"0", "1"}).And("userId", store.In, []string{"x"}), 0},
		{"a value twice in a list", store.Is().And("token", store.In, []string{"1", "1"}), 1},
		{"a list of emails", store.Is().And("token", store.In, []string{}), 0},
	} {
		if n := counted(t, s, "session", c.w); n != c.want {
			t.Errorf("%s: got %d rows, want %d", c.rule, n, c.want)
		}
	}
	emails := store.Is().And("email", store.In, []string{"a@x", "b@x"})
	if n := counted(t, s, "user", emails); n != 1 {
		t.Errorf("a list for an index with more fields: got %d rows, want 1", n)
	}
	applied(t, s, store.Op{Verb: store.Delete, Table: "session", Where: some, Expect: store.AtLeast})
	if n := rowsOf(t, s, "session"); n != 1 {
		t.Errorf("sessions left by a deletion of any of two: got %d, want 1", n)
	}
}

func testLargeDocuments(t *testing.T, d *convextest.Deployment, s *convex.Store) {
	const n = 20 // of 900 kB each: more than a deployment reads or answers at once
	for range n {
		plant(t, d, "odd_things", oddDocs(1, func(_ int, doc map[string]any) { doc["the_text"] = strings.Repeat("x", 900_000) })...)
	}
	if rows := selected(t, s, store.Query{Table: "odd"}); len(rows) != n {
		t.Errorf("rows: got %d, want %d", len(rows), n)
	}
}

func testUnwatched(t *testing.T, _ *convextest.Deployment, s *convex.Store) {
	row := func(name string, key any) store.Record { return thing(name, "key", key) }
	applied(t, s, creation("odd", row("a", "k")))
	refused := func(rule, field string, ops ...store.Op) {
		t.Helper()
		before := rowsOf(t, s, "odd")
		_, err := s.Apply(t.Context(), store.Batch{Ops: ops})
		if !store.IsUnique(err, "odd") {
			t.Errorf("%s: got %v, want a unique violation of %s", rule, err, field)
		}
		if after := rowsOf(t, s, "odd"); after != before {
			t.Errorf("%s: %d rows became %d", rule, before, after)
		}
	}
	refused("a value twice", "key", creation("odd", row("b", "k")))
	refused("a value twice in one batch", "key", creation("odd", row("b", "new")), creation("odd", row("c", "new")))
	refused("values of an index twice", "group,name", creation("odd", row("a", nil)))
	applied(t, s, creation("odd", row("b", nil)))
	refused("an update to a value that is there", "key",
		store.Op{Verb: store.Update, Table: "odd", Where: store.Is("name", "b"), Set: store.Record{"key": "k"}})
	applied(t, s, store.Op{Verb: store.Update, Table: "odd", Where: store.Is("name", "a"), Set: store.Record{"key": "k", "text": "own"}})

	// Of writers at the same time, at most one may keep the value.
	won := make(chan string, 16)
	done := make(chan bool)
	for i := range 16 {
		go func() {
			name := fmt.Sprint("racer", i)
			if _, err := s.Apply(t.Context(), store.Batch{Ops: []store.Op{creation("odd", row(name, "race"))}}); err == nil {
				won <- name
			} else if !store.IsUnique(err, "odd") {
				t.Error(err)
			}
			done <- true
		}()
	}
	for range 16 {
		<-done
	}
	if n := counted(t, s, "odd", store.Is("key", "race")); n > 1 || n != len(won) {
		t.Errorf("rows with a value that %d of 16 were told they have: %d", len(won), n)
	}
}

func testChildren(t *testing.T, _ *convextest.Deployment, s *convex.Store) {
	users := create(t, s, "user", person("a@x"), person("b@x"))
	for i, token := range []string{"a1", "a2", "b1"} {
		applied(t, s, creation("session", session(token, users[i/2]["id"])))
	}
	applied(t, s, store.Op{Verb: store.Delete, Table: "user", Where: store.Is("email", "a@x"), Expect: store.One})
	if rows := selected(t, s, store.Query{Table: "session"}); len(rows) != 1 || rows[0]["token"] != "b1" {
		t.Errorf("sessions left: %v", rows)
	}
	applied(t, s, store.Op{Verb: store.Delete, Table: "user", Where: store.Is("name", "Ada")})
	if n := rowsOf(t, s, "session"); n != 0 {
		t.Errorf("sessions left: %d", n)
	}
}

// TestCrudStrangeAnswers: an answer in another form is an error, never half a
// result, and never a loop.
func TestCrudStrangeAnswers(t *testing.T) {
	d := convextest.Start(t, "testdata/crud-internal", convextest.Options{})
	p := newTap(t)
	s := bound(t, convex.Config{URL: d.URL, Key: d.AdminKey, Transport: p})
	create(t, s, "odd", thing("a", "tag", "x"), thing("b", "tag", "x"))
	for _, c := range []struct{ rule, old, text string }{
		{"no page", `"page":[`, `"was":[`},
		{"no list", `"page":[`, `"page":{},"was":[`},
		{"an end that is no yes or no", `"isDone":true`, `"isDone":1`},
		{"a cursor that is no text", `"continueCursor":"`, `"continueCursor":null,"was":"`},
		{"no end", `"isDone":true`, `"isDone":false`},
		{"a document that is none", `"page":[{`, `"page":["x",{`},
		{"a document without an id", `"_id":"`, `"was":"`},
		{"a field of another type", `"name":"`, `"name":1,"was":"`},
	} {
		p.after = func(_ tapped, resp *http.Response) (*http.Response, error) { return replaced(resp, c.old, c.text) }
		for _, q := range []store.Query{{Table: "odd"}, {Table: "odd", Count: true, Where: store.Is("name", "a")}} {
			if results, err := s.Read(t.Context(), q); err == nil || results != nil {
				t.Errorf("%s: got %v, %v, want an error", c.rule, results, err)
			}
		}
	}
	for old, text := range map[string]string{`"value":{`: `"value":"x","was":{`, `"_id":"`: `"was":"`} {
		p.after = func(_ tapped, resp *http.Response) (*http.Response, error) { return replaced(resp, old, text) }
		_, err := s.Apply(t.Context(), store.Batch{Ops: creations("user", person(text))})
		if !errors.Is(err, store.ErrUnknownOutcome) || errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: a row that was made: got %v, want ErrUnknownOutcome", text, err)
		}
	}
	p.after = func(c tapped, resp *http.Response) (*http.Response, error) {
		if c.endpoint == "mutation" {
			return replaced(resp, `"isDone":true`, `"isDone":false`)
		}
		return resp, nil
	}
	_, err := s.Apply(t.Context(), store.Batch{Ops: []store.Op{{Verb: store.Delete, Table: "odd", Where: store.Is("tag", "x")}}})
	if !errors.Is(err, store.ErrUnknownOutcome) {
		t.Errorf("a deletion that does not end: got %v, want ErrUnknownOutcome", err)
	}
}
