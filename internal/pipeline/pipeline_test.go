package pipeline_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/plugin"
)

// TestFailures: whatever an endpoint or a hook does, the client gets a bare 500
// and the log gets no secret.
func TestFailures(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := locksteptest.Start(t, lockstep.Config{
		Log: slog.New(slog.NewTextHandler(&log, nil)),
		Plugins: []plugin.Plugin{{
			ID: "broken",
			Endpoints: []plugin.Endpoint{
				{Method: "GET", Path: "/panic/:token", Handler: plugin.Plain(func(*plugin.Call) (any, error) { panic("oh") })},
				{Method: "GET", Path: "/fail/:token", Handler: plugin.Plain(func(*plugin.Call) (any, error) { return nil, errors.New("secret detail") })},
				{Method: "GET", Path: "/unencodable", Handler: plugin.Plain(func(*plugin.Call) (any, error) { return make(chan int), nil })},
				{Method: "GET", Path: "/echo/:token", Handler: plugin.Plain(func(c *plugin.Call) (any, error) { return c.Param, nil })},
			},
		}},
	})
	for _, path := range []string{"/panic/s3cret?q=s3cret", "/fail/s3cret", "/unencodable"} {
		r := httptest.NewRequest(http.MethodGet, s.URL+"/api/auth"+path, nil)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != 500 || w.Body.Len() > 0 {
			t.Errorf("%s: %d %q", path, w.Code, w.Body)
		}
	}
	if strings.Contains(log.String(), "s3cret") {
		t.Errorf("the log tells a parameter:\n%s", log.String())
	}
	if got := s.Browser.Get("/echo/a%2Fb%20c"); got.Body != "a/b c" {
		t.Errorf("parameter = %s", got.Body)
	}
}

func TestHooks(t *testing.T) {
	t.Parallel()
	refuse := plugin.Errorf(403, "NO", "no")
	for _, tc := range []struct {
		name   string
		plugin plugin.Plugin
		status int
		body   string
	}{
		{"a before hook answers in place of the endpoint", plugin.Plugin{Before: []plugin.Hook{{Path: "/ok", Run: func(c *plugin.Call) error {
			c.Respond(map[string]int{"a": 1})
			return nil
		}}}}, 200, `{"a":1}`},
		{"a before hook refuses", plugin.Plugin{Before: []plugin.Hook{{Run: func(*plugin.Call) error { return refuse }}}}, 403, `{"message":"no","code":"NO"}`},
		{"a hook for another path does not run", plugin.Plugin{Before: []plugin.Hook{{Path: "/other", Run: func(*plugin.Call) error { return refuse }}}}, 200, `{"ok":true}`},
		{"a hook that does not match does not run", plugin.Plugin{Before: []plugin.Hook{{
			Match: func(c *plugin.Call) bool { return c.Method == "POST" }, Run: func(*plugin.Call) error { return refuse },
		}}}, 200, `{"ok":true}`},
		{"an after hook changes the answer", plugin.Plugin{After: []plugin.Hook{{Path: "/ok", Run: func(c *plugin.Call) error {
			c.Output = "changed"
			return nil
		}}}}, 200, "changed"},
		{"an after hook fails the call", plugin.Plugin{After: []plugin.Hook{{Run: func(*plugin.Call) error { return refuse }}}}, 403, `{"message":"no","code":"NO"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tc.plugin.ID = "hooks"
			s := locksteptest.Start(t, lockstep.Config{Plugins: []plugin.Plugin{tc.plugin}})
			if got := s.Browser.Get("/ok"); got.Status != tc.status || got.Body != tc.body {
				t.Errorf("got %d %s, want %d %s", got.Status, got.Body, tc.status, tc.body)
			}
		})
	}
}
