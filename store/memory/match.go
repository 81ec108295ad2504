package memory

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-auth/lockstep/store"
)

// selects reports whether w selects a row. The conditions come from
// table.where, so that the types fit and the values of Fold are in lower case.
func selects(w store.Where, values store.Record) bool {
	for _, c := range w.All {
		if !holds(c, values[c.Field]) {
			return false
		}
	}
	return len(w.Any) == 0 || slices.ContainsFunc(w.Any, func(c store.Cond) bool {
		return holds(c, values[c.Field])
	})
}

func holds(c store.Cond, v any) bool {
	if c.Value == nil {
		return (c.Op == store.Eq && v == nil) || (c.Op == store.Ne && v != nil)
	}
	if v == nil {
		return false
	}
	s, _ := v.(string)
	if c.Fold {
		s = lower(s)
		v = s
	}
	switch c.Op {
	case store.Eq:
		return compare(v, c.Value) == 0
	case store.Ne:
		return compare(v, c.Value) != 0
	case store.Lt:
		return compare(v, c.Value) < 0
	case store.Lte:
		return compare(v, c.Value) <= 0
	case store.Gt:
		return compare(v, c.Value) > 0
	case store.Gte:
		return compare(v, c.Value) >= 0
	case store.In:
		return contains(c.Value, v)
	case store.NotIn:
		return !contains(c.Value, v)
	case store.Contains, store.StartsWith, store.EndsWith:
		return hasPart(c, s)
	default:
		return false
	}
}

func hasPart(c store.Cond, s string) bool {
	part, _ := c.Value.(string)
	switch c.Op {
	case store.StartsWith:
		return strings.HasPrefix(s, part)
	case store.EndsWith:
		return strings.HasSuffix(s, part)
	default:
		return strings.Contains(s, part)
	}
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

// compare orders two values of the same scalar type.
func compare(a, b any) int {
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

// compareNullable is compare where null comes before everything.
func compareNullable(a, b any) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return compare(a, b)
}
