package secure

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"strings"
	"sync"
	"time"
)

const (
	// sealInfo is the HKDF info of upstream's crypto/jwt.ts.
	sealInfo = "BetterAuth.js Generated Encryption Key"

	// A256CBC-HS512 (RFC 7518 §5.2.5): 32 bytes to authenticate, 32 to encrypt.
	sealKeyLen = 64
	sealMACLen = 32

	sealTolerance = 15 * time.Second

	// anonymousHeader is the header of a token that does not name its key.
	anonymousHeader = `{"alg":"dir","enc":"A256CBC-HS512"}`
)

// A Sealer encrypts and decrypts sets of claims as Better Auth's JWE cookies, compact
// JWEs (RFC 7516 §3.1) with the header
//
//	{"alg":"dir","enc":"A256CBC-HS512","kid":"<thumbprint of the key, RFC 7638>"}
//
// and the key HKDF-SHA-256(secret, salt, info "BetterAuth.js Generated Encryption
// Key", 64 bytes). Keys are derived once. It prints as [redacted].
type Sealer struct {
	redacted
	keys      []*sealKey // the one that seals first
	anonymous string     // encoded header without kid
}

// sealKey is the key that one secret gives.
type sealKey struct {
	header string // base64url
	aad    []byte // the same; what the MAC covers
	block  cipher.Block
	states sync.Pool // of *sealState
}

// sealState is a keyed hash and room for what passes through interfaces.
type sealState struct {
	hash hash.Hash
	iv   [aes.BlockSize]byte
	bits [8]byte
	sum  [sha512.Size]byte
}

// Sealer returns a Sealer for one use, such as "better-auth-session", which is the
// HKDF salt. It seals with the current secret and opens what any version, or the
// legacy secret, has sealed.
func (s *Secrets) Sealer(salt string) *Sealer {
	sealer := &Sealer{anonymous: base64.RawURLEncoding.EncodeToString([]byte(anonymousHeader))}
	legacy := s.legacy
	for _, secret := range s.list {
		sealer.keys = append(sealer.keys, newSealKey(secret.Value, salt))
		if secret.Value == legacy {
			legacy = ""
		}
	}
	if legacy != "" {
		sealer.keys = append(sealer.keys, newSealKey(legacy, salt))
	}
	return sealer
}

func newSealKey(secret, salt string) *sealKey {
	enc := base64.RawURLEncoding
	key := deriveKey(secret, salt, sealInfo, sealKeyLen)
	thumbprint := sha256.Sum256([]byte(`{"k":"` + enc.EncodeToString(key) + `","kty":"oct"}`))
	header := `{"alg":"dir","enc":"A256CBC-HS512","kid":"` + enc.EncodeToString(thumbprint[:]) + `"}`
	block, err := aes.NewCipher(key[sealMACLen:])
	if err != nil {
		panic("secure: " + err.Error()) // only for a key of another length
	}
	k := &sealKey{header: enc.EncodeToString([]byte(header)), block: block}
	k.aad = []byte(k.header)
	k.states.New = func() any { return &sealState{hash: hmac.New(sha512.New, key[:sealMACLen])} }
	return k
}

// Seal encrypts claims, the text of a JSON object with iat, exp and jti. Open refuses
// a token above 16 KiB, which claims of about 12,100 bytes reach.
func (s *Sealer) Seal(claims []byte) string {
	enc, key := base64.RawURLEncoding, s.keys[0]
	state := key.states.Get().(*sealState)
	defer key.states.Put(state)
	rand.Read(state.iv[:])

	// PKCS #7: 1 to 16 bytes, each saying how many.
	pad := aes.BlockSize - len(claims)%aes.BlockSize
	body := make([]byte, len(claims)+pad)
	for i := copy(body, claims); i < len(body); i++ {
		body[i] = byte(pad)
	}
	cipher.NewCBCEncrypter(key.block, state.iv[:]).CryptBlocks(body, body)
	tag := state.tag(key.aad, body)

	token := make([]byte, 0, len(key.header)+enc.EncodedLen(len(body))+macTextLen+26)
	token = append(token, key.header...)
	token = append(token, '.', '.')
	token = enc.AppendEncode(token, state.iv[:])
	token = append(token, '.')
	token = enc.AppendEncode(token, body)
	token = append(token, '.')
	return string(enc.AppendEncode(token, tag))
}

// Open returns the claims of a token that Seal made with the same salt and one of the
// secrets, if they are an object, exp, nbf and iat are numbers, and now is before exp
// and not before nbf, give or take 15 seconds. Nested values are not checked for
// syntax.
//
// A token whose header names no key is tried with each. Any other header is refused:
// other algorithms, zip, crit, p2c, unknown keys. Upstream also lists A256GCM, but
// hands it a key that is too long, so no such token ever opens there either.
func (s *Sealer) Open(token string, now time.Time) (claims []byte, ok bool) {
	if len(token) > maxTokenLen {
		return nil, false
	}
	header, rest, _ := strings.Cut(token, ".")
	rest, direct := strings.CutPrefix(rest, ".") // the encrypted key is empty
	iv, rest, _ := strings.Cut(rest, ".")
	body, tag, ok := strings.Cut(rest, ".")
	if !ok || !direct {
		return nil, false
	}
	for _, key := range s.keys {
		aad := key.aad
		switch header {
		case key.header:
		case s.anonymous:
			aad = []byte(header)
		default:
			continue
		}
		claims, ok = key.open(aad, iv, body, tag)
		if ok && currentClaims(claims, now, sealTolerance) {
			return claims, true
		}
	}
	return nil, false
}

// open checks and decrypts the encoded parts of a token.
func (k *sealKey) open(aad []byte, iv, body, tag string) ([]byte, bool) {
	if len(iv) != base64.RawURLEncoding.EncodedLen(aes.BlockSize) || len(tag) != macTextLen {
		return nil, false
	}
	state := k.states.Get().(*sealState)
	defer k.states.Put(state)
	nonce, ok := decodeBase64(iv)
	if !ok {
		return nil, false
	}
	copy(state.iv[:], nonce)
	text, ok := decodeBase64(body)
	if !ok || len(text) == 0 || len(text)%aes.BlockSize != 0 {
		return nil, false
	}
	if !equalMAC(tag, state.tag(aad, text)) {
		return nil, false
	}
	cipher.NewCBCDecrypter(k.block, state.iv[:]).CryptBlocks(text, text)
	return unpad(text)
}

// tag returns the authentication tag: HMAC-SHA-512 of the header, the IV, the
// ciphertext and the length of the header in bits, cut to 32 bytes (RFC 7518
// §5.2.2.1). It is valid until the next call.
func (s *sealState) tag(aad, ciphertext []byte) []byte {
	binary.BigEndian.PutUint64(s.bits[:], uint64(len(aad))*8)
	s.hash.Reset()
	s.hash.Write(aad)
	s.hash.Write(s.iv[:])
	s.hash.Write(ciphertext)
	s.hash.Write(s.bits[:])
	return s.hash.Sum(s.sum[:0])[:sealMACLen]
}

// unpad removes PKCS #7 padding. Its text is authentic, so that failing early tells
// nothing.
func unpad(text []byte) ([]byte, bool) {
	pad := int(text[len(text)-1])
	if pad < 1 || pad > aes.BlockSize {
		return nil, false
	}
	end := len(text) - pad
	for _, b := range text[end:] {
		if int(b) != pad {
			return nil, false
		}
	}
	return text[:end:end], true
}
