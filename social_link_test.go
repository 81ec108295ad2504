package lockstep_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/store"
)

// verifyLocally marks the address of a user as verified.
func (s *socialServer) verifyLocally(t testing.TB, email string) {
	t.Helper()
	_, err := s.db.Apply(t.Context(), store.Batch{Ops: []store.Op{{
		Verb: store.Update, Table: identity.UserTable, Where: store.Is("email", email), Expect: store.One,
		Set: store.Record{"emailVerified": true},
	}}})
	if err != nil {
		t.Fatal(err)
	}
}

// A path is a way to sign in with a service.
type path struct {
	provider string
	idToken  bool
}

// arrive signs somebody in that way, and returns "" or why it failed.
func (p path) arrive(t *testing.T, s *socialServer, b *locksteptest.Browser, who person) string {
	t.Helper()
	if p.idToken {
		got := b.Post("/sign-in/social", m{"provider": p.provider, "idToken": m{"token": s.idp.idToken(who, "")}})
		var e struct{ Message string }
		got.JSON(t, &e)
		return strings.ReplaceAll(e.Message, " ", "_")
	}
	got := s.signIn(t, b, who, m{"provider": p.provider})
	return strings.TrimPrefix(strings.TrimPrefix(got.Header.Get("Location"), "/err?error="), "/in")
}

// TestImplicitLinkingGate holds every way to sign in, what the service says of the
// address, and what is known of it here against each other (LK-01 to LK-04): only
// if both sides are sure is somebody let in who has a user already.
func TestImplicitLinkingGate(t *testing.T) {
	t.Parallel()
	claims := []struct {
		text     string
		value    any
		verified bool
	}{
		{"true", true, true},
		{`"true"`, "true", true},
		{"false", false, false},
		{`"false"`, "false", false},
		{"0", 0, false},
		{"1", 1, false},
		{"absent", nil, false},
		{`"TRUE "`, "TRUE ", false},
		{"an object", m{}, false},
	}
	options := []struct {
		name    string
		change  func(*lockstep.Config)
		trusted bool
		lax     bool // requireLocalEmailVerified: false
		never   bool
	}{
		{"as it comes", func(*lockstep.Config) {}, false, false, false},
		{"trusted", func(c *lockstep.Config) {
			c.Account.AccountLinking.TrustedProviders = []string{"fake", "other", "oidc"}
		}, true, false, false},
		{"lax", func(c *lockstep.Config) { c.Account.AccountLinking.RequireLocalEmailVerified = new(false) }, false, true, false},
		{"no implicit linking", func(c *lockstep.Config) {
			c.Account.AccountLinking.TrustedProviders = []string{"fake", "other", "oidc"}
			c.Account.AccountLinking.DisableImplicitLinking = true
		}, true, false, true},
		{"no linking", func(c *lockstep.Config) { c.Account.AccountLinking.Enabled = new(false) }, false, false, true},
	}
	for _, o := range options {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			s := newSocialServer(t, o.change)
			n := 0
			for _, p := range []path{{"fake", false}, {"fake", true}, {"oidc", false}, {"oidc", true}} {
				for _, claim := range claims {
					for _, local := range []bool{true, false} {
						n++
						email := fmt.Sprintf("u%d@example.com", n)
						owner := s.NewBrowser(t)
						want(t, owner.Post("/sign-up/email", m{"name": "Owner", "email": email, "password": "correct horse"}), 200, "")
						if local {
							s.verifyLocally(t, email)
						}
						got := p.arrive(t, s, s.NewBrowser(t), person{sub: email, email: strings.ToUpper(email), verified: claim.value})
						allowed := !o.never && (claim.verified || o.trusted) && (local || o.lax)
						if (got == "") != allowed || !allowed && got != "account_not_linked" {
							t.Errorf("%+v, email_verified %s, local %v: %q, allowed %v", p, claim.text, local, got, allowed)
						}
						u := s.rows(t, identity.UserTable, "email", email)[0]
						linked := len(s.rows(t, identity.AccountTable, "userId", u["id"], "accountId", email))
						if linked == 1 != allowed || u["emailVerified"] != (local || allowed) {
							t.Errorf("%+v, email_verified %s, local %v: %d accounts, user %v", p, claim.text, local, linked, u)
						}
					}
				}
			}
		})
	}
}

