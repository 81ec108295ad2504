package lockstep_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/schema"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{EmailAndPassword: passwords()})
	s.Browser.Post("/sign-up/email", ada())
	for _, tc := range []struct {
		name   string
		body   m
		status int
		code   string
	}{
		{"right, in any case of letters", m{"email": "ADA@example.COM", "password": "correct horse"}, 200, ""},
		{"wrong password", m{"email": "ada@example.com", "password": "wrong horse"}, 401, "INVALID_EMAIL_OR_PASSWORD"},
		{"unknown address answers the same", m{"email": "eve@example.com", "password": "correct horse"}, 401, "INVALID_EMAIL_OR_PASSWORD"},
		{"no address", m{"email": "ada", "password": "x"}, 400, "INVALID_EMAIL"},
		{"a megabyte is not hashed", m{"email": "ada@example.com", "password": strings.Repeat("x", 1<<19)}, 400, "PASSWORD_TOO_LONG"},
		{"an address in a list", m{"email": []string{"ada@example.com"}, "password": "x"}, 400, "VALIDATION_ERROR"},
		{"names of members are exact", m{"EMAIL": "ada@example.com", "password": "correct horse"}, 400, "VALIDATION_ERROR"},
		{"another site as target", m{"email": "ada@example.com", "password": "correct horse", "callbackURL": "//evil.com"}, 403, "INVALID_CALLBACK_URL"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := s.NewBrowser(t).Post("/sign-in/email", tc.body)
			if got.Status != tc.status || got.Code() != tc.code {
				t.Errorf("got %d %s, want %d %s", got.Status, got.Body, tc.status, tc.code)
			}
			if tc.status != 200 && len(got.Cookies) > 0 {
				t.Errorf("a refused sign-in sets cookies: %v", got.Cookies)
			}
		})
	}
}

func TestUnknownPathsAre404(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{DisabledPaths: []string{"/list-accounts"}, EmailAndPassword: passwords()})
	for _, tc := range []struct{ name, method, path, body string }{
		{"unknown path", "GET", "/nothing", ""},
		{"wrong method", "GET", "/sign-in/email", ""},
		{"another wrong method", "POST", "/ok", ""},
		{"HEAD", "HEAD", "/ok", ""},
		{"trailing slash", "GET", "/get-session/", ""},
		{"double slash", "GET", "//get-session", ""},
		{"inner double slash", "POST", "/sign-in//email", ""},
		{"encoded letter", "GET", "/%67et-session", ""},
		{"encoded slash", "POST", "/sign-in%2Femail", ""},
		{"path parameter", "GET", "/get-session;x=1", ""},
		{"other case", "GET", "/Get-Session", ""},
		{"the base path alone", "GET", "", ""},
		{"server only", "POST", "/set-password", ""},
		{"disabled path", "GET", "/list-accounts", "Not Found"},
		{"disabled path with a slash", "GET", "/list-accounts/", "Not Found"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(tc.method, s.URL+"/api/auth"+tc.path, nil)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != 404 || w.Body.String() != tc.body {
				t.Errorf("got %d %q, want 404 %q", w.Code, w.Body, tc.body)
			}
		})
	}
}

