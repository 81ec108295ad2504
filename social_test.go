package lockstep_test

import (
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/plugin"
	"github.com/lockstep-auth/lockstep/plugin/genericoauth"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/memory"
)

// A socialServer is a server with two services, "fake" and "other", which are the
// same identity provider, and "oidc", which finds it by discovery.
type socialServer struct {
	*locksteptest.Server
	idp *idp
	db  store.Store
	box mailbox
}

func newSocialServer(t testing.TB, change ...func(*lockstep.Config)) *socialServer {
	t.Helper()
	s := &socialServer{box: newMailbox()}
	s.idp = newIDP(t, func() time.Time { return s.Clock.Now() })
	c := lockstep.Config{
		EmailAndPassword:  passwords(),
		EmailVerification: lockstep.EmailVerification{SendVerificationEmail: s.box.take("verify")},
		Social:            []oauth.Provider{s.idp.provider("fake"), s.idp.provider("other")},
		OAuth:             lockstep.OAuthOptions{InsecureAllowPrivateNetworks: true},
		Store:             memory.New(),
		Plugins: []plugin.Plugin{genericoauth.New(genericoauth.Config{
			ProviderID: "oidc", ClientID: "client", ClientSecret: idpSecret,
			DiscoveryURL: s.idp.URL + "/.well-known/openid-configuration",
		})},
		Session: lockstep.SessionOptions{FreshAge: new(time.Duration(0))},
	}
	for _, f := range change {
		f(&c)
	}
	s.db = c.Store
	s.Server = locksteptest.StartStateless(t, c)
	t.Cleanup(func() {
		if err := s.Close(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	return s
}

// ada is a person at the service.
func adaAtIDP() person {
	return person{sub: "ada-1", email: "Ada@example.com", verified: true, name: "Ada"}
}

// start begins a sign-in, or a link, and returns the URL of the service.
func (s *socialServer) start(t testing.TB, b *locksteptest.Browser, path string, body m) string {
	t.Helper()
	got := b.Post(path, body)
	want(t, got, 200, "")
	var out struct {
		URL      string
		Redirect bool
	}
	got.JSON(t, &out)
	if out.URL == "" || out.Redirect && got.Header.Get("Location") != out.URL {
		t.Fatalf("%s: %s, Location %q", path, got.Body, got.Header.Get("Location"))
	}
	return out.URL
}

// signIn goes through a whole sign-in at the service.
func (s *socialServer) signIn(t testing.TB, b *locksteptest.Browser, who person, body m) *locksteptest.Response {
	t.Helper()
	full := m{"provider": "fake", "callbackURL": "/in", "errorCallbackURL": "/err"}
	maps.Copy(full, body)
	return s.back(b, full["provider"].(string), s.idp.allow(s.start(t, b, "/sign-in/social", full), who))
}

// back is the callback.
func (s *socialServer) back(b *locksteptest.Browser, provider string, q url.Values) *locksteptest.Response {
	if provider == "oidc" && !q.Has("iss") {
		q.Set("iss", s.idp.URL)
	}
	return b.Get("/callback/" + provider + "?" + q.Encode())
}

// rows returns the rows of a table.
func (s *socialServer) rows(t testing.TB, table string, pairs ...any) []store.Record {
	t.Helper()
	res, err := s.db.Read(t.Context(), store.Query{Table: table, Where: store.Is(pairs...)})
	if err != nil {
		t.Fatal(err)
	}
	return res[0].Rows
}

// wantNobody checks that a browser is not signed in.
func wantNobody(t testing.TB, b *locksteptest.Browser) {
	t.Helper()
	if got := b.Get("/get-session?disableCookieCache=true").Body; got != "null" {
		t.Errorf("signed in: %s", got)
	}
}

func TestSocialSignUpAndIn(t *testing.T) {
	t.Parallel()
	for _, provider := range []string{"fake", "oidc"} {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			s := newSocialServer(t)
			b := s.Browser
			body := m{"provider": provider, "newUserCallbackURL": "/welcome?x=ä"}
			got := s.signIn(t, b, adaAtIDP(), body)
			wantLocation(t, got, "/welcome?x=%C3%A4")
			if c := got.Cookie("better-auth.state"); c == nil || c.MaxAge >= 0 {
				t.Errorf("the state cookie stays: %v", c)
			}
			users, accounts := s.rows(t, identity.UserTable), s.rows(t, identity.AccountTable)
			if len(users) != 1 || len(accounts) != 1 {
				t.Fatalf("%d users, %d accounts", len(users), len(accounts))
			}
			u, a := users[0], accounts[0]
			if u["email"] != "ada@example.com" || u["emailVerified"] != true || u["name"] != "Ada" || u["image"] != "https://img.example/Ada" {
				t.Errorf("user = %v", u)
			}
			if a["providerId"] != provider || a["accountId"] != "ada-1" || a["userId"] != u["id"] || a["accessToken"] == nil ||
				a["refreshToken"] == nil || a["accessTokenExpiresAt"] != s.Clock.Now().Add(time.Hour) || a["password"] != nil {
				t.Errorf("account = %v", a)
			}
			if got := b.Get("/get-session").Body; !strings.Contains(got, `"email":"ada@example.com"`) {
				t.Errorf("session = %s", got)
			}
			wantLocation(t, s.signIn(t, s.NewBrowser(t), adaAtIDP(), body), "/in")
			again := s.rows(t, identity.AccountTable)
			if len(again) != 1 || len(s.rows(t, identity.UserTable)) != 1 || again[0]["accessToken"] == a["accessToken"] {
				t.Errorf("after the second sign-in: %v", again)
			}
			if left := s.rows(t, identity.VerificationTable); len(left) > 0 {
				t.Errorf("states are left: %v", left)
			}
		})
	}
}

// TestAuthorizationRequest: what the browser is sent with.
func TestAuthorizationRequest(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t)
	got := s.Browser.Post("/sign-in/social", m{
		"provider": "fake", "disableRedirect": true, "scopes": []string{"more"}, "loginHint": "ada@x.test",
		"additionalParams": m{"b": "2 ~", "a": "1"}, "additionalData": m{"n": 1, "s": []any{"x", nil}},
	})
	want(t, got, 200, "")
	if got.Header.Get("Location") != "" || !strings.HasSuffix(got.Body, `"redirect":false}`) {
		t.Errorf("got %s, Location %q", got.Body, got.Header.Get("Location"))
	}
	var out struct{ URL string }
	got.JSON(t, &out)
	u, err := url.Parse(out.URL)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if len(q.Get("state")) != 32 || q.Get("redirect_uri") != s.URL+"/api/auth/callback/fake" || q.Get("scope") != "openid email more" ||
		len(q.Get("code_challenge")) != 43 || !strings.HasSuffix(out.URL, "&a=1&b=2+%7E") || q.Get("login_hint") != "ada@x.test" {
		t.Errorf("URL = %s", out.URL)
	}
	c := got.Cookie("better-auth.state")
	if c == nil || c.MaxAge != 300 || !c.HttpOnly || !strings.HasPrefix(c.Value, q.Get("state")+".") {
		t.Errorf("state cookie = %v", c)
	}
	row := s.rows(t, identity.VerificationTable)[0]
	if row["identifier"] != "auth-state:"+q.Get("state") || row["expiresAt"] != s.Clock.Now().Add(10*time.Minute) ||
		!strings.HasPrefix(row["value"].(string), `{"n":1,"s":["x",null],"callbackURL":"`+s.URL+`","codeVerifier":"`) {
		t.Errorf("row = %v", row)
	}
}

