package sqlite

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// appendJSON writes a value as JSON.stringify does: without escapes for HTML
// or U+2028, and with JavaScript's numbers. Members are in order of their name.
func appendJSON(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case bool:
		return strconv.AppendBool(dst, v)
	case float64:
		return appendNumber(dst, v)
	case string:
		return appendString(dst, v)
	case []string:
		return appendList(dst, v, appendString)
	case []float64:
		return appendList(dst, v, appendNumber)
	case []any:
		return appendList(dst, v, appendJSON)
	case map[string]any:
		dst = append(dst, '{')
		for i, k := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendString(dst, k), ':')
			dst = appendJSON(dst, v[k])
		}
		return append(dst, '}')
	}
	panic("sqlite: value was not checked")
}

func appendList[T any](dst []byte, list []T, one func([]byte, T) []byte) []byte {
	dst = append(dst, '[')
	for i, e := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = one(dst, e)
	}
	return append(dst, ']')
}

// appendNumber writes Number.prototype.toString (ECMA-262, Number::toString).
func appendNumber(dst []byte, n float64) []byte {
	if n == 0 {
		return append(dst, '0') // also for -0
	}
	if abs := math.Abs(n); abs >= 1e-6 && abs < 1e21 {
		return strconv.AppendFloat(dst, n, 'f', -1, 64)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, n, 'e', -1, 64)
	// Go writes at least two digits of exponent, JavaScript does not.
	if e := len(dst) - 2; e > start && dst[e] == '0' && (dst[e-1] == '-' || dst[e-1] == '+') {
		dst = slices.Delete(dst, e, e+1)
	}
	return dst
}

func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, r := range s { // invalid UTF-8 becomes U+FFFD
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\b':
			dst = append(dst, '\\', 'b')
		case r == '\f':
			dst = append(dst, '\\', 'f')
		case r == '\n':
			dst = append(dst, '\\', 'n')
		case r == '\r':
			dst = append(dst, '\\', 'r')
		case r == '\t':
			dst = append(dst, '\\', 't')
		case r < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}