// TestCrossSiteRequests: another site cannot make a browser act, nor sign it in.
func TestCrossSiteRequests(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{
		EmailAndPassword: passwords(), TrustedOrigins: []string{"https://*.example.com"},
	})
	s.Browser.Post("/sign-up/email", ada())
	signIn, signOut := ada(), m{}
	for _, tc := range []struct {
		name   string
		path   string
		body   m
		header map[string]string
		cookie bool
		status int
		code   string
	}{
		{"another origin", "/sign-out", signOut, map[string]string{"Origin": "https://evil.com"}, true, 403, "INVALID_ORIGIN"},
		{"an origin that looks like ours", "/sign-out", signOut, map[string]string{"Origin": s.URL + ".evil.com"}, true, 403, "INVALID_ORIGIN"},
		{"no origin", "/sign-out", signOut, nil, true, 403, "MISSING_OR_NULL_ORIGIN"},
		{"null origin", "/sign-out", signOut, map[string]string{"Origin": "null"}, true, 403, "MISSING_OR_NULL_ORIGIN"},
		{"null origin of our own page", "/sign-out", signOut, map[string]string{"Origin": "null", "Sec-Fetch-Site": "same-origin"}, true, 200, ""},
		{"our referer", "/sign-out", signOut, map[string]string{"Referer": s.URL + "/page"}, true, 200, ""},
		{"another referer", "/sign-out", signOut, map[string]string{"Referer": "https://evil.com/" + s.URL}, true, 403, "INVALID_ORIGIN"},
		{"trusted origin", "/sign-out", signOut, map[string]string{"Origin": "https://a.example.com"}, true, 200, ""},
		{"login by another site", "/sign-in/email", signIn, map[string]string{"Origin": "https://evil.com"}, false, 403, "INVALID_ORIGIN"},
		{"login by a form of another site", "/sign-in/email", signIn, map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, false, 403, "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED"},
		{"login by a browser that hides where it comes from", "/sign-in/email", signIn, map[string]string{"Sec-Fetch-Mode": "cors"}, false, 403, "MISSING_OR_NULL_ORIGIN"},
		{"login by a program", "/sign-in/email", signIn, nil, false, 200, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := s.NewBrowser(t)
			b.Origin = ""
			if tc.cookie {
				b.Header.Set("Cookie", "any=1")
			}
			for name, value := range tc.header {
				b.Header.Set(name, value)
			}
			got := b.Post(tc.path, tc.body)
			if got.Status != tc.status || got.Code() != tc.code {
				t.Errorf("got %d %s, want %d %s", got.Status, got.Body, tc.status, tc.code)
			}
		})
	}
}

func TestCORS(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{TrustedOrigins: []string{"https://app.example.com"}})
	for _, tc := range []struct {
		name, method, origin string
		status               int
		allow                string
	}{
		{"trusted", "GET", "https://app.example.com", 200, "https://app.example.com"},
		{"not trusted", "GET", "https://evil.com", 200, ""},
		{"null", "GET", "null", 200, ""},
		{"preflight of a trusted origin", "OPTIONS", "https://app.example.com", 204, "https://app.example.com"},
		{"preflight of another origin", "OPTIONS", "https://evil.com", 404, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(tc.method, s.URL+"/api/auth/ok", nil)
			r.Header.Set("Origin", tc.origin)
			if tc.method == "OPTIONS" {
				r.Header.Set("Access-Control-Request-Method", "POST")
				r.Header.Set("Access-Control-Request-Headers", "content-type")
			}
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			h := w.Header()
			if w.Code != tc.status || h.Get("Access-Control-Allow-Origin") != tc.allow {
				t.Errorf("got %d, allow %q; want %d, %q", w.Code, h.Get("Access-Control-Allow-Origin"), tc.status, tc.allow)
			}
			if h.Get("Vary") != "Origin" {
				t.Errorf("Vary = %q", h.Get("Vary"))
			}
			if (h.Get("Access-Control-Allow-Credentials") == "true") != (tc.allow != "") {
				t.Errorf("credentials allowed: %q", h.Get("Access-Control-Allow-Credentials"))
			}
		})
	}
}

