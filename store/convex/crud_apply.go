package convex

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lockstep-auth/lockstep/store"
)

// Limits on how often something is tried again, and on how long a batch goes on
// after its caller has gone away, to be finished or undone.
const (
	maxTries   = 4   // whole batches, and creations with a lost answer
	maxRaces   = 100 // changes of one row that others change, too
	finishTime = 30 * time.Second
	undoTime   = 10 * time.Second
)

// A run is one try to carry out a batch, one mutation after the other, since
// createApi has no transaction. In this order:
//
//  1. Everything that can be is looked up and held to its expectation before the
//     first change. That is one query.
//  2. Operations with an expectation come before those without, unless they
//     depend on them: a secret is consumed before it pays for anything new. A
//     secret that pays for nothing but changes comes last: it then opens the way
//     for another try, should this one be cut off.
//  3. A row that is made beside what is done before it is made at the same time.
//  4. After an error, rows that were made are removed and rows that were changed
//     get their old values back. Rows that were removed stay so: what was
//     consumed never returns.
//
// From the first change of several on, the end of the caller's context stops
// nothing: a caller with a deadline hears at it that the outcome is unknown, and
// the rest happens in the background. A process that dies in the middle leaves
// what it had done until then.
type run struct {
	*crud
	ops   []store.Op
	order []int
	last  bool      // the last step consumes what paid for the others
	ahead []*lookup // what was found in step 1, by operation; nil if it was not looked up
	free  []bool    // whether the unique values of a new row were found to be free in step 1
	ids   []string  // of the rows that operations made
	rows  []store.Record

	mu      sync.Mutex  // for what follows: rows change in parallel
	keys    []uniqueKey // values that were written and that createApi does not watch
	undo    []func(context.Context) error
	lasting bool // something was done that is not undone
}

// A clash is a unique violation that was found after the fact. The other row may
// be one that is about to give way, too.
type clash struct{ *store.UniqueError }

// apply implements dialect. Batch.ID is not used: createApi cannot remember it.
// What may have happened before is done again only if that makes no difference.
func (c *crud) apply(ctx context.Context, b store.Batch) ([]store.Record, error) {
	if b.Again && slices.ContainsFunc(b.Ops, func(op store.Op) bool { return !isRepeatable(op) }) {
		return nil, fmt.Errorf("%w: createApi does not remember what it was sent", store.ErrUnknownOutcome)
	}
	if len(b.Ops) < 2 {
		return c.carryOut(ctx, b)
	}
	type outcome struct {
		rows []store.Record
		err  error
	}
	done := make(chan outcome, 1)
	c.background.Go(func() {
		rows, err := c.carryOut(ctx, b)
		done <- outcome{rows, err}
	})
	select {
	case o := <-done:
		return o.rows, o.err
	case <-ctx.Done():
	}
	if errors.Is(context.Cause(ctx), context.DeadlineExceeded) { // somebody waits for an answer
		return nil, fmt.Errorf("%w: createApi is not done with the batch, which goes on: %w", store.ErrUnknownOutcome, context.Cause(ctx))
	}
	o := <-done
	return o.rows, o.err
}

// carryOut tries to carry out a batch, and again when it gave way to another.
func (c *crud) carryOut(ctx context.Context, b store.Batch) ([]store.Record, error) {
	for try := 1; ; try++ {
		order, last := c.order(b.Ops)
		r := &run{
			crud: c, ops: b.Ops, order: order, last: last,
			ahead: make([]*lookup, len(b.Ops)), free: make([]bool, len(b.Ops)),
			ids: make([]string, len(b.Ops)), rows: make([]store.Record, len(b.Ops)),
		}
		err := r.do(ctx)
		if err == nil {
			return r.rows, nil
		}
		err = r.takeBack(ctx, err)
		gaveWay, ok := errors.AsType[clash](err)
		switch {
		case !ok:
			return nil, err
		case r.lasting || try == maxTries:
			return nil, gaveWay.UniqueError
		}
		if err := c.yield(ctx, try); err != nil {
			return nil, err
		}
	}
}

