package storetest

import (
	"slices"
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep/store"
)

func conditionCases() []testCase {
	return []testCase{
		{"Operators", nil, testOperators},
		{"Groups", nil, testGroups},
		{"FoldAndNUL", nil, testFoldAndNUL},
		{"LongList", nil, testLongList},
	}
}

func seedConditions(t *testing.T, s store.Store) {
	t.Helper()
	mustCreate(t, s, "odd",
		odd("a", "text", "apple", "number", 1.0, "flag", true, "at", at(1), "tag", "red"),
		odd("b", "text", "Banana", "number", 2.0, "flag", false, "at", at(2), "tag", "red"),
		odd("n"),
		odd("e", "text", "", "number", 0.0, "at", at(3)),
		odd("p", "text", `50%_'"\x`, "number", -1.5, "json", map[string]any{"k": 1.0}),
		odd("u", "text", "äöÄ🙂"),
	)
}

// testOperators checks every operator against the rows of seedConditions.
func testOperators(t *testing.T, s store.Store) {
	seedConditions(t, s)
	for _, c := range []struct {
		rule string
		cond store.Cond
		want string
	}{
		{"equal text", store.Cond{Field: "text", Value: "apple"}, "a"},
		{"equal text is exact about case", store.Cond{Field: "text", Value: "APPLE"}, ""},
		{"equal to the empty text is not null", store.Cond{Field: "text", Value: ""}, "e"},
		{"equal text with quotes", store.Cond{Field: "text", Value: `50%_'"\x`}, "p"},
		{"equal number", store.Cond{Field: "number", Value: 2.0}, "b"},
		{"equal to a fraction", store.Cond{Field: "number", Value: -1.5}, "p"},
		{"zero and minus zero are equal", store.Cond{Field: "number", Value: negativeZero()}, "e"},
		{"equal to true", store.Cond{Field: "flag", Value: true}, "a"},
		{"equal to false is not null", store.Cond{Field: "flag", Value: false}, "b"},
		{"equal date", store.Cond{Field: "at", Value: at(2)}, "b"},
		{"equal date in another zone", store.Cond{Field: "at", Value: at(2).Local()}, "b"},
		{"equal to null", store.Cond{Field: "number", Value: nil}, "nu"},
		{"equal to null, JSON", store.Cond{Field: "json", Value: nil}, "abneu"},

		{"not equal skips null", store.Cond{Field: "number", Op: store.Ne, Value: 2.0}, "aep"},
		{"not equal text", store.Cond{Field: "text", Op: store.Ne, Value: "apple"}, "bepu"},
		{"not null", store.Cond{Field: "text", Op: store.Ne, Value: nil}, "abepu"},
		{"not null, JSON", store.Cond{Field: "json", Op: store.Ne, Value: nil}, "p"},
		{"not equal to true skips null", store.Cond{Field: "flag", Op: store.Ne, Value: true}, "b"},

		{"less", store.Cond{Field: "number", Op: store.Lt, Value: 1.0}, "ep"},
		{"less or equal", store.Cond{Field: "number", Op: store.Lte, Value: 1.0}, "aep"},
		{"greater", store.Cond{Field: "number", Op: store.Gt, Value: 0.0}, "ab"},
		{"greater or equal", store.Cond{Field: "number", Op: store.Gte, Value: 0.0}, "abe"},
		{"earlier", store.Cond{Field: "at", Op: store.Lt, Value: at(2)}, "a"},
		{"not later", store.Cond{Field: "at", Op: store.Lte, Value: at(2)}, "ab"},
		{"later", store.Cond{Field: "at", Op: store.Gt, Value: at(2)}, "e"},
		{"not earlier", store.Cond{Field: "at", Op: store.Gte, Value: at(2)}, "be"},
		{"text by bytes: capitals first", store.Cond{Field: "text", Op: store.Lt, Value: "a"}, "bep"},
		{"text by bytes: umlauts last", store.Cond{Field: "text", Op: store.Gt, Value: "z"}, "u"},
		{"less than null is nothing", store.Cond{Field: "number", Op: store.Lt, Value: nil}, ""},
		{"not less than null is nothing", store.Cond{Field: "number", Op: store.Gte, Value: nil}, ""},

		{"in", store.Cond{Field: "text", Op: store.In, Value: []string{"apple", "x", ""}}, "ae"},
		{"in numbers", store.Cond{Field: "number", Op: store.In, Value: []float64{2, -1.5, 7}}, "bp"},
		{"in nothing", store.Cond{Field: "text", Op: store.In, Value: []string{}}, ""},
		{"in no list", store.Cond{Field: "number", Op: store.In, Value: []float64(nil)}, ""},
		{"not in skips null", store.Cond{Field: "text", Op: store.NotIn, Value: []string{"apple", "x", "y"}}, "bepu"},
		{"not in numbers", store.Cond{Field: "number", Op: store.NotIn, Value: []float64{1, 2}}, "ep"},
		{"not in nothing is every value", store.Cond{Field: "text", Op: store.NotIn, Value: []string{}}, "abepu"},

		{"contains", store.Cond{Field: "text", Op: store.Contains, Value: "pl"}, "a"},
		{"contains is exact about case", store.Cond{Field: "text", Op: store.Contains, Value: "PL"}, ""},
		{"contains a literal %", store.Cond{Field: "text", Op: store.Contains, Value: "%"}, "p"},
		{"contains a literal _", store.Cond{Field: "text", Op: store.Contains, Value: "_"}, "p"},
		{"contains a literal backslash", store.Cond{Field: "text", Op: store.Contains, Value: `\x`}, "p"},
		{"contains nothing is every value", store.Cond{Field: "text", Op: store.Contains, Value: ""}, "abepu"},
		{"contains an emoji", store.Cond{Field: "text", Op: store.Contains, Value: "🙂"}, "u"},
		{"starts with", store.Cond{Field: "text", Op: store.StartsWith, Value: "app"}, "a"},
		{"starts with more than there is", store.Cond{Field: "text", Op: store.StartsWith, Value: "apples"}, ""},
		{"starts with a wildcard taken literally", store.Cond{Field: "text", Op: store.StartsWith, Value: "50%"}, "p"},
		{"starts with an umlaut", store.Cond{Field: "text", Op: store.StartsWith, Value: "äö"}, "u"},
		{"ends with", store.Cond{Field: "text", Op: store.EndsWith, Value: "ana"}, "b"},
		{"ends with more than there is", store.Cond{Field: "text", Op: store.EndsWith, Value: "xBanana"}, ""},
		{"ends with an emoji", store.Cond{Field: "text", Op: store.EndsWith, Value: "Ä🙂"}, "u"},
		{"ends with nothing is every value", store.Cond{Field: "text", Op: store.EndsWith, Value: ""}, "abepu"},

		{"fold equal", store.Cond{Field: "text", Value: "aPPle", Fold: true}, "a"},
		{"fold not equal", store.Cond{Field: "text", Op: store.Ne, Value: "BANANA", Fold: true}, "aepu"},
		{"fold in", store.Cond{Field: "text", Op: store.In, Value: []string{"BANANA", "APPLE"}, Fold: true}, "ab"},
		{"fold not in", store.Cond{Field: "text", Op: store.NotIn, Value: []string{"BANANA"}, Fold: true}, "aepu"},
		{"fold contains", store.Cond{Field: "text", Op: store.Contains, Value: "NAN", Fold: true}, "b"},
		{"fold starts with", store.Cond{Field: "text", Op: store.StartsWith, Value: "ba", Fold: true}, "b"},
		{"fold ends with", store.Cond{Field: "text", Op: store.EndsWith, Value: "PLE", Fold: true}, "a"},
		{"fold is for ASCII only", store.Cond{Field: "text", Op: store.Contains, Value: "ÄÖ", Fold: true}, ""},
		{"fold null", store.Cond{Field: "text", Value: nil, Fold: true}, "n"},
		{"fold of a number changes nothing", store.Cond{Field: "number", Value: 1.0, Fold: true}, "a"},
	} {
		t.Run(c.rule, func(t *testing.T) { selection(t, s, store.Where{All: []store.Cond{c.cond}}, c.want) })
	}
}

