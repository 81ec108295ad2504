package jwks

import (
	"crypto"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ErrInvalid means that a token is not to be believed. The error around it says
// why; it is for logs and developers and holds no part of the token.
var ErrInvalid = errors.New("jwks: token is not valid")

func invalid(why string) error { return fmt.Errorf("%w: %s", ErrInvalid, why) }

// maxToken bounds the tokens that are looked at, in bytes. Node.js, and most
// proxies, take no more than so many bytes of headers in all.
const maxToken = 16 << 10

// An Expect is what the claims of a token must say besides being in time. Both
// fields are required, so that a token for somebody else never counts.
type Expect struct {
	// Issuer is the value of "iss".
	Issuer string

	// Audience lists the values of which "aud" must have one.
	Audience []string

	// Leeway is how far the clocks of issuer and verifier may be apart.
	// Defaults to nothing.
	Leeway time.Duration
}

// ready reports a mistake of the program.
func (e Expect) ready() error {
	if e.Issuer == "" || len(e.Audience) == 0 || slices.Contains(e.Audience, "") {
		return errors.New("jwks: issuer and audience to expect are required")
	}
	return nil
}

// A jws is a token in its three parts (RFC 7515 §7.1), not yet believed.
type jws struct {
	alg, kid  string
	input     string // what the signature is of
	payload   []byte
	signature []byte
}

// parseJWS takes a token apart. It accepts only what signers of this package
// and of Better Auth make: no header that changes the meaning ("crit"), none of
// another kind of token ("typ" other than JWT). Keys in the header ("jwk",
// "jku", "x5c") are never looked at.
func parseJWS(token string) (*jws, error) {
	if len(token) > maxToken {
		return nil, invalid("too long")
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, invalid("not three parts")
	}
	head, okHead := decodeText(parts[0])
	payload, okPayload := decodeText(parts[1])
	signature, okSignature := decodeText(parts[2])
	if !okHead || !okPayload || !okSignature {
		return nil, invalid("not base64url")
	}
	header, err := parseObject(head)
	if err != nil {
		return nil, invalid("header is no JSON object")
	}
	if header.Get("crit") != nil {
		return nil, invalid("header has crit")
	}
	if typ := header.Get("typ"); typ != nil && !strings.EqualFold(header.Text("typ"), "JWT") {
		return nil, invalid("another kind of token")
	}
	t := &jws{
		alg: header.Text("alg"), kid: header.Text("kid"), input: token[:len(parts[0])+1+len(parts[1])],
		payload: payload, signature: signature,
	}
	if t.kid == "" {
		return nil, invalid("no kid")
	}
	return t, nil
}

// claims returns the payload if the key made the signature and the claims say
// what is expected. The key decides the algorithm, never the token.
func (t *jws) claims(k *key, e Expect, now time.Time) (Claims, error) {
	if t.alg != string(k.alg) {
		return nil, invalid("algorithm is not that of the key")
	}
	if !k.alg.verify(k.public, []byte(t.input), t.signature) {
		return nil, invalid("wrong signature")
	}
	claims, err := parseObject(t.payload)
	if err != nil {
		return nil, invalid("payload is no JSON object")
	}
	return claims, claims.check(e, now)
}

// check holds the claims to what is expected, as jose's jwtVerify does; but
// "exp" and "sub" must be there.
func (c Claims) check(e Expect, now time.Time) error {
	if c.Text("iss") != e.Issuer {
		return invalid("wrong issuer")
	}
	if !slices.ContainsFunc(c.audience(), func(a string) bool { return slices.Contains(e.Audience, a) }) {
		return invalid("wrong audience")
	}
	if c.Subject() == "" {
		return invalid("no subject")
	}
	seconds, leeway := float64(now.Unix()), e.Leeway.Seconds()
	exp, err := c.number("exp")
	if err != nil {
		return invalid("no expiry")
	}
	if exp <= seconds-leeway {
		return invalid("expired")
	}
	nbf, err := c.number("nbf")
	if err == nil && nbf > seconds+leeway {
		return invalid("not valid yet")
	}
	_, errIat := c.number("iat")
	for _, err := range []error{err, errIat} {
		if err != nil && !errors.Is(err, errNoClaim) {
			return invalid("date is no number")
		}
	}
	return nil
}

// signJWS returns the compact form of a signed token. The header is upstream's:
// alg, then kid.
func signJWS(alg Algorithm, kid string, key crypto.Signer, claims Claims) (string, error) {
	header, err := encode(object("alg", string(alg), "kid", kid))
	if err != nil {
		return "", err
	}
	payload, err := encode(claims)
	if err != nil {
		return "", err
	}
	token := base64.RawURLEncoding.AppendEncode(nil, header)
	token = append(token, '.')
	token = base64.RawURLEncoding.AppendEncode(token, payload)
	signature, err := alg.sign(key, token)
	if err != nil {
		return "", fmt.Errorf("jwks: sign: %w", err)
	}
	token = append(token, '.')
	return string(base64.RawURLEncoding.AppendEncode(token, signature)), nil
}
