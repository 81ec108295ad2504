package relation

import (
	"math"
	"slices"
)

// IsFinite reports whether a row can hold the number.
func IsFinite(n float64) bool { return !math.IsNaN(n) && !math.IsInf(n, 0) }

// IsJSON reports whether v is what encoding/json makes of a text.
func IsJSON(v any) bool {
	switch v := v.(type) {
	case nil, string, bool:
		return true
	case float64:
		return IsFinite(v)
	case []any:
		return !slices.ContainsFunc(v, func(e any) bool { return !IsJSON(e) })
	case map[string]any:
		for _, e := range v {
			if !IsJSON(e) {
				return false
			}
		}
		return true
	}
	return false
}

// Clone copies a value deeply.
func Clone(v any) any {
	switch v := v.(type) {
	case []string:
		return append([]string{}, v...)
	case []float64:
		return append([]float64{}, v...)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = Clone(e)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = Clone(e)
		}
		return out
	}
	return v
}
