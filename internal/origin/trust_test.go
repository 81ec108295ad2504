package origin_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/internal/origin"
)

// corpusTrust trusts what the adversarial corpus of redirects assumes.
func corpusTrust(t testing.TB) *origin.Trust {
	t.Helper()
	return mustTrust(t, "https://app.test", "https://*.example.com", "myapp://callback")
}

func TestRedirectCorpus(t *testing.T) {
	trust := corpusTrust(t)
	for _, tt := range []struct {
		rule   string
		accept bool
		values []string
	}{
		{"RD-01 hosts after two slashes, plain or escaped, also twice", false, []string{
			"//evil.com", "///evil.com", "/%2fevil.com", "/%2F/evil.com", "/%5cevil.com", "/%252fevil.com", "/%25252fevil.com", "/%25%32%66evil.com",
		}},
		{"RD-02 backslashes are slashes to browsers", false, []string{
			`/\evil.com`, `\/evil.com`, `\\evil.com`, `/\/evil.com`, `/./\evil.com`,
		}},
		{"RD-02 stricter: dot segments, which front ends resolve into //", false, []string{
			"/.//evil.com", "/a/..//evil.com", "/%2e//evil.com", "/..%2e//evil.com/../",
		}},
		{"RD-03 controls, spaces and invisible characters", false, []string{
			"/\t/evil.com", "/\n/evil.com", "\t//evil.com", " https://evil.com", "ht\ntps://evil.com", "https://app.test\x00",
			"\u00adhttps://app.test", "\u2028https://app.test", "\ufeffhttps://app.test", "\ufeff//evil.com", "/\x85", "/\xff", " https://app.test", "https://app.test ",
		}},
		{"RD-04 slashes that browsers add", false, []string{
			"https:evil.com", "https:/evil.com", `https:\\evil.com`, "https:///evil.com", "https:app.test", "https:/app.test", "https:///app.test",
		}},
		{"RD-05 a trusted suffix behind the host", false, []string{
			"http:attacker.com?.example.com/", "https://evil.com?.example.com", "https://evil.com#.example.com", `https://evil.com\.example.com`,
			"https://evil.com%2f.example.com", "https://evil.com/.example.com", "https://evil.com:bad.example.com",
		}},
		{"RD-06 user names", false, []string{
			"https://app.test@evil.com", "https://app.test%40evil.com", `https://evil.com\@app.test`, "https://user:password@app.test",
		}},
		{"RD-07 schemes that browsers run or open", false, []string{
			"javascript:alert(1)", "java\nscript:alert(1)", "javascript://x.example.com/%0aalert(1)", "data:text/html,x", "vbscript:x",
			"blob:https://app.test/0", "file:///etc/passwd", "intent://x.example.com",
		}},
		{"RD-08 wildcards stop at the dot and the port", false, []string{
			"https://evilexample.com", "https://example.com", "https://example.com.evil.com", "http://x.example.com", "https://x.example.com:444", "x.example.com",
		}},
		{"RD-08 wildcards cross dots", true, []string{"https://x.example.com", "https://a.b.example.com", "https://a.b.example.com:443/c?d#e"}},
		{"RD-09 hosts that browsers rewrite", false, []string{
			"https://app。test", "https://ⓐpp.test", "https://evil.c℀.example.com", "https://app.test.", "https://xn--zz.example.com",
		}},
		{"RD-09 case and default port do not make another origin", true, []string{"https://APP.TEST", "https://app.test:443", "HTTPS://app.test/x"}},
		{"RD-10 a trusted prefix", false, []string{"https://app.test.evil.com", "https://app.testevil.com", "https://app.test:8443", "http://app.test"}},
		{"RD-11 app schemes", true, []string{"myapp://callback", "MYAPP://CALLBACK", "myapp://callback/deep?code=1#x"}},
		{"RD-11 app schemes, another host or no host", false, []string{
			"myapp://callback.attacker.tld", "myapp:callback", "myapp://", "myapp://evil@callback", "myapp://callback@evil", "myapp2://callback",
		}},
		{"RD-11 stricter: dot segments", false, []string{"myapp://callback/../x", "myapp://callback/%2E%2e/x", "myapp://callback/./x"}},
		{"RD-12 plain paths", true, []string{"/", "/a", "/a/b", "/a@b/c.d-e+f", "/a?b=/c&d=%2f", "/a?redirect=https://evil.com", "/ü"}},
		{"RD-12 as upstream 1.7.25: a fragment stays in the browser", true, []string{"/a#frag", "/#/route"}},
		{"RD-12 stricter: characters that serialisers escape", false, []string{"/a b", "/a<script>", `/a"onload="`, "https://app.test/<script>", `https://app.test/"`}},
		{"RD-15 stricter: escaped controls in a path", false, []string{"/%0d%0aSet-Cookie:x=1", "/a%00", "/%250a"}},
		{"RD-18 what does not parse is not matched as text", false, []string{"", "https://", "https://app.test:x", "https://[app.test", "https://*.example.com", "null"}},
	} {
		for _, value := range tt.values {
			if got := trust.Redirect(value); got != tt.accept {
				t.Errorf("%s: Redirect(%q): got %v, want %v", tt.rule, value, got, tt.accept)
			}
		}
	}
}

