package lockstep_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/memory"
)

// app is an application behind a server with two users, of whom one is an
// admin.
type app struct {
	*locksteptest.Server
	user, admin string // Cookie headers
}

func startApp(t *testing.T) *app {
	t.Helper()
	s := locksteptest.Start(t, lockstep.Config{
		EmailAndPassword: passwords(),
		User: lockstep.UserOptions{TableOptions: lockstep.TableOptions{AdditionalFields: []schema.Field{
			{Name: "role", Default: func() any { return "user" }}, {Name: "level", Type: schema.Number},
		}}},
	})
	a := &app{Server: s}
	a.user = a.signUp(t, "user@example.com", m{})
	a.admin = a.signUp(t, "admin@example.com", m{"role": "admin", "level": 3})
	return a
}

func (a *app) signUp(t *testing.T, email string, more m) string {
	t.Helper()
	body := m{"name": "N", "email": email, "password": "correct horse"}
	for k, v := range more {
		body[k] = v
	}
	b := a.NewBrowser(t)
	if got := b.Post("/sign-up/email", body); got.Status != 200 {
		t.Fatalf("sign-up: %d %s", got.Status, got.Body)
	}
	return b.CookieHeader()
}

// get sends a request through middleware in front of a page that says who it
// sees.
func get(h func(http.Handler) http.Handler, path, cookies, accept string) *http.Response {
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("page")) })
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Accept", accept)
	if cookies != "" {
		r.Header.Set("Cookie", cookies)
	}
	w := httptest.NewRecorder()
	h(page).ServeHTTP(w, r)
	return w.Result()
}

const (
	html  = "text/html,application/xhtml+xml"
	jsonT = "application/json"
)

func TestRouteRules(t *testing.T) {
	t.Parallel()
	a := startApp(t)
	rules := a.RouteRules(lockstep.Routes{Rules: map[string]lockstep.RouteRule{
		"/app/**":          lockstep.UserOnly(),
		"/app/public":      lockstep.Everyone(),
		"/app/admin/**":    {User: lockstep.UserMatch{"role": []string{"admin", "owner"}}},
		"/app/*/settings":  {RedirectTo: "/welcome"},
		"/login":           lockstep.GuestOnly(),
		"/join":            {Only: "guest", RedirectTo: "/app"},
		"/api/**":          lockstep.UserOnly(),
		"/api/auth/secret": lockstep.UserOnly(),
		"/exact":           lockstep.UserOnly(),
	}})
	for _, tc := range []struct {
		name, path, who, accept string
		status                  int
		location                string
	}{
		{"no rule lets everybody pass", "/", "", html, 200, ""},
		{"a guest is sent to the login page with the way back", "/app/x?a=1&b=2", "", html, 302, "/login?redirect=%2Fapp%2Fx%3Fa%3D1%26b%3D2"},
		{"/app/** includes /app", "/app", "", html, 302, "/login?redirect=%2Fapp"},
		{"/app/** does not include /apple", "/apple", "", html, 200, ""},
		{"an exact rule does not include what is below", "/exact/x", "", html, 200, ""},
		{"a slash at the end changes nothing", "/exact/", "", html, 302, "/login?redirect=%2Fexact%2F"},
		{"double slashes do not slip past", "//app//x", "", jsonT, 401, ""},
		{"dot segments do not slip past", "/x/../app/x", "", jsonT, 401, ""},
		{"encoded letters do not slip past", "/%61pp/x", "", jsonT, 401, ""},
		{"the more specific rule opens", "/app/public", "", html, 200, ""},
		{"a user passes", "/app/x", "user", html, 200, ""},
		{"a user without the role is refused", "/app/admin/x", "user", html, 403, ""},
		{"a program without the role is refused", "/app/admin/x", "user", jsonT, 403, ""},
		{"the role lets pass", "/app/admin/x", "admin", html, 200, ""},
		{"a guest is not told about roles", "/app/admin/x", "", html, 302, "/login?redirect=%2Fapp%2Fadmin%2Fx"},
		{"a free segment merges into the wildcard", "/app/7/settings", "", html, 302, "/welcome?redirect=%2Fapp%2F7%2Fsettings"},
		{"a user is sent away from the login page", "/login", "user", html, 302, "/"},
		{"a guests' rule has its own target", "/join", "user", html, 302, "/app"},
		{"a guest sees the login page", "/login", "", html, 200, ""},
		{"a program gets 401", "/api/x", "", jsonT, 401, ""},
		{"the server's endpoints are always let through", "/api/auth/ok", "", jsonT, 200, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			cookies := map[string]string{"": "", "user": a.user, "admin": a.admin}[tc.who]
			got := get(rules, tc.path, cookies, tc.accept)
			defer got.Body.Close()
			if got.StatusCode != tc.status || got.Header.Get("Location") != tc.location {
				t.Errorf("got %d %q, want %d %q", got.StatusCode, got.Header.Get("Location"), tc.status, tc.location)
			}
			if tc.status != 200 && got.Header.Get("Cache-Control") != "private, no-store" {
				t.Errorf("Cache-Control = %q", got.Header.Get("Cache-Control"))
			}
		})
	}
}

