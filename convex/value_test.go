package convex_test

import (
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/convex"
)

// The encodings are those of convexToJson in the npm package convex 1.48.0, except
// that every NaN becomes JavaScript's.
func TestEncode(t *testing.T) {
	tests := []struct {
		name  string
		value any
		want  string
	}{
		{"null", nil, `null`},
		{"booleans", []any{true, false}, `[true,false]`},
		{"a float64 as JavaScript prints it", []any{1.0, 0.0, -1.5, 1e21, 1e-7, 1700000000000.0}, `[1,0,-1.5,1e+21,1e-7,1700000000000]`},
		{"an int is a float64", 7, `7`},
		{"the last exact int", 1 << 53, `9007199254740992`},
		{"NaN", math.NaN(), `{"$float":"AAAAAAAA+H8="}`},
		{"another NaN is the same", math.Float64frombits(0xfff8000000000123), `{"$float":"AAAAAAAA+H8="}`},
		{"infinities", []any{math.Inf(1), math.Inf(-1)}, `[{"$float":"AAAAAAAA8H8="},{"$float":"AAAAAAAA8P8="}]`},
		{"minus zero", math.Copysign(0, -1), `{"$float":"AAAAAAAAAIA="}`},
		{"int64", []any{int64(1), int64(-1)}, `[{"$integer":"AQAAAAAAAAA="},{"$integer":"//////////8="}]`},
		{"extreme int64", []any{int64(math.MinInt64), int64(math.MaxInt64)}, `[{"$integer":"AAAAAAAAAIA="},{"$integer":"/////////38="}]`},
		{"bytes", []any{[]byte{0, 1, 2}, []byte{}, []byte(nil)}, `[{"$bytes":"AAEC"},{"$bytes":""},{"$bytes":""}]`},
		{"strings", []any{"", "ünï\u2028", "\x00\"\\"}, `["","ünï\u2028","\u0000\"\\"]`},
		{"keys are sorted", map[string]any{"b": 1, "a": nil, "B": 2}, `{"B":2,"a":null,"b":1}`},
		{"nil slices and maps are empty", []any{[]any(nil), []string(nil), map[string]any(nil)}, `[[],[],{}]`},
		{"typed slices", []any{[]string{"a"}, []map[string]any{{"a": 1}}}, `[["a"],[{"a":1}]]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := convex.Encode(tt.value)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func nested(depth int) any {
	var v any = 1.0
	for range depth {
		v = []any{v}
	}
	return v
}

func TestEncodeRefuses(t *testing.T) {
	const secret = "hunter2"
	tests := []struct {
		name  string
		value any
		want  string // in the error
	}{
		{"a type that Convex has not, with its place", map[string]any{"input": []any{nil, map[string]any{"at": time.Time{}}}}, "value.input[1].at: time.Time"},
		{"a struct", struct{ Password string }{secret}, "no Convex value"},
		{"a pointer", new(secret), "*string"},
		{"an unsigned integer", uint(1), "uint"},
		{"an int that a float64 rounds", 1<<53 + 1, "not exact"},
		{"a string that is not UTF-8", map[string]any{"a": secret + "\xff"}, "value.a: string is not valid UTF-8"},
		{"a key with a reserved start", map[string]any{"$" + secret: 1}, "starts with $"},
		{"a key with a line break", map[string]any{secret + "\n": 1}, "printable ASCII"},
		{"a key that is not ASCII", map[string]any{secret + "é": 1}, "printable ASCII"},
		{"a key that is too long", map[string]any{strings.Repeat(secret, 147): 1}, "longer than 1024"},
		{"65 levels", nested(65), "64 levels"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := convex.Encode(tt.value)
			if err == nil {
				t.Fatalf("got %s, want an error", got)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %q, want one with %q", err, tt.want)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("error %q quotes the value", err)
			}
		})
	}
}

// same compares two values. Floats are equal by their bits, except that there is
// one NaN. (cmp.Diff takes time exponential in the depth of nested slices.)
func same(a, b any) bool {
	switch a := a.(type) {
	case float64:
		b, ok := b.(float64)
		return ok && (math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b))
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, same)
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, same)
	}
	return reflect.DeepEqual(a, b)
}

func TestDecode(t *testing.T) {
	tests := []struct {
		name string
		text string
		want any
	}{
		{"numbers with a point or exponent", `[1.0,1700000000000.0,1e16,-2,1e-7]`, []any{1.0, 1700000000000.0, 1e16, -2.0, 1e-7}},
		{"int64", `{"$integer":"//////////8="}`, int64(-1)},
		{"bytes", `[{"$bytes":"AAEC"},{"$bytes":""}]`, []any{[]byte{0, 1, 2}, []byte{}}},
		{"minus zero", `[-0,-0.0,{"$float":"AAAAAAAAAIA="}]`, []any{math.Copysign(0, -1), math.Copysign(0, -1), math.Copysign(0, -1)}},
		{"special floats", `[{"$float":"AAAAAAAA+H8="},{"$float":"AAAAAAAA8H8="},{"$float":"AAAAAAAA8P8="}]`, []any{math.NaN(), math.Inf(1), math.Inf(-1)}},
		{"zero in the special form", `{"$float":"AAAAAAAAAAA="}`, 0.0},
		{"a document", `{"_creationTime":1795438297417.003,"_id":"j97","image":null}`, map[string]any{"_creationTime": 1795438297417.003, "_id": "j97", "image": nil}},
		{"empty containers", `[[],{}]`, []any{[]any{}, map[string]any{}}},
		{"64 levels", strings.Repeat("[", 64) + "1" + strings.Repeat("]", 64), nested(64)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := convex.Decode([]byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if !same(got, tt.want) {
				t.Errorf("got %#v, want %#v", got, tt.want)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	tests := []struct{ name, text string }{
		{"nothing", ``},
		{"text that is not JSON", `nul`},
		{"two values", `1 2`},
		{"text that is not UTF-8", "\"\xff\""},
		{"an ordinary number in the special form", `{"$float":"AAAAAAAA8D8="}`},
		{"a number beyond float64", `1e999`},
		{"an int64 of seven bytes", `{"$integer":"AAAAAAAAAA=="}`},
		{"an int64 that is no string", `{"$integer":1}`},
		{"base64 without padding", `{"$bytes":"AA"}`},
		{"base64 with loose bits", `{"$bytes":"AB=="}`},
		{"base64 with a line break", `{"$bytes":"AA\n=="}`},
		{"base64 for URLs", `{"$bytes":"__8="}`},
		{"a special value that does not exist", `{"$set":[]}`},
		{"a reserved key among others", `{"$bytes":"AAEC","a":1}`},
		{"a key that is not ASCII", `{"é":1}`},
		{"65 levels", strings.Repeat("[", 65) + "1" + strings.Repeat("]", 65)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := convex.Decode([]byte(tt.text)); err == nil {
				t.Errorf("got %v, want an error", got)
			}
		})
	}
}

func TestScan(t *testing.T) {
	type user struct {
		Name      string `json:"name"`
		CreatedAt int64  `json:"createdAt"`
		Count     int64  `json:"count"`
		Avatar    []byte `json:"avatar"`
		Image     *string
	}
	value := map[string]any{"name": "Ada", "createdAt": 1700000000000.0, "count": int64(math.MaxInt64), "avatar": []byte{1}, "Image": nil, "_id": "j97"}
	var got user
	if err := convex.Scan(value, &got); err != nil {
		t.Fatal(err)
	}
	want := user{Name: "Ada", CreatedAt: 1700000000000, Count: math.MaxInt64, Avatar: []byte{1}}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
	for name, value := range map[string]any{"a fraction": map[string]any{"count": 1.5}, "NaN": map[string]any{"count": math.NaN()}} {
		if err := convex.Scan(value, &got); err == nil {
			t.Errorf("%s fits an integer: got %v", name, got.Count)
		}
	}
}

// FuzzDecode checks that whatever can be read can be written, and that what was
// written once is stable.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`null`, `[1.0,-0,1e-7]`, `{"a":{"$integer":"//////////8="}}`, `{"$float":"AAAAAAAA+H8="}`, `{"$float":"AAAAAAAAAAA="}`, `{"$bytes":"AAEC"}`, `{"$bytes":"AB=="}`, `{"é":1}`, `"\ud800"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		value, err := convex.Decode(data)
		if err != nil {
			return
		}
		first, err := convex.Encode(value)
		if err != nil {
			t.Fatalf("Encode(Decode(%q)): %v", data, err)
		}
		again, err := convex.Decode(first)
		if err != nil {
			t.Fatalf("Decode(%q), which Encode wrote: %v", first, err)
		}
		if !same(again, value) {
			t.Errorf("%q: got %#v the second time, want %#v", data, again, value)
		}
		if second, err := convex.Encode(again); err != nil || string(second) != string(first) {
			t.Errorf("got %q, %v the second time, want %q", second, err, first)
		}
	})
}

