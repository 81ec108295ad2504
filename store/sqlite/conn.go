package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"

	"modernc.org/sqlite"

	"github.com/lockstep-auth/lockstep/store"
)

// A conn is a connection with its prepared statements. One goroutine uses it
// at a time. The driver is used without database/sql, which would cost a sixth
// of the time of the most frequent query and prepare each statement again on
// whichever connection it picks.
type conn struct {
	raw        driver.Conn
	statements map[string]driver.Stmt // by SQL text
	broken     bool                   // not to be used again
}

// maxStatements is how many statements a connection keeps. The shapes of the
// server's queries are a few dozen.
const maxStatements = 256

func connect(d *sqlite.Driver, dsn string) (*conn, error) {
	raw, err := d.Open(dsn)
	if err != nil {
		return nil, err
	}
	return &conn{raw: raw, statements: make(map[string]driver.Stmt)}, nil
}

func (c *conn) close() error {
	return errors.Join(c.forget(), c.raw.Close())
}

// forget closes the prepared statements.
func (c *conn) forget() error {
	var errs []error
	for text, s := range c.statements {
		errs = append(errs, s.Close())
		delete(c.statements, text)
	}
	return errors.Join(errs...)
}

// prepare returns the statement for a text. The text is only read.
func (c *conn) prepare(ctx context.Context, text []byte) (driver.Stmt, error) {
	if s, ok := c.statements[string(text)]; ok {
		return s, nil
	}
	if len(c.statements) >= maxStatements {
		if err := c.forget(); err != nil {
			return nil, err
		}
	}
	p, ok := c.raw.(driver.ConnPrepareContext)
	if !ok {
		return nil, errors.New("sqlite: the driver cannot prepare")
	}
	s, err := p.PrepareContext(ctx, string(text))
	if err != nil {
		return nil, err
	}
	c.statements[string(text)] = s
	return s, nil
}

// query runs a statement and calls each for every row, with values that are
// valid until it returns.
func (c *conn) query(ctx context.Context, st *statement, each func(values []driver.Value) error) (err error) {
	s, err := c.prepare(ctx, st.text)
	if err != nil {
		return err
	}
	q, ok := s.(driver.StmtQueryContext)
	if !ok {
		return errors.New("sqlite: the driver cannot query")
	}
	rows, err := q.QueryContext(ctx, st.args)
	if err != nil {
		return err
	}
	defer func() {
		if e := rows.Close(); err == nil { // else e is err again
			err = e
		}
	}()
	values := make([]driver.Value, len(rows.Columns()))
	for n := 0; ; n++ {
		// The driver stops at the end of the context only before the first row.
		if n%256 == 255 && ctx.Err() != nil {
			return ctx.Err()
		}
		switch err := rows.Next(values); {
		case err == io.EOF: //nolint:errorlint // driver.Rows promises it unwrapped
			return nil
		case err != nil:
			return err
		}
		if err := each(values); err != nil {
			return err
		}
	}
}

// exec runs a statement that has no rows.
func (c *conn) exec(ctx context.Context, st *statement) error {
	return c.query(ctx, st, func([]driver.Value) error { return nil })
}

// text runs a query of ours and returns the first value it finds, as text.
func (c *conn) text(ctx context.Context, query string) (string, error) {
	var out string
	err := c.query(ctx, &statement{text: []byte(query)}, func(values []driver.Value) error {
		out = fmt.Sprint(values[0])
		return nil
	})
	return out, err
}

// transaction runs f between begin and commit. When anything fails, all of it
// is undone.
func (c *conn) transaction(ctx context.Context, begin string, f func() error) error {
	err := c.exec(ctx, &statement{text: []byte(begin)})
	if err == nil {
		err = f()
	}
	// What follows does not depend on ctx: the driver reports its end even when
	// the statement has had its effect.
	ctx = context.WithoutCancel(ctx)
	if err == nil {
		err = c.exec(ctx, &statement{text: []byte("commit")})
	}
	if err == nil {
		return nil
	}
	undo := c.exec(ctx, &statement{text: []byte("rollback")})
	if undo != nil && !strings.Contains(undo.Error(), "no transaction is active") { // begin failed, or SQLite undid it
		c.broken = true
	}
	return err
}

// writable reports a file that was opened for reading only, as SQLite does
// silently when it may not write.
func (c *conn) writable() error {
	r, ok := c.raw.(interface {
		IsReadOnly(schema string) (bool, error)
	})
	if !ok {
		return errors.New("sqlite: the driver cannot tell whether the file is read-only")
	}
	only, err := r.IsReadOnly("main")
	if err == nil && only {
		err = fmt.Errorf("%w: sqlite: %s", store.ErrUnavailable, adviceReadOnly)
	}
	return err
}

// A statement is SQL text with the values of its parameters.
type statement struct {
	text []byte
	args []driver.NamedValue
}

func (st *statement) write(parts ...string) {
	for _, p := range parts {
		st.text = append(st.text, p...)
	}
}

// param adds a parameter.
func (st *statement) param(v driver.Value) {
	st.text = append(st.text, '?')
	st.args = append(st.args, driver.NamedValue{Ordinal: len(st.args) + 1, Value: v})
}
