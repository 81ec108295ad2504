// Package storetest checks that a store.Store keeps the contract of package
// store.
//
// It imports only the standard library besides store and schema, so that a
// store in another module can use it. A complete use:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T, tables []schema.Table) store.Store {
//			return mydb.Open(t.TempDir())
//		})
//	}
//
// A store that cannot keep a part of the contract says so by name:
//
//	storetest.Run(t, open, storetest.Without(storetest.References))
package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

// A Feature is a part of the contract that some databases cannot keep.
type Feature string

// The features.
const (
	// AtomicBatches: a batch of several operations happens whole or not at all.
	AtomicBatches Feature = "atomic batches"

	// Snapshots: one Read sees the state of one moment.
	Snapshots Feature = "snapshots"

	// Exactness: increments and consumption are exact under concurrency.
	Exactness Feature = "exactness under concurrency"

	// UniqueFields: the database holds unique values at most once.
	UniqueFields Feature = "unique fields"

	// References: a row cannot point at a row that does not exist, and goes
	// when the row it points at goes.
	References Feature = "references"

	// ChosenIDs: the caller may choose the id of a new row.
	ChosenIDs Feature = "chosen ids"

	// BatchIDs: a batch with an ID has its effect once. A store whose answers
	// cannot get lost does without.
	BatchIDs Feature = "batch ids"
)

// An Option changes what Run expects.
type Option func(*expectations)

type expectations struct{ without []Feature }

// Without excludes features, and with them the cases that need them. They are
// reported as skipped, by name.
func Without(features ...Feature) Option {
	return func(e *expectations) { e.without = append(e.without, features...) }
}

// A testCase protects one rule of the contract.
type testCase struct {
	name  string
	needs []Feature
	run   func(*testing.T, store.Store)
}

// Run checks the store that open returns: a new and empty one for each case.
// Run calls Bind and Migrate if the store has them; the tables are for a store
// that needs them earlier. What a store has to release, open leaves to
// t.Cleanup.
func Run(t *testing.T, open func(t *testing.T, tables []schema.Table) store.Store, options ...Option) {
	t.Helper()
	var e expectations
	for _, o := range options {
		o(&e)
	}
	groups := [][]testCase{conditionCases(), queryCases(), joinCases(), valueCases(), applyCases(), mistakeCases(), raceCases()}
	for _, c := range slices.Concat(groups...) {
		t.Run(c.name, func(t *testing.T) {
			for _, f := range c.needs {
				if slices.Contains(e.without, f) {
					t.Skipf("this store does without %q", f)
				}
			}
			s := open(t, Tables())
			if b, ok := s.(store.Binder); ok {
				if err := b.Bind(Tables()); err != nil {
					t.Fatalf("Bind: %v", err)
				}
			}
			if m, ok := s.(store.Migrator); ok {
				if err := m.Migrate(t.Context()); err != nil {
					t.Fatalf("Migrate: %v", err)
				}
			}
			c.run(t, s)
		})
	}
}

// Tables returns the tables of the suite: those of Better Auth, and "odd",
// which has a field of every type, other names in the database, and indexes of
// several fields.
func Tables() []schema.Table {
	user := &schema.Reference{Table: "user", Field: "id"}
	stamps := []schema.Field{
		{Name: "createdAt", Type: schema.Date, Required: true},
		{Name: "updatedAt", Type: schema.Date, Required: true},
	}
	return []schema.Table{
		{Name: "user", Fields: append([]schema.Field{
			{Name: "name", Required: true},
			{Name: "email", Required: true, Unique: true},
			{Name: "emailVerified", Type: schema.Bool, Required: true, Default: func() any { return false }},
			{Name: "image"},
		}, stamps...)},
		{Name: "session", Fields: []schema.Field{
			{Name: "expiresAt", Type: schema.Date, Required: true},
			{Name: "token", Required: true, Unique: true},
			stamps[0],
			stamps[1],
			{Name: "ipAddress"},
			{Name: "userAgent"},
			{Name: "userId", Required: true, Index: true, References: user},
		}},
		{Name: "account", Fields: append([]schema.Field{
			{Name: "accountId", Required: true},
			{Name: "providerId", Required: true},
			{Name: "userId", Required: true, Index: true, References: user},
			{Name: "accessToken"},
			{Name: "refreshToken"},
			{Name: "idToken"},
			{Name: "accessTokenExpiresAt", Type: schema.Date},
			{Name: "refreshTokenExpiresAt", Type: schema.Date},
			{Name: "scope"},
			{Name: "password"},
		}, stamps...)},
		{Name: "verification", Fields: append([]schema.Field{
			{Name: "identifier", Required: true, Index: true},
			{Name: "value", Required: true},
			{Name: "expiresAt", Type: schema.Date, Required: true},
		}, stamps...)},
		{Name: "rateLimit", Fields: []schema.Field{
			{Name: "key", Required: true, Unique: true},
			{Name: "count", Type: schema.Number, Required: true},
			{Name: "lastRequest", Type: schema.Number, Required: true, BigInt: true},
		}},
		oddTable(),
	}
}

