// Package store is the contract between the server and a database.
//
// A store moves records in and out of named tables. It knows nothing of users,
// sessions or passwords; package identity gives the records meaning.
//
// There are two methods and no interactive transaction, because a round trip
// to a remote database can take 200 ms: a caller reads once, decides in Go, and
// writes once. Run storetest.Run in the tests of every implementation.
package store

import (
	"context"
	"time"

	"github.com/lockstep-auth/lockstep/schema"
)

// A Store keeps the rows of a server. Each method is atomic: Read sees one
// snapshot, Apply happens whole or not at all. A Store is safe for concurrent
// use. Tables and fields are named as in package schema.
type Store interface {
	// Read answers every query from one snapshot, in the order of the queries.
	// The errors are ErrUnavailable, or a programmer's mistake such as an
	// unknown table.
	Read(ctx context.Context, queries ...Query) ([]Result, error)

	// Apply performs the operations of a batch in order, all or none, and
	// returns the row that each one left or removed (nil when it met none). A
	// batch with an ID has its effect once, however often it arrives; a store
	// whose answers cannot get lost may ignore the ID.
	//
	// The errors are *GuardError, *UniqueError and ErrUnavailable, after all of
	// which nothing has changed; ErrUnknownOutcome; or a programmer's mistake.
	Apply(ctx context.Context, b Batch) ([]Record, error)
}

// A Binder is a store that needs to know the tables before it is used. Bind is
// called once, before the first Read or Apply.
type Binder interface {
	Bind(tables []schema.Table) error
}

// A Migrator is a store that can make the tables it was bound to. Migration
// only adds: tables, columns, indexes. It never removes or rewrites anything.
type Migrator interface {
	// Plan returns the statements that Migrate would run, for people to read.
	// It changes nothing. An empty plan means that the database is up to date.
	Plan(ctx context.Context) ([]string, error)

	// Migrate carries out the plan, all or none.
	Migrate(ctx context.Context) error
}

// A Record is one row, or the fields to set of one, by logical field name.
// Values are string, float64, bool, time.Time (UTC, whole milliseconds),
// []string, []float64, a JSON value, or nil for null; see schema.Type. Rows
// that a store returns hold every field of the table and "id", null where the
// field is unset.
type Record map[string]any

// An Operator compares a field with a value.
type Operator int

// The operators, with Better Auth's meaning. A comparison with null is true
// only for Eq null and Ne null, and for NotIn of a null field, which is false.
// Lt, Lte, Gt and Gte compare numbers, dates and strings (by bytes). The last
// three are for strings and take the value literally.
const (
	Eq Operator = iota
	Ne
	Lt
	Lte
	Gt
	Gte
	In    // value is []string or []float64; an empty list matches nothing
	NotIn // value is []string or []float64; an empty list matches every non-null value
	Contains
	StartsWith
	EndsWith
)

// A Cond is a condition on one field of a row.
type Cond struct {
	Field string
	Op    Operator
	Value any

	// Fold compares strings without regard to the case of ASCII letters.
	Fold bool
}

// A Where selects rows: those for which every condition of All holds and, if
// Any is not empty, at least one of Any. The zero Where selects every row.
type Where struct {
	All []Cond
	Any []Cond
}

// Is is the usual selection: rows whose fields equal the values. Arguments
// alternate between field names and values; it panics on anything else.
func Is(pairs ...any) Where {
	if len(pairs)%2 != 0 {
		panic("store: Is needs pairs of field and value")
	}
	w := Where{All: make([]Cond, 0, len(pairs)/2)}
	for i := 0; i < len(pairs); i += 2 {
		field, ok := pairs[i].(string)
		if !ok {
			panic("store: Is needs pairs of field and value")
		}
		w.All = append(w.All, Cond{Field: field, Value: pairs[i+1]})
	}
	return w
}

