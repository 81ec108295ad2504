package main_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep/bench/report"
)

// build builds a program of the module, as make build does.
func build(t *testing.T, dir, pkg string) string {
	t.Helper()
	program := filepath.Join(dir, filepath.Base(pkg))
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "github.com/lockstep-auth/lockstep/"+pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

func bench(t *testing.T, program string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// TestQuickRun measures both servers, too shortly to mean anything: it finds
// servers that do not start, and answers that are wrong. It needs make deps.
func TestQuickRun(t *testing.T) {
	dir := t.TempDir()
	program, lockstep := build(t, dir, "bench"), build(t, dir, "cmd/lockstep")
	out := filepath.Join(dir, "out")
	stdout, stderr, err := bench(t, program, "-quick", "-lockstep", lockstep, "-node", "node", "-out", out,
		"-only", "get-session/jwe,sign-*/sqlite,overflow,start,scale")
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	for _, part := range []string{"these figures mean nothing", "### Targets", "cookie cache (jwe)", "sign-up", "1,000 sessions"} {
		if !strings.Contains(stdout, part) {
			t.Errorf("%q is not in the output:\n%s", part, stdout)
		}
	}
	files, err := filepath.Glob(filepath.Join(out, "*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("got the files %v, %v, want one", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	var r report.Run
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Cells) != 3 || r.Overflow == nil || r.Start == nil || r.Scale == nil || r.Storm != nil {
		t.Errorf("got other figures than those that were asked for: %s", text)
	}
	if bytes.Contains(text, []byte(dir)) || bytes.Contains(text, []byte("token")) {
		t.Error("the figures tell more than figures")
	}
}

func TestFlagsThatMakeNoSense(t *testing.T) {
	dir := t.TempDir()
	program := build(t, dir, "bench")
	document := filepath.Join(dir, "bench.md")
	if err := os.WriteFile(document, []byte("no marks\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"a part of the tables would be of another run", []string{"-docs", document, "-only", "storm"}, "full run only"},
		{"a trial is no figure", []string{"-docs", document, "-quick"}, "full run only"},
		{"a document without marks", []string{"-docs", document}, "the document needs"},
		{"a name that is wrong", []string{"-only", "start,sign-on/*"}, `nothing is called "sign-on/*"; there is get-session/compact`},
		{"an argument", []string{"storm"}, "not a flag"},
		{"no lockstep", []string{"-quick", "-lockstep", filepath.Join(dir, "nothing")}, `run "make build"`},
		{"no packages", []string{"-quick", "-lockstep", program, "-node", dir}, `run "make deps"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			stdout, stderr, err := bench(t, program, c.args...)
			if err == nil || !strings.Contains(stderr, c.want) || stdout != "" {
				t.Errorf("got %v, %q, want %q", err, stderr, c.want)
			}
		})
	}
	if got, err := os.ReadFile(document); err != nil || string(got) != "no marks\n" {
		t.Errorf("the document: got %q, %v, want it unchanged", got, err)
	}
}
