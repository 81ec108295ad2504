package ratelimit

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

const (
	table = "rateLimit"

	// attempts is how often a call is tried when others change its row at the
	// same time. Each round lets one of them through, and after Max of them all
	// are refused, so that more than a few rounds mean a broken store.
	attempts = 5

	// quiet is how often rows are pruned and failures logged at most.
	quiet = time.Minute

	// pruneMax is how many rows are pruned at a time.
	pruneMax = 500

	// minAge is the youngest age of a row that is pruned; longer if this process
	// has seen a longer window. Others may have rules that it does not know.
	minAge = time.Hour
)

// errContended means that others kept changing the row.
var errContended = errors.New("ratelimit: too many calls at the same time")

// Table returns the table of Store.
func Table() schema.Table {
	return schema.Table{
		Name: table,
		Fields: []schema.Field{
			{Name: "key", Type: schema.String, Required: true, Unique: true},
			{Name: "count", Type: schema.Number, Required: true},
			{Name: "lastRequest", Type: schema.Number, Required: true, BigInt: true}, // Unix milliseconds
		},
	}
}

// Store is a Limiter that counts in a database, one row for each key. While the
// database fails it leaves the decision to another Limiter, so that a failure
// neither stops the server nor lifts the limits. It is safe for concurrent use.
type Store struct {
	db       store.Store
	fallback Limiter
	log      *slog.Logger

	longest atomic.Int64 // window seen so far, in milliseconds
	pruned  atomic.Int64 // Unix milliseconds
	warned  atomic.Int64 // Unix milliseconds
}

// NewStore returns a Store. The fallback defaults to a Memory, and the log to
// none.
func NewStore(db store.Store, fallback Limiter, log *slog.Logger) *Store {
	if fallback == nil {
		fallback = NewMemory(0)
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Store{db: db, fallback: fallback, log: log}
}

// Take implements Limiter. The usual call takes one round trip, a call too many
// takes two, and the first of a window three. Now and then one prunes old rows
// as well.
func (s *Store) Take(ctx context.Context, key string, rule Rule, now time.Time) (Decision, error) {
	key = bound(key)
	s.observe(rule.Window.Milliseconds())
	d, err := s.take(ctx, key, rule, now.UnixMilli())
	if err != nil {
		if ctx.Err() == nil && due(&s.warned, now) {
			s.log.WarnContext(ctx, "rate limits are counted in this process: the database failed", slog.Any("error", err))
		}
		return s.fallback.Take(ctx, key, rule, now)
	}
	if s.pruned.CompareAndSwap(0, now.UnixMilli()) || !due(&s.pruned, now) {
		return d, nil
	}
	if err := s.prune(ctx, now); err != nil {
		s.log.DebugContext(ctx, "rate limits were not pruned", slog.Any("error", err))
	}
	return d, nil
}

// take counts the call in the database. Every write is guarded by what was read
// or, for the usual call, by the rule itself. now is in milliseconds.
func (s *Store) take(ctx context.Context, key string, rule Rule, now int64) (Decision, error) {
	window := rule.Window.Milliseconds()
	for range attempts {
		if done, err := s.apply(ctx, increment(key, rule.Max, window, now)); done || err != nil {
			return Decision{Allowed: done}, err
		}
		results, err := s.db.Read(ctx, store.Query{Table: table, Where: store.Is("key", key), Limit: 1})
		if err != nil {
			return Decision{}, err
		}
		var op store.Op
		row := results[0].One()
		count, _ := row["count"].(float64)
		last, _ := row["lastRequest"].(float64)
		switch {
		case row == nil:
			op = store.Op{Verb: store.Create, Table: table, Set: store.Record{"key": key, "count": 1.0, "lastRequest": float64(now)}}
		case over(int64(last), now, window):
			op = reset(key, row["lastRequest"], now)
		case count >= float64(rule.Max):
			return refusal(int64(last), now, window), nil
		default:
			continue // another call made room or the row since
		}
		if done, err := s.apply(ctx, op); done || err != nil {
			return Decision{Allowed: done}, err
		}
	}
	return Decision{}, errContended
}

// apply performs an operation. It is not done, and there is no error, if the
// row is not what the operation expects.
func (s *Store) apply(ctx context.Context, op store.Op) (done bool, err error) {
	_, err = s.db.Apply(ctx, store.Batch{ID: rand.Text(), Ops: []store.Op{op}})
	if store.IsGuard(err) || store.IsUnique(err, table) {
		return false, nil
	}
	return err == nil, err
}

// increment counts a call if the window is open and has room.
func increment(key string, limit int, window, now int64) store.Op {
	return store.Op{
		Verb:  store.Update,
		Table: table,
		Where: store.Is("key", key).
			And("lastRequest", store.Gt, float64(now-window)).
			And("lastRequest", store.Lt, float64(now+window)).
			And("count", store.Lt, float64(limit)),
		Expect: store.One,
		Add:    map[string]float64{"count": 1},
		Set:    store.Record{"lastRequest": float64(now)},
	}
}

// reset begins a new window, unless another call has since last.
func reset(key string, last any, now int64) store.Op {
	return store.Op{
		Verb:   store.Update,
		Table:  table,
		Where:  store.Is("key", key, "lastRequest", last),
		Expect: store.One,
		Set:    store.Record{"count": 1.0, "lastRequest": float64(now)},
	}
}

// observe keeps the longest window.
func (s *Store) observe(window int64) {
	for {
		longest := s.longest.Load()
		if window <= longest || s.longest.CompareAndSwap(longest, window) {
			return
		}
	}
}

// due reports whether it is time again, and if so notes that it was done.
func due(last *atomic.Int64, now time.Time) bool {
	before := last.Load()
	return now.UnixMilli()-before >= quiet.Milliseconds() && last.CompareAndSwap(before, now.UnixMilli())
}

// prune deletes rows whose windows have passed for every rule.
func (s *Store) prune(ctx context.Context, now time.Time) error {
	cutoff := float64(now.UnixMilli() - max(s.longest.Load(), minAge.Milliseconds()))
	old := store.Where{}.And("lastRequest", store.Lt, cutoff)
	results, err := s.db.Read(ctx, store.Query{Table: table, Where: old, Limit: pruneMax})
	if err != nil {
		return err
	}
	var ids []string
	for _, row := range results[0].Rows {
		if id, ok := row["id"].(string); ok {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	_, err = s.apply(ctx, store.Op{Verb: store.Delete, Table: table, Where: old.And("id", store.In, ids)})
	return err
}

var _ Limiter = (*Store)(nil)
