package file_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	lockstep "github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/oauth"
)

func TestPlugins(t *testing.T) {
	s, err := file.Parse("lockstep.yaml", []byte("plugins: [jwt, bearer: {}, convex: ]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(s.Plugins); got != "[jwt bearer convex]" {
		t.Errorf("got %s, want the order of the file", got)
	}
	if !s.HasPlugin("convex") || s.HasPlugin("genericOAuth") {
		t.Error("got another plugin than those of the file")
	}
	made, err := file.NewPlugins(s.Plugins)
	if err != nil || len(made) != 3 || made[0].ID != "jwt" || made[1].ID != "bearer" || made[2].ID != "convex" {
		t.Errorf("got %v, %v", made, err)
	}
	printed, err := s.YAML()
	if err != nil || string(printed) != "plugins: [jwt, bearer, convex]\n" {
		t.Errorf("got %q, %v, want the same list", printed, err)
	}
}

func TestPluginErrors(t *testing.T) {
	const names = "is not the name of a plugin that a file can have: there is bearer, convex, genericOAuth, jwt"
	tests := []struct{ name, text, want string }{
		{"no list", "plugins: convex\n", "1: plugins must be a list, not text"},
		{"a name that there is not", "plugins: [convx]\n", "1: plugins[0] " + names},
		{"options of one that there is not", "plugins: [{convx: {}}]\n", "1: plugins[0] " + names},
		{"a plugin twice", "plugins:\n- jwt\n- jwt: {}\n", "3: plugins[1] is there twice"},
		{"no text", "plugins: [1]\n", "1: plugins[0] must be text, not a number (put it in quotes)"},
		{"options that are not indented", "plugins:\n- jwt:\n  jwks: {}\n", "2: plugins[0] must be one name, with its options indented below it"},
		{"options that are none", "plugins: [{jwt: on}]\n", "1: plugins[0].jwt must be a section of options, not text"},
		{
			"an option that is misspelt", "plugins:\n- jwt:\n    jwks: {rotationinterval: 1}\n",
			"3: unknown option plugins[0].jwt.jwks.rotationinterval: did you mean plugins[0].jwt.jwks.rotationInterval?",
		},
		{
			"functions", "plugins: [{jwt: {jwt: {definePayload: x}}}]\n",
			"1: option plugins[0].jwt.jwt.definePayload is code: set it in a Go program, with lockstep.Config",
		},
		{
			"later options", "plugins: [{jwt: {jwks: {remoteUrl: x}}}]\n",
			"1: option plugins[0].jwt.jwks.remoteUrl is not supported yet by this version of Lockstep",
		},
		{
			"a moment as a time span", "plugins: [{jwt: {jwt: {expirationTime: 900}}}]\n",
			`1: plugins[0].jwt.jwt.expirationTime must be a time span, such as "15m", "1 hour" or "7 days"`,
		},
		{"no services", "plugins: [genericOAuth]\n", "1: plugins[0].genericOAuth needs a list of services: config"},
		{
			"a service without an id", "plugins: [{genericOAuth: {config: [{clientId: x}]}}]\n",
			"1: plugins[0].genericOAuth.config[0].providerId is missing, or the name of a ready-made service around the rest: " +
				"auth0, gumroad, hubspot, keycloak, line, microsoftEntraId, okta, patreon, slack, yandex",
		},
		{
			"an option of another ready-made service", "plugins: [{genericOAuth: {config: [keycloak: {discoveryUrl: x}]}}]\n",
			"1: unknown option plugins[0].genericOAuth.config[0].keycloak.discoveryUrl: there is clientId, clientSecret, disableImplicitSignUp, " +
				"disableProviderLogout, disableSignUp, domain, endSessionEndpoint, issuer, overrideUserInfo, pkce, postLogoutRedirectURI, " +
				"providerId, redirectURI, scopes, tenantId, tokenEndpointAuth",
		},
		{
			"functions of a service", "plugins: [{genericOAuth: {config: [{providerId: x, getUserInfo: x}]}}]\n",
			"1: option plugins[0].genericOAuth.config[0].getUserInfo is code: set it in a Go program, with lockstep.Config",
		},
		{
			"another authentication", "plugins: [{genericOAuth: {config: [{providerId: x, authentication: digest}]}}]\n",
			"1: plugins[0].genericOAuth.config[0].authentication must be basic or post",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := file.Parse("lockstep.yaml", []byte(tt.text))
			if err == nil || err.Error() != "lockstep.yaml:"+tt.want || s != nil {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

// TestPluginOptions protects that options reach the plugins: those that cannot
// work are refused when the plugins are made or start.
func TestPluginOptions(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"a curve", "jwt: {jwks: {keyPairConfig: {alg: ES256, crv: Ed25519}}}", "plugin jwt: jwks.keyPairConfig.crv must be Ed25519, with the alg EdDSA"},
		{"an algorithm", "jwt: {jwks: {keyPairConfig: {alg: HS256}}}", `"HS256"`},
		{"the size of keys", "jwt: {jwks: {keyPairConfig: {alg: RS256, modulusLength: 512}}}", "512"},
		{"the path of the keys", "jwt: {jwks: {jwksPath: keys}}", `JWKSPath "keys"`},
		{"how long tokens are good", "jwt: {jwt: {expirationTime: 0.5s}}", "ExpirationTime must be at least a second"},
		{"an algorithm for Convex", "convex: {algorithm: ES256}", "the only values of Algorithm are RS256 and EdDSA"},
		{"an issuer for Convex", "convex: {issuer: 'https://a/'}", "without a slash at the end"},
		{"how long tokens for Convex are good", "convex: {jwt: {expirationSeconds: 0.5}}", "ExpirationTime must be at least a second"},
		{"a key that is none", "genericOAuth: {config: [{providerId: x, tokenEndpointAuth: {privateKeyPem: canary}}]}", "config[0]: the private key is no PEM"},
		{"a ready-made service", "genericOAuth: {config: [keycloak: {clientId: x}]}", "provider keycloak: an Issuer is required"},
		{"a method without its secret", "genericOAuth: {config: [{providerId: x, clientId: c, discoveryUrl: 'https://a', authentication: basic}]}", "needs a client secret"},
		{
			"another method without its secret",
			"genericOAuth: {config: [keycloak: {clientId: c, issuer: 'https://a', tokenEndpointAuth: {method: client_secret_basic}}]}", "needs a client secret",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := file.Parse("lockstep.yaml", []byte("plugins: [{"+tt.text+"}]"))
			if err != nil {
				t.Fatal(err)
			}
			plugins, err := file.NewPlugins(s.Plugins)
			if err == nil {
				_, err = lockstep.New(lockstep.Config{BaseURL: "https://a", Secret: strings.Repeat("s", 40), Plugins: plugins})
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "canary") {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestGenericServices(t *testing.T) {
	s, err := file.Parse("lockstep.yaml", []byte(`
plugins:
  - genericOAuth:
      config:
        - providerId: shop
          name: Shop
          clientId: c
          clientSecret: s
          authorizationUrl: https://shop.example.com/a
          tokenUrl: https://shop.example.com/t
          userInfoUrl: https://shop.example.com/u
          scopes: [a, b]
          pkce: false
          accessTokenExpiresIn: 60
          authorizationUrlParams: {z: "1", audience: api}
          tokenEndpointAuth: {method: client_secret_basic}
        - keycloak: {providerId: staff, clientId: c, issuer: https://id.example.com/realms/main}
`))
	if err != nil {
		t.Fatal(err)
	}
	plugins, err := file.NewPlugins(s.Plugins)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, p := range plugins[0].Providers {
		ids = append(ids, p.ID+" "+p.Name)
	}
	if diff := cmp.Diff(ids, []string{"shop Shop", "staff Keycloak"}); diff != "" {
		t.Fatalf("got -, want +:\n%s", diff)
	}
	client, err := oauth.New(oauth.Config{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	shop, err := plugins[0].Providers[0].Describe(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	if !shop.NoPKCE || shop.Auth != oauth.AuthBasic || shop.AccessTokenLifetime != time.Minute || shop.ClientSecret != "s" {
		t.Errorf("got PKCE %v, %s, lifetime %v", !shop.NoPKCE, shop.Auth, shop.AccessTokenLifetime)
	}
	if diff := cmp.Diff(shop.Params, oauth.Params{{Name: "z", Value: "1"}, {Name: "audience", Value: "api"}}); diff != "" {
		t.Errorf("parameters, in the order of the file: got -, want +:\n%s", diff)
	}
}

// TestPluginYAML protects that what is printed says the same as what was read,
// but for secrets.
func TestPluginYAML(t *testing.T) {
	const text = `plugins:
- bearer:
    requireSignature: false
- jwt:
    jwks:
      keyPairConfig:
        alg: EdDSA
        crv: Ed25519
        modulusLength: 3072
      disablePrivateKeyEncryption: true
      rotationInterval: 2592000
      gracePeriod: 60
      jwksPath: /keys
    jwt:
      issuer: https://a
      audience: ['https://a', 'https://b']
      expirationTime: 900s
    disableSettingJwtHeader: true
- genericOAuth:
    config:
    - providerId: shop
      name: Shop
      clientId: c
      clientSecret: canary
      discoveryUrl: https://a/d
      discoveryHeaders:
        X-Key: canary
      authorizationUrl: https://a/a
      tokenUrl: https://a/t
      userInfoUrl: https://a/u
      endSessionEndpoint: https://a/e
      postLogoutRedirectURI: /bye
      disableProviderLogout: true
      redirectURI: https://a/r
      scopes: [b, a]
      responseType: code
      responseMode: form_post
      prompt: login
      accessType: offline
      accessTokenExpiresIn: 60
      authorizationUrlParams:
        z: y
        a: x
      tokenUrlParams:
        b: canary
      refreshTokenParams:
        c: canary
      authorizationHeaders:
        X-Token: canary
      requireIdTokenVerification: true
      disableIdTokenNonceBinding: true
      allowIdpInitiated: true
      disableImplicitSignUp: true
      disableSignUp: true
      overrideUserInfo: true
      requireEmailVerification: true
      pkce: true
      tokenEndpointAuth:
        method: private_key_jwt
        privateKeyPem: canary
        kid: k
        algorithm: ES256
      authentication: post
    - microsoftEntraId:
        providerId: staff
        clientId: c
        clientSecret: canary
        tenantId: t
        scopes: []
        pkce: false
    - yandex: {}
- convex:
    jwt:
      expirationSeconds: 60
    issuer: https://a
    algorithm: EdDSA
    rotationInterval: 1
    gracePeriod: 2
    publishAhead: 3
`
	s, err := file.Parse("lockstep.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(print(t, s)), strings.ReplaceAll(text, "canary", "'[redacted]'")); diff != "" {
		t.Errorf("printed -, want +:\n%s", diff)
	}
	if printed := fmt.Sprintf("%v %+v %#v %+v %#v", s.Plugins, s.Plugins[2], s.Plugins, s.Generic(), s.Generic()); strings.Contains(printed, "canary") {
		t.Errorf("got %s", printed)
	}
}

// TestNoGracePeriod protects that a grace period of 0 is none, and not the default
// of 30 days: whoever rotates keys after one was stolen relies on it.
func TestNoGracePeriod(t *testing.T) {
	for given, want := range map[string]int{"": 2, ", gracePeriod: 0": 1} {
		s, err := file.Parse("lockstep.yaml", []byte("plugins: [{jwt: {jwks: {rotationInterval: 3600"+given+"}}}]"))
		if err != nil {
			t.Fatal(err)
		}
		plugins, err := file.NewPlugins(s.Plugins)
		if err != nil {
			t.Fatal(err)
		}
		server := locksteptest.Start(t, lockstep.Config{Plugins: plugins, EmailAndPassword: lockstep.EmailAndPassword{Enabled: true}})
		server.Browser.Post("/sign-up/email", map[string]any{"name": "Ada", "email": "ada@example.com", "password": "correct horse"})
		server.Browser.Get("/token")
		server.Clock.Advance(time.Hour + time.Second)
		server.Browser.Get("/token")
		if got := strings.Count(server.Browser.Get("/jwks").Body, `"kid"`); got != want {
			t.Errorf("%q: got %d keys, want %d", given, got, want)
		}
	}
}

func TestTimeSpans(t *testing.T) {
	for text, want := range map[string]string{
		"15m": "900s", "1 hour": "3600s", "1.5h": "5400s", "7 Days": "604800s", "2w": "1209600s", "30 secs": "30s", "0.25s": "0.25s",
		"": "", "m": "", "15": "", "1y": "", "-1m": "", "1  m": "", "1m ago": "", "0s": "", "9999999999w": "", "0x1s": "", "1e3s": "", "NaNs": "", "infs": "",
	} {
		s, err := file.Parse("lockstep.yaml", []byte("plugins: [{jwt: {jwt: {expirationTime: \""+text+"\"}}}]"))
		var got string
		if err == nil {
			_, got, _ = strings.Cut(string(print(t, s)), "expirationTime: ")
		}
		if strings.TrimSpace(got) != want {
			t.Errorf("%q: got %q, want %q (%v)", text, got, want, err)
		}
	}
}

func TestConvexOptions(t *testing.T) {
	text := `database:
  convex:
    url: https://happy-animal-123.convex.cloud
    secret: canary
    component: betterAuth
    insecureAllowPublicFunctions: true
    maxQueries: 20
    maxMutations: 10
`
	s, err := file.Parse("lockstep.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	want := file.Convex{
		URL: "https://happy-animal-123.convex.cloud", Secret: "canary", Component: "betterAuth", InsecureAllowPublicFunctions: true,
		MaxQueries: 20, MaxMutations: 10,
	}
	if s.Database.Convex != want {
		t.Error("got other options")
	}
	printed, err := s.YAML()
	if err != nil || string(printed) != strings.Replace(text, "secret: canary", "secret: '[redacted]'", 1) {
		t.Errorf("got %v and\n%swant the same without the secret", err, printed)
	}
}
