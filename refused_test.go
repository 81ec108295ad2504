package lockstep_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/store/memory"
)

// TestRefused: people see the application's own page, programs never do.
func TestRefused(t *testing.T) {
	t.Parallel()
	db := &brokenStore{Store: memory.New()}
	s := locksteptest.Start(t, lockstep.Config{
		Store: db, EmailAndPassword: passwords(),
		Refused: func(w http.ResponseWriter, _ *http.Request, status int) {
			w.WriteHeader(status)
			fmt.Fprintf(w, "page %d", status)
		},
	})
	s.Browser.Post("/sign-up/email", ada())
	user := s.Browser.CookieHeader()
	verified := lockstep.UserMatch{"emailVerified": true}
	need := s.RequireUserSession(lockstep.MatchUser(verified))
	rules := s.RouteRules(lockstep.Routes{Rules: map[string]lockstep.RouteRule{"/page": {User: verified}}})
	for _, tc := range []struct {
		name                   string
		guard                  func(http.Handler) http.Handler
		method, cookie, accept string
		down                   bool
		status                 int
		body                   string
	}{
		{"nobody is signed in", need, "GET", "", html, false, 401, "page 401"},
		{"nobody is signed in, after a form", need, "POST", "", html, false, 401, "page 401"},
		{"a program", need, "GET", "", jsonT, false, 401, `{"message":"Authentication required","code":"UNAUTHORIZED"}`},
		{"a user who may not", need, "GET", user, html, false, 403, "page 403"},
		{"a user who may not, by rule", rules, "GET", user, html, false, 403, "page 403"},
		{"a user where only guests may", s.RequireGuest, "GET", user, html, false, 403, "page 403"},
		{"the database is away", need, "GET", user, html, true, 503, "page 503"},
		{"the database is away, by rule", rules, "GET", user, html, true, 503, "page 503"},
	} {
		db.broken.Store(tc.down)
		r := httptest.NewRequest(tc.method, s.URL+"/page", http.NoBody)
		r.Header.Set("Accept", tc.accept)
		r.Header.Set("Cookie", tc.cookie)
		w := httptest.NewRecorder()
		tc.guard(http.NotFoundHandler()).ServeHTTP(w, r)
		if w.Code != tc.status || w.Body.String() != tc.body || w.Header().Get("Cache-Control") != "private, no-store" {
			t.Errorf("%s: got %d %q, %v", tc.name, w.Code, w.Body, w.Header())
		}
	}
}

// TestRouteRulesOfForms: a browser that sends a form to where it may not, such as
// from a tab in which somebody was signed in, goes on to a page.
func TestRouteRulesOfForms(t *testing.T) {
	t.Parallel()
	a := startApp(t)
	rules := a.RouteRules(lockstep.Routes{Guest: "/app", Rules: map[string]lockstep.RouteRule{
		"/app/**": lockstep.UserOnly(), "/login": lockstep.GuestOnly(),
	}})
	for _, tc := range []struct {
		name, path, cookie, accept string
		status                     int
		location                   string
	}{
		{"to the login page, without a way back to the form", "/app/name?x=1", "", html, 303, "/login"},
		{"away from the login page", "/login", a.user, html, 303, "/app"},
		{"a program gets 401", "/app/name", "", jsonT, 401, ""},
		{"a program gets 403", "/login", a.user, jsonT, 403, ""},
	} {
		r := httptest.NewRequest("POST", a.URL+tc.path, http.NoBody)
		r.Header.Set("Accept", tc.accept)
		r.Header.Set("Cookie", tc.cookie)
		w := httptest.NewRecorder()
		rules(http.NotFoundHandler()).ServeHTTP(w, r)
		if got := w.Header().Get("Location"); w.Code != tc.status || got != tc.location {
			t.Errorf("%s: got %d %q, want %d %q", tc.name, w.Code, got, tc.status, tc.location)
		}
	}
}
