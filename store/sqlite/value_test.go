package sqlite_test

import (
	"encoding/json"
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/sqlite"
	"github.com/lockstep-auth/lockstep/store/storetest"
)

// TestStoredAs checks what other programs find in the file: SQLite's type and
// the text of each value.
func TestStoredAs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "auth.db")
	s := openAt(t, path)
	migrate(t, s, storetest.Tables())
	db := raw(t, path)
	for _, c := range []struct {
		rule, field, column string
		value               any
		kind, text          string
	}{
		{"a date is ISO text with milliseconds", "at", "at_time", now(), "text", "2026-01-02T03:04:05.678Z"},
		{"a date has its zeros", "at", "at_time", time.Date(1970, 1, 1, 1, 0, 0, 0, time.FixedZone("", 3600)), "text", "1970-01-01T00:00:00.000Z"},
		{"a date is rounded down", "at", "at_time", now().Add(999_999), "text", "2026-01-02T03:04:05.678Z"},
		{"the year 0", "at", "at_time", time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC), "text", "0000-01-01T00:00:00.000Z"},
		{"true is 1", "flag", "flag", true, "integer", "1"},
		{"false is 0", "flag", "flag", false, "integer", "0"},
		{"a whole number is an integer", "number", "number", 3.0, "integer", "3"},
		{"minus zero is zero", "number", "number", math.Copysign(0, -1), "integer", "0"},
		{"2^53 is exact", "big", "big", float64(1 << 53), "integer", "9007199254740992"},
		{"a fraction is a real", "number", "number", 0.5, "real", "0.5"},
		{"text stays text", "text", "the_text", "007", "text", "007"},
		{"strings are JSON", "strings", "strings", []string{"a\"\u2028<&>", "\n\x01"}, "text", `["a\"` + "\u2028" + `<&>","\n\u0001"]`},
		{"no strings are an empty list", "strings", "strings", []string{}, "text", "[]"},
		{"numbers are JSON", "numbers", "numbers", []float64{1, -0.5, 1e21, 1e-7}, "text", "[1,-0.5,1e+21,1e-7]"},
		{"JSON is JSON", "json", "json", map[string]any{"b": []any{nil, true}, "a": "x"}, "text", `{"a":"x","b":[null,true]}`},
		{"JSON text is quoted", "json", "json", "true", "text", `"true"`},
		{"null is null", "json", "json", nil, "null", ""},
	} {
		t.Run(c.rule, func(t *testing.T) {
			_, err := s.Apply(t.Context(), store.Batch{Ops: []store.Op{{
				Verb: store.Create, Table: "odd", Set: store.Record{"group": "g", "name": c.rule, c.field: c.value},
			}}})
			if err != nil {
				t.Fatal(err)
			}
			var kind, text string
			err = db.QueryRow(`select typeof(x), coalesce(x || '', '') from (select "`+c.column+`" as x from odd_things where name = ?)`, c.rule).
				Scan(&kind, &text)
			if err != nil || kind != c.kind || text != c.text {
				t.Errorf("got %s %q, %v; want %s %q", kind, text, err, c.kind, c.text)
			}
		})
	}
}

