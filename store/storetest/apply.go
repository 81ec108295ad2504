package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/lockstep-auth/lockstep/store"
)

func applyCases() []testCase {
	return []testCase{
		{"Create", nil, testCreate},
		{"Update", nil, testUpdate},
		{"Add", nil, testAdd},
		{"Delete", nil, testDelete},
		{"Guards", nil, testGuards},
		{"AllOrNone", []Feature{AtomicBatches}, testAllOrNone},
		{"EarlierOperations", []Feature{AtomicBatches}, testEarlierOperations},
		{"IDOf", []Feature{AtomicBatches}, testIDOf},
		{"Marks", nil, testMarks},
		{"UniqueField", []Feature{UniqueFields}, testUniqueField},
		{"UniqueIndex", []Feature{UniqueFields}, testUniqueIndex},
		{"References", []Feature{References}, testReferences},
		{"BatchID", []Feature{BatchIDs}, testBatchID},
		{"Cancelled", nil, testCancelled},
	}
}

func testCreate(t *testing.T, s store.Store) {
	in := newUser("a@x")
	got := mustCreate(t, s, "user", in)[0]
	want := complete("user", in)
	want["id"], want["emailVerified"] = got["id"], false
	equal(t, "the new row", got, want)
	equal(t, "the row that is read", mustRead(t, s, store.Query{Table: "user"}).One(), want)
	if _, ok := in["id"]; ok {
		t.Error("Apply changed the record it was given")
	}
}

func testUpdate(t *testing.T, s store.Store) {
	mustCreate(t, s, "odd", odd("a", "text", "t", "number", 1.0), odd("b", "text", "t"), odd("c", "text", "other"))
	update := func(w store.Where, set store.Record) store.Record {
		t.Helper()
		return mustApply(t, s, store.Op{Verb: store.Update, Table: "odd", Where: w, Set: set})[0]
	}
	got := update(store.Is("name", "a"), store.Record{"text": nil, "tag": "new"})
	want := complete("odd", odd("a", "number", 1.0, "tag", "new", "status", "new", "id", got["id"]))
	equal(t, "the new row", got, want)
	equal(t, "the row that is read", mustRead(t, s, store.Query{Table: "odd", Where: store.Is("name", "a")}).One(), want)

	got = update(store.Is("name", "zzz"), store.Record{"text": "x"})
	equal(t, "an update of nothing", got, store.Record(nil))

	got = update(store.Where{Any: []store.Cond{{Field: "name", Value: "b"}, {Field: "name", Value: "c"}}}, store.Record{"tag": "bc"})
	if got["name"] != "b" && got["name"] != "c" || got["tag"] != "bc" {
		t.Errorf("an update of two rows returned %v", got)
	}
	equal(t, "rows updated", mustRead(t, s, store.Query{Table: "odd", Where: store.Is("tag", "bc"), Count: true}).Count, 2)

	got = update(store.Is("name", "b"), store.Record{"name": "b2", "text": "x"})
	equal(t, "an update of the field it selects by", got["name"], any("b2"))

	got = update(store.Is("name", "c"), nil)
	equal(t, "an update of no field", got["name"], any("c"))
}

func testAdd(t *testing.T, s store.Store) {
	mustCreate(t, s, "odd", odd("a", "number", 1.5), odd("null"))
	add := func(name string, set store.Record, add map[string]float64) store.Record {
		t.Helper()
		return mustApply(t, s, store.Op{Verb: store.Update, Table: "odd", Where: store.Is("name", name), Set: set, Add: add})[0]
	}
	equal(t, "sum", add("a", nil, map[string]float64{"number": 2})["number"], any(3.5))
	equal(t, "difference", add("a", nil, map[string]float64{"number": -4})["number"], any(-0.5))
	equal(t, "null counts as 0", add("null", nil, map[string]float64{"number": 3})["number"], any(3.0))
	equal(t, "to a big number", add("null", nil, map[string]float64{"big": 1 << 53})["big"], any(float64(1<<53)))
	got := add("a", store.Record{"tag": "t"}, map[string]float64{"number": 1, "big": 1})
	equal(t, "sum beside what is set", []any{got["number"], got["big"], got["tag"]}, []any{0.5, 1.0, "t"})
	equal(t, "row that is read", mustRead(t, s, store.Query{Table: "odd", Where: store.Is("name", "a")}).One(), got)
}

