package convex_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/convex/convextest"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/convex"
	"github.com/lockstep-auth/lockstep/store/memory"
	"github.com/lockstep-auth/lockstep/store/storetest"
)

// TestSameAsMemory performs the same random batches and queries in a deployment
// and in memory, whose plan is to look at every row.
func TestSameAsMemory(t *testing.T) {
	d := convextest.Start(t, "functions", convextest.Options{})
	deployed := bound(t, convex.Config{URL: d.URL, Key: d.AdminKey})
	plain := memory.New()
	if err := plain.Bind(storetest.Tables()); err != nil {
		t.Fatal(err)
	}
	g := &generator{rand.New(rand.NewPCG(1, 2))}
	for i := range 250 {
		batch := store.Batch{Ops: g.ops()}
		gotRows, gotErr := deployed.Apply(t.Context(), batch)
		wantRows, wantErr := plain.Apply(t.Context(), batch)
		if got, want := outcome(gotErr), outcome(wantErr); got != want {
			t.Fatalf("batch %d %+v: got %v, want %v", i, batch.Ops, gotErr, wantErr)
		}
		for k := range wantRows {
			if (gotRows[k] == nil) != (wantRows[k] == nil) {
				t.Errorf("batch %d, operation %+v: got row %v, want %v", i, batch.Ops[k], gotRows[k], wantRows[k])
			}
		}
	}
	everything := store.Query{Table: "odd", SortBy: "name"}
	if diff := cmp.Diff(keyed(t, deployed, everything), keyed(t, plain, everything)); diff != "" {
		t.Fatalf("the rows after all batches: %s", diff)
	}
	for range 400 {
		q := g.query()
		checkSame(t, deployed, plain, q)
	}
}

// outcome is what a caller can tell about an error.
func outcome(err error) string {
	switch {
	case err == nil:
		return "done"
	case store.IsUnique(err, "odd"):
		return "unique"
	case store.IsGuard(err):
		return err.Error()
	}
	return "mistake"
}

// keyed returns the rows of a query without their ids, by group and name.
func keyed(t *testing.T, s store.Store, q store.Query) map[string]store.Record {
	t.Helper()
	out := make(map[string]store.Record)
	for _, r := range must(s.Read(t.Context(), q))(t)[0].Rows {
		delete(r, "id")
		out[fmt.Sprint(r["group"], "/", r["name"])] = r
	}
	return out
}

// checkSame compares the answers to a query. Which of the rows that tie are on
// a page is the store's choice.
func checkSame(t *testing.T, deployed, plain store.Store, q store.Query) {
	t.Helper()
	whole := q
	whole.Limit, whole.Offset = 0, 0
	want := keyed(t, plain, whole)
	if diff := cmp.Diff(keyed(t, deployed, whole), want); diff != "" {
		t.Errorf("%+v: %s", whole, diff)
	}
	counted := whole
	counted.Count = true
	if n := must(deployed.Read(t.Context(), counted))(t)[0].Count; n != len(want) {
		t.Errorf("%+v: got %d counted, want %d", counted, n, len(want))
	}
	order := func(s store.Store) []any {
		var out []any
		for _, r := range must(s.Read(t.Context(), q))(t)[0].Rows {
			out = append(out, r[q.SortBy])
			delete(r, "id")
			if diff := cmp.Diff(r, want[fmt.Sprint(r["group"], "/", r["name"])]); diff != "" {
				t.Errorf("%+v: a row of a page: %s", q, diff)
			}
		}
		return out
	}
	if diff := cmp.Diff(order(deployed), order(plain)); diff != "" {
		t.Errorf("%+v: the order: %s", q, diff)
	}
}

// A generator makes queries and batches that often meet something.
type generator struct{ *rand.Rand }

func pick[T any](g *generator, list ...T) T { return list[g.IntN(len(list))] }

// value returns a value for a field of table "odd".
func (g *generator) value(field string) any {
	if g.IntN(6) == 0 && field != "name" && field != "group" && field != "status" {
		return nil
	}
	switch field {
	case "number", "big":
		return float64(g.IntN(5))
	case "at":
		return moment(int64(g.IntN(5)))
	case "flag":
		return g.IntN(2) == 0
	case "key":
		return fmt.Sprint("k", g.IntN(40))
	}
	return pick(g, "a", "B", "b", "ab", "ba", "\uff5e", "😀", "äb", "") + pick(g, "", "", "x", "1")
}

