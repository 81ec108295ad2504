package ui_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/ui"
)

func verifyFirst(c *lockstep.Config) { c.EmailAndPassword.RequireEmailVerification = true }

func TestVerifyAfterSignUp(t *testing.T) {
	w := openWithMail(t, verifyFirst)
	b := newBrowser(t, w.pages)
	b.mustGo(b.post("/sign-up", "name", "Ada", "email", "ada@example.com", "password", password), "/verify-email?notice=look")
	b.must(b.get("/verify-email?notice=look"), http.StatusOK, "Open the link in it to go on.", `action="/verify-email"`)
	first := w.mail.next(t, "verify-email", "ada@example.com")
	b.must(b.post("/sign-in", "email", "ada@example.com", "password", password), http.StatusForbidden,
		"Confirm your email address first", `href="/verify-email"`)

	b.mustGo(b.post("/verify-email", "email", "ada@example.com"), "/verify-email?notice=verify-sent")
	b.must(b.get("/verify-email?notice=verify-sent"), http.StatusOK, "If the address is not confirmed yet")
	w.mail.next(t, "verify-email", "ada@example.com")
	b.must(b.follow(first), http.StatusOK, "Thank you, the link has worked.", `href="/sign-in"`)
	b.mustGo(b.post("/sign-in", "email", "ada@example.com", "password", password), "/account")
	b.must(b.get("/account"), http.StatusOK, "<strong>ada@example.com</strong>, and confirmed.")
	b.must(b.post("/verify-email"), http.StatusBadRequest, "Your email address is confirmed already.")
}

// A sign-up with the address of an account looks like any other.
func TestSignUpWithAnAddressThatIsTaken(t *testing.T) {
	w := openWithMail(t, verifyFirst)
	for _, kind := range []string{"verify-email", "existing-user"} {
		b := newBrowser(t, w.pages)
		b.mustGo(b.post("/sign-up", "name", "Ada", "email", "ada@example.com", "password", password), "/verify-email?notice=look")
		w.mail.next(t, kind, "ada@example.com")
	}
}

func TestVerifySignedIn(t *testing.T) {
	w := openWithMail(t, func(c *lockstep.Config) { c.Session.CookieCache.Enabled = true })
	b := w.signUp(t, "Ada")
	b.must(b.get("/account"), http.StatusOK, "Your email address is not confirmed yet", `href="/verify-email"`)
	p := b.must(b.get("/verify-email"), http.StatusOK, "<strong>ada@example.com</strong> is not confirmed yet")
	if strings.Contains(p.body, `name="email"`) {
		t.Error("asks who is signed in for the address")
	}
	b.mustGo(b.post("/verify-email", "email", "eve@example.com"), "/verify-email?notice=verify-sent")
	m := w.mail.next(t, "verify-email", "ada@example.com")
	newBrowser(t, w.pages).follow(m) // on another device, of which this one knows nothing
	b.must(b.get("/verify-email"), http.StatusOK, "<strong>ada@example.com</strong> is confirmed.")
	b.must(b.post("/verify-email"), http.StatusBadRequest, "There is nothing left to do.")
}

func TestVerifyLinkThatDoesNotWork(t *testing.T) {
	w := openWithMail(t, nil)
	b := w.signUp(t, "Ada")
	b.mustGo(b.post("/verify-email"), "/verify-email?notice=verify-sent")
	m := w.mail.next(t, "verify-email", "ada@example.com")
	w.pass(2 * time.Hour)
	p := b.must(b.follow(m), http.StatusBadRequest, "This link is too old.", `action="/verify-email"`)
	if strings.Contains(p.text, "Thank you") {
		t.Error("page says that the link has worked, and that it has not")
	}
	m.URL += "x"
	m.URL = strings.Replace(m.URL, "token=ey", "token=x", 1)
	b.must(b.follow(m), http.StatusBadRequest, "This link does not work")
	b = newBrowser(t, w.pages)
	b.must(b.post("/verify-email"), http.StatusBadRequest, "Enter your email address.")
	b.must(b.post("/verify-email", "email", "ada"), http.StatusBadRequest, "in the form name@example.com", `value="ada"`)
	b.must(b.get("/verify-email?error=%3Cb%3E"), http.StatusBadRequest, "Try again later, or ask for a new link.")
}

