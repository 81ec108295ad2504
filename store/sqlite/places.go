package sqlite

import (
	"database/sql/driver"
	"hash/maphash"
	"sync"

	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

// places remembers at which rowids rows were found by a unique value, each with
// the row that came along. To find a session and its user by the token takes
// four descents into B-trees, an index and a table each; from the rowids it
// takes two, and in a file of a million sessions each ends in cold memory.
//
// A place is a guess and never an answer: the statement that follows it asks
// for the same value and the same join again, so that a row that is gone, moved
// or changed is not found there, and is then looked for as usual. A value is
// kept as a hash only, under a seed of this process.
type places struct {
	seed maphash.Seed

	mu    sync.Mutex
	slots []slot           // by hash; whoever comes last has the slot
	texts map[shape][]byte // of the statements that look there; they are only read
}

// A shape is what queries have in common that differ in the value only.
type shape struct{ table, field, join, local string }

// maxPlaces is how many are remembered, in 24 bytes each.
const maxPlaces = 1 << 16

type slot struct {
	hash       uint64
	row, other int64 // rowids; row is 0 in a slot that is free
}

func newPlaces() *places {
	return &places{seed: maphash.MakeSeed(), slots: make([]slot, maxPlaces), texts: make(map[shape][]byte)}
}

// A place is what is known of one value.
type place struct {
	of    *places
	shape shape
	value string
	text  []byte // or nil
	slot
}

// find returns what is known of a query for the row with a unique value.
func (p *places) find(q *store.Query, value string) *place {
	of := shape{table: q.Table, field: q.Where.All[0].Field}
	if q.With != nil {
		of.join, of.local = q.With.Table, q.With.Local
	}
	var h maphash.Hash
	h.SetSeed(p.seed)
	for _, s := range [...]string{of.table, of.field, of.join, of.local, value} {
		_, _ = h.WriteString(s)
		_ = h.WriteByte(0)
	}
	at := &place{of: p, shape: of, value: value, slot: slot{hash: h.Sum64()}}
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.slots[at.hash%maxPlaces]; s.hash == at.hash {
		at.slot, at.text = s, p.texts[of]
	}
	return at
}

// known reports whether there is a place to look at first.
func (at *place) known() bool { return at != nil && at.row != 0 }

// remember takes up the rowids that lookup.rowids has asked for.
func (at *place) remember(rowids []driver.Value) {
	found := slot{hash: at.hash}
	for i, to := range []*int64{&found.row, &found.other}[:len(rowids)] {
		id, ok := rowids[i].(int64)
		if !ok {
			return // nothing came along
		}
		*to = id
	}
	if found == at.slot {
		return
	}
	at.of.mu.Lock()
	defer at.of.mu.Unlock()
	at.of.slots[at.hash%maxPlaces] = found
}

// unique returns the value of a lookup that is for the one row that has it.
func (l *lookup) unique() (value string, ok bool) {
	q := &l.query
	if q.Limit != 1 || q.Offset != 0 || q.Count || q.SortBy != "" || len(q.Where.All) != 1 || len(q.Where.Any) != 0 {
		return "", false
	}
	if q.With != nil && (!l.joined || len(q.With.Where.All)+len(q.With.Where.Any) > 0) {
		return "", false
	}
	cond := &q.Where.All[0]
	c := l.table.byName[cond.Field]
	if c == nil || c.Type != schema.String || !c.Unique || cond.Op != store.Eq || cond.Fold {
		return "", false
	}
	value, ok = cond.Value.(string)
	return value, ok
}

// near returns the statement that finds the row where it was, if it is still
// there. The + keeps SQLite from taking the way over the indexes.
func (l *lookup) near() *statement {
	at := l.place
	if at.text == nil {
		at.text = l.nearText()
		at.of.mu.Lock()
		at.of.texts[at.shape] = at.text
		at.of.mu.Unlock()
	}
	st := &statement{text: at.text}
	if l.joined {
		st.args = append(st.args, driver.NamedValue{Ordinal: 1, Value: at.other})
	}
	n := len(st.args)
	st.args = append(st.args, driver.NamedValue{Ordinal: n + 1, Value: at.row}, driver.NamedValue{Ordinal: n + 2, Value: at.value})
	return st
}

func (l *lookup) nearText() []byte {
	var st statement
	if l.isPacked() {
		l.packed(&st)
	} else {
		l.columns(&st)
	}
	st.write(" from ", l.table.quoted, " as a")
	if l.joined {
		st.write(" join ", l.other.quoted, " as b on b.rowid = ? and +b.\"id\" = a.", l.table.byName[l.place.shape.local].quoted)
	}
	st.write(" where a.rowid = ? and +a.", l.table.byName[l.place.shape.field].quoted, " = ?")
	return st.text
}