func (r *run) do(ctx context.Context) error {
	if err := r.lookAhead(ctx); err != nil {
		return err
	}
	if len(r.order) > 1 {
		if err := usable(ctx); err != nil {
			return err
		}
		// Browsers go away. A sign-up must not stop between the user and the
		// account: the address would be taken, and have no password.
		whole, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTime)
		defer cancel()
		ctx = whole
	}
	for step := 0; step < len(r.order); {
		n := r.abreast(step)
		err := together(n, func(k int) error { return r.perform(ctx, step+k) })
		step += n
		if r.last && step == len(r.order) && errors.Is(err, store.ErrUnknownOutcome) {
			r.keep() // all else is done, and the row is gone or pays for another try
		}
		if err != nil {
			return err
		}
	}
	return r.verify(ctx)
}

// abreast returns how many steps are made at the same time, from one on: two if
// the second creates a row beside what the first does.
func (r *run) abreast(step int) int {
	if step == len(r.order)-1 {
		return 1
	}
	i, next := r.order[step], r.order[step+1]
	op := r.ops[next]
	if next != i+1 || !op.Beside || op.Verb != store.Create || slices.Contains(references(op), i) {
		return 1
	}
	return 2
}

// isRepeatable reports whether the operation can be carried out twice without
// harm: it removes rows, however many there are, or sets values in rows that it
// selects by others.
func isRepeatable(op store.Op) bool {
	if op.Verb == store.Delete {
		return op.Expect == store.Some
	}
	return op.Verb == store.Update && len(op.Add) == 0 &&
		!slices.ContainsFunc(fieldsOf(op.Where), func(name string) bool { _, isSet := op.Set[name]; return isSet })
}

// order returns the operations in the order of step 2, but not those that only
// an atomic batch can keep, and whether the last consumes what paid for the others.
func (c *crud) order(ops []store.Op) (order []int, last bool) {
	if i := c.payment(ops); i >= 0 {
		order, _ = c.order(slices.Delete(slices.Clone(ops), i, i+1))
		for k, j := range order {
			if j >= i {
				order[k]++
			}
		}
		return append(order, i), true
	}
	var first, rest []int
	for i, op := range ops {
		if op.Race && op.Verb == store.Check {
			continue // no batch here is atomic
		}
		isGuard := op.Expect != store.Some || op.Verb == store.Check
		depends := refers(op) || slices.ContainsFunc(rest, func(j int) bool { return c.touches(ops[j], op.Table) })
		if isGuard && !depends {
			first = append(first, i)
		} else {
			rest = append(rest, i)
		}
	}
	return append(first, rest...), false
}

// payment returns the operation of a batch that consumes a row and pays for an
// update, if nothing is created and nothing else has to do with that row; else -1.
// It is alone in that, and names the row by its id.
func (c *crud) payment(ops []store.Op) int {
	isPayment := func(op store.Op) bool {
		return op.Verb == store.Delete && op.Expect == store.One && len(c.tables.byName[op.Table].children) == 0 && idOf(op.Where) != nil
	}
	i := slices.IndexFunc(ops, isPayment)
	if i < 0 || !slices.ContainsFunc(ops, func(op store.Op) bool { return op.Verb == store.Update && op.Expect == store.One }) {
		return -1
	}
	for j, op := range ops {
		spares := slices.ContainsFunc(op.Where.All, func(c store.Cond) bool {
			return c.Field == "id" && c.Op == store.Ne && c.Value == idOf(ops[i].Where)
		})
		if op.Verb == store.Create || j != i && (isPayment(op) || op.Table == ops[i].Table && !spares) {
			return -1
		}
	}
	return i
}

// idOf returns the id that the conditions ask for, or nil.
func idOf(w store.Where) any {
	for _, c := range w.All {
		if c.Field == "id" && isPlainEq(c) {
			return c.Value
		}
	}
	return nil
}

