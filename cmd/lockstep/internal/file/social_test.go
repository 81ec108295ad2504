package file_test

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/social"
)

func TestSocialProviders(t *testing.T) {
	s, err := file.Parse("lockstep.yaml", []byte(`
socialProviders:
  google: {clientId: [web, android], clientSecret: s, accessType: offline, hd: example.com, includeGrantedScopes: false}
  github:
    clientId: app
    clientSecret: s
    scope: [repo]
    authorizationEndpoint: https://github.example.com/login/oauth/authorize
    tokenEndpoint: https://github.example.com/login/oauth/access_token
    userInfoEndpoint: https://github.example.com/api/v3/user
    disableSignUp: true
  discord: {enabled: false}
  cognito: {domain: a.example.com, region: eu-west-1, userPoolId: eu-west-1_a, clientId: c}
`))
	if err != nil {
		t.Fatal(err)
	}
	providers := s.Providers()
	var ids []string
	for _, p := range providers {
		ids = append(ids, p.ID)
		if err := p.Validate(); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff(ids, []string{"google", "github", "cognito"}); diff != "" {
		t.Fatalf("got -, want +, in the order of the file and without what is switched off:\n%s", diff)
	}
	google, github := providers[0], providers[1]
	if diff := cmp.Diff(google.ClientIDs, []string{"web", "android"}); diff != "" {
		t.Errorf("client ids: got -, want +:\n%s", diff)
	}
	if google.AccessType != "offline" || google.HostedDomain != "example.com" || google.Params != nil {
		t.Errorf("got access type %q, domain %q, parameters %v", google.AccessType, google.HostedDomain, google.Params)
	}
	if github.UserInfoURL != "https://github.example.com/api/v3/user" || !github.DisableSignUp || !cmp.Equal(github.ExtraScopes, []string{"repo"}) {
		t.Errorf("got user info at %q, sign-up disabled %v, scopes %v", github.UserInfoURL, github.DisableSignUp, github.ExtraScopes)
	}
}

func TestSocialProviderErrors(t *testing.T) {
	const code = " is code: set it in a Go program, with lockstep.Config"
	tests := []struct{ name, text, want string }{
		{"a service that is misspelt", "{gihtub: {}}", "unknown option socialProviders.gihtub: did you mean socialProviders.github?"},
		{
			"an option that is misspelt", "{github: {clientid: x}}",
			"unknown option socialProviders.github.clientid: did you mean socialProviders.github.clientId?",
		},
		{
			"an option of another service", "{github: {teamId: x}}",
			"unknown option socialProviders.github.teamId: there is authorizationEndpoint, clientId, clientSecret, disableDefaultScope, " +
				"disableIdTokenSignIn, disableImplicitSignUp, disableSignUp, enabled, idTokenIssuer, jwksEndpoint, overrideUserInfoOnSignIn, " +
				"prompt, redirectURI, requireEmailVerification, scope, tokenEndpoint, userEmailsEndpoint, userInfoEndpoint",
		},
		{"functions", "{google: {mapProfileToUser: x}}", "option socialProviders.google.mapProfileToUser" + code},
		{
			"options that upstream declares and nothing reads", "{wechat: {platformType: WebsiteApp}}",
			"option socialProviders.wechat.platformType does nothing, in Better Auth either: leave it out",
		},
		{
			"a service of a plugin", "{keycloak: {issuer: x}}",
			"option socialProviders.keycloak is a service of the plugin genericOAuth: write it there, below plugins",
		},
		{"a list of services", "[github]", "socialProviders must be a section of options, not a list"},
		{"a name alone", "{github: on}", "socialProviders.github must be a section of options, not text"},
		{"a client id that YAML takes for a number", "{discord: {clientId: 1234}}", "socialProviders.discord.clientId must be text, not a number (put it in quotes)"},
		{"no client id in a list", "{google: {clientId: []}}", "socialProviders.google.clientId is an empty list"},
		{"client ids by name", "{google: {clientId: {web: x}}}", "socialProviders.google.clientId must be text, or a list of texts, not a section"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := file.Parse("lockstep.yaml", []byte("\nsocialProviders: "+tt.text))
			if want := "lockstep.yaml:2: " + tt.want; err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}

// TestEveryOptionOfServicesCanBeGiven protects that a new option of a service
// has a type that a file can give.
func TestEveryOptionOfServicesCanBeGiven(t *testing.T) {
	for _, e := range social.Catalog() {
		for name := range options("", reflect.TypeOf(e.Options()).Elem()) {
			path := "socialProviders." + e.ID + "." + name
			_, err := file.Parse("lockstep.yaml", fmt.Appendf(nil, "socialProviders: {%s: {%s: [[[x]]]%s", e.ID,
				strings.ReplaceAll(name, ".", ": {"), strings.Repeat("}", 2+strings.Count(name, "."))))
			if err == nil || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "unknown") {
				t.Errorf("%s: got %v, want an error about its type", path, err)
			}
		}
	}
}

// TestSocialYAML protects that what is printed says the same as what was read,
// but for secrets.
func TestSocialYAML(t *testing.T) {
	text, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := file.Parse("full.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	again, err := file.Parse("printed.yaml", print(t, s))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Social) == 0 || len(s.Social) != len(again.Social) {
		t.Fatalf("got %v, want %v", again.Social, s.Social)
	}
	ignored := []cmp.Option{
		cmpopts.IgnoreFields(social.Options{}, "ClientSecret", "MapProfileToUser"),
		cmpopts.IgnoreFields(social.AppleOptions{}, "PrivateKey"),
		cmpopts.IgnoreFields(oauth.PrivateKey{}, "PEM", "JWK"),
	}
	for i, want := range s.Social {
		if diff := cmp.Diff(again.Social[i].Options, want.Options, ignored...); diff != "" {
			t.Errorf("%v: printed -, read +:\n%s", want, diff)
		}
	}
}
