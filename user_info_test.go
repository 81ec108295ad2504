package lockstep_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/plugin"
)

// A gate is a ValidateUserInfo that remembers what it was asked.
type gate struct {
	mu    sync.Mutex
	asked []string
	err   error
}

func (g *gate) validate(c *plugin.Call, in plugin.UserInfo) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	known := "new"
	if in.User.ID != "" {
		known = "known"
	}
	line := fmt.Sprintf("%s %s %s %s %s %v %s", c.Endpoint.Path, in.Action, in.Method, known, in.User.Email, in.User.EmailVerified, in.ProviderID)
	if in.Profile != nil && !strings.Contains(string(in.Profile), `"sub":"ada-1"`) {
		line += " with the profile of somebody else"
	}
	g.asked = append(g.asked, strings.TrimSpace(line))
	return g.err
}

// take returns what was asked since, and sets the answer from now on.
func (g *gate) take(err error) []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	asked := g.asked
	g.asked, g.err = nil, err
	return asked
}

func (g *gate) want(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(g.take(nil), want); diff != "" {
		t.Errorf("asked: got -, want +:\n%s", diff)
	}
}

func guarded(g *gate) func(*lockstep.Config) {
	return func(c *lockstep.Config) { c.User.ValidateUserInfo = g.validate }
}

// TestValidateUserInfo: it is asked with what upstream asks with, before anything
// is written.
func TestValidateUserInfo(t *testing.T) {
	t.Parallel()
	g := new(gate)
	s := newSocialServer(t, guarded(g))
	wantLocation(t, s.signIn(t, s.Browser, adaAtIDP(), nil), "/in")
	g.want(t, "/callback/:id create-user oauth new ada@example.com true fake")
	wantLocation(t, s.signIn(t, s.NewBrowser(t), adaAtIDP(), nil), "/in")
	g.want(t, "/callback/:id sign-in oauth known ada@example.com true fake")
	want(t, s.NewBrowser(t).Post("/sign-in/social", m{"provider": "fake", "idToken": m{"token": s.idp.idToken(adaAtIDP(), "")}}), 200, "")
	g.want(t, "/sign-in/social sign-in oauth known ada@example.com true fake")
	wantLocation(t, s.signIn(t, s.NewBrowser(t), adaAtIDP(), m{"provider": "other"}), "/in")
	g.want(t, "/callback/:id link-account oauth known ada@example.com true other")
	wantLocation(t, s.link(t, s.Browser, adaAtIDP(), m{"provider": "oidc"}), "/linked")
	g.want(t, "/callback/:id link-account oauth known ada@example.com true oidc")
	wantLocation(t, s.link(t, s.Browser, adaAtIDP(), m{"provider": "oidc"}), "/linked")
	g.want(t, "/callback/:id link-account oauth known ada@example.com true oidc")
	want(t, s.Browser.Post("/link-social", m{"provider": "fake", "idToken": m{"token": s.idp.idToken(adaAtIDP(), "")}}), 200, "")
	g.want(t, "/link-social link-account oauth known ada@example.com true fake")
	s.signedUp(t, "Bob@example.com")
	g.want(t, "/sign-up/email create-user email-password new bob@example.com false")
	want(t, s.NewBrowser(t).Post("/sign-in/email", m{"email": "bob@example.com", "password": "correct horse"}), 200, "")
	g.want(t)
}

// TestValidateUserInfoRefuses: every way in and every link, and nothing is
// written.
func TestValidateUserInfoRefuses(t *testing.T) {
	t.Parallel()
	no := plugin.Errorf(418, "no_outsiders", "Ask your admin")
	for _, tc := range []struct {
		name          string
		err           error
		code, message string
	}{
		{"with a code and a message", no, "no_outsiders", "Ask your admin"},
		{"with a code", plugin.Errorf(400, "no_outsiders", ""), "no_outsiders", "no_outsiders"},
		{"with another error, which stays here", errors.New("canary"), "validation_failed", "User validation failed"},
		{"with an error without a code, which stays here", plugin.Errorf(400, "", "canary"), "validation_failed", "User validation failed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			g := new(gate)
			s := newSocialServer(t, guarded(g))
			to := "/err?error=" + tc.code + "&error_description=" + strings.ReplaceAll(tc.message, " ", "+")
			body := fmt.Sprintf(`{"message":%q,"code":%q}`, tc.message, tc.code)
			refused := func(got *locksteptest.Response) {
				t.Helper()
				if got.Status != 403 || got.Body != body || len(got.Cookies) > 0 {
					t.Errorf("got %d %s %v, want 403 %s", got.Status, got.Body, got.Cookies, body)
				}
			}
			token := m{"provider": "fake", "idToken": m{"token": s.idp.idToken(adaAtIDP(), "")}}

			g.take(tc.err)
			wantLocation(t, s.signIn(t, s.Browser, adaAtIDP(), nil), to)
			refused(s.NewBrowser(t).Post("/sign-in/social", token))
			refused(s.NewBrowser(t).Post("/sign-up/email", m{"name": "A", "email": "a@example.com", "password": "correct horse"}))
			wantNobody(t, s.Browser)
			if users := s.rows(t, identity.UserTable); len(users) > 0 {
				t.Errorf("got users %v", users)
			}

			g.take(nil)
			wantLocation(t, s.signIn(t, s.Browser, adaAtIDP(), nil), "/in")
			before := s.rows(t, identity.AccountTable)
			g.take(tc.err)
			wantLocation(t, s.signIn(t, s.NewBrowser(t), adaAtIDP(), nil), to)
			wantLocation(t, s.signIn(t, s.NewBrowser(t), adaAtIDP(), m{"provider": "other"}), to)
			wantLocation(t, s.link(t, s.Browser, adaAtIDP(), m{"provider": "oidc"}), to)
			refused(s.NewBrowser(t).Post("/sign-in/social", token))
			refused(s.Browser.Post("/link-social", token))
			if diff := cmp.Diff(s.rows(t, identity.AccountTable), before); diff != "" {
				t.Errorf("accounts have changed: got -, want +:\n%s", diff)
			}
		})
	}
}

// TestValidateUserInfoTellsNoAddress: a sign-up that must not tell which addresses
// have an account answers the same for one that is refused, and is asked about
// both.
func TestValidateUserInfoTellsNoAddress(t *testing.T) {
	t.Parallel()
	g := new(gate)
	s := newSocialServer(t, guarded(g), func(c *lockstep.Config) { c.EmailAndPassword.AutoSignIn = new(false) })
	s.signedUp(t, "ada@example.com")
	for _, email := range []string{"ada@example.com", "new@example.com"} {
		g.take(plugin.Errorf(403, "no", ""))
		got := s.NewBrowser(t).Post("/sign-up/email", m{"name": "A", "email": email, "password": "correct horse"})
		if got.Status != 200 || !strings.Contains(got.Body, `"token":null`) || !strings.Contains(got.Body, email) {
			t.Errorf("%s: got %d %s", email, got.Status, got.Body)
		}
		g.want(t, "/sign-up/email create-user email-password new "+email+" false")
	}
	if users := s.rows(t, identity.UserTable); len(users) != 1 {
		t.Errorf("got %d users, want the first", len(users))
	}
}
