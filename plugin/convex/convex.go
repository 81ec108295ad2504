// Package convex signs users of the server in to Convex: Convex functions see
// them in ctx.auth.getUserIdentity(). It serves what the clients of the npm
// package @convex-dev/better-auth ask for (upstream: its src/plugins/convex), so
// that useConvexAuth and server-side rendering work unchanged.
//
//	tokens := convex.New(convex.Options{})
//	auth, err := lockstep.New(lockstep.Config{…, Plugins: []plugin.Plugin{tokens.Plugin()}})
//	http.Handle("/.well-known/openid-configuration", convex.Discovery("/api/auth"))
//
// convex/auth.config.ts of the deployment then names the server:
//
//	export default { providers: [{
//		type: "customJwt", applicationID: "convex", algorithm: "RS256",
//		issuer: "https://example.com", jwks: "https://example.com/api/auth/convex/jwks",
//	}] };
//
// A deployment that cannot reach the server gets the key set as text, in place
// of the URL; see Issuer.DataURI.
//
// A session that was ended gets no token, also where a session cookie still
// tells of it. A token that was given out before is good until it expires.
// List this plugin after plugins that take a new session back, such as a second
// factor, so that no token leaves before that.
package convex

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lockstep-auth/lockstep/jwks"
	"github.com/lockstep-auth/lockstep/plugin"
	"github.com/lockstep-auth/lockstep/schema"
)

const (
	// audience is the applicationID that upstream's clients configure.
	audience = "convex"

	// jwtCookie is the key of the cookie that carries a token to server-side
	// rendering.
	jwtCookie = "convex_jwt"

	discoveryPath = "/convex/.well-known/openid-configuration"
	jwksPath      = "/convex/jwks"
	tokenPath     = "/convex/token"
)

// Options are the options of the plugin. The zero value fits a deployment that
// reaches the server at its base URL.
type Options struct {
	// Issuer is the claim "iss", and the issuer that auth.config.ts names: an
	// origin without a slash at the end. Defaults to the origin of the server.
	Issuer string

	// Algorithm is RS256 for a provider of the type customJwt, the default, or
	// EdDSA for one with a domain.
	Algorithm jwks.Algorithm

	// ExpirationTime is how long a token and its cookie are good. Defaults to
	// 15 minutes.
	ExpirationTime time.Duration

	// DefinePayload returns claims, a value that encodes as a JSON object.
	// Defaults to the user as clients see it, without id and image. Claims that
	// change from token to token make Convex run queries again.
	DefinePayload func(*plugin.Call, *plugin.Login) (any, error)

	// RotationInterval is how long a key signs. Defaults to for ever.
	RotationInterval time.Duration

	// GracePeriod is how long a key is published after that. Defaults to 30
	// days.
	GracePeriod time.Duration

	// PublishAhead is how long a new key is published before it signs, since
	// Convex remembers the key set for a while. With a key set given as text, it
	// is the time there is to deploy the new text. Defaults to 5 minutes.
	PublishAhead time.Duration
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
	o.Algorithm = cmp.Or(o.Algorithm, jwks.RS256)
	o.ExpirationTime = cmp.Or(o.ExpirationTime, 15*time.Minute)
	o.PublishAhead = cmp.Or(o.PublishAhead, 5*time.Minute)
	return &Issuer{o: o}
}

// Plugin returns the plugin.
func (i *Issuer) Plugin() plugin.Plugin {
	return plugin.Plugin{
		ID: "convex", Init: i.init, Tables: []schema.Table{jwks.Table()},
		Endpoints: []plugin.Endpoint{
			{Method: http.MethodGet, Path: tokenPath, Guard: plugin.GuardSensitive, Handler: plugin.Plain(i.token)},
			{Method: http.MethodGet, Path: jwksPath, Handler: plugin.Plain(i.document)},
			{Method: http.MethodGet, Path: discoveryPath, Handler: plugin.Plain(i.discovery)},
		},
		After: []plugin.Hook{{Match: begins, Run: i.begin}, {Path: "/get-session", Match: succeeded, Run: i.keep}, {Match: ends, Run: end}},
	}
}

func (i *Issuer) init(h *plugin.Host) error {
	if i.keys != nil {
		return errors.New("an issuer belongs to one server")
	}
	if i.o.Algorithm != jwks.RS256 && i.o.Algorithm != jwks.EdDSA {
		return errors.New("the only values of Algorithm are RS256 and EdDSA, those of Better Auth's providers")
	}
	if i.o.ExpirationTime < time.Second {
		return errors.New("the ExpirationTime must be at least a second")
	}
	if i.o.Issuer != "" && !isIssuer(i.o.Issuer) {
		return errors.New(`the Issuer must be the address of a server, such as "https://auth.example.com", without a slash at the end`)
	}
	// Convex refuses the whole key set of a provider of the type customJwt for one
	// key with an "alg" that it does not know, such as EdDSA (get-convex/biscuit,
	// src/jwa.rs), which the plugin "jwt" and old versions of upstream leave in the
	// table.
	keys, err := jwks.New(jwks.Config{
		Store: h.Identity.Store(), Now: h.Now, Seal: h.Vault(), Algorithm: i.o.Algorithm, PublishOne: true, Log: h.Log,
		RotationInterval: i.o.RotationInterval, GracePeriod: i.o.GracePeriod, PublishAhead: i.o.PublishAhead,
	})
	if err != nil {
		return err
	}
	i.keys, i.now = keys, h.Now
	return nil
}

