package genericoauth_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/plugin"
	"github.com/lockstep-auth/lockstep/plugin/genericoauth"
)

type m = map[string]any

// A service answers requests by URL, without a network.
type service struct {
	answers map[string]any
	asked   atomic.Int64
	header  http.Header // of the last request
	body    string      // of the last request
}

func (s *service) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked.Add(1)
	s.header = r.Header
	if r.Body != nil {
		sent, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		s.body = string(sent)
	}
	answer, ok := s.answers[r.URL.String()]
	status := http.StatusOK
	if !ok {
		status, answer = http.StatusNotFound, m{}
	}
	body, err := json.Marshal(answer)
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(body)))}, err
}

// now is the time in these tests; it moves when told.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

// An env is what a provider needs to be used.
type env struct {
	client  *oauth.Client
	service *service
	clock   *clock
}

// start makes the plugin's only provider, ready to be used.
func start(t *testing.T, c genericoauth.Config, answers map[string]any) (plugin.Provider, env) {
	t.Helper()
	e := env{service: &service{answers: answers}, clock: &clock{time.Unix(1_790_000_000, 0)}}
	p := genericoauth.New(c)
	if err := p.Init(&plugin.Host{Now: e.clock.now}); err != nil {
		t.Fatal(err)
	}
	var err error
	if e.client, err = oauth.New(oauth.Config{Now: e.clock.now, Transport: e.service}); err != nil {
		t.Fatal(err)
	}
	return p.Providers[0], e
}

const discovery = "https://id.example/.well-known/openid-configuration"

func document(more m) m {
	d := m{
		"issuer": "https://id.example", "authorization_endpoint": "https://id.example/a?x=1", "token_endpoint": "https://id.example/t",
		"userinfo_endpoint": "https://id.example/u", "jwks_uri": "https://id.example/k", "end_session_endpoint": "https://id.example/out",
		"id_token_signing_alg_values_supported": []string{"HS256", "ES256", "none"},
	}
	maps.Copy(d, more)
	return d
}

func config() genericoauth.Config {
	return genericoauth.Config{ProviderID: "id", ClientID: "client", ClientSecret: "secret", DiscoveryURL: discovery}
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	c := config()
	c.Scopes = []string{"email"}
	c.DiscoveryHeaders = map[string]string{"Epic-Client-ID": "7"}
	c.AuthorizationURLParams = oauth.Params{{Name: "audience", Value: "api"}, {Name: "state", Value: "evil"}}
	provider, e := start(t, c, map[string]any{discovery: document(m{"authorization_response_iss_parameter_supported": true})})
	for range 3 {
		p, err := provider.Describe(t.Context(), e.client)
		if err != nil {
			t.Fatal(err)
		}
		if p.TokenURL != "https://id.example/t" || p.UserInfoURL != "https://id.example/u" || p.IDToken.JWKSURL != "https://id.example/k" ||
			strings.Join(p.IDToken.Algorithms, " ") != "ES256" || p.Issuer != "https://id.example" || !p.SendNonce || !p.RequireIssuer {
			t.Errorf("got %#v", p.IDToken)
		}
		u, err := p.AuthorizationURL(oauth.AuthorizationRequest{
			State: "s", Verifier: "v", Nonce: "n", RedirectURI: "https://app.example/cb", Scopes: []string{"more"}, LoginHint: "ada",
		})
		want := "https://id.example/a?x=1&response_type=code&client_id=client&state=s&scope=openid+more+email&redirect_uri=https%3A%2F%2Fapp.example%2Fcb" +
			"&login_hint=ada&nonce=n&code_challenge_method=S256&code_challenge=" + oauth.Challenge("v") + "&audience=api"
		if err != nil || u != want {
			t.Errorf("got  %s\nwant %s (%v)", u, want, err)
		}
	}
	if n := e.service.asked.Load(); n != 1 || e.service.header.Get("Epic-Client-ID") != "7" {
		t.Errorf("asked %d times, with %v", n, e.service.header)
	}
}