func negativeZero() float64 { zero := 0.0; return -zero }

// selection checks which rows of seedConditions a Where selects, with Read,
// with Count and as a guard.
func selection(t *testing.T, s store.Store, w store.Where, want string) {
	t.Helper()
	got := strings.Join(names(mustRead(t, s, store.Query{Table: "odd", Where: w}).Rows), "")
	equal(t, "rows", sorted(got), sorted(want))
	equal(t, "count", mustRead(t, s, store.Query{Table: "odd", Where: w, Count: true}).Count, len(want))
	if len(w.All)+len(w.Any) == 0 {
		return
	}
	expect := store.AtLeast
	if want == "" {
		expect = store.None
	}
	mustApply(t, s, store.Op{Verb: store.Check, Table: "odd", Where: w, Expect: expect})
}

func sorted(s string) string {
	b := []byte(s)
	slices.Sort(b)
	return string(b)
}

func testGroups(t *testing.T, s store.Store) {
	seedConditions(t, s)
	red, one := store.Cond{Field: "tag", Value: "red"}, store.Cond{Field: "number", Value: 1.0}
	two, null := store.Cond{Field: "number", Value: 2.0}, store.Cond{Field: "number", Value: nil}
	for _, c := range []struct {
		rule string
		w    store.Where
		want string
	}{
		{"no condition is every row", store.Where{}, "abnepu"},
		{"all of one group", store.Where{All: []store.Cond{red, one}}, "a"},
		{"all of one group, none", store.Where{All: []store.Cond{one, two}}, ""},
		{"any of the other", store.Where{Any: []store.Cond{one, null}}, "anu"},
		{"any of one", store.Where{Any: []store.Cond{two}}, "b"},
		{"both groups must hold", store.Where{All: []store.Cond{red}, Any: []store.Cond{two, null}}, "b"},
		{"the groups do not read from left to right", store.Where{All: []store.Cond{red, one}, Any: []store.Cond{two, null}}, ""},
		{"Is takes all", store.Is("tag", "red", "number", 2.0), "b"},
		{"And adds one", store.Is("tag", "red").And("number", store.Lt, 2.0), "a"},
	} {
		t.Run(c.rule, func(t *testing.T) { selection(t, s, c.w, c.want) })
	}
}

