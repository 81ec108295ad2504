package secure

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
)

// developmentSecret is what Better Auth uses when nothing is configured
// (upstream utils/constants.ts). Everybody knows it.
const developmentSecret = "better-auth-secret-12345678901234567890"

// A Secret is one version of the server's secret. It prints as [redacted].
type Secret struct {
	Version int    // 0 or more
	Value   string // not empty
}

// String returns [redacted].
func (Secret) String() string { return redactedText }

// GoString returns [redacted].
func (Secret) GoString() string { return redactedText }

// Format writes [redacted] for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redactedText) }

// LogValue returns [redacted].
func (Secret) LogValue() slog.Value { return slog.StringValue(redactedText) }

// MarshalText returns [redacted].
func (Secret) MarshalText() ([]byte, error) { return []byte(redactedText), nil }

// Secrets is the server's secret, or a rotation set of several versions. It is
// immutable and prints as [redacted].
//
// Only encryption survives a rotation. Whatever is signed (cookies, HS256 tokens,
// compact session caches) uses the current value alone, as in Better Auth.
type Secrets struct {
	redacted
	list    []Secret // current first
	legacy  string   // reads text written before the rotation; empty: none
	rotates bool     // Encrypt writes the version in front
}

// NewSecrets returns a single secret without versions. It panics when value is
// empty: every signature could be forged.
func NewSecrets(value string) *Secrets {
	if value == "" {
		panic("secure: empty secret")
	}
	return &Secrets{list: []Secret{{Value: value}}}
}

// NewRotation returns a rotation set: the first of list encrypts and signs, all
// decrypt. The legacy secret, if not empty, decrypts text that has no version; the
// published development default is ignored there. Errors name positions, counted
// from 1, and never values.
func NewRotation(list []Secret, legacy string) (*Secrets, error) {
	if len(list) == 0 {
		return nil, errors.New("secrets: at least one entry is needed")
	}
	var errs []error
	seen := make(map[int]int, len(list))
	for i, secret := range list {
		if secret.Version < 0 {
			errs = append(errs, fmt.Errorf("secrets: entry %d: version must be 0 or more", i+1))
		}
		if secret.Value == "" {
			errs = append(errs, fmt.Errorf("secrets: entry %d: empty secret", i+1))
		}
		if first, ok := seen[secret.Version]; ok {
			errs = append(errs, fmt.Errorf("secrets: entry %d: same version as entry %d", i+1, first))
			continue
		}
		seen[secret.Version] = i + 1
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if legacy == developmentSecret {
		legacy = ""
	}
	return &Secrets{list: append([]Secret(nil), list...), legacy: legacy, rotates: true}, nil
}

// ParseRotation reads the format of BETTER_AUTH_SECRETS: entries
// "<version>:<secret>" separated by commas, the current one first, spaces around
// entries and secrets ignored. Empty text is no rotation: nil without error.
// Unlike upstream, which takes any leading digits, a version must be a whole number.
func ParseRotation(text string) ([]Secret, error) {
	if text == "" {
		return nil, nil
	}
	const maxVersion = 1<<53 - 1 // what a JavaScript number holds exactly
	var list []Secret
	position := 0
	for entry := range strings.SplitSeq(text, ",") {
		position++
		version, value, ok := strings.Cut(strings.TrimSpace(entry), ":")
		if !ok {
			return nil, fmt.Errorf("secrets: entry %d: want <version>:<secret>", position)
		}
		number, err := strconv.Atoi(strings.TrimSpace(version))
		if err != nil || number < 0 || int64(number) > maxVersion {
			return nil, fmt.Errorf("secrets: entry %d: version must be a whole number, 0 or more", position)
		}
		value = strings.TrimSpace(value)
		if value == "" {
			return nil, fmt.Errorf("secrets: entry %d: empty secret", position)
		}
		list = append(list, Secret{Version: number, Value: value})
	}
	return list, nil
}

// Current returns the secret that signs and encrypts.
func (s *Secrets) Current() string { return s.list[0].Value }

// ForPurpose returns secrets derived for one kind of ciphertext, so that a value
// encrypted for one purpose is never valid for another. Each version and the
// legacy secret become
//
//	lower-hex( HKDF-SHA-256(secret, salt "better-auth:oauth-encryption:v1", info "better-auth:<purpose>:v1", 32 bytes) )
//
// (upstream crypto/purpose.ts). The hex text, not the bytes, is the new secret. Derive
// once and keep the result.
func (s *Secrets) ForPurpose(purpose string) *Secrets {
	derived := &Secrets{list: make([]Secret, len(s.list)), rotates: s.rotates}
	for i, secret := range s.list {
		derived.list[i] = Secret{Version: secret.Version, Value: purposeKey(secret.Value, purpose)}
	}
	if s.legacy != "" {
		derived.legacy = purposeKey(s.legacy, purpose)
	}
	return derived
}

func purposeKey(secret, purpose string) string {
	const salt = "better-auth:oauth-encryption:v1"
	return hex.EncodeToString(deriveKey(secret, salt, "better-auth:"+purpose+":v1", 32))
}

// deriveKey is HKDF-SHA-256 (RFC 5869). It can only fail for a length above
// 255*32 bytes or in a FIPS-only build that forbids it: both are mistakes of the
// program.
func deriveKey(secret, salt, info string, length int) []byte {
	key, err := hkdf.Key(sha256.New, []byte(secret), []byte(salt), info, length)
	if err != nil {
		panic("secure: derive key: " + err.Error())
	}
	return key
}
