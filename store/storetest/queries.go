package storetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/lockstep-auth/lockstep/store"
)

func queryCases() []testCase {
	return []testCase{
		{"Sort", nil, testSort},
		{"Pages", nil, testPages},
		{"Empty", nil, testEmpty},
		{"Rows1", nil, func(t *testing.T, s store.Store) { testRows(t, s, 1) }},
		{"Rows200", nil, func(t *testing.T, s store.Store) { testRows(t, s, 200) }},
		{"Rows201", nil, func(t *testing.T, s store.Store) { testRows(t, s, 201) }},
		{"Rows10000", nil, func(t *testing.T, s store.Store) { testRows(t, s, 10_000) }},
		{"SeveralQueries", nil, testSeveralQueries},
	}
}

func testSort(t *testing.T, s store.Store) {
	mustCreate(t, s, "odd",
		odd("a", "number", 10.0, "text", "b", "at", at(5), "flag", true),
		odd("b", "number", 9.0, "text", "B", "at", at(-5), "flag", false),
		odd("c"),
		odd("d", "number", -1.0, "text", "a", "at", at(0), "flag", true),
	)
	for _, c := range []struct {
		rule string
		q    store.Query
		want []string
	}{
		{"numbers by value, null first", store.Query{SortBy: "number"}, []string{"c", "d", "b", "a"}},
		{"descending is the reverse, null last", store.Query{SortBy: "number", Descending: true}, []string{"a", "b", "d", "c"}},
		{"text by bytes", store.Query{SortBy: "text"}, []string{"c", "b", "d", "a"}},
		{"dates", store.Query{SortBy: "at"}, []string{"c", "b", "d", "a"}},
		{"sort before the limit", store.Query{SortBy: "at", Descending: true, Limit: 2}, []string{"a", "d"}},
		{"sort before the offset", store.Query{SortBy: "at", Offset: 3}, []string{"a"}},
		{"sort with a condition", store.Query{SortBy: "number", Where: store.Is("flag", true)}, []string{"d", "a"}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			c.q.Table = "odd"
			equal(t, "names", names(mustRead(t, s, c.q).Rows), c.want)
		})
	}
}

// testPages checks that pages neither repeat nor miss rows that tie.
func testPages(t *testing.T, s store.Store) {
	var records []store.Record
	for i := range 25 {
		records = append(records, odd(fmt.Sprintf("%02d", i), "tag", "same"))
	}
	mustCreate(t, s, "odd", records...)
	for _, sortBy := range []string{"", "tag"} {
		var seen []string
		for offset := 0; offset < 30; offset += 4 {
			page := mustRead(t, s, store.Query{Table: "odd", SortBy: sortBy, Limit: 4, Offset: offset})
			equal(t, "rows on the page", len(page.Rows), min(4, max(0, 25-offset)))
			seen = append(seen, names(page.Rows)...)
		}
		slices.Sort(seen)
		equal(t, "different rows on all pages", len(slices.Compact(seen)), 25)
	}
	equal(t, "rows after an offset alone", len(mustRead(t, s, store.Query{Table: "odd", Offset: 20}).Rows), 5)
	equal(t, "count, whatever the limit", mustRead(t, s, store.Query{Table: "odd", Count: true, Limit: 3, Offset: 2}).Count, 25)
}

func testEmpty(t *testing.T, s store.Store) {
	got := mustRead(t, s, store.Query{Table: "user", Where: store.Is("email", "a@b.c")})
	equal(t, "rows", len(got.Rows), 0)
	equal(t, "the first", got.One(), store.Record(nil))
	equal(t, "count", mustRead(t, s, store.Query{Table: "user", Count: true}).Count, 0)
	rows := mustApply(t, s,
		store.Op{Verb: store.Update, Table: "user", Where: store.Is("email", "a"), Set: store.Record{"name": "x"}},
		store.Op{Verb: store.Delete, Table: "user", Where: store.Is("email", "a")},
		store.Op{Verb: store.Check, Table: "user", Where: store.Is("email", "a")},
	)
	equal(t, "rows met", rows, []store.Record{nil, nil, nil})
	results, err := s.Read(t.Context())
	if err != nil || len(results) != 0 {
		t.Errorf("Read of no query: %v, %v", results, err)
	}
	if rows, err := s.Apply(t.Context(), store.Batch{}); err != nil || len(rows) != 0 {
		t.Errorf("Apply of no operation: %v, %v", rows, err)
	}
}

// testRows checks that a query without limit returns n rows, however many
// pages that takes.
func testRows(t *testing.T, s store.Store, n int) {
	for start := 0; start < n; start += 500 {
		var records []store.Record
		for i := start; i < min(n, start+500); i++ {
			records = append(records, odd(fmt.Sprint(i), "number", float64(i), "tag", fmt.Sprint(i%2)))
		}
		mustCreate(t, s, "odd", records...)
	}
	rows := mustRead(t, s, store.Query{Table: "odd", SortBy: "number"}).Rows
	equal(t, "rows", len(rows), n)
	for i, r := range rows {
		if r["number"] != float64(i) {
			t.Fatalf("row %d has number %v", i, r["number"])
		}
	}
	even := store.Is("tag", "0")
	equal(t, "rows that a condition selects", len(mustRead(t, s, store.Query{Table: "odd", Where: even}).Rows), (n+1)/2)
	equal(t, "count", mustRead(t, s, store.Query{Table: "odd", Count: true}).Count, n)
	equal(t, "count with a condition", mustRead(t, s, store.Query{Table: "odd", Where: even, Count: true}).Count, (n+1)/2)
	last := mustRead(t, s, store.Query{Table: "odd", SortBy: "number", Offset: n - 1})
	equal(t, "the last row", names(last.Rows), []string{fmt.Sprint(n - 1)})
}

