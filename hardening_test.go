package lockstep_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"strings"
	"testing"
	"time"

	lockstep "github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/memory"
)

// counted returns a hook that counts its calls.
func counted(n *int) identity.TableHooks {
	return identity.TableHooks{Delete: identity.Hook{
		Before: func(context.Context, store.Record) (store.Record, error) { *n++; return nil, nil },
	}}
}

func TestForgedDeletionRunsNoHook(t *testing.T) {
	t.Parallel()
	var before, hook int
	tokens := make(chan string, 1)
	s := locksteptest.Start(t, lockstep.Config{
		EmailAndPassword: passwords(),
		User: lockstep.UserOptions{DeleteUser: lockstep.DeleteUser{
			Enabled:                       true,
			SendDeleteAccountVerification: func(_ context.Context, l lockstep.Link) error { tokens <- l.Token; return nil },
			BeforeDelete:                  func(context.Context, *identity.User) error { before++; return nil },
		}},
		DatabaseHooks: identity.Hooks{User: counted(&hook), Session: counted(&hook)},
	})
	s.Browser.Post("/sign-up/email", ada())
	for _, forged := range []string{"forged", strings.Repeat("a", 32)} {
		got := s.Browser.Get("/delete-user/callback?token=" + forged)
		if got.Status != 404 || before > 0 || hook > 0 {
			t.Fatalf("%q: got %d, and hooks ran %d times, want 404 and none", forged, got.Status, before+hook)
		}
	}
	s.Browser.Post("/delete-user", m{})
	if got := s.Browser.Get("/delete-user/callback?token=" + <-tokens); got.Status != 200 || before != 1 || hook == 0 {
		t.Errorf("the real one: got %d %s, and hooks ran %d and %d times", got.Status, got.Body, before, hook)
	}
}

// A copy of the session in a cookie may be believed for MaxAge after it was made
// from the database, however often it is copied since.
func TestCopiesOfCopiesEnd(t *testing.T) {
	t.Parallel()
	for _, strategy := range []string{"compact", "jwt", "jwe"} {
		for _, remember := range []bool{true, false} {
			for path, body := range map[string]m{"/update-user": {"name": "Thief"}, "/update-session": {"theme": "dark"}} {
				s := locksteptest.Start(t, lockstep.Config{
					Store: memory.New(), EmailAndPassword: passwords(), Session: lockstep.SessionOptions{
						CookieCache:  lockstep.CookieCache{Enabled: true, MaxAge: 5 * time.Minute, Strategy: strategy},
						TableOptions: lockstep.TableOptions{AdditionalFields: themeField()},
					},
				})
				s.Browser.Post("/sign-up/email", ada())
				thief := s.NewBrowser(t)
				who := ada()
				who["rememberMe"] = remember
				thief.Post("/sign-in/email", who)
				if got := s.Browser.Post("/revoke-other-sessions", m{}); got.Status != 200 {
					t.Fatalf("got %d %s", got.Status, got.Body)
				}
				if got := thief.Get("/list-sessions"); got.Status != 401 {
					t.Errorf("list-sessions of a revoked session: got %d %s, want 401", got.Status, got.Body)
				}
				thief.Post("/sign-in/email", who)
				s.Browser.Post("/revoke-other-sessions", m{})
				for range 120 { // 350 seconds, more than 5 minutes and the tolerance of a JWE
					s.Clock.Advance(2900 * time.Millisecond)
					thief.Post(path, body)
				}
				if got := thief.Get("/get-session"); got.Body != "null" {
					t.Errorf("%s, %s, remember %t: a revoked session lives on: %s", path, strategy, remember, got.Body)
				}
			}
		}
	}
}

// heldPasswords lets a check of a password take as long as the test wants.
type heldPasswords struct{ held, release chan struct{} }

func (heldPasswords) Hash(_ context.Context, password string) (string, error) { return password, nil }

func (p heldPasswords) Verify(_ context.Context, hash, password string) (bool, error) {
	p.held <- struct{}{}
	<-p.release
	return hash == password, nil
}

func TestOldPasswordStartsNoSessionAfterReset(t *testing.T) {
	t.Parallel()
	tokens := make(chan string, 1)
	p := heldPasswords{make(chan struct{}), make(chan struct{})}
	s := locksteptest.Start(t, lockstep.Config{EmailAndPassword: lockstep.EmailAndPassword{
		Enabled: true, Password: p,
		SendResetPassword: func(_ context.Context, l lockstep.Link) error { tokens <- l.Token; return nil },
	}})
	s.Browser.Post("/sign-up/email", ada())
	s.Browser.Post("/request-password-reset", m{"email": "ada@example.com"})
	thief, signedIn := s.NewBrowser(t), make(chan int)
	go func() { signedIn <- thief.Post("/sign-in/email", ada()).Status }()
	<-p.held
	got := s.NewBrowser(t).Post("/reset-password", m{"newPassword": "battery staple", "token": <-tokens})
	if got.Status != 200 {
		t.Fatalf("reset: got %d %s", got.Status, got.Body)
	}
	close(p.release)
	if status := <-signedIn; status != 401 {
		t.Errorf("sign-in with the old password: got %d, want 401", status)
	}
}

