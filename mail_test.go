package lockstep_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/memory"
)

// A sent is a link that a server wanted sent.
type sent struct {
	kind string
	lockstep.Link
}

// A mailbox takes what a server sends.
type mailbox chan sent

func newMailbox() mailbox { return make(mailbox, 10_000) }

func (b mailbox) take(kind string) lockstep.SendLink {
	return func(_ context.Context, l lockstep.Link) error {
		b <- sent{kind, l}
		return nil
	}
}

// next returns the next link, which must be of a kind.
func (b mailbox) next(t testing.TB, kind string) sent {
	t.Helper()
	select {
	case s := <-b:
		if s.kind != kind {
			t.Fatalf("got a mail of kind %s, want %s", s.kind, kind)
		}
		return s
	case <-time.After(10 * time.Second):
		t.Fatalf("no mail of kind %s", kind)
	}
	return sent{}
}

// path is the URL below the base path.
func (s sent) path() string {
	_, path, _ := strings.Cut(s.URL, "/api/auth")
	return path
}

// A mailServer is a server that sends all its mail to a box.
type mailServer struct {
	*locksteptest.Server
	box mailbox
	db  store.Store
}

// newMailServer starts a server with every feature that sends mail, which
// change then changes.
func newMailServer(t testing.TB, change ...func(*lockstep.Config)) *mailServer {
	t.Helper()
	box := newMailbox()
	c := lockstep.Config{
		EmailAndPassword: lockstep.EmailAndPassword{
			Enabled: true, SendResetPassword: box.take("reset"),
			OnExistingUserSignUp: func(_ context.Context, u *identity.User, r *http.Request) error {
				box <- sent{"existing", lockstep.Link{User: u, Request: r}}
				return nil
			},
		},
		EmailVerification: lockstep.EmailVerification{SendVerificationEmail: box.take("verify"), SendOnSignIn: true},
		User: lockstep.UserOptions{
			ChangeEmail: lockstep.ChangeEmail{Enabled: true, SendChangeEmailConfirmation: box.take("confirm")},
			DeleteUser:  lockstep.DeleteUser{Enabled: true, SendDeleteAccountVerification: box.take("delete")},
		},
		Verification: lockstep.VerificationOptions{DisableCleanup: true},
	}
	for _, f := range change {
		f(&c)
	}
	if c.Store == nil {
		c.Store = memory.New()
	}
	s := &mailServer{locksteptest.Start(t, c), box, c.Store}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// dropAccounts leaves all users without a password.
func (s *mailServer) dropAccounts(t testing.TB) {
	t.Helper()
	_, err := s.db.Apply(t.Context(), store.Batch{Ops: []store.Op{{
		Verb: store.Delete, Table: identity.AccountTable, Where: store.Is("providerId", identity.CredentialProvider),
	}}})
	if err != nil {
		t.Fatal(err)
	}
}

// quiet checks that nothing more is sent. The server sends nothing afterwards.
func (s *mailServer) quiet(t testing.TB) {
	t.Helper()
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-s.box:
		t.Errorf("a mail of kind %s was sent to %s", got.kind, got.User.Email)
	default:
	}
}

// signUp makes a user and returns a browser that is signed in.
func (s *mailServer) signUp(t testing.TB, email string) *locksteptest.Browser {
	t.Helper()
	b := s.NewBrowser(t)
	want(t, b.Post("/sign-up/email", m{"name": "Ada", "email": email, "password": "correct horse"}), 200, "")
	return b
}

// verified makes a user with a verified address.
func (s *mailServer) verified(t testing.TB, email string) *locksteptest.Browser {
	t.Helper()
	b := s.signUp(t, email)
	want(t, b.Post("/send-verification-email", m{"email": email}), 200, "")
	want(t, s.NewBrowser(t).Get("/verify-email?token="+s.box.next(t, "verify").Token), 200, "")
	return b
}

// want checks the status and code of an answer.
func want(t testing.TB, got *locksteptest.Response, status int, code string) {
	t.Helper()
	if got.Status != status || got.Code() != code {
		t.Fatalf("got %d %s, want %d %s", got.Status, got.Body, status, code)
	}
}

// wantLocation checks that an answer is a redirect.
func wantLocation(t testing.TB, got *locksteptest.Response, location string) {
	t.Helper()
	if got.Status != 302 || got.Header.Get("Location") != location {
		t.Fatalf("got %d %q %s, want a redirect to %q", got.Status, got.Header.Get("Location"), got.Body, location)
	}
}

func (s *mailServer) signIn(t testing.TB, email, password string) *locksteptest.Response {
	t.Helper()
	return s.NewBrowser(t).Post("/sign-in/email", m{"email": email, "password": password})
}

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

