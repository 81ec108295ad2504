package jsjson_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/internal/jsjson"
)

func TestMembers(t *testing.T) {
	type member = jsjson.Member
	tests := []struct {
		name, text string
		want       []member
		refused    bool
	}{
		{name: "keeps document order", text: `{"b":1,"a":2}`, want: []member{{"b", []byte("1")}, {"a", []byte("2")}}},
		{name: "keeps the first position and the last value of a repeated key", text: `{"a":1,"b":2,"\u0061":3}`, want: []member{{"a", []byte("3")}, {"b", []byte("2")}}},
		{name: "gives values without white space around them", text: " {\n\"a\" :\t[ 1 ] , \"b\":{ } }\r\n", want: []member{{"a", []byte("[ 1 ]")}, {"b", []byte("{ }")}}},
		{name: "takes an empty object", text: ` { } `},
		{name: "takes an empty key", text: `{"":null}`, want: []member{{"", []byte("null")}}},
		{name: "refuses an array", text: `[]`, refused: true},
		{name: "refuses a string", text: `"{}"`, refused: true},
		{name: "refuses nothing", text: ``, refused: true},
		{name: "refuses text behind the object", text: `{} x`, refused: true},
		{name: "refuses text behind the last member", text: `{"a":1} x`, refused: true},
		{name: "refuses a trailing comma", text: `{"a":1,}`, refused: true},
		{name: "refuses a malformed nested value", text: `{"a":{"b":[1,]}}`, refused: true},
		{name: "refuses an unclosed object", text: `{"a":1`, refused: true},
		{name: "refuses an unclosed string", text: `{"a":"1`, refused: true},
		{name: "refuses a control character", text: "{\"a\":\"\n\"}", refused: true},
		{name: "refuses a byte order mark", text: "\ufeff{}", refused: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := []member{{"before", []byte("0")}}
			got, ok := jsjson.Members(before, []byte(tt.text))
			if ok == tt.refused {
				t.Fatalf("ok: got %v, want %v", ok, !tt.refused)
			}
			if diff := cmp.Diff(append(before, tt.want...), got); diff != "" {
				t.Errorf("members (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMembersFindsARepeatedKeyAmongMany(t *testing.T) {
	text, want := "{", 5000
	for range 2 {
		for i := range want {
			text += `"k` + strconv.Itoa(i) + `":` + strconv.Itoa(i) + ","
		}
	}
	got, ok := jsjson.Members(nil, []byte(text+`"k0":"last"}`))
	if !ok || len(got) != want {
		t.Fatalf("got %d members, %v, want %d", len(got), ok, want)
	}
	if got[0].Key != "k0" || string(got[0].Value) != `"last"` || got[want-1].Key != "k4999" {
		t.Errorf("got first %s=%s, last %s", got[0].Key, got[0].Value, got[want-1].Key)
	}
}

// TestArrays: the reader of whole values and the scanner that steps over them agree
// on what an array is.
func TestArrays(t *testing.T) {
	tests := []struct {
		name, text string
		want       any // nil: refused
	}{
		{"gives values without white space around them", ` [ 1 , "a,]" ,{"b":[2]} ] `, []any{1.0, "a,]", map[string]any{"b": []any{2.0}}}},
		{"takes an empty array", `[ ]`, []any{}},
		{"refuses nothing", ` `, nil},
		{"refuses a trailing comma", `[1,]`, nil},
		{"refuses text behind an empty array", `[]]`, nil},
		{"refuses text behind the array", `[1]]`, nil},
		{"refuses a missing comma", `[1 2]`, nil},
		{"refuses an unclosed array", `[1`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := jsjson.Decode([]byte(tt.text))
			if diff := cmp.Diff(got, tt.want); diff != "" || (err == nil) != (tt.want != nil) {
				t.Errorf("Decode: %v (-got +want):\n%s", err, diff)
			}
			members, ok := jsjson.Members(nil, []byte(`{"a":`+tt.text+`}`))
			if ok != (tt.want != nil) || ok && string(members[0].Value) != strings.TrimSpace(tt.text) {
				t.Errorf("Members: got %v, %v", members, ok)
			}
		})
	}
}

func TestTruthy(t *testing.T) {
	for text, want := range map[string]bool{
		`null`: false, `false`: false, `0`: false, `-0`: false, `""`: false,
		`true`: true, `1`: true, `1e999`: true, `"0"`: true, `" "`: true, `[]`: true, `{}`: true,
	} {
		value, err := jsjson.Decode([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := jsjson.Truthy(value); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
}

func TestSingleValues(t *testing.T) {
	if v, ok := jsjson.String([]byte(`"a\u00e9\ud83d\ude00\ud800"`)); v != "aé😀\uFFFD" || !ok {
		t.Errorf("String: got %q, %v", v, ok)
	}
	for _, raw := range []string{``, `"`, `a`, ` "a"`, `"a" `, `"a""b"`, `"a\"`, `null`, "\"\x00\""} {
		if v, ok := jsjson.String([]byte(raw)); ok || v != "" {
			t.Errorf("String(%q): got %q, want a refusal", raw, v)
		}
	}
	for raw, want := range map[string]float64{"0": 0, "-1": -1, "1767323045678": 1767323045678, "1e3": 1000, "0.5": 0.5, "9007199254740993": 9007199254740992} {
		if v, ok := jsjson.Number([]byte(raw)); v != want || !ok {
			t.Errorf("Number(%q): got %v, %v, want %v", raw, v, ok, want)
		}
	}
	for _, raw := range []string{``, `-`, `01`, `1.`, `1 `, ` 1`, `"1"`, `null`, `0x1`, `1_0`, `Inf`} {
		if v, ok := jsjson.Number([]byte(raw)); ok || v != 0 {
			t.Errorf("Number(%q): got %v, want a refusal", raw, v)
		}
	}
	for raw, want := range map[string][2]bool{"true": {true, true}, "false": {false, true}, "null": {}, "True": {}, "true ": {}, "": {}, `"true"`: {}} {
		if v, ok := jsjson.Bool([]byte(raw)); v != want[0] || ok != want[1] {
			t.Errorf("Bool(%q): got %v, %v, want %v", raw, v, ok, want)
		}
	}
	if !jsjson.IsNull([]byte("null")) || jsjson.IsNull([]byte("nul")) || jsjson.IsNull(nil) {
		t.Error("IsNull: wrong")
	}
}

func TestTimeReadsThroughEscapes(t *testing.T) {
	at, ok := jsjson.Time([]byte(`"\u0032026-01-02T03:04:05.678Z"`))
	if want := time.UnixMilli(1767323045678); !ok || !at.Equal(want) {
		t.Errorf("got %v, %v, want %v", at, ok, want)
	}
	for _, raw := range []string{`2026-01-02T03:04:05Z`, `"2026-01-02T03:04:05Z`, `"2026-01-02T03:04:05\"Z"`, `null`, ``, `"\u"`} {
		if at, ok := jsjson.Time([]byte(raw)); ok {
			t.Errorf("Time(%q): got %v, want a refusal", raw, at)
		}
	}
}

func TestNestingIsBounded(t *testing.T) {
	nest := func(depth int) []byte {
		return []byte(strings.Repeat(`{"a":[`, depth/2) + strings.Repeat(`]}`, depth/2))
	}
	if _, err := jsjson.Decode(nest(512)); err != nil {
		t.Errorf("Decode of 512 levels: %v", err)
	}
	if _, err := jsjson.Decode(nest(514)); err == nil {
		t.Error("Decode of 514 levels: got no error")
	}
	if _, err := jsjson.Decode([]byte(strings.Repeat("[", 1_000_000))); err == nil {
		t.Error("Decode of a million levels: got no error")
	}
	if _, ok := jsjson.Members(nil, nest(512)); !ok {
		t.Error("Members of 512 levels: refused")
	}
	if got, ok := jsjson.Members(nil, nest(514)); ok || len(got) > 0 {
		t.Errorf("Members of 514 levels: got %d members, want a refusal", len(got))
	}
	if got, err := jsjson.Decode([]byte(strings.Repeat("[", 513) + strings.Repeat("]", 513))); err == nil {
		t.Errorf("Decode of 513 arrays: got %v, want an error", got)
	}
}

func TestErrorsDoNotQuoteTheText(t *testing.T) {
	_, err := jsjson.Decode([]byte(`{"password":"hunter2"`))
	if err == nil || strings.Contains(err.Error(), "hunter") {
		t.Errorf("got %v, want an error without the text", err)
	}
}