func TestSocialInputs(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t)
	for _, tc := range []struct {
		name   string
		body   m
		status int
		answer string
	}{
		{"a provider is required", m{}, 400, `{"message":"[body.provider] Invalid input","code":"VALIDATION_ERROR"}`},
		{"a provider is a text", m{"provider": 5}, 400, `{"message":"[body.provider] Invalid input","code":"VALIDATION_ERROR"}`},
		{"a provider is known", m{"provider": "nope"}, 404, `{"message":"Provider not found","code":"PROVIDER_NOT_FOUND"}`},
		{"a password is no provider", m{"provider": "credential"}, 404, `{"message":"Provider not found","code":"PROVIDER_NOT_FOUND"}`},
		{
			"types",
			m{"provider": "fake", "additionalParams": []any{}, "additionalData": "x", "scopes": []any{1}, "idToken": m{}},
			400,
			`{"message":"[body.idToken.token] Invalid input: expected string, received undefined; [body.scopes.0] Invalid input: expected string, received number; [body.additionalParams] Invalid input: expected record, received array; [body.additionalData] Invalid input: expected record, received string","code":"VALIDATION_ERROR"}`,
		},
		{
			"reserved parameters",
			m{"provider": "fake", "additionalParams": m{"redirect_uri": "x"}},
			400,
			`{"message":"[body.additionalParams] additionalParams cannot include reserved OAuth parameters: state, client_id, redirect_uri, response_type, code_challenge, code_challenge_method, nonce, scope","code":"VALIDATION_ERROR"}`,
		},
		{"callback", m{"provider": "fake", "callbackURL": "https://evil.example"}, 403, `{"message":"Invalid callbackURL","code":"INVALID_CALLBACK_URL"}`},
		{"error callback", m{"provider": "fake", "errorCallbackURL": "//evil.example"}, 403, `{"message":"Invalid errorCallbackURL","code":"INVALID_ERROR_CALLBACK_URL"}`},
		{"new user callback", m{"provider": "fake", "newUserCallbackURL": "https://evil.example"}, 403, `{"message":"Invalid newUserCallbackURL","code":"INVALID_NEW_USER_CALLBACK_URL"}`},
	} {
		if got := s.Browser.Post("/sign-in/social", tc.body); got.Status != tc.status || got.Body != tc.answer {
			t.Errorf("%s: %d %s", tc.name, got.Status, got.Body)
		}
	}
	for _, key := range []string{
		"callbackURL", "codeVerifier", "errorURL", "newUserURL", "link", "serverContext", "expiresAt", "requestSignUp",
		"idTokenNonce", "oauthState", "__proto__",
	} {
		want(t, s.Browser.Post("/sign-in/social", m{"provider": "fake", "additionalData": m{key: "x"}}), 400, "VALIDATION_ERROR")
	}
	want(t, s.Browser.Post("/sign-in/social", m{"provider": "fake", "additionalData": m{"x": strings.Repeat("x", 9000)}}), 400, "VALIDATION_ERROR")
	if left := s.rows(t, identity.VerificationTable); len(left) > 0 {
		t.Errorf("rejected requests left %v", left)
	}
}

