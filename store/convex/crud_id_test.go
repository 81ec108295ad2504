package convex_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep/store/convex"
)

const base32 = "0123456789abcdefghjkmnpqrstvwxyz"

// newID makes an id as Convex does.
func newID(table uint32, random [16]byte) string {
	b := append(binary.AppendUvarint(nil, uint64(table)), random[:]...)
	var c0, c1 byte
	for _, v := range b {
		c0 += v
		c1 += c0
	}
	b = append(b, c0, c1)
	var out strings.Builder
	acc, bits := 0, 0
	for _, v := range b {
		acc, bits = acc<<8|int(v), bits+8
		for ; bits >= 5; bits -= 5 {
			out.WriteByte(base32[acc>>(bits-5)&31])
		}
	}
	if bits > 0 {
		out.WriteByte(base32[acc<<(5-bits)&31])
	}
	return out.String()
}

func TestTableOf(t *testing.T) {
	// The example of the backend's own test (crates/value/src/id_v6.rs).
	if n, ok := convex.TableOf("z43zp6c3e75gkmz1kfwj6mbbx5sw281h"); !ok || n != 1017 {
		t.Errorf("id of the backend's test: got %d, %t, want 1017", n, ok)
	}
	for _, want := range []uint32{1, 127, 128, 10001, 1<<21 - 1, 1<<32 - 1} {
		id := newID(want, [16]byte{1, 2, 3, 255})
		if n, ok := convex.TableOf(id); !ok || n != want {
			t.Errorf("id of table %d: got %d, %t", want, n, ok)
		}
	}
	id := newID(10001, [16]byte{})
	for rule, text := range map[string]string{
		"nothing":              "",
		"an id of Better Auth": "q5Rm4VJkqHqbZ1wyXvTgFmZ0m0sQeWQz",
		"a UUID":               "0191e7a2-7c5e-7bbb-8f0e-2f5f3f3c0b5a",
		"a short one":          id[1:],
		"a long one":           id + "0",
		"two of them":          id + id,
		"capitals":             strings.ToUpper(id),
		"a letter changed":     id[:5] + "z" + id[6:],
		"a letter not in use":  id[:5] + "u" + id[6:],
		"table 0":              newID(0, [16]byte{}),
		"other Unicode":        "é" + id[2:],
	} {
		if n, ok := convex.TableOf(text); ok {
			t.Errorf("%s is taken for an id of table %d", rule, n)
		}
	}
}

// FuzzTableOf checks that a text that is taken for an id is one that Convex
// makes.
func FuzzTableOf(f *testing.F) {
	f.Add(newID(10001, [16]byte{}))
	f.Add(newID(1, [16]byte{255}))
	f.Add("jh7a4tz1b1rjxm3d0z0n4w9k4s6v8w0e")
	f.Fuzz(func(t *testing.T, id string) {
		table, ok := convex.TableOf(id)
		if !ok {
			return
		}
		var b []byte
		acc, bits := 0, 0
		for _, r := range id {
			acc, bits = acc<<5|strings.IndexRune(base32, r), bits+5
			if bits >= 8 {
				bits -= 8
				b = append(b, byte(acc>>bits))
			}
		}
		_, n := binary.Uvarint(b)
		if got := newID(table, [16]byte(b[n:n+16])); got != id {
			t.Errorf("%q is taken for an id of table %d, but that would be %q", id, table, got)
		}
	})
}
