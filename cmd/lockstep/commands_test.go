package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMigrate(t *testing.T) {
	dir := t.TempDir()
	env := []string{"LOCKSTEP_CONFIG=own.yaml"}
	write(t, dir, "own.yaml", "database: {sqlite: own.db}\n")

	plan := lockstep(t, dir, env, "migrate")
	if plan.code != 0 || !strings.Contains(plan.stdout, `create table "user" (`) || !strings.Contains(plan.stdout, "Nothing was changed. Add --yes") {
		t.Errorf("got exit code %d and\n%s%swant the plan, without secret or base URL", plan.code, plan.stdout, plan.stderr)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("got %v, %v: want nothing but the configuration: a plan makes no file", entries, err)
	}
	if again := lockstep(t, dir, env, "migrate"); again.stdout != plan.stdout {
		t.Errorf("got\n%swant the same plan: nothing was changed", again.stdout)
	}
	if done := lockstep(t, dir, env, "migrate", "--yes"); done.code != 0 || !strings.HasSuffix(done.stdout, "Done: the SQLite file own.db is up to date.\n") {
		t.Errorf("got exit code %d and\n%s%swant it done", done.code, done.stdout, done.stderr)
	}
	for _, args := range [][]string{{"migrate"}, {"migrate", "--yes"}} {
		if got := lockstep(t, dir, env, args...); got.code != 0 || got.stdout != "The SQLite file own.db is up to date.\n" {
			t.Errorf("%v: got exit code %d and\n%s%swant it up to date", args, got.code, got.stdout, got.stderr)
		}
	}
}

func TestConfigCheck(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "good.yaml", settings+"session: {expiresIn: 3600}\n")
	env := []string{"BETTER_AUTH_URL=https://env.example.com/auth", "BETTER_AUTH_SECRET=canary-0c4e1b7395d8f2a6c0e4b17395d8"}
	got := lockstep(t, dir, env, "config", "check", "--config", "good.yaml")
	want := `# From good.yaml and the environment. All other options have Better Auth's defaults.
# Endpoints below /auth, data in the SQLite file lockstep.db.
secret: '[redacted]'
emailAndPassword:
  enabled: true
session:
  expiresIn: 3600
rateLimit:
  enabled: false
baseURL: https://env.example.com/auth
`
	if diff := cmp.Diff(got, run{0, want, ""}, cmp.AllowUnexported(run{})); diff != "" {
		t.Errorf("got -, want +:\n%s", diff)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("got %v, %v: want nothing but the file", entries, err)
	}
}

func TestConfigCheckFindsEverything(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", `
secret: short
emailAndPassword: {enabled: true, minPasswordLength: 200}
rateLimit: {storage: redis}
user: {fields: {nick: x}}
database: {sqlite: none/a.db}
`)
	got := lockstep(t, dir, nil, "config", "check")
	want := []string{
		noBaseURL,
		"lockstep: EmailAndPassword: MinPasswordLength is 200 and MaxPasswordLength is 128: the first must be 1 or more, and not above the second",
		`lockstep: RateLimit.Storage is "redis", must be "memory" or "database"`,
		`lockstep: Secret has 5 characters, needs 32 (run "lockstep secret")`,
		`lockstep: table "user" has no field "nick" to rename`,
		"lockstep: there is no folder none for the database: make it, or name another file as database.sqlite",
	}
	if diff := cmp.Diff(strings.Split(strings.TrimSpace(got.stderr), "\n"), want); diff != "" || got.code != 1 {
		t.Errorf("exit code %d; got -, want +:\n%s", got.code, diff)
	}
}

func TestConfigCheckWarns(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", "baseURL: http://auth.example.com\nsecret: 8d2f6a0c4e1b7395d8f2a6c0e4b17395\n")
	got := lockstep(t, dir, nil, "config", "check")
	for _, want := range []string{"nobody can sign in", "baseURL is not https"} {
		if !strings.Contains(got.stderr, want) {
			t.Errorf("got %swant a warning that %q", got.stderr, want)
		}
	}
	if got.code != 0 {
		t.Errorf("got exit code %d, want 0", got.code)
	}
}

func TestSecret(t *testing.T) {
	first, second := lockstep(t, t.TempDir(), nil, "secret"), lockstep(t, t.TempDir(), nil, "secret")
	if !regexp.MustCompile(`^[0-9a-f]{64}\n$`).MatchString(first.stdout) {
		t.Errorf("got %q, want 64 hexadecimal digits", first.stdout)
	}
	if first.stdout == second.stdout {
		t.Error("got the same secret twice")
	}
}

func TestVersion(t *testing.T) {
	got := lockstep(t, t.TempDir(), nil, "version")
	if got.code != 0 || !regexp.MustCompile(`^lockstep \S+ \(go\S+, \w+/\w+\)\n$`).MatchString(got.stdout) {
		t.Errorf("got %q", got.stdout)
	}
}

func TestUsageErrors(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"no command", nil, "expected one of"},
		{"a command that is misspelt", []string{"srve"}, `did you mean "serve"?`},
		{"a flag that is misspelt", []string{"serve", "--adr", "x"}, `did you mean "--addr"?`},
		{"another shell", []string{"completion", "csh"}, `must be one of`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := lockstep(t, t.TempDir(), nil, tt.args...)
			if got.code != 2 || got.stdout != "" || !strings.Contains(got.stderr, tt.want) || !strings.Contains(got.stderr, "--help") {
				t.Errorf("got %+v, want exit code 2 and an error with %q and the way to help", got, tt.want)
			}
		})
	}
}

func TestHelpNamesEveryCommand(t *testing.T) {
	got := lockstep(t, t.TempDir(), nil, "--help")
	for _, command := range []string{"dev", "serve", "migrate", "config check", "convex init", "convex generate", "convex doctor", "secret", "version", "completion"} {
		if !strings.Contains(got.stdout, "\n  "+command+" ") {
			t.Errorf("got\n%swant %s in it", got.stdout, command)
		}
	}
	if got.code != 0 || strings.Contains(got.stdout, "  complete ") {
		t.Errorf("got exit code %d and\n%s", got.code, got.stdout)
	}
}

func TestComplete(t *testing.T) {
	tests := []struct {
		name  string
		words []string
		want  string
	}{
		{"commands", []string{""}, "dev serve migrate config convex types secret version completion"},
		{"commands that begin so", []string{"s"}, "serve secret"},
		{"commands below", []string{"config", ""}, "check"},
		{"flags", []string{"serve", "--"}, "--help --version --config --addr"},
		{"flags after a value", []string{"serve", "--config", "s", "--a"}, "--addr"},
		{"the value of a flag is left to the shell", []string{"serve", "--config", ""}, ""},
		{"values of an argument", []string{"completion", "f"}, "fish"},
		{"nothing for what is unknown", []string{"serve", "x"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := lockstep(t, t.TempDir(), nil, append([]string{"complete", "--"}, tt.words...)...)
			if diff := cmp.Diff(strings.Join(strings.Fields(got.stdout), " "), tt.want); diff != "" {
				t.Errorf("got -, want +:\n%s%s", diff, got.stderr)
			}
		})
	}
}

func TestCompletionScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		got := lockstep(t, t.TempDir(), nil, "completion", shell)
		script, err := os.ReadFile(filepath.Join("completion", "lockstep."+shell))
		if err != nil {
			t.Fatal(err)
		}
		if got.code != 0 || got.stdout != string(script) {
			t.Errorf("%s: got exit code %d and\n%s", shell, got.code, got.stdout)
		}
	}
}
