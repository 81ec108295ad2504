package ui_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
)

func TestChangeName(t *testing.T) {
	w := open(t, nil)
	b := w.signUp(t, "Ada")
	b.must(b.get("/account"), http.StatusOK, "<strong>Ada</strong> (ada@example.com)", `value="Ada"`)
	b.must(b.post("/account/name", "name", " "), http.StatusBadRequest, `<a href="#name">Enter your name.</a>`, "<strong>Ada</strong>")
	if p := b.post("/account/name?notice=name", "name", ""); strings.Contains(p.text, "Your name is changed.") {
		t.Error("page says that the name is changed, and that it is not")
	}
	b.mustGo(b.post("/account/name", "name", "Ada Lovelace"), "/account?notice=name")
	b.must(b.get("/account?notice=name"), http.StatusOK, "<strong>Ada Lovelace</strong>", "Your name is changed.")
}

func TestEscapes(t *testing.T) {
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	w := openWithMail(t, nil)
	b := w.signUp(t, "Ada")
	b.header.Set("User-Agent", evil)
	b.mustGo(b.post("/account/name", "name", evil), "/account?notice=name")
	for _, p := range []page{
		b.get("/account"), b.get("/account/delete"),
		b.post("/account/password", "username", evil, "currentPassword", "x"),
		newBrowser(t, w.pages).post("/sign-up", "name", evil, "email", evil),
		newBrowser(t, w.pages).post("/sign-in?redirect="+"%2F%22%3E%3Cscript%3E", "email", evil),
		b.post("/account/email", "newEmail", evil),
		newBrowser(t, w.pages).post("/forgot-password", "email", evil),
		newBrowser(t, w.pages).post("/verify-email", "email", evil),
		newBrowser(t, w.pages).get("/reset-password?token=" + url.QueryEscape(evil)),
	} {
		if strings.Contains(p.body, "<script") || strings.Contains(p.body, "<img") {
			t.Errorf("page has elements that the user wrote:\n%s", p.body)
		}
		if !strings.Contains(p.text, evil) {
			t.Errorf("page does not show what the user wrote:\n%s", p.body)
		}
	}
}

func TestChangePassword(t *testing.T) {
	w := open(t, nil)
	b, other := w.signUp(t, "Ada"), w.signIn(t)
	const next = "staple battery horse"
	for _, tt := range []struct{ name, current, next, says string }{
		{"asks for the current password", "", next, `<a href="#currentPassword">Enter your current password.</a>`},
		{"asks for a new password", password, "", `<a href="#newPassword">Choose a password.</a>`},
		{"wants the current password", "wrong horse", next, `<a href="#currentPassword">This is not your current password.</a>`},
		{"wants a longer password", password, "1234567", `<a href="#newPassword">This password is too short.`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b.must(b.post("/account/password", "currentPassword", tt.current, "newPassword", tt.next), http.StatusBadRequest, tt.says)
			if !other.signedIn(w.auth) {
				t.Error("other device was signed out")
			}
		})
	}
	b.mustGo(b.post("/account/password", "currentPassword", password, "newPassword", next), "/account?notice=password")
	if !other.signedIn(w.auth) {
		t.Error("other device was signed out, though nobody asked for it")
	}
	b.mustGo(b.post("/account/password", "currentPassword", next, "newPassword", password, "revokeOtherSessions", "on"), "/account?notice=password")
	if other.signedIn(w.auth) {
		t.Error("other device is still signed in")
	}
	b.must(b.get("/account?notice=password"), http.StatusOK, "Your password is changed.")
	w.signIn(t)
}