func TestRefusedWritesAreNoServerErrors(t *testing.T) {
	t.Parallel()
	refuse := identity.Hook{Before: func(context.Context, store.Record) (store.Record, error) { return nil, identity.ErrRefused }}
	s := locksteptest.Start(t, lockstep.Config{EmailAndPassword: passwords(), DatabaseHooks: identity.Hooks{
		Session: identity.TableHooks{Update: refuse, Delete: refuse}, Account: identity.TableHooks{Update: refuse},
	}})
	s.Browser.Post("/sign-up/email", ada())
	changed := s.Browser.Post("/change-password", m{"currentPassword": "correct horse", "newPassword": "battery staple"})
	if changed.Status != 422 {
		t.Errorf("change-password: got %d, want 422", changed.Status)
	}
	s.Clock.Advance(25 * time.Hour)
	other := s.NewBrowser(t)
	other.Post("/sign-in/email", ada())
	if got := s.Browser.Get("/get-session"); got.Status != 401 {
		t.Errorf("get-session with a refresh that is refused: got %d, want 401", got.Status)
	}
	if got := other.Post("/sign-out", m{}); got.Status != 200 {
		t.Errorf("sign-out: got %d, want 200", got.Status)
	}
}

func TestFieldsThatNoDatabaseHolds(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{
		EmailAndPassword: passwords(), User: lockstep.UserOptions{TableOptions: lockstep.TableOptions{AdditionalFields: []schema.Field{
			{Name: "n", Type: schema.Number}, {Name: "j", Type: schema.JSON}, {Name: "d", Type: schema.Date},
		}}},
	})
	s.Browser.Post("/sign-up/email", ada())
	for _, body := range []string{
		`{"n":1e400}`, `{"j":{"a":[1e400]}}`, `{"d":"0000-01-01T00:00:00+23:59"}`, `{"d":"9999-12-31T23:59:59-23:59"}`,
	} {
		if got := s.Browser.PostRaw("/update-user", body); got.Status != 400 {
			t.Errorf("%s: got %d %s, want 400", body, got.Status, got.Body)
		}
	}
}

func TestStatelessUpdateOfAHiddenField(t *testing.T) {
	t.Parallel()
	c := lockstep.Config{
		EmailAndPassword: passwords(), BaseURL: "http://localhost:1", User: lockstep.UserOptions{
			TableOptions: lockstep.TableOptions{AdditionalFields: []schema.Field{{Name: "note", NoOutput: true}}},
		},
	}
	c.Advanced.DisableOriginCheck = true
	one := locksteptest.StartStateless(t, c)
	one.Browser.Post("/sign-up/email", ada())
	b := locksteptest.StartStateless(t, c).NewBrowser(t) // the program started again
	b.Header.Set("Cookie", one.Browser.CookieHeader())
	if got := b.Post("/update-user", m{"note": "x"}); got.Status != 200 {
		t.Errorf("got %d %s, want 200", got.Status, got.Body)
	}
}

func TestQuietSignUpMakesIDsAlike(t *testing.T) {
	t.Parallel()
	c := lockstep.Config{EmailAndPassword: lockstep.EmailAndPassword{Enabled: true, AutoSignIn: new(false)}}
	c.Advanced.Database.GenerateID = func(table string) string { return table + "-" + rand.Text() }
	s := locksteptest.Start(t, c)
	for range 2 { // new, then taken
		if got := s.Browser.Post("/sign-up/email", ada()); !strings.Contains(got.Body, `"id":"user-`) {
			t.Errorf("got %s, want an id of the configuration", got.Body)
		}
	}
}

func TestGoCallsNeedAHost(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{
		BasePath: "/auth", EmailAndPassword: passwords(),
		DynamicBaseURL: lockstep.DynamicBaseURL{AllowedHosts: []string{"app.example.com"}},
	})
	if err := s.API().RequestPasswordReset(t.Context(), "ada@example.com", ""); err == nil || !strings.Contains(err.Error(), "Fallback") {
		t.Errorf("got error %v, want one that says what to set", err)
	}
}

// TestPublishedSecret: with the default of Better Auth's source anybody can sign
// a session. Only a server for development starts with it.
func TestPublishedSecret(t *testing.T) {
	t.Parallel()
	const secret = "better-auth-secret-12345678901234567890"
	for name, c := range map[string]lockstep.Config{
		"a secret":          {Secret: secret},
		"an older version":  {Secrets: []lockstep.Secret{{Version: 2, Value: locksteptest.Secret}, {Version: 1, Value: secret}}},
		"while it develops": {Secret: secret, Development: true},
	} {
		c.BaseURL, c.Store, c.Log = "http://localhost", memory.New(), slog.New(slog.DiscardHandler)
		_, err := lockstep.New(c)
		if refused := err != nil && strings.Contains(err.Error(), "published"); refused == c.Development {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := lockstep.NewVerifier(lockstep.VerifierConfig{Secret: secret}); err == nil {
		t.Error("a verifier: got no error")
	}
}
