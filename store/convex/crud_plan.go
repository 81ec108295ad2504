package convex

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

// Sizes of what a plan asks for.
const (
	idsPerFetch = 100
	maxBranch   = 50 // fetches that replace one scan
)

// A fetch is one findMany, over as many pages as it takes.
type fetch struct {
	where clauses
	ids   []string // if it gets documents by their ids
	one   bool     // there is at most one document
}

// A plan finds the rows of a selection. The union of its fetches has all of
// them, and more unless it is exact.
type plan struct {
	fetches []fetch
	exact   bool
	scan    bool // looks at every row of the table
}

// guideIndexes are the indexes of the integration guide's schema, beside those
// that the tables ask for.
func guideIndexes(physical string) [][]string {
	switch physical {
	case "user":
		return [][]string{{"email"}, {"name"}}
	case "session":
		return [][]string{{"token"}, {"userId"}, {"expiresAt"}}
	case "account":
		return [][]string{{"accountId", "providerId"}, {"providerId", "userId"}, {"userId"}}
	case "verification":
		return [][]string{{"identifier"}, {"expiresAt"}}
	}
	return nil
}

// indexes are the indexes that the deployment has if it follows the schema, with
// the columns of each in the order of the alphabet, as Better Auth declares them
// for Convex and as createApi needs them. A plan that counts on one that is
// missing is slow, not wrong.
func (t *table) indexes() [][]string {
	out := slices.Concat(guideIndexes(t.physical), t.wanted)
	for _, u := range t.unique {
		out = append(out, u.columns)
	}
	for i, columns := range out {
		out[i] = slices.Sorted(slices.Values(columns))
	}
	return out
}

// isIndexed reports whether an index begins with the column.
func (t *table) isIndexed(column string) bool {
	return slices.ContainsFunc(t.indexes(), func(x []string) bool { return x[0] == column })
}

// plan chooses how to find the rows that w selects.
func (t *table) plan(w store.Where) plan {
	if t.isImpossible(w) {
		return plan{exact: true}
	}
	whole := len(w.All) == 1 && len(w.Any) == 0
	for _, c := range w.All {
		if ids, ok := idsOf(c); ok {
			return plan{fetches: byIDs(ids), exact: whole}
		}
	}
	for _, c := range w.All {
		if isPlainEq(c) && t.isKey(c.Field) {
			return plan{fetches: []fetch{{where: t.equal(c.Field, c.Value), one: true}}, exact: whole}
		}
	}
	if p, ok := t.planIndex(w); ok {
		return p
	}
	for _, c := range w.All {
		if fetches, ok := t.branch(c); ok {
			return plan{fetches: fetches, exact: whole}
		}
	}
	if p, ok := t.planUnion(w.Any); ok {
		return p
	}
	if p, ok := t.planRange(w); ok {
		return p
	}
	return t.planScan(w)
}

// isImpossible reports whether w selects nothing, whatever the rows.
func (t *table) isImpossible(w store.Where) bool {
	impossible := func(c store.Cond) bool {
		if c.Value == nil && (c.Field == "id" && c.Op == store.Eq || c.Op != store.Eq && c.Op != store.Ne) {
			return true
		}
		if ids, ok := idsOf(c); ok {
			return len(ids) == 0
		}
		return c.Op == store.In && len(listed(c.Value)) == 0
	}
	if slices.ContainsFunc(w.All, impossible) {
		return true
	}
	return len(w.Any) > 0 && !slices.ContainsFunc(w.Any, func(c store.Cond) bool { return !impossible(c) })
}

