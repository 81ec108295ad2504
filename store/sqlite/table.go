package sqlite

import (
	"errors"
	"fmt"
	"strings"

	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

// A table is what the store knows of one table.
type table struct {
	name     string
	physical string
	quoted   string
	columns  []*column // "id" first
	byName   map[string]*column
	indexes  []tableIndex

	packs bool // see the function

	// list has the columns for a SELECT, each with a prefix and a comma.
	list map[string]string

	// issuer says that account.issuer has to be filled; see findIssuer.
	issuer bool
}

// A column is a field with its place.
type column struct {
	schema.Field
	physical string
	quoted   string
}

// quote makes an identifier of a name.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// bindTables checks the tables and returns them by logical name.
func bindTables(tables []schema.Table) (map[string]*table, error) {
	bound := make(map[string]*table, len(tables))
	var errs []error
	for _, def := range tables {
		if bound[def.Name] != nil {
			errs = append(errs, fmt.Errorf("sqlite: table %q is there twice", def.Name))
			continue
		}
		t, err := newTable(def)
		bound[def.Name] = t
		errs = append(errs, err)
	}
	for _, t := range bound {
		for _, c := range t.columns {
			if r := c.References; r != nil && (bound[r.Table] == nil || bound[r.Table].byName[r.Field] == nil) {
				errs = append(errs, fmt.Errorf("sqlite: field %q of table %q points at %s.%s, which is not bound",
					c.Name, t.name, r.Table, r.Field))
			}
		}
	}
	errs = append(errs, checkNames(bound))
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return bound, nil
}

func newTable(def schema.Table) (*table, error) {
	t := &table{
		name:     def.Name,
		physical: def.Physical(),
		quoted:   quote(def.Physical()),
		byName:   make(map[string]*column),
		list:     make(map[string]string),
	}
	var errs []error
	names := make(map[string]bool) // SQLite compares names without case
	for _, f := range append([]schema.Field{{Name: "id", Required: true}}, def.Fields...) {
		c := &column{Field: f, physical: f.Column(), quoted: quote(f.Column())}
		if t.byName[f.Name] != nil || names[strings.ToLower(c.physical)] {
			errs = append(errs, fmt.Errorf("sqlite: table %q has field or column %q twice", t.name, f.Name))
		}
		names[strings.ToLower(c.physical)] = true
		t.columns = append(t.columns, c)
		t.byName[f.Name] = c
	}
	t.packs = packs(t.columns)
	for _, prefix := range []string{"", "a.", "b."} {
		t.list[prefix] = t.selectList(prefix)
	}
	for _, x := range def.Indexes {
		index, err := t.resolveIndex(x)
		t.indexes = append(t.indexes, index)
		errs = append(errs, err)
	}
	return t, errors.Join(errs...)
}

// unnamed comes after a column of a SELECT.
const unnamed = ` as ""`

// selectList returns the columns in order. The + before dates changes nothing
// for SQLite but hides from the driver that the column is one of dates, which
// it would parse by its own rules. Nobody reads the names of the columns, but
// the driver copies each of them for every query: an empty one costs nothing.
func (t *table) selectList(prefix string) string {
	var b strings.Builder
	for i, c := range t.columns {
		if i > 0 {
			b.WriteString(", ")
		}
		if c.Type == schema.Date {
			b.WriteString("+")
		}
		b.WriteString(prefix + c.quoted + unnamed)
	}
	return b.String()
}

func (t *table) column(name string) (*column, error) {
	c := t.byName[name]
	if c == nil {
		return nil, fmt.Errorf("sqlite: table %q has no field %q", t.name, name)
	}
	return c, nil
}

// logical returns the name of the field in a column, or "" if there is none.
func (t *table) logical(physical string) string {
	for _, c := range t.columns {
		if c.physical == physical {
			return c.Name
		}
	}
	return ""
}

// record returns a checked copy of the fields to set.
func (t *table) record(set store.Record, ids []string) (store.Record, error) {
	values := make(store.Record, len(t.columns))
	for name, v := range set {
		c, err := t.column(name)
		if err != nil {
			return nil, err
		}
		if values[name], err = c.value(v, ids); err != nil {
			return nil, fmt.Errorf("sqlite: table %q: %w", t.name, err)
		}
	}
	return values, nil
}