func TestOriginHeader(t *testing.T) {
	trust := corpusTrust(t)
	for value, want := range map[string]bool{
		"https://app.test":            true,
		"https://app.test/page?a=b":   true, // a Referer
		"https://x.example.com":       true,
		"myapp://callback":            true,
		"https://evil.com":            false,
		"https://evil.com/@app.test/": false,
		"null":                        false,
		"":                            false,
		"/":                           false,
		"/page":                       false,
		"https://app.test, https://x": false,
	} {
		if got := trust.Origin(value); got != want {
			t.Errorf("Origin(%q): got %v, want %v", value, got, want)
		}
	}
}

func TestOf(t *testing.T) {
	for raw, want := range map[string]string{
		"https://app.test":             "https://app.test",
		"HTTPS://App.Test:443/A?b#c":   "https://app.test",
		"http://app.test:443":          "http://app.test:443",
		"http://app.test:80?x":         "http://app.test",
		"http://a_b.c-d.test:8080#x":   "http://a_b.c-d.test:8080",
		"http://127.0.0.1:3000/":       "http://127.0.0.1:3000",
		"http://[2001:DB8:0:0:0::1]:1": "http://[2001:db8::1]:1",
		"https://xn--bcher-kva.test":   "https://xn--bcher-kva.test",
		"https://localhost":            "https://localhost",
		"https://app.test:65535":       "https://app.test:65535",

		// What parsers disagree on, or what no host is.
		"ftp://app.test": "", "app.test": "", "//app.test": "", "https:app.test": "", "https:/app.test": "",
		"https://": "", "https://:443": "", "https://app.test:": "", "https://app.test:0": "", "https://app.test:0443": "", "https://app.test:65536": "",
		"https://u@app.test": "", "https://app.test\\x": "", "https://app.test/a\tb": "", "https://app.test/ ": "", "https://app.test/\x7f": "",
		"https://app.test.": "", "https://.app.test": "", "https://a..test": "", "https://ａpp.test": "", "https://%61pp.test": "",
		"http://0x7f.1": "", "http://127.1": "", "http://2130706433": "", "http://0177.0.0.1": "", "http://127.0.0.1.": "", "http://1.2.3.4.5": "", "http://a.0x": "",
		"http://[::1": "", "http://::1": "", "http://[::1]x": "", "http://[fe80::1%25eth0]": "", "http://[::ffff:1.2.3.4]": "", "http://[1.2.3.4]": "",
		"https://xn--a.test": "", "https://xn--0ch0aj000a0a0a0a": "", "https://" + strings.Repeat("a", 254): "",
	} {
		got, ok := origin.Of(raw)
		if got != want || ok != (want != "") {
			t.Errorf("Of(%q): got %q, %v, want %q", raw, got, ok, want)
		}
	}
}

