package relation_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/internal/relation"
	"github.com/lockstep-auth/lockstep/store"
)

func TestSelects(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	row := store.Record{"name": "Ada", "age": 36.0, "at": now, "on": true, "none": nil}
	is := func(field string, op store.Operator, value any) store.Where {
		return store.Where{All: []store.Cond{{Field: field, Op: op, Value: value}}}
	}
	folded := store.Where{All: []store.Cond{{Field: "name", Op: store.In, Value: []string{"x", "aDA"}, Fold: true}}}
	yes, no := is("name", store.Eq, "Ada"), is("name", store.Eq, "ada")
	for _, c := range []struct {
		rule  string
		where store.Where
		want  bool
	}{
		{"nothing asks for nothing", store.Where{}, true},
		{"text is compared with its case", no, false},
		{"unless it is folded", folded, true},
		{"null equals null", is("none", store.Eq, nil), true},
		{"null is no value", is("none", store.Lt, "x"), false},
		{"null is not unequal to a value", is("none", store.Ne, "x"), false},
		{"null is not outside of a list", is("none", store.NotIn, []string{"x"}), false},
		{"a value is not null", is("name", store.Ne, nil), true},
		{"numbers have an order", is("age", store.Gte, 36.0), true},
		{"dates have an order", is("at", store.Gt, now.Add(-time.Millisecond)), true},
		{"a list", is("age", store.In, []float64{1, 36}), true},
		{"an empty list has nothing", is("name", store.In, []string{}), false},
		{"and an empty list leaves nothing out", is("name", store.NotIn, []string{}), true},
		{"a part", is("name", store.Contains, "d"), true},
		{"a start", is("name", store.StartsWith, "d"), false},
		{"an end", is("name", store.EndsWith, "da"), true},
		{"all of All", store.Where{All: append(yes.All, no.All...)}, false},
		{"one of Any", store.Where{All: yes.All, Any: append(no.All, yes.All...)}, true},
		{"none of Any", store.Where{All: yes.All, Any: no.All}, false},
	} {
		if got := relation.Selects(c.where, row); got != c.want {
			t.Errorf("%s: got %t, want %t", c.rule, got, c.want)
		}
	}
}

func TestOrderAndWindow(t *testing.T) {
	q := store.Query{SortBy: "x", Descending: true, Offset: 1, Limit: 2}
	order := relation.Order(q)
	for _, c := range []struct {
		a, b any
		want int
	}{{nil, "a", 1}, {"a", nil, -1}, {nil, nil, 0}, {"a", "b", 1}, {2.0, 1.0, -1}, {false, true, 1}, {true, true, 0}} {
		if got := order(store.Record{"x": c.a}, store.Record{"x": c.b}); got != c.want {
			t.Errorf("%v and %v, descending: got %d, want %d", c.a, c.b, got, c.want)
		}
	}
	for n, want := range map[int][]int{0: {}, 1: {}, 2: {1}, 9: {1, 2}} {
		rows := make([]int, n)
		for i := range rows {
			rows[i] = i
		}
		if diff := cmp.Diff(relation.Window(q, rows), want); diff != "" {
			t.Errorf("the window of %d rows (-got +want):\n%s", n, diff)
		}
	}
}

func TestJSONValues(t *testing.T) {
	deep := map[string]any{"a": []any{nil, true, 1.5, "x", map[string]any{}}}
	if !relation.IsJSON(deep) {
		t.Error("a JSON value is refused")
	}
	for _, v := range []any{1, math.NaN(), []any{math.Inf(1)}, map[string]any{"a": []string{}}, time.Now} {
		if relation.IsJSON(v) {
			t.Errorf("%T is taken for JSON", v)
		}
	}
	copied, _ := relation.Clone(deep).(map[string]any)
	if diff := cmp.Diff(copied, deep); diff != "" {
		t.Errorf("a copy differs (-got +want):\n%s", diff)
	}
	list, _ := copied["a"].([]any)
	list[0] = "changed"
	if original, _ := deep["a"].([]any); original[0] != nil {
		t.Error("a change of the copy changed the original")
	}
}
