package ui_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestDeleteByMail(t *testing.T) {
	w := openWithMail(t, nil)
	b := w.signUp(t, "Ada")
	p := b.must(b.get("/account/delete"), http.StatusOK, "We send a link to your email address", "Send me a link to delete it")
	if strings.Contains(p.body, `type="password"`) {
		t.Error("asks for a password, too")
	}
	b.mustGo(b.post("/account/delete"), "/account/delete?notice=delete-sent")
	b.must(b.get("/account/delete?notice=delete-sent"), http.StatusOK, "We sent you a message.")
	m := w.mail.next(t, "delete-user", "ada@example.com")

	other := newBrowser(t, w.pages)
	other.must(other.visit(m), http.StatusNotFound, "This link did not work", "Sign in with this browser, and open the link in the message again.")
	eve := w.signUp(t, "Eve")
	eve.must(eve.visit(m), http.StatusNotFound, "This link does not work")
	other.must(other.post("/sign-in", "email", "ada@example.com", "password", "wrong"), http.StatusUnauthorized)
	if !b.signedIn(w.auth) || !eve.signedIn(w.auth) {
		t.Fatal("a link that did not work has ended a session")
	}
	b.must(b.follow(m), http.StatusOK, "Your account is deleted.")
	b.must(b.post("/sign-in", "email", "ada@example.com", "password", password), http.StatusUnauthorized)
}

// What looks at a link ahead of a person spends nothing, and programs get what
// the server answers to programs.
func TestLinksAreForPeople(t *testing.T) {
	w := openWithMail(t, nil)
	b := w.signUp(t, "Ada")
	b.mustGo(b.post("/account/delete"), "/account/delete?notice=delete-sent")
	m := w.mail.next(t, "delete-user", "ada@example.com")
	path := strings.TrimPrefix(m.URL, origin)
	send := func(method string, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, nil)
		r.Host = b.host
		for _, c := range b.cookies {
			r.AddCookie(c)
		}
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		rec := httptest.NewRecorder()
		w.pages.ServeHTTP(rec, r)
		return rec
	}
	for _, tt := range []struct {
		name, method string
		header       []string
		status       int
		html         bool
	}{
		{"a prefetch that would be shown", http.MethodGet, []string{"Sec-Fetch-Mode", "navigate", "Sec-Purpose", "prefetch"}, http.StatusForbidden, true},
		{"a prefetch by an old browser", http.MethodGet, []string{"Accept", "text/html,*/*", "Purpose", "prefetch"}, http.StatusForbidden, true},
		{"a program", http.MethodGet, []string{"Accept", "application/json", "Purpose", "prefetch"}, http.StatusForbidden, false},
		{"a script of a page", http.MethodGet, []string{"Accept", "text/html", "Sec-Fetch-Mode", "cors", "Sec-Purpose", "prefetch"}, http.StatusForbidden, false},
		{"a look at the headers", http.MethodHead, []string{"Accept", "text/html"}, http.StatusNotFound, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := send(tt.method, tt.header...)
			if got.Code != tt.status || strings.Contains(got.Body.String(), "<html") != tt.html {
				t.Errorf("got %d %s, want %d and HTML %v", got.Code, got.Body, tt.status, tt.html)
			}
			if policy := got.Header().Get("Content-Security-Policy"); (policy != "") != tt.html {
				t.Errorf("got policy %q with HTML %v", policy, tt.html)
			}
		})
	}
	if got := send(http.MethodGet, "Sec-Fetch-Mode", "navigate"); got.Code != http.StatusFound || got.Header().Get("Location") != "/?notice=deleted" {
		t.Errorf("opened: got %d to %q", got.Code, got.Header().Get("Location"))
	}
}

// All but links goes to the server as it came.
func TestBasePath(t *testing.T) {
	var got *http.Request
	pages := newPages(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		w.WriteHeader(http.StatusTeapot)
	}))
	for _, tt := range []struct {
		target  string
		passed  bool
		rewrite bool // a person gets a page
	}{
		{"/api/auth", true, false},
		{"/api/auth/", true, false},
		{"/api/auth//verify-email", true, false},
		{"/api/auth/verify-email", true, true},
		{"/api/auth/verify-email/", true, false},
		{"/api/auth/reset-password/x", true, true},
		{"/api/auth/reset-password", true, false},
		{"/api/auth/callback/github", true, true},
		{"/api/auth/callback", true, false},
		{"/api/auth/get-session", true, false},
		{"/api/auth/%2e%2e/x", true, false},
		{"/api/authority", false, false},
		{"/api", false, false},
	} {
		t.Run(tt.target, func(t *testing.T) {
			got = nil
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			u, err := url.Parse(tt.target)
			if err != nil {
				t.Fatal(err)
			}
			r.URL, r.RequestURI = u, tt.target
			r.Header.Set("Sec-Fetch-Mode", "navigate")
			rec := httptest.NewRecorder()
			pages.ServeHTTP(rec, r)
			if passed := got == r; passed != tt.passed {
				t.Errorf("passed on: %v, want %v", passed, tt.passed)
			}
			if page := strings.Contains(rec.Body.String(), " did not work"); page != tt.rewrite {
				t.Errorf("got %d %s, want a page: %v", rec.Code, rec.Body, tt.rewrite)
			}
		})
	}
}
