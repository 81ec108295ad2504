package convex

import (
	"context"
	"errors"
	"slices"

	"github.com/lockstep-auth/lockstep/convex"
	"github.com/lockstep-auth/lockstep/internal/relation"
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
	r.wrote(keys)
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
		return relation.CompareNullable(a.doc[createdColumn], b.doc[createdColumn])
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