func TestBadBodies(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{EmailAndPassword: passwords()})
	for _, tc := range []struct {
		name, body, contentType string
		status                  int
		code                    string
	}{
		{"no JSON", "{", "application/json", 400, "BAD_REQUEST"},
		{"text after the JSON", `{"a":1} x`, "application/json", 400, "BAD_REQUEST"},
		{"10,000 levels", strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), "application/json", 400, "BAD_REQUEST"},
		{"a list", `[]`, "application/json", 400, "VALIDATION_ERROR"},
		{"null", `null`, "application/json", 400, "VALIDATION_ERROR"},
		{"a number too large", `{"email":1e400,"password":"x"}`, "application/json", 400, "VALIDATION_ERROR"},
		{"JSON as text", `{}`, "text/plain", 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"JSON in a form with files", `{}`, "multipart/form-data; boundary=x", 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"two megabytes", `{"email":"` + strings.Repeat("x", 2<<20) + `"}`, "application/json", 413, "PAYLOAD_TOO_LARGE"},
		{"no content type is no body", `{}`, "", 400, "VALIDATION_ERROR"},
		{"NUL in an address", `{"email":"a\u0000@b.co","password":"x"}`, "application/json", 400, "INVALID_EMAIL"},
		{"line break in an address", `{"email":"a@b.co\r\nBcc: x@y.co","password":"x"}`, "application/json", 400, "INVALID_EMAIL"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest("POST", s.URL+"/api/auth/sign-in/email", strings.NewReader(tc.body))
			if tc.contentType != "" {
				r.Header.Set("Content-Type", tc.contentType)
			}
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != tc.status || !strings.Contains(w.Body.String(), `"code":"`+tc.code+`"`) {
				t.Errorf("got %d %.200s, want %d %s", w.Code, w.Body, tc.status, tc.code)
			}
		})
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{
		EmailAndPassword: passwords(), RateLimit: lockstep.RateLimit{Enabled: new(true)},
	})
	for i := range 4 {
		got := s.Browser.Post("/sign-in/email", ada())
		if want := map[bool]int{true: 429, false: 401}[i == 3]; got.Status != want {
			t.Errorf("request %d: %d, want %d", i, got.Status, want)
		}
		if got.Status == 429 && (got.Header.Get("X-Retry-After") != "10" || got.Header.Get("Retry-After") != "10" ||
			got.Body != `{"message":"Too many requests. Please try again later."}`) {
			t.Errorf("got %v %s", got.Header, got.Body)
		}
	}
	s.Clock.Advance(10 * time.Second)
	if got := s.Browser.Post("/sign-in/email", ada()); got.Status != 401 {
		t.Errorf("after the window: %d", got.Status)
	}
}

func TestFieldsOfClients(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{
		EmailAndPassword: passwords(),
		User: lockstep.UserOptions{TableOptions: lockstep.TableOptions{AdditionalFields: []schema.Field{
			{Name: "role", NoInput: true, Default: func() any { return "user" }},
			{Name: "banned", Type: schema.Bool, NoInput: true},
			{Name: "handle", Unique: true},
			{Name: "notes", NoOutput: true},
			{Name: "plan", Required: true, Enum: []string{"free", "paid"}},
		}}},
	})
	up := func(more m) *locksteptest.Response {
		body := m{"name": "N", "email": fmt.Sprintf("u%d@example.com", time.Now().UnixNano()), "password": "correct horse", "plan": "free"}
		for k, v := range more {
			if body[k] = v; v == nil {
				delete(body, k)
			}
		}
		return s.NewBrowser(t).Post("/sign-up/email", body)
	}
	if got := up(m{"handle": "ada"}); got.Status != 200 {
		t.Fatalf("handle: %d %s", got.Status, got.Body)
	}
	for _, tc := range []struct {
		name   string
		more   m
		status int
		want   string // in the body
	}{
		{"a field with a default cannot be set", m{"role": "admin"}, 200, `"role":"user"`},
		{"a field without input is refused", m{"banned": true}, 400, "banned is not allowed to be set"},
		{"a core field is left alone", m{"emailVerified": true, "id": "x", "createdAt": "2000-01-01T00:00:00.000Z"}, 200, `"emailVerified":false`},
		{"an unknown field is dropped", m{"unknown": 1, "__proto__": m{"x": 1}}, 200, `"plan":"free"`},
		{"a required field is required", m{"plan": nil}, 400, "plan is required"},
		{"a field has its type", m{"plan": 7}, 400, "[body.plan] Invalid input: expected string, received number"},
		{"a field has one of its values", m{"plan": "gold"}, 400, `Invalid option`},
		{"a unique field is not taken twice", m{"handle": "ada"}, 422, "FAILED_TO_CREATE_USER"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := up(tc.more)
			if got.Status != tc.status || !strings.Contains(got.Body, tc.want) || strings.Contains(got.Body, "notes") {
				t.Errorf("got %d %s, want %d with %s", got.Status, got.Body, tc.status, tc.want)
			}
		})
	}
}