// TestPreHijacking is LK-01 and LK-05: whoever signed up with a foreign address
// first has nothing from it when its owner comes with a service.
func TestPreHijacking(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t, func(c *lockstep.Config) {
		c.Account.AccountLinking.RequireLocalEmailVerified = new(false)
		c.EmailAndPassword.SendResetPassword = func(_ ctx, _ lockstep.Link) error { return nil }
	})
	attacker := s.NewBrowser(t)
	want(t, attacker.Post("/sign-up/email", m{"name": "Eve", "email": "ada@example.com", "password": "correct horse"}), 200, "")
	want(t, attacker.Post("/request-password-reset", m{"email": "ada@example.com"}), 200, "")
	owner := s.NewBrowser(t)
	wantLocation(t, s.signIn(t, owner, adaAtIDP(), nil), "/in")
	wantNobody(t, attacker)
	want(t, attacker.Post("/sign-in/email", m{"email": "ada@example.com", "password": "correct horse"}), 401, "INVALID_EMAIL_OR_PASSWORD")
	if got := owner.Get("/get-session").Body; !strings.Contains(got, `"emailVerified":true`) {
		t.Errorf("the owner has %s", got)
	}
	if accounts := s.rows(t, identity.AccountTable); len(accounts) != 1 || accounts[0]["providerId"] != "fake" {
		t.Errorf("accounts = %v", accounts)
	}
	if left := s.rows(t, identity.VerificationTable); len(left) > 0 {
		t.Errorf("secrets are left: %v", left)
	}
	// Who is verified keeps all.
	want(t, attacker.Post("/sign-up/email", m{"name": "Bob", "email": "bob@example.com", "password": "correct horse"}), 200, "")
	s.verifyLocally(t, "bob@example.com")
	wantLocation(t, s.signIn(t, owner, person{sub: "bob-1", email: "bob@example.com", verified: true}, nil), "/in")
	want(t, s.NewBrowser(t).Post("/sign-in/email", m{"email": "bob@example.com", "password": "correct horse"}), 200, "")
}

// link goes through a link of the caller.
func (s *socialServer) link(t testing.TB, b *locksteptest.Browser, who person, body m) *locksteptest.Response {
	t.Helper()
	full := m{"provider": "fake", "callbackURL": "/linked", "errorCallbackURL": "/err"}
	maps.Copy(full, body)
	return s.back(b, full["provider"].(string), s.idp.allow(s.start(t, b, "/link-social", full), who))
}

// signedUp returns a browser whose user has a password.
func (s *socialServer) signedUp(t testing.TB, email string) *locksteptest.Browser {
	t.Helper()
	b := s.NewBrowser(t)
	want(t, b.Post("/sign-up/email", m{"name": "Ada", "email": email, "password": "correct horse"}), 200, "")
	return b
}

