package identity

import (
	"context"
	"fmt"
	"maps"

	"github.com/lockstep-auth/lockstep/store"
)

// Hooks run around the writes of each core table (Better Auth: databaseHooks).
type Hooks struct {
	User, Session, Account, Verification TableHooks
}

// TableHooks run around the writes of one table.
type TableHooks struct {
	Create, Update, Delete Hook
}

// A Hook runs before and after one kind of write. Both functions are optional.
// The context is the one of the request that caused the write.
type Hook struct {
	// Before runs before the write. For a new row and for an update it gets the
	// fields that will be set and may return fields to set in their place; nil
	// leaves all as it is. The rows of one request are written together, after
	// all before hooks: the account and the session of a new user have no userId
	// yet. For a deletion it gets the row, and what it returns is ignored. An
	// error stops the write: ErrRefused refuses it quietly, a *plugin.Error goes
	// to the client.
	Before func(ctx context.Context, row store.Record) (store.Record, error)

	// After runs after the write has been committed. It gets the new or the
	// removed row. Its error fails the request; the write stays, but a session
	// that was started with it ends.
	After func(ctx context.Context, row store.Record) error
}

func (h *Hooks) table(name string) *TableHooks {
	switch name {
	case UserTable:
		return &h.User
	case SessionTable:
		return &h.Session
	case AccountTable:
		return &h.Account
	case VerificationTable:
		return &h.Verification
	}
	return nil
}

func (h *Hooks) hook(op *store.Op) *Hook {
	t := h.table(op.Table)
	if t == nil {
		return nil
	}
	switch op.Verb {
	case store.Create:
		return &t.Create
	case store.Update:
		return &t.Update
	case store.Delete:
		return &t.Delete
	case store.Check:
	}
	return nil
}

// before runs the before hooks and returns, by operation, the rows that
// deletions will remove, if any hook wants to see them.
func (s *Service) before(ctx context.Context, ops []store.Op) ([][]store.Record, error) {
	doomed, err := s.doomed(ctx, ops)
	if err != nil {
		return nil, err
	}
	for i := range ops {
		for j := range s.hooks {
			h := s.hooks[j].hook(&ops[i])
			if h == nil || h.Before == nil {
				continue
			}
			if err := h.runBefore(ctx, &ops[i], doomedOf(doomed, i)); err != nil {
				return nil, err
			}
		}
	}
	return doomed, nil
}

func (h *Hook) runBefore(ctx context.Context, op *store.Op, doomed []store.Record) error {
	if op.Verb == store.Delete {
		for _, row := range doomed {
			if _, err := h.Before(ctx, row); err != nil {
				return err
			}
		}
		return nil
	}
	more, err := h.Before(ctx, shown(op.Set))
	if err != nil {
		return err
	}
	maps.Copy(op.Set, more)
	return nil
}

// shown is the part of a row that a hook may see: ids that do not exist yet are
// left out.
func shown(set store.Record) store.Record {
	row := make(store.Record, len(set))
	for k, v := range set {
		if _, later := v.(store.IDOf); !later {
			row[k] = v
		}
	}
	return row
}

func (s *Service) after(ctx context.Context, ops []store.Op, rows []store.Record, doomed [][]store.Record) error {
	for i := range ops {
		for j := range s.hooks {
			h := s.hooks[j].hook(&ops[i])
			if h == nil || h.After == nil {
				continue
			}
			met := doomedOf(doomed, i)
			if ops[i].Verb != store.Delete && rows[i] != nil {
				met = rows[i : i+1]
			}
			for _, row := range met {
				if err := h.After(ctx, row); err != nil {
					return fmt.Errorf("%s after hook: %w", ops[i].Table, err)
				}
			}
		}
	}
	return nil
}

// doomed reads the rows that deletions with hooks are about to remove, in one
// trip for all of them.
func (s *Service) doomed(ctx context.Context, ops []store.Op) ([][]store.Record, error) {
	var queries []store.Query
	var places []int
	for i := range ops {
		if ops[i].Verb == store.Delete && s.watched(&ops[i]) {
			queries = append(queries, store.Query{Table: ops[i].Table, Where: ops[i].Where})
			places = append(places, i)
		}
	}
	if len(queries) == 0 {
		return nil, nil
	}
	results, err := s.store.Read(ctx, queries...)
	if err != nil {
		return nil, err
	}
	rows := make([][]store.Record, len(ops))
	for i, place := range places {
		rows[place] = results[i].Rows
	}
	return rows, nil
}

func (s *Service) watched(op *store.Op) bool {
	for i := range s.hooks {
		if h := s.hooks[i].hook(op); h != nil && (h.Before != nil || h.After != nil) {
			return true
		}
	}
	return false
}

func doomedOf(doomed [][]store.Record, i int) []store.Record {
	if doomed == nil {
		return nil
	}
	return doomed[i]
}
