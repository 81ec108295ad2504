package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strconv"
)

// CountTrue returns how many rows of a table have a true value in a column,
// which need not be one of its fields: plugins of Better Auth that this program
// does not have leave columns behind. A file without the column has none.
func (s *Store) CountTrue(ctx context.Context, name, column string) (int, error) {
	t, err := s.table(name)
	if err != nil {
		return 0, err
	}
	n := 0
	err = s.readers.use(ctx, func(c *conn) error {
		has := new(statement)
		has.write(`select count(*) from pragma_table_info(`)
		has.param(t.physical)
		has.write(`) where "name" = `)
		has.param(column)
		if n, err = c.number(ctx, has); err != nil || n == 0 {
			return err
		}
		count := new(statement)
		count.write(`select count(*) from `, quote(t.physical), ` where `, quote(column))
		n, err = c.number(ctx, count)
		return err
	})
	return n, explain(err)
}

// number runs a query of ours and returns the number that it finds.
func (c *conn) number(ctx context.Context, st *statement) (int, error) {
	n := 0
	err := c.query(ctx, st, func(values []driver.Value) (err error) {
		n, err = strconv.Atoi(fmt.Sprint(values[0]))
		return err
	})
	return n, err
}
