package oauth

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// assertionLifetime is how long a client assertion is valid (upstream:
// oauth2/client-assertion.ts).
const assertionLifetime = 120 * time.Second

// An AssertionRequest says what to sign.
type AssertionRequest struct {
	ClientID string
	Audience string // the token endpoint
	Now      time.Time
}

// A Signer makes client assertions (RFC 7523 §2.2). It is called for each request
// and must be safe for concurrent use.
type Signer func(ctx context.Context, r AssertionRequest) (string, error)

// A PrivateKey signs in the name of an application. Either PEM or JWK is set.
type PrivateKey struct {
	PEM string `option:"privateKeyPem"` // PKCS #8, or the older forms for RSA and EC
	JWK string `option:"privateKeyJwk"` // JSON

	KeyID     string `option:"kid"`       // header kid; that of the JWK if empty
	Algorithm string `option:"algorithm"` // such as "RS256", "ES256", "EdDSA"; defaults to the JWK's or RS256
}

// String returns "[redacted]".
func (PrivateKey) String() string { return redacted }

// GoString returns "[redacted]".
func (PrivateKey) GoString() string { return redacted }

// Signer returns a Signer, or says what is wrong with the key.
func (k PrivateKey) Signer() (Signer, error) {
	signer, err := k.signer("JWT")
	if err != nil {
		return nil, err
	}
	return func(_ context.Context, r AssertionRequest) (string, error) {
		return jwt.Signed(signer).Claims(jwt.Claims{
			Issuer:   r.ClientID,
			Subject:  r.ClientID,
			Audience: jwt.Audience{r.Audience},
			IssuedAt: jwt.NewNumericDate(r.Now),
			Expiry:   jwt.NewNumericDate(r.Now.Add(assertionLifetime)),
			ID:       rand.Text(),
		}).Serialize()
	}, nil
}

// AppleSecret returns what Provider.SignSecret wants for Apple: a client secret
// that is an ES256 token of the team
// (https://developer.apple.com/documentation/accountorganizationaldatasharing/creating-a-client-secret).
func AppleSecret(teamID, clientID, audience string, key PrivateKey) (func(time.Time) (string, error), error) {
	if teamID == "" || key.KeyID == "" {
		return nil, errors.New("the team id or the key id is missing")
	}
	key.Algorithm = string(jose.ES256)
	signer, err := key.signer("")
	if err != nil {
		return nil, err
	}
	return func(now time.Time) (string, error) {
		return jwt.Signed(signer).Claims(jwt.Claims{
			Issuer:   teamID,
			Subject:  clientID,
			Audience: jwt.Audience{audience},
			IssuedAt: jwt.NewNumericDate(now),
			Expiry:   jwt.NewNumericDate(now.Add(5 * time.Minute)), // Apple allows 6 months
		}).Serialize()
	}, nil
}

func (k PrivateKey) signer(typ string) (jose.Signer, error) {
	key, err := k.parse()
	if err != nil {
		return nil, err
	}
	algorithm, err := k.algorithm(key.Algorithm)
	if err != nil {
		return nil, err
	}
	if k.KeyID != "" {
		key.KeyID = k.KeyID
	}
	key.Algorithm = ""
	options := &jose.SignerOptions{}
	if typ != "" {
		options = options.WithType(jose.ContentType(typ))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, options)
	if err != nil {
		return nil, fmt.Errorf("the private key does not fit %s", algorithm)
	}
	return signer, nil
}

// parse never says what is in a key that cannot be read.
func (k PrivateKey) parse() (jose.JSONWebKey, error) {
	var key jose.JSONWebKey
	switch {
	case (k.PEM == "") == (k.JWK == ""):
		return key, errors.New("a private key is either PEM or JWK")
	case k.JWK != "":
		if json.Unmarshal([]byte(k.JWK), &key) != nil {
			return key, errors.New("the private key is no JWK")
		}
	default:
		block, _ := pem.Decode([]byte(k.PEM))
		if block == nil {
			return key, errors.New("the private key is no PEM")
		}
		key.Key = parseDER(block.Bytes)
	}
	switch private := key.Key.(type) {
	case *ecdsa.PrivateKey, ed25519.PrivateKey:
		return key, nil
	case *rsa.PrivateKey:
		if private.N.BitLen() < minRSABits {
			return key, fmt.Errorf("the RSA key has fewer than %d bits", minRSABits)
		}
		return key, nil
	}
	return key, errors.New("the private key is none of RSA, EC and Ed25519")
}

func parseDER(der []byte) any {
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return key
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key
	}
	return nil
}

func (k PrivateKey) algorithm(ofKey string) (jose.SignatureAlgorithm, error) {
	if k.Algorithm != "" && ofKey != "" && k.Algorithm != ofKey {
		return "", errors.New("the JWK is for another algorithm than the one configured")
	}
	algorithm := jose.RS256
	for _, a := range []string{ofKey, k.Algorithm} {
		if a != "" {
			algorithm = jose.SignatureAlgorithm(a)
		}
	}
	if !slices.Contains(asymmetric(), algorithm) {
		return "", fmt.Errorf("the algorithm of a private key must be one of %v", asymmetric())
	}
	return algorithm, nil
}

// asymmetric are the signature algorithms in which the verifier cannot sign
// (upstream: PRIVATE_KEY_JWT_SIGNING_ALGORITHMS).
func asymmetric() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{
		jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
		jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
	}
}