func TestRequireUserSession(t *testing.T) {
	t.Parallel()
	a := startApp(t)
	rule := func(ok bool, err error) lockstep.Requirement {
		return lockstep.Rule(func(context.Context, *lockstep.Session) (bool, error) { return ok, err })
	}
	for _, tc := range []struct {
		name   string
		who    string
		need   []lockstep.Requirement
		status int
	}{
		{"nobody is 401, before any requirement", "", []lockstep.Requirement{rule(false, nil)}, 401},
		{"a user passes", a.user, nil, 200},
		{"equality", a.admin, []lockstep.Requirement{lockstep.MatchUser(lockstep.UserMatch{"role": "admin"})}, 200},
		{"inequality is 403", a.user, []lockstep.Requirement{lockstep.MatchUser(lockstep.UserMatch{"role": "admin"})}, 403},
		{"one of a list", a.admin, []lockstep.Requirement{lockstep.MatchUser(lockstep.UserMatch{"role": []string{"x", "admin"}})}, 200},
		{"all keys must hold", a.admin, []lockstep.Requirement{lockstep.MatchUser(lockstep.UserMatch{"role": "admin", "level": 4})}, 403},
		{"numbers of Go compare as in JSON", a.admin, []lockstep.Requirement{lockstep.MatchUser(lockstep.UserMatch{"level": 3})}, 200},
		{"a number is not its text", a.admin, []lockstep.Requirement{lockstep.MatchUser(lockstep.UserMatch{"level": "3"})}, 403},
		{"an unknown field fails", a.admin, []lockstep.Requirement{lockstep.MatchUser(lockstep.UserMatch{"nope": nil})}, 403},
		{"the rule lets pass", a.user, []lockstep.Requirement{rule(true, nil)}, 200},
		{"the rule refuses", a.user, []lockstep.Requirement{rule(false, nil)}, 403},
		{"a rule that fails is not a refusal", a.user, []lockstep.Requirement{rule(false, errors.New("x"))}, 503},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := get(a.RequireUserSession(tc.need...), "/", tc.who, jsonT)
			defer got.Body.Close()
			if got.StatusCode != tc.status {
				t.Errorf("status = %d, want %d", got.StatusCode, tc.status)
			}
		})
	}
}

func TestSessionIsReadOncePerRequest(t *testing.T) {
	t.Parallel()
	db := &countingStore{Store: memory.New()}
	s := locksteptest.Start(t, lockstep.Config{EmailAndPassword: passwords(), Store: db})
	s.Browser.Post("/sign-up/email", ada())
	db.reads.Store(0)
	h := s.RequireUserSession()(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		for range 3 {
			if _, err := s.Session(r); err != nil {
				t.Error(err)
			}
		}
	}))
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Cookie", s.Browser.CookieHeader())
	s.LoadSession(h).ServeHTTP(httptest.NewRecorder(), r)
	if got := db.reads.Load(); got != 1 {
		t.Errorf("%d reads, want 1", got)
	}
}

func TestSafeRedirect(t *testing.T) {
	t.Parallel()
	for to, want := range map[string]string{
		"/app": "/app", "/app?x=1#y": "/app?x=1#y", "//evil.com": "/home", `/\evil.com`: "/home", "https://evil.com": "/home",
		"": "/home", "/a\tb": "/home", "javascript:alert(1)": "/home",
	} {
		r := httptest.NewRequest(http.MethodGet, "/login", nil)
		q := r.URL.Query()
		q.Set("redirect", to)
		r.URL.RawQuery = q.Encode()
		if got := lockstep.SafeRedirect(r, "/home"); got != want {
			t.Errorf("SafeRedirect(%q) = %q, want %q", to, got, want)
		}
	}
}

func TestHydrationHasNoToken(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{EmailAndPassword: passwords()})
	s.Browser.Post("/sign-up/email", m{"name": "</script><b>\u2028&", "email": "a@b.co", "password": "correct horse"})
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Cookie", s.Browser.CookieHeader())
	session, err := s.Session(r)
	if err != nil {
		t.Fatal(err)
	}
	got := string(s.Hydration(session))
	if strings.Contains(got, string(session.Token)) || strings.Contains(got, `"token"`) {
		t.Errorf("hydration tells the token: %s", got)
	}
	if strings.ContainsAny(got, "<>&\u2028") || !strings.Contains(got, `\u003c/script\u003e`) {
		t.Errorf("hydration is not safe in a script: %s", got)
	}
	if s.Hydration(nil) != "null" {
		t.Error("hydration of nobody is not null")
	}
}

var _ store.Store = (*countingStore)(nil)