func TestChangeEmail(t *testing.T) {
	w := openWithMail(t, nil)
	b := w.signUp(t, "Ada")
	b.must(b.post("/account/email", "newEmail", ""), http.StatusBadRequest, `<a href="#newEmail">Enter your new email address.`)
	b.must(b.post("/account/email", "newEmail", "lovelace"), http.StatusBadRequest, `<a href="#newEmail">Enter an email address in the form`)
	b.must(b.post("/account/email", "newEmail", "ada@example.com"), http.StatusBadRequest,
		`<a href="#newEmail">This is the address that your account has already.`)

	b.mustGo(b.post("/account/email", "newEmail", "countess@example.com"), "/account?notice=email-sent")
	b.must(b.get("/account?notice=email-sent"), http.StatusOK, "a message with a link is on its way", "<strong>ada@example.com</strong>")
	b.must(b.follow(w.mail.next(t, "verify-email", "countess@example.com")), http.StatusOK, "countess@example.com")
	b.must(b.get("/account"), http.StatusOK, "Your address is <strong>countess@example.com</strong>")
}

func TestChangeEmailThatIsConfirmed(t *testing.T) {
	w := openWithMail(t, nil)
	b := w.signUp(t, "Ada")
	b.mustGo(b.post("/verify-email"), "/verify-email?notice=verify-sent")
	b.follow(w.mail.next(t, "verify-email", "ada@example.com"))
	b.mustGo(b.post("/account/email", "newEmail", "countess@example.com"), "/account?notice=email-sent")
	first := w.mail.next(t, "change-email", "ada@example.com")
	b.must(b.follow(first), http.StatusOK, "<strong>ada@example.com</strong> is confirmed.", "open the link in the message that we sent to the new one, too")
	second := w.mail.next(t, "verify-email", "countess@example.com")

	eve := w.signUp(t, "Eve")
	eve.must(eve.follow(second), http.StatusBadRequest, "This link is for another account")
	b.must(b.follow(second), http.StatusOK, "<strong>countess@example.com</strong> is confirmed.")
	b.must(b.follow(second), http.StatusBadRequest, "This link does not work")
}

// Nobody learns here who has an account.
func TestChangeEmailToOneThatIsTaken(t *testing.T) {
	w := openWithMail(t, nil)
	w.signUp(t, "Ada")
	eve := w.signUp(t, "Eve")
	eve.mustGo(eve.post("/account/email", "newEmail", "ada@example.com"), "/account?notice=email-sent")
	w.noMail(t)
}

func TestChangeEmailToOneThatIsTakenMeanwhile(t *testing.T) {
	w := openWithMail(t, nil)
	eve := w.signUp(t, "Eve")
	eve.mustGo(eve.post("/account/email", "newEmail", "bob@example.com"), "/account?notice=email-sent")
	m := w.mail.next(t, "verify-email", "bob@example.com")
	w.signUp(t, "Bob")
	eve.must(eve.follow(m), http.StatusBadRequest, "There is an account with this email address already.")
}

func TestChangeEmailAtOnce(t *testing.T) {
	w := open(t, func(c *lockstep.Config) {
		c.User.ChangeEmail = lockstep.ChangeEmail{Enabled: true, UpdateEmailWithoutVerification: true}
	}, func(c *ui.Config) { c.ChangeEmail = true })
	b := w.signUp(t, "Ada")
	b.mustGo(b.post("/account/email", "newEmail", "countess@example.com"), "/account?notice=email-changed")
	b.must(b.get("/account?notice=email-changed"), http.StatusOK, "it is yours now", "<strong>countess@example.com</strong>.")
}
