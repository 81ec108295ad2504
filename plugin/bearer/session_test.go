package bearer_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/plugin"
	"github.com/lockstep-auth/lockstep/plugin/bearer"
	"github.com/lockstep-auth/lockstep/plugin/convex"
	"github.com/lockstep-auth/lockstep/plugin/jwt"
)

// TestApplicationSeesBearer: the application's own routes know a session by its
// token as the endpoints do.
func TestApplicationSeesBearer(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{
		EmailAndPassword: lockstep.EmailAndPassword{Enabled: true}, Plugins: []plugin.Plugin{bearer.New(bearer.Options{})},
	})
	got := s.Browser.Post("/sign-up/email", map[string]any{"name": "A", "email": "a@b.co", "password": "correct horse"})
	token := got.Header.Get("Set-Auth-Token")
	page := s.RequireUserSession()(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for value, want := range map[string]int{"Bearer " + token: 200, "bearer " + token: 200, "Bearer " + token + "x": 401, "": 401} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", value)
		w := httptest.NewRecorder()
		page.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%.12s…: %d, want %d", value, w.Code, want)
		}
	}
}

// TestNoTokenSurvivesTakeBack: whatever the order of plugins, nothing that is
// worth a session leaves the server when a later hook takes the session back.
func TestNoTokenSurvivesTakeBack(t *testing.T) {
	t.Parallel()
	challenge := plugin.Plugin{ID: "challenge", After: []plugin.Hook{{Path: "/sign-in/email", Run: func(c *plugin.Call) error {
		return c.TakeBack()
	}}}}
	tokens := convex.New(convex.Options{}).Plugin()
	s := locksteptest.Start(t, lockstep.Config{
		EmailAndPassword: lockstep.EmailAndPassword{Enabled: true},
		Plugins:          []plugin.Plugin{bearer.New(bearer.Options{}), tokens, challenge, jwt.New(jwt.Options{}).Plugin()},
	})
	ada := map[string]any{"name": "A", "email": "a@b.co", "password": "correct horse"}
	s.Browser.Post("/sign-up/email", ada)
	got := s.NewBrowser(t).Post("/sign-in/email", ada)
	if got.Status != 200 {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	for _, c := range got.Cookies {
		if c.Value != "" {
			t.Errorf("cookie %s has a value", c.Name)
		}
	}
	for _, name := range []string{"Set-Auth-Jwt", "Set-Auth-Token", "Access-Control-Expose-Headers"} {
		if value := got.Header.Get(name); value != "" {
			t.Errorf("%s: %s is sent", name, value)
		}
	}
}

// TestTokenDoesNotStandForOrigin: with a token too, an endpoint that sends mail
// looks at where the request comes from.
func TestTokenDoesNotStandForOrigin(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{
		EmailAndPassword: lockstep.EmailAndPassword{
			Enabled: true, SendResetPassword: func(context.Context, lockstep.Link) error { return nil },
		},
		Plugins: []plugin.Plugin{bearer.New(bearer.Options{})},
	})
	token := signUp(t, s, "a@b.co")
	for origin, want := range map[string]int{"https://evil.com": 403, s.URL: 200, "": 200} {
		b := s.NewBrowser(t)
		b.Origin = origin
		b.Header.Set("Authorization", "Bearer "+token)
		got := b.Post("/request-password-reset", map[string]any{"email": "a@b.co"})
		if got.Status != want {
			t.Errorf("from %q: %d %s, want %d", origin, got.Status, got.Body, want)
		}
	}
}
