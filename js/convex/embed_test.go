package convexjs_test

import (
	"io/fs"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	convexjs "github.com/lockstep-auth/lockstep/js/convex"
)

func TestFiles(t *testing.T) {
	var got []string
	err := fs.WalkDir(convexjs.Files(), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			got = append(got, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"crons.ts", "lockstep.ts",
		"lockstepFunctions/apply.ts", "lockstepFunctions/call.ts", "lockstepFunctions/cleanup.ts", "lockstepFunctions/deployment.ts",
		"lockstepFunctions/index.ts", "lockstepFunctions/read.ts", "lockstepFunctions/secret.ts", "lockstepFunctions/select.ts",
		"lockstepFunctions/tables.ts",
		"schema.ts",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
}

// TestImports: a project has package convex, and nothing else has to be there.
func TestImports(t *testing.T) {
	from := regexp.MustCompile(`(?m)^(?:import|export|\}).* from '([^']+)'$`)
	err := fs.WalkDir(convexjs.Files(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(convexjs.Files(), path)
		if err != nil {
			return err
		}
		imports := from.FindAllSubmatch(text, -1)
		if len(imports) == 0 {
			t.Errorf("%s imports nothing", path)
		}
		for _, m := range imports {
			if name := string(m[1]); name != "convex/server" && name != "convex/values" && !strings.HasPrefix(name, "./") {
				t.Errorf("%s imports %q", path, name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestCheck type-checks the functions against the pinned convex and bundles them
// as its command line does.
func TestCheck(t *testing.T) {
	if _, err := os.Stat("node_modules"); err != nil {
		t.Fatal("js/convex has no node_modules: run make deps")
	}
	out, err := exec.CommandContext(t.Context(), "npm", "run", "--silent", "check").CombinedOutput()
	if err != nil {
		t.Errorf("npm run check: %v\n%s", err, out)
	}
}