// TestExplicitLinkingGate is the same for users who are signed in: the service
// has to be sure, and the address the same (LK-08).
func TestExplicitLinkingGate(t *testing.T) {
	t.Parallel()
	for _, o := range []struct {
		name               string
		change             func(*lockstep.Config)
		trusted, any, none bool
	}{
		{"as it comes", func(*lockstep.Config) {}, false, false, false},
		{"trusted", func(c *lockstep.Config) {
			c.Account.AccountLinking.TrustedProvidersFunc = func(r *request) []string {
				if r.Host == "" {
					return nil
				}
				return []string{"fake", "oidc"}
			}
		}, true, false, false},
		{"any address", func(c *lockstep.Config) { c.Account.AccountLinking.AllowDifferentEmails = true }, false, true, false},
		{"no implicit linking", func(c *lockstep.Config) { c.Account.AccountLinking.DisableImplicitLinking = true }, false, false, false},
		{"no linking", func(c *lockstep.Config) { c.Account.AccountLinking.Enabled = new(false) }, false, false, true},
	} {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			s := newSocialServer(t, o.change)
			n := 0
			for _, p := range []path{{"fake", false}, {"fake", true}, {"oidc", false}, {"oidc", true}} {
				for _, verified := range []any{true, "false", nil} {
					for _, same := range []bool{true, false} {
						n++
						email := fmt.Sprintf("u%d@example.com", n)
						b := s.signedUp(t, email)
						who := person{sub: email, email: strings.ToUpper(email), verified: verified}
						if !same {
							who.email = "other@example.com"
						}
						vouched := !o.none && (verified == true || o.trusted)
						allowed := vouched && (same || o.any)
						var got string
						if p.idToken {
							res := b.Post("/link-social", m{"provider": p.provider, "idToken": m{"token": s.idp.idToken(who, "")}})
							got = fmt.Sprintf("%d %s", res.Status, strings.TrimPrefix(res.Body, `{"message":"Account not linked - `))
						} else {
							got = s.link(t, b, who, m{"provider": p.provider}).Header.Get("Location")
						}
						if expected := linkAnswer(p, vouched, allowed); got != expected {
							t.Errorf("%+v, email_verified %v, same address %v: %q, want %q", p, verified, same, got, expected)
						}
						if made := len(s.rows(t, identity.AccountTable, "accountId", email)); made == 1 != allowed {
							t.Errorf("%+v, email_verified %v, same address %v: %d accounts", p, verified, same, made)
						}
					}
				}
			}
		})
	}
}

// linkAnswer is what a link is answered with.
func linkAnswer(p path, vouched, allowed bool) string {
	switch {
	case allowed && p.idToken:
		return `200 {"url":"","status":true,"redirect":false}`
	case allowed:
		return "/linked"
	case p.idToken && vouched:
		return `401 different emails not allowed","code":"LINKING_DIFFERENT_EMAILS_NOT_ALLOWED"}`
	case p.idToken:
		return `401 linking not allowed","code":"LINKING_NOT_ALLOWED"}`
	case vouched:
		return "/err?error=email_does_not_match"
	}
	return "/err?error=unable_to_link_account"
}

func TestLinkSocial(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t, func(c *lockstep.Config) { c.Account.AccountLinking.UpdateUserInfoOnLink = true })
	b := s.signedUp(t, "ada@example.com")
	want(t, s.NewBrowser(t).Post("/link-social", m{"provider": "fake"}), 401, "UNAUTHORIZED")
	want(t, b.Post("/link-social", m{"provider": "nope"}), 404, "PROVIDER_NOT_FOUND")
	want(t, b.Post("/link-social", m{"provider": "fake", "additionalData": m{"link": 1}}), 400, "VALIDATION_ERROR")
	wantLocation(t, s.link(t, b, adaAtIDP(), nil), "/linked")
	u := s.rows(t, identity.UserTable)[0]
	if u["image"] != "https://img.example/Ada" || u["email"] != "ada@example.com" || u["emailVerified"] != false {
		t.Errorf("user = %v", u)
	}
	first := s.rows(t, identity.AccountTable, "providerId", "fake")[0]
	s.idp.set(func(i *idp) { i.scope = "openid more" })
	wantLocation(t, s.link(t, b, adaAtIDP(), m{"scopes": []string{"more"}}), "/linked")
	second := s.rows(t, identity.AccountTable, "providerId", "fake")
	if len(second) != 1 || second[0]["accessToken"] == first["accessToken"] || second[0]["scope"] != "openid,email,more" {
		t.Errorf("linked again: %v", second)
	}
	got := b.Get("/list-accounts").Body
	if strings.Count(got, `"providerId"`) != 2 || !strings.Contains(got, `"scopes":["openid","email","more"]`) || strings.Contains(got, "access-") {
		t.Errorf("list = %s", got)
	}
	// The identity is taken now, whoever asks.
	eve := s.signedUp(t, "eve@example.com")
	taken := adaAtIDP()
	taken.email = "eve@example.com"
	wantLocation(t, s.link(t, eve, taken, nil), "/err?error=account_already_linked_to_different_user")
	res := eve.Post("/link-social", m{"provider": "fake", "idToken": m{"token": s.idp.idToken(taken, "")}})
	if res.Status != 409 || res.Body != `{"message":"Social account already linked","code":"SOCIAL_ACCOUNT_ALREADY_LINKED"}` {
		t.Errorf("id token of another user: %d %s", res.Status, res.Body)
	}
	res = b.Post("/link-social", m{"provider": "fake", "idToken": m{"token": s.idp.idToken(adaAtIDP(), ""), "accessToken": "a", "refreshToken": "r"}})
	if res.Body != `{"url":"","status":true,"redirect":false}` {
		t.Errorf("id token again: %d %s", res.Status, res.Body)
	}
	if a := s.rows(t, identity.AccountTable, "providerId", "fake")[0]; a["refreshToken"] != "r" || a["accessToken"] != "a" {
		t.Errorf("account = %v", a)
	}
	wantLocation(t, s.signIn(t, s.NewBrowser(t), adaAtIDP(), nil), "/in")
}

