package secure

import (
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// envelopePrefix starts text encrypted with a rotation set: "$ba$<version>$<hex>".
const envelopePrefix = "$ba$"

var (
	errNotEncrypted  = errors.New("secure: not an encrypted value")
	errNoKey         = errors.New("secure: encrypted with a secret that is not configured")
	errCannotDecrypt = errors.New("secure: wrong secret or damaged value")
)

// Encrypt returns the lower-case hex of nonce (24 random bytes), ciphertext and tag
// (16 bytes) of plain under XChaCha20-Poly1305 with the key SHA-256(secret), no
// additional data (draft-irtf-cfrg-xchacha-03). A rotation set puts
// "$ba$<version>$" in front.
func (s *Secrets) Encrypt(plain string) string {
	const head = chacha20poly1305.NonceSizeX
	sealed := make([]byte, head, head+len(plain)+chacha20poly1305.Overhead)
	rand.Read(sealed)
	sealed = aead(s.Current()).Seal(sealed, sealed[:head], []byte(plain), nil)
	text := hex.EncodeToString(sealed)
	if !s.rotates {
		return text
	}
	return envelopePrefix + strconv.Itoa(s.list[0].Version) + "$" + text
}

// Decrypt returns the plain text of what Encrypt made with the same secret, with
// any version of the same rotation set, or without a version with its legacy
// secret. A single secret does not read text that has a version.
func (s *Secrets) Decrypt(text string) (string, error) {
	secret, body, err := s.opener(text)
	if err != nil {
		return "", err
	}
	sealed, ok := decodeHex(body)
	if !ok || len(sealed) < chacha20poly1305.NonceSizeX+chacha20poly1305.Overhead {
		return "", errNotEncrypted
	}
	nonce, sealed := sealed[:chacha20poly1305.NonceSizeX], sealed[chacha20poly1305.NonceSizeX:]
	plain, err := aead(secret).Open(sealed[:0], nonce, sealed, nil)
	if err != nil {
		return "", errCannotDecrypt
	}
	return string(plain), nil
}

// opener returns the secret that opens text, and its hex part.
func (s *Secrets) opener(text string) (secret, body string, err error) {
	if !s.rotates {
		return s.Current(), text, nil
	}
	envelope, ok := strings.CutPrefix(text, envelopePrefix)
	if !ok {
		if s.legacy == "" {
			return "", "", errNoKey
		}
		return s.legacy, text, nil
	}
	version, body, ok := strings.Cut(envelope, "$")
	if !ok {
		return "", "", errNotEncrypted
	}
	for _, candidate := range s.list {
		if strconv.Itoa(candidate.Version) == version {
			return candidate.Value, body, nil
		}
	}
	return "", "", errNoKey
}

func aead(secret string) cipher.AEAD {
	key := sha256.Sum256([]byte(secret))
	c, err := chacha20poly1305.NewX(key[:])
	if err != nil {
		panic("secure: " + err.Error()) // only for a key that is not 32 bytes
	}
	return c
}
