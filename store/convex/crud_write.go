package convex

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"

	"github.com/lockstep-auth/lockstep/convex"
	"github.com/lockstep-auth/lockstep/store"
)

// create makes the row of operation i.
func (r *run) create(ctx context.Context, i int) error {
	t := r.tables.byName[r.ops[i].Table]
	set := r.resolve(r.ops[i].Set)
	keys := t.uniqueKeys(set, false)
	if !r.free[i] {
		if err := r.mustBeFree(ctx, keys, nil); err != nil {
			return err
		}
	}
	doc, err := r.insert(ctx, t, set)
	if errors.Is(err, store.ErrUnknownOutcome) {
		r.onFailure(func(ctx context.Context) error { return r.removeOurs(ctx, t, set) })
	}
	if err != nil {
		return err
	}
	row, err := t.record(doc[idColumn], doc)
	if err != nil {
		return unknown(err)
	}
	id, _ := row["id"].(string)
	r.ids[i], r.rows[i] = id, row
	r.keys = append(r.keys, keys...)
	r.onFailure(func(ctx context.Context) error { return r.remove(ctx, t, id) })
	return nil
}

// insert creates a document. If the answer is lost, it looks for the document:
// one with the very same values was made by this call. If there is none yet, it
// can still come, so that only what createApi keeps unique is sent again.
func (c *crud) insert(ctx context.Context, t *table, set store.Record) (map[string]any, error) {
	data, err := t.document(set, nil)
	if err != nil {
		return nil, err
	}
	watched := slices.ContainsFunc(t.unique, func(u unique) bool { return t.isWatched(u.name) && set[u.name] != nil })
	unsure := false
	for try := 1; ; try++ {
		doc, err := c.mutate(ctx, mutation{function: "create", args: input(t, map[string]any{"data": data})})
		if err == nil {
			return doc, nil
		}
		isUnknown := errors.Is(err, convex.ErrOutcomeUnknown)
		if unsure = unsure || isUnknown; unsure {
			if doc := c.ours(ctx, t, set); doc != nil {
				return doc, nil
			}
		}
		switch {
		case threw(err):
			if clash := c.mustBeFree(ctx, t.uniqueKeys(set, true), nil); clash != nil {
				return nil, clash
			}
			if unsure {
				return nil, unknown(err)
			}
			return nil, explain(err)
		case isUnknown && watched && try < maxTries && ctx.Err() == nil:
			continue
		case unsure && !isUnknown:
			return nil, unknown(err)
		}
		return nil, explain(err)
	}
}

// ours finds the newest document that has every value of a new row, or nil.
func (c *crud) ours(ctx context.Context, t *table, set store.Record) map[string]any {
	var w store.Where
	for _, f := range t.fields[1:] {
		if f.isScalar() || set[f.Name] == nil {
			w = w.And(f.Name, store.Eq, set[f.Name])
		}
	}
	l := t.lookup(w)
	if err := c.find(ctx, l); err != nil || len(l.found) == 0 {
		return nil
	}
	return slices.MaxFunc(l.found, func(a, b found) int {
		return compareNullable(a.doc[createdColumn], b.doc[createdColumn])
	}).doc
}

// removeOurs deletes the document of a new row whose answer was lost, if it is
// there by now.
func (c *crud) removeOurs(ctx context.Context, t *table, set store.Record) error {
	doc := c.ours(ctx, t, set)
	if id, ok := doc[idColumn].(string); ok {
		return c.remove(ctx, t, id)
	}
	return nil
}

// remove deletes the document with an id, if it is there.
func (c *crud) remove(ctx context.Context, t *table, id string) error {
	where := clauses{clause(idColumn, "eq", id)}
	_, err := c.mutate(ctx, mutation{function: "deleteOne", args: input(t, map[string]any{"where": where.list()}), idempotent: true})
	return explain(err)
}

// direct returns clauses with which operation i is one call that finds, checks
// and changes its row. That call does not tell what it overwrote, so an update
// must be the last that can fail.
func (r *run) direct(i int, last bool) (clauses, bool) {
	op := r.ops[i]
	t := r.tables.byName[op.Table]
	if !last || op.Verb != store.Update && op.Verb != store.Delete || len(op.Add) > 0 {
		return nil, false
	}
	if len(t.changedKeys(op, op.Set, false)) > 0 {
		return nil, false
	}
	return t.direct(r.resolveWhere(op.Where))
}

// changedKeys returns the unique keys of a row that the operation changed.
func (t *table) changedKeys(op store.Op, row store.Record, watched bool) []uniqueKey {
	return slices.DeleteFunc(t.uniqueKeys(row, watched), func(k uniqueKey) bool {
		return !slices.ContainsFunc(k.where.All, func(c store.Cond) bool {
			_, isSet := op.Set[c.Field]
			_, isAdded := op.Add[c.Field]
			return isSet || isAdded
		})
	})
}