// TestTwoAccountsWithOneID: nobody can say whose user it is, so nobody gets in, and
// the application's own error page is not asked to explain it.
func TestTwoAccountsWithOneID(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t)
	for _, name := range []string{"a", "b"} {
		s.signedUp(t, name+"@example.com")
		id := s.rows(t, identity.UserTable, "email", name+"@example.com")[0]["id"]
		s.addAccount(t, store.Record{"id": name, "providerId": "fake", "accountId": adaAtIDP().sub, "userId": id})
	}
	b := s.NewBrowser(t)
	wantLocation(t, s.signIn(t, b, adaAtIDP(), nil), s.URL+"/api/auth/error?error=internal_server_error")
	wantNobody(t, b)
}

// TestTwinAccounts: two accounts of one user with one id, which a store whose
// batches are not atomic can make, lock nobody out, and one is left.
func TestTwinAccounts(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t)
	b := s.signedUp(t, "ada@example.com")
	id := s.rows(t, identity.UserTable)[0]["id"]
	for _, account := range []string{"b", "a", "c"} {
		s.addAccount(t, store.Record{"id": account, "providerId": "fake", "accountId": adaAtIDP().sub, "userId": id})
	}
	wantLocation(t, s.link(t, b, adaAtIDP(), nil), "/linked")
	wantLocation(t, s.signIn(t, s.NewBrowser(t), adaAtIDP(), nil), "/in")
	left := s.rows(t, identity.AccountTable, "providerId", "fake")
	if len(left) != 1 || left[0]["id"] != "a" || left[0]["accessToken"] == nil {
		t.Errorf("left: %v", left)
	}
}

