package cookie_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/internal/cookie"
)

// load reads a file of testdata. What made it: testdata/generate.mjs, and for
// vectors.json an earlier recording of the same library.
func load[T any](t testing.TB, name string) (v T) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v
}

// options are attributes as better-call names them.
type options struct {
	MaxAge      *int      `json:"maxAge"`
	Domain      string    `json:"domain"`
	Path        string    `json:"path"`
	Expires     time.Time `json:"expires"`
	HTTPOnly    bool      `json:"httpOnly"`
	Secure      bool      `json:"secure"`
	Partitioned bool      `json:"partitioned"`
	SameSite    string    `json:"sameSite"`
}

func (o options) attributes() cookie.Attributes {
	return cookie.Attributes{
		MaxAge: o.MaxAge, Domain: o.Domain, Path: o.Path, Expires: o.Expires,
		HTTPOnly: o.HTTPOnly, Secure: o.Secure, Partitioned: o.Partitioned, SameSite: o.SameSite,
	}
}

func TestStringIsUpstreamsLine(t *testing.T) {
	type line struct {
		Name, Value, Line string
		Attributes        options
	}
	for _, tt := range load[[]line](t, "set_cookie.json") {
		c := cookie.Cookie{Name: tt.Name, Value: tt.Value, Attributes: tt.Attributes.attributes()}
		if got := c.String(); got != tt.Line {
			t.Errorf("got  %s\nwant %s", got, tt.Line)
		}
		if got := string(c.Append([]byte("Set-Cookie: "))); got != "Set-Cookie: "+tt.Line {
			t.Errorf("Append: got %s", got)
		}
	}
}

func TestStringOfSignedValue(t *testing.T) {
	type vectors struct {
		SignedCookie []struct{ RawCookieValue, SetCookie, SetCookieSecure string }
	}
	for _, tt := range load[vectors](t, "vectors.json").SignedCookie {
		for secure, want := range map[bool]string{false: tt.SetCookie, true: tt.SetCookieSecure} {
			names, err := cookie.NewNames(cookie.Config{Secure: secure})
			if err != nil {
				t.Fatal(err)
			}
			c := names.Make(cookie.SessionToken, new(604800))
			c.Value = tt.RawCookieValue
			if got := c.String(); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		}
	}
}

func TestString(t *testing.T) {
	tests := []struct {
		name   string
		cookie cookie.Cookie
		want   string
	}{
		{"Max-Age stops at 400 days", cookie.Cookie{Name: "a", Attributes: cookie.Attributes{MaxAge: new(34_560_001)}}, "a=; Max-Age=34560000"},
		{"a name is a token", cookie.Cookie{Name: "a b", Value: "x"}, ""},
		{"a name cannot carry attributes", cookie.Cookie{Name: "a=; Domain=x;b"}, ""},
		{"a name is not empty", cookie.Cookie{Value: "x"}, ""},
		{"no attribute within Path", cookie.Cookie{Name: "a", Attributes: cookie.Attributes{Path: "/; Domain=x"}}, ""},
		{"no line break in Domain", cookie.Cookie{Name: "a", Attributes: cookie.Attributes{Domain: "x\r\ny"}}, ""},
		{"ASCII SameSite", cookie.Cookie{Name: "a", Attributes: cookie.Attributes{SameSite: "é"}}, ""},
		{"a value can hold anything", cookie.Cookie{Name: "a", Value: "\r\n;\x00\xff"}, "a=%0D%0A%3B%00%EF%BF%BD"},
		{"Expires is in UTC", cookie.Cookie{Name: "a", Attributes: cookie.Attributes{Expires: time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 7200))}}, "a=; Expires=Fri, 02 Jan 2026 01:04:05 GMT"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.cookie.String(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestExpiredKeepsTheAttributes(t *testing.T) {
	a := cookie.Attributes{MaxAge: new(300), Domain: "example.com", Path: "/", HTTPOnly: true, Secure: true, SameSite: "lax"}
	got := cookie.Expired("a", a).String()
	if want := "a=; Max-Age=0; Domain=example.com; Path=/; HttpOnly; Secure; SameSite=Lax"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if *a.MaxAge != 300 {
		t.Errorf("Expired changed the attributes it was given: Max-Age %d", *a.MaxAge)
	}
}

func TestComponentsAreECMAScripts(t *testing.T) {
	type vectors struct {
		Encode []struct{ In, Out string }
		Decode []struct {
			In  string
			Out *string
		}
	}
	v := load[vectors](t, "component.json")
	for _, tt := range v.Encode {
		if got := cookie.EncodeComponent(tt.In); got != tt.Out {
			t.Errorf("EncodeComponent(%q): got %q, want %q", tt.In, got, tt.Out)
		}
	}
	for _, tt := range v.Decode {
		got, ok := cookie.DecodeComponent(tt.In)
		if ok != (tt.Out != nil) || ok && got != *tt.Out {
			t.Errorf("DecodeComponent(%q): got %q, %t", tt.In, got, ok)
		}
	}
}

func TestPlainCookieEncoding(t *testing.T) {
	type vectors struct {
		PlainCookieEncoding []struct{ Value, SetCookie string }
	}
	for _, tt := range load[vectors](t, "vectors.json").PlainCookieEncoding {
		c := cookie.Cookie{Name: "k", Value: tt.Value, Attributes: cookie.Attributes{Path: "/"}}
		if got := c.String(); got != tt.SetCookie {
			t.Errorf("got %s, want %s", got, tt.SetCookie)
		}
	}
}

func FuzzEveryValueComesBack(f *testing.F) {
	for _, s := range []string{"", "a b", `"quoted"`, " x ", "é%41", "\u00a0", "\xff", "a;b=c", "%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		line := cookie.Cookie{Name: "n", Value: value, Attributes: cookie.Attributes{Path: "/", HTTPOnly: true}}.String()
		pair, _, _ := strings.Cut(line, ";")
		want := string([]rune(value)) // each byte that is not UTF-8 becomes U+FFFD
		got, ok := cookie.Parse([]string{"other=1", pair}).Get("n")
		if !ok || got != want {
			t.Errorf("got %q, %t, want %q", got, ok, want)
		}
	})
}

func FuzzDecodeComponentUndoesEncodeOnly(f *testing.F) {
	for _, s := range []string{"", "%41", "%C3%A9", "%ED%A0%80", "%F0%9F%98%80", "é", "%C0%80", "a%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := cookie.DecodeComponent(s)
		if !strings.Contains(s, "%") && (!ok || got != s) {
			t.Fatalf("without escapes: got %q, %t", got, ok)
		}
		encoded := cookie.EncodeComponent(s)
		if back, ok := cookie.DecodeComponent(encoded); !ok || back != string([]rune(s)) {
			t.Fatalf("got %q, %t, want %q", back, ok, s)
		}
		if ok && len(got) > len(s) {
			t.Fatalf("%d bytes became %d", len(s), len(got))
		}
	})
}

