package memory

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lockstep-auth/lockstep/internal/relation"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

// A row never changes: an update replaces it by another with the same seq.
type row struct {
	id     string
	seq    uint64 // place in the order of creation
	values store.Record
}

// An index has, for each value of a field, the rows that hold it, by id.
type index map[any]map[string]*row

// A link says that field of from holds values of target of to.
type link struct {
	from   *table
	field  string
	to     *table
	target string
}

type table struct {
	name     string
	fields   map[string]*schema.Field // with "id"
	rows     map[string]*row          // by id
	seq      uint64
	indexes  map[string]index // by field
	unique   []string         // fields
	compound []*compound
	parents  []link // fields of this table that point elsewhere
	children []link // fields elsewhere that point at this table
}

// A compound is a unique index over several fields.
type compound struct {
	fields []string
	rows   map[string]*row // by key
}

func newTable(def schema.Table) (*table, error) {
	t := &table{
		name:    def.Name,
		fields:  map[string]*schema.Field{"id": {Name: "id", Required: true}},
		rows:    make(map[string]*row),
		indexes: make(map[string]index),
	}
	var errs []error
	for _, f := range def.Fields {
		if t.fields[f.Name] != nil {
			errs = append(errs, fmt.Errorf("memory: table %q has field %q twice", t.name, f.Name))
		}
		t.fields[f.Name] = &f
		if f.Unique {
			t.unique = append(t.unique, f.Name)
		}
		if f.Unique || f.Index {
			t.addIndex(f.Name)
		}
	}
	for _, x := range def.Indexes {
		for _, name := range x.Fields {
			if t.fields[name] == nil {
				errs = append(errs, fmt.Errorf("memory: index of table %q has unknown field %q", t.name, name))
			}
		}
		if x.Unique {
			t.compound = append(t.compound, &compound{fields: x.Fields, rows: make(map[string]*row)})
		} else if len(x.Fields) > 0 {
			t.addIndex(x.Fields[0])
		}
	}
	return t, errors.Join(errs...)
}

// addIndex makes an index on a field of an empty table.
func (t *table) addIndex(field string) {
	if field != "id" && t.indexes[field] == nil && hashable(t.fields[field]) {
		t.indexes[field] = make(index)
	}
}

func hashable(f *schema.Field) bool {
	return f != nil && f.Type != schema.JSON && f.Type != schema.Strings && f.Type != schema.Numbers
}

// key returns the value of a row under the index, or "" if a field is null.
func (c *compound) key(r *row) string {
	values := make([]any, len(c.fields))
	for i, f := range c.fields {
		if values[i] = r.values[f]; values[i] == nil {
			return ""
		}
	}
	text, err := json.Marshal(values)
	if err != nil {
		panic(fmt.Sprintf("memory: index key: %v", err)) // values were checked on their way in
	}
	return string(text)
}

// put adds a row, unless another holds one of its unique values.
func (t *table) put(r *row) error {
	if t.rows[r.id] != nil {
		return &store.UniqueError{Table: t.name, Field: "id"}
	}
	for _, f := range t.unique {
		if v := r.values[f]; v != nil && len(t.indexes[f][v]) > 0 {
			return &store.UniqueError{Table: t.name, Field: f}
		}
	}
	for _, c := range t.compound {
		if key := c.key(r); key != "" && c.rows[key] != nil {
			return &store.UniqueError{Table: t.name, Field: strings.Join(c.fields, ",")}
		}
	}
	t.rows[r.id] = r
	for f, x := range t.indexes {
		v := r.values[f]
		if x[v] == nil {
			x[v] = make(map[string]*row)
		}
		x[v][r.id] = r
	}
	for _, c := range t.compound {
		if key := c.key(r); key != "" {
			c.rows[key] = r
		}
	}
	return nil
}

// drop takes a row out.
func (t *table) drop(r *row) {
	delete(t.rows, r.id)
	for f, x := range t.indexes {
		v := r.values[f]
		if delete(x[v], r.id); len(x[v]) == 0 {
			delete(x, v)
		}
	}
	for _, c := range t.compound {
		if key := c.key(r); key != "" {
			delete(c.rows, key)
		}
	}
}

// find returns the rows that w selects, in the order of their creation.
func (t *table) find(w store.Where) []*row {
	var found []*row
	for _, r := range t.candidates(w) {
		if relation.Selects(w, r.values) {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b *row) int { return cmp.Compare(a.seq, b.seq) })
	return found
}

// candidates returns a set of rows that has all that w selects: by an index if
// one fits, else every row.
func (t *table) candidates(w store.Where) map[string]*row {
	best := t.rows
	for _, c := range w.All {
		var set map[string]*row
		switch {
		case c.Op == store.Eq && c.Field == "id" && !c.Fold:
			set = t.byID(c.Value)
		case c.Op == store.Eq && t.indexes[c.Field] != nil && !c.Fold:
			set = t.indexes[c.Field][c.Value]
		case c.Op == store.In && c.Field == "id" && !c.Fold:
			set = make(map[string]*row)
			for _, id := range c.Value.([]string) {
				maps.Copy(set, t.byID(id))
			}
		default:
			continue
		}
		if len(set) < len(best) {
			best = set
		}
	}
	return best
}

func (t *table) byID(id any) map[string]*row {
	name, ok := id.(string)
	if r := t.rows[name]; ok && r != nil {
		return map[string]*row{name: r}
	}
	return nil
}