func testSeveralQueries(t *testing.T, s store.Store) {
	mustCreate(t, s, "user", newUser("a@x"), newUser("b@x"))
	mustCreate(t, s, "odd", odd("o"))
	results, err := s.Read(t.Context(),
		store.Query{Table: "odd"},
		store.Query{Table: "user", Count: true},
		store.Query{Table: "user", Where: store.Is("email", "none")},
		store.Query{Table: "user", Where: store.Is("email", "b@x")})
	if err != nil || len(results) != 4 {
		t.Fatalf("Read: %d results, %v", len(results), err)
	}
	equal(t, "first", names(results[0].Rows), []string{"o"})
	equal(t, "second", results[1].Count, 2)
	equal(t, "third", len(results[2].Rows), 0)
	equal(t, "fourth", results[3].One()["email"], any("b@x"))
}

func joinCases() []testCase {
	return []testCase{
		{"JoinOne", nil, testJoinOne},
		{"JoinMany", nil, testJoinMany},
		{"JoinNull", nil, testJoinNull},
	}
}

func testJoinOne(t *testing.T, s store.Store) {
	users := mustCreate(t, s, "user", newUser("a@x"), newUser("b@x"))
	mustCreate(t, s, "session", newSession("t1", users[0]["id"]), newSession("t2", users[1]["id"]), newSession("t3", users[0]["id"]))
	join := &store.Join{Table: "user", Local: "userId", Foreign: "id"}
	q := store.Query{Table: "session", Where: store.Is("token", "t1"), With: join}
	got := mustRead(t, s, q)
	equal(t, "session", got.One()["token"], any("t1"))
	equal(t, "user", got.RelatedOne(0), users[0])

	all := mustRead(t, s, store.Query{Table: "session", SortBy: "token", With: join})
	equal(t, "rows", len(all.Rows), 3)
	equal(t, "related lists", len(all.Related), 3)
	for i, want := range []store.Record{users[0], users[1], users[0]} {
		equal(t, "user of a row", all.RelatedOne(i), want)
	}

	q.With = &store.Join{Table: "user", Local: "userId", Foreign: "id", Where: store.Is("email", "b@x")}
	got = mustRead(t, s, q)
	equal(t, "session whose user the join does not select", got.One()["token"], any("t1"))
	equal(t, "user that the join does not select", got.RelatedOne(0), store.Record(nil))

	q = store.Query{Table: "session", Where: store.Is("token", "none"), With: join}
	got = mustRead(t, s, q)
	equal(t, "rows of nothing", len(got.Rows), 0)
	equal(t, "related rows of nothing", got.RelatedOne(0), store.Record(nil))

	q = store.Query{Table: "session", SortBy: "token", Descending: true, Limit: 1, Offset: 1, With: join}
	equal(t, "user on a page", mustRead(t, s, q).RelatedOne(0), users[1])
	q.Count = true
	equal(t, "count", mustRead(t, s, q).Count, 3)
}

func testJoinMany(t *testing.T, s store.Store) {
	users := mustCreate(t, s, "user", newUser("a@x"), newUser("b@x"), newUser("c@x"))
	for i := range 5 {
		mustCreate(t, s, "session", newSession(fmt.Sprintf("a%d", i), users[0]["id"]))
	}
	mustCreate(t, s, "session", newSession("b0", users[1]["id"]))
	counts := func(join store.Join) []int {
		join.Table, join.Local, join.Foreign = "session", "id", "userId"
		r := mustRead(t, s, store.Query{Table: "user", SortBy: "email", With: &join})
		out := []int{}
		for i := range r.Rows {
			out = append(out, len(r.Related[i]))
			for _, session := range r.Related[i] {
				equal(t, "owner", session["userId"], r.Rows[i]["id"])
			}
		}
		return out
	}
	equal(t, "one each without limit", counts(store.Join{}), []int{1, 1, 0})
	equal(t, "up to the limit", counts(store.Join{Limit: 3}), []int{3, 1, 0})
	equal(t, "all", counts(store.Join{Limit: 100}), []int{5, 1, 0})
	some := store.Is().And("token", store.In, []string{"a1", "a3", "b9"})
	equal(t, "those selected", counts(store.Join{Limit: 100, Where: some}), []int{2, 0, 0})
}

// testJoinNull checks that null joins nothing, not even null.
func testJoinNull(t *testing.T, s store.Store) {
	mustCreate(t, s, "odd", odd("a"), odd("b", "text", "k"), odd("c", "key", "k"))
	r := mustRead(t, s, store.Query{Table: "odd", SortBy: "name", With: &store.Join{Table: "odd", Local: "text", Foreign: "key"}})
	equal(t, "null", r.RelatedOne(0), store.Record(nil))
	equal(t, "the one with the key", r.RelatedOne(1)["name"], any("c"))
	equal(t, "null again", r.RelatedOne(2), store.Record(nil))
}
