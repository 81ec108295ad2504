// Package genericoauth signs users in with any service that speaks OAuth 2.0 or
// OpenID Connect, by configuration (upstream:
// packages/better-auth/src/plugins/generic-oauth):
//
//	lockstep.Config{Plugins: []plugin.Plugin{genericoauth.New(
//		genericoauth.Keycloak(genericoauth.Options{
//			ClientID: "app", ClientSecret: secret, Issuer: "https://id.example.com/realms/main",
//		}),
//		genericoauth.Config{ProviderID: "shop", ClientID: "app", DiscoveryURL: "https://shop.example.com/.well-known/openid-configuration"},
//	)}}
//
// The services are used like those of package social: /sign-in/social with the
// ProviderID, and /callback/<ProviderID> as the redirect URI. A service with a
// DiscoveryURL is asked about itself when it is first used; while it cannot be
// reached, it alone is unavailable.
package genericoauth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/plugin"
)

// A Config describes a service. ProviderID, ClientID and either DiscoveryURL or
// AuthorizationURL and TokenURL (or GetToken) are required. The names are Better Auth's, and
// exactly so in the option tags.
type Config struct {
	// ProviderID is the service's id in URLs and in the providerId column. Name is
	// for people; it defaults to the id.
	ProviderID string `option:"providerId"`
	Name       string `option:"name"`

	ClientID     string `option:"clientId"`
	ClientSecret string `option:"clientSecret"`

	// DiscoveryURL is where the service describes itself (OpenID Connect
	// Discovery 1.0, RFC 8414), asked with DiscoveryHeaders, as its keys are if
	// they have the same origin. Redirects are not followed: it is the final URL.
	// Fields that are set come before what it says.
	DiscoveryURL     string            `option:"discoveryUrl"`
	DiscoveryHeaders map[string]string `option:"discoveryHeaders"`

	AuthorizationURL string `option:"authorizationUrl"`
	TokenURL         string `option:"tokenUrl"`
	UserInfoURL      string `option:"userInfoUrl"`

	// EndSessionEndpoint is where browsers sign out of the service (OpenID Connect
	// RP-Initiated Logout 1.0), and PostLogoutRedirectURI where it sends them
	// then, if the client does not say. DisableProviderLogout leaves them signed
	// in there.
	EndSessionEndpoint    string `option:"endSessionEndpoint"`
	PostLogoutRedirectURI string `option:"postLogoutRedirectURI"`
	DisableProviderLogout bool   `option:"disableProviderLogout"`

	// RedirectURI replaces the server's callback URL.
	RedirectURI string `option:"redirectURI"`

	// Scopes are asked for. With an OpenID Connect service, openid always is.
	Scopes []string `option:"scopes"`

	// TokenEndpointAuth is how the application proves who it is. Defaults to
	// client_secret_post with a secret and none without. Assertion signs for
	// private_key_jwt; see oauth.PrivateKey.
	TokenEndpointAuth oauth.ClientAuth
	Assertion         oauth.Signer

	// CustomizeRequest proves it in a way of its own, in place of
	// TokenEndpointAuth. (Better Auth: tokenEndpointAuth with the method custom.)
	CustomizeRequest func(r *oauth.TokenRequest) error

	// Parameters of the authorization request; empty ones are left out.
	ResponseType string `option:"responseType"` // defaults to "code"
	ResponseMode string `option:"responseMode"` // "query" or "form_post"
	Prompt       string `option:"prompt"`
	AccessType   string `option:"accessType"`

	// DisablePKCE is for services that reject it.
	DisablePKCE bool

	// AccessTokenExpiresIn is assumed when the service does not say.
	AccessTokenExpiresIn time.Duration `option:"accessTokenExpiresIn"`

	// More parameters of the requests, and headers of those to the token endpoint.
	AuthorizationURLParams oauth.Params      `option:"authorizationUrlParams"`
	TokenURLParams         oauth.Params      `option:"tokenUrlParams"`
	RefreshTokenParams     oauth.Params      `option:"refreshTokenParams"`
	AuthorizationHeaders   map[string]string `option:"authorizationHeaders"`

	// RefreshTokenParamsFunc returns more RefreshTokenParams for one refresh, such
	// as an organization. plugin.CallFrom(ctx) is the call that needs it: what its
	// headers and cookies say anybody can have written. Of several calls at once
	// for one account, one asks the service, and the others get its tokens.
	RefreshTokenParamsFunc func(ctx context.Context) (oauth.Params, error)

	// GetToken replaces the request to TokenURL that turns a code into tokens, for
	// services that want another one.
	GetToken func(ctx context.Context, client *oauth.Client, r oauth.ExchangeRequest) (oauth.Tokens, error)

	// GetUserInfo replaces GET UserInfoURL with a bearer token, and with it what
	// an id token says of the user.
	GetUserInfo func(l oauth.Lookup) (oauth.Request, error)

	// Profile reads the description of a user. Defaults to the standard claims of
	// OpenID Connect.
	Profile func(c oauth.Claims) (oauth.Profile, error)

	// Complete fills in what Profile could not know.
	Complete func(ctx context.Context, l oauth.Lookup, p *oauth.Profile) error

	// AccountSubject returns the id that a user keeps at the service for ever.
	// Defaults to sub for a service with OpenID Connect discovery, and to id, or
	// else sub, for others. It cannot be changed later without losing all users.
	AccountSubject func(c oauth.Claims) string

	// MapProfileToUser changes what the server keeps of a user.
	MapProfileToUser func(ctx context.Context, p oauth.Profile) (oauth.Profile, error)

	// RequireIDTokenVerification refuses a service without keys to check its id
	// tokens with.
	RequireIDTokenVerification bool `option:"requireIdTokenVerification"`

	// DisableIDTokenNonceBinding is for OpenID Connect services that do not put
	// the nonce into id tokens. Those then no longer belong to one sign-in.
	DisableIDTokenNonceBinding bool `option:"disableIdTokenNonceBinding"`

	// AllowIDPInitiated lets users start at the service. The sign-in starts anew
	// then, since nothing ties such a callback to a browser.
	AllowIDPInitiated bool `option:"allowIdpInitiated"`

	DisableImplicitSignUp    bool `option:"disableImplicitSignUp"`
	DisableSignUp            bool `option:"disableSignUp"`
	OverrideUserInfo         bool `option:"overrideUserInfo"`
	RequireEmailVerification bool `option:"requireEmailVerification"`

	// fromIDToken takes the description of a user from the id token only.
	fromIDToken bool

	// err says which options cannot work. New's Init reports it.
	err error
}

