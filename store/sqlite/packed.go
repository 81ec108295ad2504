package sqlite

import (
	"database/sql/driver"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/lockstep-auth/lockstep/schema"
)

// For each column of each answer the driver takes five locks and copies a name, a
// type and a value, which takes a third of the time of a query for a session. So
// the row that is found at a place comes as one JSON array. Whatever that cannot
// say exactly, the usual statement is asked for.

var errNotPacked = errors.New("sqlite: a row that does not come as JSON")

// packs reports whether SQLite writes columns to JSON as they are. A number can
// come out with another last digit.
func packs(columns []*column) bool {
	return !slices.ContainsFunc(columns, func(c *column) bool { return c.Type == schema.Number || c.Type == schema.JSON })
}

// isPacked reports whether near returns the row as JSON.
func (l *lookup) isPacked() bool { return l.table.packs && (!l.joined || l.other.packs) }

// packed writes SELECT with the columns of the row, and of what comes along.
func (l *lookup) packed(st *statement) {
	st.write("select json_array(", l.table.bare("a."))
	if l.joined {
		st.write(", ", l.other.bare("b."))
	}
	st.write(")", unnamed)
}

// bare returns the columns in order.
func (t *table) bare(prefix string) string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = prefix + c.quoted
	}
	return strings.Join(names, ", ")
}

// unpacked returns the function that takes up rows of near.
func (l *lookup) unpacked(each func([]driver.Value) error) func([]driver.Value) error {
	if !l.isPacked() {
		return each
	}
	n := len(l.table.columns)
	if l.joined {
		n += len(l.other.columns)
	}
	return func(row []driver.Value) error {
		values := make([]driver.Value, n)
		if text, ok := row[0].(string); !ok || !unpack(text, values) {
			return errNotPacked
		}
		return each(values)
	}
}

// unpack reads what json_array has written. It takes texts, integers and null,
// and as many as there are values.
func unpack(array string, values []driver.Value) bool {
	rest, ok := strings.CutPrefix(array, "[")
	for i := range values {
		if i > 0 && ok {
			rest, ok = strings.CutPrefix(rest, ",")
		}
		if !ok {
			return false
		}
		values[i], rest, ok = unpackValue(rest)
	}
	return ok && rest == "]"
}

// unpackValue reads the value at the start of s, and returns what comes after it.
func unpackValue(s string) (v driver.Value, rest string, ok bool) {
	if rest, ok = strings.CutPrefix(s, "null"); ok {
		return nil, rest, true
	}
	if strings.HasPrefix(s, `"`) {
		return unpackText(s)
	}
	end := strings.IndexAny(s, ",]")
	if end < 0 {
		return nil, "", false
	}
	n, err := strconv.ParseInt(s[:end], 10, 64)
	return n, s[end:], err == nil && strconv.FormatInt(n, 10) == s[:end]
}

func unpackText(s string) (v driver.Value, rest string, ok bool) {
	text, rest, ok := strings.Cut(s[1:], `"`)
	if ok && strings.IndexByte(text, '\\') < 0 {
		return text, rest, true
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			token := s[:i+1]
			ok := utf8.ValidString(token) && json.Unmarshal([]byte(token), &text) == nil
			return text, s[i+1:], ok
		}
	}
	return nil, "", false
}
