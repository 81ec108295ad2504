package cookie_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/internal/cookie"
)

func TestMake(t *testing.T) {
	custom := cookie.Config{
		Prefix:   "app",
		Domain:   "example.com",
		Defaults: cookie.Overrides{MaxAge: new(60), SameSite: new("none"), Partitioned: new(true)},
		Cookies: map[string]cookie.Custom{
			"session_token": {Name: "sid", Attributes: cookie.Overrides{MaxAge: new(5), Path: new("/app"), HTTPOnly: new(false), SameSite: new("strict"), Partitioned: new(false)}},
			"session_data":  {Attributes: cookie.Overrides{Domain: new(""), Expires: new(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)), Secure: new(false)}},
		},
	}
	secure := custom
	secure.Secure = true
	tests := []struct {
		name   string
		config cookie.Config
		key    string
		maxAge *int
		want   string
	}{
		{"defaults", cookie.Config{}, cookie.DontRemember, nil, "better-auth.dont_remember=; Path=/; HttpOnly; SameSite=Lax"},
		{"https", cookie.Config{Secure: true}, cookie.SessionToken, new(604800), "__Secure-better-auth.session_token=; Max-Age=604800; Path=/; HttpOnly; Secure; SameSite=Lax"},
		{"a plugin's key", cookie.Config{Prefix: "x"}, "two_factor", new(600), "x.two_factor=; Max-Age=600; Path=/; HttpOnly; SameSite=Lax"},
		{"the domain is for all keys", cookie.Config{Domain: ".example.com"}, "state", new(0), "better-auth.state=; Max-Age=0; Domain=.example.com; Path=/; HttpOnly; SameSite=Lax"},
		{"the caller's life wins over the defaults", custom, cookie.AccountData, new(300), "app.account_data=; Max-Age=300; Domain=example.com; Path=/; HttpOnly; Secure; SameSite=None; Partitioned"},
		{"the defaults stand without one", custom, "any", nil, "app.any=; Max-Age=60; Domain=example.com; Path=/; HttpOnly; Secure; SameSite=None; Partitioned"},
		{"a cookie's own attributes win over the caller", custom, "session_token", new(300), "sid=; Max-Age=5; Domain=example.com; Path=/app; SameSite=Strict"},
		{"an attribute can be taken away", custom, "session_data", nil, "app.session_data=; Max-Age=60; Path=/; Expires=Fri, 02 Jan 2026 03:04:05 GMT; HttpOnly; Secure; SameSite=None; Partitioned"},
		{"__Secure- is put in front of custom names", secure, "session_token", nil, "__Secure-sid=; Max-Age=5; Domain=example.com; Path=/app; Secure; SameSite=Strict"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, err := cookie.NewNames(tt.config)
			if err != nil {
				t.Fatal(err)
			}
			if got := n.Make(tt.key, tt.maxAge).String(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestNamesKeepNoPointerOfTheConfig(t *testing.T) {
	age := new(60)
	n, err := cookie.NewNames(cookie.Config{Defaults: cookie.Overrides{MaxAge: age}})
	if err != nil {
		t.Fatal(err)
	}
	*age = 1
	if got := *n.Make("x", nil).MaxAge; got != 60 {
		t.Errorf("got %d, want 60", got)
	}
}

func TestNewNamesRefuses(t *testing.T) {
	domain := func(d string) cookie.Config { return cookie.Config{Domain: d} }
	defaults := func(o cookie.Overrides) cookie.Config { return cookie.Config{Defaults: o} }
	cookies := func(key string, c cookie.Custom) cookie.Config {
		return cookie.Config{Cookies: map[string]cookie.Custom{key: c}}
	}
	tests := []struct {
		name   string
		config cookie.Config
		want   string // in the error
	}{
		{"a top-level domain", domain(".com"), `advanced.crossSubDomainCookies.domain ".com"`},
		{"a single label", domain("com"), "whole top-level domain"},
		{"a URL", domain("https://example.com"), "not a domain name"},
		{"a port", domain("example.com:3000"), "not a domain name"},
		{"two dots", domain("..example.com"), "not a domain name"},
		{"a dot at the end", domain("example.com."), "not a domain name"},
		{"a dot alone", domain("."), "not a domain name"},
		{"a hyphen in front of a label", domain("-a.example.com"), "not a domain name"},
		{"an attribute in a domain", domain("example.com; Path=/x"), "not a domain name"},
		{"a domain beyond ASCII", domain("exämple.com"), "not a domain name"},
		{"a label of 64 characters", domain(strings.Repeat("a", 64) + ".com"), "not a domain name"},
		{"a domain of 254 characters", domain(strings.Repeat("a.", 126) + "ab"), "not a domain name"},
		{"a prefix that is no token", cookie.Config{Prefix: "my app"}, `advanced.cookiePrefix "my app"`},
		{"a prefix with an equals sign", cookie.Config{Prefix: "a="}, "advanced.cookiePrefix"},
		{"a life beyond 400 days", defaults(cookie.Overrides{MaxAge: new(34_560_001)}), "advanced.defaultCookieAttributes.maxAge 34560001"},
		{"a negative life", defaults(cookie.Overrides{MaxAge: new(-1)}), "advanced.defaultCookieAttributes.maxAge -1"},
		{"an unknown SameSite", defaults(cookie.Overrides{SameSite: new("loose")}), `advanced.defaultCookieAttributes.sameSite "loose"`},
		{"an empty SameSite", defaults(cookie.Overrides{SameSite: new("")}), "not strict, lax or none"},
		{"a relative path", defaults(cookie.Overrides{Path: new("app")}), "advanced.defaultCookieAttributes.path"},
		{"an attribute in a path", defaults(cookie.Overrides{Path: new("/;Domain=x")}), "advanced.defaultCookieAttributes.path"},
		{"a line break in a path", defaults(cookie.Overrides{Path: new("/\r\n")}), "advanced.defaultCookieAttributes.path"},
		{"a top-level domain for all", defaults(cookie.Overrides{Domain: new(".com")}), "advanced.defaultCookieAttributes.domain"},
		{"a custom name that is no token", cookies("state", cookie.Custom{Name: "a;b"}), `advanced.cookies.state.name "a;b"`},
		{"a key that is no token", cookies("a b", cookie.Custom{}), `advanced.cookies: key "a b"`},
		{"a custom life beyond 400 days", cookies("state", cookie.Custom{Attributes: cookie.Overrides{MaxAge: new(99999999)}}), "advanced.cookies.state.attributes.maxAge 99999999"},
		{"the name of another cookie", cookies("session_data", cookie.Custom{Name: "better-auth.session_token"}), "session_data and session_token are both called"},
		{"the name of another cookie's slice", cookies("x", cookie.Custom{Name: "better-auth.session_data.0"}), "both called"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, err := cookie.NewNames(tt.config)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
			if n != nil {
				t.Error("got names together with an error")
			}
		})
	}
}

func TestNewNamesReportsAllErrors(t *testing.T) {
	_, err := cookie.NewNames(cookie.Config{Prefix: "a b", Domain: "com", Defaults: cookie.Overrides{SameSite: new("x"), MaxAge: new(-5)}})
	if got := strings.Count(err.Error(), "\n") + 1; got != 4 {
		t.Errorf("got %d errors, want 4:\n%v", got, err)
	}
}

func TestNewNamesAccepts(t *testing.T) {
	for _, domain := range []string{"example.com", ".example.com", "localhost", "a_b.example.com", "xn--exmple-cua.com", "EXAMPLE.com", "127.0.0.1"} {
		if _, err := cookie.NewNames(cookie.Config{Domain: domain}); err != nil {
			t.Errorf("%s: %v", domain, err)
		}
	}
	for _, site := range []string{"strict", "lax", "none", "Strict", "Lax", "None"} {
		if _, err := cookie.NewNames(cookie.Config{Defaults: cookie.Overrides{SameSite: &site}}); err != nil {
			t.Errorf("%s: %v", site, err)
		}
	}
}