// String returns the ProviderID. A Config holds a secret.
func (c Config) String() string { return "genericoauth.Config " + c.ProviderID + " [redacted]" }

// GoString returns the ProviderID.
func (c Config) GoString() string { return c.String() }

// New returns the plugin, with the services in order.
func New(configs ...Config) plugin.Plugin {
	services := make([]*service, len(configs))
	providers := make([]plugin.Provider, len(configs))
	for i, c := range configs {
		services[i] = &service{config: c, turn: make(chan struct{}, 1)}
		providers[i] = services[i].provider()
	}
	return plugin.Plugin{
		ID: "generic-oauth", Providers: providers,
		Init: func(h *plugin.Host) error {
			var errs []error
			for _, s := range services {
				errs = append(errs, s.init(h))
			}
			return errors.Join(errs...)
		},
	}
}

func (s *service) provider() plugin.Provider {
	p := plugin.Provider{ID: s.config.ProviderID, Name: s.config.Name, Describe: s.describe}
	if !s.config.DisableProviderLogout && (s.config.EndSessionEndpoint != "" || s.config.DiscoveryURL != "") {
		p.Logout = s.logout
	}
	return p
}

// init checks the options before there is anything to ask the service about.
func (s *service) init(h *plugin.Host) error {
	s.now = h.Now
	c := &s.config
	if c.err != nil {
		return fmt.Errorf("provider %s: %w", c.ProviderID, c.err)
	}
	m := metadata{}
	if c.DiscoveryURL != "" {
		if _, err := oauth.AppendQuery(c.DiscoveryURL, nil); err != nil {
			return fmt.Errorf("provider %s: the discovery URL: %w", c.ProviderID, err)
		}
		m = anyMetadata()
	} else if c.RequireIDTokenVerification {
		return fmt.Errorf("provider %s: id tokens cannot be verified without a discovery URL", c.ProviderID)
	}
	p, err := c.build(m)
	if err != nil {
		return err
	}
	return p.Validate()
}