// isIssuer reports whether Convex takes the text for an issuer.
func isIssuer(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && !strings.HasSuffix(text, "/")
}

func (i *Issuer) issuer(c *plugin.Call) string { return cmp.Or(i.o.Issuer, c.Origin) }

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
	i.write(c, token)
	return &tokenOutput{token}, nil
}

// issue makes the token of a session. The order of the claims is upstream's.
func (i *Issuer) issue(c *plugin.Call, login *plugin.Login) (string, error) {
	payload, err := i.payload(c, login)
	if err != nil {
		return "", err
	}
	iat := i.now().Unix()
	claims := jwks.Claims{}
	set := func(name string, value any) {
		if err == nil {
			err = claims.Set(name, value)
		}
	}
	set("iat", iat)
	for _, m := range payload {
		set(m.Name, m.Value)
	}
	set("sessionId", login.Session.ID)
	set("iat", iat)
	set("sub", login.User.ID)
	set("exp", iat+int64(i.o.ExpirationTime/time.Second))
	set("iss", i.issuer(c))
	set("aud", audience)
	if err != nil {
		return "", err
	}
	return i.keys.Sign(c.Context(), claims)
}

func (i *Issuer) payload(c *plugin.Call, login *plugin.Login) (jwks.Claims, error) {
	if i.o.DefinePayload != nil {
		payload, err := i.o.DefinePayload(c, login)
		if err != nil {
			return nil, err
		}
		return jwks.NewClaims(payload)
	}
	claims, err := jwks.NewClaims(c.PublicUser(login.User))
	claims.Delete("id", "image")
	return claims, err
}

// document may be remembered for a minute: Convex goes by Cache-Control, and a
// new key is published for longer than that before it signs.
func (i *Issuer) document(c *plugin.Call) (json.RawMessage, error) {
	set, err := i.keys.Document(c.Context())
	if err == nil {
		c.SetHeader("Cache-Control", "public, max-age=60")
	}
	return set, err
}

// A discoveryOutput is what Convex reads of a provider with a domain (OpenID
// Connect Discovery §3). There is no authorization endpoint, but the standard
// wants one named; upstream names more endpoints that are not there.
type discoveryOutput struct {
	Issuer                string           `json:"issuer"`
	AuthorizationEndpoint string           `json:"authorization_endpoint"`
	JWKSURI               string           `json:"jwks_uri"`
	ResponseTypes         []string         `json:"response_types_supported"`
	SubjectTypes          []string         `json:"subject_types_supported"`
	SigningAlgorithms     []jwks.Algorithm `json:"id_token_signing_alg_values_supported"`
}

func (i *Issuer) discovery(c *plugin.Call) (*discoveryOutput, error) {
	base := i.issuer(c) + strings.TrimPrefix(c.BaseURL, c.Origin)
	return &discoveryOutput{
		Issuer: i.issuer(c), AuthorizationEndpoint: base + "/oauth2/authorize", JWKSURI: base + jwksPath,
		ResponseTypes: []string{"code"}, SubjectTypes: []string{"public"},
		SigningAlgorithms: []jwks.Algorithm{i.o.Algorithm},
	}, nil
}

// Discovery returns a handler for "/.well-known/openid-configuration" at the
// root of the issuer, where Convex looks for a provider with a domain. It sends
// the caller to the endpoint of the plugin below basePath, such as "/api/auth".
func Discovery(basePath string) http.Handler {
	return http.RedirectHandler(strings.TrimRight(basePath, "/")+discoveryPath, http.StatusFound)
}

// DataURI returns the published key set as a "data:" URL, for "jwks" of a
// provider whose deployment cannot reach the server. It holds no secret. After a
// rotation the deployment needs the new text before the new key signs: rotate
// with Rotate, and set PublishAhead to the time that takes.
func (i *Issuer) DataURI(ctx context.Context) (string, error) {
	if i.keys == nil {
		return "", errNoServer
	}
	set, err := i.keys.Document(ctx)
	if err != nil {
		return "", err
	}
	return "data:text/plain;charset=utf-8;base64," + base64.StdEncoding.EncodeToString(set), nil
}

// Rotate makes a new signing key, which signs after PublishAhead. Tokens of the
// one before stay valid; upstream deletes it.
func (i *Issuer) Rotate(ctx context.Context) error {
	if i.keys == nil {
		return errNoServer
	}
	return i.keys.Rotate(ctx)
}

var errNoServer = errors.New("convex: no server has been made with this issuer")
