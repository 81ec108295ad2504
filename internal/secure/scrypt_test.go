package secure_test

import (
	"bytes"
	"encoding/hex"
	"testing"

	"golang.org/x/crypto/scrypt"

	"github.com/lockstep-auth/lockstep/internal/secure"
)

// The test vectors of RFC 7914 §12 that have p = 1, but for the one that takes 1 GiB.
func TestScryptVectors(t *testing.T) {
	tests := []struct {
		password, salt string
		n, r           int
		want           string
	}{
		{"", "", 16, 1, "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"},
		{"pleaseletmein", "SodiumChloride", 16384, 8, "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"},
	}
	for _, tt := range tests {
		got, err := secure.NewScrypt(tt.n, tt.r).Key(tt.password, tt.salt, 64)
		if hex.EncodeToString(got) != tt.want || err != nil {
			t.Errorf("N=%d r=%d: got %x, %v, want %s", tt.n, tt.r, got, err, tt.want)
		}
	}
}

func TestScryptRoomIsReusable(t *testing.T) {
	for _, cost := range []struct{ n, r int }{{2, 1}, {2, 16}, {4, 3}, {64, 8}, {1024, 16}} {
		s := secure.NewScrypt(cost.n, cost.r)
		for _, password := range []string{"first", "", "a third password, longer than the block of its hash, which has sixty-four bytes"} {
			want, err := scrypt.Key([]byte(password), []byte("salt"), cost.n, cost.r, 1, 64)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := s.Key(password, "salt", 64); !bytes.Equal(got, want) || err != nil {
				t.Errorf("N=%d r=%d %q: got %x, %v, want %x", cost.n, cost.r, password, got, err, want)
			}
		}
	}
}

func BenchmarkScrypt(b *testing.B) {
	b.Run("ours", func(b *testing.B) {
		s := secure.NewScrypt(16384, 16)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Key("password1234", "salt", 64); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("x_crypto", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := scrypt.Key([]byte("password1234"), []byte("salt"), 16384, 16, 1, 64); err != nil {
				b.Fatal(err)
			}
		}
	})
}
