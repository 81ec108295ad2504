package cookie_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/internal/cookie"
)

// recordedRequest is a header and what upstream's two parsers make of it.
type recordedRequest struct {
	Header          string // Latin-1 text
	Lenient, Strict [][2]string
}

func TestRequestIsReadAsUpstreamReadsIt(t *testing.T) {
	for _, tt := range load[[]recordedRequest](t, "request.json") {
		t.Run(tt.Header, func(t *testing.T) {
			r := cookie.Parse([]string{toLatin1(tt.Header)})
			for _, pair := range tt.Lenient {
				if utf8.RuneCountInString(pair[0]) != len(pair[0]) {
					continue // a name that cannot be asked for in bytes
				}
				if got, ok := r.Get(pair[0]); !ok || got != pair[1] {
					t.Errorf("Get(%q): got %q, %t, want %q", pair[0], got, ok, pair[1])
				}
			}
			for _, name := range []string{"a", "b", "c", "n", "x", "missing"} {
				compareRequest(t, r, name, tt)
			}
		})
	}
}

// compareRequest compares what r says about a name with what upstream's
// session-store.ts would say, given what its parsers found.
func compareRequest(t *testing.T, r *cookie.Request, name string, parsed recordedRequest) {
	t.Helper()
	bare := valueOf(parsed.Lenient, name)
	got, ok := r.Get(name)
	if ok != (bare != nil) || ok && got != *bare {
		t.Errorf("Get(%q): got %q, %t, want %v", name, got, ok, bare)
	}
	var names []string
	joined := ""
	for _, pair := range parsed.Strict {
		if pair[0] == name || isChunk(pair[0], name) {
			names = append(names, pair[0])
		}
	}
	for i := range 100 {
		if v := valueOf(parsed.Strict, name+"."+strconv.Itoa(i)); v != nil {
			joined += *v
		}
	}
	if bare != nil && *bare != "" {
		joined = *bare
	}
	if diff := cmp.Diff(r.Chunks(name), names); diff != "" {
		t.Errorf("Chunks(%q): %s", name, diff)
	}
	if got, ok := r.Joined(name); got != joined || ok != (joined != "") {
		t.Errorf("Joined(%q): got %q, %t, want %q", name, got, ok, joined)
	}
}

func isChunk(key, name string) bool {
	suffix, ok := strings.CutPrefix(key, name+".")
	return ok && regexp.MustCompile(`^(0|[1-9][0-9]?)$`).MatchString(suffix)
}

func valueOf(pairs [][2]string, name string) *string {
	i := slices.IndexFunc(pairs, func(p [2]string) bool { return p[0] == name })
	if i < 0 {
		return nil
	}
	return &pairs[i][1]
}

func toLatin1(s string) string {
	var b []byte
	for _, r := range s {
		b = append(b, byte(r))
	}
	return string(b)
}

func TestParse(t *testing.T) {
	limit := strings.Repeat("x", 64<<10-len("a=; "))
	tests := []struct {
		name    string
		headers []string
		want    string
		ok, any bool
	}{
		{"no header", nil, "", false, false},
		{"an empty header counts", []string{""}, "", false, true},
		{"lines are joined", []string{"b=1", "a=2", "c=3"}, "2", true, true},
		{"the first line with a name counts", []string{"a=1", "a=2"}, "1", true, true},
		{"64 KiB", []string{"a=" + limit}, limit, true, true},
		{"more than 64 KiB has no cookies", []string{"a=" + limit + "x"}, "", false, true},
		{"more than 64 KiB in two lines has none", []string{"a=1", "b=" + limit}, "", false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := cookie.Parse(tt.headers)
			if got, ok := r.Get("a"); got != tt.want || ok != tt.ok {
				t.Errorf("Get: got %d bytes, %t, want %d, %t", len(got), ok, len(tt.want), tt.ok)
			}
			if got := r.Any(); got != tt.any {
				t.Errorf("Any: got %t, want %t", got, tt.any)
			}
		})
	}
}

