package convex_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/convex/convextest"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/convex"
)

func testUnindexed(t *testing.T, s *convex.Store, _ *tap, d *convextest.Deployment) {
	rows := make([]store.Record, 1001)
	for i := range rows {
		rows[i] = thing(fmt.Sprint(i), "text", "t"+fmt.Sprint(i), "tag", "x")
	}
	create(t, s, "odd", rows[:1000]...)
	last := store.Is("text", "t999")
	if got := must(s.Read(t.Context(), store.Query{Table: "odd", Where: last}))(t)[0].One()["name"]; got != "999" {
		t.Errorf("got %v, want row 999", got)
	}
	create(t, s, "odd", rows[1000])
	check := func(err error, index string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), index) || errors.Is(err, store.ErrUnavailable) || strings.Contains(err.Error(), "t999") {
			t.Errorf("got %v, want an error that names the index %s and no value", err, index)
		}
	}
	_, err := s.Read(t.Context(), store.Query{Table: "odd", Where: last})
	check(err, ".index('the_text', ['the_text'])")
	_, err = s.Read(t.Context(), store.Query{Table: "odd", Where: last.And("number", store.Eq, 1.0).And("flag", store.Ne, true), Count: true})
	check(err, ".index('the_text_number', ['the_text', 'number'])")
	_, err = s.Read(t.Context(), store.Query{Table: "odd", Where: store.Where{Any: []store.Cond{{Field: "key", Value: "k"}, {Field: "text", Value: "t999"}}}})
	check(err, ".index('the_text', ['the_text'])")
	_, err = s.Read(t.Context(), store.Query{Table: "odd", Where: store.Is().And("text", store.Contains, "t999")})
	check(err, "no index can serve this search")
	_, err = s.Read(t.Context(), store.Query{Table: "odd", Where: store.Is().And("number", store.Gt, 1.0).And("text", store.In, []string{"t999"}).And("flag", store.Eq, nil)})
	check(err, ".index('number', ['number'])")
	_, err = s.Apply(t.Context(), store.Batch{Ops: []store.Op{{Verb: store.Delete, Table: "odd", Where: last}}})
	check(err, ".index('the_text', ['the_text'])")

	if got := must(s.Read(t.Context(), store.Query{Table: "odd", Where: store.Is("text", "t999", "name", "999")}))(t)[0].One()["name"]; got != "999" {
		t.Errorf("with an index on name: got %v, want row 999", got)
	}
	if n := rowsOf(t, s, "odd"); n != 1001 {
		t.Errorf("got %d rows, want 1001", n)
	}
	// An index that was added since the start is found.
	p, described := newTap(t), 0
	p.after = func(c tapped, resp *http.Response) (*http.Response, error) {
		if c.path == "lockstep:describe" {
			if described++; described == 1 {
				return replaced(resp, `"key":["key"]`, `"key":["gone"]`)
			}
		}
		return resp, nil
	}
	later := bound(t, convex.Config{URL: d.URL, Key: d.AdminKey, Transport: p})
	must(later.Read(t.Context(), store.Query{Table: "odd", Where: store.Is("key", "k")}))(t)
	if described != 2 {
		t.Errorf("described %d times, want again after an index was missed", described)
	}
	// The whole of an index is no search: all rows with the tag are wanted.
	changed := must(s.Apply(t.Context(), store.Batch{Ops: []store.Op{{Verb: store.Update, Table: "odd", Where: store.Is("tag", "x"), Set: store.Record{"flag": true}}}}))(t)
	if changed[0]["flag"] != true {
		t.Errorf("got %v", changed[0])
	}
	if n := must(s.Read(t.Context(), store.Query{Table: "odd", Where: store.Is("tag", "x", "flag", true), Count: true}))(t)[0].Count; n != 1001 {
		t.Errorf("got %d rows changed, want 1001", n)
	}
}

