package social_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/social"
)

var update = flag.Bool("update", false, "rewrite docs/providers.md")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestCatalogIsSortedAndComplete(t *testing.T) {
	var ids []string
	for _, e := range social.Catalog() {
		ids = append(ids, e.ID)
		p, enabled, err := e.Provider(e.Options())
		if err != nil || !enabled || p.ID != e.ID || p.Name == "" {
			t.Errorf("%s: got provider %q named %q, enabled %v, error %v", e.ID, p.ID, p.Name, enabled, err)
		}
		if _, _, err := e.Provider("something else"); err == nil {
			t.Errorf("%s: takes options of another type", e.ID)
		}
	}
	if !slices.IsSorted(ids) || len(ids) != 36 {
		t.Errorf("got %d ids: %v, want 36 in order", len(ids), ids)
	}
}

func TestEnabledFalse(t *testing.T) {
	for _, e := range social.Catalog() {
		if e.ID != "github" {
			continue
		}
		options := e.Options().(*social.GitHubOptions)
		options.Enabled = new(false)
		if _, enabled, err := e.Provider(options); enabled || err != nil {
			t.Errorf("got enabled %v, error %v, want neither", enabled, err)
		}
	}
}

// TestOptionsKeepSecrets: options print without their secrets.
func TestOptionsKeepSecrets(t *testing.T) {
	o := social.AppleOptions{Options: social.Options{ClientSecret: "hunter2"}, PrivateKey: "hunter2"}
	for _, text := range []string{fmt.Sprint(o), fmt.Sprintf("%+v %#v", o, &o), fmt.Sprintf("%#v", social.Apple(o))} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("printed %s", text)
		}
	}
}

// TestProvidersPage keeps docs/providers.md what the values say.
func TestProvidersPage(t *testing.T) {
	const path = "../docs/providers.md"
	want := page(t)
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(want, string(got)); diff != "" {
		t.Errorf("run go test ./social -run TestProvidersPage -update (-want +got):\n%s", diff)
	}
}

const pageHead = `# Providers

The services of Better Auth, by the names they have below ` + "`socialProviders`" + ` in a configuration file and in package social.
The callback URL is what to register at the service: the server's base URL, with its path, and what the table says. This page is
generated: ` + "`go test ./social -run TestProvidersPage -update`" + `.

Every service takes ` + "`clientId`, `clientSecret`, `scope`, `disableDefaultScope`, `redirectURI`, `disableSignUp`, `disableImplicitSignUp`,\n" +
	"`overrideUserInfoOnSignIn`, `requireEmailVerification` and the URLs `authorizationEndpoint`, `tokenEndpoint`, `userInfoEndpoint`" + `,
for installations of one's own and for tests. Those with id tokens also take ` + "`disableIdTokenSignIn`, `jwksEndpoint` and `idTokenIssuer`" + `.

## In the configuration file

` + "```yaml" + `
socialProviders:
  github:
    clientId: Iv1.8a61f9b3a7aba766
    scope: [repo]              # besides the service's own
  google:
    clientId: [web, android]   # the first signs in with codes, id tokens can be for any
    accessType: offline
  gitlab:
    issuer: https://git.example.com
` + "```" + `

Ids and secrets can come from the environment as well: ` + "`GITHUB_CLIENT_ID` and `GITHUB_CLIENT_SECRET`" + `, and so on with the name of every
service in capitals (` + "`TIKTOK_CLIENT_KEY`" + ` for TikTok). They count more than the file. Both together switch on a service that the
file does not have; a public client, which has no secret, needs the file. ` + "`enabled: false`" + ` switches a service off, whatever there is
in the environment. ` + "`lockstep config check`" + ` says what is missing, and shows the rest without secrets. Options that are functions
(` + "`mapProfileToUser`, `getUserInfo`" + `) are for Go programs.

Any other service that speaks OAuth 2.0 or OpenID Connect is one of the plugin genericOAuth, with Better Auth's options. Ready-made are
` + "`auth0`, `gumroad`, `hubspot`, `keycloak`, `line`, `microsoftEntraId`, `okta`, `patreon`, `slack` and `yandex`" + `:

` + "```yaml" + `
plugins:
  - genericOAuth:
      config:
        - keycloak: {clientId: app, issuer: "https://id.example.com/realms/main"}
        - providerId: shop
          clientId: app
          discoveryUrl: https://shop.example.com/.well-known/openid-configuration
          scopes: [openid, email, profile]
` + "```" + `

Their variables have the name of the provider's id: ` + "`KEYCLOAK_CLIENT_SECRET`, `SHOP_CLIENT_SECRET`" + `.

## In a Go program

` + "```go" + `
auth, err := lockstep.New(lockstep.Config{
	// …
	Social: []oauth.Provider{
		social.GitHub(social.GitHubOptions{Options: social.Options{ClientID: id, ClientSecret: secret}}),
	},
	Plugins: []plugin.Plugin{
		genericoauth.New(genericoauth.Keycloak(genericoauth.Options{ClientID: "app", ClientSecret: other, Issuer: issuer})),
	},
})
` + "```" + `

` + "`MapProfileToUser`" + ` changes what is kept of a user; the example in the package's documentation has it. A provider is a value: its fields are
the rest of Better Auth's functions, such as ` + "`RefreshTokens`" + ` for ` + "`refreshAccessToken`" + `.

## Networks

Services are reached over https and in public networks only. For one in a network of your own, or on this machine:

` + "```yaml" + `
oauth:
  insecureAllowPrivateNetworks: true
  timeout: 10   # seconds, for one request to a service
` + "```" + `

All requests of one sign-in together get 25 seconds. No proxy of the environment (` + "`HTTPS_PROXY`" + `) is used, since it would look up names
in its own network; a Go program can bring a transport (` + "`Config.OAuth.Transport`" + `).

## The services

- **PKCE**: a code challenge is sent (S256). The other services do not know it, or upstream does not send it.
- **id token**: clients may sign in with an id token that they got from the service themselves.
- An email address counts as verified only if the service says so.

| service | register at | callback URL | scopes | PKCE | id token | notes |
|---|---|---|---|---|---|---|
`

func page(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(pageHead)
	providers := byID(t)
	for _, e := range social.Catalog() {
		p := providers[e.ID]
		fmt.Fprintf(&b, "| `%s` | [%s](%s) | `…/api/auth%s` | %s | %s | %s | %s |\n",
			e.ID, p.Name, e.Console, p.Callback(), scopeCell(p), yes(!p.NoPKCE), yes(p.AcceptsIDTokens()), e.Notes)
	}
	return b.String()
}

func scopeCell(p oauth.Provider) string {
	if len(p.Scopes) == 0 {
		return "none"
	}
	return "`" + strings.Join(p.Scopes, "` `") + "`"
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}