func TestDevices(t *testing.T) {
	w := open(t, nil)
	b := w.signUp(t, "Ada")
	w.pass(time.Hour)
	other := newBrowser(t, w.pages)
	other.header.Set("User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36")
	other.header.Set("X-Forwarded-For", "203.0.113.7")
	other.mustGo(other.post("/sign-in", "email", "ada@example.com", "password", password), "/account")

	p := b.must(b.get("/account"), http.StatusOK,
		`Firefox on Linux <span class="badge">This device</span>`, "<h3>Chrome on Windows</h3>",
		`<time datetime="2030-01-02T03:04:05Z">2 January 2030, 03:04</time>`,
		`<time datetime="2030-01-02T04:04:05Z">2 January 2030, 04:04</time>`)
	if strings.Index(p.body, "This device") > strings.Index(p.body, "Chrome on Windows") {
		t.Error("this device is not the first")
	}
	if got := strings.Count(p.body, `name="id"`); got != 1 {
		t.Fatalf("%d devices can be signed out, want the other one only", got)
	}
	if token, _, _ := strings.Cut(other.token(), "."); strings.Contains(p.body, token) {
		t.Error("page contains the token of the other device")
	}
	id := hidden(p.body, "id")

	eve := w.signUp(t, "Eve")
	eve.mustGo(eve.post("/account/devices/sign-out", "id", id), "/account?notice=device")
	if !other.signedIn(w.auth) {
		t.Fatal("somebody else signed the device out")
	}
	b.mustGo(b.post("/account/devices/sign-out", "id", id), "/account?notice=device")
	if other.signedIn(w.auth) {
		t.Error("device is still signed in")
	}
	b.mustGo(b.post("/account/devices/sign-out", "id", id), "/account?notice=device")
	if p := b.must(b.get("/account"), http.StatusOK); strings.Contains(p.body, "Sign out all other devices</button>") {
		t.Error("page offers to sign out others, but there are none")
	}
}

func hidden(body, name string) string {
	_, rest, _ := strings.Cut(body, `<input type="hidden" name="`+name+`" value="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

func TestSignOutOthers(t *testing.T) {
	w := open(t, nil)
	b := w.signUp(t, "Ada")
	others := []*browser{w.signIn(t), w.signIn(t)}
	b.mustGo(b.post("/account/devices/sign-out-others"), "/account?notice=others")
	for _, other := range others {
		if other.signedIn(w.auth) {
			t.Error("other device is still signed in")
		}
		other.mustGo(other.post("/account/name", "name", "Eve"), "/sign-in?notice=ended&redirect=%2Faccount")
		if len(other.cookies) != 0 {
			t.Errorf("a device that is signed out keeps %d cookies", len(other.cookies))
		}
	}
	if !b.signedIn(w.auth) {
		t.Error("this device was signed out")
	}
}

func TestStaleSession(t *testing.T) {
	w := open(t, nil)
	b := w.signUp(t, "Ada")
	w.pass(25 * time.Hour)
	b.must(b.get("/account"), http.StatusOK, "You signed in some time ago.", `action="/sign-out?redirect=%2Faccount"`)
	b.must(b.post("/account/devices/sign-out", "id", "x"), http.StatusForbidden, "You signed in too long ago for this.")
	b.mustGo(b.post("/account/name", "name", "Ada L."), "/account?notice=name")
	b.mustGo(b.post("/sign-out?redirect=%2Faccount"), "/sign-in?redirect=%2Faccount")
	b.mustGo(b.post("/sign-in?redirect=%2Faccount", "email", "ada@example.com", "password", password), "/account")
	b.must(b.get("/account"), http.StatusOK, "This device")
}

func TestProlongs(t *testing.T) {
	w := open(t, func(c *lockstep.Config) { c.Session.CookieCache.Enabled = true })
	b := w.signUp(t, "Ada")
	w.pass(25 * time.Hour)
	p := b.must(b.get("/account"), http.StatusOK)
	if !strings.Contains(strings.Join(p.Header["Set-Cookie"], "\n"), "better-auth.session_token=") {
		t.Error("a session that is due was not prolonged")
	}
}

func TestDelete(t *testing.T) {
	w := open(t, nil)
	b := w.signUp(t, "Ada")
	b.must(b.get("/account/delete"), http.StatusOK, "It cannot be undone.", "<strong>Ada</strong>")
	b.must(b.post("/account/delete"), http.StatusBadRequest, "Enter your password.")
	b.must(b.post("/account/delete", "password", "wrong horse"), http.StatusBadRequest, "This is not your current password.")
	w.signIn(t)
	b.mustGo(b.post("/account/delete", "password", password), "/?notice=deleted")
	b.must(b.get("/?notice=deleted"), http.StatusOK, "Your account is deleted.")
	b.must(b.post("/sign-in", "email", "ada@example.com", "password", password), http.StatusUnauthorized)
}

func TestDeleteSwitchedOff(t *testing.T) {
	w := open(t, func(c *lockstep.Config) { c.User.DeleteUser.Enabled = false })
	b := w.signUp(t, "Ada")
	b.must(b.post("/account/delete", "password", password), http.StatusNotFound,
		"On this server people cannot delete their account themselves.")
	w.signIn(t)
}