func testPages(t *testing.T, s *convex.Store, p *tap, _ *convextest.Deployment) {
	users := create(t, s, "user", person("a@x"), person("b@x"))
	rows := make([]store.Record, 2500)
	for i := range rows {
		rows[i] = session(fmt.Sprint(i), users[i%2]["id"])
		rows[i]["expiresAt"] = moment(int64(i))
	}
	create(t, s, "session", rows...)
	must(s.Read(t.Context()))(t)
	p.heard()

	// A row that arrives between two pages is on none of them.
	late := 0
	p.before = func(c tapped) (*http.Response, error) {
		if c.endpoint != "query_at_ts" || late > 0 {
			return nil, nil
		}
		late++
		_, err := s.Apply(context.WithoutCancel(t.Context()), store.Batch{Ops: creations("session", session("late", users[0]["id"]))})
		return nil, err
	}
	q := store.Query{Table: "session", Where: store.Is("userId", users[0]["id"]), SortBy: "token", With: &store.Join{Table: "user", Local: "userId", Foreign: "id"}}
	all := must(s.Read(t.Context(), q, store.Query{Table: "session", Count: true}, store.Query{Table: "user", Count: true}))(t)
	p.before = nil
	if late != 1 || len(all[0].Rows) != 1250 || len(all[0].Related) != 1250 || all[1].Count != 2500 || all[2].Count != 2 {
		t.Fatalf("got %d rows, %d related, %d and %d counted", len(all[0].Rows), len(all[0].Related), all[1].Count, all[2].Count)
	}
	tokens := make([]string, len(all[0].Rows))
	for i, r := range all[0].Rows {
		tokens[i] = r["token"].(string)
		if all[0].RelatedOne(i)["email"] != "a@x" {
			t.Fatalf("session %d came with %v", i, all[0].RelatedOne(i))
		}
	}
	if !slices.IsSorted(tokens) || len(slices.Compact(tokens)) != 1250 {
		t.Error("the rows are not sorted, or not different")
	}

	p.heard()
	part := must(s.Read(t.Context(), store.Query{Table: "session", SortBy: "expiresAt", Descending: true, Offset: 1100, Limit: 2}))(t)
	if got := []any{part[0].Rows[0]["token"], part[0].Rows[1]["token"]}; !cmp.Equal(got, []any{"1399", "1398"}) {
		t.Errorf("got %v, want the rows at the offset", got)
	}
	want := []string{"query lockstep:read", "query_ts", "query_at_ts lockstep:read", "query_at_ts lockstep:read"}
	if diff := cmp.Diff(functionsCalled(p), want); diff != "" {
		t.Errorf("pages end when there is enough: %s", diff)
	}
}

func testLists(t *testing.T, s *convex.Store, _ *tap, _ *convextest.Deployment) {
	rows := make([]store.Record, 30)
	keys := make([]string, 1001)
	for i := range keys {
		keys[i] = fmt.Sprintf("k%d", i)
	}
	for i := range rows {
		rows[i] = thing(fmt.Sprint(i), "key", keys[i])
	}
	ids := []string{"none"}
	for _, r := range create(t, s, "odd", rows...) {
		ids = append(ids, r["id"].(string), r["id"].(string))
	}
	for _, c := range []struct {
		rule  string
		field string
		list  []string
		want  int
	}{
		{"no key", "key", nil, 0},
		{"a key twice", "key", []string{"k1", "k1"}, 1},
		{"as many as an index is asked for", "key", keys[:1000], 30},
		{"more than that", "key", keys, 30},
		{"no id", "id", nil, 0},
		{"ids, twice each", "id", ids, 30},
		{"an id that is none", "id", ids[:1], 0},
	} {
		results := must(s.Read(t.Context(), store.Query{Table: "odd", Where: store.Is().And(c.field, store.In, c.list)}))(t)
		if got := len(results[0].Rows); got != c.want {
			t.Errorf("%s: got %d rows, want %d", c.rule, got, c.want)
		}
	}
}

// testManyJoined: a list of ids comes in pages too, when each row brings others
// along.
func testManyJoined(t *testing.T, s *convex.Store, _ *tap, _ *convextest.Deployment) {
	people := make([]store.Record, 250)
	for i := range people {
		people[i] = person(fmt.Sprintf("%03d", i))
	}
	var ids []string
	var sessions []store.Record
	for i, r := range create(t, s, "user", people...) {
		ids = append(ids, r["id"].(string))
		sessions = append(sessions, session(fmt.Sprintf("%03d", i), r["id"]))
	}
	create(t, s, "session", sessions...)
	results := must(s.Read(t.Context(), store.Query{
		Table: "user", Where: store.Is().And("id", store.In, ids), SortBy: "email", Limit: 200, Offset: 10,
		With: &store.Join{Table: "session", Local: "id", Foreign: "userId"},
	}))(t)
	if len(results[0].Rows) != 200 {
		t.Fatalf("got %d rows, want 200", len(results[0].Rows))
	}
	for i, r := range results[0].Rows {
		if want := fmt.Sprintf("%03d", i+10); r["email"] != want || results[0].RelatedOne(i)["token"] != want {
			t.Fatalf("row %d is %v with session %v", i, r["email"], results[0].RelatedOne(i)["token"])
		}
	}
}

