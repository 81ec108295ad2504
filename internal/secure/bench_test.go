package secure_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/internal/secure"
)

var benchNow = time.Unix(1767323045, 0)

// benchClaims has the size of a session cache: 700 bytes.
func benchClaims() []byte {
	return []byte(`{"session":{"userAgent":"` + strings.Repeat("x", 250) + `","createdAt":"2026-01-02T03:04:05.678Z"},"user":{"name":"` +
		strings.Repeat("y", 250) + `"},"updatedAt":1767323045678,"version":"1","iat":1767323045,"exp":1767323345,"jti":"` + secure.UUID() + `"}`)
}

func BenchmarkSealer(b *testing.B) {
	sealer, claims := secure.NewSecrets(testSecret).Sealer(sessionSalt), benchClaims()
	token := sealer.Seal(claims)
	b.Run("Seal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			sealer.Seal(claims)
		}
	})
	b.Run("Open", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, ok := sealer.Open(token, benchNow); !ok {
				b.Fatal("refused")
			}
		}
	})
}

func BenchmarkSigner(b *testing.B) {
	signer, claims := secure.NewSigner(testSecret), benchClaims()
	signed, token := signer.Sign(strings.Repeat("t", 32)), signer.SignJWT(claims)
	b.Run("Sign", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			signer.Sign(signed[:32])
		}
	})
	b.Run("Verify", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, ok := signer.Verify(signed); !ok {
				b.Fatal("refused")
			}
		}
	})
	b.Run("MAC", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			signer.MAC(claims)
		}
	})
	b.Run("VerifyJWT", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, ok := signer.VerifyJWT(token, benchNow); !ok {
				b.Fatal("refused")
			}
		}
	})
}

func BenchmarkToken(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		secure.Token(32)
	}
}

func BenchmarkEncrypt(b *testing.B) {
	secrets := secure.NewSecrets(testSecret)
	text := secrets.Encrypt(strings.Repeat("t", 100))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := secrets.Decrypt(text); err != nil {
			b.Fatal(err)
		}
	}
}
