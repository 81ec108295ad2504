package convex

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/lockstep-auth/lockstep/convex"
	"github.com/lockstep-auth/lockstep/internal/relation"
	"github.com/lockstep-auth/lockstep/store"
)

// Rows on the first page and on those after it. A deployment reads at most
// 16 MiB for a page; smaller ones are tried when it refuses.
const (
	firstPage = 200
	nextPages = 1000
)

// maxBatch is how many queries go into one call: their results share its limit
// of time.
const maxBatch = 32

// slowScan is how many rows a scan may have read before the log hears of it.
const slowScan = 1000

// A lookup is a selection of rows of one table, and then the rows.
type lookup struct {
	table *table
	where store.Where
	plan  plan
	need  int      // rows that are enough; 0 for all of them
	only  []string // fields that are enough; nil for all of them
	found []found
}

// A found is a row and the document it is made from.
type found struct {
	row store.Record
	doc map[string]any
}

func (t *table) lookup(w store.Where) *lookup {
	return &lookup{table: t, where: w, plan: t.plan(w)}
}

// rows returns what was found.
func (l *lookup) rows() []store.Record {
	var rows []store.Record
	for _, f := range l.found {
		rows = append(rows, f.row)
	}
	return rows
}

// findOnce is find for lookups some of which may find the same: queries that
// differ in what comes along ask one question.
func (c *crud) findOnce(ctx context.Context, lookups []*lookup) error {
	var asked []*lookup
	for _, l := range lookups {
		if !slices.ContainsFunc(asked, l.isSame) {
			asked = append(asked, l)
		}
	}
	if err := c.find(ctx, asked...); err != nil {
		return err
	}
	for _, l := range lookups {
		if other := asked[slices.IndexFunc(asked, l.isSame)]; other != l {
			if err := l.copy(other); err != nil {
				return err
			}
		}
	}
	return nil
}

// isSame reports whether two lookups find the same rows.
func (l *lookup) isSame(other *lookup) bool {
	return l.table == other.table && l.need == other.need && reflect.DeepEqual(l.where, other.where) && slices.Equal(l.only, other.only)
}

// copy takes what another lookup has found. The rows are its own.
func (l *lookup) copy(other *lookup) error {
	for _, f := range other.found {
		row, err := l.table.record(f.doc[idColumn], f.doc)
		if err != nil {
			return err
		}
		l.found = append(l.found, found{row, f.doc})
	}
	return nil
}

// read implements dialect. The first pages of all queries are one round trip
// and one snapshot; rows that come along with others, and further pages, are
// not of the same moment.
func (c *crud) read(ctx context.Context, queries []store.Query) ([]store.Result, error) {
	lookups := make([]*lookup, len(queries))
	for i, q := range queries {
		l := c.tables.byName[q.Table].lookup(q.Where)
		switch {
		case q.Count:
			l.only = append([]string{"id"}, fieldsOf(q.Where)...)
		case q.SortBy == "" && q.Limit > 0:
			l.need = q.Offset + q.Limit
		}
		lookups[i] = l
	}
	if err := c.findOnce(ctx, lookups); err != nil {
		return nil, err
	}
	results := make([]store.Result, len(queries))
	for i, q := range queries {
		if q.Count {
			results[i].Count = len(lookups[i].found)
			continue
		}
		rows := lookups[i].rows()
		if q.SortBy != "" {
			slices.SortStableFunc(rows, relation.Order(q))
		}
		results[i].Rows = relation.Window(q, rows)
	}
	return results, c.join(ctx, queries, results, lookups)
}

// join brings along the rows that the queries ask for, as far as they are not
// among those that were found.
func (c *crud) join(ctx context.Context, queries []store.Query, results []store.Result, have []*lookup) error {
	perQuery := make([][]*lookup, len(queries))
	var missing []*lookup
	for i, q := range queries {
		if q.With == nil || q.Count {
			continue
		}
		perQuery[i] = c.tables.byName[q.With.Table].related(q.With, results[i].Rows)
		for _, l := range perQuery[i] {
			if !l.isAmong(have) {
				missing = append(missing, l)
			}
		}
	}
	if err := c.find(ctx, missing...); err != nil {
		return err
	}
	for i, q := range queries {
		if q.With == nil || q.Count {
			continue
		}
		var err error
		if results[i].Related, err = attach(q.With, results[i].Rows, perQuery[i]); err != nil {
			return err
		}
	}
	return nil
}

