package storetest

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/store"
)

func valueCases() []testCase {
	return []testCase{
		{"RoundTrip", nil, testRoundTrip},
		{"Precision", nil, testPrecision},
		{"Aliasing", nil, testAliasing},
		{"IDs", nil, testIDs},
		{"ChosenIDs", []Feature{ChosenIDs}, testChosenIDs},
		{"Defaults", nil, testDefaults},
		{"NotFinite", nil, testNotFinite},
	}
}

// testRoundTrip checks that values come back as they went in: from Create, from
// Update, and from Read by a condition on the value.
func testRoundTrip(t *testing.T, s store.Store) {
	for _, c := range []struct {
		rule  string
		field string
		value any
	}{
		{"empty text", "text", ""},
		{"text with NUL", "text", "a\x00b"},
		{"text that is NUL", "text", "\x00"},
		{"emoji", "text", "🙂👩‍👩‍👧"},
		{"line separators of JavaScript", "text", "a\u2028b\u2029c"},
		{"byte order mark", "text", "\ufeffa"},
		{"the end of Unicode", "text", "\U0010ffff\ufffd"},
		{"quotes and backslashes", "text", `'"` + "`" + `\'; drop table "user"; --`},
		{"text that looks like a number", "text", "007"},
		{"text that looks like null", "text", "null"},
		{"text that looks like a date", "text", "2026-01-02T03:04:05.678Z"},
		{"white space", "text", " \t\r\n "},
		{"a long text", "text", strings.Repeat("0123456789", 100_000)},
		{"zero", "number", 0.0},
		{"minus one", "number", -1.0},
		{"a fraction", "number", 0.1},
		{"2^53", "number", float64(1 << 53)},
		{"-2^53", "number", -float64(1 << 53)},
		{"milliseconds since 1970", "big", 1_700_000_000_123.0},
		{"2^63", "big", math.Pow(2, 63)},
		{"a very large number", "number", 1e300},
		{"a very small number", "number", 5e-324},
		{"true", "flag", true},
		{"false", "flag", false},
		{"1970", "at", time.UnixMilli(0).UTC()},
		{"before 1970", "at", time.UnixMilli(-1).UTC()},
		{"9999", "at", time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC)},
		{"no milliseconds", "at", time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC)},
		{"JSON object", "json", map[string]any{"a": 1.0, "b": []any{true, nil, "x"}, "": map[string]any{}}},
		{"JSON list", "json", []any{}},
		{"JSON text", "json", "a\u2028\x00\"\\</script>"},
		{"JSON text that looks like JSON", "json", "[1]"},
		{"JSON empty text", "json", ""},
		{"JSON number", "json", -1.5e-7},
		{"JSON true", "json", true},
		{"JSON false", "json", false},
		{"no strings", "strings", []string{}},
		{"strings", "strings", []string{"", "a,b", `"`, "🙂"}},
		{"no numbers", "numbers", []float64{}},
		{"numbers", "numbers", []float64{0, -1.5, 1e21, 1 << 53}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			name := c.rule
			created := mustCreate(t, s, "odd", odd(name, c.field, c.value))[0]
			equal(t, "created", created[c.field], c.value)
			got := mustRead(t, s, store.Query{Table: "odd", Where: store.Is("name", name)}).One()
			equal(t, "read", got, created)

			target := odd(name + " updated")
			mustCreate(t, s, "odd", target)
			updated := mustApply(t, s, store.Op{
				Verb: store.Update, Table: "odd",
				Where: store.Is("name", target["name"]), Set: store.Record{c.field: c.value},
			})[0]
			equal(t, "updated", updated[c.field], c.value)
			got = mustRead(t, s, store.Query{Table: "odd", Where: store.Is("name", target["name"])}).One()
			equal(t, "read after the update", got, updated)

			cleared := mustApply(t, s, store.Op{
				Verb: store.Update, Table: "odd",
				Where: store.Is("name", target["name"]), Set: store.Record{c.field: nil},
			})[0]
			equal(t, "cleared", cleared[c.field], nil)

			switch c.field {
			case "json", "strings", "numbers":
				return
			}
			w := store.Is(c.field, c.value, "name", name)
			equal(t, "rows with the value", mustRead(t, s, store.Query{Table: "odd", Where: w, Count: true}).Count, 1)
		})
	}
}