// changeDirectly carries out an operation that is direct. It is not done if the
// function threw: perform then looks why.
func (r *run) changeDirectly(ctx context.Context, i int, where clauses) (done bool, err error) {
	op := r.ops[i]
	t := r.tables.byName[op.Table]
	m := mutation{function: "deleteOne", args: input(t, map[string]any{"where": where.list()}), idempotent: op.Expect == store.Some}
	if op.Verb == store.Update {
		update, err := t.document(r.resolve(op.Set), nil)
		if err != nil {
			return false, err
		}
		m = mutation{function: "updateOne", args: input(t, map[string]any{"where": where.list(), "update": update}), idempotent: where.outlive(update)}
	}
	doc, err := r.mutate(ctx, m)
	switch {
	case threw(err):
		return false, nil
	case err != nil:
		return false, explain(err)
	case doc == nil && op.Expect != store.Some:
		return false, &store.GuardError{Op: i}
	case doc == nil:
		return true, nil
	}
	if r.rows[i], err = t.record(doc[idColumn], doc); err != nil {
		return false, unknown(err)
	}
	if op.Verb == store.Delete {
		r.forGood()
		return true, r.removeChildren(ctx, t, r.rows[i:i+1])
	}
	return true, nil
}

// outlive reports that the clauses look at nothing that the update changes: then
// the update can be sent again.
func (cs clauses) outlive(update map[string]any) bool {
	return !slices.ContainsFunc(cs, func(c map[string]any) bool {
		column, _ := c["field"].(string)
		_, ok := update[column]
		return ok
	})
}

// change updates or deletes the rows that were found, each by its id.
func (r *run) change(ctx context.Context, i int, l *lookup) error {
	op := r.ops[i]
	if op.Verb == store.Update {
		if err := r.checkUpdate(ctx, i, l); err != nil {
			return err
		}
	}
	if op.Verb == store.Delete && op.Expect == store.Some && len(l.found) > 1 && l.plan.isOneRange() {
		r.rows[i] = l.found[0].row
		if err := r.deleteMany(ctx, l); err != nil {
			return err
		}
		return r.removeChildren(ctx, l.table, l.rows())
	}
	changed := make([]store.Record, len(l.found))
	err := together(len(changed), func(k int) error {
		var err error
		changed[k], err = r.changeRow(ctx, i, l.found[k])
		return err
	})
	if err != nil {
		return err
	}
	changed = slices.DeleteFunc(changed, func(row store.Record) bool { return row == nil })
	switch {
	case len(changed) == 0 && op.Expect != store.Some: // others were faster
		return &store.GuardError{Op: i}
	case len(changed) == 0:
		return nil
	}
	r.rows[i] = changed[0]
	if op.Verb == store.Delete {
		return r.removeChildren(ctx, l.table, changed)
	}
	return nil
}

// checkUpdate refuses an update that would break a rule that createApi does not
// keep.
func (r *run) checkUpdate(ctx context.Context, i int, l *lookup) error {
	op := r.ops[i]
	set := r.resolve(op.Set)
	for _, u := range l.table.unique {
		if len(l.found) > 1 && set[u.name] != nil {
			return &store.UniqueError{Table: op.Table, Field: u.name}
		}
	}
	for _, f := range l.found {
		row := maps.Clone(f.row)
		maps.Copy(row, set)
		keys := l.table.changedKeys(op, row, false)
		if err := r.mustBeFree(ctx, keys, f.row["id"]); err != nil {
			return err
		}
		r.keys = append(r.keys, keys...)
	}
	return nil
}

// changeRow updates or deletes one row as long as the operation selects it, and
// returns the row that it left or removed, or nil.
func (r *run) changeRow(ctx context.Context, i int, f found) (store.Record, error) {
	t := r.tables.byName[r.ops[i].Table]
	where := r.resolveWhere(r.ops[i].Where)
	for race := 1; ; race++ {
		row, refusal, err := r.tryRow(ctx, i, f)
		if row != nil || err != nil {
			return row, err
		}
		now := t.lookup(store.Is("id", f.row["id"]))
		if err := r.find(ctx, now); err != nil {
			return nil, err
		}
		switch {
		case len(now.found) == 0 || !selects(where, now.found[0].row):
			return nil, nil
		case refusal != nil && reflect.DeepEqual(now.found[0].doc, f.doc): // nobody was in the way
			return nil, r.explainUpdate(ctx, i, f.row, refusal)
		case race == maxRaces:
			return nil, fmt.Errorf("%w: too many others change the same row of table %q", store.ErrUnavailable, t.name)
		}
		f = now.found[0]
		if err := r.yield(ctx, race); err != nil {
			return nil, err
		}
	}
}

