package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"

	"github.com/lockstep-auth/lockstep/internal/relation"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

// Apply implements store.Store.
func (s *Store) Apply(ctx context.Context, b store.Batch) ([]store.Record, error) {
	rows := make([]store.Record, len(b.Ops))
	ids := make([]string, len(b.Ops)) // of the rows created
	err := s.writer.use(ctx, func(c *conn) error {
		return c.transaction(ctx, "begin immediate", func() error {
			for i, op := range b.Ops {
				t, err := s.table(op.Table)
				if err != nil {
					return err
				}
				if err := checkOp(i, op); err != nil {
					return err
				}
				if rows[i], err = t.perform(ctx, c, op, ids[:i]); err != nil {
					return locate(err, i)
				}
				if op.Verb == store.Create {
					ids[i], _ = rows[i]["id"].(string)
				}
			}
			return nil
		})
	})
	if err != nil {
		return nil, explain(err)
	}
	return rows, nil
}

// locate says which operation a guard belongs to.
func locate(err error, op int) error {
	if store.IsGuard(err) {
		return &store.GuardError{Op: op}
	}
	return err
}

// checkOp reports mistakes that do not depend on the table.
func checkOp(i int, op store.Op) error {
	selected := len(op.Where.All)+len(op.Where.Any) > 0
	switch op.Verb {
	case store.Create:
		if selected || op.Expect != store.Some || len(op.Add) > 0 {
			return fmt.Errorf("sqlite: operation %d: Create takes nothing but Set", i)
		}
		return nil
	case store.Update:
	case store.Delete, store.Check:
		if len(op.Set)+len(op.Add) > 0 {
			return fmt.Errorf("sqlite: operation %d: only Create and Update set fields", i)
		}
	default:
		return fmt.Errorf("sqlite: operation %d: no verb %d", i, op.Verb)
	}
	if !selected {
		return fmt.Errorf("sqlite: operation %d: empty Where would mean the whole table", i)
	}
	if op.Expect < store.Some || op.Expect > store.AtLeast || (op.Expect == store.None && op.Verb != store.Check) {
		return fmt.Errorf("sqlite: operation %d: expectation %d does not fit its verb", i, op.Expect)
	}
	if _, ok := op.Set["id"]; ok {
		return fmt.Errorf("sqlite: operation %d: an id never changes", i)
	}
	return nil
}

// perform carries out one operation and returns the first row it met.
func (t *table) perform(ctx context.Context, c *conn, op store.Op, ids []string) (store.Record, error) {
	set, err := t.record(op.Set, ids)
	if err != nil {
		return nil, err
	}
	if op.Verb == store.Create {
		return t.create(ctx, c, set)
	}
	st := new(statement)
	switch op.Verb {
	case store.Update:
		st.write("update ", t.quoted, " set ")
		if err := t.assign(st, set, op.Add); err != nil {
			return nil, err
		}
	case store.Delete:
		st.write("delete from ", t.quoted)
	default:
		st.write("select ", t.list[""], " from ", t.quoted)
	}
	if err := t.where(st, "", " where ", op.Where, ids); err != nil {
		return nil, err
	}
	if op.Verb == store.Check {
		st.write(" limit 2")
	} else {
		st.write(" returning ", t.list[""])
	}
	return t.meet(ctx, c, st, op)
}

// meet runs the statement of an operation and holds it to its expectation.
func (t *table) meet(ctx context.Context, c *conn, st *statement, op store.Op) (store.Record, error) {
	var first store.Record
	n := 0
	err := c.query(ctx, st, func(values []driver.Value) error {
		n++
		if n > 1 {
			return nil
		}
		var err error
		first, err = t.row(values)
		return err
	})
	if err != nil {
		return nil, t.constraint(err)
	}
	switch {
	case op.Expect == store.One && n != 1,
		op.Expect == store.None && n != 0,
		op.Expect == store.AtLeast && n == 0:
		return nil, &store.GuardError{}
	}
	return first, nil
}

// create inserts a row. The statement names every column, so that it is the
// same text each time.
func (t *table) create(ctx context.Context, c *conn, values store.Record) (store.Record, error) {
	switch values["id"] {
	case nil:
		values["id"] = newID()
	case "":
		return nil, fmt.Errorf("sqlite: empty id for table %q", t.name)
	}
	st := new(statement)
	st.write("insert into ", t.quoted, " (")
	for i, col := range t.columns {
		if i > 0 {
			st.write(", ")
		}
		st.write(col.quoted)
	}
	if t.issuer {
		st.write(", ", quote(issuerColumn))
	}
	st.write(") values (")
	for i, col := range t.columns {
		v, err := t.fill(col, values)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			st.write(", ")
		}
		st.param(toSQL(v, col.Type))
	}
	if t.issuer {
		st.write(", ")
		st.param(issuerOf(values))
	}
	st.write(")")
	if err := c.exec(ctx, st); err != nil {
		return nil, t.constraint(err)
	}
	return values, nil
}

// fill returns the value of a field of a new row, its default if it has none.
func (t *table) fill(col *column, values store.Record) (any, error) {
	v, given := values[col.Name]
	if v == nil && col.Default != nil && (!given || col.Required) {
		var err error
		if v, err = col.value(col.Default(), nil); err != nil {
			return nil, fmt.Errorf("sqlite: default of table %q: %w", t.name, err)
		}
	}
	if v == nil && col.Required {
		return nil, fmt.Errorf("sqlite: field %q of table %q is required", col.Name, t.name)
	}
	if n, ok := v.(float64); ok && n == 0 {
		v = 0.0 // SQLite has no -0
	}
	values[col.Name] = v
	return v, nil
}

// assign writes what UPDATE sets, in the order of the columns.
func (t *table) assign(st *statement, set store.Record, add map[string]float64) error {
	for name, n := range add {
		c, err := t.column(name)
		if err != nil {
			return err
		}
		if _, both := set[name]; both || c.Type != schema.Number || !relation.IsFinite(n) {
			return fmt.Errorf("sqlite: cannot add %v to field %q of table %q", n, name, t.name)
		}
	}
	separator := ""
	for _, c := range t.columns {
		v, ok := set[c.Name]
		n, adds := add[c.Name]
		switch {
		case ok:
			if v == nil && c.Required {
				return fmt.Errorf("sqlite: field %q of table %q is required", c.Name, t.name)
			}
			st.write(separator, c.quoted, " = ")
			st.param(toSQL(v, c.Type))
		case adds:
			st.write(separator, c.quoted, " = coalesce(", c.quoted, ", 0) + ")
			st.param(toSQL(n, schema.Number))
		default:
			continue
		}
		separator = ", "
	}
	if separator == "" {
		st.write(`"id" = "id"`) // nothing to set, but rows to meet
	}
	return nil
}
