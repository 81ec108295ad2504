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
	"github.com/lockstep-auth/lockstep/internal/relation"
	"github.com/lockstep-auth/lockstep/store"
)

// remove deletes the document with an id, if it is there.
func (c *crud) remove(ctx context.Context, t *table, id string) error {
	where := clauses{clause(idColumn, "eq", id)}
	_, err := c.mutate(ctx, mutation{function: "deleteOne", args: input(t, map[string]any{"where": where.list()}), idempotent: true})
	return explain(err)
}

// direct returns clauses with which the operation of a step is one call that
// finds, checks and changes its row. That call does not tell what it overwrote, so
// an update must be the last that can fail, or one that may stand if the row beside
// it cannot be made, or say what it overwrites; then it must be the first, since it
// is not looked up before.
func (r *run) direct(step int) (clauses, bool) {
	op := r.ops[r.order[step]]
	t := r.tables.byName[op.Table]
	if op.Verb != store.Update && op.Verb != store.Delete || len(op.Add) > 0 {
		return nil, false
	}
	isLast := step+r.abreast(step) == len(r.order)
	if r.last && isLast { // it is looked up before anything changes
		return nil, false
	}
	if !isLast && (step > 0 || op.Verb != store.Update || t.overwritten(op) == nil) {
		return nil, false
	}
	if len(t.changedKeys(op, op.Set, false)) > 0 {
		return nil, false
	}
	where := r.resolveWhere(op.Where)
	if op.Sole && op.Verb == store.Delete && len(where.All) == 1 && len(where.Any) == 0 && isPlainEq(where.All[0]) {
		return t.equal(where.All[0].Field, where.All[0].Value), true
	}
	return t.direct(where)
}

// endsWith reports whether operation i is the last step.
func (r *run) endsWith(i int) bool { return r.order[len(r.order)-1] == i }

// overwritten returns the columns that an update overwrites, as far as its own
// conditions tell: all but the time of the last change, which a row that is
// restored keeps. It is nil if they do not tell.
func (t *table) overwritten(op store.Op) map[string]any {
	old := make(map[string]any)
	for name := range op.Set {
		if name == "updatedAt" {
			continue
		}
		i := slices.IndexFunc(op.Where.All, func(c store.Cond) bool { return c.Field == name && c.Op == store.Eq && !c.Fold })
		if i < 0 {
			return nil
		}
		value, err := t.byName[name].encode(op.Where.All[i].Value)
		if err != nil {
			return nil
		}
		old[t.byName[name].column] = value
	}
	return old
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
	var doc map[string]any
	if op.Verb == store.Update {
		var update map[string]any
		if update, err = t.document(r.resolve(op.Set), nil); err != nil {
			return false, err
		}
		doc, err = r.updateOne(ctx, t, where, update)
	} else {
		doc, err = r.deleteOne(ctx, t, where, op.Expect)
	}
	switch {
	case threw(err):
		return false, nil
	case err != nil:
		return false, explain(err)
	case doc == nil && op.Sole: // or it is among rows that createApi did not look at, for lack of an index
		return false, nil
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
	switch old := t.overwritten(op); {
	case len(old) > 0:
		r.onFailure(func(ctx context.Context) error { return r.restore(ctx, t, old, doc) })
	case !r.endsWith(i):
		r.forGood()
	}
	return true, nil
}

// updateOne changes the document that the clauses name, the first of them by a
// key, and returns it as it is then. If the answer is lost, it looks: a document
// that has every new value was changed by this call. One that has not can be
// changed yet, so the call is made again; where it must have its effect once, its
// clauses see to that.
func (c *crud) updateOne(ctx context.Context, t *table, where clauses, update map[string]any) (map[string]any, error) {
	m := updateCall(t, where, update)
	for try := 1; ; try++ {
		doc, err := c.mutate(ctx, m)
		isUnknown := errors.Is(err, convex.ErrOutcomeUnknown)
		if !isUnknown && try == 1 {
			return doc, err
		}
		if err == nil {
			return doc, nil
		}
		if doc := c.updated(ctx, t, where[0], update); doc != nil {
			return doc, nil
		}
		switch {
		case !isUnknown: // somebody has changed it since
			return nil, unknown(err)
		case m.idempotent || try == maxTries || ctx.Err() != nil:
			return nil, err
		}
	}
}

func updateCall(t *table, where clauses, update map[string]any) mutation {
	return mutation{
		function: "updateOne", args: input(t, map[string]any{"where": where.list(), "update": update}), idempotent: where.outlive(update),
	}
}

// updated returns the document with a key if it has the values of an update, or
// nil.
func (c *crud) updated(ctx context.Context, t *table, key map[string]any, update map[string]any) map[string]any {
	column, _ := key["field"].(string)
	l := t.lookup(store.Is(t.logical(column), key["value"]))
	if err := c.find(ctx, l); err != nil || len(l.found) == 0 {
		return nil
	}
	doc := l.found[0].doc
	for column, value := range update {
		if !reflect.DeepEqual(doc[column], value) {
			return nil
		}
	}
	return doc
}

// deleteOne deletes the document that the clauses name, and returns it, or nil if
// there is none.
func (c *crud) deleteOne(ctx context.Context, t *table, where clauses, expect store.Expect) (map[string]any, error) {
	return c.mutate(ctx, mutation{function: "deleteOne", args: input(t, map[string]any{"where": where.list()}), idempotent: expect == store.Some})
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
		r.wrote(keys)
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
		case len(now.found) == 0 || !relation.Selects(where, now.found[0].row):
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
	var doc, update map[string]any
	if op.Verb == store.Update {
		if update, err = r.update(op, t, f.row); err != nil {
			return nil, nil, err
		}
		where = append(where, t.unchanged(slices.Collect(maps.Keys(op.Add)), f.doc)...)
		if r.last { // others may hold the same row that pays; what this one takes back must be what it found
			where = append(where, t.unchanged(slices.Collect(maps.Keys(op.Set)), f.doc)...)
		}
		if len(op.Add) > 0 {
			doc, err = r.mutate(ctx, updateCall(t, where, update)) // others can have made the same sum
		} else {
			doc, err = r.updateOne(ctx, t, where, update)
		}
	} else {
		doc, err = r.deleteOne(ctx, t, where, op.Expect)
	}
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
		r.onFailure(func(ctx context.Context) error { return r.restore(ctx, t, pick(f.doc, update), doc) })
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

// pick returns the values that a document has in the columns of an update.
// Missing becomes null, which means the same.
func pick(doc, update map[string]any) map[string]any {
	out := make(map[string]any, len(update))
	for column := range update {
		out[column] = doc[column]
	}
	return out
}

// restore gives the columns of a document their old values back, unless another
// writer has changed them since.
func (r *run) restore(ctx context.Context, t *table, old, after map[string]any) error {
	where := clauses{clause(idColumn, "eq", after[idColumn])}
	for _, f := range t.fields {
		if _, ok := old[f.column]; ok {
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
