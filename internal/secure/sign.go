package secure

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"strings"
	"sync"
)

// signatureLen is the length of a signature: the standard base64, with padding, of
// 32 bytes.
const signatureLen = 44

// A Signer makes and checks HMAC-SHA-256 signatures with one secret. It keeps
// keyed hash states for reuse, so that a signature costs no key schedule and no
// allocation. It prints as [redacted].
type Signer struct {
	redacted
	states sync.Pool // of *macState
}

// macState is a keyed hash and room for its input as bytes and its output.
type macState struct {
	hash hash.Hash
	in   []byte
	sum  [sha256.Size]byte
}

// keptInput is how much input room, in bytes, a macState keeps between uses.
const keptInput = 4096

// NewSigner returns a Signer whose key is the UTF-8 text of secret. It panics when
// secret is empty: every signature could be forged.
func NewSigner(secret string) *Signer {
	if secret == "" {
		panic("secure: empty secret")
	}
	key := []byte(secret)
	s := &Signer{}
	s.states.New = func() any { return &macState{hash: hmac.New(sha256.New, key)} }
	return s
}

// Sign returns value + "." + signature, where signature is the standard base64 of
// MAC(value): the signed cookies of Better Auth before percent-encoding (better-call
// crypto.ts).
func (s *Signer) Sign(value string) string {
	mac := s.macString(value)
	return value + "." + base64.StdEncoding.EncodeToString(mac[:])
}

// Verify returns the value of a string that Sign made with the same secret.
// Signatures are compared as encoded text, in constant time: base64 decoders take
// several texts for the same bytes.
func (s *Signer) Verify(signed string) (value string, ok bool) {
	dot := strings.LastIndexByte(signed, '.')
	if dot < 1 || len(signed)-dot-1 != signatureLen {
		return "", false
	}
	value = signed[:dot]
	mac := s.macString(value)
	var got, want [signatureLen]byte
	copy(got[:], signed[dot+1:])
	base64.StdEncoding.Encode(want[:], mac[:])
	if !hmac.Equal(got[:], want[:]) {
		return "", false
	}
	return value, true
}

// MAC returns HMAC-SHA-256(secret, data).
func (s *Signer) MAC(data []byte) [32]byte {
	state := s.states.Get().(*macState)
	defer s.states.Put(state)
	return state.mac(data)
}

// macString is MAC of text, without an allocation for the conversion.
func (s *Signer) macString(text string) [32]byte {
	state := s.states.Get().(*macState)
	defer s.states.Put(state)
	state.in = append(state.in[:0], text...)
	mac := state.mac(state.in)
	if cap(state.in) > keptInput {
		state.in = nil
	}
	return mac
}

func (m *macState) mac(data []byte) [32]byte {
	m.hash.Reset()
	m.hash.Write(data)
	m.hash.Sum(m.sum[:0])
	return m.sum
}