func TestFreshness(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{
		EmailAndPassword: passwords(), User: lockstep.UserOptions{DeleteUser: lockstep.DeleteUser{Enabled: true}},
	})
	b := s.Browser
	b.Post("/sign-up/email", ada())
	s.Clock.Advance(24 * time.Hour)
	if got := b.Get("/list-sessions"); got.Status != 403 || got.Code() != "SESSION_NOT_FRESH" {
		t.Errorf("list-sessions: %d %s", got.Status, got.Body)
	}
	if got := b.Post("/delete-user", m{}); got.Status != 400 || got.Code() != "SESSION_EXPIRED" {
		t.Errorf("delete-user: %d %s", got.Status, got.Body)
	}
	if got := b.Post("/delete-user", m{"password": "wrong"}); got.Status != 400 || got.Code() != "INVALID_PASSWORD" {
		t.Errorf("delete-user with a wrong password: %d %s", got.Status, got.Body)
	}
	if got := b.Post("/delete-user", m{"password": "correct horse"}); got.Status != 200 {
		t.Errorf("delete-user with the password: %d %s", got.Status, got.Body)
	}
	if got := b.Get("/get-session").Body; got != "null" {
		t.Errorf("session after deletion: %s", got)
	}
}

func TestRevokeOnlyOwnSessions(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{EmailAndPassword: passwords()})
	var victim struct{ Token string }
	s.Browser.Post("/sign-up/email", ada()).JSON(t, &victim)
	eve := s.NewBrowser(t)
	eve.Post("/sign-up/email", m{"name": "Eve", "email": "eve@example.com", "password": "correct horse"})
	if got := eve.Post("/revoke-session", m{"token": victim.Token}); got.Status != 200 || len(got.Cookies) > 0 {
		t.Errorf("got %d %s, cookies %v", got.Status, got.Body, got.Cookies)
	}
	if got := s.Browser.Get("/get-session").Body; got == "null" {
		t.Error("a stranger ended the session")
	}
}

