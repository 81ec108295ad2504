package origin_test

import (
	"strings"
	"testing"

	whatwg "github.com/nlnwa/whatwg-url/url"

	"github.com/lockstep-auth/lockstep/internal/origin"
)

// browserGoes says where a browser on a page of base goes with value: "base" if
// it stays, "app" for the trusted app, "trusted" for a trusted web origin, or
// else the URL. The parser follows the URL Standard.
func browserGoes(base, value string) string {
	u, err := whatwg.ParseRef(base, value)
	if err != nil {
		return "nowhere: " + err.Error()
	}
	home, err := whatwg.Parse(base)
	if err != nil {
		return "nowhere: " + err.Error()
	}
	switch {
	case u.Protocol() == "myapp:" && strings.EqualFold(u.Host(), "callback"):
		return "app"
	case u.Username() != "" || u.Password() != "":
		return u.String()
	case u.Protocol() == "https:" && (u.Host() == "app.test" || strings.HasSuffix(u.Host(), ".example.com")):
		return "trusted"
	case u.Protocol() == home.Protocol() && u.Host() == home.Host():
		return "base"
	}
	return u.String()
}

// checkRedirect compares the verdicts on value with where a browser goes, from
// pages of http and of https.
func checkRedirect(t *testing.T, trust *origin.Trust, value string) {
	t.Helper()
	for _, base := range []string{"https://server.test/api/auth/x?y", "http://server.test/api/auth/x?y"} {
		goes := browserGoes(base, value)
		if trust.Origin(value) && goes != "trusted" && goes != "app" {
			t.Errorf("Origin(%q) is trusted, from %s a browser goes to %s", value, base, goes)
		}
		if trust.Redirect(value) && goes != "trusted" && goes != "app" && goes != "base" {
			t.Errorf("Redirect(%q) is trusted, from %s a browser goes to %s", value, base, goes)
		}
		if (origin.LocalPath(value) || origin.SafeRedirect(value)) && goes != "base" {
			t.Errorf("LocalPath(%q): from %s a browser goes to %s", value, base, goes)
		}
	}
	if o, ok := origin.Of(value); ok {
		u, err := whatwg.Parse(value)
		if err != nil || u.Protocol()+"//"+u.Host() != o {
			t.Errorf("Of(%q): got %q, a browser reads %v (%v)", value, o, u, err)
		}
		if again, ok := origin.Of(o); !ok || again != o {
			t.Errorf("Of(%q): got %q, which is not its own origin: %q", value, o, again)
		}
	}
}

func FuzzRedirect(f *testing.F) {
	for _, url := range readJSON[recordedOrigins](f, "origins.json").URLs {
		f.Add(url)
	}
	trust := corpusTrust(f)
	f.Fuzz(func(t *testing.T, value string) { checkRedirect(t, trust, value) })
}

// TestRedirectsMadeOfTraps tries values made of pieces that have fooled URL
// checks. The generator is seeded, so that a failure comes again.
func TestRedirectsMadeOfTraps(t *testing.T) {
	pieces := []string{
		"https:", "http:", "HTTPS:", "myapp:", "javascript:", "data:", "blob:", "//", "/", `\`, "/", "//", ":", "@", "?", "#", ".", "..", "%",
		"app.test", "x.example.com", ".example.com", "callback", "evil.com", "xn--", "xn--bcher-kva", "1", "0x7f", "127.0.0.1", "[::1]", "443", "80", "0",
		"%2f", "%5c", "%2e", "%25", "%00", "%40", "\t", "\n", "\r", " ", "\x00", "\x7f", "\u0085", "\u00ad", "\u200b", "\u3002", "\uff0f", "\ufeff", "\xff", "a", "A", "-", "_", "*", ";",
	}
	trust := corpusTrust(t)
	random := uint64(1)
	below := func(n int) int { // Lehmer's generator
		random = random * 48271 % (1<<31 - 1)
		return int(random % uint64(n))
	}
	accepted := 0
	for range 50_000 {
		var value strings.Builder
		for range 1 + below(7) {
			value.WriteString(pieces[below(len(pieces))])
		}
		checkRedirect(t, trust, value.String())
		if trust.Redirect(value.String()) {
			accepted++
		}
	}
	if accepted < 500 {
		t.Errorf("got %d accepted values, want at least 500: the pieces say nothing", accepted)
	}
}

// FuzzPattern checks that whatever NewTrust compiles matches only origins that
// Of knows or app URLs of the pattern's scheme.
func FuzzPattern(f *testing.F) {
	recorded := readJSON[recordedOrigins](f, "origins.json")
	for i, p := range recorded.Patterns {
		f.Add(p.Pattern, recorded.URLs[i*3])
	}
	f.Fuzz(func(t *testing.T, pattern, value string) {
		trust, err := origin.NewTrust([]string{pattern})
		if err != nil {
			return
		}
		if trust.Origin("https://evil.com") && pattern != "https://evil.com" && !strings.HasSuffix(pattern, "://evil.com") {
			t.Errorf("pattern %q trusts https://evil.com", pattern)
		}
		if !trust.Origin(value) {
			return
		}
		if _, ok := origin.Of(value); ok {
			return
		}
		scheme, _, _ := strings.Cut(value, ":")
		if want, _, _ := strings.Cut(pattern, ":"); !strings.EqualFold(scheme, want) {
			t.Errorf("pattern %q trusts %q", pattern, value)
		}
	})
}

// FuzzBase checks that a base, whatever was configured and requested, is a
// plain URL, that its origins can be trusted, and that only allowed hosts
// count.
func FuzzBase(f *testing.F) {
	f.Add("https://app.test/x", "/auth", "app.test", "app.test:443", "https")
	f.Add("", "", "*.example.com", "x.example.com@evil.com", "some:")
	f.Add("http://localhost:3000", "//evil.com", "localhost:*", "localhost:3000/x", "http")
	f.Add("https://[::1]:1/a/../b", "a/%2f", "http://[::1]", "[::1]:80", "http, https")
	f.Fuzz(func(t *testing.T, url, path, allowed, host, proto string) {
		r := request(host, "X-Forwarded-Host", host, "X-Forwarded-Proto", proto)
		for _, c := range []origin.BaseConfig{
			{URL: url, BasePath: path},
			{BasePath: path, TrustProxyHeaders: true},
			{BasePath: path, AllowedHosts: []string{allowed}, TrustProxyHeaders: true},
			{BasePath: path, AllowedHosts: []string{allowed}, Fallback: url, Protocol: "auto"},
		} {
			base, err := origin.NewBase(c)
			if err != nil {
				continue
			}
			trust, err := origin.NewTrust(base.Origins())
			if err != nil {
				t.Errorf("%+v: NewTrust refuses its origins: %v", c, err)
				continue
			}
			at, err := base.Resolve(r, true)
			if err != nil {
				continue
			}
			if got := browserGoes(at.Origin+"/", at.URL()+"/ok"); got != "base" && got != "trusted" {
				t.Errorf("%+v: a browser goes from %+v to %s", c, at, got)
			}
			if o, ok := origin.Of(at.URL()); !ok || o != at.Origin || strings.HasSuffix(at.Path, "/") {
				t.Errorf("%+v: got %+v, which is not plain", c, at)
			}
			https, http := "https://"+strings.SplitN(at.Origin, "://", 2)[1], "http://"+strings.SplitN(at.Origin, "://", 2)[1]
			if base.Dynamic() && !trust.Origin(https) && !trust.Origin(http) {
				t.Errorf("%+v: got %+v, which no allowed host stands for", c, at)
			}
		}
	})
}