// testPrecision checks that dates have whole milliseconds, rounded down.
func testPrecision(t *testing.T, s store.Store) {
	fine := at(0).Add(987654 * time.Nanosecond).In(time.FixedZone("", 3600))
	got := mustCreate(t, s, "odd", odd("a", "at", fine, "number", negativeZero()))[0]
	equal(t, "date", got["at"], any(at(0)))
	if got["number"] != 0.0 {
		t.Errorf("minus zero: got %v", got["number"])
	}
	w := store.Is("at", fine)
	equal(t, "rows at that time", mustRead(t, s, store.Query{Table: "odd", Where: w, Count: true}).Count, 1)
}

// testAliasing checks that no change to a value that went in or came out
// reaches the store.
func testAliasing(t *testing.T, s store.Store) {
	in := odd("a", "strings", []string{"x"}, "numbers", []float64{1}, "json", map[string]any{"k": []any{"x"}})
	created := mustCreate(t, s, "odd", in)[0]
	q := store.Query{Table: "odd"}
	want := mustRead(t, s, q).One()
	spoil := func(r store.Record) {
		r["strings"].([]string)[0] = "spoilt"
		r["numbers"].([]float64)[0] = 13
		r["json"].(map[string]any)["k"].([]any)[0] = "spoilt"
		r["json"].(map[string]any)["more"] = true
		r["name"] = "spoilt"
		delete(r, "text")
	}
	spoil(in)
	spoil(created)
	equal(t, "after changing what went in", mustRead(t, s, q).One(), want)
	spoil(mustRead(t, s, q).One())
	equal(t, "after changing what was read", mustRead(t, s, q).One(), want)
	spoil(mustApply(t, s, store.Op{Verb: store.Update, Table: "odd", Where: store.Is("name", "a"), Set: store.Record{"tag": nil}})[0])
	equal(t, "after changing what was updated", mustRead(t, s, q).One(), want)
}

func testIDs(t *testing.T, s store.Store) {
	seen := make(map[string]bool)
	for range 20 {
		for _, r := range mustCreate(t, s, "verification",
			store.Record{"identifier": "i", "value": "v", "expiresAt": at(0), "createdAt": at(0), "updatedAt": at(0)}) {
			id, ok := r["id"].(string)
			if !ok || len(id) < 16 || seen[id] {
				t.Fatalf("id %v of a new row is no string, short or not new", r["id"])
			}
			seen[id] = true
			got := mustRead(t, s, store.Query{Table: "verification", Where: store.Is("id", id)})
			equal(t, "row by id", got.One(), r)
		}
	}
	ids := []string{"none"}
	for id := range seen {
		ids = append(ids, id)
	}
	w := store.Is().And("id", store.In, ids)
	equal(t, "rows by their ids", mustRead(t, s, store.Query{Table: "verification", Where: w, Count: true}).Count, 20)
}

func testChosenIDs(t *testing.T, s store.Store) {
	r := newUser("a@x")
	r["id"] = "chosen"
	equal(t, "id", mustCreate(t, s, "user", r)[0]["id"], any("chosen"))
	r = newUser("b@x")
	r["id"] = "chosen"
	wantUnique(t, refused(t, s, creation("user", r)), "user", "id")
	r["id"] = ""
	refused(t, s, creation("user", r))
	r["id"] = nil
	if id := mustCreate(t, s, "user", r)[0]["id"]; id == nil || id == "" {
		t.Errorf("a null id is no choice, but the new row has %v", id)
	}
}

func testDefaults(t *testing.T, s store.Store) {
	rows := mustCreate(t, s, "odd", odd("a"), odd("b", "status", "old"), odd("c", "status", nil))
	want := complete("odd", odd("a", "status", "new", "id", rows[0]["id"]))
	equal(t, "a new row has every field", rows[0], want)
	equal(t, "a value stands before the default", rows[1]["status"], any("old"))
	equal(t, "null is no value for a required field", rows[2]["status"], any("new"))
	refused(t, s, creation("odd", store.Record{"name": "no group"}))
	refused(t, s, creation("odd", store.Record{"name": "null group", "group": nil}))
	refused(t, s, store.Op{Verb: store.Update, Table: "odd", Where: store.Is("name", "a"), Set: store.Record{"group": nil}})
}

// testNotFinite checks that no number turns into null in silence.
func testNotFinite(t *testing.T, s store.Store) {
	mustCreate(t, s, "odd", odd("a"))
	for _, n := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		refused(t, s, creation("odd", odd("b", "number", n)))
		refused(t, s, creation("odd", odd("b", "numbers", []float64{1, n})))
		refused(t, s, creation("odd", odd("b", "json", []any{n})))
		refused(t, s, store.Op{Verb: store.Update, Table: "odd", Where: store.Is("name", "a"), Add: map[string]float64{"number": n}})
	}
}