func oddTable() schema.Table {
	return schema.Table{
		Name: "odd", ModelName: "odd_things",
		Fields: []schema.Field{
			{Name: "text", FieldName: "the_text"},
			{Name: "number", Type: schema.Number},
			{Name: "big", Type: schema.Number, BigInt: true},
			{Name: "flag", Type: schema.Bool},
			{Name: "at", FieldName: "at_time", Type: schema.Date},
			{Name: "json", Type: schema.JSON},
			{Name: "strings", Type: schema.Strings},
			{Name: "numbers", Type: schema.Numbers},
			{Name: "key", Unique: true},
			{Name: "tag", Index: true},
			{Name: "status", Required: true, Default: func() any { return "new" }},
			{Name: "group", FieldName: "order", Required: true},
			{Name: "name", Required: true},
		},
		Indexes: []schema.Index{
			{Fields: []string{"group", "name"}, Unique: true},
			{Fields: []string{"tag", "at"}},
		},
	}
}

// odd returns a row of table odd with a name and more fields.
func odd(name string, pairs ...any) store.Record {
	r := store.Record{"group": "g", "name": name}
	for i := 0; i < len(pairs); i += 2 {
		r[pairs[i].(string)] = pairs[i+1]
	}
	return r
}

func at(ms int64) time.Time { return time.UnixMilli(1_700_000_000_000 + ms).UTC() }

func newUser(email string) store.Record {
	return store.Record{"name": "N", "email": email, "createdAt": at(0), "updatedAt": at(0)}
}

func newSession(token string, userID any) store.Record {
	return store.Record{"token": token, "userId": userID, "expiresAt": at(1000), "createdAt": at(0), "updatedAt": at(0)}
}

func creation(table string, r store.Record) store.Op {
	return store.Op{Verb: store.Create, Table: table, Set: r}
}

func apply(ctx context.Context, s store.Store, ops ...store.Op) ([]store.Record, error) {
	return s.Apply(ctx, store.Batch{Ops: ops})
}

// mustApply applies operations that have to succeed.
func mustApply(t *testing.T, s store.Store, ops ...store.Op) []store.Record {
	t.Helper()
	rows, err := apply(t.Context(), s, ops...)
	if err != nil {
		t.Fatalf("Apply: %v", err)
	}
	if len(rows) != len(ops) {
		t.Fatalf("Apply returned %d rows for %d operations", len(rows), len(ops))
	}
	return rows
}

// mustCreate creates rows and returns them.
func mustCreate(t *testing.T, s store.Store, table string, records ...store.Record) []store.Record {
	t.Helper()
	ops := make([]store.Op, len(records))
	for i, r := range records {
		ops[i] = creation(table, r)
	}
	return mustApply(t, s, ops...)
}

func mustRead(t *testing.T, s store.Store, q store.Query) *store.Result {
	t.Helper()
	results, err := s.Read(t.Context(), q)
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	if len(results) != 1 {
		t.Fatalf("Read returned %d results for one query", len(results))
	}
	return &results[0]
}

// names returns the field "name" of rows.
func names(rows []store.Record) []string {
	out := []string{}
	for _, r := range rows {
		out = append(out, fmt.Sprint(r["name"]))
	}
	return out
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %v, want %v", what, brief(got), brief(want))
	}
}

func brief(v any) string {
	text := fmt.Sprintf("%#v", v)
	if len(text) > 2000 {
		return text[:2000] + "…"
	}
	return text
}

// state returns every row of the tables that the cases write to.
func state(t *testing.T, s store.Store) map[string][]store.Record {
	t.Helper()
	out := make(map[string][]store.Record)
	for _, table := range []string{"user", "session", "account", "odd"} {
		out[table] = mustRead(t, s, store.Query{Table: table}).Rows
	}
	return out
}

// refused applies operations that have to fail and change nothing, and returns
// the error.
func refused(t *testing.T, s store.Store, ops ...store.Op) error {
	t.Helper()
	before := state(t, s)
	rows, err := apply(t.Context(), s, ops...)
	if err == nil {
		t.Fatalf("Apply succeeded: %v", brief(rows))
	}
	if rows != nil {
		t.Errorf("Apply returned rows with the error %v: %v", err, brief(rows))
	}
	equal(t, "rows after a refused batch", state(t, s), before)
	return err
}

// wantGuard checks that err is the guard of one operation.
func wantGuard(t *testing.T, err error, op int) {
	t.Helper()
	g, ok := errors.AsType[*store.GuardError](err)
	if !ok || g.Op != op {
		t.Errorf("got error %v, want the guard of operation %d", err, op)
	}
}

// wantUnique checks that err is a violation in table. The field may be empty.
func wantUnique(t *testing.T, err error, table, field string) {
	t.Helper()
	u, ok := errors.AsType[*store.UniqueError](err)
	if !ok || u.Table != table || (u.Field != field && u.Field != "") {
		t.Errorf("got error %v, want a unique violation of %s.%s", err, table, field)
	}
}

// complete returns r with null for every field of the table that it lacks.
func complete(table string, r store.Record) store.Record {
	out := maps.Clone(r)
	for _, t := range Tables() {
		for _, f := range t.Fields {
			if _, ok := out[f.Name]; !ok && t.Name == table {
				out[f.Name] = nil
			}
		}
	}
	return out
}
