package lockstep_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep"
)

func TestLinkParameters(t *testing.T) {
	t.Parallel()
	s := newMailServer(t)
	const text = "Invalid input: expected string, received "
	for path, message := range map[string]string{
		"/verify-email":                                   "[query.token] " + text + "undefined",
		"/verify-email?token=a&token=b":                   "[query.token] " + text + "array",
		"/verify-email?callbackURL=/x&callbackURL=/y":     "[query.token] " + text + "undefined; [query.callbackURL] " + text + "array",
		"/delete-user/callback":                           "[query.token] " + text + "undefined",
		"/reset-password/abc":                             "[query.callbackURL] " + text + "undefined",
		"/reset-password/abc?callbackURL=/&callbackURL=/": "[query.callbackURL] " + text + "array",
	} {
		var e struct{ Message string }
		got := s.Browser.Get(path)
		want(t, got, 400, "VALIDATION_ERROR")
		if got.JSON(t, &e); e.Message != message {
			t.Errorf("%s: %s, want %s", path, e.Message, message)
		}
	}
	want(t, s.Browser.Post("/reset-password?token=a&token=b", m{"newPassword": "battery staple"}), 400, "VALIDATION_ERROR")
	wantLocation(t, s.Browser.Get("/reset-password/abc?callbackURL="), s.URL+"/api/auth/error?error=INVALID_TOKEN")
	wantLocation(t, s.Browser.Get("/reset-password/%FF%00?callbackURL=/r"), s.URL+"/r?error=INVALID_TOKEN")
}

// evil are addresses that no browser may be sent to (RD-01 … RD-15).
func evil() []string {
	return []string{
		"//evil.com", "///evil.com", "/%2fevil.com", "/%2F/evil.com", "/%5cevil.com", "/%252fevil.com",
		`/\evil.com`, `\/evil.com`, `\\evil.com`, `/\/evil.com`, `/./\evil.com`,
		"/\t/evil.com", "/\n/evil.com", "\t//evil.com", " https://evil.com", "ht\ntps://evil.com", "/a\x00", "\ufeff/a",
		"https:evil.com", "https:/evil.com", `https:\\evil.com`, "https:///evil.com",
		"http:attacker.com?.example.com/", "https://evil.com?.example.com", "https://evil.com#.example.com",
		`https://evil.com\.example.com`, "https://evil.com%2f.example.com", "https://evil.com/.example.com",
		"https://app.test@evil.com", "https://app.test%40evil.com", `https://evil.com\@app.test`,
		"javascript:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "vbscript:x", "blob:x", "file:///x", "intent://x",
		"https://evilexample.com", "https://example.com.evil.com", "http://x.example.com", "https://x.example.com:444", "x.example.com",
		"https://app。test", "https://app.test.", "https://app.test.evil.com", "https://app.testevil.com", "https://evil.com:bad.example.com",
		"myapp://callback.attacker.tld", "myapp:callback", "/a b", "/a<script>", "/\r\nSet-Cookie:x=1",
	}
}

// TestNoRedirectAway: an address that is not trusted is refused before the
// secret is looked at, and the secret still works.
func TestNoRedirectAway(t *testing.T) {
	t.Parallel()
	s := newMailServer(t, func(c *lockstep.Config) {
		c.TrustedOrigins = []string{"https://app.test", "https://*.example.com", "myapp://callback"}
	})
	b := s.verified(t, "ada@example.com")
	want(t, b.Post("/request-password-reset", m{"email": "ada@example.com"}), 200, "")
	reset := s.box.next(t, "reset")
	want(t, b.Post("/delete-user", m{}), 200, "")
	deletion := s.box.next(t, "delete")
	want(t, b.Post("/change-email", m{"newEmail": "new@example.com"}), 200, "")
	change := s.box.next(t, "confirm")
	for _, to := range evil() {
		q := url.QueryEscape(to)
		for _, path := range []string{
			"/verify-email?token=" + change.Token + "&callbackURL=" + q,
			"/reset-password/" + reset.Token + "?callbackURL=" + q,
			"/delete-user/callback?token=" + deletion.Token + "&callbackURL=" + q,
		} {
			got := b.Get(path)
			if got.Status != 403 || got.Code() != "INVALID_CALLBACK_URL" || got.Header.Get("Location") != "" {
				t.Errorf("%q: %d %s %q", path, got.Status, got.Body, got.Header.Get("Location"))
			}
		}
		for path, body := range map[string]m{
			"/send-verification-email": {"email": "ada@example.com", "callbackURL": to},
			"/change-email":            {"newEmail": "new@example.com", "callbackURL": to},
			"/delete-user":             {"callbackURL": to},
		} {
			if got := b.Post(path, body); got.Status != 403 || got.Code() != "INVALID_CALLBACK_URL" {
				t.Errorf("%s %q: %d %s", path, to, got.Status, got.Body)
			}
		}
		if got := b.Post("/request-password-reset", m{"email": "ada@example.com", "redirectTo": to}); got.Code() != "INVALID_REDIRECT_URL" {
			t.Errorf("/request-password-reset %q: %d %s", to, got.Status, got.Body)
		}
	}
	for _, to := range []string{"/", "/a?b=c", "/a#frag", "/\u2028", "https://app.test/x", "https://a.b.example.com", "myapp://callback"} {
		if got := b.Get("/reset-password/" + reset.Token + "?callbackURL=" + url.QueryEscape(to)); got.Status != 302 {
			t.Errorf("%s: %d %s", to, got.Status, got.Body)
		}
	}
	want(t, b.Get("/verify-email?token="+change.Token), 200, "")
	s.box.next(t, "verify")
	want(t, b.Get("/delete-user/callback?token="+deletion.Token), 200, "")
	s.quiet(t)
}

