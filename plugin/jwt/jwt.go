// Package jwt gives signed-in clients JSON Web Tokens that other services
// verify on their own, with the key set that the server publishes (upstream:
// packages/better-auth/src/plugins/jwt). In Go they use jwks.Verifier.
//
//	tokens := jwt.New(jwt.Options{})
//	auth, err := lockstep.New(lockstep.Config{…, Plugins: []plugin.Plugin{tokens.Plugin()}})
//
// It adds GET /token, GET /jwks, and the header "set-auth-jwt" to the answer of
// get-session.
//
// A session that was ended gets no token, also where a session cookie still
// tells of it (upstream believes the cookie). A token that was given out before
// is good until it expires.
package jwt

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/lockstep-auth/lockstep/jwks"
	"github.com/lockstep-auth/lockstep/plugin"
	"github.com/lockstep-auth/lockstep/schema"
)

const setAuthJWT = "set-auth-jwt"

// Options are the options of the plugin. The zero value has Better Auth's
// defaults.
type Options struct {
	// Issuer is the claim "iss". Defaults to the origin of the server.
	Issuer string

	// Audience is the claim "aud". Defaults to the origin of the server.
	Audience []string

	// ExpirationTime is how long a token is good. Defaults to 15 minutes.
	ExpirationTime time.Duration

	// DefinePayload returns the claims of a token, a value that encodes as a
	// JSON object. Defaults to the user as clients see it.
	DefinePayload func(*plugin.Call, *plugin.Login) (any, error)

	// GetSubject returns the claim "sub". Defaults to the id of the user.
	GetSubject func(*plugin.Call, *plugin.Login) (string, error)

	// DisableSettingJWTHeader leaves "set-auth-jwt" out of the answer of
	// get-session.
	DisableSettingJWTHeader bool

	// JWKSPath is the path of the key set. Defaults to "/jwks".
	JWKSPath string

	// Algorithm is of new keys. Defaults to EdDSA.
	Algorithm jwks.Algorithm

	// ModulusLength is the size of RSA keys, in bits. Defaults to 2048.
	ModulusLength int

	// RotationInterval is how long a key signs. Defaults to for ever.
	RotationInterval time.Duration

	// GracePeriod is how long a key is published after that. Defaults to 30
	// days.
	GracePeriod time.Duration

	// DisablePrivateKeyEncryption stores private keys as they are.
	DisablePrivateKeyEncryption bool
}

// An Issuer makes tokens. It works once a server has been made with its Plugin,
// and belongs to that server. It is safe for concurrent use.
type Issuer struct {
	o    Options
	keys *jwks.Keyring
	now  func() time.Time
}

// New returns an issuer. Bad options are reported when a server is made.
func New(o Options) *Issuer {
	o.ExpirationTime = cmp.Or(o.ExpirationTime, 15*time.Minute)
	o.JWKSPath = cmp.Or(o.JWKSPath, "/jwks")
	return &Issuer{o: o}
}

// Plugin returns the plugin.
func (i *Issuer) Plugin() plugin.Plugin {
	p := plugin.Plugin{
		ID: "jwt", Init: i.init, Tables: []schema.Table{jwks.Table()},
		Endpoints: []plugin.Endpoint{
			{Method: http.MethodGet, Path: i.o.JWKSPath, Handler: plugin.Plain(i.document)},
			{Method: http.MethodGet, Path: "/token", Guard: plugin.GuardSensitive, Handler: plugin.Plain(i.token)},
		},
	}
	if !i.o.DisableSettingJWTHeader {
		p.After = []plugin.Hook{{Path: "/get-session", Run: i.header}}
	}
	return p
}

func (i *Issuer) init(h *plugin.Host) error {
	if i.keys != nil {
		return errors.New("an issuer belongs to one server")
	}
	if !strings.HasPrefix(i.o.JWKSPath, "/") || strings.Contains(i.o.JWKSPath, "..") {
		return fmt.Errorf("JWKSPath %q must start with / and have no .. in it", i.o.JWKSPath)
	}
	if i.o.ExpirationTime < time.Second {
		return errors.New("the ExpirationTime must be at least a second")
	}
	c := jwks.Config{
		Store: h.Identity.Store(), Now: h.Now, Algorithm: i.o.Algorithm, RSABits: i.o.ModulusLength,
		RotationInterval: i.o.RotationInterval, GracePeriod: i.o.GracePeriod, Log: h.Log,
	}
	if !i.o.DisablePrivateKeyEncryption {
		c.Seal = h.Vault()
	}
	keys, err := jwks.New(c)
	if err != nil {
		return err
	}
	i.keys, i.now = keys, h.Now
	return nil
}

func (i *Issuer) document(c *plugin.Call) (json.RawMessage, error) {
	return i.keys.Document(c.Context())
}

type tokenOutput struct {
	Token string `json:"token"`
}

func (i *Issuer) token(c *plugin.Call) (*tokenOutput, error) {
	login, err := c.Login()
	if err != nil {
		return nil, err
	}
	token, err := i.issue(c, login)
	if err != nil {
		return nil, err
	}
	return &tokenOutput{token}, nil
}

