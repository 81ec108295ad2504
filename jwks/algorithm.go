package jwks

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // for crypto.SHA256
	_ "crypto/sha512" // for crypto.SHA512
	"errors"
	"fmt"
	"math/big"
)

// An Algorithm is a signature algorithm by its JOSE name (RFC 7518 §3.1).
type Algorithm string

// The algorithms that Better Auth's jwt plugin knows.
const (
	EdDSA Algorithm = "EdDSA" // Ed25519 (RFC 8037)
	ES256 Algorithm = "ES256" // ECDSA, P-256, SHA-256
	ES512 Algorithm = "ES512" // ECDSA, P-521, SHA-512
	RS256 Algorithm = "RS256" // RSA, PKCS #1 v1.5, SHA-256
	PS256 Algorithm = "PS256" // RSA, PSS, SHA-256
)

// RSA keys outside these sizes, in bits, are refused: smaller ones are weak (RFC
// 7518 §3.3), larger ones cost too much time to look at.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// Known reports whether a is one of the algorithms of this package.
func (a Algorithm) Known() bool {
	switch a {
	case EdDSA, ES256, ES512, RS256, PS256:
		return true
	}
	return false
}

// algorithmOf returns the algorithm of a key that does not name one: preferred
// if the key can do that, or else the first that it can, or "".
func algorithmOf(public crypto.PublicKey, preferred Algorithm) Algorithm {
	for _, a := range []Algorithm{preferred, EdDSA, ES256, ES512, RS256} {
		if a.fits(public) {
			return a
		}
	}
	return ""
}

// fits reports whether the key is of the kind that a needs.
func (a Algorithm) fits(public crypto.PublicKey) bool {
	switch k := public.(type) {
	case ed25519.PublicKey:
		return a == EdDSA
	case *rsa.PublicKey:
		return a == RS256 || a == PS256
	case *ecdsa.PublicKey:
		return (a == ES256 || a == ES512) && k.Curve == a.curve()
	}
	return false
}

func (a Algorithm) curve() elliptic.Curve {
	if a == ES256 {
		return elliptic.P256()
	}
	return elliptic.P521()
}

// hash is the hash of what is signed; Ed25519 has none of its own here.
func (a Algorithm) hash() crypto.Hash {
	switch a {
	case EdDSA:
		return 0
	case ES512:
		return crypto.SHA512
	default:
		return crypto.SHA256
	}
}

func (a Algorithm) digest(input []byte) []byte {
	h := a.hash()
	if h == 0 {
		return input
	}
	state := h.New()
	state.Write(input)
	return state.Sum(nil)
}

// generate makes a key. Bits is the size of an RSA key.
func (a Algorithm) generate(bits int) (crypto.Signer, error) {
	switch a {
	case EdDSA:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	case ES256, ES512:
		return ecdsa.GenerateKey(a.curve(), rand.Reader)
	case RS256, PS256:
		return rsa.GenerateKey(rand.Reader, bits)
	}
	return nil, fmt.Errorf("jwks: unknown algorithm %q", string(a))
}

// sign signs input with a key that fits a.
func (a Algorithm) sign(key crypto.Signer, input []byte) ([]byte, error) {
	switch k := key.(type) {
	case ed25519.PrivateKey:
		return ed25519.Sign(k, input), nil
	case *rsa.PrivateKey:
		if a == PS256 {
			return rsa.SignPSS(rand.Reader, k, a.hash(), a.digest(input), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		}
		return rsa.SignPKCS1v15(nil, k, a.hash(), a.digest(input))
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, k, a.digest(input))
		if err != nil {
			return nil, err
		}
		size := coordinateSize(k.Curve)
		signature := make([]byte, 2*size) // R and S side by side (RFC 7518 §3.4), not ASN.1
		r.FillBytes(signature[:size])
		s.FillBytes(signature[size:])
		return signature, nil
	}
	return nil, errors.New("jwks: unknown kind of key")
}

// verify reports whether signature is of input and the key, which fits a.
func (a Algorithm) verify(public crypto.PublicKey, input, signature []byte) bool {
	switch k := public.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(k, input, signature)
	case *rsa.PublicKey:
		if a == PS256 {
			options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
			return rsa.VerifyPSS(k, a.hash(), a.digest(input), signature, options) == nil
		}
		return rsa.VerifyPKCS1v15(k, a.hash(), a.digest(input), signature) == nil
	case *ecdsa.PublicKey:
		size := coordinateSize(k.Curve)
		if len(signature) != 2*size {
			return false
		}
		r, s := new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:])
		return ecdsa.Verify(k, a.digest(input), r, s)
	}
	return false
}

// coordinateSize is the length of a coordinate, in bytes.
func coordinateSize(c elliptic.Curve) int { return (c.Params().BitSize + 7) / 8 }