// tryRow makes one try. Without a row and an error, the document was not as it
// had been found; or the function refused the change itself.
func (r *run) tryRow(ctx context.Context, i int, f found) (row store.Record, refusal, err error) {
	op := r.ops[i]
	t := r.tables.byName[op.Table]
	w := r.resolveWhere(op.Where)
	where := clauses{clause(idColumn, "eq", f.row["id"])}
	if guards, ok := t.guards(w); ok {
		where = append(where, guards...)
	} else {
		where = append(where, t.unchanged(fieldsOf(w), f.doc)...)
	}
	m := mutation{function: "deleteOne", args: input(t, map[string]any{"where": where.list()}), idempotent: op.Expect == store.Some}
	var update map[string]any
	if op.Verb == store.Update {
		if update, err = r.update(op, t, f.row); err != nil {
			return nil, nil, err
		}
		where = append(where, t.unchanged(slices.Collect(maps.Keys(op.Add)), f.doc)...)
		m = mutation{function: "updateOne", args: input(t, map[string]any{"where": where.list(), "update": update}), idempotent: where.outlive(update)}
	}
	doc, err := r.mutate(ctx, m)
	switch {
	case threw(err):
		return nil, err, nil
	case err != nil:
		return nil, nil, explain(err)
	case doc == nil:
		return nil, nil, nil
	}
	if row, err = t.record(doc[idColumn], doc); err != nil {
		return nil, nil, unknown(err)
	}
	if op.Verb == store.Delete {
		r.forGood()
	} else {
		r.onFailure(func(ctx context.Context) error { return r.restore(ctx, t, f.doc, doc, update) })
	}
	return row, nil, nil
}

// update returns the columns that an update of the row changes.
func (r *run) update(op store.Op, t *table, row store.Record) (map[string]any, error) {
	update, err := t.document(r.resolve(op.Set), nil)
	if err != nil {
		return nil, err
	}
	for name, n := range op.Add {
		have, _ := row[name].(float64) // null counts as 0
		if math.IsInf(have+n, 0) {
			return nil, fmt.Errorf("convex: field %q of table %q cannot hold the sum", name, t.name)
		}
		update[t.byName[name].column] = have + n
	}
	return update, nil
}

// explainUpdate says why createApi refused to update a row that is as it was.
func (r *run) explainUpdate(ctx context.Context, i int, row store.Record, refusal error) error {
	op := r.ops[i]
	after := maps.Clone(row)
	maps.Copy(after, r.resolve(op.Set))
	keys := r.tables.byName[op.Table].changedKeys(op, after, true)
	if err := r.mustBeFree(ctx, keys, row["id"]); err != nil {
		return err
	}
	return explain(refusal)
}

// restore gives the columns of a document their old values back, unless another
// writer has changed them since. Missing becomes null, which means the same.
func (r *run) restore(ctx context.Context, t *table, before, after, update map[string]any) error {
	where := clauses{clause(idColumn, "eq", before[idColumn])}
	old := make(map[string]any, len(update))
	for _, f := range t.fields {
		if _, ok := update[f.column]; ok {
			old[f.column] = before[f.column]
			where = append(where, t.unchanged([]string{f.Name}, after)...)
		}
	}
	_, err := r.mutate(ctx, mutation{function: "updateOne", args: input(t, map[string]any{"where": where.list(), "update": old}), idempotent: true})
	if threw(err) {
		return nil
	}
	return explain(err)
}

// isOneRange reports whether the rows of the plan are exactly those of one range
// of an index, which deleteMany can go through.
func (p plan) isOneRange() bool {
	return p.exact && !p.scan && len(p.fetches) == 1 && p.fetches[0].ids == nil && !p.fetches[0].one
}

// deleteMany deletes a range of an index, page by page.
func (r *run) deleteMany(ctx context.Context, l *lookup) error {
	r.forGood()
	var cursor any
	for {
		args := input(l.table, map[string]any{"where": l.plan.fetches[0].where.list()})
		args["paginationOpts"] = map[string]any{"cursor": cursor, "numItems": firstPage}
		answer, err := r.mutate(ctx, mutation{function: "deleteMany", args: args, idempotent: true})
		if err != nil {
			return explain(err)
		}
		done, isBool := answer["isDone"].(bool)
		next, isText := answer["continueCursor"].(string)
		switch {
		case !isBool || !isText || !done && next == cursor:
			return unknown(fmt.Errorf("convex: deleteMany of table %q does not come to an end", l.table.name))
		case done:
			return nil
		}
		cursor = next
	}
}

// removeChildren removes the rows that point at rows that are gone.
func (r *run) removeChildren(ctx context.Context, t *table, gone []store.Record) error {
	var lookups []*lookup
	for _, l := range t.children {
		child, target := l.from.logical(l.column), t.logical(l.target)
		for _, row := range gone {
			if row[target] != nil {
				lookups = append(lookups, l.from.lookup(store.Is(child, row[target])))
			}
		}
	}
	if err := r.find(ctx, lookups...); err != nil {
		return err
	}
	for _, l := range lookups {
		rows := l.rows()
		err := together(len(rows), func(k int) error {
			id, _ := rows[k]["id"].(string)
			return r.remove(ctx, l.table, id)
		})
		if err != nil {
			return err
		}
		if err := r.removeChildren(ctx, l.table, rows); err != nil {
			return err
		}
	}
	return nil
}

// logical returns the name of the field with a column.
func (t *table) logical(column string) string {
	i := slices.IndexFunc(t.fields, func(f *field) bool { return f.column == column })
	return t.fields[i].Name
}
