package secure

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"runtime"
)

// A scrypt is room to compute scrypt (RFC 7914) with p = 1, again and again: package
// golang.org/x/crypto/scrypt allocates 128·N·r bytes for each key, and never lets
// other goroutines run meanwhile. It is not safe for concurrent use.
//
// It is not wiped after use. Whoever reads the memory of the server has the secrets
// and passwords that pass through it as well.
type scrypt struct {
	n    int      // CPU and memory cost, a power of two
	x, y []uint32 // one block each: 32·r words
	v    []uint32 // n blocks
}

func newScrypt(n, r int) *scrypt {
	block := 32 * r
	return &scrypt{n: n, x: make([]uint32, block), y: make([]uint32, block), v: make([]uint32, n*block)}
}

// key derives length bytes from a password.
func (s *scrypt) key(password, salt string, length int) ([]byte, error) {
	block, err := pbkdf2.Key(sha256.New, password, []byte(salt), 1, 4*len(s.x))
	if err != nil {
		return nil, err // only in a FIPS-only build, which forbids such short salts
	}
	for i := range s.x {
		s.x[i] = binary.LittleEndian.Uint32(block[4*i:])
	}
	s.mix()
	for i, word := range s.x {
		binary.LittleEndian.PutUint32(block[4*i:], word)
	}
	return pbkdf2.Key(sha256.New, password, block, 1, length)
}

// yieldWords is after how many words of mixing other goroutines may run: some 100
// microseconds, so that cheap requests do not wait for a whole hash.
const yieldWords = 32 * 1024

// mix is scryptROMix (RFC 7914 §5) of x, in place.
func (s *scrypt) mix() {
	size := len(s.x)
	yieldEvery := max(1, yieldWords/size)
	zero := s.y
	clear(zero)
	copy(s.v, s.x)
	for i := 1; i < s.n; i++ {
		blockMix(s.v[i*size:(i+1)*size], s.v[(i-1)*size:i*size], zero)
		if i%yieldEvery == 0 {
			runtime.Gosched()
		}
	}
	blockMix(s.x, s.v[(s.n-1)*size:], zero)
	for i := range s.n {
		// Integerify: the low bits of the last 64 bytes.
		j := int(s.x[size-16]) & (s.n - 1)
		blockMix(s.y, s.x, s.v[j*size:(j+1)*size])
		s.x, s.y = s.y, s.x
		if i%yieldEvery == 0 {
			runtime.Gosched()
		}
	}
}

// blockMix is scryptBlockMix (RFC 7914 §4) of a xor b into dst. All have the same
// length; dst is neither of the others.
func blockMix(dst, a, b []uint32) {
	half := len(dst) / 2
	x := [16]uint32(a[len(a)-16:])
	for i, word := range b[len(b)-16:] {
		x[i] ^= word
	}
	// Blocks with an even number go to the first half, the others to the second.
	for i := 0; i < half; i += 16 {
		salsaXOR(&x, (*[16]uint32)(a[2*i:]), (*[16]uint32)(b[2*i:]), (*[16]uint32)(dst[i:]))
		salsaXOR(&x, (*[16]uint32)(a[2*i+16:]), (*[16]uint32)(b[2*i+16:]), (*[16]uint32)(dst[half+i:]))
	}
}