// isAmong reports whether a lookup by ids finds only rows that others have found,
// and takes those then. A user of a service, for instance, mostly has the address
// that was looked for at the same time.
func (l *lookup) isAmong(others []*lookup) bool {
	var rows []found
	for _, f := range l.plan.fetches {
		if f.ids == nil {
			return false
		}
		for _, id := range f.ids {
			row, ok := l.table.among(others, id)
			if !ok {
				return false
			}
			if relation.Selects(l.where, row.row) {
				rows = append(rows, row)
			}
		}
	}
	l.found = rows
	return true
}

// among returns the row of the table with an id that a lookup has found.
func (t *table) among(lookups []*lookup, id string) (found, bool) {
	for _, l := range lookups {
		i := slices.IndexFunc(l.found, func(f found) bool { return f.row["id"] == id })
		if l.table == t && l.only == nil && i >= 0 {
			return l.found[i], true
		}
	}
	return found{}, false
}

// related returns lookups that together have the rows of t to go with rows.
func (t *table) related(j *store.Join, rows []store.Record) []*lookup {
	seen := map[any]bool{nil: true} // null joins nothing
	var keys []any
	var ids []string
	for _, r := range rows {
		if key := r[j.Local]; !seen[key] {
			seen[key] = true
			keys = append(keys, key)
			id, _ := key.(string)
			ids = append(ids, id)
		}
	}
	switch {
	case len(keys) == 0:
		return nil
	case j.Foreign == "id":
		return []*lookup{t.lookup(j.Where.And("id", store.In, ids))}
	case !t.isIndexed(t.byName[j.Foreign].column):
		return []*lookup{t.lookup(j.Where)}
	}
	var out []*lookup
	for _, key := range keys {
		l := t.lookup(j.Where.And(j.Foreign, store.Eq, key))
		l.need = j.Limit
		out = append(out, l)
	}
	return out
}

// attach sorts what was found to the rows it goes with. Each gets rows of its
// own, so that nobody sees what another changes in them.
func attach(j *store.Join, rows []store.Record, lookups []*lookup) ([][]store.Record, error) {
	byKey := make(map[any][]found)
	for _, l := range lookups {
		for _, f := range l.found {
			if key := f.row[j.Foreign]; key != nil {
				byKey[key] = append(byKey[key], f)
			}
		}
	}
	out := make([][]store.Record, len(rows))
	for i, r := range rows {
		for _, f := range byKey[r[j.Local]] {
			if len(out[i]) == j.Limit {
				break
			}
			row, err := lookups[0].table.record(f.doc[idColumn], f.doc)
			if err != nil {
				return nil, err
			}
			out[i] = append(out[i], row)
		}
	}
	return out, nil
}

// find carries out the lookups.
func (c *crud) find(ctx context.Context, lookups ...*lookup) error {
	var all []*pages
	perLookup := make([][]*pages, len(lookups))
	for i, l := range lookups {
		for _, f := range l.plan.fetches {
			perLookup[i] = append(perLookup[i], &pages{lookup: l, fetch: f, size: firstPage})
		}
		all = append(all, perLookup[i]...)
	}
	if len(all) > 1 && c.batches {
		chunks := slices.Collect(slices.Chunk(all, maxBatch))
		if err := together(len(chunks), func(i int) error { return c.begin(ctx, chunks[i]) }); err != nil {
			return err
		}
	}
	if err := together(len(all), func(i int) error { return c.finish(ctx, all[i]) }); err != nil {
		return err
	}
	for i, l := range lookups {
		l.merge(perLookup[i])
		c.warn(ctx, l, perLookup[i])
	}
	return nil
}

// merge unites the rows of the fetches, each row once.
func (l *lookup) merge(all []*pages) {
	seen := make(map[any]bool)
	for _, p := range all {
		for _, f := range p.found {
			if !seen[f.row["id"]] {
				seen[f.row["id"]] = true
				l.found = append(l.found, f)
			}
		}
	}
}

// warn tells once of each plan that reads a table from end to end.
func (c *crud) warn(ctx context.Context, l *lookup, all []*pages) {
	if !l.plan.scan || all[0].count < slowScan {
		return
	}
	fields := l.plan.String()
	if _, known := c.warned.LoadOrStore(l.table.name+":"+fields, true); !known {
		c.log.WarnContext(ctx, "convex: a query reads a whole table, because no index serves it", "table", l.table.name, "fields", fields)
	}
}

