package jsjson_test

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/internal/jsjson"
)

func seed(f *testing.F) {
	for _, text := range []string{
		`{"a":1,"b":[true,null,"x\ud83d\ude00"],"a":{"c":-1.5e3}}`, `[]`, `{}`, `"\u2028"`, `1e400`, "\ufeff{}", `{"\u0061":1,"a":2}`,
		"\"\xff\"", `[[[[`, `"2026-01-02T03:04:05.678Z"`, `{"a":"1234567\n"}`, `-0`, `[1,]`, `{"aaaaaaaa":"bbbbbbbbbbbbbbbb\\"}`,
	} {
		f.Add([]byte(text))
	}
}

// depth is a bound from above on nesting: brackets in strings count as well.
func depth(data []byte) int { return bytes.Count(data, []byte("[")) + bytes.Count(data, []byte("{")) }

// FuzzDecode compares with encoding/json, which differs in byte order marks, numbers
// out of range, nesting, and in how many U+FFFD ill-formed text gives.
func FuzzDecode(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		if depth(data) > 512 {
			return
		}
		text := bytes.TrimPrefix(data, []byte("\ufeff"))
		got, err := jsjson.Decode(data)
		if (err == nil) != json.Valid(text) {
			t.Fatalf("Decode: %v, json.Valid: %v", err, json.Valid(text))
		}
		var want any
		if err != nil || !utf8.Valid(text) || json.Unmarshal(text, &want) != nil {
			return
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("differs (-encoding/json +got):\n%s", diff)
		}
		again, err := jsjson.Decode(jsjson.AppendValue(nil, got))
		if err != nil || !cmp.Equal(got, again) {
			t.Fatalf("written and read again: %v, %v", again, err)
		}
	})
}

// FuzzMembers says that splitting and decoding agree, and that values are slices of
// the input.
func FuzzMembers(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.HasPrefix(data, []byte("\ufeff")) {
			return
		}
		whole, err := jsjson.Decode(data)
		object, isObject := whole.(map[string]any)
		members, ok := jsjson.Members(nil, data)
		if ok != (err == nil && isObject) || len(members) != len(object) {
			t.Fatalf("Members: %d, %v; Decode: %v, %v", len(members), ok, whole, err)
		}
		for _, m := range members {
			v, err := jsjson.Decode(m.Value)
			if err != nil || !cmp.Equal(v, object[m.Key]) || !bytes.Contains(data, m.Value) {
				t.Fatalf("member %q: got %v, %v, want %v", m.Key, v, err, object[m.Key])
			}
		}
	})
}

// FuzzSingle says that at most one of the readers of single values takes a text, and
// that it agrees with Decode.
func FuzzSingle(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		whole, err := jsjson.Decode(data)
		if err != nil {
			return
		}
		data = bytes.Trim(bytes.TrimPrefix(data, []byte("\ufeff")), " \t\r\n")
		s, isString := jsjson.String(data)
		n, isNumber := jsjson.Number(data)
		b, isBool := jsjson.Bool(data)
		var got any
		switch {
		case isString:
			got = s
		case isNumber:
			got = n
		case isBool:
			got = b
		case !jsjson.IsNull(data):
			return
		}
		if !cmp.Equal(got, whole) {
			t.Fatalf("got %v, want %v", got, whole)
		}
	})
}

// FuzzTime says that a time is what package time reads, if that reads it, and is
// written back in the one form.
func FuzzTime(f *testing.F) {
	for _, text := range []string{"2026-01-02T03:04:05.678Z", "2026-02-31T24:00:00Z", "0000-01-01T00:00:00.123456Z", "2026-01-02T03:04:05.Z"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		at, ok := jsjson.Time(jsjson.AppendString(nil, text))
		want, err := time.Parse("2006-01-02T15:04:05Z", text) // with any fraction
		plain := err == nil && len(text) >= 20 && !strings.Contains(text, ",")
		if plain && (!ok || !at.Equal(want.Truncate(time.Millisecond))) {
			t.Fatalf("%q: got %v, %v, want %v", text, at, ok, want)
		}
		if !ok {
			return
		}
		again, ok := jsjson.Time(jsjson.AppendTime(nil, at))
		if at.Year() <= 9999 && (!ok || !again.Equal(at)) {
			t.Fatalf("%q: written and read again: %v, %v", text, again, ok)
		}
	})
}

func FuzzAppendString(f *testing.F) {
	for _, text := range []string{"", "plain", "\x00\b\f\n\r\t\"\\/<>&\x7f\u2028", "\xff\xe2\x82", "日本語 😀"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		raw := jsjson.AppendString([]byte("x"), text)[1:]
		got, ok := jsjson.String(raw)
		if !ok || !utf8.Valid(raw) {
			t.Fatalf("%q: %q is not a string", text, raw)
		}
		var want string
		if err := json.Unmarshal(raw, &want); err != nil || got != want {
			t.Fatalf("%q: got %q, encoding/json reads %q, %v", text, got, want, err)
		}
		if utf8.ValidString(text) && got != text {
			t.Fatalf("got %q, want %q", got, text)
		}
	})
}

func FuzzAppendNumber(f *testing.F) {
	for _, v := range []float64{0, math.Copysign(0, -1), 1e21, 1e-7, math.MaxFloat64, math.SmallestNonzeroFloat64, math.NaN(), math.Inf(-1)} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v float64) {
		raw := jsjson.AppendNumber([]byte("x"), v)[1:]
		if math.IsNaN(v) || math.IsInf(v, 0) {
			if string(raw) != "null" {
				t.Fatalf("got %s, want null", raw)
			}
			return
		}
		if got, ok := jsjson.Number(raw); !ok || got != v {
			t.Fatalf("%s: got %v, %v, want %v", raw, got, ok, v)
		}
		want, err := json.Marshal(v + 0) // -0 becomes 0
		if err != nil {
			t.Fatal(err)
		}
		if v != 0 && string(raw) != string(want) {
			t.Fatalf("got %s, want %s", raw, want)
		}
	})
}
