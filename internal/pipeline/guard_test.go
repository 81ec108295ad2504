package pipeline_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/plugin"
	"github.com/lockstep-auth/lockstep/plugin/bearer"
	"github.com/lockstep-auth/lockstep/store"
)

func passwords() lockstep.EmailAndPassword { return lockstep.EmailAndPassword{Enabled: true} }

func ada() map[string]any {
	return map[string]any{"name": "Ada", "email": "ada@example.com", "password": "correct horse"}
}

// TestAfterHookFailsClosed: a second factor or a ban check that refuses, or that
// cannot decide, leaves no session: no cookie, no token in a header, no row.
func TestAfterHookFailsClosed(t *testing.T) {
	t.Parallel()
	refuse := plugin.Errorf(403, "BANNED", "Banned")
	for name, run := range map[string]func(*plugin.Call) error{
		"plain error":   func(*plugin.Call) error { return errors.New("challenge table away") },
		"store away":    func(*plugin.Call) error { return store.ErrUnavailable },
		"refusal":       func(*plugin.Call) error { return refuse },
		"refusal set":   func(c *plugin.Call) error { c.Err = refuse; return nil },
		"refusal, then": func(c *plugin.Call) error { return errors.Join(refuse, errors.New("more")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := locksteptest.Start(t, lockstep.Config{
				EmailAndPassword: passwords(),
				Session:          lockstep.SessionOptions{CookieCache: lockstep.CookieCache{Enabled: true}},
				Plugins: []plugin.Plugin{
					bearer.New(bearer.Options{}),
					{ID: "factor", After: []plugin.Hook{{Path: "/sign-in/email", Run: run}}},
				},
			})
			s.Browser.Post("/sign-up/email", ada())
			b := s.NewBrowser(t)
			got := b.Post("/sign-in/email", ada())
			if got.Status < 400 || got.Header.Get("Set-Auth-Token") != "" {
				t.Errorf("got %d %s, token %q", got.Status, got.Body, got.Header.Get("Set-Auth-Token"))
			}
			for _, c := range got.Cookies {
				if c.Value != "" {
					t.Errorf("cookie %s leaves the server with a value", c.Name)
				}
			}
			if who := b.Get("/get-session").Body; who != "null" {
				t.Errorf("session = %s, want null", who)
			}
			var sessions []any
			s.Browser.Get("/list-sessions").JSON(t, &sessions)
			if len(sessions) != 1 {
				t.Errorf("%d sessions are stored, want that of the sign-up", len(sessions))
			}
		})
	}
}

// TestAfterHookKeepsOldSession: a hook that fails while a session is prolonged
// does not sign the user out.
func TestAfterHookKeepsOldSession(t *testing.T) {
	t.Parallel()
	away := false
	s := locksteptest.Start(t, lockstep.Config{EmailAndPassword: passwords(), Plugins: []plugin.Plugin{{
		ID: "audit", After: []plugin.Hook{{Path: "/get-session", Run: func(*plugin.Call) error {
			if away {
				return store.ErrUnavailable
			}
			return nil
		}}},
	}}})
	s.Browser.Post("/sign-up/email", ada())
	s.Clock.Advance(25 * time.Hour)
	away = true
	if got := s.Browser.Get("/get-session"); got.Status != 503 {
		t.Errorf("got %d %s, want 503", got.Status, got.Body)
	}
	away = false
	if got := s.Browser.Get("/get-session"); got.Body == "null" {
		t.Error("the session has ended")
	}
}

