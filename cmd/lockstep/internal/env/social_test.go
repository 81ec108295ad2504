package env_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/env"
)

func TestApplySocialProviders(t *testing.T) {
	both := map[string]string{"GITHUB_CLIENT_ID": "env", "GITHUB_CLIENT_SECRET": "env-secret"}
	tests := []struct {
		name, file string
		env        map[string]string
		want       []string // service, client id, secret
	}{
		{"nothing set changes nothing", "socialProviders: {github: {clientId: file, clientSecret: s}}", nil, []string{"github file s"}},
		{"both switch a service on", "", both, []string{"github env env-secret"}},
		{"also one that the file names without a section", "socialProviders: {github: }", both, []string{"github env env-secret"}},
		{"an id alone does not", "", map[string]string{"GITHUB_CLIENT_ID": "env"}, nil},
		{"nor does a secret alone", "", map[string]string{"GITHUB_CLIENT_SECRET": "env"}, nil},
		{"nor do empty variables", "", map[string]string{"GITHUB_CLIENT_ID": "env", "GITHUB_CLIENT_SECRET": ""}, nil},
		{
			"the secret alone completes the file", "socialProviders: {google: {clientId: file}}",
			map[string]string{"GOOGLE_CLIENT_SECRET": "env"},
			[]string{"google file env"},
		},
		{
			"they count more than the file, after whose services others come",
			"socialProviders: {zoom: {clientId: z}, github: {clientId: file, clientSecret: s}}",
			map[string]string{
				"GITHUB_CLIENT_ID": "env", "GITHUB_CLIENT_SECRET": "env-secret",
				"DISCORD_CLIENT_ID": "d", "DISCORD_CLIENT_SECRET": "d-secret", "APPLE_CLIENT_ID": "a", "APPLE_CLIENT_SECRET": "a-secret",
			},
			[]string{"zoom z ", "github env env-secret", "apple a a-secret", "discord d d-secret"},
		},
		{"what the file switches off stays off", "socialProviders: {github: {enabled: false}}", both, nil},
		{
			"TikTok has a key", "socialProviders: {tiktok: {clientKey: file}}",
			map[string]string{"TIKTOK_CLIENT_KEY": "env", "TIKTOK_CLIENT_SECRET": "s", "TIKTOK_CLIENT_ID": "no"},
			[]string{"tiktok env s"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := parse(t, tt.file)
			if err := env.Apply(s, getenv(tt.env)); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range s.Providers() {
				got = append(got, fmt.Sprintf("%s %s %s", p.ID, p.ClientID(), p.ClientSecret))
			}
			if diff := cmp.Diff(got, tt.want); diff != "" {
				t.Errorf("got -, want +:\n%s", diff)
			}
			const half = "without both of GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET nobody can sign in with github"
			oneAlone := tt.file == "" && tt.env != nil && (tt.env["GITHUB_CLIENT_ID"] == "") != (tt.env["GITHUB_CLIENT_SECRET"] == "")
			if slices.Contains(s.Warnings, half) != oneAlone {
				t.Errorf("got warnings %v, want one about half of a service: %v", s.Warnings, oneAlone)
			}
		})
	}
}

func TestApplyGenericServices(t *testing.T) {
	s := parse(t, `
plugins:
  - genericOAuth:
      config:
        - keycloak: {providerId: my-id.2, issuer: https://id.example.com, clientSecret: file}
        - {providerId: github, clientId: file, clientSecret: file, discoveryUrl: https://github.example.com}
`)
	err := env.Apply(s, getenv(map[string]string{
		"MY_ID_2_CLIENT_ID": "env", "GITHUB_CLIENT_ID": "env", "GITHUB_CLIENT_SECRET": "env-secret",
	}))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, g := range s.Generic() {
		id, clientID, secret := g.Service()
		got = append(got, fmt.Sprintf("%s %s %s", id, *clientID, *secret))
	}
	if diff := cmp.Diff(got, []string{"my-id.2 env file", "github env env-secret"}); diff != "" {
		t.Errorf("got -, want +:\n%s", diff)
	}
	if len(s.Social) != 0 {
		t.Errorf("got %v as well: they are meant for the plugin's service", s.Social)
	}
}
