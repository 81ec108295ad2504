package project_test

import (
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/project"
	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/schema"
)

// toolchain has the pinned packages that a project would have.
const toolchain = "../../../../js/convex"

func config() project.Config { return project.Config{Tables: identity.Tables()} }

// full is a server with everything that there can be.
func full() project.Config {
	tables := identity.Tables()
	tables[0].ModelName = "users"
	tables[0].Fields = append(tables[0].Fields,
		schema.Field{Name: "team", FieldName: "team_name", Index: true},
		schema.Field{Name: "tags", Type: schema.Strings})
	tables[1].Field("expiresAt").FieldName = "expires_at"
	return project.Config{
		Tables: tables, WithSecret: true,
		Issuer: "https://auth.example.com", JWKS: "https://auth.example.com/api/auth/convex/jwks",
	}
}

// files returns the files below dir and what is in them.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		all[filepath.ToSlash(name)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func write(t *testing.T, dir string, texts map[string]string) {
	t.Helper()
	for name, text := range texts {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func initialise(t *testing.T, dir string, c project.Config) project.Report {
	t.Helper()
	r, err := project.Init(dir, c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestInit(t *testing.T) {
	dir := t.TempDir()
	report := initialise(t, dir, full())
	first := files(t, dir)
	if diff := cmp.Diff(report.Made, slices.Sorted(maps.Keys(first))); diff != "" || report.Changed != nil || report.Todo != nil {
		t.Errorf("made -, there +:\n%schanged %v, left %v", diff, report.Changed, report.Todo)
	}
	for _, name := range []string{
		"convex/auth.config.ts", "convex/crons.ts", "convex/lockstep.ts", "convex/lockstepFunctions/index.ts", "convex/lockstepSchema.ts", "convex/schema.ts",
	} {
		if first[name] == "" {
			t.Errorf("no %s", name)
		}
	}
	for _, part := range []string{
		"  users: defineTable({\n", "    team_name: v.optional(v.union(v.null(), v.string())),\n", ".index('team_name', ['team_name'])",
		".index('expires_at_userId', ['expires_at', 'userId'])", "'users',\n", "expiring = { session: 'expires_at', verification: 'expiresAt' }",
	} {
		if !strings.Contains(first["convex/lockstepSchema.ts"], part) {
			t.Errorf("got\n%swant it to have %q", first["convex/lockstepSchema.ts"], part)
		}
	}
	t.Run("twice changes nothing", func(t *testing.T) {
		again := initialise(t, dir, full())
		if diff := cmp.Diff(again, project.Report{}); diff != "" {
			t.Errorf("reported -, want +:\n%s", diff)
		}
		if diff := cmp.Diff(files(t, dir), first); diff != "" {
			t.Errorf("got -, want +:\n%s", diff)
		}
	})
	t.Run("keeps what the project wrote", func(t *testing.T) {
		own := map[string]string{"convex/lockstep.ts": first["convex/lockstep.ts"] + "// mine\n", "convex/tasks.ts": "export const x = 1\n"}
		write(t, dir, own)
		initialise(t, dir, config())
		got := files(t, dir)
		for name, text := range own {
			if got[name] != text {
				t.Errorf("%s: got\n%swant\n%s", name, got[name], text)
			}
		}
	})
}

func TestGenerate(t *testing.T) {
	dir := t.TempDir()
	if _, err := project.Generate(dir, config()); err == nil || !strings.Contains(err.Error(), "run lockstep convex init first") {
		t.Errorf("got %v, want an error that names init", err)
	}
	if got := files(t, dir); len(got) > 0 {
		t.Errorf("got %v, want nothing after an error", got)
	}
	initialise(t, dir, config())
	before := files(t, dir)
	write(t, dir, map[string]string{"convex/lockstepFunctions/read.ts": "// old\n"})
	c := config()
	c.KeepVerifications = true
	report, err := project.Generate(dir, c)
	if err != nil {
		t.Fatal(err)
	}
	want := project.Report{Changed: []string{"convex/lockstepFunctions/read.ts", "convex/lockstepSchema.ts"}}
	if diff := cmp.Diff(report, want); diff != "" {
		t.Errorf("got -, want +:\n%s", diff)
	}
	before["convex/lockstepSchema.ts"] = strings.Replace(before["convex/lockstepSchema.ts"], ", verification: 'expiresAt' }", " }", 1)
	if diff := cmp.Diff(files(t, dir), before); diff != "" {
		t.Errorf("got -, want +:\n%s", diff)
	}
}

const guide = `import { defineSchema, defineTable } from 'convex/server'
import { v } from 'convex/values'

const authTables = {
  user: defineTable({ name: v.string(), email: v.string(), emailVerified: v.boolean(), createdAt: v.number(), updatedAt: v.number() })
    .index('email_name', ['email', 'name']),
}

export default defineSchema({
  ...authTables,
  // your other tables
})
`

// TestSchemaThatIsThere: two lines are added where it is plain where they go,
// and nothing is touched where it is not.
func TestSchemaThatIsThere(t *testing.T) {
	const imported, spread = "import { lockstepTables } from './lockstepSchema'\n", "\n  ...lockstepTables,"
	tests := []struct{ name, src, want string }{
		{
			"the integration guide's", guide,
			strings.Replace(strings.Replace(guide, "defineSchema({", "defineSchema({"+spread, 1), "import {", imported+"import {", 1),
		},
		{
			"comments and quotes are not code", "// defineSchema({\n/* import x */\nconst s = 'defineSchema({', t = `import`\nexport default defineSchema({ a: 1 })\n",
			imported + "// defineSchema({\n/* import x */\nconst s = 'defineSchema({', t = `import`\nexport default defineSchema({" + spread + " a: 1 })\n",
		},
		{"no table", "export default defineSchema({})", imported + "export default defineSchema({" + spread + "})"},
		{
			"lines as on Windows", "import a from 'b'\r\nexport default defineSchema({\r\n})\r\n",
			"import { lockstepTables } from './lockstepSchema'\r\nimport a from 'b'\r\nexport default defineSchema({\r\n  ...lockstepTables,\r\n})\r\n",
		},
		{"both lines, in other words", "import { x, lockstepTables } from \"./lockstepSchema.js\"\nexport default defineSchema({...lockstepTables})", ""},
		{"both lines, beside a regular expression", imported + "const x = /'/\nexport default defineSchema({...lockstepTables})\n", ""},
		{"tables from elsewhere", "export default defineSchema(tables)\n", ""},
		{"two schemas", "defineSchema({})\ndefineSchema({})\n", ""},
		{"the name means something else", "const lockstepTables = {}\nexport default defineSchema({})\n", ""},
		{"one of the lines", imported + "export default defineSchema({})\n", ""},
		{"a regular expression", "const x = /defineSchema({/\nexport default defineSchema({})\n", ""},
		{"code in a template", "const x = `${'`'}`\nexport default defineSchema({})\n", ""},
		{"a comment without end", "export default defineSchema({})\n/* ", ""},
		{"quotes without end", "export default defineSchema({})\n'", ""},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, map[string]string{"convex/schema.ts": tt.src})
			report := initialise(t, dir, config())
			got := files(t, dir)["convex/schema.ts"]
			if tt.want != "" {
				if got != tt.want || !slices.Contains(report.Changed, "convex/schema.ts") {
					t.Errorf("got\n%s\nwant\n%s", got, tt.want)
				}
				if again := initialise(t, dir, config()); len(again.Changed)+len(again.Made)+len(again.Todo) > 0 || files(t, dir)["convex/schema.ts"] != got {
					t.Errorf("the second time: got %v", again)
				}
				return
			}
			if got != tt.src {
				t.Errorf("got\n%s\nwant it untouched", got)
			}
			if has := strings.Contains(strings.Join(report.Todo, ""), "Add two lines to convex/schema.ts"); has == strings.Contains(tt.name, "both lines") {
				t.Errorf("left for a person: %v", report.Todo)
			}
		})
	}
}

