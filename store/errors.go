package store

import (
	"errors"
	"fmt"
)

var (
	// ErrUnavailable means that the database could not be used and nothing was
	// changed. The same call may succeed later.
	ErrUnavailable = errors.New("store: database unavailable")

	// ErrUnknownOutcome means that a batch was sent and no answer came back: it
	// may have happened. A batch with an ID can be sent again.
	ErrUnknownOutcome = errors.New("store: outcome unknown")
)

// A UniqueError means that another row already holds a unique value. Nothing
// was changed.
type UniqueError struct {
	Table string
	Field string // empty if the database does not say which
}

func (e *UniqueError) Error() string {
	return fmt.Sprintf("store: table %q already has this %q", e.Table, e.Field)
}

// A GuardError means that operation Op of a batch met another number of rows
// than it expected. Nothing was changed.
type GuardError struct {
	Op int
}

func (e *GuardError) Error() string {
	return fmt.Sprintf("store: guard of operation %d does not hold", e.Op)
}

// IsGuard reports whether err means that a guard did not hold.
func IsGuard(err error) bool {
	_, ok := errors.AsType[*GuardError](err)
	return ok
}

// IsUnique reports whether err means that the table already holds a value that
// must be unique.
func IsUnique(err error, table string) bool {
	e, ok := errors.AsType[*UniqueError](err)
	return ok && e.Table == table
}
