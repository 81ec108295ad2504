package convexcheck_test

import (
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/locksteptest"
)

// testScenarios runs what users do, with the errors they meet, as the tests of
// package lockstep do in memory.
func (b *bed) testScenarios(t *testing.T) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, *server, string)
		with func(*lockstep.Config)
	}{
		{"a user signs up, in and out", signUpInAndOut, nil},
		{"a sign-up that is refused leaves nothing", refusedSignUps, nil},
		{"sign-up does not tell who has an account", quietSignUp, func(c *lockstep.Config) { c.EmailAndPassword.AutoSignIn = new(false) }},
		{"a session is prolonged, and ends", sessionLife, nil},
		{"sessions are listed and ended", sessionEnds, nil},
		{"users change themselves", userChanges, nil},
		{"a password is changed", passwordChange, nil},
		{"a forgotten password is reset", passwordReset, nil},
		{"an address is verified", emailVerification, nil},
		{"an address is changed", emailChange, nil},
		{"a user is deleted", userDeletion, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			change := []func(*lockstep.Config){func(c *lockstep.Config) { c.Session.CookieCache.Enabled = false }}
			if c.with != nil {
				change = append(change, c.with)
			}
			c.run(t, b.serve(t, newLink(t), change...), address("scenario", c.name))
		})
	}
	t.Run("sessions have additional fields", func(t *testing.T) {
		s := b.serve(t, newLink(t))
		me := s.signUp(t, address("theme"))
		got := me.Post("/update-session", m{"theme": "dark"})
		if !b.hasTheme { // and the component's schema has none
			want(t, got, 400, "")
			return
		}
		want(t, got, 200, "")
		wantSession(t, me, `"theme":"dark"`)
	})
}

// wantSession checks that the browser is signed in, with a session or user that
// contains the text.
func wantSession(t *testing.T, b *locksteptest.Browser, text string) {
	t.Helper()
	if got := b.Get("/get-session?disableCookieCache=true"); got.Status != 200 || got.Body == "null" || !strings.Contains(got.Body, text) {
		t.Fatalf("get-session: %d %s, want a session with %s", got.Status, got.Body, text)
	}
}

// wantNoSession checks that the browser is not signed in.
func wantNoSession(t *testing.T, b *locksteptest.Browser) {
	t.Helper()
	if got := b.Get("/get-session?disableCookieCache=true"); got.Status != 200 || got.Body != "null" {
		t.Fatalf("get-session: %d %s, want null", got.Status, got.Body)
	}
}

