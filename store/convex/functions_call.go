package convex

import (
	"github.com/lockstep-auth/lockstep/store"
)

// operators are the names that the functions have for a store.Operator.
func operators() map[store.Operator]string {
	return map[store.Operator]string{
		store.Eq: "eq", store.Ne: "ne", store.Lt: "lt", store.Lte: "lte", store.Gt: "gt", store.Gte: "gte",
		store.In: "in", store.NotIn: "notIn",
		store.Contains: "contains", store.StartsWith: "startsWith", store.EndsWith: "endsWith",
	}
}

// reference stands for the id of a row that an earlier operation makes.
func reference(id store.IDOf) any { return map[string]any{"ref": int(id)} }

// callValue returns a checked value as the functions take it.
func callValue(f *field, v any) (any, error) {
	if id, ok := v.(store.IDOf); ok {
		return reference(id), nil
	}
	return f.encode(v)
}

// callConds returns conditions as the functions take them.
func (t *table) callConds(conds []store.Cond) ([]map[string]any, error) {
	names := operators()
	out := make([]map[string]any, 0, len(conds))
	for _, c := range conds {
		f := t.byName[c.Field]
		v, err := callValue(f, c.Value)
		if err != nil {
			return nil, err
		}
		cond := map[string]any{"field": f.column, "op": names[c.Op], "value": v}
		if c.Fold {
			cond["fold"] = true
		}
		out = append(out, cond)
	}
	return out, nil
}

// selection writes what rows w selects, and where they are.
func (d *deployment) selection(t *table, w store.Where, sortBy string) (call map[string]any, ordered bool, err error) {
	found, err := d.locate(t, w, sortBy)
	if err != nil {
		return nil, false, err
	}
	all, err := t.callConds(w.All)
	if err != nil {
		return nil, false, err
	}
	some, err := t.callConds(w.Any)
	if err != nil {
		return nil, false, err
	}
	return map[string]any{"table": t.physical, "sources": found.sources, "all": all, "any": some}, found.ordered, nil
}
