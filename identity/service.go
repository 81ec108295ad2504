package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/lockstep-auth/lockstep/internal/secure"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

var (
	// ErrNotFound means that there is no such user, account or session.
	ErrNotFound = errors.New("identity: not found")

	// ErrEmailTaken means that another user has the address.
	ErrEmailTaken = errors.New("identity: email taken")

	// ErrTaken means that another user has a value that must be unique, other
	// than the address.
	ErrTaken = errors.New("identity: unique value taken")

	// ErrRefused means that a database hook refused the change (Better Auth: a
	// before hook that returns false). Nothing was changed.
	ErrRefused = errors.New("identity: refused by a database hook")
)

// unrememberedLifetime is how long a session lives whose user did not want to
// be remembered, whatever the configuration says.
const unrememberedLifetime = 24 * time.Hour

// tokenLen is the length of a session token in characters of [a-zA-Z0-9],
// about 190 bits.
const tokenLen = 32

// A Config says how a Service works. Store and Now are required.
type Config struct {
	Store store.Store
	Now   func() time.Time

	// Tables are the merged tables of the server.
	Tables []schema.Table

	// Lifetime is how long a session lives after sign-in or refresh.
	Lifetime time.Duration

	// NewID makes ids of new rows. If nil, or if it returns "", the store makes
	// them.
	NewID func(table string) string

	// StoreIdentifier, if not nil, returns the form in which the identifier of
	// a one-time secret is stored (Better Auth: verification.storeIdentifier).
	StoreIdentifier func(identifier string) string

	// KeepExpired keeps one-time secrets that have expired.
	KeepExpired bool

	// Hooks run around every write, in order.
	Hooks []Hooks
}

// A Service finds and changes users, accounts and sessions. It is safe for
// concurrent use.
type Service struct {
	store    store.Store
	clock    func() time.Time
	lifetime time.Duration
	newID    func(string) string
	hooks    []Hooks
	extra    struct{ user, session, account []schema.Field }

	storeIdentifier func(string) string
	keepExpired     bool
	nextCleanUp     atomic.Int64 // Unix milliseconds
}

// New returns a service.
func New(c Config) *Service {
	s := &Service{
		store: c.Store, clock: c.Now, lifetime: c.Lifetime, newID: c.NewID, hooks: c.Hooks,
		storeIdentifier: c.StoreIdentifier, keepExpired: c.KeepExpired,
	}
	s.nextCleanUp.Store(c.Now().Add(cleanUpEvery).UnixMilli())
	for i := range c.Tables {
		switch t := &c.Tables[i]; t.Name {
		case UserTable:
			s.extra.user = Extra(t)
		case SessionTable:
			s.extra.session = Extra(t)
		case AccountTable:
			s.extra.account = Extra(t)
		}
	}
	return s
}

// Store returns the store, for plugins with tables of their own.
func (s *Service) Store() store.Store { return s.store }

// Now returns the time, in UTC and whole milliseconds.
func (s *Service) Now() time.Time { return store.Millis(s.clock()) }

// read runs one query.
func (s *Service) read(ctx context.Context, q store.Query) (*store.Result, error) {
	results, err := s.store.Read(ctx, q)
	if err != nil {
		return nil, err
	}
	return &results[0], nil
}

// row prepares a new row of a table: its id, if the configuration makes them,
// and the times of its making.
func (s *Service) row(table string, now time.Time, r store.Record) store.Record {
	if _, ok := r["createdAt"]; !ok {
		r["createdAt"] = now
	}
	r["updatedAt"] = now
	if id := s.NewID(table); id != "" {
		r["id"] = id
	}
	return r
}

// NewID returns the id for a new row of a table, or "" if the store makes it.
func (s *Service) NewID(table string) string {
	if s.newID == nil {
		return ""
	}
	return s.newID(table)
}

