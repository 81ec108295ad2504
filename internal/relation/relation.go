// Package relation decides in Go what a store's contract says of rows: which ones a
// Where selects, in which order they come, and what a JSON value is. It is for
// stores that cannot leave that to a database. The conditions are checked: their
// fields exist, and their values have the types of the fields.
package relation

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-auth/lockstep/store"
)

// Selects reports whether a Where without IDOf selects a row.
func Selects(w store.Where, r store.Record) bool {
	for _, c := range w.All {
		if !holds(c, r[c.Field]) {
			return false
		}
	}
	return len(w.Any) == 0 || slices.ContainsFunc(w.Any, func(c store.Cond) bool { return holds(c, r[c.Field]) })
}

func holds(c store.Cond, v any) bool {
	if c.Value == nil {
		return c.Op == store.Eq && v == nil || c.Op == store.Ne && v != nil
	}
	if v == nil {
		return false
	}
	want := c.Value
	if c.Fold {
		v, want = fold(v), fold(want)
	}
	text, _ := v.(string)
	part, _ := want.(string)
	switch c.Op {
	case store.Eq:
		return Compare(v, want) == 0
	case store.Ne:
		return Compare(v, want) != 0
	case store.Lt:
		return Compare(v, want) < 0
	case store.Lte:
		return Compare(v, want) <= 0
	case store.Gt:
		return Compare(v, want) > 0
	case store.Gte:
		return Compare(v, want) >= 0
	case store.In:
		return contains(want, v)
	case store.NotIn:
		return !contains(want, v)
	case store.Contains:
		return strings.Contains(text, part)
	case store.StartsWith:
		return strings.HasPrefix(text, part)
	case store.EndsWith:
		return strings.HasSuffix(text, part)
	default:
		return false
	}
}

// fold is Lower for a text, or for the texts of a list.
func fold(v any) any {
	switch v := v.(type) {
	case string:
		return Lower(v)
	case []string:
		out := make([]string, len(v))
		for i, s := range v {
			out[i] = Lower(s)
		}
		return out
	}
	return v
}

// Lower maps the ASCII letters of a text to lower case.
func Lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func contains(list, v any) bool {
	switch list := list.(type) {
	case []string:
		s, ok := v.(string)
		return ok && slices.Contains(list, s)
	case []float64:
		n, ok := v.(float64)
		return ok && slices.Contains(list, n)
	}
	return false
}

// Compare orders two values of the same scalar type; text by its bytes.
func Compare(a, b any) int {
	switch a := a.(type) {
	case string:
		b, _ := b.(string)
		return cmp.Compare(a, b)
	case float64:
		b, _ := b.(float64)
		return cmp.Compare(a, b)
	case time.Time:
		b, _ := b.(time.Time)
		return a.Compare(b)
	case bool:
		b, _ := b.(bool)
		switch {
		case a == b:
			return 0
		case b:
			return -1
		}
		return 1
	}
	return 0
}

// CompareNullable is Compare where null comes before everything.
func CompareNullable(a, b any) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return Compare(a, b)
}

// Order orders rows as a query asks for it. Rows that tie are equal.
func Order(q store.Query) func(a, b store.Record) int {
	return func(a, b store.Record) int {
		c := CompareNullable(a[q.SortBy], b[q.SortBy])
		if q.Descending {
			return -c
		}
		return c
	}
}

// Window cuts the rows that Offset and Limit leave, and what belongs to them.
func Window[T any](q store.Query, rows []T) []T {
	rows = rows[min(q.Offset, len(rows)):]
	if q.Limit > 0 {
		rows = rows[:min(q.Limit, len(rows))]
	}
	return rows
}
