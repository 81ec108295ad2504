package cookie_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/internal/cookie"
)

// slice is the name, the length and the Max-Age (-1: none) of a cookie.
type slice struct {
	Name   string
	Length int
	MaxAge int
}

func (s *slice) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &[]any{&s.Name, &s.Length, &s.MaxAge})
}

// A response that rewrites a value expires the old slices in their order in the
// request and puts the new ones in their places, as upstream's store does.
func TestSplitIsUpstreams(t *testing.T) {
	type recorded struct {
		Attributes options
		Length     int
		Cookie     string
		Made       []slice
	}
	for _, tt := range load[[]recorded](t, "chunks.json") {
		a := tt.Attributes.attributes()
		var j cookie.Jar
		for _, name := range cookie.Parse([]string{tt.Cookie}).Chunks("s") {
			j.Set(cookie.Expired(name, a))
		}
		made, ok := cookie.Split("s", strings.Repeat("v", tt.Length), a)
		if ok != (tt.Length < 400000) {
			t.Errorf("%d bytes: got %t", tt.Length, ok)
		}
		for _, c := range made {
			j.Set(c)
		}
		got := []slice{}
		for _, c := range j.All() {
			maxAge := -1
			if c.MaxAge != nil {
				maxAge = *c.MaxAge
			}
			got = append(got, slice{c.Name, len(c.Value), maxAge})
		}
		if diff := cmp.Diff(got, tt.Made); diff != "" {
			t.Errorf("%d bytes after %q: %s", tt.Length, tt.Cookie, diff)
		}
	}
}

func TestSplit(t *testing.T) {
	tests := []struct {
		name  string
		value string
		path  string
		want  int // cookies
	}{
		{"an empty value is one cookie", "", "/", 1},
		{"attributes that fill the line leave no room", "v", "/" + strings.Repeat("x", 4040), 0},
		{"a value that grows when encoded is refused", "a b", "/", 0},
		{"so is one that is not ASCII", "é", "/", 0},
		{"attributes that cannot be written are refused", "v", "/;", 0},
		{"100 slices are written", strings.Repeat("v", 100*(4050-len("n.99=; Path=/"))), "/", 100},
		{"101 are not", strings.Repeat("v", 100*(4050-len("n.99=; Path=/"))+1), "/", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := cookie.Split("n", tt.value, cookie.Attributes{Path: tt.path})
			if len(got) != tt.want || ok != (tt.want > 0) {
				t.Errorf("got %d cookies, %t, want %d", len(got), ok, tt.want)
			}
		})
	}
}

func FuzzSplitAndJoined(f *testing.F) {
	f.Add("value", uint16(0), "/", 300)
	f.Add("abc", uint16(4000), "/a/path", -1)
	f.Add("é", uint16(1), "/", 0)
	f.Fuzz(func(t *testing.T, unit string, times uint16, path string, maxAge int) {
		value := strings.Repeat(unit, int(times)%(60_000/(len(unit)+1)))
		cookies, ok := cookie.Split("name", value, cookie.Attributes{Path: path, MaxAge: &maxAge, HTTPOnly: true})
		if !ok {
			return
		}
		var pairs []string
		for _, c := range cookies {
			line := c.String()
			if len(line) > 4050 || line == "" {
				t.Fatalf("a line of %d bytes", len(line))
			}
			pair, _, _ := strings.Cut(line, ";")
			pairs = append([]string{pair}, pairs...)
		}
		r := cookie.Parse(pairs)
		if got, ok := r.Joined("name"); got != value || ok != (value != "") {
			t.Fatalf("got %d bytes, %t, want %d", len(got), ok, len(value))
		}
		if got := len(r.Chunks("name")); got != len(cookies) {
			t.Fatalf("got %d slices to expire, want %d", got, len(cookies))
		}
	})
}

// A name that only looks like that of a slice is not one: what a browser sends
// must never be an index as it is.
func TestOddChunkNumbers(t *testing.T) {
	for _, suffix := range []string{".-1", ".+1", ".01", ".1e", ".100", ".x", ".", ". 1", ".-0"} {
		r := cookie.Parse([]string{"data" + suffix + "=x; data.0=y"})
		if got, _ := r.Joined("data"); got != "y" {
			t.Errorf("%q: joined %q, want y", suffix, got)
		}
		if got := r.Chunks("data"); len(got) != 1 || got[0] != "data.0" {
			t.Errorf("%q: chunks %q", suffix, got)
		}
	}
}
