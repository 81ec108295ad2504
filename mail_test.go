package lockstep_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/locksteptest"
)

const resetAnswer = `{"status":true,"message":"If this email exists in our system, check your email for the reset link"}`

func TestPasswordReset(t *testing.T) {
	t.Parallel()
	s := newMailServer(t)
	b := s.signUp(t, "ada@example.com")
	got := s.NewBrowser(t).Post("/request-password-reset", m{"email": "ADA@example.com", "redirectTo": "/reset?a=b"})
	if got.Status != 200 || got.Body != resetAnswer {
		t.Fatalf("request: %d %s", got.Status, got.Body)
	}
	mail := s.box.next(t, "reset")
	if mail.User.Email != "ada@example.com" || len(mail.Token) != 24 ||
		mail.URL != s.URL+"/api/auth/reset-password/"+mail.Token+"?callbackURL=%2Freset%3Fa%3Db" {
		t.Errorf("link = %+v", mail.URL)
	}
	visitor := s.NewBrowser(t)
	wantLocation(t, visitor.Get(mail.path()), s.URL+"/reset?a=b&token="+mail.Token)
	for _, bad := range []struct {
		body m
		code string
	}{
		{m{"newPassword": "short", "token": mail.Token}, "PASSWORD_TOO_SHORT"},
		{m{"newPassword": strings.Repeat("x", 129), "token": mail.Token}, "PASSWORD_TOO_LONG"},
		{m{"newPassword": "battery staple", "token": mail.Token + "x"}, "INVALID_TOKEN"},
		{m{"newPassword": "battery staple"}, "INVALID_TOKEN"},
	} {
		want(t, visitor.Post("/reset-password", bad.body), 400, bad.code)
	}
	if got := visitor.Post("/reset-password", m{"newPassword": "battery staple", "token": mail.Token}); got.Body != `{"status":true}` || len(got.Cookies) > 0 {
		t.Fatalf("reset: %d %s %v", got.Status, got.Body, got.Cookies)
	}
	want(t, visitor.Post("/reset-password?token="+mail.Token, m{"newPassword": "battery staples"}), 400, "INVALID_TOKEN")
	wantLocation(t, visitor.Get(mail.path()), s.URL+"/reset?a=b&error=INVALID_TOKEN")
	want(t, s.signIn(t, "ada@example.com", "correct horse"), 401, "INVALID_EMAIL_OR_PASSWORD")
	want(t, s.signIn(t, "ada@example.com", "battery staple"), 200, "")
	if got := b.Get("/get-session").Body; got != "null" {
		t.Errorf("a session outlives the reset: %s", got)
	}
}

// TestResetEndsOtherSecrets: what an intruder may have asked for before the
// reset does not work after it.
func TestResetEndsOtherSecrets(t *testing.T) {
	t.Parallel()
	for _, stored := range []string{"plain", "hashed"} {
		t.Run(stored, func(t *testing.T) {
			t.Parallel()
			s := newMailServer(t, func(c *lockstep.Config) {
				c.EmailAndPassword.RevokeSessionsOnPasswordReset = new(false)
				c.Verification.StoreIdentifier = stored
			})
			b := s.verified(t, "ada@example.com")
			want(t, b.Post("/change-email", m{"newEmail": "eve@example.com"}), 200, "")
			change := s.box.next(t, "confirm")
			want(t, b.Post("/delete-user", m{}), 200, "")
			deletion := s.box.next(t, "delete")
			want(t, b.Post("/request-password-reset", m{"email": "ada@example.com"}), 200, "")
			first := s.box.next(t, "reset")
			want(t, b.Post("/request-password-reset", m{"email": "ada@example.com"}), 200, "")
			second := s.box.next(t, "reset")
			if stored == "plain" {
				want(t, b.Post("/reset-password", m{"newPassword": "battery staple", "token": first.Token}), 400, "INVALID_TOKEN")
			}
			want(t, b.Post("/reset-password", m{"newPassword": "battery staple", "token": second.Token}), 200, "")
			want(t, b.Post("/reset-password", m{"newPassword": "battery staple", "token": first.Token}), 400, "INVALID_TOKEN")
			want(t, b.Get("/verify-email?token="+change.Token), 401, "INVALID_TOKEN")
			want(t, b.Get("/delete-user/callback?token="+deletion.Token), 404, "INVALID_TOKEN")
			if got := b.Get("/get-session").Body; got == "null" {
				t.Error("the session ended although revokeSessionsOnPasswordReset is off")
			}
		})
	}
}