// TestChangeEmailTwoSteps: the present address confirms, the new one verifies.
func TestChangeEmailTwoSteps(t *testing.T) {
	t.Parallel()
	s := newMailServer(t)
	b := s.verified(t, "ada@example.com")
	if got := b.Post("/change-email", m{"newEmail": "Ada@example.com"}); got.Status != 400 || got.Body != `{"message":"Email is the same"}` {
		t.Errorf("the same address: %d %s", got.Status, got.Body)
	}
	if got := b.Post("/change-email", m{"newEmail": "New@Example.com", "callbackURL": "/done"}); got.Body != `{"status":true}` {
		t.Fatalf("got %d %s", got.Status, got.Body)
	}
	confirm := s.box.next(t, "confirm")
	if confirm.User.Email != "ada@example.com" || confirm.NewEmail != "new@example.com" {
		t.Errorf("sent to %s for %s", confirm.User.Email, confirm.NewEmail)
	}
	eve := s.signUp(t, "eve@example.com")
	wantLocation(t, eve.Get(confirm.path()), "/done?error=INVALID_USER")
	wantLocation(t, s.NewBrowser(t).Get(confirm.path()), "/done")
	verify := s.box.next(t, "verify")
	if verify.User.Email != "new@example.com" || !strings.HasSuffix(verify.URL, "&callbackURL=%2Fdone") {
		t.Errorf("sent to %s: %s", verify.User.Email, verify.URL)
	}
	wantLocation(t, b.Get(confirm.path()), "/done?error=INVALID_TOKEN")
	want(t, s.signIn(t, "ada@example.com", "correct horse"), 200, "")
	want(t, b.Post("/request-password-reset", m{"email": "ada@example.com"}), 200, "")
	reset := s.box.next(t, "reset")
	got := b.Get("/verify-email?token=" + verify.Token)
	if got.Status != 200 || !strings.HasPrefix(got.Body, `{"status":true,"user":{"name":"Ada","email":"new@example.com","emailVerified":true`) {
		t.Fatalf("got %d %s", got.Status, got.Body)
	}
	if got := b.Get("/get-session").Body; !strings.Contains(got, "new@example.com") {
		t.Errorf("session = %s", got)
	}
	want(t, b.Get("/verify-email?token="+verify.Token), 401, "INVALID_TOKEN")
	want(t, b.Post("/reset-password", m{"newPassword": "battery staple", "token": reset.Token}), 400, "INVALID_TOKEN")
	want(t, s.signIn(t, "ada@example.com", "correct horse"), 401, "INVALID_EMAIL_OR_PASSWORD")
	want(t, s.signIn(t, "new@example.com", "correct horse"), 200, "")
}

func TestChangeEmailWithoutVerification(t *testing.T) {
	t.Parallel()
	s := newMailServer(t, func(c *lockstep.Config) { c.User.ChangeEmail.UpdateEmailWithoutVerification = true })
	b := s.signUp(t, "ada@example.com")
	want(t, b.Post("/send-verification-email", m{"email": "ada@example.com"}), 200, "")
	old := s.box.next(t, "verify")
	want(t, b.Post("/change-email", m{"newEmail": "new@example.com"}), 200, "")
	mail := s.box.next(t, "verify")
	if mail.User.Email != "new@example.com" {
		t.Errorf("sent to %s", mail.User.Email)
	}
	if got := b.Get("/get-session").Body; !strings.Contains(got, `"email":"new@example.com","emailVerified":false`) {
		t.Errorf("session = %s", got)
	}
	want(t, b.Get("/verify-email?token="+old.Token), 401, "USER_NOT_FOUND")
	s.signUp(t, "ada@example.com")
	want(t, s.NewBrowser(t).Get("/verify-email?token="+old.Token), 401, "INVALID_TOKEN")
	want(t, b.Get("/verify-email?token="+mail.Token), 200, "")
}

// TestChangeLinkAfterTheAddressMoved is the scenario H-1: a link that an
// attacker kept does nothing to whoever has the address next.
func TestChangeLinkAfterTheAddressMoved(t *testing.T) {
	t.Parallel()
	s := newMailServer(t, func(c *lockstep.Config) { c.User.ChangeEmail.SendChangeEmailConfirmation = nil })
	eve := s.verified(t, "shared@example.com")
	want(t, eve.Post("/change-email", m{"newEmail": "eve@example.com"}), 200, "")
	kept := s.box.next(t, "verify")
	want(t, eve.Post("/change-email", m{"newEmail": "eve2@example.com"}), 200, "")
	latest := s.box.next(t, "verify")
	want(t, eve.Get("/verify-email?token="+kept.Token), 401, "INVALID_TOKEN")
	want(t, eve.Get("/verify-email?token="+latest.Token), 200, "")
	victim := s.verified(t, "shared@example.com")
	for _, token := range []string{kept.Token, latest.Token} {
		want(t, s.NewBrowser(t).Get("/verify-email?token="+token), 401, "INVALID_TOKEN")
		want(t, victim.Get("/verify-email?token="+token), 401, "INVALID_TOKEN")
	}
	if got := victim.Get("/get-session?disableCookieCache=true").Body; !strings.Contains(got, "shared@example.com") {
		t.Errorf("the victim has %s", got)
	}
}

func TestChangeToAnAddressThatIsTaken(t *testing.T) {
	t.Parallel()
	s := newMailServer(t, func(c *lockstep.Config) { c.User.ChangeEmail.SendChangeEmailConfirmation = nil })
	b := s.verified(t, "ada@example.com")
	want(t, b.Post("/change-email", m{"newEmail": "new@example.com"}), 200, "")
	mail := s.box.next(t, "verify")
	s.signUp(t, "new@example.com")
	want(t, b.Get("/verify-email?token="+mail.Token), 401, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL")
	want(t, b.Post("/change-email", m{"newEmail": "new@example.com"}), 200, "")
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