// salsaXOR sets x and dst to Salsa20/8(x xor a xor b) (RFC 7914 §3).
func salsaXOR(x, a, b, dst *[16]uint32) {
	w0, w1, w2, w3 := x[0]^a[0]^b[0], x[1]^a[1]^b[1], x[2]^a[2]^b[2], x[3]^a[3]^b[3]
	w4, w5, w6, w7 := x[4]^a[4]^b[4], x[5]^a[5]^b[5], x[6]^a[6]^b[6], x[7]^a[7]^b[7]
	w8, w9, w10, w11 := x[8]^a[8]^b[8], x[9]^a[9]^b[9], x[10]^a[10]^b[10], x[11]^a[11]^b[11]
	w12, w13, w14, w15 := x[12]^a[12]^b[12], x[13]^a[13]^b[13], x[14]^a[14]^b[14], x[15]^a[15]^b[15]
	x0, x1, x2, x3, x4, x5, x6, x7 := w0, w1, w2, w3, w4, w5, w6, w7
	x8, x9, x10, x11, x12, x13, x14, x15 := w8, w9, w10, w11, w12, w13, w14, w15
	for range 4 {
		// Columns.
		x4 ^= bits.RotateLeft32(x0+x12, 7)
		x8 ^= bits.RotateLeft32(x4+x0, 9)
		x12 ^= bits.RotateLeft32(x8+x4, 13)
		x0 ^= bits.RotateLeft32(x12+x8, 18)

		x9 ^= bits.RotateLeft32(x5+x1, 7)
		x13 ^= bits.RotateLeft32(x9+x5, 9)
		x1 ^= bits.RotateLeft32(x13+x9, 13)
		x5 ^= bits.RotateLeft32(x1+x13, 18)

		x14 ^= bits.RotateLeft32(x10+x6, 7)
		x2 ^= bits.RotateLeft32(x14+x10, 9)
		x6 ^= bits.RotateLeft32(x2+x14, 13)
		x10 ^= bits.RotateLeft32(x6+x2, 18)

		x3 ^= bits.RotateLeft32(x15+x11, 7)
		x7 ^= bits.RotateLeft32(x3+x15, 9)
		x11 ^= bits.RotateLeft32(x7+x3, 13)
		x15 ^= bits.RotateLeft32(x11+x7, 18)

		// Rows.
		x1 ^= bits.RotateLeft32(x0+x3, 7)
		x2 ^= bits.RotateLeft32(x1+x0, 9)
		x3 ^= bits.RotateLeft32(x2+x1, 13)
		x0 ^= bits.RotateLeft32(x3+x2, 18)

		x6 ^= bits.RotateLeft32(x5+x4, 7)
		x7 ^= bits.RotateLeft32(x6+x5, 9)
		x4 ^= bits.RotateLeft32(x7+x6, 13)
		x5 ^= bits.RotateLeft32(x4+x7, 18)

		x11 ^= bits.RotateLeft32(x10+x9, 7)
		x8 ^= bits.RotateLeft32(x11+x10, 9)
		x9 ^= bits.RotateLeft32(x8+x11, 13)
		x10 ^= bits.RotateLeft32(x9+x8, 18)

		x12 ^= bits.RotateLeft32(x15+x14, 7)
		x13 ^= bits.RotateLeft32(x12+x15, 9)
		x14 ^= bits.RotateLeft32(x13+x12, 13)
		x15 ^= bits.RotateLeft32(x14+x13, 18)
	}
	w0, w1, w2, w3 = w0+x0, w1+x1, w2+x2, w3+x3
	w4, w5, w6, w7 = w4+x4, w5+x5, w6+x6, w7+x7
	w8, w9, w10, w11 = w8+x8, w9+x9, w10+x10, w11+x11
	w12, w13, w14, w15 = w12+x12, w13+x13, w14+x14, w15+x15
	x[0], dst[0] = w0, w0
	x[1], dst[1] = w1, w1
	x[2], dst[2] = w2, w2
	x[3], dst[3] = w3, w3
	x[4], dst[4] = w4, w4
	x[5], dst[5] = w5, w5
	x[6], dst[6] = w6, w6
	x[7], dst[7] = w7, w7
	x[8], dst[8] = w8, w8
	x[9], dst[9] = w9, w9
	x[10], dst[10] = w10, w10
	x[11], dst[11] = w11, w11
	x[12], dst[12] = w12, w12
	x[13], dst[13] = w13, w13
	x[14], dst[14] = w14, w14
	x[15], dst[15] = w15, w15
}