// refers reports whether the operation needs the id of a row that an earlier one
// makes.
func refers(op store.Op) bool { return len(references(op)) > 0 }

// references are the operations that make those rows.
func references(op store.Op) []int {
	var refs []int
	add := func(v any) {
		if i, ok := v.(store.IDOf); ok {
			refs = append(refs, int(i))
		}
	}
	for _, v := range op.Set {
		add(v)
	}
	for _, c := range slices.Concat(op.Where.All, op.Where.Any) {
		add(c.Value)
	}
	return refs
}

// touches reports whether the operation can change rows of the table.
func (c *crud) touches(op store.Op, table string) bool {
	if op.Verb == store.Check {
		return false
	}
	return op.Table == table || op.Verb == store.Delete &&
		slices.ContainsFunc(c.tables.byName[op.Table].children, func(l link) bool { return l.from.name == table })
}

// lookAhead is step 1. An operation on a table that an earlier one changes is
// looked up at its turn, and so is one that refers to a new row.
func (r *run) lookAhead(ctx context.Context) error {
	var lookups []*lookup
	var taken []uniqueKey
	var takers []int
	for step, i := range r.order {
		op := r.ops[i]
		t := r.tables.byName[op.Table]
		pays := r.last && step == len(r.order)-1 // which the others spare
		changed := !pays && slices.ContainsFunc(r.order[:step], func(j int) bool {
			onlyAdds := op.Verb == store.Create && r.ops[j].Verb == store.Create // verify finds clashes among those
			return !onlyAdds && r.touches(r.ops[j], op.Table)
		})
		_, direct := r.direct(step)
		switch {
		case changed || direct || refers(op):
		case op.Verb == store.Create:
			r.free[i] = true
			for _, k := range t.uniqueKeys(op.Set, false) {
				taken, takers = append(taken, k), append(takers, i)
			}
		default:
			r.ahead[i] = t.lookup(op.Where)
			lookups = append(lookups, r.ahead[i])
		}
	}
	holders := make([]*lookup, len(taken))
	for k := range taken {
		holders[k] = taken[k].lookup()
	}
	if err := r.find(ctx, slices.Concat(lookups, holders)...); err != nil {
		return err
	}
	for _, i := range r.order {
		if r.ahead[i] != nil && !met(r.ops[i].Expect, len(r.ahead[i].found)) {
			return &store.GuardError{Op: i}
		}
	}
	for k, h := range holders {
		if len(h.found) > 0 {
			return &store.UniqueError{Table: r.ops[takers[k]].Table, Field: taken[k].name}
		}
	}
	return nil
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

// perform carries out the operation of a step.
func (r *run) perform(ctx context.Context, step int) error {
	i := r.order[step]
	op := r.ops[i]
	if op.Verb == store.Create {
		return r.create(ctx, i)
	}
	if where, ok := r.direct(step); ok {
		if done, err := r.changeDirectly(ctx, i, where); done || err != nil {
			return err
		}
	}
	l := r.ahead[i]
	if l == nil {
		l = r.tables.byName[op.Table].lookup(r.resolveWhere(op.Where))
		if err := r.find(ctx, l); err != nil {
			return err
		}
	}
	if !met(op.Expect, len(l.found)) {
		return &store.GuardError{Op: i}
	}
	if len(l.found) == 0 {
		return nil
	}
	if op.Verb == store.Check {
		r.rows[i] = l.found[0].row
		return nil
	}
	return r.change(ctx, i, l)
}

// takeBack is step 4. It returns the error for the caller. ErrUnavailable stands
// only if nothing has changed. A guard or unique value that was in the way is
// something the caller has to hear in any case.
func (r *run) takeBack(ctx context.Context, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	for _, undo := range slices.Backward(r.undo) {
		if err := undo(ctx); err != nil {
			r.log.ErrorContext(ctx, "convex: a change of a batch that failed could not be undone", "error", err)
			r.lasting = true
		}
	}
	_, isClash := errors.AsType[clash](cause)
	_, isUnique := errors.AsType[*store.UniqueError](cause)
	if !r.lasting || isClash || isUnique || store.IsGuard(cause) || errors.Is(cause, store.ErrUnknownOutcome) {
		return cause
	}
	return fmt.Errorf("%w: a part of the batch was done: %v", store.ErrUnknownOutcome, cause) //nolint:errorlint // it must not be ErrUnavailable, too
}

// onFailure adds a step to takeBack.
func (r *run) onFailure(undo func(context.Context) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.undo = append(r.undo, undo)
}

// wrote notes values for verify.
func (r *run) wrote(keys []uniqueKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys = append(r.keys, keys...)
}

// keep gives up what takeBack would do.
func (r *run) keep() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.undo, r.lasting = nil, true
}

