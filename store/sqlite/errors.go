package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/lockstep-auth/lockstep/store"
)

const adviceReadOnly = "the file or its directory is read-only: make both writable for the user of the server"

// explain turns the errors of a file that cannot be used into
// store.ErrUnavailable, with words for the operator.
func explain(err error) error {
	if err == nil || errors.Is(err, store.ErrUnavailable) {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}
	var text string
	switch e.Code() & 0xff { // without the extended part
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		text = "another program keeps the file locked: end its transaction"
	case sqlite3.SQLITE_FULL:
		text = "the disk is full: make room"
	case sqlite3.SQLITE_READONLY:
		text = adviceReadOnly
	case sqlite3.SQLITE_CORRUPT:
		text = "the file is damaged: stop the server and restore a backup"
	case sqlite3.SQLITE_NOTADB:
		text = "the file is not an SQLite database (or an encrypted one): check the path"
	case sqlite3.SQLITE_IOERR:
		text = "the disk reports an error: check it and its free space"
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		text = "the file or the -wal and -shm files beside it cannot be opened: check that they and their directory are writable"
	case sqlite3.SQLITE_NOMEM:
		text = "out of memory"
	case sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOLFS:
		text = "the file system cannot lock the file: put it on a local disk"
	case sqlite3.SQLITE_INTERRUPT:
		text = "interrupted"
	default:
		if !lacks(e.Error()) {
			return fmt.Errorf("sqlite: %w", err)
		}
		text = "the tables are not up to date: run the migration"
	}
	return fmt.Errorf("%w: sqlite: %s: %w", store.ErrUnavailable, text, err)
}

// lacks reports whether an error is about a table or column that is not there.
func lacks(message string) bool {
	return strings.Contains(message, "no such table") || strings.Contains(message, "no such column") || strings.Contains(message, "has no column")
}

// constraint turns the violation of a constraint of t into an error that names
// the field.
func (t *table) constraint(err error) error {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return &store.UniqueError{Table: t.name, Field: t.violated(e.Error(), "UNIQUE constraint failed: ")}
	case sqlite3.SQLITE_CONSTRAINT_NOTNULL:
		column := t.violated(e.Error(), "NOT NULL constraint failed: ")
		return fmt.Errorf("sqlite: table %q: field %q is required: %w", t.name, column, err)
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		var fields []string
		for _, c := range t.columns {
			if c.References != nil {
				fields = append(fields, c.Name)
			}
		}
		return fmt.Errorf("sqlite: table %q: %q must point at a row that exists, and rows that others point at must stay: %w",
			t.name, fields, err)
	}
	return err
}

// violated finds the fields in a message such as
// "constraint failed: UNIQUE constraint failed: user.email (2067)".
func (t *table) violated(message, before string) string {
	_, list, ok := strings.Cut(message, before)
	if end := strings.LastIndex(list, " ("); ok && end >= 0 {
		list = list[:end]
	}
	var fields []string
	for name := range strings.SplitSeq(list, ", ") {
		physical, ok := strings.CutPrefix(name, t.physical+".")
		if !ok {
			return "" // an index on an expression
		}
		if field := t.logical(physical); field != "" {
			physical = field
		}
		fields = append(fields, physical)
	}
	return strings.Join(fields, ",")
}
