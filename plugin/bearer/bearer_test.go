package bearer_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/plugin"
	"github.com/lockstep-auth/lockstep/plugin/bearer"
)

func start(t *testing.T, o bearer.Options) *locksteptest.Server {
	t.Helper()
	return locksteptest.Start(t, lockstep.Config{
		EmailAndPassword: lockstep.EmailAndPassword{Enabled: true},
		User:             lockstep.UserOptions{DeleteUser: lockstep.DeleteUser{Enabled: true}},
		Plugins:          []plugin.Plugin{bearer.New(o)},
	})
}

// signUp makes a user and returns the token that the client is given.
func signUp(t *testing.T, s *locksteptest.Server, email string) string {
	t.Helper()
	res := s.NewBrowser(t).Post("/sign-up/email", map[string]any{"name": "Ada", "email": email, "password": "correct horse"})
	if res.Status != http.StatusOK {
		t.Fatalf("sign up: %d %s", res.Status, res.Body)
	}
	return res.Header.Get("set-auth-token")
}

// whoami asks for the session with an Authorization header and no cookie.
func whoami(t *testing.T, s *locksteptest.Server, authorization ...string) string {
	t.Helper()
	b := s.NewBrowser(t)
	b.Header["Authorization"] = authorization
	res := b.Get("/get-session")
	if res.Status != http.StatusOK {
		t.Fatalf("get-session: %d %s", res.Status, res.Body)
	}
	var session *struct{ User struct{ Email string } }
	res.JSON(t, &session)
	if session == nil {
		return ""
	}
	return session.User.Email
}

func TestHeaderOfSignUp(t *testing.T) {
	t.Parallel()
	s := start(t, bearer.Options{})
	res := s.Browser.Post("/sign-up/email", map[string]any{"name": "Ada", "email": "a@example.com", "password": "correct horse"})
	cookie, err := url.PathUnescape(res.Cookie("better-auth.session_token").Value)
	if err != nil {
		t.Fatal(err)
	}
	if got := res.Header.Get("set-auth-token"); got != cookie || !strings.Contains(got, ".") {
		t.Errorf("set-auth-token: got %q, want the text of the cookie, %q", got, cookie)
	}
	if got := res.Header.Get("Access-Control-Expose-Headers"); got != "set-auth-token" {
		t.Errorf("exposed: %q", got)
	}
	for _, path := range []string{"/get-session", "/ok"} {
		if res := s.Browser.Get(path); res.Header.Get("set-auth-token") != "" || res.Header.Get("Access-Control-Expose-Headers") != "" {
			t.Errorf("%s sets no session cookie, but tells %v", path, res.Header)
		}
	}
	if res := s.Browser.Post("/sign-out", struct{}{}); res.Header.Get("set-auth-token") != "" {
		t.Errorf("sign-out tells %q", res.Header.Get("set-auth-token"))
	}
	failed := s.Browser.Post("/sign-in/email", map[string]any{"email": "a@example.com", "password": "wrong horse"})
	if failed.Status != http.StatusUnauthorized || failed.Header.Get("set-auth-token") != "" {
		t.Errorf("failed sign-in: %d, %v", failed.Status, failed.Header)
	}
}

// A session that is prolonged gives the client its token again, as it gives a
// browser its cookie.
func TestHeaderOfRefresh(t *testing.T) {
	t.Parallel()
	s := start(t, bearer.Options{})
	token := signUp(t, s, "a@example.com")
	s.Clock.Advance(25 * time.Hour)
	b := s.NewBrowser(t)
	b.Header.Set("Authorization", "Bearer "+token)
	res := b.Get("/get-session")
	if got := res.Header.Get("set-auth-token"); got != token {
		t.Errorf("got %q, want %q", got, token)
	}
}

