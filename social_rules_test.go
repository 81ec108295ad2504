package lockstep_test

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/plugin"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

// TestSignUpRules is LK-10, for redirects and for id tokens.
func TestSignUpRules(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t, func(c *lockstep.Config) {
		c.Social[0].DisableImplicitSignUp = true
		c.Social[1].DisableSignUp = true
	})
	eve := person{sub: "eve-1", email: "eve@example.com", verified: true}
	token := func(provider string, more m) *locksteptest.Response {
		body := m{"provider": provider, "idToken": m{"token": s.idp.idToken(eve, "")}}
		maps.Copy(body, more)
		return s.NewBrowser(t).Post("/sign-in/social", body)
	}
	for _, provider := range []string{"fake", "other"} {
		wantLocation(t, s.signIn(t, s.NewBrowser(t), eve, m{"provider": provider}), "/err?error=signup_disabled")
		if got := token(provider, nil); got.Body != `{"message":"signup disabled","code":"OAUTH_LINK_ERROR"}` || got.Status != 401 {
			t.Errorf("%s: %d %s", provider, got.Status, got.Body)
		}
	}
	want(t, token("other", m{"requestSignUp": true}), 401, "OAUTH_LINK_ERROR")
	if users := s.rows(t, identity.UserTable); len(users) > 0 {
		t.Fatalf("users = %v", users)
	}
	wantLocation(t, s.signIn(t, s.NewBrowser(t), eve, m{"requestSignUp": true}), "/in")
	wantLocation(t, s.signIn(t, s.NewBrowser(t), eve, nil), "/in")
	want(t, token("fake", nil), 200, "")
}

func TestIDTokenSignIn(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t, func(c *lockstep.Config) { c.Social[1].DisableIDTokenSignIn = true })
	b := s.Browser
	token := s.idp.idToken(adaAtIDP(), "n")
	got := b.Post("/sign-in/social", m{"provider": "fake", "idToken": m{
		"token": token, "nonce": "n", "accessToken": "at", "refreshToken": "rt", "expiresAt": 5,
		"user": m{"name": m{"firstName": "A"}, "email": "x"},
	}})
	want(t, got, 200, "")
	if !strings.HasPrefix(got.Body, `{"redirect":false,"token":"`) || strings.Contains(got.Body, `"url"`) ||
		!strings.Contains(got.Body, `"user":{"name":"Ada","email":"ada@example.com","emailVerified":true`) {
		t.Errorf("got %s", got.Body)
	}
	a := s.rows(t, identity.AccountTable)[0]
	if a["idToken"] != token || a["accessToken"] != "at" || a["refreshToken"] != nil {
		t.Errorf("account = %v", a)
	}
	if got := b.Get("/get-session").Body; !strings.Contains(got, "ada@example.com") {
		t.Errorf("session = %s", got)
	}
	for _, tc := range []struct {
		name, provider, token, nonce string
		status                       int
		code                         string
	}{
		{"another nonce", "fake", token, "m", 401, "INVALID_TOKEN"},
		{"no token", "fake", "x", "", 401, "INVALID_TOKEN"},
		{"a changed token", "fake", token[:len(token)-8] + "AAAAAAAA", "n", 401, "INVALID_TOKEN"},
		{"switched off", "other", token, "n", 404, "ID_TOKEN_NOT_SUPPORTED"},
		{"no address", "fake", s.idp.idToken(person{sub: "x"}, ""), "", 401, "USER_EMAIL_NOT_FOUND"},
		{"no user", "fake", s.idp.idToken(person{sub: " ", email: "e@example.com"}, ""), "", 401, "FAILED_TO_GET_USER_INFO"},
	} {
		in := m{"token": tc.token}
		if tc.nonce != "" {
			in["nonce"] = tc.nonce
		}
		got := s.NewBrowser(t).Post("/sign-in/social", m{"provider": tc.provider, "idToken": in})
		if got.Status != tc.status || got.Code() != tc.code || len(got.Cookies) > 0 {
			t.Errorf("%s: %d %s %v", tc.name, got.Status, got.Body, got.Cookies)
		}
	}
	if n := len(s.rows(t, identity.UserTable)); n != 1 {
		t.Errorf("%d users", n)
	}
}