func TestSignOutForm(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{EmailAndPassword: passwords()})
	s.Browser.Post("/sign-up/email", ada())
	post := func(origin string) *http.Response {
		r := httptest.NewRequest("POST", s.URL+"/sign-out", strings.NewReader("x=1"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Cookie", s.Browser.CookieHeader())
		r.Header.Set("Origin", origin)
		w := httptest.NewRecorder()
		s.SignOut("/bye").ServeHTTP(w, r)
		return w.Result()
	}
	got := post("https://evil.com")
	got.Body.Close()
	if got.StatusCode != 403 || s.Browser.Get("/get-session").Body == "null" {
		t.Errorf("another site signs out: %d", got.StatusCode)
	}
	got = post(s.URL)
	got.Body.Close()
	if got.StatusCode != 303 || got.Header.Get("Location") != "/bye" || len(got.Cookies()) == 0 {
		t.Errorf("got %d %v", got.StatusCode, got.Header)
	}
	if got := s.Browser.Get("/get-session").Body; got != "null" {
		t.Errorf("session after sign-out: %s", got)
	}
}

// TestSignOutFormWithoutCookies: cookies that are SameSite stay away from the form
// of another site, whose answer must not remove them.
func TestSignOutFormWithoutCookies(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{EmailAndPassword: passwords()})
	for name, tc := range map[string]struct {
		header map[string]string
		want   int
	}{
		"another site":                 {map[string]string{"Origin": "https://evil.com", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 403},
		"another site, old browser":    {map[string]string{"Origin": "https://evil.com"}, 403},
		"another site, Referer only":   {map[string]string{"Referer": "https://evil.com/x"}, 403},
		"another site, nothing but it": {map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		"another site, hidden":         {map[string]string{"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403},
		"own page":                     {map[string]string{"Origin": s.URL, "Sec-Fetch-Site": "same-origin"}, 303},
		"own page that hides its name": {map[string]string{"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 303},
		"no browser":                   {nil, 303},
		"no browser, fetch of Node.js": {map[string]string{"Sec-Fetch-Mode": "cors"}, 303},
	} {
		r := httptest.NewRequest("POST", s.URL+"/sign-out", http.NoBody)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for k, v := range tc.header {
			r.Header.Set(k, v)
		}
		w := httptest.NewRecorder()
		s.SignOut("/").ServeHTTP(w, r)
		if cookies := w.Header()["Set-Cookie"]; w.Code != tc.want || (len(cookies) > 0) != (tc.want == 303) {
			t.Errorf("%s: %d with cookies %v, want %d", name, w.Code, cookies, tc.want)
		}
	}
}

// TestSignOutOfSessionDueForRefresh: middleware has prolonged the session already;
// the answer must not tell the browser both.
func TestSignOutOfSessionDueForRefresh(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{
		EmailAndPassword: passwords(), Session: lockstep.SessionOptions{CookieCache: lockstep.CookieCache{Enabled: true}},
	})
	s.Browser.Post("/sign-up/email", m{"name": strings.Repeat("x", 6000), "email": "ada@example.com", "password": "correct horse"})
	s.Clock.Advance(25 * time.Hour)
	r := httptest.NewRequest("POST", s.URL+"/sign-out", http.NoBody)
	r.Header.Set("Cookie", s.Browser.CookieHeader())
	r.Header.Set("Origin", s.URL)
	w := httptest.NewRecorder()
	w.Header().Add("Set-Cookie", "theme=dark")
	s.RequireUserSession()(s.SignOut("/")).ServeHTTP(w, r)
	seen := make(map[string]bool)
	for _, c := range w.Result().Cookies() {
		if seen[c.Name] || (c.Value != "" && c.Name != "theme") {
			t.Errorf("cookie %s is set twice or has a value", c.Name)
		}
		seen[c.Name] = true
	}
	if w.Code != 303 || !seen["theme"] || !seen["better-auth.session_token"] {
		t.Errorf("got %d, cookies %v", w.Code, seen)
	}
}

// TestSessionTooLargeForCookies: a session that would fill the header of every
// request is not cached, and the cache that was there goes.
func TestSessionTooLargeForCookies(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{
		EmailAndPassword: passwords(), Session: lockstep.SessionOptions{CookieCache: lockstep.CookieCache{Enabled: true}},
	})
	s.Browser.Post("/sign-up/email", ada())
	for _, tc := range []struct{ length, cookies int }{{20_000, 7}, {250_000, 0}, {10, 1}} {
		got := s.Browser.Post("/update-user", m{"name": strings.Repeat("x", tc.length)})
		live := 0
		for _, c := range got.Cookies {
			if strings.Contains(c.Name, "session_data") && c.Value != "" {
				live++
			}
		}
		if got.Status != 200 || live != tc.cookies || len(got.Cookies) > 10 {
			t.Errorf("name of %d bytes: %d, %d cookies of the cache among %d, want %d", tc.length, got.Status, live, len(got.Cookies), tc.cookies)
		}
		if n := strings.Count(s.Browser.CookieHeader(), "session_data"); n != tc.cookies {
			t.Errorf("name of %d bytes: the browser keeps %d cookies of the cache, want %d", tc.length, n, tc.cookies)
		}
		if who := s.Browser.Get("/get-session").Body; len(who) < tc.length {
			t.Errorf("name of %d bytes: session = %.60s", tc.length, who)
		}
	}
}
