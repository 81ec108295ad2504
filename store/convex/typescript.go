package convex

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lockstep-auth/lockstep/schema"
)

// batchTable is where the functions keep the answers of batches.
const batchTable = "lockstepBatch"

// TypeScript returns the definitions of tables for convex/schema.ts: the members
// of the object that defineSchema takes, in the order of the tables, each on
// lines of its own that are indented by two spaces. The tables of Better Auth
// have the indexes of its integration guide, so that a Node.js server can use
// them too; every table has the indexes that the Plan of a Store asks for.
func TypeScript(defs []schema.Table) (string, error) {
	ts, err := bindTables(defs)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, t := range ts.list {
		if t.physical == batchTable {
			return "", fmt.Errorf("convex: table %q cannot be called %q: Lockstep has another table of that name", t.name, batchTable)
		}
		t.define(&b)
	}
	return b.String(), nil
}

// define writes the definition of a table.
func (t *table) define(b *strings.Builder) {
	fmt.Fprintf(b, "  %s: defineTable({\n", t.physical)
	for _, f := range t.fields[1:] { // without id
		fmt.Fprintf(b, "    %s: %s,\n", f.column, f.validator())
	}
	b.WriteString("  })")
	for _, columns := range t.declared() {
		b.WriteString("\n    " + indexCode(columns))
	}
	b.WriteString(",\n")
}

// declared returns the columns of the indexes that the definition has.
func (t *table) declared() [][]string {
	var have deployedTable
	var list [][]string
	add := func(columns []string) {
		list = append(list, columns)
		have.indexes = append(have.indexes, deployedIndex{fields: columns})
	}
	for _, names := range guideDeclares()[t.name] {
		if columns, ok := t.columns(names); ok {
			add(columns)
		}
	}
	wanted := slices.Clone(t.wanted)
	for _, u := range t.unique {
		wanted = append(wanted, u.columns)
	}
	for _, columns := range wanted {
		if !have.serves(columns) {
			add(columns)
		}
	}
	return list
}

// serves reports whether an index finds rows by these columns.
func (t deployedTable) serves(columns []string) bool {
	index, _ := t.serving(columns...)
	return index != nil
}

// columns returns what the deployment calls the fields, if all are there.
func (t *table) columns(names []string) (columns []string, ok bool) {
	for _, name := range names {
		f := t.byName[name]
		if f == nil {
			return nil, false
		}
		columns = append(columns, f.column)
	}
	return columns, true
}

// guideDeclares are the indexes that Better Auth's integration guide for Convex
// gives its tables: logical names, by logical table.
func guideDeclares() map[string][][]string {
	return map[string][][]string{
		"user":         {{"email", "name"}, {"name"}},
		"session":      {{"expiresAt"}, {"expiresAt", "userId"}, {"token"}, {"userId"}},
		"account":      {{"accountId"}, {"accountId", "providerId"}, {"providerId", "userId"}, {"userId"}},
		"verification": {{"expiresAt"}, {"identifier"}},
	}
}
