package lockstep_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/identity"
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
	maps.Copy(body, more)
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
		{"dot segments do not slip past", "/x/../app/x", "", jsonT, 400, ""},
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

// TestRouteRulesMergeAsInNuxt: what radix3 and defu make of the same rules, which
// is what @onmax/nuxt-better-auth goes by (runtime/app/middleware/auth.global.js),
// but for rules that would let guests in by accident.
func TestRouteRulesMergeAsInNuxt(t *testing.T) {
	t.Parallel()
	a := startApp(t)
	user, guest, everyone := lockstep.UserOnly(), lockstep.GuestOnly(), lockstep.Everyone()
	admin := lockstep.RouteRule{User: lockstep.UserMatch{"role": "admin"}}
	elsewhere := lockstep.RouteRule{RedirectTo: "/else"}
	type rules = map[string]lockstep.RouteRule
	for _, tc := range []struct {
		name      string
		rules     rules
		path, who string
		status    int
		location  string
	}{
		{"a literal that names no one is for users", rules{"/a": elsewhere}, "/a", "", 302, "/else?redirect=%2Fa"},
		{"an empty literal too", rules{"/a": {}}, "/a", "", 302, "/login?redirect=%2Fa"},
		{"a literal adds nothing to false", rules{"/**": everyone, "/a": elsewhere}, "/a", "", 302, "/else?redirect=%2Fa"},
		{"nor to 'guest'", rules{"/**": guest, "/a": elsewhere}, "/a", "", 302, "/else?redirect=%2Fa"},
		{"but to a literal for guests", rules{"/**": {Only: "guest"}, "/a": elsewhere}, "/a", "user", 302, "/else"},
		{"a literal for guests opens to guests what is for some users", rules{"/**": admin, "/a": {Only: "guest"}}, "/a", "", 200, ""},
		{"what users must be like is for users, whatever is above it", rules{"/**": {Only: "guest"}, "/a": admin}, "/a", "", 302, "/login?redirect=%2Fa"},
		{"'user' replaces what users must be like", rules{"/**": admin, "/a/**": user}, "/a", "user", 200, ""},
		{"a literal passes 'user' by", rules{"/**": admin, "/a/**": user, "/a/b": elsewhere}, "/a/b", "user", 403, ""},
		{"a literal passes false by", rules{"/**": admin, "/a/**": everyone, "/a/b": elsewhere}, "/a/b", "user", 403, ""},
		{
			"the last word on a field is the most specific rule's",
			rules{"/**": admin, "/a": {User: lockstep.UserMatch{"role": "user"}}},
			"/a", "user", 200, "",
		},
		{"/* is for / too", rules{"/*": user}, "/", "", 302, "/login?redirect=%2F"},
		{"but does not open it", rules{"/**": user, "/*": everyone}, "/", "", 302, "/login?redirect=%2F"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			cookies := map[string]string{"": "", "user": a.user}[tc.who]
			got := get(a.RouteRules(lockstep.Routes{Rules: tc.rules}), tc.path, cookies, html)
			defer got.Body.Close()
			if got.StatusCode != tc.status || got.Header.Get("Location") != tc.location {
				t.Errorf("got %d %q, want %d %q", got.StatusCode, got.Header.Get("Location"), tc.status, tc.location)
			}
		})
	}
}

// TestRouteRulesSendOn: the way back is part of the query, and nobody is sent in
// circles.
func TestRouteRulesSendOn(t *testing.T) {
	t.Parallel()
	a := startApp(t)
	for _, tc := range []struct {
		name, login string
		rule        lockstep.RouteRule
		path, who   string
		status      int
		location    string
	}{
		{"a login page with a query", "/in?a=b", lockstep.UserOnly(), "/x", "", 302, "/in?a=b&redirect=%2Fx"},
		{"a login page with a fragment", "/in#form", lockstep.UserOnly(), "/x", "", 302, "/in?redirect=%2Fx#form"},
		{"a login page with both", "/in?a=b#form", lockstep.UserOnly(), "/x", "", 302, "/in?a=b&redirect=%2Fx#form"},
		{"a login page that has a way back", "/in?redirect=/home", lockstep.UserOnly(), "/x", "", 302, "/in?redirect=/home"},
		{"a login page elsewhere", "https://id.example.com/in", lockstep.UserOnly(), "/x", "", 302, "https://id.example.com/in"},
		{"a login page for users only", "/in", lockstep.UserOnly(), "/in", "", 401, ""},
		{"with a query", "/in?a=b", lockstep.UserOnly(), "/in?redirect=%2F", "", 401, ""},
		{"a home page for guests only", "/in", lockstep.GuestOnly(), "/", "user", 403, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			rules := a.RouteRules(lockstep.Routes{Login: tc.login, Rules: map[string]lockstep.RouteRule{"/**": tc.rule}})
			got := get(rules, tc.path, map[string]string{"": "", "user": a.user}[tc.who], html)
			defer got.Body.Close()
			if got.StatusCode != tc.status || got.Header.Get("Location") != tc.location {
				t.Errorf("got %d %q, want %d %q", got.StatusCode, got.Header.Get("Location"), tc.status, tc.location)
			}
		})
	}
}

