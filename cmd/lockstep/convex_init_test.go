package main_test

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestConvexInit(t *testing.T) {
	const withPlugin = settings + "plugins: [convex]\n"
	dir := newProject(t, withPlugin)
	if got := read(t, dir, "convex/lockstepSchema.ts"); !strings.Contains(got, "jwks: defineTable({") {
		t.Errorf("got\n%swant the table of the plugin", got)
	}
	provider := read(t, dir, "convex/auth.config.ts")
	for _, part := range []string{"issuer: 'https://auth.example.com',", "jwks: 'https://auth.example.com/api/auth/convex/jwks',"} {
		if !strings.Contains(provider, part) {
			t.Errorf("got\n%swant it to have %q", provider, part)
		}
	}
	before := snapshot(t, dir)
	again := lockstep(t, dir, nil, "convex", "init")
	if again.code != 0 || !strings.HasPrefix(again.stdout, "Nothing to change: the files are up to date.\n") {
		t.Errorf("got exit code %d and\n%s", again.code, again.stdout)
	}
	for _, part := range []string{"npm install convex\n", "npx convex deploy ", "npx convex deployment token create", "CONVEX_DEPLOY_KEY=", "lockstep convex doctor\n"} {
		if !strings.Contains(again.stdout, part) {
			t.Errorf("got\n%swant it to say %q", again.stdout, part)
		}
	}
	if got := lockstep(t, dir, nil, "convex", "generate"); got.code != 0 || got.stdout != "Nothing to change: the files are up to date.\n" {
		t.Errorf("generate: got exit code %d and\n%s", got.code, got.stdout)
	}
	if diff := cmp.Diff(snapshot(t, dir), before); diff != "" {
		t.Errorf("the second time: got -, want +:\n%s", diff)
	}
}

// auth.config.ts and the tokens agree, whatever the options of the plugin.
func TestConvexInitNamesTheServer(t *testing.T) {
	const own = "issuer: 'https://auth.example.com',\n      jwks: 'https://auth.example.com/api/auth/convex/jwks',"
	tests := []struct{ name, file, want string }{
		{"its origin", "baseURL: https://auth.example.com\nplugins: [convex]\n", own},
		{"an issuer of its own", "baseURL: https://a.example.com\nplugins: [convex: {issuer: 'https://b.example.com'}]\n", "issuer: 'https://b.example.com',\n      jwks: 'https://a.example.com/api/auth/convex/jwks',"},
		{"the issuer, with several hosts", "baseURL: {allowedHosts: [a.example.com, auth.example.com]}\nplugins: [convex: {issuer: 'https://auth.example.com'}]\n", own},
		{"a domain, with EdDSA", "baseURL: https://auth.example.com\nplugins: [convex: {algorithm: EdDSA}]\n", "{ domain: 'https://auth.example.com', applicationID: 'convex' },"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := newProject(t, tt.file)
			if got := read(t, dir, "convex/auth.config.ts"); !strings.Contains(got, tt.want) || strings.Count(got, "applicationID") != 1 {
				t.Errorf("got\n%swant it to have\n%s", got, tt.want)
			}
		})
	}
}

func TestConvexInitSays(t *testing.T) {
	tests := []struct {
		name, file string
		args       []string
		want       string
	}{
		{"how to set the secret", settings, []string{"--with-secret"}, "lockstep secret | npx convex env set --prod LOCKSTEP_SECRET\n"},
		{"the same if the settings have one", settings + "database: {convex: {url: 'https://a.convex.cloud', secret: canary}}\n", nil, "CONVEX_URL=https://a.convex.cloud\n  LOCKSTEP_SECRET="},
		{"that the cloud cannot reach this machine", "baseURL: http://localhost:3000\nplugins: [convex]\n", nil, "cannot reach http://localhost:3000"},
		{"that the cloud cannot reach the issuer", "baseURL: http://localhost:3000\nplugins: [convex: {algorithm: EdDSA}]\n", nil, "cannot reach http://localhost:3000, as auth.config.ts says.\n"},
		{"that auth.config.ts needs one issuer of several hosts", "baseURL: {allowedHosts: [a.example.com]}\nplugins: [convex]\n", nil, "Give the plugin convex an issuer"},
		{"that auth.config.ts needs a base URL", "plugins: [convex]\n", nil, "Set BETTER_AUTH_URL and run this again for auth.config.ts"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "lockstep.yaml", tt.file)
			got := lockstep(t, dir, nil, append([]string{"convex", "init"}, tt.args...)...)
			if got.code != 0 || !strings.Contains(got.stdout, tt.want) || strings.Contains(got.stdout, "canary") {
				t.Errorf("got exit code %d and\n%s%swant it to say %q", got.code, got.stdout, got.stderr, tt.want)
			}
		})
	}
}

func TestConvexInitInAnotherFolder(t *testing.T) {
	dir := t.TempDir()
	if got := lockstep(t, dir, nil, "convex", "init", "--dir", "web"); got.code != 1 || !strings.Contains(got.stderr, "there is no folder web") {
		t.Errorf("got exit code %d and %s", got.code, got.stderr)
	}
	if err := os.Mkdir(filepath.Join(dir, "web"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "web/package.json", `{"dependencies": {"convex": "^1.48.0"}}`)
	got := lockstep(t, dir, nil, "convex", "init", "--dir", "web")
	if got.code != 0 || strings.Contains(got.stdout, "npm install") {
		t.Errorf("got exit code %d and\n%s%s", got.code, got.stdout, got.stderr)
	}
	if _, err := os.Stat(filepath.Join(dir, "web/convex/schema.ts")); err != nil {
		t.Error(err)
	}
}

// TestDiscovery: Convex looks at the root of the site for a provider that it
// knows by its domain.
func TestDiscovery(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", settings+"plugins: [convex]\n")
	p := serve(t, dir)
	got := p.send(t, http.MethodGet, "/.well-known/openid-configuration", "")
	if to := got.header.Get("Location"); got.status != http.StatusFound || to != "/api/auth/convex/.well-known/openid-configuration" {
		t.Errorf("got %d to %q, want the endpoint", got.status, to)
	}
	if got := p.send(t, http.MethodGet, "/api/auth/convex/jwks", ""); got.status != http.StatusOK || !strings.Contains(got.body, `"keys":[{`) {
		t.Errorf("jwks: got %d %s", got.status, got.body)
	}
	if got := p.send(t, http.MethodGet, "/", ""); got.status != http.StatusNotFound || got.body != `{"code":"NOT_FOUND","message":"Not found"}` {
		t.Errorf("got %d %s, want 404", got.status, got.body)
	}
}

// snapshot returns the files below dir, with what is in them and when they were
// written.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		all[path] = info.ModTime().String() + string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
