package origin_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/internal/origin"
)

func mustBase(t testing.TB, c origin.BaseConfig) *origin.Base {
	t.Helper()
	base, err := origin.NewBase(c)
	if err != nil {
		t.Fatal(err)
	}
	return base
}

// request returns a request for a host; headers alternate between name and
// value.
func request(host string, headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/api/auth/sign-in/email", http.NoBody)
	r.Host = host
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func TestStatic(t *testing.T) {
	for _, tt := range []struct {
		name           string
		url, path      string
		origin, mounts string
	}{
		{"default path", "https://app.test", "", "https://app.test", "/api/auth"},
		{"a slash is no path", "https://app.test/", "", "https://app.test", "/api/auth"},
		{"configured path", "https://app.test", "/auth/", "https://app.test", "/auth"},
		{"path without slash", "https://app.test", "auth/v1", "https://app.test", "/auth/v1"},
		{"root", "https://app.test", "/", "https://app.test", ""},
		{"the path of the URL wins", "https://app.test/x/Y/", "/auth", "https://app.test", "/x/Y"},
		{"the origin is written as browsers write it", "HTTPS://App.Test:443/x", "", "https://app.test", "/x"},
		{"port", "http://localhost:3000", "", "http://localhost:3000", "/api/auth"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			base := mustBase(t, origin.BaseConfig{URL: tt.url, BasePath: tt.path})
			want := origin.Location{Origin: tt.origin, Path: tt.mounts}
			got, ok := base.Static()
			if !ok || got != want {
				t.Errorf("Static: got %+v, %v, want %+v", got, ok, want)
			}
			if got.URL() != tt.origin+tt.mounts {
				t.Errorf("URL: got %q, want %q", got.URL(), tt.origin+tt.mounts)
			}
			if base.Dynamic() {
				t.Error("Dynamic: got true, want false")
			}
			if diff := cmp.Diff([]string{tt.origin}, base.Origins()); diff != "" {
				t.Errorf("Origins (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNewBaseSaysWhatToWrite(t *testing.T) {
	for _, tt := range []struct {
		name   string
		config origin.BaseConfig
		want   string
	}{
		{"no scheme", origin.BaseConfig{URL: "app.test"}, "write scheme, host"},
		{"another scheme", origin.BaseConfig{URL: "ftp://app.test"}, "write scheme, host"},
		{"query", origin.BaseConfig{URL: "https://app.test/?a"}, "write scheme, host"},
		{"password, which is not shown", origin.BaseConfig{URL: "https://u:hunter2@app.test"}, "[redacted]"},
		{"dot segments", origin.BaseConfig{URL: "https://app.test/a/../b"}, "base path"},
		{"base path with escapes", origin.BaseConfig{BasePath: "/a%2fb"}, "base path"},
		{"base path with two slashes", origin.BaseConfig{BasePath: "/a//b"}, "base path"},
		{"base path that is a host", origin.BaseConfig{BasePath: "//evil.com"}, "base path"},
		{"protocol", origin.BaseConfig{AllowedHosts: []string{"app.test"}, Protocol: "ws"}, `write "http", "https" or "auto"`},
		{"fallback without hosts", origin.BaseConfig{Fallback: "https://app.test"}, "allowed hosts are empty"},
		{"protocol without hosts", origin.BaseConfig{Protocol: "https"}, "allowed hosts are empty"},
		{"URL and hosts", origin.BaseConfig{URL: "https://app.test", AllowedHosts: []string{"app.test"}}, "not both"},
		{"any host", origin.BaseConfig{AllowedHosts: []string{"*"}}, "anybody can register"},
		{"host with path", origin.BaseConfig{AllowedHosts: []string{"app.test/x"}}, "can never match"},
		{"host with default port", origin.BaseConfig{AllowedHosts: []string{"app.test:80"}}, `without ":80"`},
		{"host with an app scheme", origin.BaseConfig{AllowedHosts: []string{"myapp://app.test"}}, `such as "app.test"`},
		{"empty host", origin.BaseConfig{AllowedHosts: []string{""}}, "is empty"},
		{"fallback", origin.BaseConfig{AllowedHosts: []string{"app.test"}, Fallback: "app.test"}, "write scheme, host"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := origin.NewBase(tt.config)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got error %v, want %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error has the password: %v", err)
			}
		})
	}
}

func TestResolveStaticIgnoresTheRequest(t *testing.T) {
	base := mustBase(t, origin.BaseConfig{URL: "https://app.test", TrustProxyHeaders: true})
	for name, r := range map[string]*http.Request{
		"HP-01 odd forwarded headers": request("junk", "X-Forwarded-Proto", "some:", "X-Forwarded-Host", "junk"),
		"HP-02 another host":          request("evil.com", "X-Forwarded-Host", "evil.com", "X-Forwarded-Proto", "https", "Forwarded", "host=evil.com"),
		"HP-03 no host at all":        request("app.test:443@evil"),
	} {
		got, err := base.Resolve(r, true)
		if err != nil || got.URL() != "https://app.test/api/auth" {
			t.Errorf("%s: got %q, %v, want https://app.test/api/auth", name, got.URL(), err)
		}
	}
}

func TestResolveInferred(t *testing.T) {
	for _, tt := range []struct {
		name    string
		r       *http.Request
		trusted bool
		want    string // origin; empty for ErrHost
	}{
		{"host of the request", request("localhost:3000"), true, "http://localhost:3000"},
		{"scheme of the connection", overTLS(request("app.test")), true, "https://app.test"},
		{"default port", request("APP.test:80"), true, "http://app.test"},
		{"forwarded host and scheme", request("a.test", "X-Forwarded-Host", "b.test", "X-Forwarded-Proto", "https"), true, "https://b.test"},
		{"HP-04 forwarded by anybody", request("a.test", "X-Forwarded-Host", "b.test", "X-Forwarded-Proto", "https"), false, "http://a.test"},
		{"forwarded host alone", request("a.test", "X-Forwarded-Host", "b.test"), true, "http://a.test"},
		{"forwarded scheme alone", request("a.test", "X-Forwarded-Proto", "https"), true, "http://a.test"},
		{"HP-01 odd forwarded scheme", request("a.test", "X-Forwarded-Host", "b.test", "X-Forwarded-Proto", "some:"), true, "http://a.test"},
		{"odd forwarded host", request("a.test", "X-Forwarded-Host", "b.test/x", "X-Forwarded-Proto", "https"), true, "http://a.test"},
		{"two forwarded hosts", request("a.test", "X-Forwarded-Host", "b.test", "X-Forwarded-Host", "c.test", "X-Forwarded-Proto", "https"), true, "http://a.test"},
		{"a list of forwarded hosts", request("a.test", "X-Forwarded-Host", "b.test, c.test", "X-Forwarded-Proto", "https"), true, "http://a.test"},
		{"HP-03 user name", request("app.test:443@evil"), true, ""},
		{"HP-03 path", request("app.test/evil"), true, ""},
		{"HP-03 query", request("app.test?evil"), true, ""},
		{"HP-03 two hosts", request("a.test, b.test"), true, ""},
		{"no host", request(""), true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			base := mustBase(t, origin.BaseConfig{TrustProxyHeaders: true})
			checkResolve(t, base, tt.r, tt.trusted, tt.want)
			if base.Dynamic() || base.Origins() != nil {
				t.Error("an inferred base is neither dynamic nor has origins")
			}
		})
	}
	t.Run("forwarded headers are not trusted without the option", func(t *testing.T) {
		r := request("a.test", "X-Forwarded-Host", "b.test", "X-Forwarded-Proto", "https")
		checkResolve(t, mustBase(t, origin.BaseConfig{}), r, true, "http://a.test")
	})
}

func overTLS(r *http.Request) *http.Request {
	r.TLS = &tls.ConnectionState{}
	return r
}

// checkResolve wants an origin and the default path, or ErrHost.
func checkResolve(t *testing.T, base *origin.Base, r *http.Request, trusted bool, want string) {
	t.Helper()
	got, err := base.Resolve(r, trusted)
	if want == "" {
		if !errors.Is(err, origin.ErrHost) {
			t.Errorf("got %q, %v, want ErrHost", got.URL(), err)
		}
		return
	}
	if err != nil || got.URL() != want+"/api/auth" {
		t.Errorf("got %q, %v, want %q", got.URL(), err, want+"/api/auth")
	}
}

func TestResolveDynamic(t *testing.T) {
	hosts := []string{"App.test", "*.example.com", "localhost:*", "http://plain.test", "192.168.*.*"}
	for _, tt := range []struct {
		name     string
		protocol string
		fallback string
		r        *http.Request
		want     string // origin; empty for ErrHost
	}{
		{"allowed host", "", "", request("app.test"), "https://app.test"},
		{"case", "", "", request("APP.TEST"), "https://app.test"},
		{"default port", "", "", request("app.test:443"), "https://app.test"},
		{"another port", "", "", request("app.test:8443"), ""},
		{"wildcard", "", "", request("a.b.example.com"), "https://a.b.example.com"},
		{"loopback is http", "", "", request("localhost:3000"), "http://localhost:3000"},
		{"loopback over TLS is https", "", "", overTLS(request("localhost:3000")), "https://localhost:3000"},
		{"protocol http", "http", "", overTLS(request("app.test")), "http://app.test"},
		{"protocol auto is the connection", "auto", "", request("app.test"), "http://app.test"},
		{"protocol auto over TLS", "auto", "", overTLS(request("app.test")), "https://app.test"},
		{"forwarded host", "", "", request("10.0.0.1", "X-Forwarded-Host", "app.test"), "https://app.test"},
		{"forwarded scheme", "", "", request("app.test", "X-Forwarded-Proto", "http"), "http://app.test"},
		{"an odd forwarded host does not count", "", "", request("app.test", "X-Forwarded-Host", "app.test/x"), "https://app.test"},
		{"a forwarded host decides", "", "", request("app.test", "X-Forwarded-Host", "evil.com"), ""},
		{"other hosts", "", "", request("evil.com"), ""},
		{"HP-02 fallback", "", "https://main.test/auth2", request("evil.com"), "https://main.test/auth2"},
		{"fallback for what is no host", "", "https://main.test", request("app.test:443@evil"), "https://main.test/api/auth"},
		{"HP-05 not loopback", "", "", request("evil-localhost.com"), ""},
		{"HP-05 a name is not in a range of addresses", "", "", request("192.168.evil.com"), ""},
		{"a range of addresses", "", "", request("192.168.0.7"), "https://192.168.0.7"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			base := mustBase(t, origin.BaseConfig{AllowedHosts: hosts, Protocol: tt.protocol, Fallback: tt.fallback, TrustProxyHeaders: true})
			if tt.fallback == "" {
				checkResolve(t, base, tt.r, true, tt.want)
				return
			}
			got, err := base.Resolve(tt.r, true)
			if err != nil || got.URL() != tt.want {
				t.Errorf("got %q, %v, want %q", got.URL(), err, tt.want)
			}
		})
	}
	t.Run("HP-04 headers of an untrusted peer do not count", func(t *testing.T) {
		base := mustBase(t, origin.BaseConfig{AllowedHosts: hosts, TrustProxyHeaders: true})
		r := request("app.test", "X-Forwarded-Host", "a.example.com", "X-Forwarded-Proto", "http")
		checkResolve(t, base, r, false, "https://app.test")
	})
}

func TestErrHostIsShort(t *testing.T) {
	base := mustBase(t, origin.BaseConfig{AllowedHosts: []string{"app.test"}})
	_, err := base.Resolve(request(strings.Repeat("\x01", 1<<20)), false)
	if err == nil || len(err.Error()) > 1000 {
		t.Errorf("got an error of %d bytes, want at most 1000", len(fmt.Sprint(err)))
	}
}

func TestOriginsOfAllowedHosts(t *testing.T) {
	hosts := []string{"app.test", "*.example.com:8443", "localhost:*", "evil-localhost.com", "127.0.0.1.nip.io", "0.0.0.0:3000", "http://plain.test"}
	for _, tt := range []struct {
		protocol string
		want     []string
	}{
		{"", []string{
			"https://app.test", "https://*.example.com:8443", "https://localhost:*", "http://localhost:*", "https://evil-localhost.com",
			"https://127.0.0.1.nip.io", "https://0.0.0.0:3000", "http://plain.test", "https://main.test",
		}},
		{"http", []string{
			"http://app.test", "http://*.example.com:8443", "http://localhost:*", "http://evil-localhost.com",
			"http://127.0.0.1.nip.io", "http://0.0.0.0:3000", "http://plain.test", "https://main.test",
		}},
		{"auto", []string{
			"https://app.test", "http://app.test", "https://*.example.com:8443", "http://*.example.com:8443", "https://localhost:*", "http://localhost:*",
			"https://evil-localhost.com", "http://evil-localhost.com", "https://127.0.0.1.nip.io", "http://127.0.0.1.nip.io",
			"https://0.0.0.0:3000", "http://0.0.0.0:3000", "http://plain.test", "https://main.test",
		}},
	} {
		t.Run("protocol "+tt.protocol, func(t *testing.T) {
			base := mustBase(t, origin.BaseConfig{AllowedHosts: hosts, Protocol: tt.protocol, Fallback: "https://main.test/x"})
			if diff := cmp.Diff(tt.want, base.Origins()); diff != "" {
				t.Errorf("origins (-want +got):\n%s", diff)
			}
			if _, err := origin.NewTrust(base.Origins()); err != nil {
				t.Errorf("NewTrust refuses the origins of a base: %v", err)
			}
		})
	}
}

func TestSecure(t *testing.T) {
	hosts := []string{"app.test"}
	for _, tt := range []struct {
		name                    string
		config                  origin.BaseConfig
		development, production bool
	}{
		{"https URL", origin.BaseConfig{URL: "https://app.test"}, true, true},
		{"http URL", origin.BaseConfig{URL: "http://app.test"}, false, false},
		{"protocol https", origin.BaseConfig{AllowedHosts: hosts, Protocol: "https"}, true, true},
		{"protocol http", origin.BaseConfig{AllowedHosts: hosts, Protocol: "http"}, false, false},
		{"protocol auto", origin.BaseConfig{AllowedHosts: hosts, Protocol: "auto"}, false, true},
		{"no protocol, whatever the fallback", origin.BaseConfig{AllowedHosts: hosts, Fallback: "https://app.test"}, false, true},
		{"inferred", origin.BaseConfig{}, false, true},
	} {
		base := mustBase(t, tt.config)
		if got := base.Secure(false); got != tt.development {
			t.Errorf("%s: in development: got %v, want %v", tt.name, got, tt.development)
		}
		if got := base.Secure(true); got != tt.production {
			t.Errorf("%s: in production: got %v, want %v", tt.name, got, tt.production)
		}
	}
}

// HP-07: nothing of a request is kept.
func TestResolveKeepsNothing(t *testing.T) {
	base := mustBase(t, origin.BaseConfig{AllowedHosts: []string{"*.example.com"}})
	r := request("")
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for i := range 200_000 {
		r.Host = fmt.Sprintf("h%d.example.com", i)
		if _, err := base.Resolve(r, false); err != nil {
			t.Fatal(err)
		}
	}
	if after := heap(); after > before+1<<20 {
		t.Errorf("the heap grew from %d to %d bytes", before, after)
	}
	runtime.KeepAlive(base)
}
