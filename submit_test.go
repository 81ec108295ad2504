package lockstep_test

import (
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/plugin"
)

// form sends a form to a page that submits in to path, and returns what the page
// knows then.
func form(s *locksteptest.Server, path string, in any, header ...string) (*httptest.ResponseRecorder, json.RawMessage, error) {
	r := httptest.NewRequest("POST", s.URL+"/page?redirect=/x", strings.NewReader("email=other"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	body, err := s.Submit(w, r, path, in)
	return w, body, err
}

func refusal(t *testing.T, err error) *plugin.Error {
	t.Helper()
	e, ok := errors.AsType[*plugin.Error](err)
	if !ok {
		t.Fatalf("got %v, want a *plugin.Error", err)
	}
	return e
}

func TestSubmit(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{EmailAndPassword: passwords()})
	s.Browser.Post("/sign-up/email", ada())

	w, body, err := form(s, "/sign-in/email", m{"email": "ada@example.com", "password": "correct horse"}, "Origin", s.URL)
	if err != nil || !strings.Contains(string(body), `"email":"ada@example.com"`) {
		t.Fatalf("got %s, %v", body, err)
	}
	cookies := w.Result().Cookies()
	if len(cookies) != 1 || cookies[0].Name != "better-auth.session_token" {
		t.Fatalf("cookies %v", cookies)
	}
	if got := w.Header().Get("Cache-Control"); got != "private, no-store" {
		t.Errorf("Cache-Control %q", got)
	}
	if w.Body.Len() > 0 || w.Flushed {
		t.Errorf("the page is not the caller's: %q", w.Body)
	}
	_, body, err = form(s, "/update-user", m{"name": "Countess"}, "Origin", s.URL, "Cookie", cookies[0].Name+"="+cookies[0].Value)
	if err != nil || string(body) != `{"status":true}` {
		t.Errorf("with the cookie of the browser: %s, %v", body, err)
	}
}

func TestSubmitRefused(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{EmailAndPassword: passwords()})
	s.Browser.Post("/sign-up/email", ada())
	right := m{"email": "ada@example.com", "password": "correct horse"}
	for name, tc := range map[string]struct {
		path   string
		in     any
		header []string
		status int
		code   string
	}{
		"a wrong password": {
			"/sign-in/email",
			m{"email": "ada@example.com", "password": "wrong"},
			[]string{"Origin", s.URL},
			401, "INVALID_EMAIL_OR_PASSWORD",
		},
		"a form of another site, without cookies":    {"/sign-in/email", right, []string{"Origin", "https://evil.com"}, 403, "INVALID_ORIGIN"},
		"a form of another site that hides its name": {"/sign-in/email", right, []string{"Sec-Fetch-Site", "cross-site"}, 403, "MISSING_OR_NULL_ORIGIN"},
		"nobody is signed in":                        {"/update-user", m{"name": "x"}, []string{"Origin", s.URL}, 401, "UNAUTHORIZED"},
		"a path that no endpoint has":                {"/nothing", m{}, []string{"Origin", s.URL}, 404, ""},
		"a path that is not escaped":                 {"/sign-in/../sign-in/email", right, []string{"Origin", s.URL}, 404, ""},
	} {
		w, body, err := form(s, tc.path, tc.in, tc.header...)
		if e := refusal(t, err); e.Status != tc.status || e.Code != tc.code || body != nil {
			t.Errorf("%s: got %s, %v", name, body, err)
		}
		if got := w.Header()["Set-Cookie"]; len(got) > 0 {
			t.Errorf("%s: cookies %v", name, got)
		}
	}
	if _, _, err := form(s, "/sign-in/email", func() {}); err == nil {
		t.Error("a body that is no JSON passes")
	}
}