// TestResetGivesAPassword: a user without a password gets one.
func TestResetGivesAPassword(t *testing.T) {
	t.Parallel()
	done := make(chan string, 1)
	s := newMailServer(t, func(c *lockstep.Config) {
		c.EmailAndPassword.OnPasswordReset = func(_ context.Context, u *identity.User) error {
			done <- u.Email
			return nil
		}
	})
	s.signUp(t, "ada@example.com")
	s.dropAccounts(t)
	want(t, s.signIn(t, "ada@example.com", "correct horse"), 401, "INVALID_EMAIL_OR_PASSWORD")
	want(t, s.Browser.Post("/request-password-reset", m{"email": "ada@example.com"}), 200, "")
	want(t, s.Browser.Post("/reset-password", m{"newPassword": "battery staple", "token": s.box.next(t, "reset").Token}), 200, "")
	want(t, s.signIn(t, "ada@example.com", "battery staple"), 200, "")
	if got := <-done; got != "ada@example.com" {
		t.Errorf("onPasswordReset: %s", got)
	}
}

func TestTokensExpire(t *testing.T) {
	t.Parallel()
	s := newMailServer(t, func(c *lockstep.Config) { c.Session.ExpiresIn = 30 * 24 * time.Hour })
	b := s.signUp(t, "ada@example.com")
	want(t, b.Post("/request-password-reset", m{"email": "ada@example.com"}), 200, "")
	want(t, b.Post("/send-verification-email", m{"email": "ada@example.com"}), 200, "")
	want(t, b.Post("/delete-user", m{}), 200, "")
	links := map[string]sent{}
	for range 3 {
		l := <-s.box
		links[l.kind] = l
	}
	s.Clock.Advance(time.Hour)
	want(t, b.Post("/reset-password", m{"newPassword": "battery staple", "token": links["reset"].Token}), 400, "INVALID_TOKEN")
	want(t, b.Get("/verify-email?token="+links["verify"].Token), 401, "TOKEN_EXPIRED")
	wantLocation(t, b.Get("/verify-email?callbackURL=/v&token="+links["verify"].Token), "/v?error=TOKEN_EXPIRED")
	s.Clock.Advance(23 * time.Hour)
	want(t, b.Get("/delete-user/callback?token="+links["delete"].Token), 404, "INVALID_TOKEN")
}

