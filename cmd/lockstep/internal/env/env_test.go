package env_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	lockstep "github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/env"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
)

// A result is what can change.
type result struct {
	BaseURL  string
	Hosts    []string
	Secret   string
	Secrets  []lockstep.Secret
	Trusted  []string
	Database file.Database
}

func TestApply(t *testing.T) {
	tests := []struct {
		name, file string
		env        map[string]string
		want       result
	}{
		{"nothing set changes nothing", "baseURL: https://file.example.com\nsecret: file\n", nil, result{BaseURL: "https://file.example.com", Secret: "file"}},
		{
			"empty variables change nothing", "baseURL: https://file.example.com\nsecret: file\n",
			map[string]string{"BETTER_AUTH_URL": "", "BETTER_AUTH_SECRET": "", "CONVEX_URL": ""},
			result{BaseURL: "https://file.example.com", Secret: "file"},
		},
		{
			"the base URL counts more than the file's", "baseURL: https://file.example.com\n",
			map[string]string{"BETTER_AUTH_URL": "https://env.example.com"},
			result{BaseURL: "https://env.example.com"},
		},
		{
			"the base URL takes the place of several hosts", "baseURL: {allowedHosts: [a.example.com]}\n",
			map[string]string{"BETTER_AUTH_URL": "https://env.example.com"},
			result{BaseURL: "https://env.example.com"},
		},
		{
			"names of front ends count in their order", "",
			map[string]string{"NUXT_PUBLIC_AUTH_URL": "https://second.example.com", "NUXT_PUBLIC_BETTER_AUTH_URL": "https://first.example.com"},
			result{BaseURL: "https://first.example.com"},
		},
		{
			"names of front ends do not count more than the file", "baseURL: https://file.example.com\n",
			map[string]string{"NEXT_PUBLIC_BETTER_AUTH_URL": "https://env.example.com"},
			result{BaseURL: "https://file.example.com"},
		},
		{
			"nor more than several hosts", "baseURL: {allowedHosts: [a.example.com]}\n",
			map[string]string{"BASE_URL": "https://env.example.com"},
			result{Hosts: []string{"a.example.com"}},
		},
		{"BASE_URL counts last", "", map[string]string{"BASE_URL": "https://env.example.com"}, result{BaseURL: "https://env.example.com"}},
		{"BASE_URL as build tools set it does not", "", map[string]string{"BASE_URL": "/"}, result{}},
		{"the secret counts more than the file's", "secret: file\n", map[string]string{"BETTER_AUTH_SECRET": "env"}, result{Secret: "env"}},
		{"AUTH_SECRET counts more than the file's", "secret: file\n", map[string]string{"AUTH_SECRET": "short"}, result{Secret: "short"}},
		{"BETTER_AUTH_SECRET counts more than AUTH_SECRET", "", map[string]string{"AUTH_SECRET": "short", "BETTER_AUTH_SECRET": "env"}, result{Secret: "env"}},
		{
			"versions of the secret keep their order and lose their spaces", "secrets: [{version: 9, value: file}]\n",
			map[string]string{"BETTER_AUTH_SECRETS": " 2:new:with:colons , 1: old "},
			result{Secrets: []lockstep.Secret{{Version: 2, Value: "new:with:colons"}, {Version: 1, Value: "old"}}},
		},
		{
			"trusted origins are added", "trustedOrigins: [https://file.example.com]\n",
			map[string]string{"BETTER_AUTH_TRUSTED_ORIGINS": " https://a.example.com ,, https://b.example.com"},
			result{Trusted: []string{"https://file.example.com", "https://a.example.com", "https://b.example.com"}},
		},
		{
			"Convex takes the place of another database", "database: {sqlite: a.db}\n",
			map[string]string{"CONVEX_URL": "https://a.convex.cloud", "CONVEX_DEPLOY_KEY": "key"},
			result{Database: file.Database{Convex: file.Convex{URL: "https://a.convex.cloud", DeployKey: "key"}}},
		},
		{
			"the key of another deployment is not used", "database: {convex: {url: https://b.convex.cloud, deployKey: file}}\n",
			map[string]string{"CONVEX_URL": "https://a.convex.cloud"},
			result{Database: file.Database{Convex: file.Convex{URL: "https://a.convex.cloud"}}},
		},
		{
			"the key alone completes the file", "database: {convex: {url: https://a.convex.cloud, deployKey: file}}\n",
			map[string]string{"CONVEX_DEPLOY_KEY": "key"},
			result{Database: file.Database{Convex: file.Convex{URL: "https://a.convex.cloud", DeployKey: "key"}}},
		},
		{
			"the shared secret is the deployment's variable", "database: {convex: {url: https://a.convex.cloud}}\n",
			map[string]string{"LOCKSTEP_SECRET": "shared"},
			result{Database: file.Database{Convex: file.Convex{URL: "https://a.convex.cloud", Secret: "shared"}}},
		},
		{
			"a credential takes the place of another kind", "database: {convex: {url: https://a.convex.cloud, secret: file, component: c}}\n",
			map[string]string{"CONVEX_DEPLOY_KEY": "key"},
			result{Database: file.Database{Convex: file.Convex{URL: "https://a.convex.cloud", DeployKey: "key", Component: "c"}}},
		},
		{
			"what the file allows of one deployment, it does not of another",
			"database: {convex: {url: https://b.convex.cloud, secret: file, component: c, insecureAllowPublicFunctions: true}}\n",
			map[string]string{"CONVEX_URL": "https://a.convex.cloud"},
			result{Database: file.Database{Convex: file.Convex{URL: "https://a.convex.cloud"}}},
		},
		{
			"what a file allows that leaves the deployment to the environment",
			"database: {convex: {component: c, insecureAllowPublicFunctions: true, maxQueries: 8}}\n",
			map[string]string{"CONVEX_URL": "https://a.convex.cloud", "CONVEX_DEPLOY_KEY": "key"},
			result{Database: file.Database{Convex: file.Convex{
				URL: "https://a.convex.cloud", DeployKey: "key", Component: "c", InsecureAllowPublicFunctions: true, MaxQueries: 8,
			}}},
		},
		{
			"a slash at the end makes no other deployment", "database: {convex: {url: https://a.convex.cloud, component: c, deployKey: file}}\n",
			map[string]string{"CONVEX_URL": "https://a.convex.cloud/"},
			result{Database: file.Database{Convex: file.Convex{URL: "https://a.convex.cloud", DeployKey: "file", Component: "c"}}},
		},
		{
			"the key without a deployment does nothing", "database: {sqlite: a.db}\n",
			map[string]string{"CONVEX_DEPLOY_KEY": "key"},
			result{Database: file.Database{SQLite: "a.db"}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := parse(t, tt.file)
			if err := env.Apply(s, getenv(tt.env)); err != nil {
				t.Fatal(err)
			}
			got := result{s.Auth.BaseURL, s.Auth.DynamicBaseURL.AllowedHosts, s.Auth.Secret, s.Auth.Secrets, s.Auth.TrustedOrigins, s.Database}
			if diff := cmp.Diff(got, tt.want); diff != "" {
				t.Errorf("got -, want +:\n%s", diff)
			}
		})
	}
}

