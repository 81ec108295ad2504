package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"

	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

// A lookup is a query made ready to run.
type lookup struct {
	query store.Query
	table *table
	statement

	// A join comes along in the same statement if it can bring at most one
	// row, else by a statement for each row.
	other  *table
	joined bool

	// place is where a lookup that can find one row at most found it last, or
	// nil for others; see places.
	place *place
}

// Read implements store.Store.
func (s *Store) Read(ctx context.Context, queries ...store.Query) ([]store.Result, error) {
	lookups := make([]*lookup, len(queries))
	several := len(queries) > 1
	for i, q := range queries {
		l, err := s.lookup(q)
		if err != nil {
			return nil, err
		}
		lookups[i] = l
		several = several || (l.other != nil && !l.joined)
	}
	results := make([]store.Result, len(queries))
	err := s.readers.use(ctx, func(c *conn) error {
		run := func() error {
			for i, l := range lookups {
				if err := l.run(ctx, c, &results[i]); err != nil {
					return err
				}
			}
			return nil
		}
		if !several {
			return run() // one statement is one snapshot
		}
		return c.transaction(ctx, "begin", run)
	})
	if err != nil {
		return nil, explain(err)
	}
	return results, nil
}

func (s *Store) lookup(q store.Query) (*lookup, error) {
	t, err := s.table(q.Table)
	if err != nil {
		return nil, err
	}
	if q.Limit < 0 || q.Offset < 0 {
		return nil, errNegative
	}
	l := &lookup{query: q, table: t}
	if q.With != nil && !q.Count {
		if err := s.join(l, q.With); err != nil {
			return nil, err
		}
	}
	if value, ok := l.unique(); ok {
		l.place = s.places.find(&l.query, value)
	}
	if l.place.known() {
		return l, nil // usually enough
	}
	return l, l.compose()
}

// compose writes the statement.
func (l *lookup) compose() error {
	st, t := &l.statement, l.table
	st.text = make([]byte, 0, 1024) // enough for a session and its user
	st.args = make([]driver.NamedValue, 0, 4)
	if l.query.Count {
		st.write("select count(*)")
	} else {
		l.columns(st)
		if l.place != nil {
			l.rowids(st)
		}
	}
	st.write(" from ", t.quoted, " as a")
	if l.joined {
		with := l.query.With
		st.write(" left join ", l.other.quoted, " as b on b.\"id\" = a.", t.byName[with.Local].quoted)
		if err := l.other.where(st, "b.", " and ", with.Where, nil); err != nil {
			return err
		}
	}
	if err := t.where(st, "a.", " where ", l.query.Where, nil); err != nil {
		return err
	}
	if l.query.Count {
		return nil
	}
	return l.order()
}

// columns writes SELECT with what run reads: the row, and what comes along.
func (l *lookup) columns(st *statement) {
	st.write("select ", l.table.list["a."])
	if l.joined {
		st.write(", ", l.other.list["b."])
	}
}

// rowids adds where the rows are, to be remembered.
func (l *lookup) rowids(st *statement) {
	st.write(", a.rowid", unnamed)
	if l.joined {
		st.write(", b.rowid", unnamed)
	}
}

// order writes ORDER BY and LIMIT. Rows that tie come as they were created.
func (l *lookup) order() error {
	l.write(" order by ")
	if l.query.SortBy != "" {
		c, err := l.table.column(l.query.SortBy)
		if err != nil {
			return err
		}
		if !scalar(c.Type) {
			return fmt.Errorf("sqlite: a %s such as %q has no order", c.Type, c.Name)
		}
		l.write("a.", c.quoted)
		if l.query.Descending {
			l.write(" desc")
		}
		l.write(", ")
	}
	l.write("a.rowid")
	if l.query.Limit > 0 || l.query.Offset > 0 {
		l.write(" limit ")
		limit := int64(-1) // none
		if l.query.Limit > 0 {
			limit = int64(l.query.Limit)
		}
		l.param(limit)
		l.write(" offset ")
		l.param(int64(l.query.Offset))
	}
	return nil
}

