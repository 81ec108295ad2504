package oauth

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	// clockTolerance is how far the clocks of the service and of the server may
	// differ (upstream: oauth2/verify-id-token.ts).
	clockTolerance = 30 * time.Second

	// maxIDToken is the longest id token that is read, in bytes. Those of Entra ID
	// with many groups have about 10 KiB.
	maxIDToken = 64 << 10
)

// IDTokenRules say which id tokens of a service to believe (OpenID Connect Core
// §3.1.3.7). A signature is always checked, with one exception: if there is no
// JWKSURL, the TLS connection to the token endpoint has to vouch for the token
// (rule 6 there), and clients cannot sign in with one.
type IDTokenRules struct {
	// Issuers are the values that iss may have. If it is empty, Check has to
	// decide.
	Issuers []string

	// Audience is who the id tokens that clients bring are for. Defaults to
	// Provider.ClientIDs. Those of a code are always for the first client id.
	Audience []string

	JWKSURL    string
	JWKSHeader map[string]string // sent with the request for the keys
	Algorithms []string          // asymmetric ones; defaults to RS256

	// MaxAge is the longest time since iat. 0 is no limit.
	MaxAge time.Duration

	// NonceSHA256 also accepts the nonce as its SHA-256 in hexadecimal, which
	// Apple's own libraries send.
	NonceSHA256 bool

	// AllowOpaque lets clients sign in with an access token alone, in place of an
	// id token; Complete must then check that it was issued to this application.
	AllowOpaque bool

	// Check is the service's own rule. It sees claims that hold.
	Check func(c Claims, fromClient bool) error

	// Verify asks the service about an id token that a client brings, in place of
	// all other rules.
	Verify func(ctx context.Context, c *Client, p Provider, t IDToken) (Claims, error)
}

// check reports rules that cannot work.
func (r IDTokenRules) check() error {
	_, err := r.algorithms()
	if r.JWKSURL != "" && len(r.Issuers) == 0 && r.Check == nil {
		err = errors.Join(err, errors.New("an id token's issuer is missing"))
	}
	return err
}

func (r IDTokenRules) algorithms() ([]jose.SignatureAlgorithm, error) {
	if len(r.Algorithms) == 0 {
		return []jose.SignatureAlgorithm{jose.RS256}, nil
	}
	var list []jose.SignatureAlgorithm
	for _, name := range r.Algorithms {
		algorithm := jose.SignatureAlgorithm(name)
		if !slices.Contains(asymmetric(), algorithm) {
			return nil, fmt.Errorf("id token algorithm %q is none of %v", name, asymmetric())
		}
		list = append(list, algorithm)
	}
	return list, nil
}

// An IDToken is to be verified.
type IDToken struct {
	Token string

	// Nonce must be in the token. It may be empty if the provider sends none, or
	// if a client brings the token and knows of none.
	Nonce string

	// AccessToken came along with the token; at_hash, if the token has it, must be
	// that of this one.
	AccessToken string

	// FromClient means that a client brings the token, not the token endpoint.
	FromClient bool
}

// String returns "[redacted]".
func (IDToken) String() string { return redacted }

// GoString returns "[redacted]".
func (IDToken) GoString() string { return redacted }

// VerifyIDToken returns the claims of an id token that follows the provider's
// rules.
func (c *Client) VerifyIDToken(ctx context.Context, p Provider, t IDToken) (Claims, error) {
	payload, algorithm, err := c.verifySignature(ctx, p.IDToken, t)
	if err != nil {
		return Claims{}, fmt.Errorf("id token: %w", err)
	}
	claims, err := ParseClaims(payload)
	if err != nil {
		return Claims{}, fmt.Errorf("id token: %w", err)
	}
	if err := checkClaims(claims, p, t, c.now()); err != nil {
		return Claims{}, fmt.Errorf("id token: %w", err)
	}
	if err := checkAccessTokenHash(claims, t.AccessToken, algorithm); err != nil {
		return Claims{}, fmt.Errorf("id token: %w", err)
	}
	return claims, nil
}

// PeekClaims returns the claims of a token that nobody has verified.
func PeekClaims(token string) (Claims, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || len(token) > maxIDToken {
		return Claims{}, errors.New("not a signed token")
	}
	payload, err := base64.RawURLEncoding.Strict().DecodeString(parts[1])
	if err != nil {
		return Claims{}, errors.New("not a signed token")
	}
	return ParseClaims(payload)
}

