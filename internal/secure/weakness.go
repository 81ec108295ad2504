package secure

import (
	"math"
	"unicode/utf16"
)

// What a secret must have (upstream context/create-context.ts).
const (
	minSecretLen     = 32  // UTF-16 units
	minSecretEntropy = 120 // bits
)

// IsPublished reports whether a secret is the default in Better Auth's source, with
// which anybody can sign.
func IsPublished(secret string) bool { return secret == developmentSecret }

// Weakness says why secret should not be used, or "" when nothing is wrong with
// it: it is the published development default, shorter than 32 UTF-16 units, or
// has fewer than 120 bits by upstream's estimate, length × log2(distinct
// characters). The text never contains the secret.
func Weakness(secret string) string {
	switch units := len(utf16.Encode([]rune(secret))); {
	case IsPublished(secret):
		return "it is the published development default"
	case units < minSecretLen:
		return "it is shorter than 32 characters"
	case entropy(secret, units) < minSecretEntropy:
		return "it has less than 120 bits of entropy"
	}
	return ""
}

func entropy(secret string, units int) float64 {
	distinct := make(map[rune]bool)
	for _, r := range secret {
		distinct[r] = true
	}
	return float64(units) * math.Log2(float64(len(distinct)))
}