// idsOf returns the ids that a condition allows, without those that are none.
func idsOf(c store.Cond) ([]string, bool) {
	if c.Field != "id" || c.Fold || c.Value == nil || c.Op != store.Eq && c.Op != store.In {
		return nil, false
	}
	var ids []string
	for _, v := range listed(c.Value) {
		id, _ := v.(string)
		if _, ok := tableOf(id); ok && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, true
}

// listed returns the values of a list, or the one value.
func listed(v any) []any {
	var out []any
	switch v := v.(type) {
	case []string:
		for _, s := range v {
			out = append(out, s)
		}
	case []float64:
		for _, n := range v {
			out = append(out, n)
		}
	default:
		out = append(out, v)
	}
	return out
}

// byIDs gets documents by id. "in" is used for one id too: unlike "eq", it never
// returns a document of another table.
func byIDs(ids []string) []fetch {
	var out []fetch
	for chunk := range slices.Chunk(ids, idsPerFetch) {
		out = append(out, fetch{where: clauses{clause(idColumn, "in", chunk)}, ids: chunk})
	}
	return out
}

// equal is the clause that a field has a value. A value that Convex has no form
// for was refused before.
func (t *table) equal(name string, value any) clauses {
	f := t.byName[name]
	v, _ := f.encode(value)
	return clauses{clause(f.column, "eq", v)}
}

// planIndex uses the index that serves most equalities. createApi sorts their
// fields by name and takes an index that begins with all of them in that order,
// or none: one equality too many is a scan.
func (t *table) planIndex(w store.Where) (plan, bool) {
	eq := make(map[string]clauses)
	for _, c := range w.All {
		if f := t.byName[c.Field]; isPlainEq(c) && eq[f.column] == nil {
			eq[f.column] = t.equal(c.Field, c.Value)
		}
	}
	var best []string
	for _, index := range t.indexes() {
		n := 0
		for n < len(index) && eq[index[n]] != nil {
			n++
		}
		if n > len(best) {
			best = index[:n]
		}
	}
	if best == nil {
		return plan{}, false
	}
	var where clauses
	for _, column := range best {
		where = append(where, eq[column]...)
	}
	return plan{fetches: []fetch{{where: where}}, exact: len(best) == len(w.All) && len(w.Any) == 0}, true
}

// branch returns fetches for a single condition that an index or the ids serve.
// A list becomes several fetches: createApi's own "in" throws on most indexes.
func (t *table) branch(c store.Cond) ([]fetch, bool) {
	if ids, ok := idsOf(c); ok {
		return byIDs(ids), true
	}
	if c.Fold || c.Value == nil || c.Op != store.Eq && c.Op != store.In || !t.isIndexed(t.byName[c.Field].column) {
		return nil, false
	}
	var out []fetch
	for _, v := range listed(c.Value) {
		out = append(out, fetch{where: t.equal(c.Field, v), one: t.isKey(c.Field)})
	}
	return out, len(out) <= maxBranch
}

// planUnion fetches each branch of an Any, if all of them are served.
func (t *table) planUnion(branches []store.Cond) (plan, bool) {
	var p plan
	for _, c := range branches {
		fetches, ok := t.branch(c)
		if !ok || len(p.fetches)+len(fetches) > maxBranch {
			return plan{}, false
		}
		p.fetches = append(p.fetches, fetches...)
	}
	return p, len(branches) > 0
}

// planRange uses an index on a number or date with one bound. createdAt is no
// field for that: createApi takes it for the time of the document.
func (t *table) planRange(w store.Where) (plan, bool) {
	for _, c := range w.All {
		f := t.byName[c.Field]
		switch c.Op {
		case store.Lt, store.Lte, store.Gt, store.Gte:
		default:
			continue
		}
		if f.Type == schema.String || f.column == "createdAt" || !t.isIndexed(f.column) {
			continue
		}
		v, _ := f.encode(c.Value)
		return plan{
			fetches: []fetch{{where: clauses{clause(f.column, operatorName(c.Op), v)}}},
			exact:   len(w.All) == 1 && len(w.Any) == 0 && f.Required, // null is smaller than everything there
		}, true
	}
	return plan{}, false
}

// planScan reads the whole table. What createApi can filter, it filters.
func (t *table) planScan(w store.Where) plan {
	var where clauses
	for _, c := range w.All {
		f := t.byName[c.Field]
		v, err := f.encode(c.Value)
		if err != nil || c.Value == nil || c.Fold || f.column == idColumn {
			continue
		}
		switch c.Op {
		case store.Eq, store.Contains, store.StartsWith, store.EndsWith:
			where = append(where, clause(f.column, operatorName(c.Op), v))
		default: // it means something else there, or selects most rows
		}
	}
	return plan{fetches: []fetch{{where: where}}, exact: len(where) == len(w.All) && len(w.Any) == 0, scan: true}
}

// String names the fields that a plan filters by, for the log: never a value.
func (p plan) String() string {
	var names []string
	for _, f := range p.fetches {
		for _, c := range f.where {
			names = append(names, fmt.Sprint(c["field"]))
		}
	}
	return strings.Join(names, ",")
}