// TestFilesThatAreThere: what a project has itself stays, and what it lacks is
// said.
func TestFilesThatAreThere(t *testing.T) {
	tests := []struct {
		name, file, text string
		want             string // part of what is left for a person; empty for nothing
	}{
		{"crons without the clean-up", "crons.ts", "export default crons\n", "internal.lockstep.cleanUp"},
		{"crons with it", "crons.ts", "crons.interval('x', { hours: 1 }, internal.lockstep.cleanUp)\n", ""},
		{"functions with a list of their own", "lockstep.ts", "lockstep({ schema, tables: ['user'] })\n", "import { expiring, tables } from './lockstepSchema'"},
		{"functions with ours", "lockstep.ts", "import { tables } from \"./lockstepSchema\"\nlockstepWithSecret()\n", ""},
		{
			"functions that ask for a key where a secret is meant", "lockstep.ts", "import { tables } from './lockstepSchema'\nlockstep()\n",
			"Put lockstepWithSecret in the place of lockstep in convex/lockstep.ts",
		},
		{"providers without ours", "auth.config.ts", "export default { providers: [] }\n", "issuer: 'https://auth.example.com'"},
		{"providers with ours", "auth.config.ts", "export default { providers: [{ issuer: 'https://auth.example.com' }] }\n", ""},
		{"a file of another version", "lockstepFunctions/gone.ts", "x\n", "Remove convex/lockstepFunctions/gone.ts"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, map[string]string{"convex/" + tt.file: tt.text})
			report := initialise(t, dir, full())
			if got := files(t, dir)["convex/"+tt.file]; got != tt.text {
				t.Errorf("got\n%swant it untouched", got)
			}
			if got := strings.Join(report.Todo, "\n"); (tt.want == "") != (got == "") || !strings.Contains(got, tt.want) {
				t.Errorf("left for a person: got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestJavaScript: Convex takes schema.ts and leaves out a schema.js beside it, with
// the project's tables.
func TestJavaScript(t *testing.T) {
	dir := t.TempDir()
	const schema = "import { defineSchema, defineTable } from 'convex/server'\n\nexport default defineSchema({\n  tasks: defineTable({}),\n})\n"
	write(t, dir, map[string]string{
		"convex/schema.js": schema, "convex/crons.js": "export default crons\n", "convex/auth.config.js": "export default { providers: [] }\n",
	})
	report := initialise(t, dir, full())
	all := files(t, dir)
	for _, name := range []string{"schema", "crons", "auth.config"} {
		if _, ok := all["convex/"+name+".ts"]; ok {
			t.Errorf("there is a %s.ts beside %[1]s.js", name)
		}
	}
	want := "import { lockstepTables } from './lockstepSchema'\n" + strings.Replace(schema, "  tasks", "  ...lockstepTables,\n  tasks", 1)
	if got := all["convex/schema.js"]; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, part := range []string{"Look at the two new lines in convex/schema.js", "Add to convex/crons.js", "Add to the providers in convex/auth.config.js"} {
		if !strings.Contains(strings.Join(report.Todo, "\n"), part) {
			t.Errorf("left for a person: %q, want %q", report.Todo, part)
		}
	}
	if again, err := project.Generate(dir, full()); err != nil || len(again.Made)+len(again.Changed)+len(again.Todo) > 0 {
		t.Errorf("generate: got %v, %v", again, err)
	}
}

// TestRefuses: what cannot be done is said, and nothing is written.
func TestRefuses(t *testing.T) {
	bad := config()
	bad.Tables = []schema.Table{{Name: "a b"}}
	tests := []struct {
		name  string
		files map[string]string
		c     project.Config
		want  string
	}{
		{"a folder outside of the project", map[string]string{"convex.json": `{"functions": "../x"}`}, config(), "not in the project"},
		{"a folder from the root", map[string]string{"convex.json": `{"functions": "/x"}`}, config(), "not in the project"},
		{"settings that are not JSON", map[string]string{"convex.json": "{"}, config(), "convex.json is not JSON"},
		{"a table that Convex cannot have", nil, bad, `Convex cannot have a table named "a b"`},
		{"another file in the place of ours", map[string]string{"convex/lockstepSchema.ts": "// mine\n"}, config(), "convex/lockstepSchema.ts was not made by Lockstep"},
		{"a file without end", map[string]string{"convex/schema.ts": strings.Repeat(" ", 1<<20+1)}, config(), "larger than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, tt.files)
			before := files(t, dir)
			if _, err := project.Init(dir, tt.c); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
			if diff := cmp.Diff(files(t, dir), before); diff != "" {
				t.Errorf("something was written:\n%s", diff)
			}
		})
	}
	if _, err := project.Init(filepath.Join(t.TempDir(), "none"), config()); err == nil || !strings.Contains(err.Error(), "--dir") {
		t.Errorf("got %v, want an error that names --dir", err)
	}
}

// TestLinks: a file that is a link to one elsewhere stays one.
func TestLinks(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"shared/schema.ts": "export default defineSchema({})\n", "convex/x.ts": ""})
	link := filepath.Join(dir, "convex", "schema.ts")
	if err := os.Symlink(filepath.Join(dir, "shared", "schema.ts"), link); err != nil {
		t.Fatal(err)
	}
	initialise(t, dir, config())
	if info, err := os.Lstat(link); err != nil || info.Mode().Type() != fs.ModeSymlink {
		t.Errorf("got %v, %v, want a link", info, err)
	}
	if got := files(t, dir)["shared/schema.ts"]; !strings.Contains(got, "...lockstepTables") {
		t.Errorf("got\n%s", got)
	}
}

func TestHasConvex(t *testing.T) {
	for text, want := range map[string]bool{
		`{"dependencies": {"convex": "1.48.0"}}`: true, `{"devDependencies": {"convex": "1"}}`: true,
		`{"dependencies": {"convexity": "1"}}`: false, `{`: false, "": false,
	} {
		dir := t.TempDir()
		write(t, dir, map[string]string{"package.json": text})
		if got := project.HasConvex(dir); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
	if project.HasConvex(t.TempDir()) {
		t.Error("got true without a package.json")
	}
}

// TestToolchain type-checks a project with the pinned convex, strictly and as
// the template of its command line does, and bundles it as that does. The folder
// is "src", where the script of js/convex looks.
func TestToolchain(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(filepath.Join(toolchain, "node_modules")); err != nil {
		t.Fatal("js/convex has no node_modules: run make deps")
	}
	withSchema := map[string]string{"src/schema.ts": guide}
	for name, c := range map[string]project.Config{"a new project": full(), "the guide's project": config()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, map[string]string{"convex.json": `{"functions": "src/"}`, "template.json": template})
			if name == "the guide's project" {
				write(t, dir, withSchema)
			}
			initialise(t, dir, c)
			for _, file := range []string{"bundle.mjs", "tsconfig.json", "package.json"} {
				text, err := os.ReadFile(filepath.Join(toolchain, file))
				if err != nil {
					t.Fatal(err)
				}
				write(t, dir, map[string]string{file: string(text)})
			}
			modules, err := filepath.Abs(filepath.Join(toolchain, "node_modules"))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"npm", "run", "--silent", "check"}, {"node_modules/.bin/tsc", "--project", "template.json"}} {
				cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
				cmd.Dir = dir
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%v: %v\n%s", args, err, out)
				}
			}
		})
	}
}

// template is the tsconfig.json that convex 1.48.0 gives a new project
// (src/cli/codegen_templates/tsconfig.ts).
const template = `{
  "compilerOptions": {
    "allowJs": true, "strict": true, "moduleResolution": "Bundler", "jsx": "react-jsx", "skipLibCheck": true, "allowSyntheticDefaultImports": true,
    "target": "ESNext", "lib": ["ES2023", "dom"], "forceConsistentCasingInFileNames": true, "module": "ESNext", "isolatedModules": true, "noEmit": true
  },
  "include": ["src/**/*"]
}
`