func TestAuthorization(t *testing.T) {
	t.Parallel()
	const ada = "a@example.com"
	s := start(t, bearer.Options{})
	token := signUp(t, s, ada)
	raw, signature, _ := strings.Cut(token, ".")
	other := locksteptest.Start(t, lockstep.Config{
		Secret: "another secret of another server, 0123456789", EmailAndPassword: lockstep.EmailAndPassword{Enabled: true},
		Plugins: []plugin.Plugin{bearer.New(bearer.Options{})},
	})
	foreign := signUp(t, other, ada)
	for _, tc := range []struct {
		name          string
		authorization []string
		want          string
	}{
		{"signed token", []string{"Bearer " + token}, ada},
		{"scheme in lower case", []string{"bearer " + token}, ada},
		{"scheme in upper case", []string{"BEARER " + token}, ada},
		{"spaces around", []string{"Bearer   " + token + "  "}, ada},
		{"percent-encoded as in a cookie", []string{"Bearer " + raw + "." + url.QueryEscape(signature)}, ada},
		{"fully percent-encoded dot", []string{"Bearer " + raw + "%2E" + url.QueryEscape(signature)}, ""},
		{"bare token", []string{"Bearer " + raw}, ""},
		{"bare token with a dot", []string{"Bearer " + raw + "."}, ""},
		{"no token", []string{"Bearer "}, ""},
		{"no space", []string{"Bearer" + token}, ""},
		{"no scheme", []string{token}, ""},
		{"other scheme", []string{"Basic " + token}, ""},
		{"malformed percent", []string{"Bearer " + raw + ".%"}, ""},
		{"malformed percent at the end", []string{"Bearer " + token + "%zz"}, ""},
		{"invalid UTF-8", []string{"Bearer " + raw + ".%FF%FE"}, ""},
		{"truncated signature", []string{"Bearer " + token[:len(token)-2]}, ""},
		{"signature in the URL alphabet", []string{"Bearer " + raw + "." + strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(signature)}, ""},
		{"signature of another token", []string{"Bearer x" + token}, ""},
		{"signed by another server", []string{"Bearer " + foreign}, ""},
		{"twice", []string{"Bearer " + token, "Bearer " + token}, ""},
		{"too long", []string{"Bearer " + strings.Repeat("a", 5000) + "." + signature}, ""},
		{"cookie injection", []string{"Bearer x; better-auth.session_token=" + token}, ""},
	} {
		if got := whoami(t, s, tc.authorization...); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestAllowUnsigned(t *testing.T) {
	t.Parallel()
	s := start(t, bearer.Options{AllowUnsigned: true})
	token := signUp(t, s, "a@example.com")
	raw, _, _ := strings.Cut(token, ".")
	for name, tc := range map[string]struct{ authorization, want string }{
		"bare token":        {"Bearer " + raw, "a@example.com"},
		"signed token":      {"Bearer " + token, "a@example.com"},
		"unknown token":     {"Bearer " + raw + "x", ""},
		"with separators":   {"Bearer " + raw + "; x=y", ""},
		"malformed percent": {"Bearer %", ""},
		"wrong signature":   {"Bearer " + token + "x", ""},
	} {
		if got := whoami(t, s, tc.authorization); got != tc.want {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
}

// The token takes the place of the session of the cookies, as upstream does; a
// token that is no good leaves it.
func TestTokenBeforeCookie(t *testing.T) {
	t.Parallel()
	s := start(t, bearer.Options{})
	token := signUp(t, s, "token@example.com")
	s.Browser.Post("/sign-up/email", map[string]any{"name": "C", "email": "cookie@example.com", "password": "correct horse"})
	for authorization, want := range map[string]string{
		"Bearer " + token: "token@example.com", "Bearer " + token + "x": "cookie@example.com", "Bearer": "cookie@example.com",
	} {
		s.Browser.Header.Set("Authorization", authorization)
		if body := s.Browser.Get("/get-session").Body; !strings.Contains(body, want) {
			t.Errorf("%s: got %s, want %s", authorization, body, want)
		}
	}
}

func TestEndedSession(t *testing.T) {
	t.Parallel()
	s := start(t, bearer.Options{})
	token := signUp(t, s, "a@example.com")
	b := s.NewBrowser(t)
	b.Header.Set("Authorization", "Bearer "+token)
	if res := b.Post("/sign-out", struct{}{}); res.Status != http.StatusOK {
		t.Fatalf("sign-out: %d %s", res.Status, res.Body)
	}
	for _, path := range []string{"/list-sessions", "/list-accounts"} {
		if res := b.Get(path); res.Status != http.StatusUnauthorized {
			t.Errorf("%s after sign-out: %d", path, res.Status)
		}
	}
	if got := whoami(t, s, "Bearer "+token); got != "" {
		t.Errorf("after sign-out: %q", got)
	}
}

// A token does not take a form past the check of where it comes from: what
// another site makes a browser send is refused with and without a token.
func TestFormsOfOtherSites(t *testing.T) {
	t.Parallel()
	s := start(t, bearer.Options{})
	token := signUp(t, s, "a@example.com")
	in := map[string]any{"email": "a@example.com", "password": "correct horse"}
	for _, tc := range []struct {
		name   string
		header map[string]string
		want   int
	}{
		{"no browser", nil, http.StatusOK},
		{"own origin", map[string]string{"Origin": s.URL}, http.StatusOK},
		{"other origin", map[string]string{"Origin": "https://evil.example"}, http.StatusForbidden},
		{"other referer", map[string]string{"Referer": "https://evil.example/page"}, http.StatusForbidden},
		{"null origin", map[string]string{"Origin": "null"}, http.StatusForbidden},
		{"navigation", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, http.StatusForbidden},
		{"hidden origin", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}, http.StatusForbidden},
	} {
		for _, authorization := range []string{"", "Bearer " + token} {
			b := s.NewBrowser(t)
			b.Origin = ""
			for name, value := range tc.header {
				b.Header.Set(name, value)
			}
			if authorization != "" {
				b.Header.Set("Authorization", authorization)
			}
			if res := b.Post("/sign-in/email", in); res.Status != tc.want {
				t.Errorf("%s, token %v: %d %s, want %d", tc.name, authorization != "", res.Status, res.Body, tc.want)
			}
		}
	}
}

// The session cookie's cache is of another session and is not believed.
func TestCacheOfAnotherSession(t *testing.T) {
	t.Parallel()
	for _, strategy := range []string{"compact", "jwt", "jwe"} {
		s := locksteptest.Start(t, lockstep.Config{
			EmailAndPassword: lockstep.EmailAndPassword{Enabled: true},
			Session:          lockstep.SessionOptions{CookieCache: lockstep.CookieCache{Enabled: true, Strategy: strategy}},
			Plugins:          []plugin.Plugin{bearer.New(bearer.Options{})},
		})
		token := signUp(t, s, "token@example.com")
		s.Browser.Post("/sign-up/email", map[string]any{"name": "C", "email": "cookie@example.com", "password": "correct horse"})
		s.Browser.Header.Set("Authorization", "Bearer "+token)
		if body := s.Browser.Get("/get-session").Body; !strings.Contains(body, "token@example.com") {
			t.Errorf("%s: %s", strategy, body)
		}
	}
}

// FuzzToken: a token is what stands behind one scheme, without spaces, and no
// header makes a session.
func FuzzToken(f *testing.F) {
	s := locksteptest.Start(f, lockstep.Config{
		EmailAndPassword: lockstep.EmailAndPassword{Enabled: true}, Plugins: []plugin.Plugin{bearer.New(bearer.Options{})},
	})
	for _, seed := range []string{"", "Bearer", "Bearer ", "bearer x.y", "BEARER %", "Bearer a.%41", "Basic eDp5", "Bearer \x00.\xff", "Bearer x;y=z.w"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, authorization string) {
		token := bearer.Token(http.Header{"Authorization": {authorization}})
		if token != "" && (!strings.EqualFold(authorization[:7], "bearer ") || !strings.Contains(authorization[7:], token) ||
			token != strings.TrimSpace(token)) {
			t.Errorf("%q has the token %q", authorization, token)
		}
		res, err := s.API().Call(t.Context(), http.MethodGet, "/get-session", http.Header{"Authorization": {authorization}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if body := string(res.Body); body != "null" {
			t.Errorf("%q: %s", authorization, body)
		}
	})
}
