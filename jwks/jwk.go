package jwks

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// maxExponent is the largest public exponent accepted: crypto/rsa takes no
// larger one.
const maxExponent = 1<<31 - 1

// parsePublic reads the public half of a JWK (RFC 7518 §6, RFC 8037 §2). Private
// members are not looked at.
func parsePublic(jwk Claims) (crypto.PublicKey, error) {
	switch kty := jwk.Text("kty"); kty {
	case "OKP":
		return parseOKP(jwk)
	case "EC":
		return parseEC(jwk)
	case "RSA":
		return parseRSA(jwk)
	default:
		return nil, fmt.Errorf("key type %q is not supported", kty)
	}
}

func parseOKP(jwk Claims) (crypto.PublicKey, error) {
	x, err := octets(jwk, "x")
	if err != nil {
		return nil, err
	}
	if jwk.Text("crv") != "Ed25519" || len(x) != ed25519.PublicKeySize {
		return nil, errors.New("no Ed25519 key")
	}
	return ed25519.PublicKey(x), nil
}

func parseEC(jwk Claims) (crypto.PublicKey, error) {
	var curve elliptic.Curve
	switch crv := jwk.Text("crv"); crv {
	case "P-256":
		curve = elliptic.P256()
	case "P-521":
		curve = elliptic.P521()
	default:
		return nil, fmt.Errorf("curve %q is not supported", crv)
	}
	x, errX := octets(jwk, "x")
	y, errY := octets(jwk, "y")
	if err := errors.Join(errX, errY); err != nil {
		return nil, err
	}
	if size := coordinateSize(curve); len(x) != size || len(y) != size {
		return nil, errors.New("coordinates have the wrong length")
	}
	// SEC 1 §2.3.3: 4, X, Y. Points that are not on the curve are refused.
	key, err := ecdsa.ParseUncompressedPublicKey(curve, append(append([]byte{4}, x...), y...))
	if err != nil {
		return nil, errors.New("no point of the curve")
	}
	return key, nil
}

func parseRSA(jwk Claims) (crypto.PublicKey, error) {
	n, errN := integer(jwk, "n")
	e, errE := integer(jwk, "e")
	if err := errors.Join(errN, errE); err != nil {
		return nil, err
	}
	if bits := n.BitLen(); bits < minRSABits || bits > maxRSABits || n.Bit(0) == 0 {
		return nil, fmt.Errorf("RSA modulus of %d bits is not supported", bits)
	}
	if !e.IsInt64() || e.Int64() < 3 || e.Int64() > maxExponent || e.Bit(0) == 0 {
		return nil, errors.New("RSA exponent is not supported")
	}
	return &rsa.PublicKey{N: n, E: int(e.Int64())}, nil
}

// errPrivate says no more than that: what is wrong with a private key can tell
// about it.
var errPrivate = errors.New("private key is damaged or of another public key")

// parsePrivate reads a private JWK that belongs to public.
func parsePrivate(jwk Claims, public crypto.PublicKey) (crypto.Signer, error) {
	d, err := octets(jwk, "d")
	if err != nil {
		return nil, errPrivate
	}
	var key crypto.Signer
	switch p := public.(type) {
	case ed25519.PublicKey:
		if len(d) != ed25519.SeedSize {
			return nil, errPrivate
		}
		key = ed25519.NewKeyFromSeed(d)
	case *ecdsa.PublicKey:
		key, err = ecdsa.ParseRawPrivateKey(p.Curve, d)
	case *rsa.PublicKey:
		key, err = parseRSAPrivate(jwk, p, new(big.Int).SetBytes(d))
	}
	if err != nil || key == nil || !equalPublic(key.Public(), public) {
		return nil, errPrivate
	}
	return key, nil
}

func parseRSAPrivate(jwk Claims, public *rsa.PublicKey, d *big.Int) (crypto.Signer, error) {
	p, errP := integer(jwk, "p")
	q, errQ := integer(jwk, "q")
	if errP != nil || errQ != nil {
		return nil, errPrivate
	}
	key := &rsa.PrivateKey{PublicKey: *public, D: d, Primes: []*big.Int{p, q}}
	key.Precompute()
	return key, key.Validate()
}

func equalPublic(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}

// publicJWK writes a public key, with the order of members of jose's exportJWK.
func publicJWK(public crypto.PublicKey) Claims {
	switch k := public.(type) {
	case ed25519.PublicKey:
		return object("crv", "Ed25519", "x", text(k), "kty", "OKP")
	case *rsa.PublicKey:
		return object("kty", "RSA", "n", text(k.N.Bytes()), "e", text(big.NewInt(int64(k.E)).Bytes()))
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		if err != nil {
			panic("jwks: " + err.Error()) // only for a point that is not on the curve; parsing checks that
		}
		size := coordinateSize(k.Curve)
		return object("kty", "EC", "x", text(point[1:1+size]), "y", text(point[1+size:]), "crv", k.Curve.Params().Name)
	}
	panic("jwks: unknown kind of key")
}

// privateJWK writes a private key.
func privateJWK(key crypto.Signer) (Claims, error) {
	jwk := publicJWK(key.Public())
	switch k := key.(type) {
	case ed25519.PrivateKey:
		return append(jwk, object("d", text(k.Seed()))...), nil
	case *ecdsa.PrivateKey:
		d, err := k.Bytes()
		return append(jwk, object("d", text(d))...), err
	case *rsa.PrivateKey:
		p := k.Precomputed
		return append(jwk, object("d", text(k.D.Bytes()), "p", text(k.Primes[0].Bytes()), "q", text(k.Primes[1].Bytes()),
			"dp", text(p.Dp.Bytes()), "dq", text(p.Dq.Bytes()), "qi", text(p.Qinv.Bytes()))...), nil
	}
	return nil, errors.New("jwks: unknown kind of key")
}

// published returns a key as the key set shows it, with upstream's order of
// members (plugins/jwt/index.ts, getJwks).
func published(alg Algorithm, public crypto.PublicKey, kid string) Claims {
	out := object("alg", string(alg))
	jwk := publicJWK(public)
	if crv := jwk.Text("crv"); crv != "" {
		out = append(out, object("crv", crv)...)
		jwk.Delete("crv")
	}
	out = append(out, jwk...)
	return append(out, object("kid", kid)...)
}

// object returns members that are texts; arguments alternate between name and
// text.
func object(pairs ...string) Claims {
	out := make(Claims, 0, len(pairs)/2+2)
	for i := 0; i+1 < len(pairs); i += 2 {
		value, err := encode(pairs[i+1])
		if err != nil {
			panic("jwks: " + err.Error()) // a string always encodes
		}
		out = append(out, Claim{pairs[i], value})
	}
	return out
}

func text(octets []byte) string { return base64.RawURLEncoding.EncodeToString(octets) }

// decodeText decodes base64url without padding in its one canonical spelling: no
// bits behind the last byte, and no line breaks, which package base64 ignores.
func decodeText(s string) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, false
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return data, err == nil
}

func octets(jwk Claims, name string) ([]byte, error) {
	data, ok := decodeText(jwk.Text(name))
	if !ok || len(data) == 0 {
		return nil, fmt.Errorf("member %q is missing or no base64url", name)
	}
	return data, nil
}

func integer(jwk Claims, name string) (*big.Int, error) {
	data, err := octets(jwk, name)
	return new(big.Int).SetBytes(data), err
}
