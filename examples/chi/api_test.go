package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/locksteptest"
)

const frontEnd = "http://front.example"

func TestAPI(t *testing.T) {
	s := locksteptest.Start(t, lockstep.Config{
		TrustedOrigins: []string{frontEnd}, EmailAndPassword: lockstep.EmailAndPassword{Enabled: true},
	})
	h, err := newRouter(s.Auth, frontEnd)
	if err != nil {
		t.Fatal(err)
	}
	s.Browser.Post("/sign-up/email", map[string]any{"name": "Ada", "email": "ada@example.com", "password": "correct horse"})
	user := s.Browser.CookieHeader()
	for _, tc := range []struct {
		name, method, path, cookie, origin, body string
		status                                   int
		want                                     string
	}{
		{"everybody", "GET", "/", "", frontEnd, "", 200, `{"hello":"world"}`},
		{"nobody is signed in", "GET", "/me", "", frontEnd, "", 401, `"code":"UNAUTHORIZED"`},
		{"a user", "GET", "/me", user, frontEnd, "", 200, `"email":"ada@example.com"`},
		{"a user who may not", "GET", "/reports", user, frontEnd, "", 403, `"code":"FORBIDDEN"`},
		{"a user writes", "POST", "/notes", user, frontEnd, `{"text":"x"}`, 201, `{"text":"x"}`},
		{"a user reads", "GET", "/notes", user, frontEnd, "", 200, `{"notes":["x"]}`},
		{"another site writes for a user", "POST", "/notes", user, "http://evil.example", `{"text":"x"}`, 403, "cross-origin"},
		{"nothing is sent", "POST", "/notes", user, frontEnd, "", 400, "TEXT_MISSING"},
		{"the endpoints are behind the router", "GET", "/api/auth/ok", "", "", "", 200, `{"ok":true}`},
	} {
		r := httptest.NewRequest(tc.method, s.URL+tc.path, strings.NewReader(tc.body))
		r.Header.Set("Origin", tc.origin)
		r.Header.Set("Cookie", tc.cookie)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.want) {
			t.Errorf("%s: got %d %s, want %d with %s", tc.name, w.Code, w.Body, tc.status, tc.want)
		}
	}
}

// TestCORS: the front end may read answers, nobody else.
func TestCORS(t *testing.T) {
	s := locksteptest.Start(t, lockstep.Config{TrustedOrigins: []string{frontEnd}})
	h, err := newRouter(s.Auth, frontEnd)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/notes", "/api/auth/get-session"} {
		for origin, want := range map[string]string{frontEnd: frontEnd, "http://evil.example": ""} {
			r := httptest.NewRequest(http.MethodOptions, s.URL+path, http.NoBody)
			r.Header.Set("Origin", origin)
			r.Header.Set("Access-Control-Request-Method", "POST")
			r.Header.Set("Access-Control-Request-Headers", "content-type")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if got := w.Header()["Access-Control-Allow-Origin"]; strings.Join(got, " ") != want {
				t.Errorf("%s for %s: %v, want %q", path, origin, got, want)
			}
		}
	}
}