// TestDiscoveryFails: a service that cannot be asked is unavailable, is left alone
// for a while, and then asked again.
func TestDiscoveryFails(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]any{
		"nothing": nil, "no endpoints": m{"issuer": "https://id.example"}, "a list": []string{"x"},
		"weak algorithms only":       document(m{"id_token_signing_alg_values_supported": []string{"none", "HS256"}}),
		"an endpoint that is no URL": document(m{"token_endpoint": "javascript:alert(1)"}),
		"keys that are no URL":       document(m{"jwks_uri": "file:///etc/passwd"}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answers := map[string]any{}
			if answer != nil {
				answers[discovery] = answer
			}
			provider, e := start(t, config(), answers)
			for range 3 {
				if _, err := provider.Describe(t.Context(), e.client); err == nil {
					t.Fatal("it is available")
				}
			}
			if n := e.service.asked.Load(); n != 1 {
				t.Errorf("asked %d times at once", n)
			}
			answers[discovery] = document(nil)
			e.clock.at = e.clock.at.Add(6 * time.Second)
			if _, err := provider.Describe(t.Context(), e.client); err != nil {
				t.Errorf("still unavailable: %v", err)
			}
		})
	}
}

// TestCancelledRequest: one browser that gives up does not fail the others.
func TestCancelledRequest(t *testing.T) {
	t.Parallel()
	provider, e := start(t, config(), map[string]any{discovery: document(nil)})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := provider.Describe(ctx, e.client); err != nil {
		t.Error(err)
	}
}

func TestOptionsThatCannotWork(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		config genericoauth.Config
		want   string
	}{
		{"no id", genericoauth.Config{ClientID: "c", DiscoveryURL: discovery}, "ID"},
		{"no client id", genericoauth.Config{ProviderID: "x", DiscoveryURL: discovery}, "client id"},
		{"no URLs", genericoauth.Config{ProviderID: "x", ClientID: "c"}, "authorization URL"},
		{"a discovery URL that is none", genericoauth.Config{ProviderID: "x", ClientID: "c", DiscoveryURL: "id.example"}, "discovery URL"},
		{"a method without its secret", func() genericoauth.Config {
			c := config()
			c.ClientSecret, c.TokenEndpointAuth = "", oauth.AuthBasic
			return c
		}(), "secret"},
		{"a secret without its method", func() genericoauth.Config {
			c := config()
			c.TokenEndpointAuth = oauth.AuthNone
			return c
		}(), "secret"},
		{"nothing to verify id tokens with", genericoauth.Config{
			ProviderID: "x", ClientID: "c", AuthorizationURL: "https://a.example", TokenURL: "https://a.example", RequireIDTokenVerification: true,
		}, "verified"},
		{"Auth0 without a domain", genericoauth.Auth0(genericoauth.Options{ClientID: "c"}), "Domain"},
		{"Okta without an issuer", genericoauth.Okta(genericoauth.Options{ClientID: "c"}), "Issuer"},
		{"Entra ID for all tenants", genericoauth.MicrosoftEntraID(genericoauth.Options{ClientID: "c", TenantID: "common"}), "tenant"},
	} {
		err := genericoauth.New(tc.config).Init(&plugin.Host{Now: time.Now})
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v does not say %q", tc.name, err, tc.want)
		}
	}
}

// TestRequireIDTokenVerification: discovery without keys does not weaken what the
// options ask for.
func TestRequireIDTokenVerification(t *testing.T) {
	t.Parallel()
	for _, required := range []bool{true, false} {
		c := config()
		c.RequireIDTokenVerification = required
		provider, e := start(t, c, map[string]any{discovery: document(m{"jwks_uri": nil})})
		if _, err := provider.Describe(t.Context(), e.client); (err != nil) != required {
			t.Errorf("required %v: %v", required, err)
		}
	}
}

