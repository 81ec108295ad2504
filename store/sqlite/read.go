package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"

	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

// A plan is a query made ready to run.
type plan struct {
	query store.Query
	table *table
	statement

	// A join comes along in the same statement if it can bring at most one
	// row, else by a statement for each row.
	other  *table
	joined bool
}

// Read implements store.Store.
func (s *Store) Read(ctx context.Context, queries ...store.Query) ([]store.Result, error) {
	plans := make([]*plan, len(queries))
	several := len(queries) > 1
	for i, q := range queries {
		p, err := s.plan(q)
		if err != nil {
			return nil, err
		}
		plans[i] = p
		several = several || (p.other != nil && !p.joined)
	}
	results := make([]store.Result, len(queries))
	err := s.readers.use(ctx, func(c *conn) error {
		run := func() error {
			for i, p := range plans {
				if err := p.run(ctx, c, &results[i]); err != nil {
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

func (s *Store) plan(q store.Query) (*plan, error) {
	t, err := s.table(q.Table)
	if err != nil {
		return nil, err
	}
	p := &plan{query: q, table: t}
	p.text = make([]byte, 0, 1024) // enough for a session and its user
	p.args = make([]driver.NamedValue, 0, 4)
	if q.Limit < 0 || q.Offset < 0 {
		return nil, errNegative
	}
	if q.With != nil && !q.Count {
		if err := s.planJoin(p, q.With); err != nil {
			return nil, err
		}
	}
	switch {
	case q.Count:
		p.write("select count(*)")
	case p.joined:
		p.write("select ", t.list["a."], ", ", p.other.list["b."])
	default:
		p.write("select ", t.list["a."])
	}
	p.write(" from ", t.quoted, " as a")
	if p.joined {
		p.write(" left join ", p.other.quoted, " as b on b.\"id\" = a.", t.byName[q.With.Local].quoted)
		if err := p.other.where(&p.statement, "b.", " and ", q.With.Where, nil); err != nil {
			return nil, err
		}
	}
	if err := t.where(&p.statement, "a.", " where ", q.Where, nil); err != nil {
		return nil, err
	}
	if q.Count {
		return p, nil
	}
	return p, p.order()
}

// order writes ORDER BY and LIMIT. Rows that tie come as they were created.
func (p *plan) order() error {
	p.write(" order by ")
	if p.query.SortBy != "" {
		c, err := p.table.column(p.query.SortBy)
		if err != nil {
			return err
		}
		if !scalar(c.Type) {
			return fmt.Errorf("sqlite: a %s such as %q has no order", c.Type, c.Name)
		}
		p.write("a.", c.quoted)
		if p.query.Descending {
			p.write(" desc")
		}
		p.write(", ")
	}
	p.write("a.rowid")
	if p.query.Limit > 0 || p.query.Offset > 0 {
		p.write(" limit ")
		limit := int64(-1) // none
		if p.query.Limit > 0 {
			limit = int64(p.query.Limit)
		}
		p.param(limit)
		p.write(" offset ")
		p.param(int64(p.query.Offset))
	}
	return nil
}

func (s *Store) planJoin(p *plan, j *store.Join) error {
	other, err := s.table(j.Table)
	if err != nil {
		return err
	}
	local, err := p.table.column(j.Local)
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
	p.other, p.joined = other, foreign.Name == "id" // the primary key
	if !p.joined {                                  // its mistakes must show before anything is read
		return other.where(new(statement), "", "", j.Where, nil)
	}
	return nil
}

// run runs a plan. Without joins that need it, that is one statement.
func (p *plan) run(ctx context.Context, c *conn, out *store.Result) error {
	err := c.query(ctx, &p.statement, func(values []driver.Value) error {
		if p.query.Count {
			n, ok := values[0].(int64)
			if !ok {
				return fmt.Errorf("sqlite: count is a %T", values[0])
			}
			out.Count = int(n)
			return nil
		}
		r, err := p.table.row(values)
		if err != nil {
			return err
		}
		out.Rows = append(out.Rows, r)
		if !p.joined {
			return nil
		}
		values = values[len(p.table.columns):]
		if values[0] == nil { // no id, no row
			out.Related = append(out.Related, nil)
			return nil
		}
		related, err := p.other.row(values)
		out.Related = append(out.Related, []store.Record{related})
		return err
	})
	if err != nil || p.other == nil {
		return err
	}
	if p.joined && out.Related == nil {
		out.Related = [][]store.Record{}
	}
	if p.joined {
		return nil
	}
	return p.fanOut(ctx, c, out)
}

// fanOut reads the related rows of each row.
func (p *plan) fanOut(ctx context.Context, c *conn, out *store.Result) error {
	j := p.query.With
	out.Related = make([][]store.Record, len(out.Rows))
	for i, r := range out.Rows {
		if r[j.Local] == nil {
			continue
		}
		q := store.Query{Table: j.Table, Where: j.Where.And(j.Foreign, store.Eq, r[j.Local]), Limit: max(j.Limit, 1)}
		related := &plan{query: q, table: p.other}
		related.write("select ", p.other.list["a."], " from ", p.other.quoted, " as a")
		if err := p.other.where(&related.statement, "a.", " where ", q.Where, nil); err != nil {
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
