package secure

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
)

const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// Token returns n random characters from [a-zA-Z0-9], about 5.95 bits each: row
// ids, session tokens, reset tokens. It panics when n is below 1.
func Token(n int) string {
	return RandomString(n, alphanumeric)
}

// RandomString returns n bytes, each drawn uniformly from alphabet. It panics
// when n is below 1 or the alphabet has fewer than 2 or more than 256 bytes,
// since the result would not be a secret.
func RandomString(n int, alphabet string) string {
	if n < 1 {
		panic(fmt.Sprintf("secure: random string of %d characters", n))
	}
	if len(alphabet) < 2 || len(alphabet) > 256 {
		panic(fmt.Sprintf("secure: alphabet of %d bytes", len(alphabet)))
	}
	// A byte at or above the largest multiple of len(alphabet) would favour the
	// first characters.
	limit := 256 - 256%len(alphabet)
	out := make([]byte, 0, n)
	var random [64]byte
	for {
		rand.Read(random[:])
		for _, b := range random {
			if int(b) >= limit {
				continue
			}
			out = append(out, alphabet[int(b)%len(alphabet)])
			if len(out) == n {
				return string(out)
			}
		}
	}
}

// UUID returns a random UUID, version 4 (RFC 9562 §5.4).
func UUID() string {
	var id [16]byte
	rand.Read(id[:])
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	var text [36]byte
	hex.Encode(text[0:8], id[0:4])
	hex.Encode(text[9:13], id[4:6])
	hex.Encode(text[14:18], id[6:8])
	hex.Encode(text[19:23], id[8:10])
	hex.Encode(text[24:36], id[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}
