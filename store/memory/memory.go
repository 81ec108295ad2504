// Package memory is a store that keeps everything in the process. It is meant
// for tests and for trying things out: nothing outlives the Store.
//
// It behaves like an SQL database in all that a caller can see: types and
// required fields are checked, unique values are unique, a row cannot point at
// a row that does not exist, and goes when the row it points at goes. A server
// that works here works on the other stores.
package memory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/lockstep-auth/lockstep/internal/relation"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

// A Store is a store.Store in memory. It is safe for concurrent use, and
// copies every value on its way in and out. Batch IDs are ignored, because no
// answer can get lost.
type Store struct {
	mu     sync.RWMutex
	tables map[string]*table
}

// New returns an empty store. It needs Bind before anything else.
func New() *Store { return &Store{} }

// Bind makes the tables. It implements store.Binder.
func (s *Store) Bind(tables []schema.Table) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tables != nil {
		return errors.New("memory: already bound")
	}
	bound := make(map[string]*table, len(tables))
	var errs []error
	for _, def := range tables {
		t, err := newTable(def)
		errs = append(errs, err)
		if bound[def.Name] != nil {
			errs = append(errs, fmt.Errorf("memory: table %q is there twice", def.Name))
		}
		bound[def.Name] = t
	}
	errs = append(errs, linkTables(tables, bound))
	if err := errors.Join(errs...); err != nil {
		return err
	}
	s.tables = bound
	return nil
}

// linkTables connects each field that points at another table with it.
func linkTables(tables []schema.Table, bound map[string]*table) error {
	var errs []error
	for _, def := range tables {
		from := bound[def.Name]
		for _, f := range def.Fields {
			if f.References == nil {
				continue
			}
			to := bound[f.References.Table]
			if to == nil || to.fields[f.References.Field] == nil {
				errs = append(errs, fmt.Errorf("memory: field %q of table %q points at %s.%s, which is not bound",
					f.Name, def.Name, f.References.Table, f.References.Field))
				continue
			}
			l := link{from: from, field: f.Name, to: to, target: f.References.Field}
			from.parents = append(from.parents, l)
			to.children = append(to.children, l)
			from.addIndex(f.Name)
			to.addIndex(f.References.Field)
		}
	}
	return errors.Join(errs...)
}

// Read implements store.Store.
func (s *Store) Read(ctx context.Context, queries ...store.Query) ([]store.Result, error) {
	if err := usable(ctx); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	results := make([]store.Result, len(queries))
	for i, q := range queries {
		r, err := s.query(q)
		if err != nil {
			return nil, err
		}
		results[i] = r
	}
	return results, nil
}

func (s *Store) query(q store.Query) (store.Result, error) {
	t, err := s.table(q.Table)
	if err != nil {
		return store.Result{}, err
	}
	where, err := t.where(q.Where, nil)
	if err != nil {
		return store.Result{}, err
	}
	if err := t.checkQuery(q); err != nil {
		return store.Result{}, err
	}
	found := t.find(where)
	if q.Count {
		return store.Result{Count: len(found)}, nil
	}
	if q.SortBy != "" {
		order := relation.Order(q)
		slices.SortStableFunc(found, func(a, b *row) int { return order(a.values, b.values) })
	}
	return s.answer(relation.Window(q, found), q.With, t)
}

// answer copies the rows out, with what the join brings along.
func (s *Store) answer(found []*row, join *store.Join, t *table) (store.Result, error) {
	var out store.Result
	for _, r := range found {
		out.Rows = append(out.Rows, cloneRecord(r.values))
	}
	if join == nil {
		return out, nil
	}
	other, err := s.table(join.Table)
	if err != nil {
		return store.Result{}, err
	}
	where, err := other.where(join.Where, nil)
	if err != nil {
		return store.Result{}, err
	}
	if err := t.checkJoin(join, other); err != nil {
		return store.Result{}, err
	}
	out.Related = make([][]store.Record, len(found))
	for i, r := range found {
		key := r.values[join.Local]
		if key == nil {
			continue
		}
		related := other.find(where.And(join.Foreign, store.Eq, key))
		for _, r := range related[:min(max(join.Limit, 1), len(related))] {
			out.Related[i] = append(out.Related[i], cloneRecord(r.values))
		}
	}
	return out, nil
}

// Apply implements store.Store.
func (s *Store) Apply(ctx context.Context, b store.Batch) ([]store.Record, error) {
	if err := usable(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	tx := &transaction{store: s, ids: make([]string, len(b.Ops))}
	rows := make([]store.Record, len(b.Ops))
	for i, op := range b.Ops {
		left, err := tx.perform(i, op)
		if err != nil {
			tx.rollBack()
			return nil, err
		}
		if left != nil {
			rows[i] = cloneRecord(left.values)
		}
	}
	return rows, nil
}

func (s *Store) table(name string) (*table, error) {
	if s.tables == nil {
		return nil, errors.New("memory: used before Bind")
	}
	t := s.tables[name]
	if t == nil {
		return nil, fmt.Errorf("memory: no table %q", name)
	}
	return t, nil
}

// usable says that a call whose context has ended did nothing.
func usable(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	return nil
}

// Interface guards.
var (
	_ store.Store  = (*Store)(nil)
	_ store.Binder = (*Store)(nil)
)