// TestReadsOthers checks values that other programs write.
func TestReadsOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "auth.db")
	s := openAt(t, path)
	migrate(t, s, storetest.Tables())
	db := raw(t, path)
	for _, c := range []struct {
		rule, field, column, sql string
		want                     any // an error if the value is a string that starts with "!"
	}{
		{"ISO text", "at", "at_time", "'2026-01-02T03:04:05.678Z'", now()},
		{"ISO text of another zone", "at", "at_time", "'2026-01-02T04:04:05.678+01:00'", now()},
		{"ISO text without milliseconds", "at", "at_time", "'2026-01-02T03:04:05Z'", now().Truncate(time.Second)},
		{"CURRENT_TIMESTAMP", "at", "at_time", "'2026-01-02 03:04:05'", now().Truncate(time.Second)},
		{"CURRENT_DATE", "at", "at_time", "'2026-01-02'", time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)},
		{"milliseconds", "at", "at_time", "1767323045678", now()},
		{"no date", "at", "at_time", "'yesterday'", `!column "at_time" holds a string that is not a date`},
		{"a flag as text", "flag", "flag", "'true'", true},
		{"a flag that is 2, as upstream reads it", "flag", "flag", "2", false},
		{"no flag", "flag", "flag", "'maybe'", `!column "flag" holds a string that is not a boolean`},
		{"a real for a whole number", "number", "number", "3.0", 3.0},
		{"no number", "number", "number", "'many'", `!column "number" holds a string that is not a number`},
		{"a number for text", "text", "the_text", "17", "17"},
		{"a blob for text", "text", "the_text", "x'4142'", "AB"},
		{"JSON with spaces", "json", "json", `'{ "a" : [ 1 ] }'`, map[string]any{"a": []any{1.0}}},
		{"text that is not JSON, as upstream reads it", "json", "json", `'{a'`, nil},
		{"strings", "strings", "strings", `'["a", "b"]'`, []string{"a", "b"}},
		{"no list", "strings", "strings", `'a'`, nil},
		{"a list of other things", "numbers", "numbers", `'["a"]'`, nil},
	} {
		t.Run(c.rule, func(t *testing.T) {
			run(t, db, "delete from odd_things", `insert into odd_things ("id", "status", "order", "name", "`+c.column+`") values ('1', 's', 'g', 'n', `+c.sql+`)`)
			r, err := s.Read(t.Context(), store.Query{Table: "odd"})
			if text, ok := c.want.(string); ok && strings.HasPrefix(text, "!") {
				if err == nil || !strings.Contains(err.Error(), text[1:]) {
					t.Errorf("got %v, want an error with %q", err, text[1:])
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, r[0].One()[c.field]); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestRefusesDates checks that no date is written that would not sort.
func TestRefusesDates(t *testing.T) {
	s := newStore(t)
	for _, year := range []int{-1, 10000} {
		r := person("ada@x")
		r["createdAt"] = time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		if _, err := s.Apply(t.Context(), store.Batch{Ops: []store.Op{{Verb: store.Create, Table: "user", Set: r}}}); err == nil {
			t.Errorf("a date of the year %d was stored", year)
		}
	}
}

// TestConstraintErrors checks that errors of SQLite name the fields by their
// logical names.
func TestConstraintErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "auth.db")
	s := openAt(t, path)
	migrate(t, s, storetest.Tables())
	db := raw(t, path)
	apply := func(op store.Op) error {
		_, err := s.Apply(t.Context(), store.Batch{Ops: []store.Op{op}})
		return err
	}
	err := apply(store.Op{Verb: store.Create, Table: "session", Set: session("t", "nobody")})
	if err == nil || !strings.Contains(err.Error(), `["userId"] must point at a row that exists`) {
		t.Errorf("a reference to nothing: %v", err)
	}
	run(t, db, `alter table "user" add column "shoe" integer`, `create trigger x after insert on "user" begin update "user" set "name" = null; end`)
	err = apply(store.Op{Verb: store.Create, Table: "user", Set: person("ada@x")})
	if err == nil || !strings.Contains(err.Error(), `field "name" is required`) {
		t.Errorf("a trigger that sets null: %v", err)
	}
	run(t, db, `drop trigger x`, `create unique index mine on odd_things (lower("the_text"))`)
	odd := store.Record{"group": "g", "name": "1", "text": "a"}
	if err := apply(store.Op{Verb: store.Create, Table: "odd", Set: odd}); err != nil {
		t.Fatal(err)
	}
	odd["name"] = "2"
	if diff := cmp.Diff(error(&store.UniqueError{Table: "odd"}), apply(store.Op{Verb: store.Create, Table: "odd", Set: odd})); diff != "" {
		t.Errorf("an index of others (-want +got):\n%s", diff)
	}
}

// FuzzParseDate checks that a text that is taken for a date is one: written
// back and read again, it is the same time.
func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"2026-01-02T03:04:05.678Z", "2026-01-02 03:04:05", "2026-01-02", "2026-01-02T04:04:05+01:00", "0000-01-01", "x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := sqlite.ParseDate(text).(time.Time)
		if !ok {
			return
		}
		if got.Location() != time.UTC || got != store.Millis(got) {
			t.Errorf("%q is %v, not UTC or not whole milliseconds", text, got)
		}
		if y := got.Year(); y < 0 || y > 9999 {
			return // an offset at the very end
		}
		if again := sqlite.ParseDate(got.Format("2006-01-02T15:04:05.000Z")); again != got {
			t.Errorf("%q is %v and then %v", text, got, again)
		}
	})
}

// FuzzJSON checks that what is written means the same to encoding/json, for
// any JSON that encoding/json reads.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`null`, `[1,-0,1e21,1e-7,0.1,1e300,5e-324]`, `{"a":{"b":["\u0000\u2028\ud83d\ude42\"\\/"]}}`, `"<>&"`, `true`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var want, got any
		if json.Unmarshal(text, &want) != nil {
			return
		}
		out := sqlite.AppendJSON(nil, want)
		if err := json.Unmarshal(out, &got); err != nil || !utf8.Valid(out) {
			t.Fatalf("%q becomes %q: %v", text, out, err)
		}
		if !reflect.DeepEqual(got, noNegativeZero(want)) {
			t.Errorf("%q becomes %q", text, out)
		}
	})
}

// noNegativeZero does what JSON.stringify does to -0.
func noNegativeZero(v any) any {
	switch v := v.(type) {
	case float64:
		return v + 0
	case []any:
		for i := range v {
			v[i] = noNegativeZero(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = noNegativeZero(v[k])
		}
	}
	return v
}
