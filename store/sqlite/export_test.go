package sqlite

import "database/sql/driver"

// OpenWith is Open with more pragmas for the connection that writes.
func OpenWith(path string, pragmas ...string) (*Store, error) { return open(path, pragmas) }

// ParseDate is what a text in a column of dates means, or nil.
func ParseDate(text string) any { return toDate(driver.Value(text)) }

// AppendJSON is how JSON is written.
func AppendJSON(dst []byte, v any) []byte { return appendJSON(dst, v) }

// EncodeURIComponent is JavaScript's.
func EncodeURIComponent(s string) string { return encodeURIComponent(s) }