// TestNoSpellingSlipsPastRules: in front of routers that read a path in different
// ways, nobody sees what the rules do not show them.
func TestNoSpellingSlipsPastRules(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{EmailAndPassword: passwords()})
	rules := s.RouteRules(lockstep.Routes{Rules: map[string]lockstep.RouteRule{
		"/**": lockstep.UserOnly(), "/public/**": lockstep.Everyone(), "/public/private/**": lockstep.UserOnly(),
		"/one/*": lockstep.Everyone(),
	}})
	page := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("page")) }
	mux := http.NewServeMux()
	for _, pattern := range []string{"/admin/", "/report/{id}/edit/{x}", "/one/{a}/{b}", "/public/"} {
		mux.HandleFunc(pattern, page)
	}
	routers := map[string]http.Handler{"ServeMux": rules(mux), "one that takes every path": rules(http.HandlerFunc(page))}
	for _, tc := range []struct {
		name, method, path string
		status             int
	}{
		{"an open path", "GET", "/public/x", 200},
		{"an encoded letter", "GET", "/publi%63/x", 200},
		{"an encoded percent sign", "GET", "/public/100%25", 200},
		{"dots in a name", "GET", "/public/..x/...", 200},
		{"a protected path", "GET", "/admin/x", 401},
		{"encoded dots", "GET", "/admin/%2e%2e/public/x", 400},
		{"half encoded dots", "GET", "/admin/.%2E/public/x", 400},
		{"an encoded dot", "GET", "/public/%2e/private/x", 400},
		{"encoded slashes", "GET", "/admin/x%2F..%2F..%2Fpublic", 400},
		{"encoded slashes in one segment", "GET", "/report/7/edit/..%2f..%2f..%2fpublic", 400},
		{"an encoded slash without dots", "GET", "/public/private%2Fx", 400},
		{"an encoded backslash", "GET", "/public/..%5Cadmin", 400},
		{"a backslash", "GET", `/public/..\admin`, 400},
		{"a NUL", "GET", "/public/x%00", 400},
		{"the server's path after encoded dots", "GET", "/admin/%2e%2e/api/auth/ok", 400},
		{"the server's path after dots", "GET", "/admin/../api/auth/ok", 400},
		{"dots after the server's path", "GET", "/api/auth/../../admin/x", 400},
		{"encoded slashes after the server's path", "GET", "/api/auth/..%2f..%2fadmin/x", 400},
		{"dots, which ServeMux does not resolve for CONNECT", "CONNECT", "/admin/../public/x", 400},
		{"dots with a path parameter", "GET", "/public/..;x/admin/x", 400},
		{"a path parameter", "GET", "/public;x/y", 401},
		{"another case", "GET", "/PUBLIC/x", 401},
		{"double slashes joined", "GET", "/public//private/x", 401},
		{"double slashes as they are", "CONNECT", "/one//x", 401},
		{"a double slash at the start", "GET", "//admin/x", 401},
	} {
		for name, h := range routers {
			t.Run(tc.name+", "+name, func(t *testing.T) {
				t.Parallel()
				r := httptest.NewRequest(http.MethodGet, "/", nil)
				r.Method = tc.method
				u, err := url.ParseRequestURI(tc.path)
				if err != nil {
					t.Fatal(err)
				}
				r.URL = u
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if w.Code != tc.status {
					t.Errorf("got %d %s, want %d", w.Code, w.Body, tc.status)
				}
			})
		}
	}
}