func testDelete(t *testing.T, s store.Store) {
	rows := mustCreate(t, s, "odd", odd("a"), odd("b", "tag", "x"), odd("c", "tag", "x"))
	got := mustApply(t, s, store.Op{Verb: store.Delete, Table: "odd", Where: store.Is("name", "a")})[0]
	equal(t, "the row that is gone", got, rows[0])
	got = mustApply(t, s, store.Op{Verb: store.Delete, Table: "odd", Where: store.Is("tag", "x")})[0]
	if got["name"] != "b" && got["name"] != "c" {
		t.Errorf("a deletion of two rows returned %v", got)
	}
	equal(t, "rows left", mustRead(t, s, store.Query{Table: "odd", Count: true}).Count, 0)
	got = mustApply(t, s, store.Op{Verb: store.Delete, Table: "odd", Where: store.Is("tag", "x")})[0]
	equal(t, "a deletion of nothing", got, store.Record(nil))
}

// testGuards checks each expectation against no, one and two rows.
func testGuards(t *testing.T, s store.Store) {
	verbs := map[string]store.Verb{"update": store.Update, "delete": store.Delete, "check": store.Check}
	for _, c := range []struct {
		verb   string
		expect store.Expect
		holds  [3]bool // for 0, 1 and 2 rows
	}{
		{"update", store.Some, [3]bool{true, true, true}},
		{"update", store.One, [3]bool{false, true, false}},
		{"update", store.AtLeast, [3]bool{false, true, true}},
		{"delete", store.Some, [3]bool{true, true, true}},
		{"delete", store.One, [3]bool{false, true, false}},
		{"delete", store.AtLeast, [3]bool{false, true, true}},
		{"check", store.Some, [3]bool{true, true, true}},
		{"check", store.One, [3]bool{false, true, false}},
		{"check", store.None, [3]bool{true, false, false}},
		{"check", store.AtLeast, [3]bool{false, true, true}},
	} {
		for n, holds := range c.holds {
			mustApply(t, s, store.Op{Verb: store.Delete, Table: "odd", Where: store.Is("group", "g")})
			for _, name := range []string{"a", "b"}[:n] {
				mustCreate(t, s, "odd", odd(name, "tag", "x"))
			}
			op := store.Op{Verb: verbs[c.verb], Table: "odd", Where: store.Is("tag", "x"), Expect: c.expect}
			if c.verb == "update" {
				op.Set = store.Record{"text": "new"}
			}
			if !holds {
				wantGuard(t, refused(t, s, op), 0)
				continue
			}
			row := mustApply(t, s, op)[0]
			if (row != nil) != (n > 0) {
				t.Errorf("%s with %d rows returned %v", c.verb, n, row)
			}
		}
	}
	for _, w := range []store.Where{store.Is("name", "a", "tag", "y"), store.Is("name", "a", "at", at(0))} {
		err := refused(t, s, store.Op{Verb: store.Update, Table: "odd", Where: w, Expect: store.One, Set: store.Record{"text": "no"}})
		wantGuard(t, err, 0)
	}
}

func testAllOrNone(t *testing.T, s store.Store) {
	rows := mustCreate(t, s, "odd", odd("a", "key", "taken", "number", 1.0), odd("b"))
	fine := []store.Op{
		creation("odd", odd("new")),
		creation("user", newUser("a@x")),
		{Verb: store.Update, Table: "odd", Where: store.Is("name", "a"), Set: store.Record{"key": nil}, Add: map[string]float64{"number": 5}},
		{Verb: store.Delete, Table: "odd", Where: store.Is("id", rows[1]["id"]), Expect: store.One},
	}
	missing := store.Op{Verb: store.Delete, Table: "odd", Where: store.Is("name", "none"), Expect: store.One}
	wantGuard(t, refused(t, s, append(fine[:4:4], missing)...), 4)
	wantGuard(t, refused(t, s, append([]store.Op{fine[0], missing}, fine[1:]...)...), 1)
	refused(t, s, append(fine[:4:4], store.Op{Verb: store.Update, Table: "none", Where: store.Is("a", "b")})...)
	refused(t, s, append(fine[:4:4], creation("odd", odd("type", "number", "no number")))...)
	mustApply(t, s, fine...)
	equal(t, "rows after the batch that fits", names(mustRead(t, s, store.Query{Table: "odd", SortBy: "name"}).Rows), []string{"a", "new"})
}