func TestVerifyEmail(t *testing.T) {
	t.Parallel()
	var hooks sync.Map
	s := newMailServer(t, func(c *lockstep.Config) {
		c.EmailAndPassword.RequireEmailVerification = true
		c.EmailVerification.AutoSignInAfterVerification = true
		c.EmailVerification.BeforeEmailVerification = func(_ context.Context, u *identity.User) error {
			hooks.Store("before", u.EmailVerified)
			return nil
		}
		c.EmailVerification.AfterEmailVerification = func(_ context.Context, u *identity.User) error {
			hooks.Store("after", u.EmailVerified)
			return nil
		}
	})
	got := s.Browser.Post("/sign-up/email", m{
		"name": "Ada", "email": "ada@example.com", "password": "correct horse", "callbackURL": "/welcome?x=1",
	})
	want(t, got, 200, "")
	first := s.box.next(t, "verify")
	if !strings.HasSuffix(first.URL, "&callbackURL=%2Fwelcome%3Fx%3D1") {
		t.Errorf("URL = %s", first.URL)
	}
	want(t, s.signIn(t, "ada@example.com", "wrong horse"), 401, "INVALID_EMAIL_OR_PASSWORD")
	want(t, s.signIn(t, "ada@example.com", "correct horse"), 403, "EMAIL_NOT_VERIFIED")
	second := s.box.next(t, "verify")
	visitor := s.NewBrowser(t)
	wantLocation(t, visitor.Get(first.path()), "/welcome?x=1")
	if got := visitor.Get("/get-session"); !strings.Contains(got.Body, `"emailVerified":true`) {
		t.Errorf("not signed in: %s", got.Body)
	}
	again := s.NewBrowser(t)
	if got := again.Get("/verify-email?token=" + second.Token); got.Body != `{"status":true,"user":null}` || len(got.Cookies) > 0 {
		t.Errorf("a second link: %d %s %v", got.Status, got.Body, got.Cookies)
	}
	before, _ := hooks.Load("before")
	after, _ := hooks.Load("after")
	if before != false || after != true {
		t.Errorf("hooks saw %v and %v", before, after)
	}
	want(t, s.signIn(t, "ada@example.com", "correct horse"), 200, "")
}

// TestVerifyKeepsTheSession: who is signed in as the user stays so, and who is
// signed in as another user becomes the user.
func TestVerifyKeepsTheSession(t *testing.T) {
	t.Parallel()
	s := newMailServer(t, func(c *lockstep.Config) { c.EmailVerification.AutoSignInAfterVerification = true })
	ada, eve := s.signUp(t, "ada@example.com"), s.signUp(t, "eve@example.com")
	before := ada.CookieHeader()
	want(t, ada.Post("/send-verification-email", m{"email": "Ada@example.com"}), 200, "")
	want(t, ada.Get("/verify-email?token="+s.box.next(t, "verify").Token), 200, "")
	if ada.CookieHeader() != before {
		t.Error("the session is another one")
	}
	want(t, eve.Post("/send-verification-email", m{"email": "eve@example.com"}), 200, "")
	want(t, ada.Get("/verify-email?token="+s.box.next(t, "verify").Token), 200, "")
	if got := ada.Get("/get-session").Body; !strings.Contains(got, "eve@example.com") {
		t.Errorf("session = %s", got)
	}
}

func TestSendVerificationEmail(t *testing.T) {
	t.Parallel()
	s := newMailServer(t)
	b := s.signUp(t, "ada@example.com")
	want(t, b.Post("/send-verification-email", m{"email": "eve@example.com"}), 400, "EMAIL_MISMATCH")
	want(t, b.Post("/send-verification-email", m{"email": "nope"}), 400, "VALIDATION_ERROR")
	stranger := s.NewBrowser(t)
	for _, email := range []string{"nobody@example.com", "ada@example.com"} {
		if got := stranger.Post("/send-verification-email", m{"email": email}); got.Body != `{"status":true}` {
			t.Errorf("%s: %d %s", email, got.Status, got.Body)
		}
	}
	want(t, stranger.Get("/verify-email?token="+s.box.next(t, "verify").Token), 200, "")
	want(t, b.Post("/send-verification-email", m{"email": "ada@example.com"}), 400, "EMAIL_ALREADY_VERIFIED")
	want(t, stranger.Post("/send-verification-email", m{"email": "ada@example.com"}), 200, "")
	s.quiet(t)
}

