package convex

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/lockstep-auth/lockstep/convex"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

// A Store is a store.Store in a Convex deployment. It is safe for concurrent
// use. New does not connect: the first call finds out what the deployment
// offers, and a deployment that is down then is asked again at the next.
type Store struct {
	config Config
	client *convex.Client
	tables *tables // nil before Bind

	dialect atomic.Pointer[dialect] // nil until it is found
	finding chan struct{}           // holds a token while a call looks for it

	background sync.WaitGroup // batches on createApi whose caller does not wait any more
}

// A dialect carries out what the Store has checked: tables and fields exist,
// values have the types of their fields, dates are whole milliseconds in UTC,
// numbers are finite, a new row has every field but "id". What it returns is
// the contract's.
type dialect interface {
	read(ctx context.Context, queries []store.Query) ([]store.Result, error)
	apply(ctx context.Context, b store.Batch) ([]store.Record, error)
}

// A planner is a dialect that can compare the deployment with the tables.
type planner interface {
	// plan says what has to be added to the deployment, line by line.
	plan(ctx context.Context) ([]string, error)
}

// New returns a store in the deployment that config describes. It needs Bind
// before anything else.
func New(config Config) (*Store, error) {
	client, err := convex.New(config.client())
	if err := errors.Join(err, config.check()); err != nil {
		return nil, err
	}
	return &Store{config: config.withDefaults(), client: client, finding: make(chan struct{}, 1)}, nil
}

// Close closes idle connections. It waits for batches that go on without their
// caller, at most 40 seconds; other calls under way end by themselves.
func (s *Store) Close() error {
	s.background.Wait()
	s.client.Close()
	return nil
}

// Format prints the configuration without its secrets, whatever the verb.
func (s *Store) Format(f fmt.State, verb rune) { s.config.Format(f, verb) }

// Bind tells the store its tables. It implements store.Binder and does not
// connect.
func (s *Store) Bind(defs []schema.Table) error {
	if s.tables != nil {
		return errors.New("convex: already bound")
	}
	bound, err := bindTables(defs)
	if err != nil {
		return err
	}
	s.tables = bound
	return nil
}

// Read implements store.Store.
func (s *Store) Read(ctx context.Context, queries ...store.Query) ([]store.Result, error) {
	checked, err := s.tables.checkQueries(queries)
	if err != nil {
		return nil, err
	}
	if len(queries) == 0 {
		return nil, usable(ctx)
	}
	d, err := s.find(ctx)
	if err != nil {
		return nil, err
	}
	return d.read(ctx, checked)
}

// Apply implements store.Store.
func (s *Store) Apply(ctx context.Context, b store.Batch) ([]store.Record, error) {
	checked, err := s.tables.checkBatch(b)
	if err != nil {
		return nil, err
	}
	if len(b.Ops) == 0 {
		return nil, usable(ctx)
	}
	d, err := s.find(ctx)
	if err != nil {
		return nil, err
	}
	return d.apply(ctx, checked)
}

// Ping reports whether the deployment answers and accepts the key. It costs no
// function call but at first, when it looks for the functions. A Secret is for
// the functions to check, so that it is looked at then only.
func (s *Store) Ping(ctx context.Context) error {
	if s.tables == nil {
		return errNotBound
	}
	if _, err := s.find(ctx); err != nil {
		return err
	}
	return explain(s.client.Ping(ctx))
}

// Plan says what the deployment lacks, for people to add to convex/schema.ts.
// Without Lockstep's functions in the deployment it cannot tell, and says
// nothing.
func (s *Store) Plan(ctx context.Context) ([]string, error) {
	if s.tables == nil {
		return nil, errNotBound
	}
	d, err := s.find(ctx)
	if err != nil {
		return nil, err
	}
	if p, ok := d.(planner); ok {
		return p.plan(ctx)
	}
	return nil, nil
}

// Migrate fails if the Plan is not empty: only a deployment of the project's
// own convex folder, with "npx convex deploy", changes a schema.
func (s *Store) Migrate(ctx context.Context) error {
	plan, err := s.Plan(ctx)
	if err != nil || len(plan) == 0 {
		return err
	}
	errs := []error{errors.New("convex: the deployment is not up to date: change convex/schema.ts and run npx convex deploy")}
	for _, line := range plan {
		errs = append(errs, errors.New(line))
	}
	return errors.Join(errs...)
}

// errNotBound is a programmer's mistake.
var errNotBound = errors.New("convex: used before Bind")

// usable says that a call whose context has ended did nothing.
func usable(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	return nil
}

// Interface guards.
var (
	_ store.Store    = (*Store)(nil)
	_ store.Binder   = (*Store)(nil)
	_ store.Migrator = (*Store)(nil)
	_ fmt.Formatter  = (*Store)(nil)
)
