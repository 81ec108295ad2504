package memory

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/lockstep-auth/lockstep/internal/relation"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

// checkOp reports mistakes that do not depend on the table.
func checkOp(i int, op store.Op) error {
	selected := len(op.Where.All)+len(op.Where.Any) > 0
	switch op.Verb {
	case store.Create:
		if selected || op.Expect != store.Some || len(op.Add) > 0 {
			return fmt.Errorf("memory: operation %d: Create takes nothing but Set", i)
		}
		return nil
	case store.Update:
	case store.Delete, store.Check:
		if len(op.Set)+len(op.Add) > 0 {
			return fmt.Errorf("memory: operation %d: only Create and Update set fields", i)
		}
	default:
		return fmt.Errorf("memory: operation %d: no verb %d", i, op.Verb)
	}
	if !selected {
		return fmt.Errorf("memory: operation %d: empty Where would mean the whole table", i)
	}
	if op.Expect < store.Some || op.Expect > store.AtLeast || (op.Expect == store.None && op.Verb != store.Check) {
		return fmt.Errorf("memory: operation %d: expectation %d does not fit its verb", i, op.Expect)
	}
	if _, ok := op.Set["id"]; ok {
		return fmt.Errorf("memory: operation %d: an id never changes", i)
	}
	return nil
}

func (t *table) checkQuery(q store.Query) error {
	if q.Limit < 0 || q.Offset < 0 {
		return errors.New("memory: negative limit or offset")
	}
	if q.SortBy == "" {
		return nil
	}
	f, err := t.field(q.SortBy)
	if err == nil && !hashable(f) {
		err = fmt.Errorf("memory: a %s such as %q has no order", f.Type, f.Name)
	}
	return err
}

func (t *table) checkJoin(j *store.Join, other *table) error {
	local, err := t.field(j.Local)
	if err != nil {
		return err
	}
	foreign, err := other.field(j.Foreign)
	if err != nil {
		return err
	}
	if local.Type != foreign.Type || !hashable(local) {
		return fmt.Errorf("memory: cannot join %q with %q", j.Local, j.Foreign)
	}
	if j.Limit < 0 {
		return errors.New("memory: negative limit")
	}
	return nil
}

func (t *table) checkAdd(add map[string]float64, set store.Record) error {
	for name, n := range add {
		f, err := t.field(name)
		if err != nil {
			return err
		}
		_, both := set[name]
		if f.Type != schema.Number || !relation.IsFinite(n) || both {
			return fmt.Errorf("memory: cannot add %v to field %q of table %q", n, name, t.name)
		}
	}
	return nil
}

func (t *table) checkRequired(values store.Record) error {
	for name, f := range t.fields {
		if f.Required && values[name] == nil {
			return fmt.Errorf("memory: field %q of table %q is required", name, t.name)
		}
	}
	return nil
}

func (t *table) field(name string) (*schema.Field, error) {
	f := t.fields[name]
	if f == nil {
		return nil, fmt.Errorf("memory: table %q has no field %q", t.name, name)
	}
	return f, nil
}

// record returns a checked copy of the fields to set.
func (t *table) record(set store.Record, ids []string) (store.Record, error) {
	values := make(store.Record, len(t.fields))
	for name, v := range set {
		v, err := t.value(name, v, ids)
		if err != nil {
			return nil, err
		}
		values[name] = v
	}
	if id, ok := values["id"]; ok && id == "" {
		return nil, fmt.Errorf("memory: empty id for table %q", t.name)
	}
	return values, nil
}

// value returns a checked copy of one value.
func (t *table) value(name string, v any, ids []string) (any, error) {
	f, err := t.field(name)
	if err != nil {
		return nil, err
	}
	if ref, ok := v.(store.IDOf); ok {
		if v, err = resolve(ref, ids); err != nil {
			return nil, err
		}
	}
	if err := f.Check(v); err != nil {
		return nil, err
	}
	if f.Type == schema.JSON {
		if !relation.IsJSON(v) {
			return nil, fmt.Errorf("memory: field %q of table %q cannot hold this %T", name, t.name, v)
		}
		return relation.Clone(v), nil
	}
	switch v := v.(type) {
	case float64:
		if !relation.IsFinite(v) {
			return nil, fmt.Errorf("memory: field %q of table %q cannot hold %v", name, t.name, v)
		}
	case time.Time:
		ms := store.Millis(v)
		if y := ms.Year(); y < 0 || y > 9999 {
			return nil, fmt.Errorf("memory: field %q of table %q cannot hold the year %d", name, t.name, y)
		}
		return ms, nil
	case []float64:
		if !slices.ContainsFunc(v, func(n float64) bool { return !relation.IsFinite(n) }) {
			return relation.Clone(v), nil
		}
		return nil, fmt.Errorf("memory: field %q of table %q cannot hold NaN or infinity", name, t.name)
	}
	return relation.Clone(v), nil
}

func resolve(ref store.IDOf, ids []string) (string, error) {
	if ref < 0 || int(ref) >= len(ids) || ids[ref] == "" {
		return "", fmt.Errorf("memory: IDOf(%d) is not an earlier Create", int(ref))
	}
	return ids[ref], nil
}

func cloneRecord(r store.Record) store.Record {
	out := maps.Clone(r)
	for name, v := range out {
		out[name] = relation.Clone(v)
	}
	return out
}

// where returns a checked copy of w, ready for selects.
func (t *table) where(w store.Where, ids []string) (store.Where, error) {
	var out store.Where
	for _, group := range []struct {
		in  []store.Cond
		out *[]store.Cond
	}{{w.All, &out.All}, {w.Any, &out.Any}} {
		for _, c := range group.in {
			c, err := t.cond(c, ids)
			if err != nil {
				return store.Where{}, err
			}
			*group.out = append(*group.out, c)
		}
	}
	return out, nil
}

func (t *table) cond(c store.Cond, ids []string) (store.Cond, error) {
	f, err := t.field(c.Field)
	if err != nil {
		return c, err
	}
	ok := false
	switch c.Op {
	case store.Eq, store.Ne:
		ok = c.Value == nil || hashable(f)
	case store.Lt, store.Lte, store.Gt, store.Gte:
		ok = f.Type == schema.String || f.Type == schema.Number || f.Type == schema.Date
	case store.In, store.NotIn:
		return foldList(c, f)
	case store.Contains, store.StartsWith, store.EndsWith:
		ok = f.Type == schema.String && c.Value != nil
	}
	if !ok {
		return c, badCond(c, f)
	}
	if c.Value, err = t.value(c.Field, c.Value, ids); err != nil {
		return c, err
	}
	if s, ok := c.Value.(string); ok && c.Fold {
		c.Value = relation.Lower(s)
	} else {
		c.Fold = false
	}
	return c, nil
}

// foldList checks the list of an In or NotIn.
func foldList(c store.Cond, f *schema.Field) (store.Cond, error) {
	switch list := c.Value.(type) {
	case []string:
		if f.Type != schema.String {
			return c, badCond(c, f)
		}
		list = append([]string{}, list...)
		for i := range list {
			if c.Fold {
				list[i] = relation.Lower(list[i])
			}
		}
		c.Value = list
		return c, nil
	case []float64:
		if f.Type != schema.Number {
			return c, badCond(c, f)
		}
		c.Value, c.Fold = append([]float64{}, list...), false
		return c, nil
	}
	return c, badCond(c, f)
}

func badCond(c store.Cond, f *schema.Field) error {
	return fmt.Errorf("memory: operator %d cannot compare %s field %q with a %T", c.Op, f.Type, f.Name, c.Value)
}
