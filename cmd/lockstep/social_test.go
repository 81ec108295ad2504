package main_test

import (
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
  line: {clientId: a, clientSecret: canary, tokenEndpoint: "ftp://canary"}
  twitter: {clientId: a, clientSecret: canary}
`)
	want := []string{
		"lockstep: socialProviders.github has no client id: set GITHUB_CLIENT_ID, or socialProviders.github.clientId",
		"lockstep: socialProviders.google has no client secret: set GOOGLE_CLIENT_SECRET, or socialProviders.google.clientSecret",
		"lockstep: socialProviders.cognito: domain, region and userPoolId are required",
		"lockstep: socialProviders.apple: the team id or the key id is missing",
		"lockstep: socialProviders.line: the token URL: not a plain absolute http or https URL",
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
