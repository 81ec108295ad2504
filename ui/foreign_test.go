package ui_test

import (
	"net/http"
	"testing"

	"github.com/lockstep-auth/lockstep"
)

// Forms that other sites make a browser send are refused, with and without the
// session, whichever way the browser tells where they come from.
func TestForeignForms(t *testing.T) {
	w := openWithMail(t, new(services).of, withServices)
	ada := w.signUp(t, "Ada")
	forms := []struct {
		path   string
		fields []string
	}{
		{"/sign-in", []string{"email", "ada@example.com", "password", password}},
		{"/sign-up", []string{"name", "Eve", "email", "eve@example.com", "password", password}},
		{"/sign-out", nil},
		{"/account/name", []string{"name", "Eve"}},
		{"/account/password", []string{"currentPassword", password, "newPassword", "chosen by eve"}},
		{"/account/devices/sign-out", []string{"id", "x"}},
		{"/account/devices/sign-out-others", nil},
		{"/account/email", []string{"newEmail", "eve@example.com"}},
		{"/account/delete", []string{"password", password}},
		{"/forgot-password", []string{"email", "ada@example.com"}},
		{"/reset-password", []string{"token", "x", "newPassword", "chosen by eve"}},
		{"/verify-email", []string{"email", "ada@example.com"}},
		{"/sign-in/social", []string{"provider", "github"}},
		{"/sign-up/social", []string{"provider", "github"}},
		{"/account/methods/link", []string{"provider", "github"}},
		{"/account/methods/unlink", []string{"id", "x"}},
	}
	for _, tt := range []struct {
		name   string
		host   string
		header http.Header
	}{
		{"another site", "auth.example", http.Header{"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}}},
		{"another site that hides", "auth.example", http.Header{"Origin": {"null"}, "Sec-Fetch-Site": {"cross-site"}}},
		{"a sibling of this site", "auth.example", http.Header{"Origin": {"http://evil.auth.example"}, "Sec-Fetch-Site": {"same-site"}}},
		{"another site, by an old browser", "auth.example", http.Header{"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {""}}},
		{
			"a page of another name for this server", "127.0.0.1:3000",
			http.Header{"Origin": {"http://127.0.0.1:3000"}, "Sec-Fetch-Site": {"same-origin"}},
		},
	} {
		for _, form := range forms {
			t.Run(tt.name+form.path, func(t *testing.T) {
				b := newBrowser(t, w.pages)
				b.host, b.header, b.cookies = tt.host, tt.header, ada.cookies
				before := len(ada.cookies)
				p := b.must(b.post(form.path, form.fields...), http.StatusForbidden, "nothing was changed")
				if len(p.Cookies()) > 0 || len(ada.cookies) != before || p.Header.Get("Refresh") != "" {
					t.Error("refused, but cookies changed")
				}
			})
		}
	}
	ada.must(ada.get("/account"), http.StatusOK, "<strong>Ada</strong>")
	w.signIn(t)
	eve := newBrowser(t, w.pages)
	eve.must(eve.post("/sign-in", "email", "eve@example.com", "password", password), http.StatusUnauthorized)
	w.noMail(t)
}

// The server's own check runs as well, also without a session.
func TestForeignSignIn(t *testing.T) {
	w := open(t, nil)
	w.signUp(t, "Ada")
	b := newBrowser(t, w.pages)
	b.host, b.header = "127.0.0.1:3000", http.Header{"Origin": {"http://127.0.0.1:3000"}}
	b.must(b.post("/sign-in", "email", "ada@example.com", "password", password), http.StatusForbidden, "nothing was changed")
	if b.signedIn(w.auth) {
		t.Error("signed in")
	}
}

// What sends a session's cookies but not where it comes from is refused.
func TestNoOrigin(t *testing.T) {
	w := open(t, nil)
	b := w.signUp(t, "Ada")
	b.header.Set("Origin", "")
	b.header.Set("Sec-Fetch-Site", "")
	b.must(b.post("/account/name", "name", "Eve"), http.StatusForbidden, "nothing was changed")
	b.must(b.get("/account"), http.StatusOK, "<strong>Ada</strong>")
}

// Pages have to be as safe as JSON, which no other site can send, also if the
// server relies on that alone.
func TestForeignFormsWithoutServerCheck(t *testing.T) {
	w := open(t, func(c *lockstep.Config) { c.Advanced.DisableCSRFCheck = true })
	b := w.signUp(t, "Ada")
	b.header.Set("Sec-Fetch-Site", "cross-site")
	b.must(b.post("/account/name", "name", "Eve"), http.StatusForbidden, "nothing was changed")
	b.header.Set("Sec-Fetch-Site", "")
	b.header.Set("Origin", "https://evil.example")
	b.must(b.post("/account/name", "name", "Eve"), http.StatusForbidden, "nothing was changed")
	b.must(b.get("/account"), http.StatusOK, "<strong>Ada</strong>")
}
