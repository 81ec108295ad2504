package convex

import (
	"context"

	"github.com/lockstep-auth/lockstep/convex"
	"github.com/lockstep-auth/lockstep/store"
)

// apply implements dialect: one mutation, but for a deletion that is too long for
// one.
func (f *functions) apply(ctx context.Context, b store.Batch) ([]store.Record, error) {
	value, err := f.send(ctx, b)
	code, _ := thrown(err)
	switch {
	case err == nil:
		return f.left(b, value)
	case isLongDelete(b) && (code == "TOO_MANY" || isUnexplained(err)): // too many bytes for one transaction, perhaps
		return f.deleteLong(ctx, b.Ops[0])
	}
	return nil, f.explainBatch(b, err)
}

// send carries out a batch in one mutation, which is sent again after a lost
// answer only if the batch has an ID. Its errors are the client's.
func (f *functions) send(ctx context.Context, b store.Batch) (value any, err error) {
	var opts []convex.Option
	if b.ID != "" {
		opts = append(opts, convex.Idempotent())
	}
	err = f.current(ctx, func(d *deployment) error {
		call, err := f.batchCall(d, b)
		if err != nil {
			return err
		}
		value, err = f.client.Mutation(ctx, "lockstep:apply", f.args(call), opts...)
		return err
	})
	return value, err
}

// explainBatch is explain for the errors that name an operation.
func (f *functions) explainBatch(b store.Batch, err error) error {
	code, data := thrown(err)
	n, ok := data["op"].(float64)
	if i := int(n); ok && 0 <= i && i < len(b.Ops) {
		switch code {
		case "GUARD":
			return &store.GuardError{Op: i}
		case "UNIQUE":
			name, _ := data["name"].(string)
			return &store.UniqueError{Table: b.Ops[i].Table, Field: name}
		}
	}
	return f.explain(err)
}

// left reads the answer of the function apply. A batch whose answer cannot be
// read has been carried out.
func (f *functions) left(b store.Batch, value any) ([]store.Record, error) {
	docs, err := objects(value, len(b.Ops))
	if err != nil {
		return nil, unknown(err)
	}
	rows := make([]store.Record, len(docs))
	for i, doc := range docs {
		if doc == nil {
			continue
		}
		if rows[i], err = f.tables.byName[b.Ops[i].Table].record(doc["id"], doc); err != nil {
			return nil, unknown(err)
		}
	}
	return rows, nil
}

// batchCall writes a checked batch as the functions take it.
func (f *functions) batchCall(d *deployment, b store.Batch) (map[string]any, error) {
	ops := make([]map[string]any, len(b.Ops))
	rules := make(map[string]any)
	for i, op := range b.Ops {
		var err error
		if ops[i], err = f.opCall(d, op); err != nil {
			return nil, err
		}
		d.addRules(rules, f.tables.byName[op.Table])
	}
	call := map[string]any{"ops": ops, "rules": rules}
	if b.ID != "" {
		call["id"] = b.ID
	}
	return call, nil
}

func (f *functions) opCall(d *deployment, op store.Op) (map[string]any, error) {
	t := f.tables.byName[op.Table]
	verb := [...]string{store.Create: "create", store.Update: "update", store.Delete: "delete", store.Check: "check"}[op.Verb]
	set, err := t.document(op.Set, reference)
	if err != nil {
		return nil, err
	}
	if op.Verb == store.Create {
		return map[string]any{"verb": verb, "table": t.physical, "set": set}, nil
	}
	call, _, err := d.selection(t, op.Where, "")
	if err != nil {
		return nil, err
	}
	call["verb"] = verb
	call["expect"] = [...]string{store.Some: "some", store.One: "one", store.None: "none", store.AtLeast: "atLeast"}[op.Expect]
	if op.Verb == store.Update {
		add := make(map[string]any, len(op.Add))
		for name, n := range op.Add {
			add[t.byName[name].column] = n
		}
		call["set"], call["add"] = set, add
	}
	return call, nil
}

// addRules adds what holds for the rows of t, and of the tables whose rows go
// with them.
func (d *deployment) addRules(rules map[string]any, t *table) {
	if rules[t.physical] != nil {
		return
	}
	unique := make([]map[string]any, 0, len(t.unique))
	for _, u := range t.unique {
		index, columns := d.tables[t.physical].serving(u.columns...)
		unique = append(unique, map[string]any{"name": u.name, "fields": columns, "index": index})
	}
	parents := make([]map[string]any, 0, len(t.parents))
	for _, l := range t.parents {
		index, _ := d.tables[l.to.physical].serving(l.target)
		parents = append(parents, map[string]any{"field": l.column, "table": l.to.physical, "target": l.target, "index": index})
	}
	children := make([]map[string]any, 0, len(t.children))
	for _, l := range t.children {
		index, _ := d.tables[l.from.physical].serving(l.column)
		children = append(children, map[string]any{"table": l.from.physical, "field": l.column, "target": l.target, "index": index})
	}
	rules[t.physical] = map[string]any{"unique": unique, "parents": parents, "children": children}
	for _, l := range t.children {
		d.addRules(rules, l.from)
	}
}