// TestLookingAheadSpendsNothing: what a scanner or a browser fetches before a
// person opens the link has no effect.
func TestLookingAheadSpendsNothing(t *testing.T) {
	t.Parallel()
	s := newMailServer(t)
	b := s.signUp(t, "ada@example.com")
	want(t, b.Post("/send-verification-email", m{"email": "ada@example.com"}), 200, "")
	verify := s.box.next(t, "verify")
	want(t, b.Post("/delete-user", m{}), 200, "")
	deletion := s.box.next(t, "delete")
	for _, link := range []sent{verify, deletion} {
		r := httptest.NewRequest(http.MethodHead, link.URL, nil)
		r.Header.Set("Cookie", b.CookieHeader())
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != 404 {
			t.Errorf("HEAD: %d", w.Code)
		}
		for name, value := range map[string]string{
			"Purpose": "prefetch", "Sec-Purpose": "prefetch;prerender", "X-Moz": "prefetch", "X-Purpose": "preview",
		} {
			b.Header.Set(name, value)
			want(t, b.Get(link.path()), 403, "PREFETCH_NOT_ALLOWED")
			b.Header.Del(name)
		}
	}
	if got := b.Get("/get-session").Body; !strings.Contains(got, `"emailVerified":false`) {
		t.Errorf("session = %s", got)
	}
	want(t, b.Get("/verify-email?token="+verify.Token), 200, "")
	want(t, b.Get("/delete-user/callback?token="+deletion.Token), 200, "")
}

// TestNobodySendsMailFromAnotherSite is OR-03 for the endpoints that send mail.
func TestNobodySendsMailFromAnotherSite(t *testing.T) {
	t.Parallel()
	s := newMailServer(t)
	s.signUp(t, "ada@example.com")
	for _, path := range []string{"/request-password-reset", "/send-verification-email"} {
		b := s.NewBrowser(t)
		b.Origin = "https://evil.com"
		want(t, b.Post(path, m{"email": "ada@example.com"}), 403, "INVALID_ORIGIN")
		b = s.NewBrowser(t)
		b.Header.Set("Sec-Fetch-Site", "cross-site")
		b.Header.Set("Sec-Fetch-Mode", "navigate")
		want(t, b.Post(path, m{"email": "ada@example.com"}), 403, "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED")
		r := httptest.NewRequest("POST", s.URL+"/api/auth"+path, strings.NewReader("email=ada@example.com"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != 415 {
			t.Errorf("a form: %d", w.Code)
		}
	}
	s.quiet(t)
}

// TestSecretsHaveOnePurpose is VT-01 for the secrets of mails: none works for
// another purpose, nor is it spent by the attempt.
func TestSecretsHaveOnePurpose(t *testing.T) {
	t.Parallel()
	s := newMailServer(t)
	b := s.verified(t, "ada@example.com")
	want(t, b.Post("/request-password-reset", m{"email": "ada@example.com"}), 200, "")
	want(t, b.Post("/delete-user", m{}), 200, "")
	want(t, b.Post("/change-email", m{"newEmail": "new@example.com"}), 200, "")
	secrets := map[string]string{"nothing": "reset-password:", "a session": "x"}
	for range 3 {
		l := <-s.box
		secrets[l.kind] = l.Token
	}
	for kind, secret := range secrets {
		q := url.QueryEscape(secret)
		if kind != "reset" {
			want(t, b.Post("/reset-password", m{"newPassword": "battery staple", "token": secret}), 400, "INVALID_TOKEN")
			wantLocation(t, b.Get("/reset-password/"+url.PathEscape(secret)+"?callbackURL=/"), s.URL+"/?error=INVALID_TOKEN")
		}
		if kind != "delete" {
			want(t, b.Get("/delete-user/callback?token="+q), 404, "INVALID_TOKEN")
			want(t, b.Post("/delete-user", m{"token": secret}), 404, "INVALID_TOKEN")
		}
		if kind != "confirm" {
			want(t, b.Get("/verify-email?token="+q), 401, "INVALID_TOKEN")
		}
	}
	want(t, b.Get("/verify-email?token="+secrets["confirm"]), 200, "")
	want(t, b.Get("/delete-user/callback?token="+secrets["delete"]), 200, "")
}