func TestDeleteUserByMail(t *testing.T) {
	t.Parallel()
	s := newMailServer(t)
	b, eve := s.signUp(t, "ada@example.com"), s.signUp(t, "eve@example.com")
	if got := b.Post("/delete-user", m{"callbackURL": "/bye"}); got.Body != `{"success":true,"message":"Verification email sent"}` {
		t.Fatalf("got %d %s", got.Status, got.Body)
	}
	mail := s.box.next(t, "delete")
	if len(mail.Token) != 32 || mail.URL != s.URL+"/api/auth/delete-user/callback?token="+mail.Token+"&callbackURL=%2Fbye" {
		t.Errorf("URL = %s", mail.URL)
	}
	want(t, s.NewBrowser(t).Get(mail.path()), 404, "FAILED_TO_GET_USER_INFO")
	want(t, eve.Get(mail.path()), 404, "INVALID_TOKEN")
	want(t, eve.Post("/delete-user", m{"token": mail.Token}), 404, "INVALID_TOKEN")
	wantLocation(t, b.Get(mail.path()), "/bye")
	want(t, s.signIn(t, "ada@example.com", "correct horse"), 401, "INVALID_EMAIL_OR_PASSWORD")
	want(t, s.signIn(t, "eve@example.com", "correct horse"), 200, "")
	want(t, b.Get(mail.path()), 404, "FAILED_TO_GET_USER_INFO")
}

func TestFeaturesThatAreOff(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{EmailAndPassword: passwords()})
	b := s.Browser
	b.Post("/sign-up/email", ada())
	want(t, b.Post("/request-password-reset", m{"email": "ada@example.com"}), 400, "RESET_PASSWORD_DISABLED")
	want(t, b.Post("/send-verification-email", m{"email": "ada@example.com"}), 400, "VERIFICATION_EMAIL_NOT_ENABLED")
	want(t, b.Post("/change-email", m{"newEmail": "new@example.com"}), 400, "CHANGE_EMAIL_DISABLED")
	want(t, b.Post("/delete-user", m{}), 404, "")
	want(t, b.Get("/delete-user/callback?token=x"), 404, "NOT_FOUND")
	want(t, s.NewBrowser(t).Post("/change-email", m{"newEmail": "new@example.com"}), 401, "UNAUTHORIZED")
}

// TestExistingAddress: a sign-up that must not tell tells the owner.
func TestExistingAddress(t *testing.T) {
	t.Parallel()
	s := newMailServer(t, func(c *lockstep.Config) {
		c.EmailAndPassword.AutoSignIn = new(false)
		c.EmailAndPassword.CustomSyntheticUser = func(u *identity.User) *identity.User {
			u.Name += "!"
			return u
		}
	})
	body := m{"name": "Ada", "email": "ada@example.com", "password": "correct horse"}
	want(t, s.Browser.Post("/sign-up/email", body), 200, "")
	got := s.Browser.Post("/sign-up/email", body)
	if !strings.Contains(got.Body, `"token":null`) || !strings.Contains(got.Body, `"name":"Ada!"`) {
		t.Errorf("got %d %s", got.Status, got.Body)
	}
	if mail := s.box.next(t, "existing"); mail.User.Email != "ada@example.com" || mail.Request.Header.Get("Origin") != s.URL {
		t.Errorf("told %s", mail.User.Email)
	}
}

// TestMailsPerAddress: after some mails to one address no more are sent, the
// answers do not tell, and the last link still works.
func TestMailsPerAddress(t *testing.T) {
	t.Parallel()
	s := newMailServer(t, func(c *lockstep.Config) {
		c.RateLimit = lockstep.RateLimit{
			Enabled: new(true), MailsPerAddress: 3,
			CustomRules: []lockstep.RateLimitRule{{Path: "/*", Skip: true}, {Path: "/**", Skip: true}},
		}
	})
	s.signUp(t, "ada@example.com")
	var last sent
	for i := range 6 {
		if got := s.Browser.Post("/request-password-reset", m{"email": "Ada@example.com"}); got.Body != resetAnswer {
			t.Fatalf("request %d: %d %s", i, got.Status, got.Body)
		}
		if i < 3 {
			last = s.box.next(t, "reset")
		}
	}
	want(t, s.Browser.Post("/reset-password", m{"newPassword": "battery staple", "token": last.Token}), 200, "")
	s.Clock.Advance(time.Hour)
	want(t, s.Browser.Post("/request-password-reset", m{"email": "ada@example.com"}), 200, "")
	s.box.next(t, "reset")
	s.quiet(t)
}
