package convex

import (
	"math"
	"slices"

	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

// clauses are conditions in createApi's form; all must hold.
type clauses []map[string]any

// list is the value that package convex takes.
func (cs clauses) list() []map[string]any { return cs }

func clause(column, operator string, value any) map[string]any {
	return map[string]any{"field": column, "operator": operator, "value": value}
}

// operatorName is createApi's name of a comparison.
func operatorName(op store.Operator) string {
	return [...]string{
		store.Eq: "eq", store.Ne: "ne", store.Lt: "lt", store.Lte: "lte", store.Gt: "gt", store.Gte: "gte",
		store.In: "in", store.NotIn: "not_in",
		store.Contains: "contains", store.StartsWith: "starts_with", store.EndsWith: "ends_with",
	}[op]
}

// isWatched reports whether createApi keeps the values of the field unique. It
// knows the core tables by their own names (getAuthTables of better-auth with
// the empty options of the integration guide) and no unique index.
func (t *table) isWatched(name string) bool {
	f := t.byName[name]
	return f != nil && f.Unique && (t.physical == "user" && f.column == "email" || t.physical == "session" && f.column == "token")
}

// isKey reports whether an equality on the field names at most one row, and
// makes createApi take its sure path: it gets that document, and checks every
// other clause on it, in one transaction.
func (t *table) isKey(name string) bool { return name == "id" || t.isWatched(name) }

// isPlainEq reports whether c is an equality as createApi has it.
func isPlainEq(c store.Cond) bool { return c.Op == store.Eq && c.Value != nil && !c.Fold }

// direct returns clauses that name one document and hold for it exactly when w
// does, if createApi can express that.
func (t *table) direct(w store.Where) (clauses, bool) {
	i := slices.IndexFunc(w.All, func(c store.Cond) bool { return isPlainEq(c) && t.isKey(c.Field) })
	if i < 0 || t.isImpossible(w) {
		return nil, false
	}
	key := w.All[i]
	rest, ok := t.guards(store.Where{All: slices.Delete(slices.Clone(w.All), i, i+1), Any: w.Any})
	// The key is a text, which encode leaves alone. It comes first: createApi
	// takes the first one that it finds.
	return append(clauses{clause(t.byName[key.Field].column, "eq", key.Value)}, rest...), ok
}

// guards returns clauses that hold for a single document exactly when w does.
func (t *table) guards(w store.Where) (clauses, bool) {
	if len(w.Any) > 0 { // OR exists for a lone clause only
		return nil, false
	}
	var out clauses
	for _, c := range w.All {
		g, ok := t.guard(c)
		if !ok {
			return nil, false
		}
		out = append(out, g...)
	}
	return out, true
}

// guard is guards for one condition. The differences between createApi's
// comparisons (filterByWhere) and the contract's are bridged: there, null is
// unequal to everything and smaller than everything.
func (t *table) guard(c store.Cond) (clauses, bool) {
	f := t.byName[c.Field]
	value, err := f.encode(c.Value)
	switch {
	case err != nil, c.Fold:
		return nil, false
	case c.Value == nil && c.Op == store.Eq:
		return clauses{f.isNull()}, true
	case c.Value == nil && c.Op == store.Ne:
		return f.notNull()
	case c.Value == nil:
		return nil, false
	case f.column == idColumn && c.Op != store.Eq && c.Op != store.In && c.Op != store.NotIn:
		return nil, false // createApi throws
	}
	isOrder := c.Op == store.Lt || c.Op == store.Lte || c.Op == store.Gt || c.Op == store.Gte
	if isOrder && f.Type == schema.String { // JavaScript orders text by UTF-16 units, not by bytes
		return nil, false
	}
	out := clauses{clause(f.column, operatorName(c.Op), value)}
	switch c.Op {
	case store.Ne, store.Lt, store.Lte, store.NotIn:
		some, ok := f.notNull()
		return append(out, some...), ok
	default:
		return out, true
	}
}

// least is a value of the field's type that no other is smaller than.
func (f *field) least() any {
	switch f.Type {
	case schema.Number, schema.Date:
		return -math.MaxFloat64
	case schema.Bool:
		return false
	default:
		return ""
	}
}

// isNull holds if the field is null or missing, which "eq null" does not: only
// nothing is smaller than the least value.
func (f *field) isNull() map[string]any { return clause(f.column, "lt", f.least()) }

// notNull is the opposite of isNull. There is none for lists.
func (f *field) notNull() (clauses, bool) {
	if f.Required {
		return nil, true
	}
	if f.Type == schema.Strings || f.Type == schema.Numbers {
		return nil, false
	}
	return clauses{clause(f.column, "gte", f.least())}, true
}

// unchanged returns clauses that hold while the named fields have the values of
// a document. They stand in for conditions that createApi has no words for:
// what held for those values still holds. Lists are left out, and so is what
// nobody should have stored.
func (t *table) unchanged(names []string, doc map[string]any) clauses {
	var out clauses
	for _, name := range names {
		f := t.byName[name]
		switch v := doc[f.column].(type) {
		case nil:
			out = append(out, f.isNull())
		case string, float64, bool:
			out = append(out, clause(f.column, "eq", v))
		}
	}
	return out
}

// fieldsOf returns the fields that a Where looks at, each once.
func fieldsOf(w store.Where) []string {
	var names []string
	for _, c := range slices.Concat(w.All, w.Any) {
		if !slices.Contains(names, c.Field) {
			names = append(names, c.Field)
		}
	}
	return names
}