// TestLinkNeedsTheSession is LK-08: a link that was started by somebody who has
// signed out since, or whose user is gone, links nothing.
func TestLinkNeedsTheSession(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		end  func(t *testing.T, s *socialServer, b *locksteptest.Browser)
	}{
		{"signed out", func(t *testing.T, _ *socialServer, b *locksteptest.Browser) {
			want(t, b.Post("/sign-out", m{}), 200, "")
		}},
		{"signed in as somebody else", func(t *testing.T, _ *socialServer, b *locksteptest.Browser) {
			want(t, b.Post("/sign-out", m{}), 200, "")
			want(t, b.Post("/sign-up/email", m{"name": "E", "email": "eve@example.com", "password": "correct horse"}), 200, "")
		}},
		{"deleted", func(t *testing.T, _ *socialServer, b *locksteptest.Browser) {
			want(t, b.Post("/delete-user", m{"password": "correct horse"}), 200, "")
		}},
		{"expired", func(_ *testing.T, s *socialServer, _ *locksteptest.Browser) { s.Clock.Advance(9 * time.Minute) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newSocialServer(t, func(c *lockstep.Config) {
				c.User.DeleteUser.Enabled = true
				c.Session.ExpiresIn = 8 * time.Minute
			})
			b := s.signedUp(t, "ada@example.com")
			q := s.idp.allow(s.start(t, b, "/link-social", m{"provider": "fake", "callbackURL": "/linked", "errorCallbackURL": "/err"}), adaAtIDP())
			tc.end(t, s, b)
			wantLocation(t, s.back(b, "fake", q), "/err?error=unable_to_link_account")
			if made := s.rows(t, identity.AccountTable, "providerId", "fake"); len(made) > 0 {
				t.Errorf("linked: %v", made)
			}
		})
	}
}

// TestUnlink is LK-09.
func TestUnlink(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t)
	b := s.signedUp(t, "ada@example.com")
	id := func(provider string) string {
		return s.rows(t, identity.AccountTable, "providerId", provider)[0]["id"].(string)
	}
	got := b.Post("/unlink-account", m{})
	if got.Body != `{"message":"[body.accountId] Invalid input: expected string, received undefined","code":"VALIDATION_ERROR"}` {
		t.Errorf("got %s", got.Body)
	}
	want(t, s.NewBrowser(t).Post("/unlink-account", m{"accountId": id("credential")}), 401, "UNAUTHORIZED")
	got = b.Post("/unlink-account", m{"accountId": id("credential")})
	if got.Status != 400 || got.Body != `{"message":"You can't unlink your last account","code":"FAILED_TO_UNLINK_LAST_ACCOUNT"}` {
		t.Errorf("the last: %d %s", got.Status, got.Body)
	}
	wantLocation(t, s.link(t, b, adaAtIDP(), nil), "/linked")
	eve := s.signedUp(t, "eve@example.com")
	wantLocation(t, s.link(t, eve, person{sub: "e", email: "eve@example.com", verified: true}, m{"provider": "other"}), "/linked")
	want(t, eve.Post("/unlink-account", m{"accountId": id("fake")}), 400, "ACCOUNT_NOT_FOUND")
	want(t, b.Post("/unlink-account", m{"accountId": "nope"}), 400, "ACCOUNT_NOT_FOUND")
	// Both at once leave one.
	ada := s.rows(t, identity.UserTable, "email", "ada@example.com")[0]["id"]
	results := make(chan int, 2)
	for _, account := range s.rows(t, identity.AccountTable, "userId", ada) {
		go func() {
			results <- postAs(s, b.CookieHeader(), "/unlink-account", m{"accountId": account["id"]})
		}()
	}
	if first, second := <-results, <-results; first+second != 600 {
		t.Errorf("both at once: %d and %d", first, second)
	}
	if left := s.rows(t, identity.AccountTable, "userId", ada); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
}

// TestUnlinkNeedsAFreshSession: an old session cannot.
func TestUnlinkNeedsAFreshSession(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t, func(c *lockstep.Config) {
		c.Session.FreshAge = new(time.Hour)
		c.Account.AccountLinking.AllowUnlinkingAll = true
	})
	b := s.signedUp(t, "ada@example.com")
	id := s.rows(t, identity.AccountTable)[0]["id"]
	s.Clock.Advance(2 * time.Hour)
	want(t, b.Post("/unlink-account", m{"accountId": id}), 403, "SESSION_NOT_FRESH")
	want(t, b.Post("/sign-in/email", m{"email": "ada@example.com", "password": "correct horse"}), 200, "")
	if got := b.Post("/unlink-account", m{"accountId": id}); got.Body != `{"status":true}` {
		t.Errorf("with allowUnlinkingAll: %d %s", got.Status, got.Body)
	}
}