// TestCallbackErrors: every way a callback can fail takes the browser to the page
// for errors, and leaves no session and no row.
func TestCallbackErrors(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		provider string
		who      person
		spoil    func(s *socialServer, q url.Values)
		want     string
	}{
		{"the user says no", "fake", adaAtIDP(), func(_ *socialServer, q url.Values) {
			q.Set("error", "access_denied")
			q.Set("error_description", "No & <no>")
			q.Del("code")
		}, "/err?error=access_denied&error_description=No+%26+%3Cno%3E"},
		{"no code", "fake", adaAtIDP(), func(_ *socialServer, q url.Values) { q.Del("code") }, "/err?error=no_code"},
		{"a foreign code", "fake", adaAtIDP(), func(_ *socialServer, q url.Values) { q.Set("code", "x") }, "/err?error=invalid_code"},
		{"a service that is down", "fake", adaAtIDP(), func(s *socialServer, _ url.Values) {
			s.idp.set(func(i *idp) { i.down = true })
		}, "/err?error=invalid_code"},
		{"no state", "fake", adaAtIDP(), func(_ *socialServer, q url.Values) { q.Del("state") }, "error?error=state_not_found"},
		{"an empty state", "fake", adaAtIDP(), func(_ *socialServer, q url.Values) { q.Set("state", "") }, "error?error=state_not_found"},
		{"an unknown state", "fake", adaAtIDP(), func(_ *socialServer, q url.Values) {
			q.Set("state", strings.Repeat("x", 32))
		}, "error?error=state_mismatch"},
		{"a state that is none", "fake", adaAtIDP(), func(_ *socialServer, q url.Values) {
			q.Set("state", strings.Repeat("%", 5000))
		}, "error?error=state_mismatch"},
		{"a state that has expired", "fake", adaAtIDP(), func(s *socialServer, _ url.Values) {
			s.Clock.Advance(10*time.Minute + time.Second)
		}, "/err?error=state_mismatch"},
		{"another issuer", "oidc", adaAtIDP(), func(_ *socialServer, q url.Values) {
			q.Set("iss", "https://evil.example")
		}, "/err?error=issuer_mismatch"},
		{"no issuer where one is promised", "oidc", adaAtIDP(), func(_ *socialServer, q url.Values) {
			q.Set("iss", "")
		}, "/err?error=issuer_missing"},
		{"nobody", "fake", person{email: "ada@example.com", verified: true}, nil, "/err?error=unable_to_get_user_info"},
		{"an id that is none", "fake", person{sub: "null", email: "ada@example.com"}, nil, "/err?error=unable_to_get_user_info"},
		{"no address", "fake", person{sub: "ada-1"}, nil, "/err?error=email_not_found"},
		{"an address that is none", "fake", person{sub: "ada-1", email: "ada example"}, nil, "/err?error=email_not_found"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newSocialServer(t)
			b := s.Browser
			u := s.start(t, b, "/sign-in/social", m{"provider": tc.provider, "callbackURL": "/in", "errorCallbackURL": "/err"})
			q := s.idp.allow(u, tc.who)
			if tc.spoil != nil {
				tc.spoil(s, q)
			}
			location := tc.want
			if !strings.HasPrefix(location, "/") {
				location = s.URL + "/api/auth/" + location
			}
			wantLocation(t, s.back(b, tc.provider, q), location)
			s.idp.set(func(i *idp) { i.down = false })
			wantNobody(t, b)
			if users := s.rows(t, identity.UserTable); len(users) > 0 {
				t.Errorf("a user was made: %v", users)
			}
		})
	}
}

