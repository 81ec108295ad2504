package convex_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store/convex"
)

// TestTypeScriptOfBetterAuth: without options the tables are those of the
// integration guide, as js/convex has them.
func TestTypeScriptOfBetterAuth(t *testing.T) {
	text, err := os.ReadFile("../../js/convex/src/schema.ts")
	if err != nil {
		t.Fatal(err)
	}
	_, want, _ := strings.Cut(string(text), "defineSchema({\n")
	want, _, ok := strings.Cut(want, "  ...lockstepTables,\n")
	if !ok {
		t.Fatal("schema.ts does not spread lockstepTables")
	}
	got, err := convex.TypeScript(identity.Tables())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("got -, want +:\n%s", diff)
	}
}

func TestTypeScript(t *testing.T) {
	tables := []schema.Table{
		{Name: "team", ModelName: "teams", Fields: []schema.Field{
			{Name: "slug", FieldName: "team_slug", Required: true, Unique: true},
			{Name: "size", Type: schema.Number, Required: true, BigInt: true},
			{Name: "open", Type: schema.Bool, Index: true},
			{Name: "since", Type: schema.Date},
			{Name: "prefs", Type: schema.JSON},
			{Name: "tags", Type: schema.Strings, Required: true},
			{Name: "marks", Type: schema.Numbers},
			{Name: "owner", Required: true, References: &schema.Reference{Table: "team", Field: "slug"}},
		}, Indexes: []schema.Index{{Fields: []string{"owner", "slug"}, Unique: true}, {Fields: []string{"open", "since"}}}},
		{Name: "plain", Fields: []schema.Field{{Name: "x"}}},
	}
	got, err := convex.TypeScript(tables)
	if err != nil {
		t.Fatal(err)
	}
	want := `  teams: defineTable({
    team_slug: v.string(),
    size: v.number(),
    open: v.optional(v.union(v.null(), v.boolean())),
    since: v.optional(v.union(v.null(), v.number())),
    prefs: v.optional(v.union(v.null(), v.string())),
    tags: v.array(v.string()),
    marks: v.optional(v.union(v.null(), v.array(v.number()))),
    owner: v.string(),
  })
    .index('open', ['open'])
    .index('open_since', ['open', 'since'])
    .index('owner', ['owner'])
    .index('team_slug', ['team_slug'])
    .index('owner_team_slug', ['owner', 'team_slug']),
  plain: defineTable({
    x: v.optional(v.union(v.null(), v.string())),
  }),
`
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("got -, want +:\n%s", diff)
	}
}

func TestTypeScriptRefuses(t *testing.T) {
	if got, err := convex.TypeScript([]schema.Table{{Name: "a", ModelName: "lockstepBatch"}}); err == nil || got != "" {
		t.Errorf("the name of a table that is there: got %q, %v, want an error", got, err)
	}
	for _, name := range []string{"a b", "_storage", "x: v.any() }), y"} {
		if got, err := convex.TypeScript([]schema.Table{{Name: name}}); err == nil || got != "" {
			t.Errorf("table %q: got %q, %v, want an error", name, got, err)
		}
		if got, err := convex.TypeScript([]schema.Table{{Name: "a", Fields: []schema.Field{{Name: name}}}}); err == nil || got != "" {
			t.Errorf("field %q: got %q, %v, want an error", name, got, err)
		}
	}
}
