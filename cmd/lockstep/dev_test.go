package main_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDevMakesItsFolder(t *testing.T) {
	dir := t.TempDir()
	p := dev(t, dir)
	for name, want := range map[string]os.FileMode{
		".lockstep": os.ModeDir | 0o700, ".lockstep/secret": 0o600, ".lockstep/lockstep.db": 0o600, ".lockstep/.gitignore": 0o600,
	} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if info.Mode() != want {
			t.Errorf("%s: got mode %v, want %v", name, info.Mode(), want)
		}
	}
	for _, part := range []string{"Made the folder .lockstep.", "Made a secret in .lockstep/secret.", "Pages      " + p.url + "/"} {
		if !strings.Contains(p.stdout.String(), part) {
			t.Errorf("got\n%swant it to say %q", p.stdout, part)
		}
	}
	if secret := read(t, dir, ".lockstep/secret"); strings.Contains(p.stdout.String()+p.stderr.String(), secret) {
		t.Error("the secret is shown")
	}
}

func TestDevKeepsUsersAndSessions(t *testing.T) {
	dir := t.TempDir()
	p := dev(t, dir)
	got := p.send(t, http.MethodPost, "/api/auth/sign-up/email", `{"name":"Ada","email":"ada@example.com","password":"correct horse"}`)
	if got.status != http.StatusOK {
		t.Fatalf("got %d %s, want sign-up without any configuration", got.status, got.body)
	}
	cookie, _, _ := strings.Cut(got.header.Get("Set-Cookie"), ";")
	secret := read(t, dir, ".lockstep/secret")
	if code := p.stop(t); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}

	p = dev(t, dir)
	if strings.Contains(p.stdout.String(), "Made") {
		t.Errorf("got\n%swant nothing new", p.stdout)
	}
	if read(t, dir, ".lockstep/secret") != secret {
		t.Error("got another secret")
	}
	got = p.send(t, http.MethodGet, "/api/auth/get-session", "", "Cookie", cookie)
	if !strings.Contains(got.body, "ada@example.com") {
		t.Errorf("got %s, want the session from before", got.body)
	}
}

func TestDevServesPagesAndBothNamesOfTheMachine(t *testing.T) {
	p := dev(t, t.TempDir())
	got := p.send(t, http.MethodGet, "/sign-up", "")
	if got.status != http.StatusOK || !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
		t.Errorf("got %d %s, want a page", got.status, got.header.Get("Content-Type"))
	}
	p.url = strings.Replace(p.url, "localhost", "127.0.0.1", 1)
	got = p.send(t, http.MethodPost, "/api/auth/sign-up/email", `{"name":"Ada","email":"ada@example.com","password":"correct horse"}`)
	if got.status != http.StatusOK {
		t.Errorf("by number: got %d %s, want 200", got.status, got.body)
	}
	got = p.send(t, http.MethodPost, "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"correct horse"}`, "Origin", "http://evil.example.com")
	if got.status != http.StatusForbidden {
		t.Errorf("from elsewhere: got %d %s, want 403", got.status, got.body)
	}
}

func TestDevTakesOptions(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", "baseURL: https://auth.example.com\nbasePath: /api/auth\nemailAndPassword: {enabled: false}\ndatabase: {sqlite: own.db}\n")
	p := dev(t, dir)
	if !strings.Contains(p.stdout.String(), "The base URL of the configuration is not of this machine") {
		t.Errorf("got\n%swant a note on the base URL", p.stdout)
	}
	got := p.send(t, http.MethodPost, "/api/auth/sign-up/email", `{"name":"Ada","email":"ada@example.com","password":"correct horse"}`)
	if got.status == http.StatusOK {
		t.Error("got a user, but the configuration switches passwords off")
	}
	if _, err := os.Stat(filepath.Join(dir, "own.db")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, ".lockstep/lockstep.db")); err == nil {
		t.Error("got a second database")
	}
}

func TestDevRefuses(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"all addresses", []string{"--addr", "0.0.0.0:0"}, `lockstep: --addr 0.0.0.0:0: dev is for this machine only, such as 127.0.0.1: for other machines run "lockstep serve"`},
		{"no host", []string{"--addr", ":0"}, `lockstep: --addr :0: dev is for this machine only, such as 127.0.0.1: for other machines run "lockstep serve"`},
		{"another machine's name", []string{"--addr", "example.com:0"}, `lockstep: --addr example.com:0: dev is for this machine only, such as 127.0.0.1: for other machines run "lockstep serve"`},
		{"no port", []string{"--addr", "localhost"}, `lockstep: --addr localhost: write it as 127.0.0.1:3000`},
		{"a folder in no folder", []string{"--addr", "127.0.0.1:0", "--data", "a/b"}, "lockstep: make the data folder: mkdir a/b: no such file or directory: name another one with --data"},
		{"a secret that others can read", []string{"--addr", "127.0.0.1:0", "--data", "loose"}, `lockstep: other users can read the secret in loose/secret: run "chmod 600 loose/secret"`},
		{"an empty secret", []string{"--addr", "127.0.0.1:0", "--data", "empty"}, `lockstep: there is no secret in empty/secret: remove the file to get a new one`},
	}
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"loose": 0o644, "empty": 0o600} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "secret"), nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := lockstep(t, dir, nil, append([]string{"dev"}, tt.args...)...)
			if got.code != 1 || strings.TrimSpace(got.stderr) != tt.want {
				t.Errorf("got exit code %d and\n%swant 1 and\n%s", got.code, got.stderr, tt.want)
			}
		})
	}
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}