func TestJoined(t *testing.T) {
	tests := []struct {
		name, header, want string
	}{
		{"the bare name wins over slices", "a.0=x; a=1", "1"},
		{"order is that of the numbers", "a.10=k; a.2=c; a.1=b; a.0=a", "abck"},
		{"the last slice of a number counts", "a.0=x; a.0=y", "y"},
		{"a leading zero is no number", "a.0=x; a.00=y; a.01=z", "x"},
		{"nor is a sign or a fraction", "a.0=x; a.+1=y; a.-0=z; a.1e0=z; a.1.5=z", "x"},
		{"there are 100 at most", "a.0=x; a.99=y; a.100=z; a.9007199254740991=z", "xy"},
		{"numbers are ASCII", "a.0=x; a.\xd9\xa1=y", "x"},
		{"forbidden characters void a slice", `a.0=x; a.1=y\; a.2=z`, "xz"},
		{"a slice is percent-decoded", "a.0=%41; a.1=%", "A%"},
		{"another name with the same start", "ab.0=x; a.0x=y; a.=z", ""},
		{"empty slices are none", "a.0=; a.1=", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := cookie.Parse([]string{tt.header}).Joined("a")
			if got != tt.want || ok != (tt.want != "") {
				t.Errorf("got %q, %t, want %q", got, ok, tt.want)
			}
		})
	}
}

// A header full of slices must not become a response full of Set-Cookie lines.
func TestChunksAreBounded(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		b.WriteString("a." + strconv.Itoa(i) + "=;")
	}
	if got := len(cookie.Parse([]string{b.String()}).Chunks("a")); got != 100 {
		t.Errorf("got %d, want 100", got)
	}
}

func FuzzRequestAgreesWithReference(f *testing.F) {
	for _, tt := range load[[]recordedRequest](f, "request.json") {
		f.Add([]byte(toLatin1(tt.Header)), "a")
	}
	f.Fuzz(func(t *testing.T, header []byte, name string) {
		if !regexp.MustCompile(`^[a-zA-Z0-9_.-]+$`).MatchString(name) || len(header) > 4096 {
			return
		}
		parsed := recordedRequest{Lenient: lenientReference(header), Strict: strictReference(header)}
		compareRequest(t, cookie.Parse([]string{string(header)}), name, parsed)
	})
}

// lenientReference follows better-call's parser position by position.
func lenientReference(header []byte) (pairs [][2]string) {
	str := []rune{}
	for _, b := range header {
		str = append(str, rune(b))
	}
	indexOf := func(r rune, from int) int {
		if i := slices.Index(str[from:], r); i >= 0 {
			return from + i
		}
		return -1
	}
	for index := 0; index < len(str); {
		eq := indexOf('=', index)
		if eq < 0 {
			break
		}
		end := indexOf(';', index)
		if end < 0 {
			end = len(str)
		} else if end < eq {
			for index = eq - 1; str[index] != ';'; {
				index--
			}
			index++
			continue
		}
		const space = " \t\n\v\f\r\u00a0\ufeff"
		key := strings.Trim(string(str[index:eq]), space)
		if valueOf(pairs, key) == nil {
			val := []rune(strings.Trim(string(str[eq+1:end]), space))
			if len(val) > 0 && val[0] == '"' {
				val = val[1:max(1, len(val)-1)]
			}
			pairs = append(pairs, [2]string{key, decodeReference(string(val))})
		}
		index = end + 1
	}
	return pairs
}

// strictReference is RFC 6265's grammar as regular expressions, last one wins.
func strictReference(header []byte) (pairs [][2]string) {
	form := regexp.MustCompile(`^[ \t]*([!#$%&'*+\-.0-9A-Z^_` + "`" + `a-z|~]+)[ \t]*=[ \t]*(?:"([ !#-:<-\[\]-~]*)"|([ !#-:<-\[\]-~]*?))[ \t]*$`)
	for part := range strings.SplitSeq(string(header), ";") {
		m := form.FindStringSubmatch(part)
		if m == nil {
			continue
		}
		value := decodeReference(m[2] + m[3])
		if old := valueOf(pairs, m[1]); old != nil {
			*old = value
			continue
		}
		pairs = append(pairs, [2]string{m[1], value})
	}
	return pairs
}

// decodeReference replaces each run of escapes, or nothing when one is not UTF-8.
func decodeReference(s string) string {
	valid := true
	decoded := regexp.MustCompile(`(?s)(%[0-9a-fA-F]{2})+|%`).ReplaceAllStringFunc(s, func(run string) string {
		var b []byte
		for i := 0; i+2 < len(run); i += 3 {
			n, _ := strconv.ParseUint(run[i+1:i+3], 16, 8)
			b = append(b, byte(n))
		}
		valid = valid && run != "%" && utf8.Valid(b)
		return string(b)
	})
	if !valid {
		return s
	}
	return decoded
}