// A key that opens nothing can be a CONVEX_URL that is misspelt: users would be
// looked for in an empty file.
func TestApplyWarnsOfAKeyWithoutADeployment(t *testing.T) {
	for name, want := range map[string]bool{"CONVEX_DEPLOY_KEY": true, "LOCKSTEP_SECRET": true, "CONVEX_URL": false} {
		s := parse(t, "")
		if err := env.Apply(s, getenv(map[string]string{name: "https://canary"})); err != nil {
			t.Fatal(err)
		}
		text := strings.Join(s.Warnings, "\n")
		if strings.Contains(text, "but not CONVEX_URL") != want || strings.Contains(text, "canary") {
			t.Errorf("%s: got %q, want a warning: %v", name, text, want)
		}
	}
}

func TestProxySecret(t *testing.T) {
	const text = "advanced: {ipAddress: {proxySecret: file}}\n"
	for value, want := range map[string]string{"": "file", "env": "env"} {
		s := parse(t, text)
		if err := env.Apply(s, getenv(map[string]string{"LOCKSTEP_PROXY_SECRET": value})); err != nil {
			t.Fatal(err)
		}
		if got := s.Auth.Advanced.IPAddress.ProxySecret; got != want {
			t.Errorf("with %q: got %q, want %q", value, got, want)
		}
	}
}

func TestApplyRefusesSecretsWithoutShowingThem(t *testing.T) {
	for _, text := range []string{"canary", "x:canary", "-1:canary", "1:", "1.5:canary", ",1:canary", "1:canary,", "2:canary,canary", ":canary"} {
		err := env.Apply(parse(t, ""), getenv(map[string]string{"BETTER_AUTH_SECRETS": text}))
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: got %v, want an error without the secret", text, err)
		}
	}
}

// FuzzSecrets holds that versions that are accepted are written as they were
// read.
func FuzzSecrets(f *testing.F) {
	f.Add("2:new,1:old")
	f.Add(" 0 : a b ,")
	f.Add("1:a:b")
	f.Fuzz(func(t *testing.T, text string) {
		s := parse(t, "")
		if err := env.Apply(s, getenv(map[string]string{"BETTER_AUTH_SECRETS": text})); err != nil || text == "" {
			return
		}
		if got, want := len(s.Auth.Secrets), strings.Count(text, ",")+1; got != want {
			t.Fatalf("got %d secrets of %q, want %d", got, text, want)
		}
		for _, secret := range s.Auth.Secrets {
			if secret.Version < 0 || secret.Value == "" || !strings.Contains(text, secret.Value) {
				t.Errorf("got version %d of %q", secret.Version, text)
			}
		}
	})
}

func parse(t *testing.T, text string) *file.Settings {
	t.Helper()
	s, err := file.Parse("lockstep.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func getenv(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}
