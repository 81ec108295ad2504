package jsjson

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// String returns the text of a JSON string without white space around it. Lone
// surrogates and bytes that are not UTF-8 become U+FFFD.
func String(raw []byte) (string, bool) {
	if len(raw) < 2 || raw[0] != '"' || scanString(raw, 0) != len(raw) {
		return "", false
	}
	return unquote(raw), true
}

// unquote returns the text of a string that scanString has accepted.
func unquote(raw []byte) string {
	inner := raw[1 : len(raw)-1]
	if isPlain(inner) {
		return string(inner)
	}
	text := make([]byte, 0, len(inner))
	for i := 0; i < len(inner); {
		switch c := inner[i]; {
		case c == '\\':
			r, size := unescape(inner, i)
			text = utf8.AppendRune(text, r)
			i += size
		case c < utf8.RuneSelf:
			text = append(text, c)
			i++
		default:
			r, size := decodeRune(inner[i:])
			text = utf8.AppendRune(text, r)
			i += size
		}
	}
	return string(text)
}

// isPlain reports whether the inside of a string stands for itself.
func isPlain(inner []byte) bool {
	return bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner)
}

// unescape returns the character of the escape at i, and how many bytes it takes: a
// pair of surrogates is one character. Lone ones become U+FFFD.
func unescape(text []byte, i int) (r rune, size int) {
	switch c := text[i+1]; c {
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		r, _ = hex4(text, i+2)
	default:
		return rune(c), 2
	}
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if i+7 < len(text) && text[i+6] == '\\' && text[i+7] == 'u' {
		low, _ := hex4(text, i+8)
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return utf8.RuneError, 6
}

// hex4 reads four hexadecimal digits.
func hex4(data []byte, i int) (r rune, ok bool) {
	if i+4 > len(data) {
		return 0, false
	}
	for _, c := range data[i : i+4] {
		switch {
		case isDigit(c):
			r = r<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// decodeRune is utf8.DecodeRune, except that ill-formed text counts as TextDecoder
// counts it: one U+FFFD for the longest start of a character that it has (Unicode
// §3.9, "Substitution of Maximal Subparts"), and not one for each byte.
func decodeRune[T []byte | string](text T) (r rune, size int) {
	var start [utf8.UTFMax]byte
	n := copy(start[:], text)
	r, size = utf8.DecodeRune(start[:n])
	if r != utf8.RuneError || size > 1 {
		return r, size
	}
	want, low, high := sequence(start[0])
	size = 1
	for size < min(want, n) && low <= start[size] && start[size] <= high {
		size++
		low, high = 0x80, 0xBF
	}
	return utf8.RuneError, size
}

// sequence returns how long the character is that starts with lead, and the range of
// its second byte (Unicode table 3-7).
func sequence(lead byte) (size int, low, high byte) {
	switch {
	case lead < 0xC2 || lead > 0xF4:
		return 1, 0, 0
	case lead < 0xE0:
		return 2, 0x80, 0xBF
	case lead == 0xE0:
		return 3, 0xA0, 0xBF
	case lead == 0xED:
		return 3, 0x80, 0x9F
	case lead < 0xF0:
		return 3, 0x80, 0xBF
	case lead == 0xF0:
		return 4, 0x90, 0xBF
	case lead == 0xF4:
		return 4, 0x80, 0x8F
	}
	return 4, 0x80, 0xBF
}
