package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTypes(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "own.yaml", "secret: canary-0c4e1b7395d8f2a6c0e4b17395d8\n"+
		"user: {additionalFields: {role: {type: [user, admin], input: false, defaultValue: user}}}\n")
	printed := lockstep(t, dir, nil, "types", "--config", "own.yaml", "--out", "-")
	if printed.code != 0 || !strings.Contains(printed.stdout, `  role: "user" | "admin"`) || strings.Contains(printed.stdout, "canary") {
		t.Errorf("got exit code %d and\n%s%swant the types, without secret or base URL", printed.code, printed.stdout, printed.stderr)
	}
	env := []string{"LOCKSTEP_CONFIG=own.yaml"}
	for _, want := range []string{"made     lockstep.d.ts\n", "lockstep.d.ts is up to date.\n"} {
		if got := lockstep(t, dir, env, "types"); got != (run{0, want, ""}) {
			t.Errorf("got %v, want %q", got, want)
		}
	}
	if got, err := os.ReadFile(filepath.Join(dir, "lockstep.d.ts")); string(got) != printed.stdout || err != nil {
		t.Errorf("got %s, %v: want what is printed", got, err)
	}
	if got := lockstep(t, dir, nil, "types"); got != (run{0, "changed  lockstep.d.ts\n", ""}) {
		t.Errorf("got %v: want a change with the configuration", got)
	}
}

func TestTypesRefused(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "own.d.ts", "export {}\n")
	write(t, dir, "bad.yaml", "user: {additionalFields: {role: {type: text}}}\n")
	for _, tc := range []struct {
		name string
		args []string
		want string
	}{
		{"a file of somebody else", []string{"--out", "own.d.ts"}, "lockstep: own.d.ts was not made by lockstep types, and stays: remove it, or name another file with --out\n"},
		{"a configuration that is wrong", []string{"--config", "bad.yaml"}, "lockstep: bad.yaml:1: user.additionalFields.role.type must be"},
		{"a configuration that is not there", []string{"--config", "none.yaml"}, "lockstep: there is no configuration file none.yaml"},
	} {
		got := lockstep(t, dir, nil, append([]string{"types"}, tc.args...)...)
		if got.code != 1 || !strings.HasPrefix(got.stderr, tc.want) {
			t.Errorf("%s: got exit code %d and %q, want %q", tc.name, got.code, got.stderr, tc.want)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("got %v, %v: want nothing new", entries, err)
	}
}
