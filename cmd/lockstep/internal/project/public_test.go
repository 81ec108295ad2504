package project_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/project"
)

func TestPublicFunctions(t *testing.T) {
	dir := t.TempDir()
	const table = `ctx.db.query("session").collect()`
	write(t, dir, map[string]string{
		"convex/users.ts": `import { internalQuery, query } from './_generated/server'
export const everybody = query({ handler: (ctx) => ctx.db.query('user').collect() })
export const inside = internalQuery({ handler: (ctx) => ` + table + ` })
export const notes = query({ handler: (ctx) => ctx.db.query('notes').collect() })
// export const old = query({ handler: (ctx) => ` + table + ` })
`,
		"convex/deep/store.js":             "export default mutation(async (ctx) => {\n  await ctx.db\n    .insert('account', {})\n})\n",
		"convex/re.ts":                     "const re = /\"/\nexport const all = query(async (ctx) => " + table + ")\n",
		"convex/auth.ts":                   "export const {\n  create, findOne,\n} = createApi(schema, () => ({}))\n",
		"convex/kept.ts":                   "export const { create } = internal(createApi(schema, () => ({})))\n",
		"convex/_generated/api.ts":         "export const x = query(async (ctx) => " + table + ")\n",
		"convex/lockstepFunctions/read.ts": "export const x = query(async (ctx) => " + table + ")\n",
		"convex/types.d.ts":                "export const x = query(async (ctx) => " + table + ")\n",
		"convex/readme.md":                 "export const x = query(async (ctx) => " + table + ")\n",
	})
	got, err := project.PublicFunctions(t.Context(), dir, []string{"user", "session", "account"})
	if err != nil {
		t.Fatal(err)
	}
	want := []project.Public{
		{File: "convex/auth.ts", Function: "createApi"},
		{File: "convex/deep/store.js", Function: "default", Table: "account"},
		{File: "convex/re.ts", Function: "all", Table: "session"},
		{File: "convex/users.ts", Function: "everybody", Table: "user"},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
	for _, c := range []struct{ dir, want string }{
		{dir + "/none", "there is no folder"},
		{t.TempDir(), "there is no folder convex"},
	} {
		if _, err := project.PublicFunctions(t.Context(), c.dir, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.dir, err, c.want)
		}
	}
}
