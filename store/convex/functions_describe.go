package convex

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

// callVersion is the form of the calls, VERSION in js/convex/src/lockstepFunctions/call.ts.
const callVersion = 1

// A deployment is what the schema of the deployment has, by physical names.
type deployment struct {
	tables map[string]deployedTable
}

type deployedTable struct {
	kinds   map[string][]string // of value, by field; nil if the schema does not say
	indexes []deployedIndex     // sorted by name
}

type deployedIndex struct {
	name   string
	fields []string
}

// describe learns what the deployment has. Its errors are the client's, so that
// detect can tell them apart.
func (f *functions) describe(ctx context.Context) error {
	value, err := f.query(ctx, "describe", nil)
	if err != nil {
		return err
	}
	answer, _ := value.(map[string]any)
	if version := answer["version"]; version != float64(callVersion) {
		return fmt.Errorf("%w: the functions in the deployment are version %v, this server needs %d: update the convex folder and run npx convex deploy",
			store.ErrUnavailable, version, callVersion)
	}
	if answer["remembers"] != true {
		return fmt.Errorf("%w: add lockstepTables to convex/schema.ts and run npx convex deploy", store.ErrUnavailable)
	}
	described, _ := answer["tables"].(map[string]any)
	d := &deployment{tables: make(map[string]deployedTable, len(described))}
	for name, v := range described {
		d.tables[name] = describedTable(v)
	}
	f.deployed.Store(d)
	return nil
}

func describedTable(v any) deployedTable {
	var t deployedTable
	fields, _ := v.(map[string]any)
	if kinds, ok := fields["fields"].(map[string]any); ok {
		t.kinds = make(map[string][]string, len(kinds))
		for name, list := range kinds {
			t.kinds[name] = textList(list)
		}
	}
	indexes, _ := fields["indexes"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(indexes)) {
		t.indexes = append(t.indexes, deployedIndex{name, textList(indexes[name])})
	}
	return t
}

// serving returns an index whose first fields are the columns, in any order,
// and the columns in the order of the index. Without one, the index is nil as
// the functions take it.
func (t deployedTable) serving(columns ...string) (index any, ordered []string) {
	for _, x := range t.indexes {
		if len(x.fields) < len(columns) {
			continue
		}
		first := x.fields[:len(columns)]
		if !slices.ContainsFunc(columns, func(c string) bool { return !slices.Contains(first, c) }) {
			return x.name, first
		}
	}
	return nil, columns
}

// plan implements planner. The deployment is asked again: a plan is for people
// who have just changed something.
func (f *functions) plan(ctx context.Context) ([]string, error) {
	if err := f.describe(ctx); err != nil {
		return nil, f.explain(err)
	}
	d := f.deployed.Load()
	var lines []string
	for _, t := range f.tables.list {
		deployed, ok := d.tables[t.physical]
		if !ok {
			lines = append(lines, fmt.Sprintf("table %q: define it in convex/schema.ts and list it in convex/lockstep.ts", t.physical))
			continue
		}
		lines = append(lines, deployed.lacks(t)...)
	}
	return lines, nil
}

// lacks says what a table needs that the deployed one does not have.
func (t deployedTable) lacks(want *table) []string {
	lines := t.lacksFields(want)
	var done []string
	indexes := slices.Clone(want.wanted)
	for _, u := range want.unique {
		indexes = append(indexes, u.columns)
	}
	for _, columns := range indexes {
		code := indexCode(columns)
		if index, _ := t.serving(columns...); index == nil && !slices.Contains(done, code) {
			done = append(done, code)
			lines = append(lines, fmt.Sprintf("table %q: %s", want.physical, code))
		}
	}
	return lines
}

func (t deployedTable) lacksFields(want *table) []string {
	if t.kinds == nil {
		return nil // the schema takes anything, or says it in a way that is not read here
	}
	var lines []string
	known := make(map[string]bool, len(want.fields))
	for _, f := range want.fields[1:] {
		known[f.column] = true
		if !f.fits(t.kinds[f.column]) {
			lines = append(lines, fmt.Sprintf("table %q: field %s: %s", want.physical, f.column, f.validator()))
		}
	}
	for _, column := range slices.Sorted(maps.Keys(t.kinds)) {
		if !known[column] && !slices.Contains(t.kinds[column], "missing") {
			lines = append(lines, fmt.Sprintf("table %q: field %s: v.optional(…), because the server does not know it", want.physical, column))
		}
	}
	return lines
}

// indexCode is the definition of an index, named as @convex-dev/better-auth
// names them.
func indexCode(columns []string) string {
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = "'" + c + "'"
	}
	return fmt.Sprintf(".index('%s', [%s])", strings.Join(columns, "_"), strings.Join(quoted, ", "))
}

// kind is what Convex calls the values of the field.
func (f *field) kind() string {
	switch f.Type {
	case schema.Number, schema.Date:
		return "float64"
	case schema.Bool:
		return "boolean"
	case schema.Strings:
		return "string[]"
	case schema.Numbers:
		return "float64[]"
	default: // also JSON, which is kept as text
		return "string"
	}
}

// fits reports whether a field that takes these kinds of value can hold those
// of f.
func (f *field) fits(kinds []string) bool {
	isAny := slices.Contains(kinds, "any")
	return (isAny || slices.Contains(kinds, f.kind())) && (isAny || f.Required || slices.Contains(kinds, "null"))
}

// validator is the definition of the field in convex/schema.ts.
func (f *field) validator() string {
	code := map[string]string{
		"string": "v.string()", "float64": "v.number()", "boolean": "v.boolean()",
		"string[]": "v.array(v.string())", "float64[]": "v.array(v.number())",
	}[f.kind()]
	if f.Required {
		return code
	}
	return "v.optional(v.union(v.null(), " + code + "))"
}