// TestEmptyForm: the media type of an empty body counts, so that the form of
// another site does not sign out.
func TestEmptyForm(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{EmailAndPassword: passwords()})
	for media, want := range map[string]int{
		"application/x-www-form-urlencoded": 415, "multipart/form-data; boundary=x": 415, "text/plain": 415,
		"application/json": 200, "": 200,
	} {
		r := httptest.NewRequest(http.MethodPost, s.URL+"/api/auth/sign-out", http.NoBody)
		if media != "" {
			r.Header.Set("Content-Type", media)
		}
		r.Header.Set("Origin", s.URL)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if cookies := w.Result().Cookies(); w.Code != want || (len(cookies) > 0) != (want == 200) {
			t.Errorf("%q: %d with %d cookies, want %d", media, w.Code, len(cookies), want)
		}
	}
}

// echo serves a path with a parameter.
func echo() plugin.Plugin {
	return plugin.Plugin{ID: "echo", Endpoints: []plugin.Endpoint{{
		Method: "GET", Path: "/echo/:id", Handler: plugin.Plain(func(c *plugin.Call) (string, error) { return c.Param, nil }),
	}}}
}

// TestDisabledParameter: no spelling of a disabled path is served.
func TestDisabledParameter(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{Plugins: []plugin.Plugin{echo()}, DisabledPaths: []string{"/echo/google"}})
	for path, want := range map[string]int{
		"/echo/google": 404, "/echo/%67oogle": 404, "/echo/googl%65": 404, "/echo/%67%6F%6f%67%6c%65": 404, "/echo/google/": 404,
		"/echo/Google": 200, "/echo/%2567oogle": 200, "/echo/github": 200,
	} {
		if got := s.Browser.Get(path); got.Status != want {
			t.Errorf("%s: %d %s, want %d", path, got.Status, got.Body, want)
		}
	}
}

// TestLimitOfParameter: a rule for a path with its parameter applies to every
// spelling, and other parameters share the bucket of the endpoint.
func TestLimitOfParameter(t *testing.T) {
	t.Parallel()
	minute := func(path string, n int) lockstep.RateLimitRule {
		return lockstep.RateLimitRule{Path: path, Window: time.Minute, Max: n}
	}
	s := locksteptest.Start(t, lockstep.Config{Plugins: []plugin.Plugin{echo()}, RateLimit: lockstep.RateLimit{
		Enabled: new(true), CustomRules: []lockstep.RateLimitRule{minute("/echo/google", 1), minute("/echo/a*", 2), minute("/echo/*", 3)},
	}})
	for name, tc := range map[string]struct {
		paths []string
		want  int
	}{
		"the concrete path":  {[]string{"/echo/google", "/echo/%67oogle", "/echo/google"}, 1},
		"a narrow pattern":   {[]string{"/echo/a", "/echo/ab", "/echo/abc", "/echo/%61bcd"}, 2},
		"any other spelling": {[]string{"/echo/b", "/echo/c", "/echo/d", "/echo/%65", "/echo/Google"}, 3},
	} {
		passed := 0
		for _, path := range tc.paths {
			if s.Browser.Get(path).Status == http.StatusOK {
				passed++
			}
		}
		if passed != tc.want {
			t.Errorf("%s: %d calls pass, want %d", name, passed, tc.want)
		}
	}
}

// TestRefererInLog: the page that a request came from may have a token in its URL.
func TestRefererInLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := locksteptest.Start(t, lockstep.Config{EmailAndPassword: passwords(), Log: slog.New(slog.NewTextHandler(&log, nil))})
	s.Browser.Post("/sign-up/email", ada())
	s.Browser.Origin = ""
	for _, referer := range []string{
		"https://www.example.com/reset/S3CRET?token=S3CRET", "https://www.example.com?S3CRET", "app://reset/S3CRET", "https://x:S3CRET@y/", "S3CRET",
	} {
		s.Browser.Header.Set("Referer", referer)
		if got := s.Browser.Post("/sign-out", struct{}{}); got.Status != 403 {
			t.Errorf("%s: %d", referer, got.Status)
		}
	}
	if strings.Contains(log.String(), "S3CRET") || !strings.Contains(log.String(), "origin=https://www.example.com ") {
		t.Errorf("log:\n%s", log.String())
	}
}
