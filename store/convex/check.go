package convex

import (
	"errors"
	"fmt"

	"github.com/lockstep-auth/lockstep/internal/relation"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

// checkQueries returns checked copies of the queries.
func (ts *tables) checkQueries(queries []store.Query) ([]store.Query, error) {
	if ts == nil {
		return nil, errNotBound
	}
	out := make([]store.Query, len(queries))
	for i, q := range queries {
		var err error
		if out[i], err = ts.checkQuery(q); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (ts *tables) checkQuery(q store.Query) (store.Query, error) {
	t, err := ts.table(q.Table)
	if err != nil {
		return q, err
	}
	if q.Limit < 0 || q.Offset < 0 {
		return q, errors.New("convex: negative limit or offset")
	}
	if q.SortBy != "" {
		f, err := t.field(q.SortBy)
		if err != nil {
			return q, err
		}
		if !f.isScalar() {
			return q, fmt.Errorf("convex: a %s such as %q has no order", f.Type, f.Name)
		}
	}
	if q.Where, err = t.checkWhere(q.Where, nil); err != nil {
		return q, err
	}
	if q.With != nil {
		q.With, err = ts.checkJoin(t, *q.With)
	}
	return q, err
}

// checkJoin returns a checked copy of a join, with its default limit.
func (ts *tables) checkJoin(t *table, j store.Join) (*store.Join, error) {
	other, err := ts.table(j.Table)
	if err != nil {
		return nil, err
	}
	local, err := t.field(j.Local)
	if err != nil {
		return nil, err
	}
	foreign, err := other.field(j.Foreign)
	if err != nil {
		return nil, err
	}
	if local.Type != foreign.Type || !local.isScalar() {
		return nil, fmt.Errorf("convex: cannot join %q with %q", j.Local, j.Foreign)
	}
	if j.Limit < 0 {
		return nil, errors.New("convex: negative limit")
	}
	j.Limit = max(j.Limit, 1)
	j.Where, err = other.checkWhere(j.Where, nil)
	return &j, err
}

// checkBatch returns a checked copy of a batch. New rows have every field but
// "id", with the defaults of the schema.
func (ts *tables) checkBatch(b store.Batch) (store.Batch, error) {
	if ts == nil {
		return b, errNotBound
	}
	ops := make([]store.Op, len(b.Ops))
	for i, op := range b.Ops {
		t, err := ts.table(op.Table)
		if err == nil {
			ops[i], err = t.checkOp(op, b.Ops[:i])
		}
		if err != nil {
			return b, fmt.Errorf("operation %d: %w", i, err)
		}
	}
	b.Ops = ops
	return b, nil
}

// checkOp returns a checked copy of an operation that comes after earlier ones.
func (t *table) checkOp(op store.Op, earlier []store.Op) (store.Op, error) {
	err := checkForm(op)
	if err != nil {
		return op, err
	}
	if op.Set, err = t.checkSet(op.Set, earlier); err != nil {
		return op, err
	}
	if op.Verb == store.Create {
		op.Set, err = t.complete(op.Set)
		return op, err
	}
	if err := errors.Join(t.checkRequired(op.Set), t.checkAdd(op.Add, op.Set)); err != nil {
		return op, err
	}
	op.Where, err = t.checkWhere(op.Where, earlier)
	return op, err
}

// checkForm reports mistakes that do not depend on the table.
func checkForm(op store.Op) error {
	selected := len(op.Where.All)+len(op.Where.Any) > 0
	switch op.Verb {
	case store.Create:
		if selected || op.Expect != store.Some || len(op.Add) > 0 {
			return errors.New("convex: Create takes nothing but Set")
		}
		return nil
	case store.Update:
	case store.Delete, store.Check:
		if len(op.Set)+len(op.Add) > 0 {
			return errors.New("convex: only Create and Update set fields")
		}
	default:
		return fmt.Errorf("convex: no verb %d", op.Verb)
	}
	if !selected {
		return errors.New("convex: empty Where would mean the whole table")
	}
	if op.Expect < store.Some || op.Expect > store.AtLeast || op.Expect == store.None && op.Verb != store.Check {
		return fmt.Errorf("convex: expectation %d does not fit its verb", op.Expect)
	}
	if _, ok := op.Set["id"]; ok {
		return errors.New("convex: an id never changes")
	}
	return nil
}

// checkSet returns a checked copy of the fields to set. A null id is none.
func (t *table) checkSet(set store.Record, earlier []store.Op) (store.Record, error) {
	out := make(store.Record, len(set))
	for name, v := range set {
		f, err := t.field(name)
		if err != nil {
			return nil, err
		}
		switch {
		case name == "id" && v == nil:
			continue
		case name == "id":
			return nil, fmt.Errorf("convex: a row of table %q comes with an id, but Convex chooses ids", t.name)
		}
		if out[name], err = f.check(v, earlier); err != nil {
			return nil, fmt.Errorf("convex: table %q: %w", t.name, err)
		}
	}
	return out, nil
}

// complete gives a new row every field that it lacks.
func (t *table) complete(set store.Record) (store.Record, error) {
	for _, f := range t.fields[1:] { // without id
		v, given := set[f.Name]
		if v == nil && f.Default != nil && (!given || f.Required) {
			checked, err := f.check(f.Default(), nil)
			if err != nil {
				return nil, fmt.Errorf("convex: table %q: default: %w", t.name, err)
			}
			v = checked
		}
		set[f.Name] = v
	}
	return set, t.checkRequired(set)
}

func (t *table) checkRequired(set store.Record) error {
	for name, v := range set {
		if v == nil && t.byName[name].Required {
			return fmt.Errorf("convex: field %q of table %q is required", name, t.name)
		}
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
			return fmt.Errorf("convex: cannot add %v to field %q of table %q", n, name, t.name)
		}
	}
	return nil
}

// checkWhere returns a checked copy of w. Only a Where in a batch has earlier
// operations.
func (t *table) checkWhere(w store.Where, earlier []store.Op) (store.Where, error) {
	var out store.Where
	for _, group := range []struct {
		in  []store.Cond
		out *[]store.Cond
	}{{w.All, &out.All}, {w.Any, &out.Any}} {
		for _, c := range group.in {
			c, err := t.checkCond(c, earlier)
			if err != nil {
				return out, err
			}
			*group.out = append(*group.out, c)
		}
	}
	return out, nil
}

func (t *table) checkCond(c store.Cond, earlier []store.Op) (store.Cond, error) {
	f, err := t.field(c.Field)
	if err != nil {
		return c, err
	}
	c.Fold = c.Fold && f.Type == schema.String
	ok := false
	switch c.Op {
	case store.Eq, store.Ne:
		ok = c.Value == nil || f.isScalar()
	case store.Lt, store.Lte, store.Gt, store.Gte:
		ok = f.Type == schema.String || f.Type == schema.Number || f.Type == schema.Date
	case store.In, store.NotIn:
		c.Value, ok = checkList(c.Value, f)
		return c, badCond(c, f, ok)
	case store.Contains, store.StartsWith, store.EndsWith:
		ok = f.Type == schema.String && c.Value != nil
	}
	if err := badCond(c, f, ok); err != nil {
		return c, err
	}
	c.Value, err = f.check(c.Value, earlier)
	if err != nil {
		return c, fmt.Errorf("convex: table %q: %w", t.name, err)
	}
	return c, nil
}

func badCond(c store.Cond, f *field, ok bool) error {
	if ok {
		return nil
	}
	return fmt.Errorf("convex: operator %d cannot compare %s field %q with a %T", c.Op, f.Type, f.Name, c.Value)
}