// header adds a token to the answer of get-session. A session that came from
// the session cookie is looked up first, at the price of a trip to the
// database: if it was ended, the client is told so. A database or a key that is
// away costs the client the header and not its session.
func (i *Issuer) header(c *plugin.Call) error {
	login := c.SentLogin()
	if login == nil {
		return nil
	}
	alive, err := c.Alive(login)
	if err == nil && !alive {
		c.ForgetSession()
		c.Output = nil
		return nil
	}
	var token string
	if err == nil {
		token, err = i.issue(c, login)
	}
	if err != nil {
		c.Host.Log.ErrorContext(c.Context(), "no token for the answer of get-session", "err", err)
		return nil
	}
	c.ExposeHeader(setAuthJWT, token)
	return nil
}

// issue makes the token of a session. The order of the claims is upstream's
// (plugins/jwt/sign.ts, getJwtToken): iat, the payload, sub, then what signing
// adds.
func (i *Issuer) issue(c *plugin.Call, login *plugin.Login) (string, error) {
	payload, err := i.payload(c, login)
	if err != nil {
		return "", err
	}
	subject := login.User.ID
	if i.o.GetSubject != nil {
		if subject, err = i.o.GetSubject(c, login); err != nil {
			return "", err
		}
	}
	claims := jwks.Claims{}
	if err := claims.Set("iat", i.now().Unix()); err != nil {
		return "", err
	}
	for _, m := range payload {
		if err := claims.Set(m.Name, m.Value); err != nil {
			return "", err
		}
	}
	if err := claims.Set("sub", subject); err != nil {
		return "", err
	}
	return i.sign(c.Context(), claims, c.Origin)
}

func (i *Issuer) payload(c *plugin.Call, login *plugin.Login) (jwks.Claims, error) {
	if i.o.DefinePayload == nil {
		return jwks.NewClaims(c.PublicUser(login.User))
	}
	payload, err := i.o.DefinePayload(c, login)
	if err != nil {
		return nil, err
	}
	return jwks.NewClaims(payload)
}

// Sign returns a token with the claims of payload, which encodes as a JSON
// object, and exp, iss and aud where it has none (Better Auth: auth.api.signJWT).
// The payload or the options must name issuer and audience, unless ctx is of a
// call (plugin.WithCall): only a call knows the origin of the server.
func (i *Issuer) Sign(ctx context.Context, payload any) (string, error) {
	if i.keys == nil {
		return "", errNoServer
	}
	claims, err := jwks.NewClaims(payload)
	if err != nil {
		return "", err
	}
	return i.sign(ctx, claims, origin(ctx))
}

// Verify returns the claims of a token that Sign or the endpoints made, or an
// error that is jwks.ErrInvalid (Better Auth: auth.api.verifyJWT). The options
// must name issuer and audience, unless ctx is of a call.
func (i *Issuer) Verify(ctx context.Context, token string) (jwks.Claims, error) {
	if i.keys == nil {
		return nil, errNoServer
	}
	home := origin(ctx)
	e := jwks.Expect{Issuer: cmp.Or(i.o.Issuer, home), Audience: i.o.Audience}
	if len(e.Audience) == 0 {
		e.Audience = []string{home}
	}
	return i.keys.Verify(ctx, token, e)
}

// Rotate makes a new signing key at once. Tokens of the one before stay valid.
func (i *Issuer) Rotate(ctx context.Context) error {
	if i.keys == nil {
		return errNoServer
	}
	return i.keys.Rotate(ctx)
}

var errNoServer = errors.New("jwt: no server has been made with this issuer")

// origin returns the origin of the server, if ctx is of a call.
func origin(ctx context.Context) string {
	if c := plugin.CallFrom(ctx); c != nil {
		return c.Origin
	}
	return ""
}

// sign adds exp, iss and aud where they are missing, in upstream's order.
func (i *Issuer) sign(ctx context.Context, claims jwks.Claims, home string) (string, error) {
	start := i.now().Unix()
	if raw := claims.Get("iat"); !isNull(raw) {
		if err := json.Unmarshal(raw, &start); err != nil {
			return "", errors.New("jwt: iat is no whole number of seconds")
		}
	}
	for _, add := range []struct {
		name  string
		value any
	}{
		{"exp", start + int64(i.o.ExpirationTime/time.Second)},
		{"iss", cmp.Or(i.o.Issuer, home)},
		{"aud", i.audience(home)},
	} {
		if !isNull(claims.Get(add.name)) {
			continue
		}
		if add.value == "" {
			return "", fmt.Errorf("jwt: %s is missing: set it in the options or in the payload", add.name)
		}
		if err := claims.Set(add.name, add.value); err != nil {
			return "", err
		}
	}
	return i.keys.Sign(ctx, claims)
}

// audience is a text if there is one, and a list if there are more.
func (i *Issuer) audience(home string) any {
	switch len(i.o.Audience) {
	case 0:
		return home
	case 1:
		return i.o.Audience[0]
	}
	return i.o.Audience
}

// isNull reports whether a claim is absent or null, which upstream takes for the
// same.
func isNull(raw json.RawMessage) bool { return raw == nil || string(raw) == "null" }
