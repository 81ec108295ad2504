package jsjson

import (
	"encoding/binary"
	"math/bits"
)

// The scanners below take text and the position where something starts, and return
// the position behind it, or -1 when it is not well-formed.

// scanValue scans any value, with depth levels of nesting around it.
func scanValue(data []byte, i, depth int) int {
	if i >= len(data) {
		return -1
	}
	switch c := data[i]; c {
	case '"':
		return scanString(data, i)
	case '{':
		return scanObject(data, i, depth+1)
	case '[':
		return scanArray(data, i, depth+1)
	case 't':
		return scanWord(data, i, "true")
	case 'f':
		return scanWord(data, i, "false")
	case 'n':
		return scanWord(data, i, "null")
	default:
		return scanNumber(data, i)
	}
}

func scanObject(data []byte, i, depth int) int {
	if depth > maxDepth {
		return -1
	}
	i = skipSpace(data, i+1)
	if i < len(data) && data[i] == '}' {
		return i + 1
	}
	for {
		_, value := scanMember(data, i)
		if value < 0 {
			return -1
		}
		i = scanValue(data, value, depth)
		if i < 0 {
			return -1
		}
		next, more := scanNext(data, i, '}')
		if !more {
			return next
		}
		i = next
	}
}

func scanArray(data []byte, i, depth int) int {
	if depth > maxDepth {
		return -1
	}
	i = skipSpace(data, i+1)
	if i < len(data) && data[i] == ']' {
		return i + 1
	}
	for {
		i = scanValue(data, i, depth)
		if i < 0 {
			return -1
		}
		next, more := scanNext(data, i, ']')
		if !more {
			return next
		}
		i = next
	}
}

// scanMember scans a key and the colon: the key ends at keyEnd, its value starts at
// value.
func scanMember(data []byte, i int) (keyEnd, value int) {
	if i >= len(data) || data[i] != '"' {
		return -1, -1
	}
	keyEnd = scanString(data, i)
	if keyEnd < 0 {
		return -1, -1
	}
	i = skipSpace(data, keyEnd)
	if i >= len(data) || data[i] != ':' {
		return -1, -1
	}
	return keyEnd, skipSpace(data, i+1)
}

// scanNext scans what follows an element: a comma, then next is where the next
// element starts, or the closing bracket, then next is the position behind it.
func scanNext(data []byte, i int, closing byte) (next int, more bool) {
	i = skipSpace(data, i)
	if i >= len(data) {
		return -1, false
	}
	switch data[i] {
	case ',':
		return skipSpace(data, i+1), true
	case closing:
		return i + 1, false
	}
	return -1, false
}

func scanString(data []byte, i int) int {
	i++
	for {
		i += plainLen(data[i:])
		if i >= len(data) {
			return -1
		}
		switch data[i] {
		case '"':
			return i + 1
		case '\\':
			i = scanEscape(data, i)
			if i < 0 {
				return -1
			}
		default: // a control character
			return -1
		}
	}
}

func scanEscape(data []byte, i int) int {
	if i+1 >= len(data) {
		return -1
	}
	switch data[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		if _, ok := hex4(data, i+2); ok {
			return i + 6
		}
	}
	return -1
}

// plainLen returns how many bytes at the start of data can stand in a string as they
// are: it ends at a quote, a backslash or a control character.
func plainLen(data []byte) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	n := 0
	for ; n+8 <= len(data); n += 8 {
		w := binary.LittleEndian.Uint64(data[n:])
		quote, slash := w^'"'*ones, w^'\\'*ones
		// (x-1)&^x has the high bit set in each byte of x that is zero, w-0x20 in
		// each byte of w below a space. A borrow sets more bits, but only above a
		// true one, and the lowest is the first byte.
		hits := ((quote-ones)&^quote | (slash-ones)&^slash | (w-' '*ones)&^w) & highs
		if hits != 0 {
			return n + bits.TrailingZeros64(hits)/8
		}
	}
	for n < len(data) && data[n] >= ' ' && data[n] != '"' && data[n] != '\\' {
		n++
	}
	return n
}

func scanNumber(data []byte, i int) int {
	if i < len(data) && data[i] == '-' {
		i++
	}
	switch {
	case i < len(data) && data[i] == '0':
		i++
	default:
		if i = scanDigits(data, i); i < 0 {
			return -1
		}
	}
	if i < len(data) && data[i] == '.' {
		if i = scanDigits(data, i+1); i < 0 {
			return -1
		}
	}
	if i < len(data) && data[i]|0x20 == 'e' {
		i++
		if i < len(data) && (data[i] == '+' || data[i] == '-') {
			i++
		}
		return scanDigits(data, i)
	}
	return i
}

// scanDigits scans one digit or more.
func scanDigits(data []byte, i int) int {
	start := i
	for i < len(data) && isDigit(data[i]) {
		i++
	}
	if i == start {
		return -1
	}
	return i
}

func scanWord(data []byte, i int, word string) int {
	end := i + len(word)
	if end > len(data) || string(data[i:end]) != word {
		return -1
	}
	return end
}

func skipSpace(data []byte, i int) int {
	for i < len(data) && (data[i] == ' ' || data[i] == '\n' || data[i] == '\r' || data[i] == '\t') {
		i++
	}
	return i
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
