package ui_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/ui"
)

const next = "staple battery horse"

// askForReset asks for a link for Ada and returns the page that it leads to.
func (w *world) askForReset(t *testing.T, b *browser) page {
	t.Helper()
	b.mustGo(b.post("/forgot-password", "email", " Ada@example.com "), "/forgot-password?notice=reset-sent")
	return b.follow(w.mail.next(t, "reset-password", "ada@example.com"))
}

func TestForgottenPassword(t *testing.T) {
	w := openWithMail(t, nil)
	ada := w.signUp(t, "Ada")
	b := newBrowser(t, w.pages)
	b.must(b.get("/sign-in"), http.StatusOK, `href="/forgot-password"`)
	b.must(b.get("/forgot-password"), http.StatusOK, "<title>Forgotten password – Example</title>", `autocomplete="email"`)
	b.must(b.get("/forgot-password?notice=reset-sent"), http.StatusOK, "If there is an account with this email address")

	p := b.must(w.askForReset(t, b), http.StatusOK, "Choose a new password", `autocomplete="new-password"`)
	token := hidden(p.body, "token")
	b.must(b.post("/reset-password", "token", token, "newPassword", ""), http.StatusBadRequest, "Choose a password.", token)
	b.must(b.post("/reset-password", "token", token, "newPassword", "short"), http.StatusBadRequest,
		`<a href="#newPassword">This password is too short.`, token)
	if !ada.signedIn(w.auth) {
		t.Fatal("what was refused has ended a session")
	}
	b.mustGo(b.post("/reset-password", "token", token, "newPassword", next), "/sign-in?notice=reset")
	b.must(b.get("/sign-in?notice=reset"), http.StatusOK, "Your password is changed. Sign in with the new one.")
	if ada.signedIn(w.auth) {
		t.Error("the other device is still signed in")
	}
	b.must(b.post("/reset-password", "token", token, "newPassword", "chosen by eve"), http.StatusBadRequest,
		"This link does not work: it was used already")
	b.mustGo(b.post("/sign-in", "email", "ada@example.com", "password", next), "/account")
}

func TestResetLinkThatDoesNotWork(t *testing.T) {
	w := openWithMail(t, nil)
	w.signUp(t, "Ada")
	b := newBrowser(t, w.pages)
	b.mustGo(b.get("/reset-password"), "/forgot-password")
	b.mustGo(b.post("/forgot-password", "email", "ada@example.com"), "/forgot-password?notice=reset-sent")
	m := w.mail.next(t, "reset-password", "ada@example.com")
	w.pass(2 * time.Hour)
	b.must(b.follow(m), http.StatusBadRequest, "<title>Error: Forgotten password", "This link does not work", `action="/forgot-password"`)
	if p := b.get("/reset-password?error=%3Cb%3Eyou+won"); strings.Contains(p.text, "you won") {
		t.Error("page says what its address says")
	}
	b.must(b.post("/reset-password", "newPassword", next), http.StatusBadRequest, "This link does not work")
}

// Nobody learns here who has an account.
func TestForgottenPasswordOfNobody(t *testing.T) {
	w := openWithMail(t, nil)
	b := newBrowser(t, w.pages)
	b.mustGo(b.post("/forgot-password", "email", "nobody@example.com"), "/forgot-password?notice=reset-sent")
	b.must(b.post("/forgot-password", "email", ""), http.StatusBadRequest, "Enter your email address.")
	b.must(b.post("/forgot-password", "email", "nobody"), http.StatusBadRequest, "in the form name@example.com", `value="nobody"`)
	w.noMail(t)
}

// A reset ends the session of the browser that does it. A copy of the session
// in a cookie must not send it in circles.
func TestResetWhileSignedIn(t *testing.T) {
	w := openWithMail(t, func(c *lockstep.Config) { c.Session.CookieCache.Enabled = true })
	b := w.signUp(t, "Ada")
	p := b.must(w.askForReset(t, b), http.StatusOK, `<button class="quiet">Sign out</button>`)
	b.mustGo(b.post("/reset-password", "token", hidden(p.body, "token"), "newPassword", next), "/sign-in?notice=reset")
	to := "/sign-in?notice=reset"
	for range 3 {
		if p = b.get(to); p.StatusCode == http.StatusOK {
			break
		}
		to = p.Header.Get("Location")
	}
	b.must(p, http.StatusOK, `id="password"`)
}

func TestNothingOfferedThatIsOff(t *testing.T) {
	w := open(t, nil, func(c *ui.Config) { c.DisableSignUp, c.DeleteUser = true, false })
	b := newBrowser(t, w.pages)
	for _, path := range []string{"/", "/sign-in"} {
		p := b.must(b.get(path), http.StatusOK)
		for _, link := range []string{"/sign-up", "/forgot-password", "/verify-email"} {
			if strings.Contains(p.body, link) {
				t.Errorf("%s offers %s", path, link)
			}
		}
	}
	b.must(b.get("/sign-up"), http.StatusNotFound, "This server takes no new accounts at the moment.")
	for _, path := range []string{"/forgot-password", "/reset-password?token=x", "/verify-email"} {
		b.must(b.get(path), http.StatusNotFound, "There is no page at this address.")
		b.must(b.post(path), http.StatusNotFound)
	}
	ada := w.signUp(t, "Ada") // the server still takes them
	p := ada.must(ada.get("/account"), http.StatusOK)
	for _, part := range []string{"/account/email", "/account/delete", "/verify-email", "not confirmed"} {
		if strings.Contains(p.body, part) {
			t.Errorf("account offers %s", part)
		}
	}
	ada.must(ada.post("/account/email", "newEmail", "eve@example.com"), http.StatusNotFound)
	ada.must(ada.post("/account/delete", "password", password), http.StatusNotFound)
	w.signIn(t)
}