func testEarlierOperations(t *testing.T, s store.Store) {
	by := func(name string) store.Where { return store.Is("name", name) }
	rows := mustApply(t, s,
		creation("odd", odd("a", "number", 1.0)),
		store.Op{Verb: store.Check, Table: "odd", Where: by("a"), Expect: store.One},
		store.Op{Verb: store.Update, Table: "odd", Where: by("a"), Set: store.Record{"name": "b"}, Expect: store.One},
		store.Op{Verb: store.Check, Table: "odd", Where: by("a"), Expect: store.None},
		store.Op{Verb: store.Update, Table: "odd", Where: by("b"), Add: map[string]float64{"number": 1}, Expect: store.One},
		store.Op{Verb: store.Delete, Table: "odd", Where: by("b").And("number", store.Eq, 2.0), Expect: store.One},
		store.Op{Verb: store.Check, Table: "odd", Where: by("b"), Expect: store.None},
		creation("odd", odd("b", "text", "again")),
	)
	equal(t, "row of the first update", []any{rows[2]["name"], rows[2]["number"]}, []any{"b", 1.0})
	equal(t, "row of the second", rows[4]["number"], any(2.0))
	equal(t, "row deleted", rows[5]["number"], any(2.0))
	left := mustRead(t, s, store.Query{Table: "odd"}).Rows
	equal(t, "rows left", left, []store.Record{rows[7]})
}

func testIDOf(t *testing.T, s store.Store) {
	rows := mustApply(t, s,
		creation("user", newUser("a@x")),
		creation("session", newSession("t", store.IDOf(0))),
		store.Op{
			Verb: store.Update, Table: "user", Where: store.Is("id", store.IDOf(0)), Expect: store.One,
			Set: store.Record{"image": store.IDOf(1)},
		},
		store.Op{Verb: store.Check, Table: "session", Where: store.Where{Any: []store.Cond{{Field: "userId", Value: store.IDOf(0)}}}, Expect: store.One},
		store.Op{Verb: store.Check, Table: "session", Where: store.Is().And("userId", store.Ne, store.IDOf(0)), Expect: store.None},
	)
	equal(t, "the session's user", rows[1]["userId"], rows[0]["id"])
	equal(t, "the user's image", rows[2]["image"], rows[1]["id"])

	refused(t, s, creation("session", newSession("t2", store.IDOf(0))))
	refused(t, s, creation("session", newSession("t2", store.IDOf(1))), creation("user", newUser("b@x")))
	refused(t, s, creation("user", newUser("b@x")), creation("session", newSession("t2", store.IDOf(-1))))
	refused(t, s,
		store.Op{Verb: store.Update, Table: "user", Where: store.Is("email", "a@x"), Set: store.Record{"name": "x"}},
		creation("session", newSession("t2", store.IDOf(0))))
	refused(t, s, creation("user", newUser("b@x")), creation("odd", odd("o", "number", store.IDOf(0))))
}

// testMarks checks that what an operation says to save trips changes nothing else.
func testMarks(t *testing.T, s store.Store) {
	rows := mustApply(t, s, creation("user", newUser("a@x")))
	beside := creation("session", newSession("t", rows[0]["id"]))
	beside.Beside = true
	made := mustApply(t, s,
		store.Op{Verb: store.Update, Table: "user", Where: store.Is("id", rows[0]["id"]), Set: store.Record{"name": "new"}}, beside)
	equal(t, "the row beside which one is made", made[0]["name"], any("new"))
	equal(t, "the row that is made beside it", mustRead(t, s, store.Query{Table: "session"}).One(), made[1])

	secrets := mustCreate(t, s, "odd", odd("secret"), odd("another"))
	sole := store.Op{Verb: store.Delete, Table: "odd", Where: store.Is("name", "secret"), Expect: store.One, Sole: true}
	equal(t, "the sole row that is gone", mustApply(t, s, sole)[0], secrets[0])
	if _, err := s.Apply(t.Context(), store.Batch{Ops: []store.Op{sole}}); !store.IsGuard(err) {
		t.Errorf("a sole row that was removed before: got %v, want a guard", err)
	}
	equal(t, "rows left", mustRead(t, s, store.Query{Table: "odd"}).Rows, secrets[1:])
}

