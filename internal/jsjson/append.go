package jsjson

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// AppendString appends s as JSON.stringify writes it: \" \\ \b \f \n \r \t, other
// control characters as \u00xx in lower case, everything else raw, U+2028 and <
// included. Bytes that are not UTF-8 become U+FFFD.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0 // of what is not yet copied
	for i := 0; i < len(s); {
		c := s[i]
		if ' ' <= c && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		size := 1
		if c >= utf8.RuneSelf {
			var r rune
			if r, size = decodeRune(s[i:]); r != utf8.RuneError {
				i += size
				continue
			}
		}
		dst = append(dst, s[start:i]...)
		dst = appendEscape(dst, c)
		i += size
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// appendEscape appends what stands for a character that starts with c and cannot stand
// for itself.
func appendEscape(dst []byte, c byte) []byte {
	if c >= utf8.RuneSelf {
		return append(dst, "\uFFFD"...)
	}
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
}

// AppendNumber appends f as JSON.stringify writes it: the shortest digits that give
// f back, with an exponent below 1e-6 and from 1e21 (ECMAScript Number::toString).
// -0 is 0; NaN and the infinities are null.
func AppendNumber(dst []byte, f float64) []byte {
	const exactInt = 1 << 53
	switch abs := math.Abs(f); {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return append(dst, "null"...)
	case abs < exactInt && f == math.Trunc(f):
		return strconv.AppendInt(dst, int64(f), 10)
	case abs >= 1e-6 && abs < 1e21:
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	// Go pads the exponent to two digits, e-07; JavaScript does not.
	if n := len(dst); n-start >= 4 && dst[n-2] == '0' && (dst[n-3] == '-' || dst[n-3] == '+') {
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}

// AppendTime appends t as JSON.stringify writes a Date: quoted, in UTC, with exactly
// three digits of milliseconds, further digits cut off. Years outside 0000 to 9999
// have a sign and six digits; times that a Date cannot hold are null.
func AppendTime(dst []byte, t time.Time) []byte {
	const maxDate = 8_640_000_000_000 // seconds from 1970, ECMAScript "Time Values and Time Range"
	ms := t.Nanosecond() / int(time.Millisecond)
	if sec := t.Unix(); sec < -maxDate || sec > maxDate || sec == maxDate && ms > 0 {
		return append(dst, "null"...)
	}
	t = t.UTC()
	year, month, day := t.Date()
	dst = append(dst, '"')
	switch {
	case year < 0:
		dst = appendDigits(append(dst, '-'), -year, 6)
	case year > 9999:
		dst = appendDigits(append(dst, '+'), year, 6)
	default:
		dst = appendDigits(dst, year, 4)
	}
	dst = appendDigits(append(dst, '-'), int(month), 2)
	dst = appendDigits(append(dst, '-'), day, 2)
	dst = appendDigits(append(dst, 'T'), t.Hour(), 2)
	dst = appendDigits(append(dst, ':'), t.Minute(), 2)
	dst = appendDigits(append(dst, ':'), t.Second(), 2)
	dst = appendDigits(append(dst, '.'), ms, 3)
	return append(dst, 'Z', '"')
}

func appendDigits(dst []byte, n, width int) []byte {
	start := len(dst)
	for range width {
		dst = append(dst, '0')
	}
	for i := start + width - 1; i >= start; i-- {
		dst[i] = byte('0' + n%10)
		n /= 10
	}
	return dst
}

// AppendValue appends v: nil, string, bool, float64, int, int64, time.Time,
// []string, []float64, []any, map[string]any (keys sorted, since Go keeps no order)
// or json.RawMessage, which is copied as it is. Nil slices and maps are null. It
// panics on any other type.
func AppendValue(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case string:
		return AppendString(dst, v)
	case bool:
		return strconv.AppendBool(dst, v)
	case float64:
		return AppendNumber(dst, v)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case time.Time:
		return AppendTime(dst, v)
	case json.RawMessage:
		if v == nil {
			return append(dst, "null"...)
		}
		return append(dst, v...)
	case []string:
		return appendArray(dst, v, AppendString)
	case []float64:
		return appendArray(dst, v, AppendNumber)
	case []any:
		return appendArray(dst, v, AppendValue)
	case map[string]any:
		return appendObject(dst, v)
	}
	panic(fmt.Sprintf("jsjson: cannot write a value of type %T", v))
}

func appendArray[T any](dst []byte, list []T, appendOne func([]byte, T) []byte) []byte {
	if list == nil {
		return append(dst, "null"...)
	}
	dst = append(dst, '[')
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendOne(dst, v)
	}
	return append(dst, ']')
}

func appendObject(dst []byte, object map[string]any) []byte {
	if object == nil {
		return append(dst, "null"...)
	}
	dst = append(dst, '{')
	for i, key := range slices.Sorted(maps.Keys(object)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(AppendString(dst, key), ':')
		dst = AppendValue(dst, object[key])
	}
	return append(dst, '}')
}
