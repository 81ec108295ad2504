package convex

import (
	"encoding/binary"
	"strings"
)

// idAlphabet is Crockford's base 32 in lower case, in which Convex writes ids.
const idAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// Sizes of an id in bytes: the number of its table as a varint, a random part
// and a checksum (convex-backend, crates/value/src/id_v6.rs).
const (
	idRandom   = 16
	idChecksum = 2
	maxVarint  = 5
)

// An id is taken apart only to see that it is one: createApi throws for a text
// that is no id, and a text from a client can be anything. tableOf returns the
// number of the table that an id is of. It accepts only what Convex makes.
func tableOf(id string) (uint32, bool) {
	b, ok := decodeBase32(id)
	if !ok {
		return 0, false
	}
	n, size := binary.Uvarint(b[:min(len(b), maxVarint)])
	if size <= 0 || n == 0 || n > 1<<32-1 || len(b) != size+idRandom+idChecksum {
		return 0, false
	}
	if size > 1 && b[size-1] == 0 { // a longer form of the same number
		return 0, false
	}
	body := b[:size+idRandom]
	if fletcher16(body) != binary.LittleEndian.Uint16(b[len(body):]) {
		return 0, false
	}
	return uint32(n), true
}

// decodeBase32 reads text of the alphabet. Bits that are left over are zero.
func decodeBase32(s string) ([]byte, bool) {
	const longest = 37 // characters: a table number of 5 bytes
	if len(s) > longest {
		return nil, false
	}
	out := make([]byte, 0, len(s)*5/8)
	var acc uint // of fewer than 13 bits
	bits := 0
	for i := range len(s) {
		v := strings.IndexByte(idAlphabet, s[i])
		if v < 0 {
			return nil, false
		}
		acc, bits = acc<<5|uint(v), bits+5
		if bits >= 8 {
			bits -= 8
			out = append(out, byte(acc>>bits)) //nolint:gosec // 8 bits are left
			acc &= 1<<bits - 1
		}
	}
	return out, acc == 0 && bits < 5
}

// fletcher16 is the checksum in an id: two sums modulo 256.
func fletcher16(b []byte) uint16 {
	var c0, c1 byte
	for _, v := range b {
		c0 += v
		c1 += c0
	}
	return uint16(c1)<<8 | uint16(c0)
}