func TestRulePatternsThatProtectNothing(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{})
	user := lockstep.UserOnly()
	for _, tc := range []struct {
		name  string
		rules map[string]lockstep.RouteRule
		ok    bool
	}{
		{"every form there is", map[string]lockstep.RouteRule{
			"/": user, "/**": user, "/a": user, "/b/": user, "/a/*": user, "/a/:id/c": user, "/a/*/d/**": user, "/a/x.y": user,
			"/100%": user, "/c++": user, "/d/**/": user,
		}, true},
		{"no slash", map[string]lockstep.RouteRule{"app": user}, false},
		{"** in the middle", map[string]lockstep.RouteRule{"/app/**/edit": user}, false},
		{"** at the start", map[string]lockstep.RouteRule{"/**/admin": user}, false},
		{"** in a segment", map[string]lockstep.RouteRule{"/admin**": user}, false},
		{"* in a segment", map[string]lockstep.RouteRule{"/admin*": user}, false},
		{"* before a suffix", map[string]lockstep.RouteRule{"/files/*.pdf": user}, false},
		{"a name for more than one segment", map[string]lockstep.RouteRule{"/docs/:path*": user}, false},
		{"a segment of ServeMux", map[string]lockstep.RouteRule{"/app/{id}": user}, false},
		{"a method of ServeMux", map[string]lockstep.RouteRule{"GET /app": user}, false},
		{"an encoded letter", map[string]lockstep.RouteRule{"/caf%C3%A9": user}, false},
		{"a query", map[string]lockstep.RouteRule{"/app?x=1": user}, false},
		{"a double slash", map[string]lockstep.RouteRule{"/app//x": user}, false},
		{"a dot segment", map[string]lockstep.RouteRule{"/app/../x": user}, false},
		{"one path twice", map[string]lockstep.RouteRule{"/app": user, "/app/": lockstep.Everyone()}, false},
		{"one free segment twice", map[string]lockstep.RouteRule{"/app/:id": user, "/app/*": lockstep.Everyone()}, false},
		{"a rule for somebody else", map[string]lockstep.RouteRule{"/app": {Only: "admin"}}, false},
		{"guests who must be like a user", map[string]lockstep.RouteRule{"/app": {Only: "guest", User: lockstep.UserMatch{"role": "admin"}}}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if v := recover(); (v == nil) != tc.ok {
					t.Errorf("panic = %v, want one: %v", v, !tc.ok)
				}
			}()
			s.RouteRules(lockstep.Routes{Rules: tc.rules})
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
		{"every MatchUser must hold, not only the last", a.user, []lockstep.Requirement{
			lockstep.MatchUser(lockstep.UserMatch{"role": "admin"}), lockstep.MatchUser(lockstep.UserMatch{"emailVerified": false}),
		}, 403},
		{"every rule must hold, not only the last", a.user, []lockstep.Requirement{rule(false, nil), rule(true, nil)}, 403},
		{"several rules that let pass", a.user, []lockstep.Requirement{rule(true, nil), rule(true, nil)}, 200},
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

// TestSessionAfterPanic: once reading the session has panicked, it is not taken
// for one that nobody has.
func TestSessionAfterPanic(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{EmailAndPassword: passwords(), Store: &panickingStore{memory.New()}})
	h := s.LoadSession(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		func() {
			defer func() { _ = recover() }()
			got, err := s.Session(r)
			t.Errorf("no panic, but %v, %v", got, err)
		}()
		if got, err := s.Session(r); got != nil || err == nil || errors.Is(err, lockstep.ErrNoSession) {
			t.Errorf("got %v, %v, want an error that is not ErrNoSession", got, err)
		}
	}))
	s.Browser.Post("/sign-up/email", ada())
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Cookie", s.Browser.CookieHeader())
	h.ServeHTTP(httptest.NewRecorder(), r)
}

// A panickingStore panics when it is asked for a session.
type panickingStore struct{ *memory.Store }

func (s *panickingStore) Read(ctx context.Context, q ...store.Query) ([]store.Result, error) {
	if q[0].Table == identity.SessionTable {
		panic("no session")
	}
	return s.Store.Read(ctx, q...)
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

var (
	_ store.Store = (*countingStore)(nil)
	_ store.Store = (*panickingStore)(nil)
)