// TestRequireEmailVerification: users of such a provider get a mail and no session
// until their address is verified.
func TestRequireEmailVerification(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t, func(c *lockstep.Config) {
		c.Social[0].RequireEmailVerification = true
		c.EmailVerification.SendOnSignIn = true
	})
	who := adaAtIDP()
	who.verified = false
	b := s.Browser
	wantLocation(t, s.signIn(t, b, who, m{"callbackURL": "/in?a=b"}), "/err?error=email_not_verified")
	wantNobody(t, b)
	first := s.box.next(t, "verify")
	if first.User.Email != "ada@example.com" || !strings.HasSuffix(first.URL, "&callbackURL=%2Fin%3Fa%3Db") {
		t.Errorf("mail to %s: %s", first.User.Email, first.URL)
	}
	wantLocation(t, s.signIn(t, b, who, nil), "/err?error=email_not_verified")
	s.box.next(t, "verify")
	got := b.Post("/sign-in/social", m{"provider": "fake", "idToken": m{"token": s.idp.idToken(who, "")}})
	if got.Status != 403 || got.Body != `{"message":"Email not verified","code":"EMAIL_NOT_VERIFIED"}` {
		t.Errorf("id token: %d %s", got.Status, got.Body)
	}
	s.box.next(t, "verify")
	want(t, s.NewBrowser(t).Get("/verify-email?token="+first.Token), 200, "")
	wantLocation(t, s.signIn(t, b, who, nil), "/in")
	if n := len(s.rows(t, identity.SessionTable)); n != 1 {
		t.Errorf("%d sessions", n)
	}
}

// TestPlaceholderAddresses is LK-12: nothing is sent to what nobody can own.
func TestPlaceholderAddresses(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t, func(c *lockstep.Config) { c.EmailVerification.SendOnSignUp = new(true) })
	wantLocation(t, s.signIn(t, s.Browser, person{sub: "1", email: "1@fake.placeholder.invalid"}, nil), "/in")
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(s.box) > 0 {
		t.Errorf("a mail was sent to %s", (<-s.box).User.Email)
	}
}

// TestDescriptionOfUsers: what the server keeps of what a service tells.
func TestDescriptionOfUsers(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t, func(c *lockstep.Config) {
		c.User.AdditionalFields = []schema.Field{{Name: "nickname"}, {Name: "role", NoInput: true, Default: func() any { return "user" }}}
		c.Social[0].OverrideUserInfoOnSignIn = true
		read := c.Social[0].Profile
		c.Social[0].Profile = func(cl oauth.Claims) (oauth.Profile, error) {
			p, err := read(cl)
			if p.Fields != nil {
				p.Fields["role"] = "admin"
				p.Fields["unknown"] = 1
			}
			return p, err
		}
	})
	wantLocation(t, s.signIn(t, s.NewBrowser(t), adaAtIDP(), nil), "/in")
	u := s.rows(t, identity.UserTable)[0]
	if u["nickname"] != "nick of Ada" || u["role"] != "user" {
		t.Errorf("user = %v", u)
	}
	next := adaAtIDP()
	next.name, next.email, next.verified = "Lovelace", "lovelace@example.com", false
	wantLocation(t, s.signIn(t, s.NewBrowser(t), next, nil), "/in")
	u = s.rows(t, identity.UserTable)[0]
	if u["name"] != "Lovelace" || u["email"] != "lovelace@example.com" || u["emailVerified"] != false || u["nickname"] != "nick of Lovelace" {
		t.Errorf("updated: %v", u)
	}
	want(t, s.NewBrowser(t).Post("/sign-up/email", m{"name": "E", "email": "eve@example.com", "password": "correct horse"}), 200, "")
	next.email, next.name = "eve@example.com", "Eve"
	wantLocation(t, s.signIn(t, s.NewBrowser(t), next, nil), "/in")
	if u = s.rows(t, identity.UserTable, "name", "Lovelace")[0]; u["email"] != "lovelace@example.com" {
		t.Errorf("with an address that is taken: %v", u)
	}
}