func (s *Store) join(l *lookup, j *store.Join) error {
	other, err := s.table(j.Table)
	if err != nil {
		return err
	}
	local, err := l.table.column(j.Local)
	if err != nil {
		return err
	}
	foreign, err := other.column(j.Foreign)
	if err != nil {
		return err
	}
	if local.Type != foreign.Type || !scalar(local.Type) {
		return fmt.Errorf("sqlite: cannot join %q with %q", j.Local, j.Foreign)
	}
	if j.Limit < 0 {
		return errNegative
	}
	l.other, l.joined = other, foreign.Name == "id" // the primary key
	if !l.joined {                                  // its mistakes must show before anything is read
		return other.where(new(statement), "", "", j.Where, nil)
	}
	return nil
}

// run reads the rows. Without joins that need more, that is one statement, or a
// second one if the row is not where it was.
func (l *lookup) run(ctx context.Context, c *conn, out *store.Result) error {
	if l.joined {
		out.Related = [][]store.Record{}
	}
	if l.place.known() {
		// Two steps into two trees need no watch for the end of the context, which
		// the driver keeps with a goroutine.
		err := c.query(context.WithoutCancel(ctx), l.near(), l.unpacked(l.reader(out)))
		if err == nil && len(out.Rows) > 0 {
			return nil
		}
		// What was wrong shows again, if it is no matter of JSON.
		out.Rows, out.Related = nil, out.Related[:0]
		if err := l.compose(); err != nil {
			return err
		}
	}
	if err := c.query(ctx, &l.statement, l.reader(out)); err != nil || l.other == nil || l.joined {
		return err
	}
	return l.fanOut(ctx, c, out)
}

// reader returns the function that takes up the rows of the statement.
func (l *lookup) reader(out *store.Result) func([]driver.Value) error {
	return func(values []driver.Value) error {
		if l.query.Count {
			n, ok := values[0].(int64)
			if !ok {
				return fmt.Errorf("sqlite: count is a %T", values[0])
			}
			out.Count = int(n)
			return nil
		}
		r, err := l.table.row(values)
		if err != nil {
			return err
		}
		out.Rows = append(out.Rows, r)
		rest := values[len(l.table.columns):]
		if l.joined {
			var related []store.Record
			if rest[0] != nil { // no id, no row
				r, err := l.other.row(rest)
				if err != nil {
					return err
				}
				related = []store.Record{r}
			}
			out.Related = append(out.Related, related)
			rest = rest[len(l.other.columns):]
		}
		if len(rest) > 0 {
			l.place.remember(rest)
		}
		return nil
	}
}

// fanOut reads the related rows of each row.
func (l *lookup) fanOut(ctx context.Context, c *conn, out *store.Result) error {
	j := l.query.With
	out.Related = make([][]store.Record, len(out.Rows))
	for i, r := range out.Rows {
		if r[j.Local] == nil {
			continue
		}
		q := store.Query{Table: j.Table, Where: j.Where.And(j.Foreign, store.Eq, r[j.Local]), Limit: max(j.Limit, 1)}
		related := &lookup{query: q, table: l.other}
		related.columns(&related.statement)
		related.write(" from ", l.other.quoted, " as a")
		if err := l.other.where(&related.statement, "a.", " where ", q.Where, nil); err != nil {
			return err
		}
		if err := related.order(); err != nil {
			return err
		}
		var found store.Result
		if err := related.run(ctx, c, &found); err != nil {
			return err
		}
		out.Related[i] = found.Rows
	}
	return nil
}

// row makes a record of the columns of table.list.
func (t *table) row(values []driver.Value) (store.Record, error) {
	r := make(store.Record, len(t.columns))
	for i, c := range t.columns {
		v := values[i]
		if s, ok := v.(string); ok && c.Type == schema.String {
			r[c.Name] = s
			continue
		}
		v, err := c.fromSQL(v)
		if err != nil {
			return nil, fmt.Errorf("sqlite: table %q: %w", t.physical, err)
		}
		r[c.Name] = v
	}
	return r, nil
}
