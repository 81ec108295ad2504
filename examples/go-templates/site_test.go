package main

import (
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/store/memory"
)

// A visitor is a browser without JavaScript.
type visitor struct {
	t    *testing.T
	site http.Handler
	url  string
	jar  http.CookieJar
}

func newVisitor(t *testing.T, s *locksteptest.Server) *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t, newSite(s.Auth), s.URL, jar}
}

// visit opens a page, or sends it a form, and returns the answer.
func (v *visitor) visit(method, path string, form url.Values) *httptest.ResponseRecorder {
	v.t.Helper()
	r := httptest.NewRequest(method, v.url+path, strings.NewReader(form.Encode()))
	r.Header.Set("Accept", "text/html")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", v.url)
	}
	for _, c := range v.jar.Cookies(r.URL) {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	v.site.ServeHTTP(w, r)
	v.jar.SetCookies(r.URL, w.Result().Cookies())
	return w
}

// expect visits, and complains unless the answer has this status, target and text.
func (v *visitor) expect(method, path string, form url.Values, status int, target, text string) {
	v.t.Helper()
	w := v.visit(method, path, form)
	if w.Code != status || w.Header().Get("Location") != target || !strings.Contains(w.Body.String(), text) {
		v.t.Errorf("%s %s: got %d to %q, want %d to %q with %q:\n%s",
			method, path, w.Code, w.Header().Get("Location"), status, target, text, w.Body)
	}
}

func ada() url.Values {
	return url.Values{"name": {"Ada"}, "email": {"ada@example.com"}, "password": {"correct horse"}, "remember": {"on"}}
}

func TestGuardAndReturn(t *testing.T) {
	s := locksteptest.Start(t, config())
	v := newVisitor(t, s)
	v.expect("GET", "/account?x=1", nil, 302, "/sign-in?redirect=%2Faccount%3Fx%3D1", "")
	v.expect("GET", "/sign-in?redirect=%2Faccount%3Fx%3D1", nil, 200, "", `href="/sign-up?redirect=%2faccount%3fx%3d1"`)
	v.expect("POST", "/sign-up?redirect=%2Faccount%3Fx%3D1", ada(), 303, "/account?x=1", "")
	v.expect("GET", "/account?x=1", nil, 200, "", "signed in as Ada (ada@example.com)")
	v.expect("GET", "/sign-in", nil, 302, "/account", "")
	v.expect("POST", "/sign-in", ada(), 303, "/account", "") // in another tab, somebody signed in already
	v.expect("POST", "/account", url.Values{"name": {"<b>"}}, 303, "/account?notice=renamed", "")
	v.expect("GET", "/account?notice=renamed", nil, 200, "", "Your name is changed.")
	v.expect("GET", "/", nil, 200, "", "Hello, &lt;b&gt;.")
	v.expect("POST", "/sign-out", url.Values{}, 303, "/?notice=signed-out", "")
	v.expect("POST", "/sign-in?redirect=https%3A%2F%2Fevil.com", ada(), 303, "/account", "")
}

func TestSessionEnds(t *testing.T) {
	s := locksteptest.Start(t, config())
	v := newVisitor(t, s)
	v.visit("POST", "/sign-up", ada())
	s.Clock.Advance(8 * 24 * time.Hour)
	v.expect("GET", "/account", nil, 302, "/sign-in?redirect=%2Faccount", "")
	v.expect("POST", "/account", url.Values{"name": {"Eve"}}, 303, "/sign-in", "")
}

func TestFormsRefused(t *testing.T) {
	s := locksteptest.Start(t, config())
	v := newVisitor(t, s)
	v.visit("POST", "/sign-up", ada())
	v.visit("POST", "/sign-out", url.Values{})
	wrong := ada()
	wrong.Set("password", "short")
	v.expect("POST", "/sign-in", wrong, 401, "", "The email address or the password is wrong.")
	v.expect("POST", "/sign-in", wrong, 401, "", `value="ada@example.com"`)
	v.expect("POST", "/sign-in", url.Values{}, 400, "", "Fill in the form")
	v.expect("POST", "/sign-up", ada(), 422, "", "There is an account with this email address already.")
	wrong.Set("email", "eve@example.com")
	v.expect("POST", "/sign-up", wrong, 400, "", "This password is too short")
	v.url = "http://evil.example"
	v.expect("POST", "/sign-in", ada(), 403, "", "The form did not come from this site.")
}

func TestAdmin(t *testing.T) {
	c := config()
	db := memory.New()
	c.Store = db
	v := newVisitor(t, locksteptest.Start(t, c))
	v.expect("GET", "/admin", nil, 302, "/sign-in?redirect=%2Fadmin", "")
	form := ada()
	form.Set("role", "admin") // nobody asked for it
	v.visit("POST", "/sign-up", form)
	v.expect("GET", "/admin", nil, 403, "", "Your account may not see this page.")
	if err := makeAdmin(db, "Ada@example.com"); err != nil {
		t.Fatal(err)
	}
	v.expect("GET", "/admin", nil, 200, "", "Only administrators see this page, Ada.")
	if err := makeAdmin(db, "eve@example.com"); err == nil {
		t.Error("somebody who does not exist is an admin")
	}
}
