package convex

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lockstep-auth/lockstep/schema"
)

// Names that Convex gives in every document.
const (
	idColumn      = "_id"
	createdColumn = "_creationTime"
)

// tables are the bound tables. They do not change after Bind.
type tables struct {
	list   []*table // as given to Bind
	byName map[string]*table
}

// A table is what the store knows of one table.
type table struct {
	name     string
	physical string
	fields   []*field // "id" first
	byName   map[string]*field

	unique   []unique
	wanted   [][]string // columns that an index should have, without those of unique
	parents  []link     // fields of this table that point elsewhere
	children []link     // fields elsewhere that point at this table
}

// A field is a schema.Field with its place in a document.
type field struct {
	schema.Field
	column string
}

// A unique is a list of columns whose values, unless one is null, no two rows
// share.
type unique struct {
	name    string // the logical names, as in store.UniqueError
	columns []string
}

// A link says that a column of from holds values of a column of to.
type link struct {
	from, to       *table
	column, target string
}

// bindTables checks the tables and connects them.
func bindTables(defs []schema.Table) (*tables, error) {
	ts := &tables{byName: make(map[string]*table, len(defs))}
	physical := make(map[string]bool)
	var errs []error
	for _, def := range defs {
		t, err := newTable(def)
		errs = append(errs, err)
		if !isName(t.physical) {
			errs = append(errs, fmt.Errorf("convex: Convex cannot have a table named %q", t.physical))
		}
		if ts.byName[t.name] != nil || physical[t.physical] {
			errs = append(errs, fmt.Errorf("convex: table %q is there twice", t.name))
		}
		ts.byName[t.name], physical[t.physical] = t, true
		ts.list = append(ts.list, t)
	}
	for _, t := range ts.list {
		errs = append(errs, ts.link(t))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return ts, nil
}

func newTable(def schema.Table) (*table, error) {
	t := &table{name: def.Name, physical: def.Physical(), byName: make(map[string]*field)}
	columns := make(map[string]bool)
	id := schema.Field{Name: "id", FieldName: idColumn, Required: true}
	var errs []error
	for _, f := range slices.Concat([]schema.Field{id}, def.Fields) {
		column := f.Column()
		if t.byName[f.Name] != nil || columns[column] {
			errs = append(errs, fmt.Errorf("convex: table %q has field or column %q twice", t.name, f.Name))
		}
		if f.Name != "id" && !isName(column) {
			errs = append(errs, fmt.Errorf("convex: table %q: Convex cannot have a field named %q", t.name, column))
		}
		columns[column] = true
		t.byName[f.Name] = &field{Field: f, column: column}
		t.fields = append(t.fields, t.byName[f.Name])
		switch {
		case f.Unique:
			t.unique = append(t.unique, unique{f.Name, []string{column}})
		case f.Index:
			t.wanted = append(t.wanted, []string{column})
		}
	}
	for _, x := range def.Indexes {
		errs = append(errs, t.addIndex(x))
	}
	return t, errors.Join(errs...)
}

// isName reports whether Convex accepts the name for a table or a field of a
// document: an identifier that starts with a letter, at most 64 characters.
func isName(name string) bool {
	isLetter := func(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }
	for i, r := range name {
		if !isLetter(r) && (i == 0 || r != '_' && (r < '0' || r > '9')) {
			return false
		}
	}
	return name != "" && len(name) <= 64
}

func (t *table) addIndex(x schema.Index) error {
	var columns []string
	for _, name := range x.Fields {
		f := t.byName[name]
		if f == nil {
			return fmt.Errorf("convex: index of table %q has unknown field %q", t.name, name)
		}
		columns = append(columns, f.column)
	}
	if x.Unique {
		t.unique = append(t.unique, unique{strings.Join(x.Fields, ","), columns})
		return nil
	}
	t.wanted = append(t.wanted, columns)
	return nil
}

// link connects the fields of t that point at other tables.
func (ts *tables) link(t *table) error {
	var errs []error
	for _, f := range t.fields {
		if f.References == nil {
			continue
		}
		to := ts.byName[f.References.Table]
		if to == nil || to.byName[f.References.Field] == nil {
			errs = append(errs, fmt.Errorf("convex: field %q of table %q points at %s.%s, which is not bound",
				f.Name, t.name, f.References.Table, f.References.Field))
			continue
		}
		l := link{from: t, to: to, column: f.column, target: to.byName[f.References.Field].column}
		t.parents = append(t.parents, l)
		to.children = append(to.children, l)
		t.wanted = append(t.wanted, []string{f.column})
		if l.target != idColumn {
			to.wanted = append(to.wanted, []string{l.target})
		}
	}
	return errors.Join(errs...)
}

func (ts *tables) table(name string) (*table, error) {
	if ts == nil {
		return nil, errNotBound
	}
	t := ts.byName[name]
	if t == nil {
		return nil, fmt.Errorf("convex: no table %q", name)
	}
	return t, nil
}

func (t *table) field(name string) (*field, error) {
	f := t.byName[name]
	if f == nil {
		return nil, fmt.Errorf("convex: table %q has no field %q", t.name, name)
	}
	return f, nil
}

// isScalar reports whether values of the field can be compared.
func (f *field) isScalar() bool {
	return f.Type != schema.JSON && f.Type != schema.Strings && f.Type != schema.Numbers
}
