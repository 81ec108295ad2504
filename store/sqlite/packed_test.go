package sqlite_test

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store/sqlite"
	"github.com/lockstep-auth/lockstep/store/storetest"
)

// A row that comes as JSON is the row that comes as columns, whatever is in it.
func TestPackedRows(t *testing.T) {
	values := map[string]any{
		"null": nil, "empty": "", "plain": "Ada", "quotes": `"`, "only quotes": `""""`, "backslash": `\`, "ends in a backslash": `Ada\`,
		"escapes": `\n\u0041\"`, "control characters": "\x01\b\t\n\f\r\x1f\x7f", "NUL": "a\x00b", "brackets": `],["null"`,
		"separators": "\u2028\u2029", "beyond the basic plane": "🔐", "not UTF-8": "a\xffb", "not UTF-8, with quotes": "\"\xff",
		"half of a pair": "\xed\xa0\x80", "JSON": `{"a":[1,null,"x"]}`, "null as text": "null",
		"a whole number": 7, "the largest": math.MaxInt64, "the smallest": math.MinInt64, "a number": 0.1, "many digits": 0.12345678901234567,
		"large": 1e300, "infinite": math.Inf(1), "a number of milliseconds": 1767323045123.0, "bytes": []byte("Ada"), "bytes that are no text": []byte{0xff},
		"long": strings.Repeat(`ä"`, 5000),
	}
	for name, value := range values {
		for _, column := range []string{"session.ipAddress", "session.createdAt", "user.name", "user.image", "user.emailVerified"} {
			t.Run(name+" in "+column, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "auth.db")
				warm := openAt(t, path)
				migrate(t, warm, storetest.Tables())
				users := apply(t, warm, creates("user", person("ada@example.com")))
				apply(t, warm, creates("session", session("t", users[0]["id"])))
				look(t, warm, "t")
				if at := warm.NearSQL(bySession("t")); !strings.Contains(at, "json_array") {
					t.Fatalf("got %q, want a row as JSON", at)
				}
				table, field, _ := strings.Cut(column, ".")
				_, err := openSQL(t, path).ExecContext(t.Context(), fmt.Sprintf("update %s set %s = ?", table, field), value)
				if value == nil && err != nil {
					return // not in this column
				}
				if err != nil {
					t.Fatal(err)
				}
				cold := openAt(t, path)
				if err := cold.Bind(storetest.Tables()); err != nil {
					t.Fatal(err)
				}
				want := look(t, cold, "t")
				for range 2 {
					if diff := cmp.Diff(look(t, warm, "t"), want); diff != "" {
						t.Errorf("got -, want +:\n%s", diff)
					}
				}
			})
		}
	}
}

// SQLite writes numbers to JSON with a loss, so that a table with one comes as
// columns.
func TestNumbersAreNotPacked(t *testing.T) {
	for name, kind := range map[string]schema.Type{"a number": schema.Number, "JSON": schema.JSON} {
		t.Run(name, func(t *testing.T) {
			tables := storetest.Tables()
			tables[0].Fields = append(tables[0].Fields, schema.Field{Name: "extra", Type: kind})
			s := openAt(t, filepath.Join(t.TempDir(), "auth.db"))
			migrate(t, s, tables)
			ada := person("ada@example.com")
			ada["extra"] = 0.1234567890123456
			users := apply(t, s, creates("user", ada))
			apply(t, s, creates("session", session("t", users[0]["id"])))
			for range 2 {
				got, err := s.Read(t.Context(), bySession("t"))
				if err != nil {
					t.Fatal(err)
				}
				if owner := got[0].RelatedOne(0); owner == nil || owner["extra"] != ada["extra"] {
					t.Errorf("got %v, want the number %v", owner, ada["extra"])
				}
			}
			if at := s.NearSQL(bySession("t")); at == "" || strings.Contains(at, "json_array") {
				t.Errorf("got %q, want columns", at)
			}
		})
	}
}

// FuzzUnpack compares with encoding/json.
func FuzzUnpack(f *testing.F) {
	for _, seed := range []string{`[]`, `["a",null,1]`, `["\u0041\"",-1,""]`, `["a"`, `[1.5]`, `[01]`, `["\`, `[nullnull]`, `["a"],`} {
		f.Add(seed, 3)
	}
	f.Fuzz(func(t *testing.T, array string, n int) {
		values := make([]driver.Value, n&7)
		if !sqlite.Unpack(array, values) || !json.Valid([]byte(array)) || !utf8.ValidString(array) {
			return
		}
		var want []any
		decode := json.NewDecoder(strings.NewReader(array))
		decode.UseNumber()
		if err := decode.Decode(&want); err != nil || len(want) != len(values) {
			t.Fatalf("%q: got %d values, want %d, %v", array, len(values), len(want), err)
		}
		for i, v := range want {
			if number, ok := v.(json.Number); ok {
				v, _ = number.Int64()
			}
			if values[i] != v {
				t.Errorf("%q: value %d: got %#v, want %#v", array, i, values[i], v)
			}
		}
	})
}
