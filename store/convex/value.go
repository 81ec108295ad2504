package convex

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/lockstep-auth/lockstep/internal/relation"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

// The dates that every store can hold: the years that JavaScript writes with
// four digits.
const (
	firstYear = 0
	lastYear  = 9999
)

// check returns a checked copy of a value for the field, or of the IDOf of an
// earlier operation. The errors name the field, and never quote the value.
func (f *field) check(v any, earlier []store.Op) (any, error) {
	if ref, ok := v.(store.IDOf); ok {
		if ref < 0 || int(ref) >= len(earlier) || earlier[ref].Verb != store.Create {
			return nil, fmt.Errorf("IDOf(%d) is not an earlier Create", int(ref))
		}
		if f.Type != schema.String {
			return nil, fmt.Errorf("field %q is a %s and cannot hold an id", f.Name, f.Type)
		}
		return v, nil
	}
	if err := f.Check(v); err != nil {
		return nil, err
	}
	form := normal
	if f.Type == schema.JSON {
		form = normalJSON
	}
	out, ok := form(v)
	if !ok {
		return nil, fmt.Errorf("field %q cannot hold this %T", f.Name, v)
	}
	return out, nil
}

// normal returns a copy of a value in the form that a database gives back, if
// a database can: finite numbers without -0, dates of four-digit years in whole
// milliseconds, valid UTF-8, and what encoding/json makes of a text.
func normal(v any) (any, bool) {
	switch v := v.(type) {
	case nil, bool:
		return v, true
	case string:
		return v, utf8.ValidString(v)
	case float64:
		return v + 0, relation.IsFinite(v)
	case time.Time:
		ms := store.Millis(v)
		return ms, inRange(ms)
	case []string:
		return append([]string{}, v...), !slices.ContainsFunc(v, func(s string) bool { return !utf8.ValidString(s) })
	case []float64:
		return append([]float64{}, v...), !slices.ContainsFunc(v, func(n float64) bool { return !relation.IsFinite(n) })
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			var ok bool
			if out[i], ok = normalJSON(e); !ok {
				return nil, false
			}
		}
		return out, true
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			var ok bool
			if out[k], ok = normalJSON(e); !ok || !utf8.ValidString(k) {
				return nil, false
			}
		}
		return out, true
	}
	return nil, false
}

// normalJSON is normal for a value inside a JSON value.
func normalJSON(v any) (any, bool) {
	switch v.(type) {
	case nil, bool, string, float64, []any, map[string]any:
		return normal(v)
	}
	return nil, false
}

// checkList returns a checked copy of the list of an In or NotIn.
func checkList(v any, f *field) (any, bool) {
	switch v.(type) {
	case []string:
		if f.Type != schema.String {
			return v, false
		}
	case []float64:
		if f.Type != schema.Number {
			return v, false
		}
	default:
		return v, false
	}
	out, ok := normal(v)
	if !ok {
		return v, false
	}
	return out, true
}

func inRange(t time.Time) bool { return firstYear <= t.Year() && t.Year() <= lastYear }

// encode returns a checked value as Convex keeps it. Text and booleans are the
// same on both sides.
func (f *field) encode(v any) (any, error) {
	switch v := v.(type) {
	case time.Time:
		return float64(v.UnixMilli()), nil
	case []float64:
		out := make([]any, len(v))
		for i, n := range v {
			out[i] = n
		}
		return out, nil
	}
	if f.Type != schema.JSON || v == nil {
		return v, nil
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("convex: field %q: not JSON", f.Name) // the error would quote the value
	}
	return strings.TrimSuffix(text.String(), "\n"), nil
}

// decode is the reverse of encode, for what any program may have written.
func (f *field) decode(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	var out any
	var ok bool
	switch f.Type {
	case schema.String:
		out, ok = v.(string)
	case schema.Bool:
		out, ok = v.(bool)
	case schema.Number:
		out, ok = decodeNumber(v)
	case schema.Date:
		out, ok = decodeDate(v)
	case schema.JSON:
		out, ok = decodeJSON(v)
	case schema.Strings:
		out, ok = decodeList[string](v)
	case schema.Numbers:
		out, ok = decodeList[float64](v)
	}
	if !ok {
		return nil, fmt.Errorf("the document has a %T that is no %s", v, f.Type)
	}
	return out, nil
}

// decodeNumber takes int64 too, which a schema can ask for (v.int64).
func decodeNumber(v any) (any, bool) {
	if n, ok := v.(int64); ok {
		return float64(n), true
	}
	n, ok := v.(float64)
	return n + 0, ok
}

func decodeDate(v any) (any, bool) {
	n, ok := decodeNumber(v)
	ms := math.Floor(n.(float64)) // decodeNumber returns no other type
	if !ok || math.IsNaN(ms) || math.Abs(ms) > 1<<53 {
		return nil, false
	}
	t := time.UnixMilli(int64(ms)).UTC()
	return t, inRange(t)
}

func decodeJSON(v any) (any, bool) {
	text, ok := v.(string)
	if !ok {
		return nil, false
	}
	var out any
	err := json.Unmarshal([]byte(text), &out)
	return out, err == nil
}

func decodeList[T any](v any) ([]T, bool) {
	list, ok := v.([]any)
	out := make([]T, len(list))
	for i, e := range list {
		item, isT := e.(T)
		out[i], ok = item, ok && isT
	}
	return out, ok
}

// document returns the fields of a checked record as the columns of a document.
// An IDOf is passed through ref.
func (t *table) document(r store.Record, ref func(store.IDOf) any) (map[string]any, error) {
	doc := make(map[string]any, len(r))
	for name, v := range r {
		f := t.byName[name]
		if id, ok := v.(store.IDOf); ok {
			doc[f.column] = ref(id)
			continue
		}
		var err error
		if doc[f.column], err = f.encode(v); err != nil {
			return nil, err
		}
	}
	return doc, nil
}

// record returns a document with an id as a row: every field of the table, and
// nothing else.
func (t *table) record(id any, doc map[string]any) (store.Record, error) {
	text, ok := id.(string)
	if !ok || text == "" {
		return nil, errors.New("convex: a document of table " + t.name + " came without its id")
	}
	r := store.Record{"id": text}
	for _, f := range t.fields[1:] {
		v, err := f.decode(doc[f.column])
		if err != nil {
			return nil, fmt.Errorf("convex: field %q of table %q: %w", f.Name, t.name, err)
		}
		r[f.Name] = v
	}
	return r, nil
}
