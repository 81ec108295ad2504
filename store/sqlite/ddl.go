package sqlite

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/lockstep-auth/lockstep/schema"
)

// The statements of this file are, to the letter, those of Better Auth's
// migrator (better-auth/dist/db/get-migration.mjs) for SQLite.

// A tableIndex is an index in terms of the database.
type tableIndex struct {
	name    string
	columns []*column
	unique  bool
}

func (t *table) fieldIndex(c *column) tableIndex {
	return tableIndex{name: indexName(t.physical, []string{c.physical}, c.Unique), columns: []*column{c}, unique: c.Unique}
}

// resolveIndex checks an index of the schema by upstream's rules.
func (t *table) resolveIndex(x schema.Index) (tableIndex, error) {
	out := tableIndex{unique: x.Unique}
	var names []string
	var errs []error
	for _, name := range x.Fields {
		c := t.byName[name]
		switch {
		case c == nil:
			errs = append(errs, fmt.Errorf("sqlite: index of table %q has unknown field %q", t.name, name))
			continue
		case slices.Contains(out.columns, c):
			errs = append(errs, fmt.Errorf("sqlite: index of table %q has field %q twice", t.name, name))
		case x.Unique && !c.Required:
			errs = append(errs, fmt.Errorf("sqlite: unique index of table %q has field %q, which may be null", t.name, name))
		case !scalar(c.Type):
			errs = append(errs, fmt.Errorf("sqlite: index of table %q has field %q, a %s", t.name, name, c.Type))
		}
		out.columns = append(out.columns, c)
		names = append(names, c.physical)
	}
	if n := len(x.Fields); n == 0 || n > 16 {
		errs = append(errs, fmt.Errorf("sqlite: index of table %q has %d fields, not 1 to 16", t.name, n))
	}
	out.name = indexName(t.physical, names, x.Unique)
	return out, errors.Join(errs...)
}

// maxIndexName is the length of a name that every database takes, in bytes.
const maxIndexName = 63

// indexName makes the name of an index (@better-auth/core, db/database-index).
// Names that are too long are cut and carry a hash of the whole.
func indexName(table string, columns []string, unique bool) string {
	kind := "_idx"
	if unique {
		kind = "_uidx"
	}
	name := table + "_" + strings.Join(columns, "_")
	if len(name)+len(kind) <= maxIndexName {
		return name + kind
	}
	hash := uint32(2166136261) // FNV-1a over UTF-16 units
	for _, unit := range utf16.Encode([]rune(name + kind)) {
		hash = (hash ^ uint32(unit)) * 16777619
	}
	suffix := fmt.Sprintf("_%08x%s", hash, kind)
	end := maxIndexName - len(suffix)
	for end > 0 && !utf8.RuneStart(name[end]) {
		end--
	}
	return name[:end] + suffix
}

// checkNames reports tables and indexes that would have one name, which SQLite
// compares without case.
func checkNames(tables map[string]*table) error {
	var errs []error
	taken := make(map[string]string) // by lower-case name
	take := func(name, what string) {
		key := strings.ToLower(name)
		if have := taken[key]; have != "" {
			errs = append(errs, fmt.Errorf("sqlite: %s and %s would both be called %q", have, what, name))
		}
		taken[key] = what
	}
	for _, t := range tables {
		take(t.physical, fmt.Sprintf("table %q", t.name))
	}
	for _, t := range tables {
		for _, c := range t.columns {
			if c.Index || c.Unique {
				take(t.fieldIndex(c).name, fmt.Sprintf("index on %s.%s", t.name, c.Name))
			}
		}
		for i, x := range t.indexes {
			if !slices.ContainsFunc(t.indexes[:i], x.equal) { // the same again is no harm
				take(x.name, fmt.Sprintf("index %d of table %q", i, t.name))
			}
		}
	}
	return errors.Join(errs...)
}

func (x tableIndex) equal(y tableIndex) bool {
	return x.unique == y.unique && slices.Equal(x.columns, y.columns)
}

func (t *table) createTable(tables map[string]*table) string {
	var b strings.Builder
	b.WriteString("create table " + t.quoted + ` ("id" text not null primary key`)
	for _, c := range t.columns[1:] {
		b.WriteString(", " + c.quoted + " " + c.sqlType())
		if c.Required {
			b.WriteString(" not null")
		}
		if c.Unique {
			b.WriteString(" unique")
		}
		b.WriteString(c.references(tables))
	}
	b.WriteString(")")
	return b.String()
}

func (t *table) addColumn(c *column, tables map[string]*table) string {
	s := "alter table " + t.quoted + " add column " + c.quoted + " " + c.sqlType()
	if literal := c.constant(); literal != "" {
		s += " default " + literal
	}
	if c.Required {
		s += " not null"
	}
	return s + c.references(tables)
}

func (t *table) createIndex(x tableIndex) string {
	kind := "index "
	if x.unique {
		kind = "unique index "
	}
	columns := make([]string, len(x.columns))
	for i, c := range x.columns {
		columns[i] = c.quoted
	}
	return "create " + kind + quote(x.name) + " on " + t.quoted + " (" + strings.Join(columns, ", ") + ")"
}

func (c *column) references(tables map[string]*table) string {
	r := c.References
	if r == nil {
		return ""
	}
	to := tables[r.Table]
	return " references " + to.quoted + " (" + to.byName[r.Field].quoted + ") on delete cascade"
}

func (c *column) sqlType() string {
	switch c.Type {
	case schema.Number:
		if c.BigInt {
			return "bigint"
		}
		return "integer"
	case schema.Bool:
		return "integer"
	case schema.Date:
		return "date"
	default:
		return "text"
	}
}

// constant returns the default of a column that is added to rows that exist,
// as SQL, or "". Upstream gives it one when the default is a value and not a
// function; here it is always a function, so the answer is taken for a value
// when it is the same twice. Big numbers are left out, being times.
func (c *column) constant() string {
	if c.Default == nil || c.BigInt || (c.Unique && !c.Required) {
		return ""
	}
	switch c.Type {
	case schema.String, schema.Number, schema.Bool:
	default:
		return ""
	}
	v, err := c.value(c.Default(), nil)
	if err != nil || v != c.Default() {
		return ""
	}
	switch v := toSQL(v, c.Type).(type) {
	case string:
		if strings.ContainsRune(v, 0) {
			return ""
		}
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return ""
}

// holds reports whether a column that was declared with a type can hold the
// field. SQLite would turn text in a column of numbers into numbers where it
// can, and compare numbers in a column of text as text
// (https://sqlite.org/datatype3.html, section 3.1).
func (c *column) holds(declared string) bool {
	declared = strings.ToUpper(declared)
	has := func(part string) bool { return strings.Contains(declared, part) }
	text := !has("INT") && (has("CHAR") || has("CLOB") || has("TEXT"))
	blob := !has("INT") && !text && (has("BLOB") || declared == "")
	switch c.Type {
	case schema.Number, schema.Bool:
		return !text
	case schema.Date:
		return true
	default:
		return text || blob
	}
}
