package sqlite

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"math/bits"

	"modernc.org/sqlite"

	"github.com/lockstep-auth/lockstep/internal/relation"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

// maxList is how many values a list of In or NotIn may have. SQLite has room
// for twice as many parameters in one statement.
const maxList = 16384

// registerFold gives the connections of d a function that maps ASCII letters
// to lower case. SQLite's own lower stops at the first NUL character, which
// would make different values equal. So does the driver with text, hence blobs.
func registerFold(d *sqlite.Driver) error {
	return d.RegisterDeterministicScalarFunction("lockstep_fold", 1,
		func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
			if b, ok := args[0].([]byte); ok {
				return lower(string(b)), nil
			}
			return nil, nil
		})
}

func folded(name string) string { return "lockstep_fold(" + asBlob(name) + ")" }

func asBlob(name string) string { return "cast(" + name + " as blob)" }

// lower maps the ASCII letters of s to lower case.
func lower(s string) []byte { return []byte(relation.Lower(s)) }

// blob adds a parameter. The driver would make null of an empty one.
func (st *statement) blob(b []byte) {
	if len(b) == 0 {
		st.write("x''")
		return
	}
	st.param(b)
}

// where writes the conditions after WHERE, or after ON with and set.
func (t *table) where(st *statement, prefix, keyword string, w store.Where, ids []string) error {
	for i, cond := range w.All {
		if i > 0 {
			keyword = " and "
		}
		st.write(keyword)
		if err := t.cond(st, prefix, cond, ids); err != nil {
			return err
		}
	}
	if len(w.Any) == 0 {
		return nil
	}
	if len(w.All) > 0 {
		keyword = " and "
	}
	st.write(keyword, "(")
	for i, cond := range w.Any {
		if i > 0 {
			st.write(" or ")
		}
		if err := t.cond(st, prefix, cond, ids); err != nil {
			return err
		}
	}
	st.write(")")
	return nil
}

// cond writes one condition. It is never null: SQL's NOT does not occur.
func (t *table) cond(st *statement, prefix string, cond store.Cond, ids []string) error {
	c, err := t.column(cond.Field)
	if err != nil {
		return err
	}
	name := prefix + c.quoted
	switch cond.Op {
	case store.In, store.NotIn:
		return t.among(st, name, c, cond)
	case store.Contains, store.StartsWith, store.EndsWith:
		return t.part(st, name, c, cond, ids)
	case store.Eq, store.Ne:
		if !scalar(c.Type) && cond.Value != nil {
			return badCond(c, cond)
		}
	case store.Lt, store.Lte, store.Gt, store.Gte:
		if !scalar(c.Type) || c.Type == schema.Bool {
			return badCond(c, cond)
		}
	default:
		return badCond(c, cond)
	}
	v, err := c.value(cond.Value, ids)
	if err != nil {
		return fmt.Errorf("sqlite: table %q: %w", t.name, err)
	}
	if v == nil {
		st.write(againstNull(name, cond.Op))
		return nil
	}
	if s, ok := v.(string); ok && cond.Fold {
		st.write(folded(name), comparison(cond.Op))
		st.blob(lower(s))
		return nil
	}
	st.write(name, comparison(cond.Op))
	st.param(toSQL(v, c.Type))
	return nil
}

func againstNull(name string, op store.Operator) string {
	switch op {
	case store.Eq:
		return name + " is null"
	case store.Ne:
		return name + " is not null"
	default:
		return "false"
	}
}

func comparison(op store.Operator) string {
	switch op {
	case store.Ne:
		return " <> "
	case store.Lt:
		return " < "
	case store.Lte:
		return " <= "
	case store.Gt:
		return " > "
	case store.Gte:
		return " >= "
	default:
		return " = "
	}
}

// among writes In and NotIn. The number of parameters is rounded up to a power
// of two, with the last value again, so that there are few different texts.
func (t *table) among(st *statement, name string, c *column, cond store.Cond) error {
	n, value, err := listOf(c, cond)
	switch {
	case err != nil:
		return err
	case n > maxList:
		return fmt.Errorf("sqlite: list of %d values for field %q is longer than %d", n, c.Name, maxList)
	case n == 0 && cond.Op == store.NotIn:
		st.write(name, " is not null")
		return nil
	case n == 0:
		st.write("false")
		return nil
	}
	if c.Type == schema.String && cond.Fold {
		name = folded(name)
	}
	st.write(name)
	if cond.Op == store.NotIn {
		st.write(" not")
	}
	st.write(" in (")
	for i := range 1 << bits.Len(uint(n-1)) {
		if i > 0 {
			st.write(",")
		}
		switch v := value(min(i, n-1)).(type) {
		case []byte:
			st.blob(v)
		default:
			st.param(v)
		}
	}
	st.write(")")
	return nil
}

// listOf returns the length and the values of the list of an In or NotIn.
func listOf(c *column, cond store.Cond) (int, func(i int) driver.Value, error) {
	switch list := cond.Value.(type) {
	case []string:
		if c.Type == schema.String && cond.Fold {
			return len(list), func(i int) driver.Value { return lower(list[i]) }, nil
		}
		if c.Type == schema.String {
			return len(list), func(i int) driver.Value { return list[i] }, nil
		}
	case []float64:
		if c.Type == schema.Number {
			return len(list), func(i int) driver.Value { return toSQL(list[i], schema.Number) }, nil
		}
	}
	return 0, nil, badCond(c, cond)
}

// part writes Contains, StartsWith and EndsWith. They compare bytes: LIKE has
// wildcards and ignores case, and SQLite counts the characters of a text only
// up to the first NUL.
func (t *table) part(st *statement, name string, c *column, cond store.Cond, ids []string) error {
	if c.Type != schema.String || cond.Value == nil {
		return badCond(c, cond)
	}
	v, err := c.value(cond.Value, ids)
	if err != nil {
		return fmt.Errorf("sqlite: table %q: %w", t.name, err)
	}
	s, ok := v.(string)
	if !ok {
		return badCond(c, cond)
	}
	if s == "" {
		st.write(name, " is not null")
		return nil
	}
	blob, part := asBlob(name), []byte(s)
	if cond.Fold {
		blob, part = folded(name), lower(s)
	}
	if cond.Op == store.Contains {
		st.write("instr(", blob, ", ")
		st.param(part)
		st.write(") > 0")
		return nil
	}
	st.write("substr(", blob, ", ")
	if cond.Op == store.StartsWith {
		st.write("1, ")
		st.param(int64(len(s)))
	} else {
		st.param(int64(-len(s)))
	}
	st.write(") = ")
	st.param(part)
	return nil
}

func badCond(c *column, cond store.Cond) error {
	return fmt.Errorf("sqlite: operator %d cannot compare %s field %q with a %T", cond.Op, c.Type, c.Name, cond.Value)
}

var errNegative = errors.New("sqlite: negative limit or offset")