func signUpInAndOut(t *testing.T, s *server, email string) {
	me := s.signUp(t, email)
	wantSession(t, me, email)
	want(t, s.NewBrowser(t).Post("/sign-up/email", m{"name": "Eve", "email": strings.ToUpper(email), "password": "another horse"}), 422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL")
	want(t, s.NewBrowser(t).Post("/sign-in/email", m{"email": email, "password": "wrong horse"}), 401, "INVALID_EMAIL_OR_PASSWORD")
	want(t, s.NewBrowser(t).Post("/sign-in/email", m{"email": "no" + email, "password": "wrong horse"}), 401, "INVALID_EMAIL_OR_PASSWORD")
	other := s.NewBrowser(t)
	want(t, other.Post("/sign-in/email", m{"email": strings.ToUpper(email), "password": password(email)}), 200, "")
	want(t, me.Post("/sign-out", m{}), 200, "")
	wantNoSession(t, me)
	wantSession(t, other, email)
	want(t, me.Post("/sign-out", m{}), 200, "")
	want(t, s.NewBrowser(t).Get("/list-sessions"), 401, "UNAUTHORIZED")
}

func refusedSignUps(t *testing.T, s *server, email string) {
	for _, c := range []struct {
		body m
		code string
	}{
		{m{"name": "Ada", "email": email, "password": "short"}, "PASSWORD_TOO_SHORT"},
		{m{"name": "Ada", "email": email, "password": strings.Repeat("x", 129)}, "PASSWORD_TOO_LONG"},
		{m{"name": "Ada", "email": "no address", "password": password(email)}, "VALIDATION_ERROR"},
		{m{"email": email, "password": password(email)}, "VALIDATION_ERROR"},
	} {
		want(t, s.NewBrowser(t).Post("/sign-up/email", c.body), 400, c.code)
	}
	want(t, s.NewBrowser(t).Post("/sign-in/email", credentials(email)), 401, "INVALID_EMAIL_OR_PASSWORD")
	s.signUp(t, email) // the address is free
}

func quietSignUp(t *testing.T, s *server, email string) {
	sign := func() *locksteptest.Response {
		return s.NewBrowser(t).Post("/sign-up/email", m{"name": "Ada", "email": email, "password": password(email)})
	}
	first, second := sign(), sign()
	for _, got := range []*locksteptest.Response{first, second} {
		if got.Status != 200 || len(got.Cookies) > 0 || !strings.Contains(got.Body, `"token":null`) {
			t.Errorf("got %d %s with cookies %v", got.Status, got.Body, got.Cookies)
		}
	}
	wantSession(t, s.signIn(t, email), email)
}

func sessionLife(t *testing.T, s *server, email string) {
	me := s.signUp(t, email)
	idle := s.signIn(t, email)
	for range 4 { // twice the life of a session that nobody uses
		s.Clock.Advance(3*24*time.Hour + time.Hour)
		wantSession(t, me, email)
	}
	wantNoSession(t, idle)
	want(t, me.Get("/list-sessions"), 403, "SESSION_NOT_FRESH")
}

func sessionEnds(t *testing.T, s *server, email string) {
	me, phone, tablet := s.signUp(t, email), s.signIn(t, email), s.signIn(t, email)
	var list []struct{ Token, UserID string }
	me.Get("/list-sessions").JSON(t, &list)
	if len(list) != 3 {
		t.Errorf("got %d sessions, want 3", len(list))
	}
	eve := s.signUp(t, "eve-"+email)
	want(t, eve.Post("/revoke-session", m{"token": token(t, phone)}), 200, "") // says nothing, does nothing
	wantSession(t, phone, email)
	want(t, me.Post("/revoke-session", m{"token": token(t, phone)}), 200, "")
	wantNoSession(t, phone)
	want(t, me.Post("/revoke-other-sessions", m{}), 200, "")
	wantNoSession(t, tablet)
	wantSession(t, me, email)
	again := s.signIn(t, email)
	want(t, me.Post("/revoke-sessions", m{}), 200, "")
	wantNoSession(t, again)
	want(t, me.Post("/revoke-sessions", m{}), 401, "UNAUTHORIZED")
	wantSession(t, eve, "eve-"+email)
}

func userChanges(t *testing.T, s *server, email string) {
	me, other := s.signUp(t, email), s.signIn(t, email)
	want(t, me.Post("/update-user", m{"name": "Countess", "image": "https://example.com/a.png"}), 200, "")
	wantSession(t, other, `"name":"Countess"`)
	want(t, me.Post("/update-user", m{"image": nil}), 200, "")
	wantSession(t, other, `"image":null`)
	want(t, me.Post("/update-user", m{"email": "x" + email}), 400, "EMAIL_CAN_NOT_BE_UPDATED")
	want(t, me.Post("/update-user", m{}), 400, "")
	want(t, me.Post("/update-user", m{"name": 7}), 400, "VALIDATION_ERROR")
	want(t, s.NewBrowser(t).Post("/update-user", m{"name": "Eve"}), 401, "UNAUTHORIZED")
	var accounts []struct{ ProviderID, AccountID, UserID string }
	me.Get("/list-accounts").JSON(t, &accounts)
	if len(accounts) != 1 || accounts[0].ProviderID != "credential" || accounts[0].AccountID != accounts[0].UserID {
		t.Errorf("got accounts %v", accounts)
	}
}

func passwordChange(t *testing.T, s *server, email string) {
	me, other := s.signUp(t, email), s.signIn(t, email)
	change := func(from, to string, more m) *locksteptest.Response {
		body := m{"currentPassword": from, "newPassword": to}
		maps.Copy(body, more)
		return me.Post("/change-password", body)
	}
	want(t, change("wrong horse", newPassword(email), nil), 400, "INVALID_PASSWORD")
	want(t, change(password(email), "short", nil), 400, "PASSWORD_TOO_SHORT")
	want(t, me.Post("/verify-password", m{"password": password(email)}), 200, "")
	want(t, change(password(email), newPassword(email), nil), 200, "")
	wantSession(t, other, email)
	want(t, me.Post("/verify-password", m{"password": password(email)}), 400, "INVALID_PASSWORD")
	want(t, s.NewBrowser(t).Post("/sign-in/email", credentials(email)), 401, "INVALID_EMAIL_OR_PASSWORD")
	want(t, change(newPassword(email), password(email), m{"revokeOtherSessions": true}), 200, "")
	wantNoSession(t, other)
	wantSession(t, me, email)
	wantSession(t, s.signIn(t, email), email)
}

func passwordReset(t *testing.T, s *server, email string) {
	me := s.signUp(t, email)
	visitor := s.NewBrowser(t)
	ask := func(email string) *locksteptest.Response {
		return visitor.Post("/request-password-reset", m{"email": email, "redirectTo": "/new"})
	}
	known, unknown := ask(email), ask("no"+email)
	if known.Status != 200 || unknown.Status != 200 || known.Body != unknown.Body {
		t.Errorf("known: %d %s; unknown: %d %s", known.Status, known.Body, unknown.Status, unknown.Body)
	}
	older := s.mail.next(t)
	want(t, ask(email), 200, "")
	secret := s.mail.next(t)
	reset := func(secret, password string) *locksteptest.Response {
		return visitor.Post("/reset-password", m{"newPassword": password, "token": secret})
	}
	want(t, reset(older, newPassword(email)), 400, "INVALID_TOKEN")
	want(t, reset(secret, "short"), 400, "PASSWORD_TOO_SHORT")
	got := visitor.Get("/reset-password/" + secret + "?callbackURL=" + url.QueryEscape("/new"))
	if got.Status != 302 || got.Header.Get("Location") != s.URL+"/new?token="+secret {
		t.Errorf("the link: %d %s", got.Status, got.Header.Get("Location"))
	}
	want(t, reset(secret, newPassword(email)), 200, "")
	want(t, reset(secret, newPassword(email)), 400, "INVALID_TOKEN")
	wantNoSession(t, me)
	want(t, visitor.Post("/sign-in/email", credentials(email)), 401, "INVALID_EMAIL_OR_PASSWORD")
	want(t, visitor.Post("/sign-in/email", m{"email": email, "password": newPassword(email)}), 200, "")
	want(t, ask(email), 200, "")
	late := s.mail.next(t)
	s.Clock.Advance(time.Hour + time.Second)
	want(t, reset(late, password(email)), 400, "INVALID_TOKEN")
}

func emailVerification(t *testing.T, s *server, email string) {
	me := s.signUp(t, email)
	want(t, me.Post("/send-verification-email", m{"email": email}), 200, "")
	secret := s.mail.next(t)
	visitor := s.NewBrowser(t)
	want(t, visitor.Get("/verify-email?token="+secret+"x"), 401, "INVALID_TOKEN")
	want(t, visitor.Get("/verify-email?token="+secret), 200, "")
	wantSession(t, visitor, `"emailVerified":true`)
	second := s.NewBrowser(t)
	want(t, second.Get("/verify-email?token="+secret), 200, "") // it is verified already
	wantNoSession(t, second)
	want(t, me.Post("/send-verification-email", m{"email": email}), 400, "EMAIL_ALREADY_VERIFIED")
}

func emailChange(t *testing.T, s *server, email string) {
	me := s.signUp(t, email)
	s.signUp(t, "taken-"+email)
	want(t, me.Post("/change-email", m{"newEmail": "new-" + email}), 200, "")
	secret := s.mail.next(t)
	wantSession(t, me, `"`+email+`"`)
	want(t, s.NewBrowser(t).Get("/verify-email?token="+secret), 200, "")
	wantSession(t, me, `"new-`+email+`"`)
	if got := s.NewBrowser(t).Get("/verify-email?token=" + secret); got.Status != 401 {
		t.Errorf("the link works twice: %d %s", got.Status, got.Body)
	}
	want(t, s.NewBrowser(t).Post("/sign-in/email", credentials(email)), 401, "INVALID_EMAIL_OR_PASSWORD")
	want(t, me.Post("/change-email", m{"newEmail": "taken-" + email}), 200, "") // tells nobody
	wantSession(t, me, `"new-`+email+`"`)
}

func userDeletion(t *testing.T, s *server, email string) {
	me, other := s.signUp(t, email), s.signIn(t, email)
	s.Clock.Advance(25 * time.Hour)
	want(t, me.Post("/delete-user", m{}), 400, "SESSION_EXPIRED")
	want(t, me.Post("/delete-user", m{"password": "wrong horse"}), 400, "INVALID_PASSWORD")
	want(t, me.Post("/delete-user", m{"password": password(email)}), 200, "")
	wantNoSession(t, me)
	wantNoSession(t, other)
	want(t, s.NewBrowser(t).Post("/sign-in/email", credentials(email)), 401, "INVALID_EMAIL_OR_PASSWORD")
	s.signUp(t, email) // the address is free again
}
