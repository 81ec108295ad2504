package secure_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep/internal/secure"
)

func TestTokenShape(t *testing.T) {
	shape := regexp.MustCompile(`^[a-zA-Z0-9]+$`)
	seen := map[string]bool{}
	for n := 1; n <= 200; n++ {
		got := secure.Token(n)
		if len(got) != n || !shape.MatchString(got) {
			t.Fatalf("Token(%d): got %q", n, got)
		}
		if n > 16 && seen[got[:16]] {
			t.Fatalf("Token(%d): came twice", n)
		}
		seen[got[:min(n, 16)]] = true
	}
}

// TestRandomStringIsUniform counts: with 62 characters a plain modulo would draw the
// first 8 a quarter more often than the others, here 25 standard deviations.
func TestRandomStringIsUniform(t *testing.T) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for _, alphabet := range []string{"01", "0123456789", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", string(all[:255]), string(all)} {
		perCharacter := 10_000
		counts := map[byte]int{}
		for _, c := range []byte(secure.RandomString(perCharacter*len(alphabet), alphabet)) {
			counts[c]++
		}
		for _, c := range []byte(alphabet) {
			// 8 standard deviations: never, unless it is biased.
			if d := counts[c] - perCharacter; d < -800 || d > 800 {
				t.Errorf("%d characters: %q came %d times, want about %d", len(alphabet), c, counts[c], perCharacter)
			}
		}
	}
}

func TestRandomStringPanics(t *testing.T) {
	for want, make := range map[string]func(){
		"secure: random string of 0 characters":  func() { secure.Token(0) },
		"secure: random string of -1 characters": func() { secure.RandomString(-1, "ab") },
		"secure: alphabet of 1 bytes":            func() { secure.RandomString(1, "a") },
		"secure: alphabet of 257 bytes":          func() { secure.RandomString(1, strings.Repeat("a", 257)) },
	} {
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("got %v, want %q", got, want)
				}
			}()
			make()
		}()
	}
}

func TestUUID(t *testing.T) {
	shape := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[string]bool{}
	for range 1000 {
		got := secure.UUID()
		if !shape.MatchString(got) || seen[got] {
			t.Fatalf("got %q", got)
		}
		seen[got] = true
	}
}

func TestHashIdentifier(t *testing.T) {
	for _, c := range readVectors(t).Identifier {
		if got := secure.HashIdentifier(c.Identifier); got != c.Hashed {
			t.Errorf("%s: got %s, want %s", c.Identifier, got, c.Hashed)
		}
	}
}
