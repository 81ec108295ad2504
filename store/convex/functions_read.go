package convex

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/lockstep-auth/lockstep/convex"
	"github.com/lockstep-auth/lockstep/internal/relation"
	"github.com/lockstep-auth/lockstep/store"
)

// Rows on a page of a long result. With a join, each brings others along.
const (
	pageSize     = 1000
	joinPageSize = 100
)

// maxPages ends a result that never ends. It is beyond what fits in memory.
const maxPages = 100_000

// A queryCall is a query with the call that answers it.
type queryCall struct {
	store.Query
	table   *table
	related *table // of the join; nil without
	call    map[string]any
	ordered bool // the rows come in the order of SortBy
}

// read implements dialect. Results that fit are one round trip. Longer ones
// take one more, and one for each page, all on the same snapshot.
func (f *functions) read(ctx context.Context, queries []store.Query) ([]store.Result, error) {
	var results []store.Result
	err := f.current(ctx, func(d *deployment) error {
		calls, err := f.queryCalls(d, queries)
		if err != nil {
			return err
		}
		results, err = f.answer(ctx, calls)
		return err
	})
	if err != nil {
		return nil, f.explain(err)
	}
	return results, nil
}

func (f *functions) answer(ctx context.Context, calls []*queryCall) ([]store.Result, error) {
	results, long, err := f.readShort(ctx, calls)
	switch {
	case isUnexplained(err): // too many bytes for one transaction, perhaps
		results = make([]store.Result, len(calls))
		for i := range calls {
			long = append(long, i)
		}
	case err != nil, len(long) == 0:
		return results, err
	}
	ts, err := f.client.Now(ctx)
	if err != nil {
		return nil, err
	}
	at := convex.At(ts)
	if len(long) < len(calls) { // the others belong to the same snapshot
		if results, long, err = f.readShort(ctx, calls, at); err != nil {
			return nil, err
		}
	}
	for _, i := range long {
		if results[i], err = f.readLong(ctx, calls[i], at); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// isUnexplained reports that a function failed by no error of its own, which is
// all that a deployment in production says of a limit that was reached.
func isUnexplained(err error) bool {
	e, ok := errors.AsType[*convex.Error](err)
	return ok && errors.Is(e, convex.ErrFunction) && e.Data == nil
}

// readShort asks for everything at once. It returns the places of the results
// that are too long for that.
func (f *functions) readShort(ctx context.Context, calls []*queryCall, opts ...convex.Option) (results []store.Result, long []int, err error) {
	list := make([]map[string]any, len(calls))
	for i, c := range calls {
		list[i] = c.call
	}
	value, err := f.query(ctx, "read", map[string]any{"queries": list}, opts...)
	if err != nil {
		return nil, nil, err
	}
	answers, err := objects(value, len(calls))
	if err != nil {
		return nil, nil, err
	}
	results = make([]store.Result, len(calls))
	for i, c := range calls {
		if answers[i]["more"] == true {
			long = append(long, i)
			continue
		}
		if results[i], err = c.result(answers[i]); err != nil {
			return nil, nil, err
		}
	}
	return results, long, nil
}

// readLong asks for one result in pages.
func (f *functions) readLong(ctx context.Context, c *queryCall, at convex.Option) (store.Result, error) {
	sources, _ := c.call["sources"].([]source)
	all := &collection{call: c, seen: make(map[any]bool)}
	for _, s := range sources {
		if err := f.readSource(ctx, c, s, at, all); err != nil {
			return store.Result{}, err
		}
		if all.isEnough() {
			break
		}
	}
	return all.result(), nil
}

// readSource adds the pages of one source to all.
func (f *functions) readSource(ctx context.Context, c *queryCall, s source, at convex.Option, all *collection) error {
	call := maps.Clone(c.call)
	delete(call, "sort")
	call["sources"], call["limit"], call["offset"] = []source{s}, 0, 0
	// Rows of several sources can be the same, so they are counted here.
	call["count"] = c.Count && !all.isMixed()
	size := pageSize
	if c.With != nil && !c.Count {
		size = joinPageSize
	}
	var cursor any
	for range maxPages {
		value, err := f.query(ctx, "read", map[string]any{
			"queries": []map[string]any{call}, "page": map[string]any{"cursor": cursor, "size": size},
		}, at)
		if err != nil {
			return err
		}
		answers, err := objects(value, 1)
		if err != nil {
			return err
		}
		page, err := c.result(answers[0])
		if err != nil {
			return err
		}
		all.add(page)
		if cursor = answers[0]["cursor"]; cursor == nil || all.isEnough() {
			return nil
		}
	}
	return fmt.Errorf("%w: the pages of a result do not end", store.ErrUnavailable)
}

// A collection gathers the pages of a result.
type collection struct {
	call  *queryCall
	seen  map[any]bool // ids
	rows  []joinedRow
	count int
}

type joinedRow struct {
	row     store.Record
	related []store.Record
}

// isMixed reports that the same row can come twice.
func (c *collection) isMixed() bool {
	sources, _ := c.call.call["sources"].([]source)
	return len(sources) > 1
}

func (c *collection) add(page store.Result) {
	c.count += page.Count
	for i, r := range page.Rows {
		if c.seen[r["id"]] {
			continue
		}
		c.seen[r["id"]] = true
		j := joinedRow{row: r}
		if page.Related != nil {
			j.related = page.Related[i]
		}
		c.rows = append(c.rows, j)
	}
}

// isEnough reports that no further row can belong to the result.
func (c *collection) isEnough() bool {
	q := c.call
	return q.Limit > 0 && !q.Count && (q.SortBy == "" || q.ordered) && len(c.rows) >= q.Offset+q.Limit
}

func (c *collection) result() store.Result {
	q := c.call
	if q.Count {
		return store.Result{Count: c.count + len(c.rows)}
	}
	if q.SortBy != "" && !q.ordered {
		order := relation.Order(q.Query)
		slices.SortStableFunc(c.rows, func(a, b joinedRow) int { return order(a.row, b.row) })
	}
	var out store.Result
	if q.With != nil {
		out.Related = [][]store.Record{}
	}
	for _, j := range relation.Window(q.Query, c.rows) {
		out.Rows = append(out.Rows, j.row)
		if q.With != nil {
			out.Related = append(out.Related, j.related)
		}
	}
	return out
}

func (f *functions) queryCalls(d *deployment, queries []store.Query) ([]*queryCall, error) {
	calls := make([]*queryCall, len(queries))
	for i, q := range queries {
		var err error
		if calls[i], err = f.queryCall(d, q); err != nil {
			return nil, err
		}
	}
	return calls, nil
}

// queryCall writes a checked query as the functions take it.
func (f *functions) queryCall(d *deployment, q store.Query) (*queryCall, error) {
	c := &queryCall{Query: q, table: f.tables.byName[q.Table]}
	var err error
	if c.call, c.ordered, err = d.selection(c.table, q.Where, q.SortBy); err != nil {
		return nil, err
	}
	c.call["limit"], c.call["offset"], c.call["count"] = q.Limit, q.Offset, q.Count
	c.call["descending"] = c.ordered && q.Descending
	if q.SortBy != "" && !c.ordered {
		c.call["sort"] = map[string]any{"field": c.table.byName[q.SortBy].column, "descending": q.Descending}
	}
	if q.With != nil && !q.Count {
		c.call["join"], err = f.joinCall(d, c, q.With)
	}
	return c, err
}

func (f *functions) joinCall(d *deployment, c *queryCall, j *store.Join) (map[string]any, error) {
	c.related = f.tables.byName[j.Table]
	foreign := c.related.byName[j.Foreign].column
	all, err := c.related.callConds(j.Where.All)
	if err != nil {
		return nil, err
	}
	some, err := c.related.callConds(j.Where.Any)
	if err != nil {
		return nil, err
	}
	index, _ := d.tables[c.related.physical].serving(foreign)
	return map[string]any{
		"table": c.related.physical, "local": c.table.byName[j.Local].column, "foreign": foreign,
		"index": index, "all": all, "any": some, "limit": j.Limit,
	}, nil
}

// result reads one answer of the function read.
func (c *queryCall) result(answer map[string]any) (store.Result, error) {
	var out store.Result
	if count, ok := answer["count"].(float64); ok {
		out.Count = int(count)
	}
	var err error
	if out.Rows, err = c.table.rows(answer["rows"]); err != nil || c.related == nil {
		return out, err
	}
	lists, _ := answer["related"].([]any)
	if len(lists) != len(out.Rows) {
		return out, errAnswer
	}
	out.Related = make([][]store.Record, len(lists))
	for i, list := range lists {
		if out.Related[i], err = c.related.rows(list); err != nil {
			return out, err
		}
	}
	return out, nil
}

// rows reads a list of documents of the table.
func (t *table) rows(v any) ([]store.Record, error) {
	docs, err := objects(v, -1)
	if err != nil {
		return nil, err
	}
	var rows []store.Record
	for _, doc := range docs {
		r, err := t.record(doc["id"], doc)
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}