// forGood notes that something was done that is not undone.
func (r *run) forGood() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lasting = true
}

// resolveWhere puts the ids of new rows in the place of references.
func (r *run) resolveWhere(w store.Where) store.Where {
	resolve := func(conds []store.Cond) []store.Cond {
		out := slices.Clone(conds)
		for i, c := range out {
			if id, ok := c.Value.(store.IDOf); ok {
				out[i].Value = r.ids[id]
			}
		}
		return out
	}
	return store.Where{All: resolve(w.All), Any: resolve(w.Any)}
}

// resolve does the same for values to set.
func (r *run) resolve(set store.Record) store.Record {
	out := make(store.Record, len(set))
	for name, v := range set {
		if id, ok := v.(store.IDOf); ok {
			v = r.ids[id]
		}
		out[name] = v
	}
	return out
}

// A uniqueKey is a value, or values, that one row of a table may hold.
type uniqueKey struct {
	table *table
	name  string
	where store.Where
}

func (k uniqueKey) lookup() *lookup { return k.table.lookup(k.where) }

// uniqueKeys returns the unique keys that a row holds: those that createApi
// watches too, or those that it does not.
func (t *table) uniqueKeys(row store.Record, watched bool) []uniqueKey {
	var keys []uniqueKey
	for _, u := range t.unique {
		k := uniqueKey{table: t, name: u.name}
		names := strings.Split(u.name, ",")
		for _, name := range names {
			k.where = k.where.And(name, store.Eq, row[name])
		}
		isNull := slices.ContainsFunc(names, func(name string) bool { return row[name] == nil })
		if !isNull && (watched || !t.isWatched(u.name)) {
			keys = append(keys, k)
		}
	}
	return keys
}

// mustBeFree returns a *store.UniqueError if another row than the one with the
// id holds one of the keys.
func (c *crud) mustBeFree(ctx context.Context, keys []uniqueKey, id any) error {
	lookups := make([]*lookup, len(keys))
	for i, k := range keys {
		lookups[i] = k.lookup()
	}
	if err := c.find(ctx, lookups...); err != nil {
		return err
	}
	for i, l := range lookups {
		if slices.ContainsFunc(l.found, func(f found) bool { return f.row["id"] != id }) {
			return &store.UniqueError{Table: keys[i].table.name, Field: keys[i].name}
		}
	}
	return nil
}

// verify looks again whether the unique values that this batch wrote are held
// once, where createApi does not see to it. Of two batches that write one value at
// the same time, at least the later finds both rows, and gives way.
func (r *run) verify(ctx context.Context) error {
	lookups := make([]*lookup, len(r.keys))
	for i, k := range r.keys {
		lookups[i] = k.lookup()
	}
	if err := r.find(ctx, lookups...); err != nil {
		return err
	}
	for i, l := range lookups {
		if len(l.found) > 1 {
			return clash{&store.UniqueError{Table: r.keys[i].table.name, Field: r.keys[i].name}}
		}
	}
	return nil
}