func TestLogout(t *testing.T) {
	t.Parallel()
	const base = "https://app.example/api/auth"
	for _, tc := range []struct {
		name   string
		change func(*genericoauth.Config)
		logout plugin.Logout
		want   string
	}{
		{
			"with all", nil,
			plugin.Logout{IDToken: "t", CallbackURL: "https://app.example/bye", State: "s"},
			"https://id.example/out?id_token_hint=t&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye&client_id=client&state=s",
		},
		{"with nothing", nil, plugin.Logout{State: "s"}, "https://id.example/out?client_id=client"},
		{"with an id token only", nil, plugin.Logout{IDToken: "t"}, "https://id.example/out?id_token_hint=t"},
		{
			"back to where the options say", func(c *genericoauth.Config) { c.PostLogoutRedirectURI = "/bye" },
			plugin.Logout{},
			"https://id.example/out?post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye&client_id=client",
		},
		{
			"at an endpoint of the options", func(c *genericoauth.Config) { c.EndSessionEndpoint = "https://other.example/out?a=b" },
			plugin.Logout{},
			"https://other.example/out?a=b&client_id=client",
		},
	} {
		c := config()
		if tc.change != nil {
			tc.change(&c)
		}
		provider, e := start(t, c, map[string]any{discovery: document(nil)})
		tc.logout.BaseURL = base
		if got, err := provider.Logout(t.Context(), e.client, tc.logout); err != nil || got != tc.want {
			t.Errorf("%s: got %s, want %s (%v)", tc.name, got, tc.want, err)
		}
	}
	c := config()
	c.DisableProviderLogout = true
	if genericoauth.New(c).Providers[0].Logout != nil {
		t.Error("logout although it is switched off")
	}
}

