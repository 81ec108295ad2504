package lockstep_test

import (
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep"
)

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