// apply performs the operations with the hooks of the service around them. A
// hook that reads rows before they go costs one more trip; without delete
// hooks there is none.
func (s *Service) apply(ctx context.Context, ops ...store.Op) ([]store.Record, error) {
	doomed, err := s.before(ctx, ops)
	if err != nil {
		return nil, err
	}
	rows, err := s.store.Apply(ctx, store.Batch{ID: secure.Token(24), Ops: ops})
	if err != nil {
		return nil, err
	}
	if err := s.after(ctx, ops, rows, doomed); err != nil {
		return rows, errors.Join(err, s.endStarted(ctx, ops, rows))
	}
	return rows, nil
}

// endStarted ends the sessions that operations have started. Their tokens were
// shown to nobody.
func (s *Service) endStarted(ctx context.Context, ops []store.Op, rows []store.Record) error {
	var ends []store.Op
	for i := range ops {
		if ops[i].Verb == store.Create && ops[i].Table == SessionTable {
			ends = append(ends, store.Op{Verb: store.Delete, Table: SessionTable, Where: store.Is("id", rows[i]["id"])})
		}
	}
	if len(ends) == 0 {
		return nil
	}
	_, err := s.store.Apply(context.WithoutCancel(ctx), store.Batch{ID: secure.Token(24), Ops: ends})
	return err
}

// FindUserByEmail returns the user with the address, in any case of letters, or
// ErrNotFound. One trip.
func (s *Service) FindUserByEmail(ctx context.Context, email string) (*User, error) {
	return s.findUser(ctx, store.Is("email", strings.ToLower(email)))
}

// FindUser returns the user with the id, or ErrNotFound. One trip.
func (s *Service) FindUser(ctx context.Context, id string) (*User, error) {
	return s.findUser(ctx, store.Is("id", id))
}

func (s *Service) findUser(ctx context.Context, where store.Where) (*User, error) {
	res, err := s.read(ctx, store.Query{Table: UserTable, Where: where, Limit: 1})
	if err != nil {
		return nil, fmt.Errorf("find user: %w", err)
	}
	if res.One() == nil {
		return nil, ErrNotFound
	}
	return s.user(res.One()), nil
}

// UpdateUser sets fields of the user and returns the new user, or ErrNotFound.
// One trip.
func (s *Service) UpdateUser(ctx context.Context, id string, set store.Record) (*User, error) {
	set["updatedAt"] = s.Now()
	rows, err := s.apply(ctx, store.Op{
		Verb: store.Update, Table: UserTable, Where: store.Is("id", id), Expect: store.One, Set: set,
	})
	switch {
	case store.IsGuard(err):
		return nil, ErrNotFound
	case err != nil:
		return nil, fmt.Errorf("update user: %w", taken(err))
	}
	return s.user(rows[0]), nil
}

// DeleteUser removes the user with every session and account. With a token, it
// does so only if the token was issued to the user for this and is unused and
// alive, and consumes it; else it returns ErrNotFound. One trip.
func (s *Service) DeleteUser(ctx context.Context, id, token string) error {
	if token != "" && !isToken(token) {
		return ErrNotFound
	}
	ops := []store.Op{
		{Verb: store.Delete, Table: SessionTable, Where: store.Is("userId", id)},
		{Verb: store.Delete, Table: AccountTable, Where: store.Is("userId", id)},
		{Verb: store.Delete, Table: UserTable, Where: store.Is("id", id)},
	}
	if token != "" {
		ops = append(ops, store.Op{
			Verb: store.Delete, Table: VerificationTable, Expect: store.One,
			Where: s.deletion(id, token),
		})
	}
	if token != "" && slices.ContainsFunc(ops, func(op store.Op) bool { return s.watched(&op) }) {
		if err := s.CheckDeletion(ctx, id, token); err != nil {
			return err // before hooks do what cannot be undone
		}
	}
	_, err := s.apply(ctx, ops...)
	switch {
	case store.IsGuard(err):
		return ErrNotFound
	case err != nil:
		return fmt.Errorf("delete user: %w", err)
	}
	return nil
}

// taken turns the store's unique violation on a user into what it means.
func taken(err error) error {
	e, ok := errors.AsType[*store.UniqueError](err)
	switch {
	case !ok || e.Table != UserTable:
		return err
	case e.Field == "email" || e.Field == "":
		return ErrEmailTaken
	}
	return fmt.Errorf("%w: %s", ErrTaken, e.Field)
}