// testFoldAndNUL checks that no comparison stops at a NUL character, which
// would make different values equal.
func testFoldAndNUL(t *testing.T, s store.Store) {
	mustCreate(t, s, "odd", odd("a", "text", "Ab"), odd("b", "text", "Ab\x00Cd"), odd("c", "text", "Ab\x00Ce"))
	for _, c := range []struct {
		rule string
		cond store.Cond
		want string
	}{
		{"equal", store.Cond{Field: "text", Value: "Ab"}, "a"},
		{"equal with NUL", store.Cond{Field: "text", Value: "Ab\x00Cd"}, "b"},
		{"fold equal", store.Cond{Field: "text", Value: "aB", Fold: true}, "a"},
		{"fold equal with NUL", store.Cond{Field: "text", Value: "AB\x00CD", Fold: true}, "b"},
		{"fold equal to another", store.Cond{Field: "text", Value: "AB\x00", Fold: true}, ""},
		{"fold not equal", store.Cond{Field: "text", Op: store.Ne, Value: "AB", Fold: true}, "bc"},
		{"in", store.Cond{Field: "text", Op: store.In, Value: []string{"Ab\x00Ce"}}, "c"},
		{"fold in", store.Cond{Field: "text", Op: store.In, Value: []string{"ab\x00ce", "x"}, Fold: true}, "c"},
		{"contains", store.Cond{Field: "text", Op: store.Contains, Value: "\x00C"}, "bc"},
		{"contains after NUL", store.Cond{Field: "text", Op: store.Contains, Value: "Ce"}, "c"},
		{"starts with", store.Cond{Field: "text", Op: store.StartsWith, Value: "Ab\x00Cd"}, "b"},
		{"fold starts with", store.Cond{Field: "text", Op: store.StartsWith, Value: "AB\x00CD", Fold: true}, "b"},
		{"ends with", store.Cond{Field: "text", Op: store.EndsWith, Value: "b\x00Ce"}, "c"},
		{"less", store.Cond{Field: "text", Op: store.Lt, Value: "Ab\x00Cd"}, "a"},
		{"greater", store.Cond{Field: "text", Op: store.Gt, Value: "Ab\x00Cd"}, "c"},
	} {
		t.Run(c.rule, func(t *testing.T) { selection(t, s, store.Where{All: []store.Cond{c.cond}}, c.want) })
	}
}

// testLongList checks lists of many values.
func testLongList(t *testing.T, s store.Store) {
	seedConditions(t, s)
	for _, n := range []int{100, 101, 1000} {
		list := make([]string, n)
		for i := range list {
			list[i] = "no" + string(rune('A'+i%26))
		}
		list[n-1] = "apple"
		selection(t, s, store.Is().And("text", store.In, list), "a")
		selection(t, s, store.Is().And("text", store.NotIn, list), "bepu")
	}
}
