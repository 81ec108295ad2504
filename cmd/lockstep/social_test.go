package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSocialProvidersThatLackSomething protects that each is named with what it
// lacks, by every command that serves, and stops none that only looks at tables.
func TestSocialProvidersThatLackSomething(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", settings+`
socialProviders:
  github: {}
  google: {clientId: a}
  cognito: {clientId: a, clientSecret: canary}
  apple: {clientId: a, privateKey: canary, keyId: k}
  discord: {enabled: false}
  line: {clientId: a, clientSecret: canary, tokenEndpoint: "ftp://canary", userInfoEndpoint: "/canary"}
  twitter: {clientId: a, clientSecret: canary}
  spotify: {clientId: a, clientSecret: canary, tokenEndpoint: "http://spotify.example/canary"}
  zoom: {clientId: a, clientSecret: canary, userInfoEndpoint: "https://localhost/canary"}
`)
	want := []string{
		"lockstep: socialProviders.github has no client id: set GITHUB_CLIENT_ID, or socialProviders.github.clientId",
		"lockstep: socialProviders.google has no client secret: set GOOGLE_CLIENT_SECRET, or socialProviders.google.clientSecret",
		"lockstep: socialProviders.cognito: domain, region and userPoolId are required",
		"lockstep: socialProviders.apple: the team id or the key id is missing",
		"lockstep: socialProviders.line: the token URL: not a plain absolute http or https URL",
		"lockstep: socialProviders.line: the user info URL: not a plain absolute http or https URL",
		"lockstep: socialProviders.spotify: the token URL: plain http is refused: InsecureAllowPrivateNetworks permits it",
		"lockstep: socialProviders.zoom: the user info URL: private networks are refused: InsecureAllowPrivateNetworks permits them",
	}
	for _, args := range [][]string{{"serve", "--addr", "127.0.0.1:0"}, {"dev", "--addr", "127.0.0.1:0"}, {"config", "check"}} {
		got := lockstep(t, dir, nil, args...)
		if diff := cmp.Diff(strings.Split(strings.TrimSpace(got.stderr), "\n"), want); diff != "" || got.code != 1 {
			t.Errorf("%v: exit code %d; got -, want +:\n%s", args, got.code, diff)
		}
	}
	if got := lockstep(t, dir, nil, "migrate"); got.code != 0 {
		t.Errorf("migrate: got exit code %d and\n%s", got.code, got.stderr)
	}
}

// TestTrustInAProviderThatIsNotThere is most likely a slip of the pen.
func TestTrustInAProviderThatIsNotThere(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", settings+`
account: {accountLinking: {trustedProviders: [github, keycloak, email-password, githb]}}
socialProviders: {github: {clientId: a, clientSecret: canary}}
plugins: [genericOAuth: {config: [keycloak: {clientId: a, clientSecret: canary, issuer: "https://id.example"}]}]
`)
	got := lockstep(t, dir, nil, "config", "check")
	if got.code != 0 || strings.Count(got.stderr, "provider=") != 1 || !strings.Contains(got.stderr, "provider=githb") {
		t.Errorf("got exit code %d and\n%swant a warning about githb only", got.code, got.stderr)
	}
}

func TestConfigCheckShowsSocialProviders(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", settings+"socialProviders: {slack: {clientId: b, clientSecret: canary}, github: {clientId: a, scope: [repo]}}\n")
	got := lockstep(t, dir, nil, "config", "check")
	want := "socialProviders:\n  slack:\n    clientSecret: '[redacted]'\n    clientId: b\n  github:\n    scope: [repo]\n    clientId: a\n"
	if got.code != 0 || !strings.HasSuffix(got.stdout, want) || strings.Contains(got.stdout+got.stderr, "canary") {
		t.Errorf("got exit code %d and\n%swant at its end\n%s", got.code, got.stdout, want)
	}
	if !strings.Contains(got.stderr, "no client secret") || strings.Count(got.stderr, "provider=") != 1 {
		t.Errorf("got %swant a warning about github", got.stderr)
	}
}

// newService stands in for GitHub, and for a service with OpenID Connect
// discovery, whose applications are known by id and secret.
func newService(t *testing.T, clientID, secret string) *httptest.Server {
	t.Helper()
	answer := func(w http.ResponseWriter, value any) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(value); err != nil {
			t.Error(err)
		}
	}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("client_id") != clientID || r.FormValue("client_secret") != secret || r.FormValue("code") != "the-code" {
			http.Error(w, "{}", http.StatusUnauthorized)
			return
		}
		answer(w, map[string]any{"access_token": "access", "token_type": "bearer"})
	})
	mux.HandleFunc("GET /user", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"id": 7, "login": "ada", "email": "ada@example.com", "email_verified": true, "name": "Ada"})
	})
	mux.HandleFunc("GET /user/emails", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, []any{map[string]any{"email": "ada@example.com", "primary": true, "verified": true}})
	})
	mux.HandleFunc("GET /realm/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{
			"issuer": server.URL + "/realm", "authorization_endpoint": server.URL + "/authorize", "token_endpoint": server.URL + "/token",
			"userinfo_endpoint": server.URL + "/user",
		})
	})
	return server
}

// TestServeSignsInWithServices is the way of a browser through a service of the
// file, with its secret.
func TestServeSignsInWithServices(t *testing.T) {
	service := newService(t, "app", "canary")
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", settings+fmt.Sprintf(`
oauth: {insecureAllowPrivateNetworks: true}
account: {storeStateStrategy: cookie}
socialProviders:
  github: {clientId: app, clientSecret: canary, authorizationEndpoint: %[1]s/authorize, tokenEndpoint: %[1]s/token, userInfoEndpoint: %[1]s/user}
plugins:
  - genericOAuth: {config: [keycloak: {clientId: app, clientSecret: canary, issuer: %[1]s/realm}]}
`, service.URL))
	p := serve(t, dir)
	for _, provider := range []string{"github", "keycloak"} {
		if name := p.signInWith(t, provider, service.URL); name != "Ada" {
			t.Errorf("%s: got user %q, want Ada", provider, name)
		}
	}
	log := p.stderr.String()
	if !strings.Contains(log, `"providers":["keycloak","github"]`) || !strings.Contains(log, "oauth.insecureAllowPrivateNetworks is on") {
		t.Errorf("got %s\nwant the services, and a warning about the network", log)
	}
	if strings.Contains(log, "canary") {
		t.Errorf("a secret is in the log:\n%s", log)
	}
}

// signInWith goes to a service and back, and returns the name of the user.
func (p *process) signInWith(t *testing.T, provider, service string) string {
	t.Helper()
	const origin = "https://auth.example.com"
	away := p.send(t, http.MethodPost, "/api/auth/sign-in/social", fmt.Sprintf(`{"provider":%q,"callbackURL":"/in"}`, provider), "Origin", origin)
	var to struct {
		URL string `json:"url"`
	}
	if err := json.Unmarshal([]byte(away.body), &to); err != nil || !strings.HasPrefix(to.URL, service+"/authorize?") {
		t.Fatalf("got %d %s (%v), want the URL of the service", away.status, away.body, err)
	}
	u, err := url.Parse(to.URL)
	if err != nil {
		t.Fatal(err)
	}
	query := url.Values{"code": {"the-code"}, "state": {u.Query().Get("state")}}
	back := p.send(t, http.MethodGet, "/api/auth/callback/"+provider+"?"+query.Encode(), "", "Cookie", cookies(away))
	if back.status != http.StatusFound || back.header.Get("Location") != "/in" {
		t.Fatalf("got %d to %s, want a redirect into the application:\n%s", back.status, back.header.Get("Location"), p.stderr)
	}
	var session struct {
		User struct {
			Name string `json:"name"`
		} `json:"user"`
	}
	got := p.send(t, http.MethodGet, "/api/auth/get-session", "", "Cookie", cookies(back))
	if err := json.Unmarshal([]byte(got.body), &session); err != nil {
		t.Fatal(err)
	}
	return session.User.Name
}

// cookies returns what a browser sends back of the cookies of an answer.
func cookies(r reply) string {
	var pairs []string
	for _, line := range r.header.Values("Set-Cookie") {
		pair, _, _ := strings.Cut(line, ";")
		pairs = append(pairs, pair)
	}
	return strings.Join(pairs, "; ")
}