// TestErrorPages: the error URL of the configuration, and what errors add to URLs
// that have a query or a fragment.
func TestErrorPages(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t, func(c *lockstep.Config) { c.OnAPIError.ErrorURL = "https://app.example/oops?a=1#f" })
	wantLocation(t, s.Browser.Get("/callback/fake?code=x"), "https://app.example/oops?a=1&error=state_not_found#f")
	u := s.start(t, s.Browser, "/sign-in/social", m{"provider": "fake", "errorCallbackURL": s.URL + "/e?b=2#g"})
	q := s.idp.allow(u, adaAtIDP())
	q.Set("code", "x")
	wantLocation(t, s.back(s.Browser, "fake", q), s.URL+"/e?b=2&error=invalid_code#g")
	u = s.start(t, s.Browser, "/sign-in/social", m{"provider": "fake"})
	wantLocation(t, s.back(s.Browser, "fake", s.idp.allow(u, person{sub: "x"})), "https://app.example/oops?a=1&error=email_not_found#f")
}

func TestCallbackQuery(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t)
	got := s.Browser.Get("/callback/fake?code=a&code=b")
	if got.Status != 400 || got.Body != `{"message":"[query.code] Invalid input: expected string, received array","code":"VALIDATION_ERROR"}` {
		t.Errorf("got %d %s", got.Status, got.Body)
	}
	wantLocation(t, s.Browser.Get("/callback/fake?error=access_denied"), s.URL+"/api/auth/error?error=state_not_found")
}

// TestFormPost is OA-09: services that send the browser back with a form come
// from another site, whatever cookies the browser sends along.
func TestFormPost(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t)
	b := s.Browser
	u := s.start(t, b, "/sign-in/social", m{"provider": "fake", "callbackURL": "/in"})
	q := s.idp.allow(u, adaAtIDP())
	post := s.NewBrowser(t)
	post.Origin = "https://appleid.example"
	post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	post.Header.Set("Cookie", "other=1")
	post.Header.Set("Sec-Fetch-Site", "cross-site")
	post.Header.Set("Sec-Fetch-Mode", "navigate")
	got := post.PostRaw("/callback/fake?foo=1&iss=i", "state="+q.Get("state")+"&user=%7B%22a%22%7D&zz=1&code="+q.Get("code"))
	location := s.URL + "/api/auth/callback/fake?code=" + q.Get("code") + "&state=" + q.Get("state") + "&user=%7B%22a%22%7D&iss=i"
	wantLocation(t, got, location)
	if len(got.Cookies) > 0 {
		t.Errorf("cookies: %v", got.Cookies)
	}
	_, path, _ := strings.Cut(location, "/api/auth")
	wantLocation(t, b.Get(path), "/in")

	want(t, post.PostRaw("/callback/fake", "user="+strings.Repeat("x", 9000)), 413, "PAYLOAD_TOO_LARGE")
	wantLocation(t, post.PostRaw("/callback/fake", ""), s.URL+"/api/auth/callback/fake?")
	if got := b.Post("/callback/fake", m{"code": 1}); got.Body != `{"message":"[body.code] Invalid input: expected string, received number","code":"VALIDATION_ERROR"}` {
		t.Errorf("got %d %s", got.Status, got.Body)
	}
}
