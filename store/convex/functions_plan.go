package convex

import (
	"slices"
	"strings"

	"github.com/lockstep-auth/lockstep/internal/relation"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

// Limits on the parts of one call; a Convex function may read 4,096 ranges of
// indexes (https://docs.convex.dev/production/state/limits).
const (
	maxRanges = 1000 // values of one list; with a longer one, every row is looked at
	maxIDs    = 4000 // rows by their ids
)

// A source is where to look for rows, as js/convex/src/lockstepFunctions/call.ts has it.
type source = map[string]any

// A finding is where to look for the rows of a Where, and whether they come in
// the order that was asked for.
type finding struct {
	sources []source
	ordered bool
}

// locate chooses how to find the rows that w selects. Text is never compared by
// an index: the order of text is not said anywhere.
func (d *deployment) locate(t *table, w store.Where, sortBy string) (finding, error) {
	l := &locator{table: t, deployed: d.tables[t.physical], sortBy: sortBy}
	if len(w.All)+len(w.Any) == 0 {
		return l.everything(), nil
	}
	best, err := l.all(w.All)
	if err != nil || best != nil {
		return finding{best, l.ordered}, err
	}
	if len(w.Any) > 0 {
		if united, err := l.any(w.Any); err != nil || united != nil {
			return finding{sources: united}, err
		}
	}
	return finding{sources: []source{{"scan": "search", "fields": l.missing(w)}}}, nil
}

// A locator chooses the indexes for one Where.
type locator struct {
	table    *table
	deployed deployedTable
	sortBy   string
	ordered  bool // the sources chosen last are in the order of sortBy
}

// everything reads the whole table, by an index if one has the order.
func (l *locator) everything() finding {
	if l.sortBy == "" {
		return wholeTable()
	}
	column := l.table.byName[l.sortBy].column
	name, _ := l.deployed.serving(column)
	if name == nil || !l.hasSafeOrder() {
		return wholeTable()
	}
	return finding{sources: []source{{"index": name, "fields": []string{column}, "eq": []any{}}}, ordered: true}
}

func wholeTable() finding {
	return finding{sources: []source{{"scan": "all", "fields": []string{}}}}
}

// hasSafeOrder reports whether an index has the order that a store sorts by:
// true for all but text.
func (l *locator) hasSafeOrder() bool { return l.table.byName[l.sortBy].Type != schema.String }

// all returns the sources for conditions that must all hold, or nil if nothing
// but looking at every row helps.
func (l *locator) all(conds []store.Cond) ([]source, error) {
	if ids, ok, err := l.byID(conds); ok || err != nil {
		return ids, err
	}
	var best []source
	var most int
	for _, x := range l.deployed.indexes {
		r := l.match(x, conds)
		if r.score <= most {
			continue
		}
		sources, err := r.sources(x)
		if err != nil {
			return nil, err
		}
		most, best, l.ordered = r.score, sources, r.ordered
	}
	return best, nil
}

// any returns the sources for conditions of which one must hold, or nil.
func (l *locator) any(conds []store.Cond) ([]source, error) {
	var united []source
	for _, c := range conds {
		sources, err := l.all([]store.Cond{c})
		if sources == nil || err != nil {
			return nil, err
		}
		united = append(united, sources...)
	}
	if len(united) > maxRanges {
		return nil, nil
	}
	return united, nil
}

// byID is for conditions that name the ids.
func (l *locator) byID(conds []store.Cond) (sources []source, ok bool, err error) {
	for _, c := range conds {
		if c.Field != "id" || c.Fold {
			continue
		}
		switch list, isList := c.Value.([]string); {
		case c.Op == store.In && isList && len(list) <= maxIDs:
			slices.Sort(list)
			return []source{{"ids": slices.Compact(list)}}, true, nil
		case c.Op == store.Eq && c.Value == nil: // no row is without
			return []source{}, true, nil
		case c.Op == store.Eq:
			id, err := l.value(c.Field, c.Value)
			return []source{{"ids": []any{id}}}, true, err
		}
	}
	return nil, false, nil
}

// value returns the value of a condition as the functions take it.
func (l *locator) value(name string, v any) (any, error) { return callValue(l.table.byName[name], v) }

// A ranging is how conditions fit an index.
type ranging struct {
	locator *locator
	score   int // 0 is not at all
	eq      []store.Cond
	in      *store.Cond
	bounds  []store.Cond
	ordered bool
}

// match fits conditions to an index: values for its first fields, then a list
// of values or bounds for the next.
func (l *locator) match(x deployedIndex, conds []store.Cond) ranging {
	r := ranging{locator: l}
	for _, column := range x.fields {
		eq, in, bounds := l.about(column, conds)
		if eq != nil {
			r.eq = append(r.eq, *eq)
			continue
		}
		r.in, r.bounds = in, bounds
		break
	}
	// The order matters, not the numbers: a value narrows most, bounds least.
	r.score = 8 * len(r.eq)
	switch {
	case r.in != nil:
		r.score += 4
	case len(r.bounds) > 0:
		r.score += 2
	}
	next := len(r.eq)
	if r.score > 0 && r.in == nil && l.sortBy != "" && next < len(x.fields) &&
		x.fields[next] == l.table.byName[l.sortBy].column && l.hasSafeOrder() {
		r.ordered = true
		r.score++
	}
	return r
}

// about returns the conditions on a column that an index can serve: one value,
// one list, or bounds of a number or date.
func (l *locator) about(column string, conds []store.Cond) (eq, in *store.Cond, bounds []store.Cond) {
	for i := range conds {
		c := &conds[i]
		f := l.table.byName[c.Field]
		if f.column != column || c.Fold || c.Value == nil {
			continue
		}
		switch c.Op {
		case store.Eq:
			eq = c
		case store.In:
			if len(distinct(c.Value)) <= maxRanges {
				in = c
			}
		case store.Lt, store.Lte, store.Gt, store.Gte:
			if f.Type != schema.String {
				bounds = append(bounds, *c)
			}
		default: // an index does not help
		}
	}
	return eq, in, bounds
}

// sources writes the ranges of the index.
func (r ranging) sources(x deployedIndex) ([]source, error) {
	base := make([]any, 0, len(r.eq)+1)
	for _, c := range r.eq {
		v, err := r.locator.value(c.Field, c.Value)
		if err != nil {
			return nil, err
		}
		base = append(base, v)
	}
	n := len(base)
	switch {
	case r.in != nil:
		out := []source{} // an empty list is found nowhere
		for _, v := range distinct(r.in.Value) {
			out = append(out, source{"index": x.name, "fields": x.fields[:n+1], "eq": append(base[:n:n], v)})
		}
		return out, nil
	case len(r.bounds) > 0:
		s := source{"index": x.name, "fields": x.fields[:n+1], "eq": base}
		return []source{s}, r.bound(s)
	}
	return []source{{"index": x.name, "fields": x.fields[:n], "eq": base}}, nil
}

// bound adds the narrowest of the bounds. What lies below is cut in any case:
// null and missing come first in an index, and no bound holds for them.
func (r ranging) bound(s source) error {
	s["lower"] = source{"value": nil, "inclusive": false}
	var lower, upper *store.Cond
	for i := range r.bounds {
		switch c := &r.bounds[i]; c.Op {
		case store.Gt, store.Gte:
			if lower == nil || relation.Compare(c.Value, lower.Value) > 0 {
				lower = c
			}
		default:
			if upper == nil || relation.Compare(c.Value, upper.Value) < 0 {
				upper = c
			}
		}
	}
	for key, c := range map[string]*store.Cond{"lower": lower, "upper": upper} {
		if c == nil {
			continue
		}
		v, err := r.locator.value(c.Field, c.Value)
		if err != nil {
			return err
		}
		// Whether the bound itself belongs to it, the condition decides.
		s[key] = source{"value": v, "inclusive": true}
	}
	return nil
}

// missing names the columns of an index that would help to find the rows of w.
// It is empty if none would.
func (l *locator) missing(w store.Where) []string {
	if columns := l.usable(w.All); len(columns) > 0 {
		return columns
	}
	for _, c := range w.Any { // each needs its own
		columns := l.usable([]store.Cond{c})
		if len(columns) == 0 {
			break
		}
		if index, _ := l.deployed.serving(columns...); index == nil {
			return columns
		}
	}
	return []string{}
}

// usable returns the columns that an index could serve conditions by, those
// with one value first.
func (l *locator) usable(conds []store.Cond) []string {
	columns, last := []string{}, []string{}
	for _, c := range conds {
		column := l.table.byName[c.Field].column
		eq, in, bounds := l.about(column, conds)
		switch {
		case eq != nil && !slices.Contains(columns, column):
			columns = append(columns, column)
		case eq == nil && (in != nil || len(bounds) > 0):
			last = append(last, column)
		}
	}
	return append(columns, last[:min(len(last), 1)]...)
}

// distinct returns the different values of a checked list.
func distinct(list any) []any {
	var out []any
	switch list := list.(type) {
	case []string:
		for _, s := range slices.Compact(slices.SortedFunc(slices.Values(list), strings.Compare)) {
			out = append(out, s)
		}
	case []float64:
		for _, n := range slices.Compact(slices.Sorted(slices.Values(list))) {
			out = append(out, n)
		}
	}
	return out
}