// idToken is a token that nobody checks the signature of: it comes straight from
// the token endpoint of a service without keys.
func idToken(claims m, k *clock) string {
	claims["iss"], claims["aud"], claims["iat"], claims["exp"] = "https://id.example", "client", k.at.Unix(), k.at.Unix()+600
	payload, _ := json.Marshal(claims)
	return strings.Join([]string{base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256"}`)), base64.RawURLEncoding.EncodeToString(payload), "c2ln"}, ".")
}

// TestSubjects: which of a user's ids counts, by where it comes from.
func TestSubjects(t *testing.T) {
	t.Parallel()
	plain := genericoauth.Config{
		ProviderID: "id", ClientID: "client", AuthorizationURL: "https://id.example/a", TokenURL: "https://id.example/t", UserInfoURL: "https://id.example/u",
	}
	own := plain
	own.AccountSubject = func(c oauth.Claims) string { return c.Text("email") + "!" }
	for _, tc := range []struct {
		name    string
		config  genericoauth.Config
		idToken m
		info    m
		want    string // "" fails
	}{
		{"plain OAuth: id", plain, nil, m{"id": 7, "sub": "s", "email": "a@b.co"}, "7"},
		{"plain OAuth without an id: sub", plain, nil, m{"sub": "s"}, "s"},
		{"plain OAuth without both", plain, nil, m{"email": "a@b.co"}, ""},
		{"an id token with an address", plain, m{"sub": "s", "email": "a@b.co"}, nil, "s"},
		{"an id token without one", plain, m{"sub": "s"}, m{"sub": "s", "id": "7", "email": "a@b.co"}, "7"},
		{"an id token about somebody else", plain, m{"sub": "s"}, m{"sub": "t", "email": "a@b.co"}, ""},
		{"of one's own", own, nil, m{"id": "7", "email": "a@b.co"}, "a@b.co!"},
	} {
		answers := map[string]any{}
		if tc.info != nil {
			answers["https://id.example/u"] = tc.info
		}
		provider, e := start(t, tc.config, answers)
		p, err := provider.Describe(t.Context(), e.client)
		if err != nil {
			t.Fatal(err)
		}
		tokens := oauth.Tokens{AccessToken: "a"}
		if tc.idToken != nil {
			tokens.IDToken = idToken(tc.idToken, e.clock)
		}
		got, err := e.client.User(t.Context(), p, tokens, oauth.UserRequest{})
		if got.Subject != tc.want || (err != nil) != (tc.want == "") {
			t.Errorf("%s: %q, %v", tc.name, got.Subject, err)
		}
	}
}

// TestPresets holds the ready-made services against upstream's
// (generic-oauth/providers): where they are, and what of a user they tell.
func TestPresets(t *testing.T) {
	t.Parallel()
	o := genericoauth.Options{
		ClientID: "client", ClientSecret: "secret", Domain: "tenant.eu.auth0.com", Issuer: "https://id.example/", TenantID: "00000000-0000-0000-0000-00000000000A",
	}
	openid := m{"sub": "s", "name": "N", "email": "e@x.co", "email_verified": true, "picture": "p"}
	for _, tc := range []struct {
		config                genericoauth.Config
		id, discovery, token  string
		scopes, userInfo      string
		info                  m
		wantSubject, wantUser string
	}{
		{genericoauth.Auth0(o), "auth0", "https://tenant.eu.auth0.com/.well-known/openid-configuration", "", "openid profile email", "", nil, "", ""},
		{genericoauth.Keycloak(o), "keycloak", discovery, "", "openid profile email", "", nil, "", ""},
		{genericoauth.Okta(o), "okta", discovery, "", "openid profile email", "", nil, "", ""},
		{
			genericoauth.MicrosoftEntraID(o), "microsoft-entra-id",
			"https://login.microsoftonline.com/00000000-0000-0000-0000-00000000000a/v2.0/.well-known/openid-configuration",
			"https://login.microsoftonline.com/00000000-0000-0000-0000-00000000000a/oauth2/v2.0/token", "openid profile email", "", nil, "", "",
		},
		{
			genericoauth.Slack(o), "slack", "", "https://slack.com/api/openid.connect.token", "openid profile email",
			"https://slack.com/api/openid.connect.userInfo", openid, "s", "N e@x.co true p",
		},
		{
			genericoauth.Line(o), "line", "", "https://api.line.me/oauth2/v2.1/token", "openid profile email",
			"https://api.line.me/oauth2/v2.1/userinfo", openid, "s", "N e@x.co false p",
		},
		{
			genericoauth.Gumroad(o), "gumroad", "", "https://api.gumroad.com/oauth/token", "view_profile", "https://api.gumroad.com/v2/user",
			m{"success": true, "user": m{"user_id": "g", "name": "N", "email": "e@x.co", "profile_url": "p"}},
			"g", "N e@x.co false p",
		},
		{
			genericoauth.HubSpot(o), "hubspot", "", "https://api.hubapi.com/oauth/v1/token", "oauth",
			"https://api.hubapi.com/oauth/v1/access-tokens/a%2Ft",
			m{"user_id": 5, "user": "e@x.co"},
			"5", "e@x.co e@x.co false ",
		},
		{
			genericoauth.Patreon(o), "patreon", "", "https://www.patreon.com/api/oauth2/token", "identity[email]",
			"https://www.patreon.com/api/oauth2/v2/identity?fields%5Buser%5D=email,full_name,image_url,is_email_verified",
			m{"data": m{"id": "9", "attributes": m{"full_name": "N", "email": "e@x.co", "image_url": "p", "is_email_verified": true}}},
			"9", "N e@x.co true p",
		},
		{
			genericoauth.Yandex(o), "yandex", "", "https://oauth.yandex.com/token", "login:info login:email login:avatar",
			"https://login.yandex.ru/info?format=json",
			m{"id": "y", "real_name": "N", "emails": []string{"e@x.co"}, "default_avatar_id": "1/2"},
			"y",
			"N e@x.co false https://avatars.yandex.net/get-yapic/1/2/islands-200",
		},
	} {
		c := tc.config
		if c.ProviderID != tc.id || c.DiscoveryURL != tc.discovery || c.TokenURL != tc.token || strings.Join(c.Scopes, " ") != tc.scopes {
			t.Errorf("%s: %s, %s, %v", c.ProviderID, c.DiscoveryURL, c.TokenURL, c.Scopes)
		}
		if tc.info == nil {
			if err := genericoauth.New(c).Init(&plugin.Host{Now: time.Now}); err != nil {
				t.Error(err)
			}
			continue
		}
		provider, e := start(t, c, map[string]any{tc.userInfo: tc.info})
		p, err := provider.Describe(t.Context(), e.client)
		if err != nil {
			t.Fatal(err)
		}
		u, err := e.client.User(t.Context(), p, oauth.Tokens{AccessToken: "a/t"}, oauth.UserRequest{})
		if got := fmt.Sprintf("%s %s %v %s", u.Name, u.Email, u.EmailVerified, u.Image); err != nil || u.Subject != tc.wantSubject || got != tc.wantUser {
			t.Errorf("%s: %s: %s (%v)", tc.id, u.Subject, got, err)
		}
	}
}

// TestEntraID: the id token says who it is, and user info adds what it lacks, if it
// is about the same user.
func TestEntraID(t *testing.T) {
	t.Parallel()
	c := genericoauth.MicrosoftEntraID(genericoauth.Options{ClientID: "client", ClientSecret: "s", TenantID: "00000000-0000-0000-0000-00000000000a"})
	c.RequireIDTokenVerification = false // the signature is the business of package oauth
	for _, tc := range []struct {
		name          string
		idToken, info m
		want          string
	}{
		{"all in the id token", m{"sub": "s", "oid": "o-1", "name": "N", "email": "e@x.co", "email_verified": true}, nil, "o-1 N e@x.co true"},
		{"no verdict on the address", m{"sub": "s", "oid": "o-1", "email": "e@x.co"}, nil, "o-1  e@x.co false"},
		{"user info", m{"sub": "s", "oid": "o-1"}, m{"sub": "s", "givenname": "A", "familyname": "B", "email": "e@x.co", "email_verified": true}, "o-1 A B e@x.co true"},
		{"user info of somebody else", m{"sub": "s", "oid": "o-1"}, m{"sub": "t", "email": "e@x.co"}, "o-1  o-1@microsoft-entra-id.placeholder.invalid false"},
		{"no address", m{"sub": "s", "oid": "o-1", "email_verified": true}, nil, "o-1  o-1@microsoft-entra-id.placeholder.invalid false"},
		{"no oid", m{"sub": "s", "email": "e@x.co"}, nil, ""},
		{"an oid that is none", m{"sub": "s", "oid": "a@evil.example", "email": "e@x.co"}, nil, ""},
	} {
		answers := map[string]any{c.DiscoveryURL: document(m{"jwks_uri": nil})}
		if tc.info != nil {
			answers["https://graph.microsoft.com/oidc/userinfo"] = tc.info
		}
		provider, e := start(t, c, answers)
		p, err := provider.Describe(t.Context(), e.client)
		if err != nil {
			t.Fatal(err)
		}
		u, err := e.client.User(t.Context(), p, oauth.Tokens{AccessToken: "a", IDToken: idToken(tc.idToken, e.clock)}, oauth.UserRequest{})
		if tc.want == "" {
			if _, ok := errors.AsType[*oauth.Error](err); !ok {
				t.Errorf("%s: %v", tc.name, err)
			}
			continue
		}
		if got := fmt.Sprintf("%s %s %s %v", u.Subject, u.Name, u.Email, u.EmailVerified); err != nil || got != tc.want {
			t.Errorf("%s: got %q, want %q (%v)", tc.name, got, tc.want, err)
		}
	}
}

// TestSecretsDoNotPrint: a Config and the options hold a secret.
func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	for _, v := range []any{config(), genericoauth.Options{ClientSecret: "secret"}} {
		for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
			if got := fmt.Sprintf(format, v); strings.Contains(got, "secret") {
				t.Errorf("%s prints %s", format, got)
			}
		}
	}
}