// isCompact reports whether a token has the form of a signed one: three parts in
// base64url. Decoders skip line breaks and the like; here they are refused.
func isCompact(token string) bool {
	return strings.Count(token, ".") == 2 && len(token) <= maxIDToken && !strings.ContainsFunc(token, func(r rune) bool {
		return r != '.' && r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

// verifySignature returns the payload and the algorithm. The algorithms are those
// of the rules, whatever the token says; keys and URLs in the token's header are
// ignored.
func (c *Client) verifySignature(ctx context.Context, rules IDTokenRules, t IDToken) ([]byte, string, error) {
	if !isCompact(t.Token) {
		return nil, "", errors.New("not a signed token")
	}
	if rules.JWKSURL == "" {
		return trustConnection(t)
	}
	algorithms, err := rules.algorithms()
	if err != nil {
		return nil, "", err
	}
	signed, err := jose.ParseSignedCompact(t.Token, algorithms)
	if err != nil {
		return nil, "", errors.New("not a token that is signed with an accepted algorithm")
	}
	header := signed.Signatures[0].Protected
	if err := checkHeader(header); err != nil {
		return nil, "", err
	}
	keys, err := c.keySet(ctx, Request{URL: rules.JWKSURL, Header: rules.JWKSHeader}, header.KeyID, header.Algorithm)
	if err != nil {
		return nil, "", err
	}
	for _, key := range keys {
		if payload, err := signed.Verify(key); err == nil {
			return payload, header.Algorithm, nil
		}
	}
	return nil, "", errors.New("wrong signature")
}

// trustConnection reads a token that came straight from the token endpoint.
func trustConnection(t IDToken) ([]byte, string, error) {
	if t.FromClient {
		return nil, "", errors.New("the service has no keys to check it with")
	}
	encoded, rest, _ := strings.Cut(t.Token, ".")
	decoded, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return nil, "", errors.New("not a signed token")
	}
	header, err := ParseClaims(decoded)
	if err != nil {
		return nil, "", errors.New("not a signed token")
	}
	algorithm := header.Text("alg")
	encoded, signature, _ := strings.Cut(rest, ".")
	if algorithm == "" || strings.EqualFold(algorithm, "none") || signature == "" {
		return nil, "", errors.New("the token is not signed")
	}
	payload, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return nil, "", errors.New("not a signed token")
	}
	return payload, algorithm, nil
}

// checkHeader refuses tokens of other kinds (RFC 8725 §3.11) and extensions.
func checkHeader(header jose.Header) error {
	if typ, has := header.ExtraHeaders[jose.HeaderType]; has {
		if name, _ := typ.(string); !strings.EqualFold(name, "JWT") {
			return errors.New("a token of another type")
		}
	}
	for _, name := range []jose.HeaderKey{"crit", "b64"} {
		if _, has := header.ExtraHeaders[name]; has {
			return errors.New("the token's header has extensions")
		}
	}
	return nil
}

func checkClaims(c Claims, p Provider, t IDToken, now time.Time) error {
	rules := p.IDToken
	if c.Text("sub") == "" || c.Text("iss") == "" {
		return errors.New("iss or sub is missing")
	}
	if len(rules.Issuers) > 0 && !slices.Contains(rules.Issuers, c.Text("iss")) {
		return errors.New("it is of another issuer")
	}
	if err := checkAudience(c, p, t.FromClient); err != nil {
		return err
	}
	if err := checkTimes(c, rules.MaxAge, now); err != nil {
		return err
	}
	if t.Nonce != "" && !nonceMatches(c.Text("nonce"), t.Nonce, rules.NonceSHA256) {
		return errors.New("the nonce is another one")
	}
	if rules.Check != nil {
		return rules.Check(c, t.FromClient)
	}
	return nil
}

// checkAudience requires a token for this application. If it is for others too,
// azp must say that it was issued to this one (OpenID Connect Core §3.1.3.7 rules
// 3 to 5).
func checkAudience(c Claims, p Provider, fromClient bool) error {
	audience := c.Texts("aud")
	if one, ok := c.text("aud"); ok {
		audience = []string{one}
	}
	accepted := []string{p.ClientID()}
	if fromClient {
		accepted = p.ClientIDs
		if len(p.IDToken.Audience) > 0 {
			accepted = p.IDToken.Audience
		}
	}
	ours := func(id string) bool { return id != "" && slices.Contains(accepted, id) }
	if !slices.ContainsFunc(audience, ours) {
		return errors.New("it is for another application")
	}
	azp := c.Text("azp")
	others := slices.ContainsFunc(audience, func(id string) bool { return !ours(id) && !slices.Contains(p.ClientIDs, id) })
	if others && !ours(azp) {
		return errors.New("it is for other applications too, and azp does not name this one")
	}
	// A client may bring a token that its platform's app got for this audience;
	// azp then is the app (Google on Android).
	if !fromClient && c.Has("azp") && !ours(azp) {
		return errors.New("azp names another application")
	}
	return nil
}

func checkTimes(c Claims, maxAge time.Duration, now time.Time) error {
	at := float64(now.UnixMilli()) / 1000
	tolerance := clockTolerance.Seconds()
	expires, hasExp := c.Number("exp")
	issued, hasIat := c.Number("iat")
	notBefore, hasNbf := c.Number("nbf")
	switch {
	case !hasExp || !hasIat || c.Has("nbf") && !hasNbf:
		return errors.New("exp or iat is missing, or a time is no number")
	case expires <= at-tolerance:
		return errors.New("it has expired")
	case hasNbf && notBefore > at+tolerance, issued > at+tolerance:
		return errors.New("it is from the future")
	case maxAge > 0 && at-issued > maxAge.Seconds()+tolerance:
		return errors.New("it is too old")
	}
	return nil
}

func nonceMatches(claim, nonce string, hashed bool) bool {
	if equal(claim, nonce) {
		return true
	}
	sum := sha256.Sum256([]byte(nonce))
	return hashed && equal(claim, hex.EncodeToString(sum[:]))
}

// checkAccessTokenHash compares at_hash, the left half of the hash that the
// algorithm uses, with the access token (OpenID Connect Core §3.1.3.6).
func checkAccessTokenHash(c Claims, accessToken, algorithm string) error {
	if accessToken == "" || !c.Has("at_hash") {
		return nil
	}
	var h hash.Hash
	switch {
	case strings.HasSuffix(algorithm, "256"):
		h = sha256.New()
	case strings.HasSuffix(algorithm, "384"):
		h = sha512.New384()
	case strings.HasSuffix(algorithm, "512"), algorithm == string(jose.EdDSA):
		h = sha512.New()
	default:
		return errors.New("at_hash is of an unknown algorithm")
	}
	h.Write([]byte(accessToken))
	sum := h.Sum(nil)
	if !equal(c.Text("at_hash"), base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])) {
		return errors.New("at_hash is that of another access token")
	}
	return nil
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
