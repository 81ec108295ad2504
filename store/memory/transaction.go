package memory

import (
	"crypto/rand"
	"fmt"
	"maps"
	"slices"

	"github.com/lockstep-auth/lockstep/store"
)

// A transaction is one Apply under way. It remembers how to undo what it did.
type transaction struct {
	store *Store
	ids   []string // of the rows that the operations created, by operation
	undo  []func()
}

func (tx *transaction) rollBack() {
	for _, undo := range slices.Backward(tx.undo) {
		undo()
	}
}

// perform carries out operation i and returns the first row it met.
func (tx *transaction) perform(i int, op store.Op) (*row, error) {
	t, err := tx.store.table(op.Table)
	if err != nil {
		return nil, err
	}
	if err := checkOp(i, op); err != nil {
		return nil, err
	}
	set, err := t.record(op.Set, tx.ids[:i])
	if err != nil {
		return nil, err
	}
	if op.Verb == store.Create {
		r, err := tx.create(t, set)
		if err == nil {
			tx.ids[i] = r.id
		}
		return r, err
	}
	where, err := t.where(op.Where, tx.ids[:i])
	if err != nil {
		return nil, err
	}
	if err := t.checkAdd(op.Add, op.Set); err != nil {
		return nil, err
	}
	found := t.find(where)
	if !met(op.Expect, len(found)) {
		return nil, &store.GuardError{Op: i}
	}
	return tx.each(t, found, op, set)
}

// each updates or deletes the rows found, and returns the first.
func (tx *transaction) each(t *table, found []*row, op store.Op, set store.Record) (*row, error) {
	for k, r := range found {
		switch op.Verb {
		case store.Update:
			changed, err := tx.update(t, r, set, op.Add)
			if err != nil {
				return nil, err
			}
			found[k] = changed
		case store.Delete:
			tx.remove(t, r)
		default: // Check only looks
		}
	}
	if len(found) == 0 {
		return nil, nil
	}
	return found[0], nil
}

func met(e store.Expect, n int) bool {
	switch e {
	case store.One:
		return n == 1
	case store.None:
		return n == 0
	case store.AtLeast:
		return n >= 1
	default:
		return true
	}
}

func (tx *transaction) create(t *table, values store.Record) (*row, error) {
	for name, f := range t.fields {
		v, given := values[name]
		if v == nil && f.Default != nil && (!given || f.Required) {
			checked, err := t.value(name, f.Default(), nil)
			if err != nil {
				return nil, fmt.Errorf("default: %w", err)
			}
			v = checked
		}
		values[name] = v
	}
	if values["id"] == nil {
		values["id"] = newID()
	}
	if err := t.checkRequired(values); err != nil {
		return nil, err
	}
	id := values["id"].(string) // record checked the type
	t.seq++
	r := &row{id: id, seq: t.seq, values: values}
	if err := t.put(r); err != nil {
		return nil, err
	}
	tx.undo = append(tx.undo, func() { t.drop(r) })
	return r, t.checkParents(r)
}

func (tx *transaction) update(t *table, old *row, set store.Record, add map[string]float64) (*row, error) {
	values := maps.Clone(old.values)
	maps.Copy(values, set)
	for f, n := range add {
		have, _ := values[f].(float64) // null counts as 0
		values[f] = have + n
	}
	if err := t.checkRequired(values); err != nil {
		return nil, err
	}
	r := &row{id: old.id, seq: old.seq, values: values}
	t.drop(old)
	if err := t.put(r); err != nil {
		if err := t.put(old); err != nil {
			panic(fmt.Sprintf("memory: row %q does not go back: %v", old.id, err))
		}
		return nil, err
	}
	tx.undo = append(tx.undo, func() {
		t.drop(r)
		if err := t.put(old); err != nil {
			panic(fmt.Sprintf("memory: row %q does not go back: %v", old.id, err))
		}
	})
	for _, l := range t.children {
		was := old.values[l.target]
		if was != nil && was != values[l.target] && len(l.from.indexes[l.field][was]) > 0 {
			return nil, fmt.Errorf("memory: rows of %q point at field %q of this row of %q", l.from.name, l.target, t.name)
		}
	}
	return r, t.checkParents(r)
}

// remove takes a row out, and with it the rows that point at it.
func (tx *transaction) remove(t *table, r *row) {
	if t.rows[r.id] != r {
		return // went with another row
	}
	t.drop(r)
	tx.undo = append(tx.undo, func() {
		if err := t.put(r); err != nil {
			panic(fmt.Sprintf("memory: row %q does not go back: %v", r.id, err))
		}
	})
	for _, l := range t.children {
		v := r.values[l.target]
		if v == nil {
			continue
		}
		for _, child := range maps.Clone(l.from.indexes[l.field][v]) {
			tx.remove(l.from, child)
		}
	}
}

// checkParents reports whether the rows that r points at exist.
func (t *table) checkParents(r *row) error {
	for _, l := range t.parents {
		v := r.values[l.field]
		if v == nil {
			continue
		}
		if len(l.to.candidates(store.Is(l.target, v))) == 0 {
			return fmt.Errorf("memory: field %q of table %q points at a row of %q that does not exist", l.field, t.name, l.to.name)
		}
	}
	return nil
}

// newID returns 32 random letters and digits, as Better Auth makes them.
func newID() string {
	const chars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	const fair = 256 - 256%len(chars) // bytes from here on would favour the first letters
	id := make([]byte, 0, 32)
	var buf [48]byte
	for len(id) < cap(id) {
		rand.Read(buf[:]) // never fails
		for _, b := range buf {
			if int(b) < fair && len(id) < cap(id) {
				id = append(id, chars[int(b)%len(chars)])
			}
		}
	}
	return string(id)
}