// build makes the provider of the options and of what the service says.
func (c *Config) build(m metadata) (oauth.Provider, error) {
	p := oauth.Provider{
		ID: c.ProviderID, Name: cmp.Or(c.Name, c.ProviderID), ClientIDs: []string{c.ClientID}, ClientSecret: c.ClientSecret,
		AuthURL: cmp.Or(c.AuthorizationURL, m.authURL), TokenURL: cmp.Or(c.TokenURL, m.tokenURL),
		UserInfoURL: cmp.Or(c.UserInfoURL, m.userInfoURL), RedirectURI: c.RedirectURI,
		Auth: c.TokenEndpointAuth, Assertion: c.Assertion,
		ExtraScopes: c.Scopes, RequestScopesFirst: true, NoPKCE: c.DisablePKCE, LoginHint: true,
		ResponseType: c.ResponseType, ResponseMode: c.ResponseMode, Prompt: c.Prompt, AccessType: c.AccessType,
		Params: unreserved(c.AuthorizationURLParams), ExchangeParams: c.TokenURLParams, RefreshParams: c.RefreshTokenParams,
		RefreshParamsFunc: c.RefreshTokenParamsFunc, ExchangeCode: c.GetToken,
		TokenHeader: c.AuthorizationHeaders, AccessTokenLifetime: c.AccessTokenExpiresIn,
		Issuer: m.issuer, RequireIssuer: m.sendsIssuer,
		UserInfoRequest: c.GetUserInfo, Profile: c.profile(m.oidc), Complete: c.Complete, MapProfile: c.MapProfileToUser,
		AllowIDPInitiated: c.AllowIDPInitiated, DisableImplicitSignUp: c.DisableImplicitSignUp, DisableSignUp: c.DisableSignUp,
		OverrideUserInfoOnSignIn: c.OverrideUserInfo, RequireEmailVerification: c.RequireEmailVerification,
	}
	if m.oidc {
		p.RequiredScope = "openid"
	}
	if m.jwksURL != "" && m.issuer != "" {
		p.IDToken = oauth.IDTokenRules{Issuers: []string{m.issuer}, JWKSURL: m.jwksURL, Algorithms: m.algorithms}
		p.SendNonce = !c.DisableIDTokenNonceBinding
		if sameOrigin(m.jwksURL, c.DiscoveryURL) {
			p.IDToken.JWKSHeader = c.DiscoveryHeaders
		}
	} else if c.RequireIDTokenVerification {
		return p, fmt.Errorf("provider %s: it names no issuer and keys to verify id tokens with", c.ProviderID)
	}
	if c.CustomizeRequest != nil {
		p.Authenticate = func(_ oauth.Provider, r *oauth.TokenRequest) error { return c.CustomizeRequest(r) }
	}
	p.Source = oauth.FromIDTokenAndUserInfo
	switch {
	case c.GetUserInfo != nil:
		p.Source = oauth.FromUserInfo
	case p.UserInfoURL == "" || c.fromIDToken:
		p.Source = oauth.FromIDToken
	}
	return p, nil
}

// sameOrigin reports whether two URLs have one origin. Where that takes more than
// a look, they have none.
func sameOrigin(a, b string) bool {
	x, errX := url.Parse(a)
	y, errY := url.Parse(b)
	return errX == nil && errY == nil && x.Scheme == y.Scheme && x.Host == y.Host
}

// absolute returns a URL with the origin of base, if it is a path.
func absolute(to, base string) string {
	b, err := url.Parse(base)
	if err != nil || to == "" {
		return to
	}
	u, err := b.Parse(to)
	if err != nil {
		return ""
	}
	return u.String()
}

// unreserved leaves out the parameters that the server sets itself, as upstream.
func unreserved(params oauth.Params) oauth.Params {
	return slices.DeleteFunc(slices.Clone(params), func(p oauth.Param) bool {
		return slices.Contains(oauth.ReservedParams(), p.Name)
	})
}

// profile returns the function that reads a user.
func (c *Config) profile(oidc bool) func(oauth.Claims) (oauth.Profile, error) {
	return func(claims oauth.Claims) (oauth.Profile, error) {
		p, err := c.read(claims, oidc)
		if err == nil && c.AccountSubject != nil {
			p.Subject = c.AccountSubject(claims)
		}
		return p, err
	}
}

func (c *Config) read(claims oauth.Claims, oidc bool) (oauth.Profile, error) {
	if c.Profile != nil {
		return c.Profile(claims)
	}
	// The standard claims (OpenID Connect Core §5.1).
	p := oauth.Profile{
		Subject: claims.Identifier("sub"), Name: claims.Text("name"), Email: claims.Text("email"),
		EmailVerified: claims.Flag("email_verified"), Image: claims.Text("picture"),
	}
	if id := claims.Identifier("id"); id != "" && !oidc {
		p.Subject = id
	}
	return p, nil
}
