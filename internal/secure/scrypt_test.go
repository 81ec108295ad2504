package secure_test

import (
	"encoding/hex"
	"testing"

	"golang.org/x/crypto/scrypt"

	"github.com/lockstep-auth/lockstep/internal/secure"
)

func TestScryptVectors(t *testing.T) {
	k, err := secure.ScryptKey("pleaseletmein", "SodiumChloride", 16384, 8, 64)
	t.Log(hex.EncodeToString(k), err)
	k2, _ := scrypt.Key([]byte("pleaseletmein"), []byte("SodiumChloride"), 16384, 8, 1, 64)
	t.Log(hex.EncodeToString(k2), err)
}

func BenchmarkScrypt(b *testing.B) {
	b.Run("ours", func(b *testing.B) {
		s := secure.NewScrypt(16384, 16)
		for b.Loop() {
			s.Key("pleaseletmein", "SodiumChloride", 64)
		}
	})
	b.Run("x", func(b *testing.B) {
		for b.Loop() {
			scrypt.Key([]byte("pleaseletmein"), []byte("SodiumChloride"), 16384, 16, 1, 64)
		}
	})
}
