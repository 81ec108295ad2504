package sqlite

import (
	"crypto/rand"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/lockstep-auth/lockstep/internal/relation"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

// isoMillis is Date.prototype.toISOString of JavaScript, for the years 0 to
// 9999. Such texts sort as the times do.
const isoMillis = "2006-01-02T15:04:05.000Z"

// scalar reports whether values of the type can be compared.
func scalar(t schema.Type) bool {
	return t != schema.JSON && t != schema.Strings && t != schema.Numbers
}

// value returns a checked copy of a value that comes from the caller. The ids
// are those that IDOf may refer to.
func (c *column) value(v any, ids []string) (any, error) {
	if ref, ok := v.(store.IDOf); ok {
		if ref < 0 || int(ref) >= len(ids) || ids[ref] == "" {
			return nil, fmt.Errorf("IDOf(%d) is not an earlier Create", int(ref))
		}
		v = ids[ref]
	}
	if err := c.Check(v); err != nil {
		return nil, err
	}
	if c.Type == schema.JSON {
		if !relation.IsJSON(v) {
			return nil, fmt.Errorf("field %q cannot hold this %T", c.Name, v)
		}
		return relation.Clone(v), nil
	}
	switch v := v.(type) {
	case float64:
		if !relation.IsFinite(v) {
			return nil, fmt.Errorf("field %q cannot hold %v", c.Name, v)
		}
	case time.Time:
		ms := store.Millis(v)
		if y := ms.Year(); y < 0 || y > 9999 {
			return nil, fmt.Errorf("field %q cannot hold the year %d", c.Name, y)
		}
		return ms, nil
	case []float64:
		if slices.ContainsFunc(v, func(n float64) bool { return !relation.IsFinite(n) }) {
			return nil, fmt.Errorf("field %q cannot hold NaN or infinity", c.Name)
		}
	}
	return relation.Clone(v), nil
}

// toSQL returns what SQLite keeps for a value that was checked.
func toSQL(v any, t schema.Type) driver.Value {
	if v == nil {
		return nil
	}
	if !scalar(t) {
		return string(appendJSON(nil, v))
	}
	switch v := v.(type) {
	case bool:
		if v {
			return int64(1)
		}
		return int64(0)
	case float64:
		// Whole numbers as integers, as JavaScript has no other kind.
		if n := int64(v); math.Abs(v) < 1<<63 && float64(n) == v {
			return n
		}
		return v
	case time.Time:
		return v.Format(isoMillis)
	}
	return v
}

// fromSQL returns the value of a field that SQLite keeps as v. It accepts what
// other programs write: dates in milliseconds, numbers as text, and so on.
func (c *column) fromSQL(v driver.Value) (any, error) {
	if v == nil {
		return nil, nil
	}
	if b, ok := v.([]byte); ok {
		v = string(b)
	}
	var out any
	switch c.Type {
	case schema.String:
		out = toText(v)
	case schema.Number:
		out = toNumber(v)
	case schema.Bool:
		out = toBool(v)
	case schema.Date:
		out = toDate(v)
	case schema.JSON:
		return toJSON(v), nil
	case schema.Strings:
		return toList[string](v), nil
	case schema.Numbers:
		return toList[float64](v), nil
	}
	if out == nil {
		return nil, fmt.Errorf("column %q holds a %T that is not a %s", c.physical, v, c.Type)
	}
	return out, nil
}

// The functions below return nil for what they cannot understand.

func toText(v driver.Value) any {
	switch v := v.(type) {
	case string:
		return v
	case int64: // ids of the "serial" kind
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return nil
}

func toNumber(v driver.Value) any {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case float64:
		return v
	case string:
		if n, err := strconv.ParseFloat(v, 64); err == nil && relation.IsFinite(n) {
			return n
		}
	}
	return nil
}

// toBool follows upstream, for which only 1 is true.
func toBool(v driver.Value) any {
	switch v := v.(type) {
	case int64:
		return v == 1
	case float64:
		return v == 1
	case string:
		switch v {
		case "1", "true":
			return true
		case "0", "false":
			return false
		}
	}
	return nil
}

func toDate(v driver.Value) any {
	switch v := v.(type) {
	case int64:
		return time.UnixMilli(v).UTC()
	case float64:
		return time.UnixMilli(int64(v)).UTC()
	case string:
		// The last two are what CURRENT_TIMESTAMP and CURRENT_DATE write.
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999", time.DateOnly} {
			if t, err := time.Parse(layout, v); err == nil {
				return store.Millis(t)
			}
		}
	}
	return nil
}

// toJSON follows upstream, for which a text that does not parse is null.
func toJSON(v driver.Value) any {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case float64:
		return v
	case string:
		var out any
		if json.Unmarshal([]byte(v), &out) == nil {
			return out
		}
	}
	return nil
}

func toList[T any](v driver.Value) any {
	text, ok := v.(string)
	if !ok {
		return nil
	}
	var out []T
	if json.Unmarshal([]byte(text), &out) != nil || out == nil {
		return nil
	}
	return out
}

// newID returns 32 random letters and digits, as Better Auth makes them.
func newID() string {
	const chars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	const fair = 256 - 256%len(chars) // bytes from here on would favour the first letters
	id := make([]byte, 0, 32)
	var buf [48]byte
	for len(id) < cap(id) {
		rand.Read(buf[:]) // never fails
		for _, b := range buf {
			if int(b) < fair && len(id) < cap(id) {
				id = append(id, chars[int(b)%len(chars)])
			}
		}
	}
	return string(id)
}