// FuzzEncode checks that every value survives the round trip.
func FuzzEncode(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	f.Add([]byte("\x08\x03\x02\x7f\xf0\x00\x00\x00\x00\x00\x00\x03abcdefghijk"))
	f.Fuzz(func(t *testing.T, data []byte) {
		want := (&generator{data}).value(0)
		text, err := convex.Encode(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := convex.Decode(text)
		if err != nil {
			t.Fatalf("Decode(%q): %v", text, err)
		}
		if !same(got, want) {
			t.Errorf("got %#v, want %#v", got, want)
		}
	})
}

// A generator makes a value out of arbitrary bytes.
type generator struct{ data []byte }

func (g *generator) byte() byte {
	if len(g.data) == 0 {
		return 0
	}
	b := g.data[0]
	g.data = g.data[1:]
	return b
}

func (g *generator) bits() (bits uint64) {
	for range 8 {
		bits = bits<<8 | uint64(g.byte())
	}
	return bits
}

func (g *generator) bytes() []byte {
	n := min(int(g.byte()), len(g.data))
	b := append([]byte{}, g.data[:n]...)
	g.data = g.data[n:]
	return b
}

func (g *generator) value(depth int) any {
	kinds := byte(8)
	if depth > 8 {
		kinds = 6 // no more containers
	}
	switch g.byte() % kinds {
	case 1:
		return g.byte()%2 == 0
	case 2:
		return math.Float64frombits(g.bits())
	case 3:
		return int64(g.bits())
	case 4:
		return strings.ToValidUTF8(string(g.bytes()), "?")
	case 5:
		return g.bytes()
	case 6:
		items := []any{}
		for range g.byte() % 4 {
			items = append(items, g.value(depth+1))
		}
		return items
	case 7:
		fields := map[string]any{}
		for range g.byte() % 4 {
			fields[string('a'+rune(g.byte()%26))] = g.value(depth + 1)
		}
		return fields
	}
	return nil
}