func testOverlap(t *testing.T, s *convex.Store, p *tap, _ *convextest.Deployment) {
	rows := create(t, s, "odd", thing("a", "key", "k", "tag", "x"), thing("b", "key", "l", "tag", "x"), thing("c", "key", "m", "tag", "y"))
	w := store.Where{Any: []store.Cond{{Field: "key", Value: "k"}, {Field: "tag", Value: "x"}, {Field: "id", Value: rows[1]["id"]}}}
	p.heard()
	results := must(s.Read(t.Context(), store.Query{Table: "odd", Where: w}, store.Query{Table: "odd", Where: w, Count: true}))(t)
	if len(results[0].Rows) != 2 || results[1].Count != 2 {
		t.Errorf("got %d rows and %d counted, want 2", len(results[0].Rows), results[1].Count)
	}
	queries := p.heard()[0].args["queries"].([]any)
	if n := len(queries[0].(map[string]any)["sources"].([]any)); n != 3 {
		t.Errorf("got %d sources, want an index or id for each condition", n)
	}
	deleted := must(s.Apply(t.Context(), store.Batch{Ops: []store.Op{{Verb: store.Delete, Table: "odd", Where: w}}}))(t)
	if deleted[0] == nil || rowsOf(t, s, "odd") != 1 {
		t.Errorf("got %d rows left, want 1", rowsOf(t, s, "odd"))
	}
}

// testChangedIndex makes the store believe that an index has another name, as
// when the schema was changed after the start.
func testChangedIndex(t *testing.T, _ *convex.Store, _ *tap, d *convextest.Deployment) {
	p := newTap(t)
	described := 0
	p.after = func(c tapped, resp *http.Response) (*http.Response, error) {
		if c.path == "lockstep:describe" {
			if described++; described == 1 {
				return replaced(resp, `"token":["token"]`, `"gone":["token"]`)
			}
		}
		return resp, nil
	}
	s := bound(t, convex.Config{URL: d.URL, Key: d.AdminKey, Transport: p})
	users := create(t, s, "user", person("a@x"))
	create(t, s, "session", session("t", users[0]["id"]))
	if described != 2 {
		t.Errorf("described %d times, want again after the index was missed", described)
	}
	p.heard()
	must(s.Read(t.Context(), store.Query{Table: "session", Where: store.Is("token", "t")}))(t)
	if diff := cmp.Diff(functionsCalled(p), []string{"query lockstep:read"}); diff != "" {
		t.Errorf("the new description is kept: %s", diff)
	}
	// An index that stays away is a failure of the database.
	p.after = func(c tapped, resp *http.Response) (*http.Response, error) {
		if c.path == "lockstep:describe" {
			return replaced(resp, `"token":["token"]`, `"gone":["token"]`)
		}
		return resp, nil
	}
	s = bound(t, convex.Config{URL: d.URL, Key: d.AdminKey, Transport: p})
	if _, err := s.Read(t.Context(), store.Query{Table: "session", Where: store.Is("token", "t")}); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
}

// testLargeRows: a transaction reads 16 MiB at most.
func testLargeRows(t *testing.T, s *convex.Store, p *tap, _ *convextest.Deployment) {
	for i := range 4 {
		var rows []store.Record
		for k := range 5 {
			rows = append(rows, thing(fmt.Sprint(i*5+k), "text", strings.Repeat("x", 900_000), "number", float64(i*5+k)))
		}
		create(t, s, "odd", rows...)
	}
	p.heard()
	results := must(s.Read(t.Context(), store.Query{Table: "odd", SortBy: "number", Descending: true}, store.Query{Table: "user"}))(t)
	if len(results[0].Rows) != 20 || results[0].Rows[0]["name"] != "19" || len(results[1].Rows) != 0 {
		t.Errorf("got %d and %d rows, want 20 and none", len(results[0].Rows), len(results[1].Rows))
	}
	if n := len(p.heard()); n < 5 || n > 20 {
		t.Errorf("got %d round trips, want some pages", n)
	}
}

// testTooLarge: Convex refuses documents of more than 1 MiB.
func testTooLarge(t *testing.T, s *convex.Store, _ *tap, _ *convextest.Deployment) {
	huge := thing("huge", "text", strings.Repeat("x", 17<<20))
	_, err := s.Apply(t.Context(), store.Batch{ID: "huge", Ops: creations("odd", thing("small"), huge)})
	if err == nil || errors.Is(err, store.ErrUnknownOutcome) || strings.Contains(err.Error(), "xxx") {
		t.Errorf("got %.200v, want an error that nothing happened", err)
	}
	if n := rowsOf(t, s, "odd"); n != 0 {
		t.Errorf("got %d rows, want none", n)
	}
}