// FuzzDiscovery: whatever a service says of itself, what comes of it can be used
// or is an error.
func FuzzDiscovery(f *testing.F) {
	seed, _ := json.Marshal(document(nil))
	f.Add(string(seed))
	f.Add(`{"issuer":"x","authorization_endpoint":"https://a/","token_endpoint":"http://b:99999"}`)
	f.Fuzz(func(t *testing.T, text string) {
		if !json.Valid([]byte(text)) {
			return
		}
		provider, e := start(t, config(), map[string]any{discovery: json.RawMessage(text)})
		p, err := provider.Describe(t.Context(), e.client)
		if err != nil {
			return
		}
		u, err := p.AuthorizationURL(oauth.AuthorizationRequest{State: "s", Verifier: "v", Nonce: "n", RedirectURI: "https://app.example/cb"})
		if err != nil {
			return
		}
		parsed, err := url.Parse(u)
		if err != nil || parsed.Scheme != "https" && parsed.Scheme != "http" || parsed.Query().Get("state") != "s" {
			t.Errorf("%s leads to %s", text, u)
		}
		for _, algorithm := range p.IDToken.Algorithms {
			if strings.HasPrefix(algorithm, "HS") || strings.EqualFold(algorithm, "none") {
				t.Errorf("%s is believed", algorithm)
			}
		}
	})
}
