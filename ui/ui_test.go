package ui_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep/ui"
)

func TestNew(t *testing.T) {
	for _, tt := range []struct {
		name string
		auth http.Handler
		base string
		want string
	}{
		{"needs a server", nil, "", "auth is nil"},
		{"wants a base path from the root", http.NotFoundHandler(), "api/auth", "BasePath"},
		{"wants a base path without a slash at the end", http.NotFoundHandler(), "/api/auth/", "BasePath"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := ui.New(tt.auth, ui.Config{BasePath: tt.base}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("New = %v, want an error about %s", err, tt.want)
			}
		})
	}
}

func TestSignedOut(t *testing.T) {
	b := newBrowser(t, open(t, nil).pages)
	b.must(b.get("/"), http.StatusOK, "<title>Welcome – Example</title>", `href="/sign-in"`, `href="/sign-up"`)
	b.mustGo(b.get("/account"), "/sign-in?redirect=%2Faccount")
	b.mustGo(b.get("/account/delete"), "/sign-in?redirect=%2Faccount%2Fdelete")
	b.mustGo(b.get("/sign-out"), "/")
	b.mustGo(b.post("/account/name", "name", "Ada"), "/sign-in?notice=ended&redirect=%2Faccount")
	b.must(b.get("/no-such-page"), http.StatusNotFound, "There is no page at this address.")
	b.must(b.post("/sign-in/", "email", "a@example.com"), http.StatusNotFound)
	b.must(b.get("/?notice=signed-out"), http.StatusOK, "You are signed out.")
	if p := b.get("/?notice=%3Cb%3Eyou+won"); strings.Contains(p.text, "you won") {
		t.Error("page says what its address says")
	}
}

func TestSignedIn(t *testing.T) {
	b := open(t, nil).signUp(t, "Ada")
	b.mustGo(b.get("/"), "/account")
	b.mustGo(b.get("/sign-in"), "/account")
	b.mustGo(b.get("/sign-up?redirect=/docs"), "/docs")
	b.mustGo(b.get("/account/name"), "/account")
	b.mustGo(b.post("/sign-out"), "/?notice=signed-out")
	if len(b.cookies) != 0 {
		t.Errorf("signing out left %d cookies", len(b.cookies))
	}
}

func TestStyle(t *testing.T) {
	w := open(t, nil)
	body := newBrowser(t, w.pages).get("/").body
	_, rest, _ := strings.Cut(body, `<link rel="stylesheet" href="`)
	href, _, _ := strings.Cut(rest, `"`)
	get := func(path, match string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("If-None-Match", match)
		rec := httptest.NewRecorder()
		w.pages.ServeHTTP(rec, r)
		return rec
	}
	linked := get(href, "")
	if got, want := linked.Header().Get("Cache-Control"), "public, max-age=31536000, immutable"; got != want {
		t.Errorf("linked: Cache-Control = %q, want %q", got, want)
	}
	if got, want := linked.Header().Get("Content-Type"), "text/css; charset=utf-8"; got != want {
		t.Errorf("Content-Type = %q, want %q", got, want)
	}
	for _, other := range []string{"/style.css", "/style.css?v=0123456789abcdef"} {
		if got, want := get(other, "").Header().Get("Cache-Control"), "no-cache"; got != want {
			t.Errorf("%s: Cache-Control = %q, want %q", other, got, want)
		}
	}
	if got := get("/style.css", linked.Header().Get("ETag")).Code; got != http.StatusNotModified {
		t.Errorf("unchanged: status = %d, want 304", got)
	}
}

func TestUnavailable(t *testing.T) {
	w := open(t, nil)
	b := w.signUp(t, "Ada")
	w.down.Store(true)
	const still = "If you were signed in, you still are."
	b.must(b.get("/account"), http.StatusServiceUnavailable, "The service is not available right now.", still)
	b.must(b.get("/"), http.StatusServiceUnavailable, still)
	b.must(b.post("/sign-out"), http.StatusServiceUnavailable, still)
	p := b.must(b.post("/account/name", "name", "Eve"), http.StatusServiceUnavailable, still)
	if got := p.Header.Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After = %q, want 1", got)
	}
	other := newBrowser(t, w.pages)
	other.must(other.post("/sign-in", "email", "ada@example.com", "password", password),
		http.StatusServiceUnavailable, "Try again in a second.", `value="ada@example.com"`)
	w.down.Store(false)
	b.must(b.get("/account"), http.StatusOK, "<strong>Ada</strong>")
}

// Password managers and screen readers go by these.
func TestInputs(t *testing.T) {
	w := open(t, nil)
	b := newBrowser(t, w.pages)
	ada := w.signUp(t, "Ada")
	for _, tt := range []struct {
		page page
		want []string
	}{
		{b.get("/sign-in"), []string{
			`<label for="email">Email address</label>`, `type="email" id="email" name="email" autocomplete="email"`,
			`<label for="password">Password</label>`, `type="password" id="password" name="password" autocomplete="current-password"`,
			`id="rememberMe" name="rememberMe" value="on" checked aria-describedby="rememberMe-hint"`,
		}},
		{b.get("/sign-up"), []string{
			`id="name" name="name" autocomplete="name"`, `id="email" name="email" autocomplete="email"`,
			`autocomplete="new-password" autocapitalize="none" spellcheck="false" required aria-describedby="password-hint"`,
			`<p class="hint" id="password-hint">8 to 128 characters.`,
		}},
		{ada.get("/account"), []string{
			`name="username" value="ada@example.com" autocomplete="username" readonly hidden`,
			`id="currentPassword" name="currentPassword" autocomplete="current-password"`,
			`id="newPassword" name="newPassword" autocomplete="new-password"`,
		}},
		{ada.get("/account/delete"), []string{`id="password" name="password" autocomplete="current-password"`}},
	} {
		b.must(tt.page, http.StatusOK, tt.want...)
	}
}