// pages are the answers to one fetch.
type pages struct {
	lookup *lookup
	fetch  fetch
	size   int
	count  int // documents so far
	cursor any // nil at the start. It can hold secrets: it is an index key
	done   bool
	found  []found
}

// args are the arguments for the next page.
func (p *pages) args() map[string]any {
	args := map[string]any{"model": p.lookup.table.physical, "paginationOpts": map[string]any{"cursor": p.cursor, "numItems": p.size}}
	if len(p.fetch.where) > 0 {
		args["where"] = p.fetch.where.list()
	}
	if p.lookup.only != nil {
		var columns []string
		for _, name := range p.lookup.only {
			column := p.lookup.table.byName[name].column
			if name == "id" {
				column = "id" // createApi turns this one into _id
			}
			columns = append(columns, column)
		}
		args["select"] = columns
	}
	return args
}

// begin asks for the first pages of several fetches at once. Those that fail by
// themselves are left for finish.
func (c *crud) begin(ctx context.Context, all []*pages) error {
	calls := make([]convex.Call, len(all))
	for i, p := range all {
		calls[i] = convex.Call{Path: c.path("findMany"), Args: p.args()}
	}
	results, err := c.client.QueryBatch(ctx, calls, c.options...)
	if errors.Is(err, convex.ErrTooLarge) {
		return nil // one by one, they may fit
	}
	if err != nil {
		return explain(err)
	}
	for i, r := range results {
		if r.Err != nil {
			continue
		}
		if err := all[i].take(r.Value); err != nil {
			return err
		}
	}
	return nil
}

// finish asks for the pages that are missing.
func (c *crud) finish(ctx context.Context, p *pages) error {
	for !p.done {
		value, err := c.client.Query(ctx, c.path("findMany"), p.args(), c.options...)
		switch {
		case err == nil:
			err = p.take(value)
		case threw(err) && p.fetch.ids != nil:
			err = c.dropStrangers(ctx, p, err)
		case (threw(err) || errors.Is(err, convex.ErrTooLarge)) && !p.fetch.one && p.size > 1:
			p.size /= 8 // large documents, perhaps
			p.size = max(p.size, 1)
			continue
		}
		if err != nil {
			return explain(err)
		}
	}
	return nil
}

// take reads a page. Only continueCursor leads on: splitCursor is for reading the
// same rows again in two halves. The end is isDone and nothing else: a page can be
// empty before it.
func (p *pages) take(value any) error {
	answer, _ := value.(map[string]any)
	docs, isPage := answer["page"].([]any)
	done, isBool := answer["isDone"].(bool)
	cursor, isText := answer["continueCursor"].(string)
	switch {
	case !isPage || !isBool || !isText:
		return fmt.Errorf("convex: findMany of table %q answered with something else than a page", p.lookup.table.name)
	case !done && cursor == p.cursor:
		return fmt.Errorf("convex: findMany of table %q does not come to an end", p.lookup.table.name)
	}
	for _, d := range docs {
		doc, _ := d.(map[string]any)
		row, err := p.lookup.table.record(doc[idColumn], doc)
		if err != nil {
			return err
		}
		if relation.Selects(p.lookup.where, row) {
			p.found = append(p.found, found{row, doc})
		}
	}
	p.count += len(docs)
	p.done = done || p.fetch.one || p.fetch.ids != nil || p.lookup.need > 0 && len(p.found) >= p.lookup.need
	p.cursor = cursor
	if p.size == firstPage {
		p.size = nextPages
	}
	return nil
}

// dropStrangers finds out whether the function threw because it was given an id
// of another table, as a client can do with any id it has seen, and leaves those
// out. The number of the table is in every id, but not known before one is seen.
func (c *crud) dropStrangers(ctx context.Context, p *pages, cause error) error {
	value, err := c.client.Query(ctx, c.path("findMany"), firstRow(p.lookup.table), c.options...)
	if err != nil {
		return err
	}
	first := &pages{lookup: &lookup{table: p.lookup.table}}
	if err := first.take(value); err != nil {
		return err
	}
	if len(first.found) == 0 { // no row, so none with these ids
		p.done = true
		return nil
	}
	id, _ := first.found[0].row["id"].(string)
	own, _ := tableOf(id)
	ids := slices.DeleteFunc(slices.Clone(p.fetch.ids), func(id string) bool { n, _ := tableOf(id); return n != own })
	if len(ids) == len(p.fetch.ids) {
		return cause
	}
	p.done = len(ids) == 0
	p.fetch = fetch{where: clauses{clause(idColumn, "in", ids)}, ids: ids}
	return nil
}