func TestJar(t *testing.T) {
	tests := []struct {
		name string
		fill func(*cookie.Jar)
		want []string
	}{
		{"is empty at first", func(*cookie.Jar) {}, nil},
		{"keeps the order of first use", func(j *cookie.Jar) { set(j, "b=1", "a=2", "b=3") }, []string{"b=3", "a=2"}},
		{"names differ in case", func(j *cookie.Jar) { set(j, "a=1", "A=2") }, []string{"a=1", "A=2"}},
		{"takes back a cookie and its slices", func(j *cookie.Jar) {
			set(j, "a=1", "a.0=2", "b=3", "a.99=4", "a.x=5", "a.00=6", "aa.0=7")
			j.Remove("a")
		}, []string{"b=3", "a.x=5", "a.00=6", "aa.0=7"}},
		{"a cookie set again after Remove comes last", func(j *cookie.Jar) { set(j, "a=1", "b=2"); j.Remove("a"); set(j, "a=3") }, []string{"b=2", "a=3"}},
		{"does not keep what cannot be written", func(j *cookie.Jar) { set(j, "a b=1", "c=2") }, []string{"c=2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var j cookie.Jar
			tt.fill(&j)
			var got []string
			for _, c := range j.All() {
				got = append(got, c.String())
			}
			if diff := cmp.Diff(got, tt.want); diff != "" {
				t.Error(diff)
			}
			if j.Len() != len(tt.want) {
				t.Errorf("Len: got %d, want %d", j.Len(), len(tt.want))
			}
		})
	}
}

func TestJarAllIsACopy(t *testing.T) {
	var j cookie.Jar
	set(&j, "a=1")
	j.All()[0].Value = "2"
	if got := j.All()[0].Value; got != "1" {
		t.Errorf("got %s, want 1", got)
	}
}

func set(j *cookie.Jar, pairs ...string) {
	for _, p := range pairs {
		name, value, _ := strings.Cut(p, "=")
		j.Set(cookie.Cookie{Name: name, Value: value})
	}
}

// An answer that is written in two steps has every cookie once, as the second step
// says, slices of it included.
func TestFollow(t *testing.T) {
	sent := []string{"mine=1; s.token=old; s.data.0=a; s.data.1=b", "s.dat=c;;flag"}
	for _, tc := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"nothing is set", nil, "mine=1; s.token=old; s.data.0=a; s.data.1=b; s.dat=c; flag"},
		{
			"what is new takes the place of what was there, in slices or not",
			[]string{"s.token=new; Max-Age=604800; Path=/", "s.data=d; Path=/"},
			"mine=1; s.dat=c; flag; s.token=new; s.data=d",
		},
		{
			"what has ended is gone",
			[]string{"s.token=; Max-Age=0; Path=/", "s.data.0=; Max-Age=0", "s.data.1=; Max-Age=0"},
			"mine=1; s.dat=c; flag",
		},
	} {
		if got := cookie.Follow(sent, tc.lines); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
	if got := cookie.Follow([]string{"s=1"}, []string{"s=; Max-Age=0"}); got != "" {
		t.Errorf("got %q, want none", got)
	}
}

func TestWriteLines(t *testing.T) {
	h := http.Header{"Set-Cookie": {"theme=dark", "s.token=live; Path=/", "s.data.0=a", "s.data.1=b", "s.dat=c", "S.data=d", "s.data.x=e"}}
	cookie.WriteLines(h, nil)
	cookie.WriteLines(h, []string{"s.data=; Max-Age=0", "s.data.1=; Max-Age=0", "s.token=; Max-Age=0"})
	want := []string{"theme=dark", "s.dat=c", "S.data=d", "s.data.x=e", "s.data=; Max-Age=0", "s.data.1=; Max-Age=0", "s.token=; Max-Age=0"}
	if diff := cmp.Diff(want, h["Set-Cookie"]); diff != "" {
		t.Error(diff)
	}
}