func testUniqueField(t *testing.T, s store.Store) {
	mustCreate(t, s, "user", newUser("a@x"), newUser("b@x"))
	wantUnique(t, refused(t, s, creation("user", newUser("a@x"))), "user", "email")
	change := store.Op{Verb: store.Update, Table: "user", Where: store.Is("email", "b@x"), Set: store.Record{"email": "a@x"}}
	wantUnique(t, refused(t, s, change), "user", "email")
	change.Where = store.Is("email", "a@x")
	mustApply(t, s, change) // to what it is already
	mustCreate(t, s, "user", newUser("A@x"))

	mustCreate(t, s, "odd", odd("a"), odd("b"), odd("c", "key", ""), odd("d", "key", "k")) // null is no value
	wantUnique(t, refused(t, s, creation("odd", odd("e", "key", ""))), "odd", "key")
	both := store.Op{Verb: store.Update, Table: "odd", Where: store.Is("key", nil), Set: store.Record{"key": "same"}}
	wantUnique(t, refused(t, s, both), "odd", "key")
	mustApply(t, s,
		store.Op{Verb: store.Delete, Table: "odd", Where: store.Is("name", "d")},
		creation("odd", odd("e", "key", "k")))
}

func testUniqueIndex(t *testing.T, s store.Store) {
	mustCreate(t, s, "odd", odd("a"), odd("b"), odd("a", "group", "other"))
	wantUnique(t, refused(t, s, creation("odd", odd("a"))), "odd", "group,name")
	change := store.Op{Verb: store.Update, Table: "odd", Where: store.Is("name", "b"), Set: store.Record{"name": "a"}}
	wantUnique(t, refused(t, s, change), "odd", "group,name")
}

func testReferences(t *testing.T, s store.Store) {
	users := mustCreate(t, s, "user", newUser("a@x"), newUser("b@x"))
	mustCreate(t, s, "session", newSession("a1", users[0]["id"]), newSession("a2", users[0]["id"]), newSession("b1", users[1]["id"]))
	err := refused(t, s, creation("session", newSession("t", "nobody")))
	if store.IsGuard(err) || store.IsUnique(err, "session") || errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a row that points nowhere: got %v", err)
	}
	refused(t, s, store.Op{Verb: store.Update, Table: "session", Where: store.Is("token", "a1"), Set: store.Record{"userId": "nobody"}})
	gone := mustApply(t, s, store.Op{Verb: store.Delete, Table: "user", Where: store.Is("email", "a@x"), Expect: store.One})
	equal(t, "the row that is gone", gone[0], users[0])
	left := mustRead(t, s, store.Query{Table: "session"}).Rows
	if len(left) != 1 || left[0]["token"] != "b1" {
		t.Errorf("sessions left: %v", left)
	}
	if !t.Failed() {
		wantGuard(t, refused(t, s,
			store.Op{Verb: store.Delete, Table: "user", Where: store.Is("email", "b@x")},
			store.Op{Verb: store.Check, Table: "session", Where: store.Is("token", "b1"), Expect: store.One}), 1)
	}
}

func testBatchID(t *testing.T, s store.Store) {
	mustCreate(t, s, "odd", odd("a", "number", 0.0))
	b := store.Batch{ID: "batch-1", Ops: []store.Op{
		creation("odd", odd("new")),
		{Verb: store.Update, Table: "odd", Where: store.Is("name", "a"), Add: map[string]float64{"number": 1}},
	}}
	first, err := s.Apply(t.Context(), b)
	if err != nil {
		t.Fatalf("Apply: %v", err)
	}
	second, err := s.Apply(t.Context(), b)
	if err != nil {
		t.Fatalf("Apply again: %v", err)
	}
	equal(t, "rows the second time", second, first)
	rows := mustRead(t, s, store.Query{Table: "odd", SortBy: "name"}).Rows
	equal(t, "rows", names(rows), []string{"a", "new"})
	equal(t, "number", rows[0]["number"], any(1.0))
}

func testCancelled(t *testing.T, s store.Store) {
	mustCreate(t, s, "odd", odd("a"))
	before := state(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if rows, err := apply(ctx, s, creation("odd", odd("b"))); err == nil || rows != nil {
		t.Errorf("Apply after the end of its context: %v, %v", rows, err)
	}
	if results, err := s.Read(ctx, store.Query{Table: "odd"}); err == nil || results != nil {
		t.Errorf("Read after the end of its context: %v, %v", results, err)
	}
	equal(t, "rows", state(t, s), before)
}
