package lockstep_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/plugin"
	"github.com/lockstep-auth/lockstep/store/memory"
)

type m = map[string]any

func passwords() lockstep.EmailAndPassword { return lockstep.EmailAndPassword{Enabled: true} }

func ada() m { return m{"name": "Ada", "email": "Ada@Example.com", "password": "correct horse"} }

func TestSignUpThenSession(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{EmailAndPassword: passwords()})
	if got := s.Browser.Post("/sign-up/email", ada()); got.Status != 200 {
		t.Fatalf("sign-up: %d %s", got.Status, got.Body)
	}
	var out struct{ User struct{ Email string } }
	s.Browser.Get("/get-session").JSON(t, &out)
	if out.User.Email != "ada@example.com" {
		t.Errorf("email = %q, want it in lower case", out.User.Email)
	}
	s.Clock.Advance(7*24*time.Hour + time.Second)
	if got := s.Browser.Get("/get-session"); got.Status != 200 || got.Body != "null" {
		t.Errorf("expired session: %d %s, want 200 null", got.Status, got.Body)
	}
}

func TestTwoPluginsOnOnePath(t *testing.T) {
	t.Parallel()
	twice := plugin.Plugin{ID: "twice", Endpoints: []plugin.Endpoint{{Method: "GET", Path: "/get-session"}}}
	_, err := lockstep.New(lockstep.Config{
		BaseURL: "http://localhost", Secret: locksteptest.Secret, Store: memory.New(), Plugins: []plugin.Plugin{twice},
	})
	const want = `plugins "session" and "twice" both serve GET /get-session`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestHookTakesSessionBack is what two-factor does after a password sign-in.
func TestHookTakesSessionBack(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{EmailAndPassword: passwords(), Plugins: []plugin.Plugin{{
		ID: "challenge",
		After: []plugin.Hook{{Path: "/sign-in/email", Run: func(c *plugin.Call) error {
			c.Output = map[string]bool{"twoFactorRedirect": true}
			return c.TakeBack()
		}}},
	}}})
	s.Browser.Post("/sign-up/email", ada())
	second := s.NewBrowser(t)
	got := second.Post("/sign-in/email", ada())
	if got.Body != `{"twoFactorRedirect":true}` {
		t.Errorf("body = %s", got.Body)
	}
	for _, c := range got.Cookies {
		if c.Value != "" {
			t.Errorf("cookie %s leaves the server with a value", c.Name)
		}
	}
	if body := second.Get("/get-session").Body; body != "null" {
		t.Errorf("session = %s, want null", body)
	}
}

func TestNewReportsEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := lockstep.New(lockstep.Config{
		BaseURL: "localhost", Secret: "short",
		RateLimit:      lockstep.RateLimit{Storage: "disk", CustomRules: []lockstep.RateLimitRule{{Path: "sign-in"}}},
		Advanced:       lockstep.Advanced{IPAddress: lockstep.IPAddress{TrustedProxies: []string{"nonsense"}}},
		User:           lockstep.UserOptions{TableOptions: lockstep.TableOptions{Fields: map[string]string{"nope": "x"}}},
		Session:        lockstep.SessionOptions{CookieCache: lockstep.CookieCache{Enabled: true, Strategy: "paseto"}},
		TrustedOrigins: []string{"https://*"}, DisabledPaths: []string{"/sign-inn"},
	})
	for _, want := range []string{
		"localhost", "Secret has 5 characters", "RateLimit.Storage", "nonsense", `"nope"`, `"sign-in"`, `"paseto"`, `"https://*"`, `"/sign-inn"`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error does not mention %s: %v", want, err)
		}
	}
}
