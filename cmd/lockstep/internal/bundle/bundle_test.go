package bundle_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/bundle"
)

const (
	token = "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0"
	key   = "prod:happy-animal-123|" + token
)

func secrets() []bundle.Secret {
	return []bundle.Secret{{Name: "the key", Value: "other|" + token}, {Name: "the secret", Value: " hush-hush-hush-hush\n"}, {Name: "short", Value: "var"}}
}

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestScan(t *testing.T) {
	const mib = 1 << 20
	tests := []struct {
		name, text string
		want       []string // names of what is found
	}{
		{"what must be public", `var url = "https://happy-animal-123.convex.cloud", n = "prod:happy-animal-123"`, nil},
		{"a secret", `a = "hush-hush-hush-hush"`, []string{"the secret"}},
		{"a secret twice is one finding", "hush-hush-hush-hush hush-hush-hush-hush", []string{"the secret"}},
		{"part of a secret", "hush-hush-hush", nil},
		{"the token of a key", `a = "` + token + `"`, []string{"the key"}},
		{"a key that nobody told of", "prod:x|" + strings.Repeat("A", 20), []string{"a Convex deploy key"}},
		{"in a string of JavaScript", `"dev:x\u007C` + strings.Repeat("A", 20), []string{"a Convex deploy key"}},
		{"in a URL", "project:t:p%7C" + strings.Repeat("A", 20), []string{"a Convex deploy key"}},
		{"both", key, []string{"the key", "a Convex deploy key"}},
		{"at the end of what is read at once", strings.Repeat(" ", mib-5) + key, []string{"the key", "a Convex deploy key"}},
		{"far into the file", strings.Repeat(" ", 3*mib-5) + key + strings.Repeat(" ", mib), []string{"the key", "a Convex deploy key"}},
		{"in the first byte", key, []string{"the key", "a Convex deploy key"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found, err := bundle.Scan(t.Context(), folder(t, map[string]string{"_nuxt/app.js": tt.text}), secrets())
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, f := range found {
				names = append(names, f.Name)
				if f.File != "_nuxt/app.js" {
					t.Errorf("got file %s", f.File)
				}
			}
			if diff := cmp.Diff(names, tt.want); diff != "" {
				t.Errorf("found -, want +:\n%s", diff)
			}
		})
	}
}

func TestScanIsBounded(t *testing.T) {
	many := make(map[string]string)
	for i := range 30 {
		many[fmt.Sprintf("%02d.js", i)] = key
	}
	dir := folder(t, many)
	found, err := bundle.Scan(t.Context(), dir, nil)
	if len(found) != 20 || err == nil {
		t.Errorf("got %d findings and %v, want 20 and that there may be more", len(found), err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if found, err := bundle.Scan(ended, dir, nil); len(found) != 0 || err == nil {
		t.Errorf("got %d findings and %v, want the end of the context", len(found), err)
	}
	if _, err := bundle.Scan(t.Context(), filepath.Join(dir, "none"), nil); err == nil || !strings.Contains(err.Error(), "there is no folder") {
		t.Errorf("got %v, want an error that names the folder", err)
	}
}

func folderOf(t *testing.T) string { return folder(t, map[string]string{"a.js": "x"}) }

// TestScanLinks: what is outside of the folder, nobody can download.
func TestScanLinks(t *testing.T) {
	outside, dir := folder(t, map[string]string{"key": key}), folderOf(t)
	for name, target := range map[string]string{"file": filepath.Join(outside, "key"), "folder": outside, "endless": "/dev/zero"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if found, err := bundle.Scan(t.Context(), dir, secrets()); len(found) != 0 || err != nil {
		t.Errorf("got %v, %v, want nothing", found, err)
	}
	link := filepath.Join(t.TempDir(), "dist")
	if err := os.Symlink(outside, link); err != nil {
		t.Fatal(err)
	}
	if found, err := bundle.Scan(t.Context(), link, nil); len(found) != 1 || err != nil {
		t.Errorf("the folder itself is a link: got %v, %v, want the key", found, err)
	}
}

func TestSecretsArePrintedNowhere(t *testing.T) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, secrets()); strings.Contains(got, "hush") {
			t.Errorf("%s prints %s", verb, got)
		}
	}
}