// TestFieldsOfMapProfile: a program's function gives Go values, and those that do
// not fit lock nobody out who was there before.
func TestFieldsOfMapProfile(t *testing.T) {
	t.Parallel()
	born := time.Date(1815, 12, 10, 0, 0, 0, 0, time.UTC)
	fields := map[string]any{"age": 36, "born": born, "tags": []string{"a"}, "plan": "pro", "more": map[string]int{"x": 1}}
	s := newSocialServer(t, func(c *lockstep.Config) {
		c.User.AdditionalFields = []schema.Field{
			{Name: "age", Type: schema.Number},
			{Name: "born", Type: schema.Date},
			{Name: "tags", Type: schema.Strings},
			{Name: "plan", Enum: []string{"free", "pro"}},
			{Name: "more", Type: schema.JSON},
		}
		c.Social[0].OverrideUserInfoOnSignIn = true
		c.Social[0].MapProfile = func(_ context.Context, p oauth.Profile) (oauth.Profile, error) {
			p.Fields = fields
			return p, nil
		}
	})
	wantLocation(t, s.signIn(t, s.NewBrowser(t), adaAtIDP(), nil), "/in")
	u := s.rows(t, identity.UserTable)[0]
	if u["age"] != 36.0 || u["born"] != born || fmt.Sprintf("%v %v %v", u["tags"], u["plan"], u["more"]) != "[a] pro map[x:1]" {
		t.Errorf("user = %v", u)
	}
	fields = map[string]any{"plan": "gold"}
	wantLocation(t, s.signIn(t, s.NewBrowser(t), adaAtIDP(), nil), "/in")
	if u = s.rows(t, identity.UserTable)[0]; u["plan"] != "pro" {
		t.Errorf("user = %v, want no other plan", u)
	}
	wantLocation(t, s.signIn(t, s.NewBrowser(t), person{sub: "2", email: "b@example.com"}, nil),
		"/err?error=VALIDATION_ERROR&error_description=%5Bbody.plan%5D+Invalid+option%3A+expected+one+of+%22free%22%7C%22pro%22")
}

// TestDescriptionOfLinkedUsers: a service that overrides does so with the first
// sign-in too, when its account is linked to a user who was there before.
func TestDescriptionOfLinkedUsers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		override bool
		want     string
	}{
		{"overrides", true, "Ada"},
		{"does not override", false, "Before"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newSocialServer(t, func(c *lockstep.Config) { c.Social[0].OverrideUserInfoOnSignIn = tc.override })
			want(t, s.NewBrowser(t).Post("/sign-up/email", m{"name": "Before", "email": "ada@example.com", "password": "correct horse"}), 200, "")
			s.verifyLocally(t, "ada@example.com")
			wantLocation(t, s.signIn(t, s.NewBrowser(t), adaAtIDP(), nil), "/in")
			if u := s.rows(t, identity.UserTable)[0]; u["name"] != tc.want || u["email"] != "ada@example.com" || u["emailVerified"] != true {
				t.Errorf("user = %v", u)
			}
		})
	}
}

// TestAddressesAreNotFolded: a Kelvin sign is no k (LK-07).
func TestAddressesAreNotFolded(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t)
	wantLocation(t, s.signIn(t, s.NewBrowser(t), person{sub: "1", email: "kim@example.com", verified: true}, nil), "/in")
	wantLocation(t, s.signIn(t, s.NewBrowser(t), person{sub: "2", email: "\u212aim@example.com", verified: true}, nil), "/in")
	if n := len(s.rows(t, identity.UserTable)); n != 2 {
		t.Errorf("%d users", n)
	}
}

// TestSubjectsOfTwoProviders is LK-06.
func TestSubjectsOfTwoProviders(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t)
	wantLocation(t, s.signIn(t, s.NewBrowser(t), person{sub: 7, email: "a@example.com"}, nil), "/in")
	wantLocation(t, s.signIn(t, s.NewBrowser(t), person{sub: 7, email: "b@example.com"}, m{"provider": "other"}), "/in")
	if n := len(s.rows(t, identity.UserTable)); n != 2 {
		t.Errorf("%d users", n)
	}
}

func TestUpdateAccountOnSignIn(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t, func(c *lockstep.Config) { c.Account.UpdateAccountOnSignIn = new(false) })
	wantLocation(t, s.signIn(t, s.NewBrowser(t), adaAtIDP(), nil), "/in")
	before := s.rows(t, identity.AccountTable)[0]
	wantLocation(t, s.signIn(t, s.NewBrowser(t), adaAtIDP(), nil), "/in")
	if after := s.rows(t, identity.AccountTable)[0]; after["accessToken"] != before["accessToken"] {
		t.Errorf("token %v became %v", before["accessToken"], after["accessToken"])
	}
}

// TestHooksOfASignIn: a hook that refuses tells the browser, and additional data
// reaches hooks.
func TestHooksOfASignIn(t *testing.T) {
	t.Parallel()
	var seen []string
	s := newSocialServer(t, func(c *lockstep.Config) {
		c.Hooks.After = []plugin.Hook{{Path: "/callback/:id", Run: func(c *plugin.Call) error {
			if c.OAuthState != nil {
				seen = append(seen, string(c.OAuthState.Additional))
			}
			return nil
		}}}
		c.DatabaseHooks.User.Create.Before = refuseEve
	})
	wantLocation(t, s.signIn(t, s.NewBrowser(t), person{sub: "1", email: "eve@example.com"}, m{"additionalData": m{"from": "ad"}}),
		"/err?error=BANNED&error_description=No+Eve+here")
	wantLocation(t, s.signIn(t, s.NewBrowser(t), person{sub: "2", email: "mallory@example.com"}, nil), "/err?error=unable_to_create_user")
	wantLocation(t, s.signIn(t, s.NewBrowser(t), adaAtIDP(), nil), "/in")
	if !slices.Equal(seen, []string{`{"from":"ad"}`, "", ""}) {
		t.Errorf("hooks saw %q", seen)
	}
	if n := len(s.rows(t, identity.AccountTable)); n != 1 {
		t.Errorf("%d accounts", n)
	}
}

