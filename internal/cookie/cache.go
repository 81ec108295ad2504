package cookie

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/lockstep-auth/lockstep/internal/jsjson"
	"github.com/lockstep-auth/lockstep/internal/secure"
)

// A Strategy is a format of the session cache (session.cookieCache.strategy).
// A browser can read all but JWE.
type Strategy string

// The strategies of Better Auth.
const (
	Compact Strategy = "compact" // signed JSON, the default
	JWT     Strategy = "jwt"     // a JSON Web Token, HS256
	JWE     Strategy = "jwe"     // an encrypted JSON Web Token
)

// Lives of a cache whose cookie ends with the browser session, in seconds
// (upstream: cookies/index.ts, setCookieCache).
const (
	compactSessionLife = 60
	tokenSessionLife   = 300
)

// sealSalt separates the key of the JWE cache from that of other cookies.
const sealSalt = "better-auth-session"

// CacheConfig is what NewCache needs. Secrets are required.
type CacheConfig struct {
	Strategy Strategy // defaults to Compact
	Secrets  *secure.Secrets
}

// A Payload is the session that a cache holds. Session and User are JSON
// objects as JSON.stringify writes them; in what Decode returns they may share
// memory with each other.
type Payload struct {
	Session, User []byte
	UpdatedAt     int64  // milliseconds since 1970
	Version       string // absent and empty are the same
}

// A Cache turns sessions into values of the session_data cookie and back. It
// is immutable and safe for concurrent use.
type Cache struct {
	strategy Strategy
	signer   *secure.Signer
	sealer   *secure.Sealer
	encoding *base64.Encoding
}

// NewCache returns a Cache, or an error when a field of c is missing or unknown.
func NewCache(c CacheConfig) (*Cache, error) {
	if c.Secrets == nil {
		return nil, errors.New("session cache: no secrets")
	}
	if err := c.Strategy.Check(); err != nil {
		return nil, err
	}
	return &Cache{
		strategy: cmp.Or(c.Strategy, Compact),
		signer:   secure.NewSigner(c.Secrets.Current()),
		sealer:   c.Secrets.Sealer(sealSalt),
		encoding: base64.RawURLEncoding.Strict(),
	}, nil
}

// Check reports a strategy that there is not.
func (s Strategy) Check() error {
	switch cmp.Or(s, Compact) {
	case Compact, JWT, JWE:
		return nil
	}
	return fmt.Errorf("session.cookieCache.strategy %q: not compact, jwt or jwe", string(s))
}

// Encode returns the value of a cookie that lives for maxAge seconds. 0 means
// that it ends with the browser session: the cache is then good for 60 seconds
// (Compact) or 300.
//
// A session or user in which a string looks like a date, but not the way
// JavaScript writes one, gives a Compact value that no server accepts: see Decode.
func (c *Cache) Encode(p Payload, now time.Time, maxAge int) string {
	switch c.strategy {
	case JWT:
		return c.signer.SignJWT(appendClaims(p, now, maxAge, ""))
	case JWE:
		return c.sealer.Seal(appendClaims(p, now, maxAge, secure.UUID()))
	default:
		return c.encodeCompact(p, now, maxAge)
	}
}

// Decode returns the payload of a value that Encode or Better Auth made with
// the same strategy and secret, and when it ends. A JWT or JWE that has ended
// is refused (for JWE with a tolerance of 15 seconds); for Compact the caller
// compares. What is in Session and User, whose session it is, whether that has
// ended, and the version are for the caller to check too.
func (c *Cache) Decode(value string, now time.Time) (p Payload, expiresAt time.Time, ok bool) {
	switch c.strategy {
	case JWT:
		claims, ok := c.signer.VerifyJWT(value, now)
		return readToken(claims, ok)
	case JWE:
		claims, ok := c.sealer.Open(value, now)
		return readToken(claims, ok)
	default:
		return c.decodeCompact(value)
	}
}

// appendPayload writes p as upstream does, without the closing brace.
func appendPayload(dst []byte, p Payload) []byte {
	dst = append(append(dst, `{"session":`...), p.Session...)
	dst = append(append(dst, `,"user":`...), p.User...)
	dst = strconv.AppendInt(append(dst, `,"updatedAt":`...), p.UpdatedAt, 10)
	return jsjson.AppendString(append(dst, `,"version":`...), p.Version)
}

// appendClaims writes p with the claims that jose adds, in its order.
func appendClaims(p Payload, now time.Time, maxAge int, id string) []byte {
	issued := now.Unix()
	dst := make([]byte, 0, len(p.Session)+len(p.User)+256)
	dst = appendPayload(dst, p)
	dst = strconv.AppendInt(append(dst, `,"iat":`...), issued, 10)
	dst = strconv.AppendInt(append(dst, `,"exp":`...), issued+int64(cmp.Or(maxAge, tokenSessionLife)), 10)
	if id != "" {
		dst = jsjson.AppendString(append(dst, `,"jti":`...), id)
	}
	return append(dst, '}')
}

func readToken(claims []byte, verified bool) (Payload, time.Time, bool) {
	if !verified {
		return Payload{}, time.Time{}, false
	}
	p, exp, ok := readPayload(claims, "exp")
	return p, time.Unix(exp, 0), ok
}

// readPayload reads a JSON object with the members of a payload and, under the
// name expiry, when it ends. Other members are ignored.
func readPayload(data []byte, expiry string) (p Payload, end int64, ok bool) {
	var buf [8]jsjson.Member
	members, ok := jsjson.Members(buf[:0], data)
	if !ok {
		return Payload{}, 0, false
	}
	var hasUpdatedAt, hasEnd bool
	hasVersion := true
	for _, m := range members {
		switch m.Key {
		case "session":
			p.Session = m.Value
		case "user":
			p.User = m.Value
		case "updatedAt":
			p.UpdatedAt, hasUpdatedAt = integer(m.Value)
		case "version":
			p.Version, hasVersion = jsjson.String(m.Value)
		case expiry:
			end, hasEnd = integer(m.Value)
		}
	}
	if !isObject(p.Session) || !isObject(p.User) || !hasUpdatedAt || !hasVersion || !hasEnd {
		return Payload{}, 0, false
	}
	return p, end, true
}

func isObject(raw []byte) bool {
	return bytes.HasPrefix(raw, []byte("{"))
}

// integer reads a number that JavaScript holds exactly.
func integer(raw []byte) (int64, bool) {
	f, ok := jsjson.Number(raw)
	if !ok || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}
