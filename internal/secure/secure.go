// Package secure holds the cryptography of the server: secrets and their
// rotation, signatures, encrypted values, JWTs, session envelopes, passwords and
// random identifiers. Each function documents the exact bytes that it makes,
// because browsers, databases and Better Auth servers on Node.js read them.
//
// Everything here is safe for concurrent use. Parsers accept only what the
// writers make; where Better Auth is more lenient, the function says so.
package secure

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// HashIdentifier returns the form in which a verification identifier is stored
// with the option storeIdentifier "hashed": base64url without padding of its
// SHA-256 (upstream db/verification-token-storage.ts).
func HashIdentifier(identifier string) string {
	sum := sha256.Sum256([]byte(identifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

const redactedText = "[redacted]"

// redacted makes the type that embeds it print and marshal as [redacted],
// whatever the verb.
type redacted struct{}

// String returns [redacted].
func (redacted) String() string { return redactedText }

// GoString returns [redacted].
func (redacted) GoString() string { return redactedText }

// Format writes [redacted] for every verb.
func (redacted) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redactedText) }

// LogValue returns [redacted].
func (redacted) LogValue() slog.Value { return slog.StringValue(redactedText) }

// MarshalText returns [redacted].
func (redacted) MarshalText() ([]byte, error) { return []byte(redactedText), nil }

// decodeHex is hex.DecodeString for lower-case text only, the one form that the
// writers make.
func decodeHex(text string) ([]byte, bool) {
	if !isLowerHex(text) {
		return nil, false
	}
	data, err := hex.DecodeString(text)
	return data, err == nil
}

func isLowerHex(text string) bool {
	return strings.Trim(text, "0123456789abcdef") == ""
}