func (g *generator) field() string {
	return pick(g, "text", "number", "big", "flag", "at", "key", "tag", "tag", "status", "group", "name", "name")
}

func (g *generator) cond() store.Cond {
	c := store.Cond{Field: g.field(), Fold: g.IntN(8) == 0}
	isText, isNumber := false, false
	switch c.Field {
	case "number", "big":
		isNumber = true
	case "flag", "at":
	default:
		isText = true
	}
	ops := []store.Operator{store.Eq, store.Eq, store.Eq, store.Ne}
	if c.Field != "flag" {
		ops = append(ops, store.Lt, store.Lte, store.Gt, store.Gte)
	}
	if isText {
		ops = append(ops, store.Contains, store.StartsWith, store.EndsWith)
	}
	if isText || isNumber {
		ops = append(ops, store.In, store.In, store.NotIn)
	}
	switch c.Op = pick(g, ops...); c.Op {
	case store.In, store.NotIn:
		c.Value = g.list(c.Field, isText)
		return c
	case store.Contains, store.StartsWith, store.EndsWith:
		c.Value = pick(g, "a", "b", "x", "")
		return c
	default:
		c.Value = g.value(c.Field)
	}
	return c
}

func (g *generator) list(field string, isText bool) any {
	texts, numbers := []string{}, []float64{}
	for range g.IntN(4) {
		switch v := g.value(field).(type) {
		case string:
			texts = append(texts, v)
		case float64:
			numbers = append(numbers, v)
		}
	}
	if isText {
		return texts
	}
	return numbers
}

func (g *generator) conds(n int) []store.Cond {
	var out []store.Cond
	for range n {
		out = append(out, g.cond())
	}
	return out
}

func (g *generator) query() store.Query {
	q := store.Query{Table: "odd", Where: store.Where{All: g.conds(g.IntN(4)), Any: g.conds(pick(g, 0, 0, 1, 2, 3))}}
	if g.IntN(2) == 0 {
		q.SortBy, q.Descending = pick(g, "text", "number", "at", "flag", "key", "tag", "name"), g.IntN(2) == 0
	}
	q.Limit, q.Offset = pick(g, 0, 1, 5), pick(g, 0, 0, 3)
	return q
}

func (g *generator) ops() []store.Op {
	var ops []store.Op
	for range 1 + g.IntN(3) {
		ops = append(ops, g.op())
	}
	return ops
}

func (g *generator) op() store.Op {
	if g.IntN(2) == 0 {
		r := store.Record{"group": pick(g, "g", "h"), "name": g.value("name")}
		for range g.IntN(6) {
			f := g.field()
			r[f] = g.value(f)
		}
		return store.Op{Verb: store.Create, Table: "odd", Set: r}
	}
	op := store.Op{Table: "odd", Where: store.Where{All: g.conds(1 + g.IntN(2)), Any: g.conds(pick(g, 0, 0, 2))}}
	op.Expect = pick(g, store.Some, store.Some, store.One, store.AtLeast)
	switch op.Verb = pick(g, store.Update, store.Update, store.Delete, store.Check); op.Verb {
	case store.Check:
		op.Expect = pick(g, store.Some, store.One, store.None, store.AtLeast)
	case store.Delete:
		op.Where.All = append(op.Where.All, store.Cond{Field: "number", Value: 4.0}) // so that rows remain
	case store.Update:
		f := g.field()
		op.Set = store.Record{f: g.value(f)}
		if f != "number" {
			op.Add = map[string]float64{"number": pick(g, 1.0, -1.0)}
		}
	default:
	}
	return op
}

// TestGenerator keeps TestSameAsMemory from agreeing about nothing.
func TestGenerator(t *testing.T) {
	plain := memory.New()
	if err := plain.Bind(storetest.Tables()); err != nil {
		t.Fatal(err)
	}
	g := &generator{rand.New(rand.NewPCG(1, 2))}
	outcomes := make(map[string]int)
	for range 250 {
		_, err := plain.Apply(t.Context(), store.Batch{Ops: g.ops()})
		outcomes[outcome(err)[:4]]++
	}
	met := 0
	for range 400 {
		if len(must(plain.Read(t.Context(), g.query()))(t)[0].Rows) > 0 {
			met++
		}
	}
	if kinds := slices.Sorted(maps.Keys(outcomes)); outcomes["done"] < 80 || outcomes["uniq"] < 20 || outcomes["stor"] < 20 || met < 100 {
		t.Errorf("got outcomes %v %v, and %d queries that met a row", kinds, outcomes, met)
	}
}
