package sqlite

import (
	"database/sql/driver"

	"github.com/lockstep-auth/lockstep/store"
)

// OpenWith is Open with more pragmas for the connection that writes.
func OpenWith(path string, pragmas ...string) (*Store, error) { return open(path, pragmas) }

// ParseDate is what a text in a column of dates means, or nil.
func ParseDate(text string) any { return toDate(driver.Value(text)) }

// AppendJSON is how JSON is written.
func AppendJSON(dst []byte, v any) []byte { return appendJSON(dst, v) }

// EncodeURIComponent is JavaScript's.
func EncodeURIComponent(s string) string { return encodeURIComponent(s) }

// NearSQL is the statement that looks for the row of a query where it was found
// before.
func (s *Store) NearSQL(q store.Query) string {
	l, err := s.lookup(q)
	if err != nil || !l.place.known() {
		return ""
	}
	return string(l.near().text)
}

// Unpack reads an array that json_array has written.
func Unpack(array string, values []driver.Value) bool { return unpack(array, values) }
