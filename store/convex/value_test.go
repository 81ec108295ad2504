package convex_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	client "github.com/lockstep-auth/lockstep/convex"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store/convex"
)

func field(kind schema.Type) schema.Field { return schema.Field{Name: "hush-free", Type: kind} }

// TestDocuments checks what stands in a document: what the Convex adapter of
// Better Auth would have written.
func TestDocuments(t *testing.T) {
	for _, c := range []struct {
		rule string
		kind schema.Type
		in   any
		want any
	}{
		{"text as it is", schema.String, "a\x00🙂", "a\x00🙂"},
		{"a date is milliseconds", schema.Date, time.Date(2026, 1, 2, 3, 4, 5, 678_999_999, time.FixedZone("", 3600)), 1767319445678.0},
		{"a date before 1970", schema.Date, time.UnixMilli(-1), -1.0},
		{"a number is a float64", schema.Number, 42.0, 42.0},
		{"minus zero is zero", schema.Number, math.Copysign(0, -1), 0.0},
		{"a flag as it is", schema.Bool, false, false},
		{"JSON is text", schema.JSON, map[string]any{"a": []any{1.0, "<&>", nil}}, `{"a":[1,"<&>",null]}`},
		{"JSON text is text in quotes", schema.JSON, "x", `"x"`},
		{"a list of strings", schema.Strings, []string{"a"}, []string{"a"}},
		{"a list of numbers", schema.Numbers, []float64{1}, []any{1.0}},
		{"null is null", schema.JSON, nil, nil},
	} {
		t.Run(c.rule, func(t *testing.T) {
			got := must(convex.EncodeField(field(c.kind), c.in))(t)
			if diff := cmp.Diff(got, c.want); diff != "" {
				t.Error(diff)
			}
			if n, ok := got.(float64); ok && math.Signbit(n) != (n < 0) {
				t.Errorf("got %v with its sign", n)
			}
		})
	}
}

func TestValuesThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		rule string
		kind schema.Type
		in   any
	}{
		{"text that is not UTF-8", schema.String, "hush\xff"},
		{"text that is not UTF-8 in a list", schema.Strings, []string{"hush\xff"}},
		{"text that is not UTF-8 in JSON", schema.JSON, []any{"hush\xff"}},
		{"a name that is not UTF-8 in JSON", schema.JSON, map[string]any{"hush\xff": nil}},
		{"a date in JSON", schema.JSON, time.UnixMilli(0)},
		{"a list of strings in JSON", schema.JSON, []string{"hush"}},
		{"the year 10000", schema.Date, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"a year before 0", schema.Date, time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"an infinite number", schema.Number, math.Inf(1)},
		{"bytes", schema.String, []byte("hush")},
	} {
		t.Run(c.rule, func(t *testing.T) {
			got, err := convex.EncodeField(field(c.kind), c.in)
			if err == nil || strings.Contains(strings.ReplaceAll(err.Error(), "hush-free", ""), "hush") {
				t.Errorf("got %v, %v, want an error without the value", got, err)
			}
		})
	}
}

// TestForeignDocuments reads what other programs may have written.
func TestForeignDocuments(t *testing.T) {
	for _, c := range []struct {
		rule string
		kind schema.Type
		in   any
		want any
	}{
		{"int64 for a number", schema.Number, int64(7), 7.0},
		{"int64 for a date", schema.Date, int64(7), time.UnixMilli(7).UTC()},
		{"a fraction of a millisecond", schema.Date, 1.9, time.UnixMilli(1).UTC()},
		{"a fraction before 1970", schema.Date, -0.1, time.UnixMilli(-1).UTC()},
		{"JSON null", schema.JSON, "null", nil},
		{"an empty list", schema.Strings, []any{}, []string{}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			if diff := cmp.Diff(must(convex.DecodeField(field(c.kind), c.in))(t), c.want); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, c := range []struct {
		rule string
		kind schema.Type
		in   any
	}{
		{"text for a date", schema.Date, "2026-01-01"},
		{"a date beyond every calendar", schema.Date, 1e300},
		{"a date that is no number", schema.Date, math.NaN()},
		{"a number for text", schema.String, 1.0},
		{"text for a flag", schema.Bool, "true"},
		{"a list of other things", schema.Strings, []any{"hush", 1.0}},
		{"no list", schema.Numbers, 1.0},
		{"an object for JSON", schema.JSON, map[string]any{"hush": 1.0}},
		{"broken JSON", schema.JSON, "hush{"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			got, err := convex.DecodeField(field(c.kind), c.in)
			if err == nil || strings.Contains(err.Error(), "hush") {
				t.Errorf("got %v, %v, want an error without the value", got, err)
			}
		})
	}
}

// FuzzDecode: a value that is read can be written, and reads the same again.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{`"a"`, `1700000000000.5`, `true`, `"{\"a\":[1e3]}"`, `["a"]`, `[1,2]`, `null`, `{"$float":"AAAAAAAAAIA="}`, `"\"\\ud800\""`} {
		for kind := range 7 {
			f.Add(kind, []byte(text))
		}
	}
	f.Fuzz(func(t *testing.T, kind int, text []byte) {
		v, err := client.Decode(text)
		if err != nil || kind < 0 || kind > int(schema.Numbers) {
			return
		}
		read, err := convex.DecodeField(field(schema.Type(kind)), v)
		if err != nil || hasInfinity(read) {
			return
		}
		written, err := convex.EncodeField(field(schema.Type(kind)), read)
		if err != nil {
			t.Fatalf("%#v was read from %q and cannot be written: %v", read, text, err)
		}
		sent, err := client.Encode(written)
		if err != nil {
			t.Fatalf("%#v cannot be sent: %v", written, err)
		}
		if v, err = client.Decode(sent); err != nil {
			t.Fatal(err)
		}
		again, err := convex.DecodeField(field(schema.Type(kind)), v)
		if err != nil || !cmp.Equal(again, read) {
			t.Fatalf("got %#v, %v, want %#v", again, err, read)
		}
	})
}

// hasInfinity reports whether v is or has a number that no store takes. It can
// be read, so that a row with it is not lost.
func hasInfinity(v any) bool {
	switch v := v.(type) {
	case float64:
		return math.IsInf(v, 0) || math.IsNaN(v)
	case []float64:
		for _, n := range v {
			if hasInfinity(n) {
				return true
			}
		}
	}
	return false
}
