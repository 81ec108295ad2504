package oauth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// Lengths in characters of 6 bits each (upstream: oauth2/state.ts).
const (
	stateLen    = 32
	nonceLen    = 32
	verifierLen = 128 // the longest that RFC 7636 §4.1 allows
)

// NewState returns 32 random characters of [a-zA-Z0-9-_], 192 bits, that tie a
// callback to the browser that started the sign-in.
func NewState() string { return random(stateLen) }

// NewNonce returns 32 random characters that tie an id token to a sign-in.
func NewNonce() string { return random(nonceLen) }

// NewVerifier returns a PKCE code verifier of 128 characters (RFC 7636 §4.1).
func NewVerifier() string { return random(verifierLen) }

// Challenge returns the S256 code challenge of a verifier (RFC 7636 §4.2).
func Challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// random returns n characters of the base64url alphabet, which has 64: each
// takes 6 random bits, all combinations are equally likely.
func random(n int) string {
	b := make([]byte, n/4*3)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}
