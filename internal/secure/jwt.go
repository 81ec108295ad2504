package secure

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"
)

const (
	// jwtHeader is the base64url of {"alg":"HS256"}, all that upstream's signJWT
	// puts there (crypto/jwt.ts), and a dot.
	jwtHeader = "eyJhbGciOiJIUzI1NiJ9."

	// macTextLen is the length of 32 bytes in base64url without padding.
	macTextLen = 43

	// maxTokenLen bounds the tokens that are looked at, in bytes. Node.js, and most
	// proxies, take no more than so many bytes of headers in all.
	maxTokenLen = 16 << 10
)

// SignJWT returns a JWT with the header {"alg":"HS256"} (RFC 7515 §3.1). The claims
// are the text of a JSON object, with iat and exp.
func (s *Signer) SignJWT(claims []byte) string {
	enc := base64.RawURLEncoding
	token := make([]byte, 0, len(jwtHeader)+enc.EncodedLen(len(claims))+1+macTextLen)
	token = append(token, jwtHeader...)
	token = enc.AppendEncode(token, claims)
	mac := s.MAC(token)
	token = append(token, '.')
	return string(enc.AppendEncode(token, mac[:]))
}

// VerifyJWT returns the claims of a token that SignJWT made with the same secret, if
// they are an object, now is before exp and not before nbf, and exp, nbf and iat are
// numbers: jose's jwtVerify without tolerance. Nested values are not checked for
// syntax. Unlike upstream it takes no other header, algorithm or spelling of base64
// than SignJWT makes, and no token above 16 KiB.
func (s *Signer) VerifyJWT(token string, now time.Time) (claims []byte, ok bool) {
	dot := len(token) - macTextLen - 1
	if len(token) > maxTokenLen || !strings.HasPrefix(token, jwtHeader) || dot < len(jwtHeader) || token[dot] != '.' {
		return nil, false
	}
	mac := s.macString(token[:dot])
	if !equalMAC(token[dot+1:], mac[:]) {
		return nil, false
	}
	claims, ok = decodeBase64(token[len(jwtHeader):dot])
	if !ok || !currentClaims(claims, now, 0) {
		return nil, false
	}
	return claims, true
}

// equalMAC compares text with the base64url of mac, which has 32 bytes, in constant
// time.
func equalMAC(text string, mac []byte) bool {
	var got, want [macTextLen]byte
	base64.RawURLEncoding.Encode(want[:], mac[:sha256.Size])
	return len(text) == macTextLen && hmac.Equal(got[:copy(got[:], text)], want[:])
}

// decodeBase64 decodes base64url without padding in its one canonical spelling: no
// bits behind the last byte, and no line breaks, which package base64 ignores.
func decodeBase64(text string) ([]byte, bool) {
	if strings.IndexByte(text, '\n') >= 0 || strings.IndexByte(text, '\r') >= 0 {
		return nil, false
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return data, err == nil
}
