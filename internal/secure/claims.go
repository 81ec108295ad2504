package secure

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"
)

// currentClaims reports whether claims is a JSON object in UTF-8 whose exp, nbf and
// iat, where present, are numbers, and whether now, give or take tolerance, is before
// exp and not before nbf (RFC 7519 §4.1). It rules as jose's jwtVerify does: now is
// cut to whole seconds, exp is too late at the very second, iat may lie in the future.
//
// It looks at authentic text only, so it checks no more of the other members than it
// needs to step over them.
func currentClaims(claims []byte, now time.Time, tolerance time.Duration) bool {
	var exp, nbf, iat claimDate
	ok := utf8.Valid(claims) && eachMember(claims, func(key, value []byte) {
		switch string(unescapeKey(key)) {
		case `"exp"`:
			exp = readDate(value)
		case `"nbf"`:
			nbf = readDate(value)
		case `"iat"`:
			iat = readDate(value)
		}
	})
	if !ok || exp.invalid || nbf.invalid || iat.invalid {
		return false
	}
	seconds, slack := float64(now.Unix()), tolerance.Seconds()
	if exp.present && exp.seconds <= seconds-slack {
		return false
	}
	return !nbf.present || nbf.seconds <= seconds+slack
}

// A claimDate is a NumericDate: seconds since 1970, not always whole.
type claimDate struct {
	seconds          float64
	present, invalid bool
}

func readDate(raw []byte) claimDate {
	if seconds, ok := shortWhole(raw); ok {
		return claimDate{seconds: float64(seconds), present: true}
	}
	if !json.Valid(raw) || raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
		return claimDate{invalid: true}
	}
	// A number out of range is infinite, as in JavaScript.
	seconds, _ := strconv.ParseFloat(string(raw), 64)
	return claimDate{seconds: seconds, present: true}
}

// shortWhole reads a whole number of up to 15 digits, which a float64 holds, as all
// dates of ours are. What it does not take may still be a number.
func shortWhole(raw []byte) (n int64, ok bool) {
	if len(raw) == 0 || len(raw) > 15 || raw[0] == '0' {
		return 0, false
	}
	for _, b := range raw {
		if b < '0' || b > '9' {
			return 0, false
		}
		n = n*10 + int64(b-'0')
	}
	return n, true
}

// unescapeKey returns a quoted key without escapes that it does not need.
func unescapeKey(key []byte) []byte {
	if bytes.IndexByte(key, '\\') < 0 {
		return key
	}
	var text string
	if json.Unmarshal(key, &text) != nil {
		return key
	}
	return []byte(`"` + text + `"`)
}

// eachMember calls visit with the quoted key and the raw value of each member of a
// JSON object, in order. It reports whether data has the shape of one object.
func eachMember(data []byte, visit func(key, value []byte)) bool {
	i := skipSpace(data, 0)
	if !byteAt(data, i, '{') {
		return false
	}
	i = skipSpace(data, i+1)
	if byteAt(data, i, '}') {
		return skipSpace(data, i+1) == len(data)
	}
	for {
		keyEnd := skipString(data, i)
		colon := skipSpace(data, keyEnd)
		if !byteAt(data, colon, ':') {
			return false
		}
		start := skipSpace(data, colon+1)
		end := skipValue(data, start)
		if end <= start {
			return false
		}
		visit(data[i:keyEnd], data[start:end])
		next := skipSpace(data, end)
		switch {
		case byteAt(data, next, ','):
			i = skipSpace(data, next+1)
		default:
			return byteAt(data, next, '}') && skipSpace(data, next+1) == len(data)
		}
	}
}

// skipValue returns the position behind the value at i. Text that is not a value
// leads to len(data) or a position where no member can end.
func skipValue(data []byte, i int) int {
	if byteAt(data, i, '"') {
		return skipString(data, i)
	}
	for depth := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			i = skipString(data, i) - 1
		case '{', '[':
			depth++
		case '}', ']':
			depth--
			if depth <= 0 {
				return i + depth + 1 // the bracket belongs to the value only if it opened one
			}
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return i
			}
		}
	}
	return i
}

// skipString returns the position behind the string at i, or len(data).
func skipString(data []byte, i int) int {
	if !byteAt(data, i, '"') {
		return len(data)
	}
	for i++; ; i++ {
		n := bytes.IndexByte(data[i:], '"')
		if n < 0 {
			return len(data)
		}
		// The quote ends the string unless an odd number of backslashes precedes it.
		text := data[i : i+n]
		i += n
		if (len(text)-len(bytes.TrimRight(text, `\`)))%2 == 0 {
			return i + 1
		}
	}
}

func skipSpace(data []byte, i int) int {
	for i < len(data) && (data[i] == ' ' || data[i] == '\n' || data[i] == '\r' || data[i] == '\t') {
		i++
	}
	return i
}

func byteAt(data []byte, i int, c byte) bool { return i < len(data) && data[i] == c }
