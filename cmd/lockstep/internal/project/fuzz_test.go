package project_test

import (
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/project"
)

// FuzzPublicIn: what is found in a file is written there.
func FuzzPublicIn(f *testing.F) {
	f.Add("export const a = query(ctx.db.query('user'))")
	f.Add("/* */export default mutation(/\"/, db\n.get(\"session\"))\nexport const { create } = createApi(x)")
	f.Fuzz(func(t *testing.T, src string) {
		for _, p := range project.PublicIn(src, []string{"user", "session"}) {
			if p.Function == "" || !strings.Contains(src, p.Function) || !strings.Contains(src, p.Table) {
				t.Errorf("got %v from %q", p, src)
			}
		}
	})
}

// FuzzWithTables: a schema.ts loses nothing, gets exactly the two lines, and is
// not touched a second time.
func FuzzWithTables(f *testing.F) {
	for _, src := range []string{
		guide, "export default defineSchema({})", "// defineSchema({\ndefineSchema({ a: `b` })", "import a\r\ndefineSchema ( {\r\n} )", "'\\''/**/defineSchema({",
	} {
		f.Add(src)
	}
	const imported, spread = "import { lockstepTables } from './lockstepSchema'", "  ...lockstepTables,"
	f.Fuzz(func(t *testing.T, src string) {
		got, ok := project.WithTables(src)
		if !ok {
			return
		}
		newline := "\n"
		if strings.Contains(src, "\r\n") {
			newline = "\r\n"
		}
		before, after, _ := strings.Cut(got, imported+newline)
		between, rest, _ := strings.Cut(after, newline+spread)
		if before+between+rest != src {
			t.Errorf("got %q from %q: more than two lines differ", got, src)
		}
		if !project.Spreads(got) {
			t.Errorf("got %q from %q: the lines are not found again", got, src)
		}
		if again, ok := project.WithTables(got); ok {
			t.Errorf("got %q from %q the second time", again, got)
		}
	})
}