// TestSubmitIsLimited: a page must not be a way around the rate limit.
func TestSubmitIsLimited(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{
		EmailAndPassword: passwords(),
		RateLimit: lockstep.RateLimit{
			Enabled: new(true), CustomRules: []lockstep.RateLimitRule{{Path: "/sign-in/email", Window: time.Minute, Max: 1}},
		},
	})
	in := m{"email": "ada@example.com", "password": "wrong"}
	_, _, err := form(s, "/sign-in/email", in, "Origin", s.URL)
	if e := refusal(t, err); e.Status != 401 {
		t.Fatalf("first: %v", err)
	}
	w, _, err := form(s, "/sign-in/email", in, "Origin", s.URL)
	if e := refusal(t, err); e.Status != 429 || w.Header().Get("Retry-After") != "60" {
		t.Errorf("second: %v, Retry-After %q", err, w.Header().Get("Retry-After"))
	}
}

// TestSubmitThenSession: a page that is shown at once is of whoever has signed in,
// and does not bring a session back that has ended, as the cookie of a server
// without a database did that was due for a new one.
func TestSubmitThenSession(t *testing.T) {
	t.Parallel()
	for name, stateless := range map[string]bool{"with a database": false, "stateless": true} {
		for _, age := range []time.Duration{time.Minute, 164 * time.Hour} {
			s := newSocialServer(t, func(c *lockstep.Config) {
				c.Session.CookieCache.Enabled = true
				if stateless {
					c.Store = nil
				}
			})
			s.signIn(t, s.Browser, adaAtIDP(), nil)
			r := httptest.NewRequest(http.MethodPost, s.URL+"/page", http.NoBody)
			r.Header.Set("Cookie", "mine=1; "+s.Browser.CookieHeader())
			r.Header.Set("Origin", s.URL)
			s.Clock.Advance(age)
			w := httptest.NewRecorder()
			s.LoadSession(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if _, err := s.Submit(w, r, "/sign-out", nil); err != nil {
					t.Error(err)
				}
				if _, err := s.Session(r); !errors.Is(err, lockstep.ErrNoSession) {
					t.Errorf("%s, after %v: got %v, want ErrNoSession", name, age, err)
				}
				if got := r.Header.Get("Cookie"); !strings.HasPrefix(got, "mine=1") {
					t.Errorf("%s, after %v: cookies of the application became %q", name, age, got)
				}
			})).ServeHTTP(w, r)
			for _, c := range w.Result().Cookies() {
				if c.MaxAge >= 0 {
					t.Errorf("%s, after %v: the cookie %s came back", name, age, c.Name)
				}
			}
		}
	}
	s := locksteptest.Start(t, lockstep.Config{EmailAndPassword: passwords()})
	s.Browser.Post("/sign-up/email", ada())
	r := httptest.NewRequest(http.MethodPost, s.URL+"/sign-in", http.NoBody)
	s.LoadSession(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := s.Session(r); !errors.Is(err, lockstep.ErrNoSession) {
			t.Errorf("before: got %v", err)
		}
		if _, err := s.Submit(w, r, "/sign-in/email", m{"email": "ada@example.com", "password": "correct horse"}); err != nil {
			t.Error(err)
		}
		if got, err := s.Session(r); err != nil || got.User.Name != "Ada" {
			t.Errorf("after: got %v, %v", got, err)
		}
	})).ServeHTTP(httptest.NewRecorder(), r)
}

// TestTemplateParsedOnce: the functions are there for parsing without a request,
// and a clone is of one request.
func TestTemplateParsedOnce(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{EmailAndPassword: passwords()})
	s.Browser.Post("/sign-up/email", ada())
	page := template.Must(template.New("").Funcs(s.TemplateFuncs(nil)).Parse(`{{if loggedIn}}{{user.Name}}{{else}}nobody{{end}}`))
	for cookie, want := range map[string]string{"": "nobody", s.Browser.CookieHeader(): "Ada"} {
		r := httptest.NewRequest(http.MethodGet, s.URL, http.NoBody)
		r.Header.Set("Cookie", cookie)
		var out strings.Builder
		if err := template.Must(page.Clone()).Funcs(s.TemplateFuncs(r)).Execute(&out, nil); err != nil || out.String() != want {
			t.Errorf("got %q, %v, want %q", out.String(), err, want)
		}
	}
}
