package declaration_test

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/declaration"
	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/schema"
)

// toolchain is the folder with TypeScript and the types to check against.
const toolchain = "../../../../js/types"

var update = flag.Bool("update", false, "rewrite the golden file")

// config has a field of every kind.
func config(t testing.TB) declaration.Config {
	t.Helper()
	tables, err := schema.Merge(identity.Tables(), []schema.Table{
		{Name: identity.UserTable, Fields: []schema.Field{
			{Name: "role", Required: true, NoInput: true, Enum: []string{"user", "admin"}, Default: func() any { return "user" }},
			{Name: "nick-name"},
			{Name: "note", NoOutput: true},
			{Name: "hidden", NoInput: true, NoOutput: true},
			{Name: "settings", Type: schema.JSON},
			{Name: "tags", Type: schema.Strings},
			{Name: "marks", Type: schema.Numbers},
			{Name: "born", Type: schema.Date},
			{Name: "score", Type: schema.Number},
			{Name: "vip", Type: schema.Bool, Required: true, Default: func() any { return false }},
			{Name: "odd", Enum: []string{`"; \`, "`${x}`", "\u2028*/"}},
		}},
		{Name: identity.SessionTable, Fields: []schema.Field{{Name: "theme"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return declaration.Config{Tables: tables, Providers: []string{"github", `own"id`}}
}

func TestText(t *testing.T) {
	got, golden := declaration.Text(config(t)), filepath.Join("testdata", "lockstep.d.ts")
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), string(want)); diff != "" {
		t.Errorf("got -, want +:\n%s", diff)
	}
}

// TestTypeScript type-checks the declarations in projects of three kinds, which say
// what types they expect.
func TestTypeScript(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(filepath.Join(toolchain, "node_modules")); err != nil {
		t.Fatal("js/types has no node_modules: run make deps")
	}
	for _, kind := range []string{"nuxt", "client", "plain"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			check(t, prepare(t, kind, declaration.Text(config(t))))
		})
	}
	t.Run("no additional fields", func(t *testing.T) {
		t.Parallel()
		dir := prepare(t, "plain", declaration.Text(declaration.Config{Tables: identity.Tables()}))
		if err := os.Remove(filepath.Join(dir, "use.ts")); err != nil {
			t.Fatal(err)
		}
		check(t, dir)
	})
}

// prepare returns a folder with the files of testdata/kind, the declarations and
// what they are checked with.
func prepare(t *testing.T, kind string, text []byte) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", kind))); err != nil {
		t.Fatal(err)
	}
	modules, err := filepath.Abs(filepath.Join(toolchain, "node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	if _, err := declaration.Write(filepath.Join(dir, "lockstep.d.ts"), text); err != nil {
		t.Fatal(err)
	}
	return dir
}

func check(t *testing.T, dir string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node_modules/.bin/tsc", "--project", ".")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "shared", "types", "lockstep.d.ts")
	first, second := declaration.Text(config(t)), declaration.Text(declaration.Config{Tables: identity.Tables()})
	for _, tc := range []struct {
		name string
		text []byte
		want declaration.Outcome
	}{
		{"a file that is not there", first, declaration.Made},
		{"the same again", first, declaration.Same},
		{"another configuration", second, declaration.Changed},
	} {
		if got, err := declaration.Write(name, tc.text); got != tc.want || err != nil {
			t.Errorf("%s: got %v, %v, want %v", tc.name, got, err, tc.want)
		}
		if got, err := os.ReadFile(name); string(got) != string(tc.text) || err != nil {
			t.Errorf("%s: got %q, %v", tc.name, got, err)
		}
	}
}

func TestWriteRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	own := filepath.Join(dir, "own.d.ts")
	if err := os.WriteFile(own, []byte("export {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{own, dir, filepath.Join(own, "x.d.ts")} {
		if _, err := declaration.Write(name, declaration.Text(config(t))); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: got %v, want an error", name, err)
		}
	}
	if got, err := os.ReadFile(own); string(got) != "export {}\n" || err != nil {
		t.Errorf("got %q, %v: want the file as it was", got, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("got %v, %v: want nothing else", entries, err)
	}
}

// TestWriteThroughLink: a link stays one, and what it leads to is replaced.
func TestWriteThroughLink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target, link := filepath.Join(dir, "a.d.ts"), filepath.Join(dir, "b.d.ts")
	if _, err := declaration.Write(target, declaration.Text(config(t))); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	text := declaration.Text(declaration.Config{})
	if got, err := declaration.Write(link, text); got != declaration.Changed || err != nil {
		t.Fatalf("got %v, %v", got, err)
	}
	if got, err := os.ReadFile(target); string(got) != string(text) || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := os.Readlink(link); got != target || err != nil {
		t.Errorf("got %q, %v: want the link", got, err)
	}
}
