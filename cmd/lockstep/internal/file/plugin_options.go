package file

import (
	"cmp"
	"errors"
	"time"

	"github.com/lockstep-auth/lockstep/jwks"
	"github.com/lockstep-auth/lockstep/plugin"
	"github.com/lockstep-auth/lockstep/plugin/bearer"
	"github.com/lockstep-auth/lockstep/plugin/convex"
	"github.com/lockstep-auth/lockstep/plugin/jwt"
)

// bearerOptions are upstream's BearerOptions.
type bearerOptions struct {
	RequireSignature *bool `option:"requireSignature"`
}

func (o *bearerOptions) make() (plugin.Plugin, error) {
	return bearer.New(bearer.Options{AllowUnsigned: o.RequireSignature != nil && !*o.RequireSignature}), nil
}

// jwtOptions are upstream's JwtOptions.
type jwtOptions struct {
	JWKS                    jwtKeys   `option:"jwks"`
	JWT                     jwtTokens `option:"jwt"`
	DisableSettingJWTHeader bool      `option:"disableSettingJwtHeader"`
	SessionCookieCache      later     `option:"sessionCookieCache"`
	Schema                  later     `option:"schema"`
	Adapter                 code      `option:"adapter"`
}

type jwtKeys struct {
	KeyPairConfig               jwtKeyPair     `option:"keyPairConfig"`
	KeyPairConfigs              later          `option:"keyPairConfigs"`
	DisablePrivateKeyEncryption bool           `option:"disablePrivateKeyEncryption"`
	RotationInterval            time.Duration  `option:"rotationInterval"`
	GracePeriod                 *time.Duration `option:"gracePeriod"`
	JWKSPath                    string         `option:"jwksPath"`
	RemoteURL                   later          `option:"remoteUrl"`
}

type jwtKeyPair struct {
	Algorithm     jwks.Algorithm `option:"alg"`
	Curve         string         `option:"crv"`
	ModulusLength int            `option:"modulusLength"`
}

type jwtTokens struct {
	Issuer         string    `option:"issuer"`
	Audience       oneOrMore `option:"audience"`
	ExpirationTime span      `option:"expirationTime"`
	DefinePayload  code      `option:"definePayload"`
	GetSubject     code      `option:"getSubject"`
	Sign           code      `option:"sign"`
}

func (o *jwtOptions) make() (plugin.Plugin, error) {
	pair := o.JWKS.KeyPairConfig
	if pair.Curve != "" && (pair.Curve != "Ed25519" || pair.Algorithm != jwks.EdDSA) {
		return plugin.Plugin{}, errors.New("jwks.keyPairConfig.crv must be Ed25519, with the alg EdDSA")
	}
	return jwt.New(jwt.Options{
		Issuer: o.JWT.Issuer, Audience: o.JWT.Audience, ExpirationTime: time.Duration(o.JWT.ExpirationTime),
		DisableSettingJWTHeader: o.DisableSettingJWTHeader, JWKSPath: o.JWKS.JWKSPath,
		Algorithm: pair.Algorithm, ModulusLength: pair.ModulusLength,
		RotationInterval: o.JWKS.RotationInterval, GracePeriod: gracePeriod(o.JWKS.GracePeriod),
		DisablePrivateKeyEncryption: o.JWKS.DisablePrivateKeyEncryption,
	}).Plugin(), nil
}

// gracePeriod returns how long old keys are good. In Go, 0 is for the default; who
// writes 0 into the file wants none, and gets next to none.
func gracePeriod(given *time.Duration) time.Duration {
	if given == nil {
		return 0
	}
	return max(*given, time.Nanosecond)
}

// convexOptions are those of the plugin of @convex-dev/better-auth, and those of
// package convex that it does not have.
type convexOptions struct {
	JWT              convexTokens   `option:"jwt"`
	Issuer           string         `option:"issuer"`
	Algorithm        jwks.Algorithm `option:"algorithm"`
	RotationInterval time.Duration  `option:"rotationInterval"`
	GracePeriod      *time.Duration `option:"gracePeriod"`
	PublishAhead     time.Duration  `option:"publishAhead"`

	JWKS       later `option:"jwks"`
	AuthConfig code  `option:"authConfig"`
}

type convexTokens struct {
	Expiration    time.Duration `option:"expirationSeconds"`
	DefinePayload code          `option:"definePayload"`
}

// ConvexTokens returns the options of the plugin convex that its tokens and the
// deployment have to agree on: the issuer, empty for the server's origin, and the
// algorithm. There are none if the settings do not name the plugin.
func (s *Settings) ConvexTokens() (issuer string, algorithm jwks.Algorithm, ok bool) {
	for _, p := range s.Plugins {
		if o, ok := p.Options.(*convexOptions); ok {
			return o.Issuer, cmp.Or(o.Algorithm, jwks.RS256), true
		}
	}
	return "", "", false
}

func (o *convexOptions) make() (plugin.Plugin, error) {
	return convex.New(convex.Options{
		Issuer: o.Issuer, Algorithm: o.Algorithm, ExpirationTime: o.JWT.Expiration,
		RotationInterval: o.RotationInterval, GracePeriod: gracePeriod(o.GracePeriod), PublishAhead: o.PublishAhead,
	}).Plugin(), nil
}
