package ui_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	whatwg "github.com/nlnwa/whatwg-url/url"
)

// refuse is a server that refuses everything, the same way.
func refuse(status int, code, message string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, "null")
			return
		}
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"message":%q,"code":%q}`, message, code)
	})
}

func TestExplains(t *testing.T) {
	const generic = "Something went wrong, and the form was not accepted. Try again later."
	for _, tt := range []struct {
		name          string
		status        int
		code, message string
		says          string
		want          int
	}{
		{"an unknown code", 400, "NEW_CODE", "for programmers", generic, 400},
		{"no code at all", 400, "", "for programmers", generic, 400},
		{"a failure", 500, "", "for programmers", generic, 500},
		{"a redirect", 302, "", "", generic, 502},
		{"an unverified address", 403, "EMAIL_NOT_VERIFIED", "for programmers", "Confirm your email address first", 403},
		{"a session that cannot start", 401, "FAILED_TO_CREATE_SESSION", "for programmers", "You could not be signed in.", 401},
		{"a host that is not served", 421, "HOST_NOT_ALLOWED", "for programmers", "not available under this address", 421},
		{"an address of the wrong form", 400, "VALIDATION_ERROR", "[body.email] for programmers", "in the form name@example.com", 400},
		{"a password of the wrong form", 400, "VALIDATION_ERROR", "[body.password] for programmers", "This server does not accept this.", 400},
		{"a field of the wrong form", 400, "VALIDATION_ERROR", "[body.other] for programmers", "This server does not accept this.", 400},
		{"an input of the wrong form", 400, "VALIDATION_ERROR", "for programmers", "Check what you entered.", 400},
		{"too many attempts", 429, "", "for programmers", "Too many attempts. Try again in a moment.", 429},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBrowser(t, newPages(t, refuse(tt.status, tt.code, tt.message)))
			p := b.must(b.post("/sign-in", "email", "ada@example.com", "password", "secret words"), tt.want, tt.says)
			if strings.Contains(p.text, "for programmers") {
				t.Error("page shows the server's own message")
			}
		})
	}
}

// Every refusal of the endpoints that the pages call has a sentence of its own.
func TestEveryCodeIsExplained(t *testing.T) {
	for _, code := range []string{
		"TOKEN_EXPIRED", "INVALID_TOKEN", "INVALID_USER", "USER_NOT_FOUND", "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
		"PREFETCH_NOT_ALLOWED", "EMAIL_MISMATCH", "EMAIL_ALREADY_VERIFIED", "RESET_PASSWORD_DISABLED",
		"FAILED_TO_GET_USER_INFO", "EMAIL_NOT_VERIFIED", "VERIFICATION_EMAIL_NOT_ENABLED", "CHANGE_EMAIL_DISABLED",
		"INVALID_CALLBACK_URL", "INVALID_REDIRECT_URL", "FAILED_TO_UPDATE_USER", "SESSION_EXPIRED", "INVALID_EMAIL",
		"PASSWORD_TOO_SHORT", "PASSWORD_TOO_LONG", "INVALID_PASSWORD", "CREDENTIAL_ACCOUNT_NOT_FOUND", "FAILED_TO_CREATE_SESSION",
	} {
		t.Run(code, func(t *testing.T) {
			b := newBrowser(t, newPages(t, refuse(http.StatusBadRequest, code, "for programmers")))
			p := b.must(b.post("/sign-in", "email", "ada@example.com", "password", "secret words"), http.StatusBadRequest)
			for _, bad := range []string{code, "for programmers", "Something went wrong"} {
				if strings.Contains(p.text, bad) {
					t.Errorf("page says %q:\n%s", bad, p.body)
				}
			}
		})
	}
}

func TestUnusableAnswer(t *testing.T) {
	for _, body := range []string{"", "<html>", `"text"`, strings.Repeat(" ", 9<<20) + "null"} {
		b := newBrowser(t, newPages(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, body)
		})))
		b.must(b.get("/account"), http.StatusBadGateway, "The server gave no usable answer.")
	}
}

// Two calls of one page may set the same cookie. The browser gets the last.
func TestOneCookiePerName(t *testing.T) {
	calls := 0
	b := newBrowser(t, newPages(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		w.Header().Add("Set-Cookie", fmt.Sprintf("s=%d; Path=/", calls))
		w.Header().Add("Set-Cookie", fmt.Sprintf("s.%d=x; Path=/", calls))
		w.Header().Set("Access-Control-Allow-Origin", "https://evil.example")
		if r.URL.Path == "/api/auth/list-sessions" {
			_, _ = io.WriteString(w, "[]")
			return
		}
		_, _ = io.WriteString(w, `{"session":{"id":"1"},"user":{"name":"Ada","email":"ada@example.com"}}`)
	})))
	p := b.must(b.get("/account"), http.StatusOK)
	got := p.Header["Set-Cookie"]
	slices.Sort(got)
	if diff := cmp.Diff(got, []string{"s.1=x; Path=/", "s.2=x; Path=/", "s=2; Path=/"}); diff != "" {
		t.Errorf("cookies (got -, want +):\n%s", diff)
	}
	if p.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("page can be read by other sites")
	}
}

// The server sees the browser, not the pages.
func TestStandsForTheBrowser(t *testing.T) {
	var got *http.Request
	var body string
	pages := newPages(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		got, body = r, string(data)
		_, _ = io.WriteString(w, "{}")
	}))
	r := httptest.NewRequest(http.MethodPost, "https://auth.example/sign-in?redirect=/x", strings.NewReader("email=a%40b.c&password=+p%F0%9F%94%91"))
	r.RemoteAddr, r.TLS = "203.0.113.5:1234", &tls.ConnectionState{ServerName: "auth.example"}
	same := http.Header{
		"Cookie": {"a=b"}, "Origin": {"https://auth.example"}, "Referer": {"https://auth.example/sign-in"},
		"Sec-Fetch-Site": {"same-origin"}, "User-Agent": {"Mozilla"}, "X-Forwarded-For": {"198.51.100.1"},
		"Cf-Connecting-Ip": {"198.51.100.1"}, "X-Forwarded-Proto": {"https"},
	}
	r.Header = same.Clone()
	for name, value := range map[string]string{
		"Content-Type": "application/x-www-form-urlencoded", "Content-Encoding": "identity", "If-None-Match": "x",
		"Accept-Encoding": "gzip", "Range": "bytes=0-1", "Expect": "100-continue", "Accept": "text/html",
	} {
		r.Header.Set(name, value)
	}
	pages.ServeHTTP(httptest.NewRecorder(), r)
	want := same.Clone()
	want.Set("Content-Type", "application/json")
	want.Set("Accept", "application/json")
	if diff := cmp.Diff(got.Header, want); diff != "" {
		t.Errorf("headers (got -, want +):\n%s", diff)
	}
	if got.Host != r.Host || got.RemoteAddr != r.RemoteAddr || got.TLS != r.TLS || got.RequestURI != "/api/auth/sign-in/email" {
		t.Errorf("host %q, address %q, TLS %v, URI %q", got.Host, got.RemoteAddr, got.TLS, got.RequestURI)
	}
	if want := `{"email":"a@b.c","password":" p🔑","rememberMe":false}`; body != want {
		t.Errorf("body = %s, want %s", body, want)
	}
}

func TestBadForms(t *testing.T) {
	w := open(t, nil)
	for _, tt := range []struct {
		name, body string
		status     int
		says       string
	}{
		{"too large", "email=" + strings.Repeat("x", 65<<10), http.StatusRequestEntityTooLarge, "more text than this page accepts"},
		{"broken escapes", "email=%zz", http.StatusBadRequest, "did not arrive complete"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBrowser(t, w.pages)
			r := httptest.NewRequest(http.MethodPost, "/sign-in", strings.NewReader(tt.body))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			b.must(b.send(r), tt.status, tt.says)
		})
	}
	t.Run("nothing is taken from the address", func(t *testing.T) {
		b := newBrowser(t, w.pages)
		b.must(b.post("/sign-in?email=ada@example.com&password="+url.QueryEscape(password)), http.StatusBadRequest, "Enter your password.")
	})
}

// Whatever a link says, signing in leads to a page of this site, as browsers
// read addresses.
func FuzzRedirect(f *testing.F) {
	for _, seed := range []string{"/docs", "//evil.example", `/\evil.example`, "/.//evil.example", "https://evil.example", "/%2F/evil.example", "/\t/evil.example", "/ä", "/%"} {
		f.Add(seed)
	}
	pages := newPages(f, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }))
	f.Fuzz(func(t *testing.T, to string) {
		r := httptest.NewRequest(http.MethodPost, "/sign-in?redirect="+url.QueryEscape(to), strings.NewReader("email=a&password=b"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		pages.ServeHTTP(w, r)
		location := w.Header().Get("Location")
		u, err := whatwg.ParseRef("https://auth.example/sign-in", location)
		if err != nil || u.Protocol() != "https:" || u.Host() != "auth.example" {
			t.Errorf("redirect=%q leads to %q", to, location)
		}
	})
}