// And returns w with one more condition that must hold.
func (w Where) And(field string, op Operator, value any) Where {
	all := make([]Cond, len(w.All), len(w.All)+1)
	copy(all, w.All)
	w.All = append(all, Cond{Field: field, Op: op, Value: value})
	return w
}

// A Query asks for rows of one table, or for their number.
type Query struct {
	Table string
	Where Where

	// SortBy is the field to sort by; rows that tie, and all rows without
	// SortBy, come in a stable order of the store's choosing. Null is the smallest
	// value.
	SortBy     string
	Descending bool

	// Limit is the largest number of rows. Zero is no limit, and the store
	// reads as many pages as it takes.
	Limit  int
	Offset int

	// Count asks for the number of rows that Where selects in place of rows.
	Count bool

	// With brings rows of another table along.
	With *Join
}

// A Join brings along the rows of Table whose Foreign field equals the Local
// field of the row that was found and that Where selects. It saves the second
// round trip from a session to its user.
type Join struct {
	Table   string
	Local   string
	Foreign string
	Where   Where
	Limit   int // of related rows for each row; defaults to 1
}

// A Result answers one query.
type Result struct {
	// Rows are the rows found; nil for none and for a Count.
	Rows []Record

	// Related has, for each row, the rows that Query.With brought along. It is
	// nil without With.
	Related [][]Record

	// Count is the number that Query.Count asked for.
	Count int
}

// One returns the first row, or nil if there is none.
func (r *Result) One() Record {
	if len(r.Rows) == 0 {
		return nil
	}
	return r.Rows[0]
}

// RelatedOne returns the first row that came along with row i, or nil.
func (r *Result) RelatedOne(i int) Record {
	if i >= len(r.Related) || len(r.Related[i]) == 0 {
		return nil
	}
	return r.Related[i][0]
}

// A Batch is a list of operations that happen together.
type Batch struct {
	// ID makes the batch safe to send again after ErrUnknownOutcome. Empty for
	// batches that are not sent again.
	ID string

	// Again says that the batch may have been carried out before. A store that
	// does not remember batches cannot tell: it answers ErrUnknownOutcome, unless
	// it can see that once more does no harm.
	Again bool

	Ops []Op
}

// A Verb is what an operation does.
type Verb int

// The verbs.
const (
	Create Verb = iota
	Update
	Delete
	Check // does nothing but hold the batch to its Expect
)

// An Expect is how many rows an operation must meet for the batch to happen.
type Expect int

// The expectations.
const (
	Some    Expect = iota // any number, also none
	One                   // exactly one row, as when a secret is consumed
	None                  // no row at all; only for Check
	AtLeast               // one row or more
)

// An Op is one operation of a batch. It sees what earlier ones did.
type Op struct {
	Verb  Verb
	Table string

	// Where selects the rows of Update, Delete and Check. It is also their
	// guard: with an Expect other than Some the batch fails with a *GuardError
	// when it does not hold. An empty Where is refused, so that no mistake can
	// touch a whole table.
	Where  Where
	Expect Expect

	// Set holds the fields of a new row, or the fields that Update changes. A
	// new row without "id" gets one from the store, and schema.Field.Default
	// fills a field that is absent, or null and required. A value may be an IDOf.
	Set Record

	// Add holds numbers that Update adds to fields. Null counts as 0.
	Add map[string]float64

	// Race marks a Check that only closes a race. A store whose batches are not
	// atomic could not close it, and leaves the Check out to save a trip.
	Race bool

	// Beside marks a Create that can be made at the same time as the operation
	// before it, which may stand if the batch fails: that saves a trip in a store
	// whose batches are not atomic.
	Beside bool

	// Sole says that at most one row has the value that Where asks for, since the
	// value was made at random for that row. Such a store then does not look for
	// others.
	Sole bool
}

// IDOf stands for the id of the row that an earlier Create of the same batch
// made, by its place in Batch.Ops. It may be used as a value in Set and Where.
type IDOf int

// Millis returns t in UTC and whole milliseconds, the precision of every
// store.
func Millis(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
