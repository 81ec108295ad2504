// Package archtest_test keeps the import rules of docs/layout.md true.
package archtest_test

import (
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/lockstep-auth/lockstep"

// leaves are the internal packages that know nothing of endpoints. Plugins of
// the server reach them through package plugin only.
var leaves = []string{
	"internal/secure", "internal/jsjson", "internal/cookie", "internal/origin", "internal/clientip",
	"internal/ratelimit", "internal/wire",
}

// rules lists what each package may import of this module. The first pattern
// that matches a package decides; a package that matches none fails.
var rules = []struct {
	pkg string
	may []string
}{
	{"schema", nil},
	{"store", []string{"schema"}},
	{"convex", nil},
	{"convex/convextest", nil},
	{"internal/relation", []string{"store"}},
	{"store/convex", []string{"schema", "store", "convex", "internal/relation"}},
	{"store/*", []string{"schema", "store", "internal/relation"}},
	{"internal/secure", nil},
	{"internal/jsjson", nil},
	{"internal/origin", nil},
	{"internal/clientip", nil},
	{"internal/cookie", []string{"internal/secure", "internal/jsjson"}},
	{"internal/ratelimit", []string{"schema", "store"}},
	{"internal/wire", []string{"schema", "identity", "internal/jsjson"}},
	{"identity", []string{"schema", "store", "internal/secure"}},
	{"oauth", nil},
	{"social", []string{"oauth"}},
	{"mail", nil},
	{"mail/*", []string{"mail"}},
	{"plugin", []string{
		"identity", "schema", "store", "oauth", "mail",
		"internal/secure", "internal/cookie", "internal/origin", "internal/wire",
	}},
	{"plugin/*", []string{"plugin", "identity", "schema", "store", "oauth", "mail", "jwks"}},
	{"internal/pipeline", append([]string{"plugin", "store"}, leaves...)},
	{"internal/core", append([]string{"plugin", "identity", "schema", "store", "oauth", "mail"}, leaves...)},
	{"internal/archtest", nil},
	{"", append([]string{
		"plugin", "identity", "schema", "store", "store/memory", "oauth", "mail", "internal/core", "internal/pipeline",
	}, leaves...)},
	{"locksteptest", []string{"", "plugin", "identity", "store", "store/memory"}},
	{"ui", []string{""}},
	{"conformance", nil},
	{"conformance/*", []string{"", "identity", "oauth", "plugin", "plugin/genericoauth", "schema", "social", "store", "store/*"}},
	{"jwks", []string{"schema", "store"}},
	{"internal/examplecheck", nil},
	{"internal/convexcheck", nil},
	{"js/*", nil},
	{"bench", []string{"bench/*"}},
	{"bench/memory", []string{"", "store/memory"}},
	{"bench/*", []string{"bench/*"}},
	{"cmd/*", []string{"*", "*/*", "*/*/*/*", ""}},
	{"cmd/*/*/*", []string{"*", "*/*", "*/*/*/*", ""}},
	{"examples/*", []string{"", "plugin", "plugin/*", "identity", "schema", "store", "store/*", "oauth", "social", "ui", "jwks", "mail", "mail/*"}},
}

// small lists what package lockstep may need from outside the module. See
// docs/decisions/0003-dependencies.md.
var small = []string{"golang.org/x/", "github.com/go-jose/"}

func TestImports(t *testing.T) {
	for pkg, imports := range list(t, module+"/...") {
		may, ok := allowed(pkg)
		if !ok {
			t.Errorf("package %q has no rule: add it to rules", pkg)
		}
		for _, imp := range imports {
			rel, ours := relative(imp)
			if ours && !matchAny(may, rel) {
				t.Errorf("package %q must not import %q", pkg, rel)
			}
		}
	}
}

// TestConvexWithoutSQLite keeps SQLite out of programs that only use Convex.
func TestConvexWithoutSQLite(t *testing.T) {
	for _, pkg := range []string{module, module + "/convex", module + "/store/convex"} {
		for _, dep := range deps(t, pkg) {
			if strings.Contains(dep, "sqlite") {
				t.Errorf("%s depends on %s", pkg, dep)
			}
		}
	}
}

// TestSmall keeps database drivers and test libraries out of programs that
// only use the library.
func TestSmall(t *testing.T) {
	for _, dep := range deps(t, module) {
		if _, ours := relative(dep); !ours && !slices.ContainsFunc(small, func(p string) bool { return strings.HasPrefix(dep, p) }) {
			t.Errorf("package lockstep depends on %s", dep)
		}
	}
}

// deps lists the packages that are linked with pkg, without the standard
// library.
func deps(t *testing.T, pkg string) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", pkg).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

func list(t *testing.T, pattern string) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, pattern).Output()
	if err != nil {
		t.Fatal(err)
	}
	pkgs := make(map[string][]string)
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		rel, _ := relative(fields[0])
		pkgs[rel] = fields[1:]
	}
	return pkgs
}

func allowed(pkg string) (may []string, ok bool) {
	for _, r := range rules {
		if matchAny([]string{r.pkg}, pkg) {
			return r.may, true
		}
	}
	return nil, false
}

func matchAny(patterns []string, pkg string) bool {
	for _, p := range patterns {
		if ok, _ := path.Match(p, pkg); ok {
			return true
		}
	}
	return false
}

func relative(importPath string) (rel string, ours bool) {
	if importPath == module {
		return "", true
	}
	return strings.CutPrefix(importPath, module+"/")
}