func TestNewTrustSaysWhatToWrite(t *testing.T) {
	for pattern, want := range map[string]string{
		"":                                  "is empty",
		" https://app.test":                 `write "https://app.test"`,
		"https://app.test/":                 `write "https://app.test"`,
		"https://app.test/path":             `write "https://app.test"`,
		"https://App.test:443":              `write "https://app.test"`,
		"app.test":                          `write "https://app.test"`,
		"localhost:3000":                    `write "http://localhost:3000"`,
		"https://*.example.com/":            `write "https://*.example.com"`,
		"https://*.example.com:443":         `without ":443"`,
		"*.example.com:80":                  `without ":80"`,
		"https://*.example.com:x":           "port is not a number",
		"https://*.example.com:x*":          "port is not a number",
		"https://*.Example.com":             "lower case",
		"https://*.example.com.":            "not one that browsers write",
		"https://*.example.1":               "not one that browsers write",
		"http://127.1:*":                    "not one that browsers write",
		"https://bücher.example":            "ASCII",
		"https://app.test#x":                `without "#"`,
		"my*://x":                           `write "https://x"`,
		"https://user:hunter2@app.test":     "is not an origin",
		"*":                                 "anybody can register",
		"https://*":                         "anybody can register",
		"https://*.com":                     "anybody can register",
		"https://*example.com":              "anybody can register",
		"https://*.example.com*":            "anybody can register",
		"http://*.1.1.1":                    "other networks",
		"JavaScript:":                       "unsafe",
		"myapp://user@callback":             "a host with an optional port",
		"myapp://callback:x":                "a host with an optional port",
		"myapp://callback/../x":             "dot segments",
		"myapp://callback/%zz":              "valid escapes",
		"myapp://callback/a b":              "without spaces",
		"https://app.test\nhttps://evil.io": "without spaces",
	} {
		_, err := origin.NewTrust([]string{"https://fine.test", pattern})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("NewTrust(%q): got error %v, want %q", pattern, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("NewTrust(%q): the error has the password: %v", pattern, err)
		}
	}
}

func TestNewTrustReportsEveryPattern(t *testing.T) {
	_, err := origin.NewTrust([]string{"*", "app.test"})
	for _, want := range []string{`"*"`, `"app.test"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want it to name %s", err, want)
		}
	}
}

func TestWarnings(t *testing.T) {
	trust := mustTrust(t, "https://app.test", "http://intranet.test", "https://*.example.com", "localhost:*", "*.localhost", "myapp://*",
		"*.example.com", "*://*.example.com")
	const remark = " also trusts http, which anybody on the way can change: write \"https://*.example.com\""
	want := []string{`trusted origin "*.example.com"` + remark, `trusted origin "*://*.example.com"` + remark}
	if diff := cmp.Diff(want, trust.Warnings()); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	trust.Warnings()[0] = "changed"
	if diff := cmp.Diff(want, trust.Warnings()); diff != "" {
		t.Errorf("a caller can change the warnings:\n%s", diff)
	}
}

func TestWithLeavesTheOriginalAlone(t *testing.T) {
	// Three patterns leave room for a fourth behind the slice.
	base := mustTrust(t, "https://a.test", "https://a2.test", "https://a3.test", "myapp://")
	b, err := base.With("https://b.test", "otherapp://")
	if err != nil {
		t.Fatal(err)
	}
	c, err := base.With("https://c.test")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		trust *origin.Trust
		want  string
	}{
		{"original", base, "https://a.test"},
		{"first addition", b, "https://a.test https://b.test otherapp://x"},
		{"second addition", c, "https://a.test https://c.test"},
	} {
		var got []string
		for _, value := range []string{"https://a.test", "https://b.test", "https://c.test", "otherapp://x"} {
			if tt.trust.Origin(value) {
				got = append(got, value)
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
	if _, err := base.With("*"); err == nil {
		t.Error("With(*): got no error, want one")
	}
}

func TestOriginDoesNotAllocate(t *testing.T) {
	trust := corpusTrust(t)
	// The serialised origin is the one allocation.
	if n := testing.AllocsPerRun(100, func() { trust.Origin("https://x.example.com") }); n > 1 {
		t.Errorf("got %v allocations, want at most 1", n)
	}
}
