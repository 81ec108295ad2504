package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Plan implements store.Migrator.
//
// It fails, as Migrate does, when the tables cannot be brought up to date by
// adding alone: a required field without default for a table that has rows, a
// column of a type that cannot hold its field, a NOT NULL column that nobody
// would fill. Other tables, columns and indexes are nobody's business.
func (s *Store) Plan(ctx context.Context) ([]string, error) {
	var statements []string
	err := s.readers.use(ctx, func(c *conn) error {
		return c.transaction(ctx, "begin", func() error {
			var err error
			statements, err = s.changes(ctx, c)
			return err
		})
	})
	return statements, explain(err)
}

// Migrate implements store.Migrator.
func (s *Store) Migrate(ctx context.Context) error {
	return explain(s.writer.use(ctx, func(c *conn) error {
		return c.transaction(ctx, "begin immediate", func() error {
			statements, err := s.changes(ctx, c)
			if err != nil {
				return err
			}
			for _, text := range statements {
				if err := c.exec(ctx, &statement{text: []byte(text)}); err != nil {
					return fmt.Errorf("%s: %w", text, err)
				}
			}
			return nil
		})
	}))
}

// A migration collects what has to be done. Upstream's order is: new columns,
// new tables, then all indexes.
type migration struct {
	tables  map[string]*table
	columns []string
	created []string
	indexes [3][]string // on columns there or new; on new tables; over several columns
	errs    []error
}

func (s *Store) changes(ctx context.Context, c *conn) ([]string, error) {
	if s.tables == nil {
		return nil, errors.New("sqlite: used before Bind")
	}
	m := &migration{tables: s.tables}
	for _, t := range s.order {
		have, err := introspect(ctx, c, t)
		if err != nil {
			return nil, err
		}
		if have == nil {
			m.create(t)
		} else {
			m.extend(t, have)
		}
	}
	if err := errors.Join(m.errs...); err != nil {
		return nil, err
	}
	return slices.Concat(m.columns, m.created, m.indexes[0], m.indexes[1], m.indexes[2]), nil
}

func (m *migration) create(t *table) {
	m.created = append(m.created, t.createTable(m.tables))
	for _, c := range t.columns {
		if c.Index && !c.Unique { // unique columns have theirs from the table
			m.indexes[1] = append(m.indexes[1], t.createIndex(t.fieldIndex(c)))
		}
	}
	m.compound(t, nil)
}

// compound adds the indexes over several columns that are not there.
func (m *migration) compound(t *table, have []existingIndex) {
	for i, x := range t.indexes {
		if slices.ContainsFunc(t.indexes[:i], x.equal) {
			continue
		}
		at := slices.IndexFunc(have, func(e existingIndex) bool { return strings.EqualFold(e.name, x.name) })
		switch {
		case at < 0:
			m.indexes[2] = append(m.indexes[2], t.createIndex(x))
		case !have[at].is(x):
			m.errs = append(m.errs, fmt.Errorf("sqlite: index %q on table %q is not over the fields it should be: rename or replace it",
				x.name, t.physical))
		}
	}
}

// extend adds what an existing table lacks.
func (m *migration) extend(t *table, have *existing) {
	for _, c := range t.columns {
		i := slices.IndexFunc(have.columns, func(e existingColumn) bool { return strings.EqualFold(e.name, c.physical) })
		if i < 0 {
			if c.Required && have.populated && c.constant() == "" {
				m.errs = append(m.errs, fmt.Errorf("sqlite: table %q has rows, and the new column %q is required but has no constant default: "+
					"add the column as nullable and fill it first", t.physical, c.physical))
			}
			m.columns = append(m.columns, t.addColumn(c, m.tables))
		} else if !c.holds(have.columns[i].declared) {
			m.errs = append(m.errs, fmt.Errorf("sqlite: column %q of table %q is declared %q, which cannot hold a %s",
				c.physical, t.physical, have.columns[i].declared, c.Type))
		}
		if (c.Index || c.Unique) && !have.indexed(c) {
			m.indexes[0] = append(m.indexes[0], t.createIndex(t.fieldIndex(c)))
		}
	}
	for _, e := range have.columns {
		ours := slices.ContainsFunc(t.columns, func(c *column) bool { return strings.EqualFold(c.physical, e.name) })
		if !ours && e.required && (!t.issuer || e.name != issuerColumn) {
			m.errs = append(m.errs, fmt.Errorf("sqlite: column %q of table %q is NOT NULL but nobody fills it, so that no row could be added: "+
				"drop the column, make it nullable or give it a default", e.name, t.physical))
		}
	}
	m.compound(t, have.indexes)
}

// An existing table, as SQLite describes it.
type existing struct {
	columns   []existingColumn
	indexes   []existingIndex
	populated bool
}

type existingColumn struct {
	name     string
	declared string
	required bool // not null, and without default
}

type existingIndex struct {
	name    string
	unique  bool
	partial bool
	columns []string // "" for expressions
}

// is reports whether e is the index x.
func (e *existingIndex) is(x tableIndex) bool {
	return !e.partial && e.unique == x.unique &&
		slices.EqualFunc(e.columns, x.columns, func(name string, c *column) bool { return strings.EqualFold(name, c.physical) })
}

// indexed reports whether there is an index that serves a field.
func (have *existing) indexed(c *column) bool {
	return slices.ContainsFunc(have.indexes, func(e existingIndex) bool {
		if e.partial || len(e.columns) == 0 || !strings.EqualFold(e.columns[0], c.physical) {
			return false
		}
		return !c.Unique || (e.unique && len(e.columns) == 1)
	})
}

// introspect describes a table, or returns nil if there is none.
func introspect(ctx context.Context, c *conn, t *table) (*existing, error) {
	have := new(existing)
	st := new(statement)
	st.write(`select "type" from sqlite_schema where "type" = 'view' and "name" collate nocase = `)
	st.param(t.physical)
	err := c.query(ctx, st, func([]driver.Value) error {
		return fmt.Errorf("sqlite: %q is a view, not a table", t.physical)
	})
	if err != nil {
		return nil, err
	}
	st = new(statement)
	st.write(`select "name", "type", "notnull" and "dflt_value" is null and not "pk" from pragma_table_info(`)
	st.param(t.physical)
	st.write(")")
	err = c.query(ctx, st, func(v []driver.Value) error {
		have.columns = append(have.columns, existingColumn{
			name: text(v[0]), declared: text(v[1]), required: v[2] == int64(1),
		})
		return nil
	})
	if err != nil || len(have.columns) == 0 {
		return nil, err
	}
	st = new(statement)
	st.write(`select l."name", l."unique", l."partial", coalesce(i."name", '') from pragma_index_list(`)
	st.param(t.physical)
	st.write(`) l, pragma_index_info(l."name") i order by l."name", i."seqno"`)
	err = c.query(ctx, st, func(v []driver.Value) error {
		name := text(v[0])
		if n := len(have.indexes); n == 0 || have.indexes[n-1].name != name {
			have.indexes = append(have.indexes, existingIndex{name: name, unique: v[1] == int64(1), partial: v[2] == int64(1)})
		}
		last := &have.indexes[len(have.indexes)-1]
		last.columns = append(last.columns, text(v[3]))
		return nil
	})
	if err != nil {
		return nil, err
	}
	n, err := c.text(ctx, "select exists (select 1 from "+t.quoted+")")
	have.populated = n == "1"
	return have, err
}

func text(v driver.Value) string {
	s, _ := v.(string)
	return s
}
