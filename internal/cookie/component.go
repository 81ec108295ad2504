package cookie

import (
	"strings"
	"unicode/utf8"
)

const upperHex = "0123456789ABCDEF"

// EncodeComponent is ECMAScript's encodeURIComponent (ECMA-262 §19.2.6.4).
// url.QueryEscape differs in space, !, ', (, ) and *. Bytes that are not UTF-8,
// which a JavaScript string cannot hold, are encoded as U+FFFD.
func EncodeComponent(s string) string {
	if isUnreserved(s) {
		return s
	}
	return string(appendComponent(make([]byte, 0, len(s)+len(s)/2), s))
}

func appendComponent(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		b := s[i]
		switch {
		case isUnreservedByte(b):
			dst = append(dst, b)
			i++
		case b < utf8.RuneSelf:
			dst = appendEscape(dst, b)
			i++
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			var buf [utf8.UTFMax]byte
			for _, b := range utf8.AppendRune(buf[:0], r) {
				dst = appendEscape(dst, b)
			}
			i += size
		}
	}
	return dst
}

func appendEscape(dst []byte, b byte) []byte {
	return append(dst, '%', upperHex[b>>4], upperHex[b&15])
}

// isUnreserved reports whether encoding leaves s as it is.
func isUnreserved(s string) bool {
	for i := range len(s) {
		if !isUnreservedByte(s[i]) {
			return false
		}
	}
	return true
}

func isUnreservedByte(b byte) bool {
	return isAlphanumeric(b) || strings.IndexByte("-_.!~*'()", b) >= 0
}

// DecodeComponent is ECMAScript's decodeURIComponent (ECMA-262 §19.2.6.2). It
// reports false where that throws: an escape without two hexadecimal digits,
// or escapes that are not UTF-8. Everything else stands for itself.
func DecodeComponent(s string) (string, bool) {
	first := strings.IndexByte(s, '%')
	if first < 0 {
		return s, true
	}
	out := append(make([]byte, 0, len(s)), s[:first]...)
	for i := first; i < len(s); {
		if s[i] != '%' {
			out = append(out, s[i])
			i++
			continue
		}
		r, length := decodeEscapes(s[i:])
		if length == 0 {
			return "", false
		}
		out = utf8.AppendRune(out, r)
		i += length
	}
	return string(out), true
}

// decodeEscapes reads the character that the escapes at the start of s spell,
// and how long they are. Length 0: they spell none.
func decodeEscapes(s string) (r rune, length int) {
	var buf [utf8.UTFMax]byte
	for n := range buf {
		b, ok := decodeEscape(s[3*n:])
		if !ok {
			return 0, 0
		}
		buf[n] = b
		if utf8.FullRune(buf[:n+1]) {
			r, size := utf8.DecodeRune(buf[:n+1])
			if size != n+1 || r == utf8.RuneError && size == 1 {
				return 0, 0
			}
			return r, 3 * size
		}
	}
	return 0, 0
}

func decodeEscape(s string) (byte, bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	high, low := unhex(s[1]), unhex(s[2])
	return high<<4 | low, high < 16 && low < 16
}

// unhex returns the value of a hexadecimal digit, or 255.
func unhex(b byte) byte {
	switch {
	case '0' <= b && b <= '9':
		return b - '0'
	case 'a' <= b && b <= 'f':
		return b - 'a' + 10
	case 'A' <= b && b <= 'F':
		return b - 'A' + 10
	}
	return 255
}