// TestIDPInitiated: a callback without a state starts anew, and signs nobody in.
func TestIDPInitiated(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t, func(c *lockstep.Config) { c.Social[0].AllowIDPInitiated = true })
	got := s.Browser.Get("/callback/fake?code=foreign")
	if got.Status != 302 || !strings.HasPrefix(got.Header.Get("Location"), s.idp.URL+"/authorize?") {
		t.Fatalf("got %d %s", got.Status, got.Header.Get("Location"))
	}
	wantNobody(t, s.Browser)
	wantLocation(t, s.back(s.Browser, "fake", s.idp.allow(got.Header.Get("Location"), adaAtIDP())), s.URL)
	wantLocation(t, s.Browser.Get("/callback/other?code=foreign"), s.URL+"/api/auth/error?error=state_not_found")
}

// TestProviderUnavailable is OA-10: nothing but the service fails.
func TestProviderUnavailable(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t)
	s.idp.set(func(i *idp) { i.down = true })
	want(t, s.Browser.Post("/sign-in/social", m{"provider": "oidc"}), 503, "PROVIDER_UNAVAILABLE")
	want(t, s.Browser.Post("/sign-in/social", m{"provider": "fake"}), 200, "")
	s.idp.set(func(i *idp) { i.down = false })
	s.Clock.Advance(6 * time.Second)
	want(t, s.Browser.Post("/sign-in/social", m{"provider": "oidc"}), 200, "")
}

func TestLogoutAtTheProvider(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t)
	b := s.Browser
	wantLocation(t, s.signIn(t, b, adaAtIDP(), m{"provider": "oidc"}), "/in")
	token := s.rows(t, identity.AccountTable)[0]["idToken"].(string)
	got := b.Post("/sign-out", m{"callbackURL": "/bye", "state": "s"})
	location := s.idp.URL + "/logout?id_token_hint=" + token + "&post_logout_redirect_uri=" +
		url.QueryEscape(s.URL+"/bye") + "&client_id=client&state=s"
	if got.Header.Get("Location") != location || !strings.HasSuffix(got.Body, `","redirect":true}`) {
		t.Errorf("got %s, Location %s", got.Body, got.Header.Get("Location"))
	}
	wantNobody(t, b)
	if got := b.Post("/sign-out", m{}); got.Body != `{"success":true}` {
		t.Errorf("a second time: %s", got.Body)
	}
	wantLocation(t, s.signIn(t, b, person{sub: "2", email: "b@example.com"}, nil), "/in")
	if got := b.Post("/sign-out", m{"disableRedirect": true}); got.Body != `{"success":true}` {
		t.Errorf("of a service without logout: %s", got.Body)
	}
}

func TestSocialProviders(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t)
	wantList := []lockstep.SocialProvider{{ID: "oidc", Name: "oidc"}, {ID: "fake", Name: "Fake"}, {ID: "other", Name: "Fake"}}
	if got := s.SocialProviders(); !slices.Equal(got, wantList) {
		t.Errorf("got %v, want %v", got, wantList)
	}
	_, err := lockstep.New(lockstep.Config{
		BaseURL: "http://localhost", Secret: locksteptest.Secret, Social: []oauth.Provider{{ID: "x"}, s.idp.provider("a"), s.idp.provider("a"), s.idp.provider("credential")},
		Account: lockstep.AccountOptions{StoreStateStrategy: "nowhere"}, OAuth: lockstep.OAuthOptions{Timeout: -1},
	})
	for _, want := range []string{"provider x", "client id", `"a", which is taken`, `"credential", which is taken`, `"nowhere"`, "Timeout", "the token URL: plain http is refused"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}

// refuseEve is a database hook.
func refuseEve(_ context.Context, row store.Record) (store.Record, error) {
	switch row["email"] {
	case "eve@example.com":
		return nil, plugin.Errorf(403, "BANNED", "No Eve here")
	case "mallory@example.com":
		return nil, identity.ErrRefused
	}
	return nil, nil
}
