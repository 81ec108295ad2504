package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A Provider describes a service. It is data: it holds no connections, and a
// value can be copied and changed before it is given to a server. Functions in it
// must be safe for concurrent use.
type Provider struct {
	ID   string // in URLs and in the providerId column, such as "github"
	Name string // for people, such as "GitHub"

	// ClientIDs are the ids of this application at the service. The first one
	// signs in with codes; id tokens may be for any of them, since the apps for
	// each platform have their own.
	ClientIDs    []string
	ClientSecret string
	NeedsSecret  bool // the service has no public clients

	// SignSecret makes the client secret anew for each request, for Apple.
	SignSecret func(now time.Time) (string, error)

	AuthURL     string // where the browser goes
	TokenURL    string
	RefreshURL  string // if it is not TokenURL
	UserInfoURL string
	ExtraURL    string // one more API, which the service's constructor explains

	// RedirectURI replaces the callback URL of the server.
	RedirectURI string

	// Auth is how the application proves to TokenURL who it is, RefreshAuth how
	// it does for a refresh. They default to AuthPost with a secret and AuthNone
	// without; RefreshAuth defaults to Auth.
	Auth        ClientAuth
	RefreshAuth ClientAuth

	// Assertion signs for AuthPrivateKeyJWT.
	Assertion Signer

	// Authenticate replaces Auth, for services with a way of their own. It may
	// change everything about the request.
	Authenticate func(p Provider, r *TokenRequest) error

	// Scopes are the service's defaults and ExtraScopes the application's. A
	// request can add more.
	Scopes             []string
	ExtraScopes        []string
	RequestScopesFirst bool   // those of the request come before ExtraScopes
	UniqueScopes       bool   // no scope is sent twice
	RequiredScope      string // comes first, where nothing else asks for it
	NoScopes           bool   // the service has none
	ScopeSeparator     string

	// NoPKCE leaves the code challenge out, for services that do not know it.
	NoPKCE bool

	// Parameters of the authorization request; empty ones are left out.
	ResponseType string // defaults to "code"
	ResponseMode string
	Prompt       string
	Display      string
	HostedDomain string
	AccessType   string
	LoginHint    bool // login_hint is passed on

	// Params are more parameters of the authorization request, which the request
	// can replace. FixedParams it cannot.
	Params      Params
	FixedParams Params
	NoParams    bool // parameters of the request are dropped

	// Authorize builds the whole authorization URL, for odd services.
	Authorize func(p Provider, r AuthorizationRequest) (string, error)

	// TokenHeader is sent to TokenURL. ExchangeParams and RefreshParams are added
	// to the bodies of the two requests.
	TokenHeader    map[string]string
	ExchangeParams Params
	RefreshParams  Params
	SendDeviceID   bool // device_id of the callback is passed on
	NoRefresh      bool // the service has no refresh tokens

	// RefreshParamsFunc returns more RefreshParams, which count more, for one
	// refresh.
	RefreshParamsFunc func(ctx context.Context) (Params, error)

	// ExchangeCode replaces the exchange of a code at TokenURL, with a request of
	// its own. What it returns is believed as the answer of the service would be.
	// RefreshTokens does the same for a refresh token.
	ExchangeCode  func(ctx context.Context, client *Client, r ExchangeRequest) (Tokens, error)
	RefreshTokens func(ctx context.Context, client *Client, refreshToken string) (Tokens, error)

	// AccessTokenLifetime is assumed when the service does not say. 0 is unknown.
	AccessTokenLifetime time.Duration

	// CheckTokens reads a token response in the service's own way, before it is
	// read in the usual one. It may change the tokens afterwards.
	CheckTokens func(response Claims, t *Tokens) error

	// Issuer is what the iss parameter of a callback must be (RFC 9207), if it is
	// set. With RequireIssuer a callback without it is refused.
	Issuer        string
	RequireIssuer bool

	// IDToken says which id tokens to believe. SendNonce binds them to the
	// browser: such a sign-in fails without a nonce in its state.
	IDToken   IDTokenRules
	SendNonce bool

	// Source says where users are described.
	Source Source

	// UserInfoRequest replaces GET UserInfoURL with a bearer token.
	UserInfoRequest func(l Lookup) (Request, error)

	// Profile reads the description of a user. It is required.
	Profile func(c Claims) (Profile, error)

	// Complete asks the service for what Profile could not know, and refuses
	// users whose description does not hold.
	Complete func(ctx context.Context, l Lookup, p *Profile) error

	// MapProfile changes what the server keeps of a user (Better Auth:
	// mapProfileToUser). It cannot change Subject.
	MapProfile func(ctx context.Context, p Profile) (Profile, error)

	// RequireEmail refuses users without an email address.
	RequireEmail bool

	// CallbackPath is where the browser comes back to, below the server's base
	// URL. Defaults to "/callback/" and the ID.
	CallbackPath string

	// AllowIDPInitiated starts a sign-in anew when a callback comes without state.
	AllowIDPInitiated bool

	// What the server may do with the service's users, as in Better Auth.
	DisableSignUp            bool
	DisableImplicitSignUp    bool
	OverrideUserInfoOnSignIn bool
	RequireEmailVerification bool
	DisableIDTokenSignIn     bool

	// Err says which options cannot work. Validate reports it.
	Err error
}

// String returns the ID. A Provider holds a secret.
func (p Provider) String() string { return "oauth.Provider " + p.ID + " [redacted]" }

// GoString returns the ID.
func (p Provider) GoString() string { return p.String() }

// A Source is where the users of a service are described.
type Source int

const (
	// FromUserInfo asks UserInfoURL. If there is an id token as well, both must
	// have the same sub (OpenID Connect Core §5.3.2).
	FromUserInfo Source = iota

	// FromIDToken reads the id token.
	FromIDToken

	// FromIDTokenOrUserInfo reads the id token, and asks UserInfoURL if there is
	// none.
	FromIDTokenOrUserInfo

	// FromIDTokenAndUserInfo verifies the id token, if there is one, and asks
	// UserInfoURL if it has no email address. Both must have the same sub.
	FromIDTokenAndUserInfo
)

// A Profile is a user of a service.
type Profile struct {
	// Subject identifies the user at the service, forever (the accountId column).
	// It is never an email address.
	Subject string

	Name          string
	Email         string // as the service writes it; empty if it does not say
	EmailVerified bool
	Image         string // URL

	// Fields are more fields of the user, by name. The server keeps those that it
	// declares as additional fields.
	Fields map[string]any

	// Data is the service's own description, a JSON object.
	Data json.RawMessage
}

// A Lookup is one user whose description is being completed.
type Lookup struct {
	Client   *Client
	Provider Provider
	Tokens   Tokens
	Claims   Claims // the description so far

	// IDToken reports that Claims are those of an id token.
	IDToken bool

	// GivenName is what the browser says the user is called (Apple, on the first
	// sign-in only). Nobody vouches for it.
	GivenName string
}

// String returns "[redacted]".
func (Lookup) String() string { return redacted }

// GoString returns "[redacted]".
func (Lookup) GoString() string { return redacted }

const redacted = "[redacted]"

// ClientID returns the client id that signs in with codes.
func (p Provider) ClientID() string {
	if len(p.ClientIDs) == 0 {
		return ""
	}
	return p.ClientIDs[0]
}

// Callback returns the path below the server's base URL where the browser comes
// back to (upstream: oauth2/utils.ts getOAuthCallbackPath).
func (p Provider) Callback() string {
	if p.CallbackPath == "" {
		return "/callback/" + p.ID
	}
	return "/" + strings.TrimPrefix(p.CallbackPath, "/")
}

// ScopesFor returns the scopes of an authorization request that asks for the
// given ones on top.
func (p Provider) ScopesFor(request []string) []string {
	if p.NoScopes {
		return nil
	}
	scopes := slices.Concat(p.Scopes, p.ExtraScopes, request)
	if p.RequestScopesFirst {
		scopes = slices.Concat(p.Scopes, request, p.ExtraScopes)
	}
	if p.RequiredScope != "" && !slices.Contains(scopes, p.RequiredScope) {
		scopes = slices.Insert(scopes, 0, p.RequiredScope)
	}
	if !p.UniqueScopes {
		return scopes
	}
	var unique []string
	for _, s := range scopes {
		if !slices.Contains(unique, s) {
			unique = append(unique, s)
		}
	}
	return unique
}

// AcceptsIDTokens reports whether clients can sign in with an id token that they
// got from the service themselves.
func (p Provider) AcceptsIDTokens() bool {
	return !p.DisableIDTokenSignIn && (p.IDToken.JWKSURL != "" || p.IDToken.Verify != nil)
}

// CheckCallback refuses a callback that cannot belong to the sign-in, before its
// code is used. iss is its iss parameter, empty if it has none: a code of one
// service must not be taken to another (RFC 9207 §2.4). nonce is that of the state.
func (p Provider) CheckCallback(iss, nonce string) error {
	switch {
	case p.Issuer != "" && iss != "" && iss != p.Issuer:
		return fail(CodeIssuerMismatch, errors.New("the iss parameter names another issuer"))
	case p.RequireIssuer && iss == "":
		return fail(CodeIssuerMissing, errors.New("the iss parameter is missing"))
	case p.SendNonce && nonce == "":
		return fail(CodeNonceBindingMissing, errors.New("the state has no nonce"))
	}
	return nil
}

// Validate reports everything in a provider that cannot work.
func (p Provider) Validate() error {
	errs := []error{p.Err}
	missing := func(is bool, what string) {
		if is {
			errs = append(errs, errors.New(what+" is missing"))
		}
	}
	missing(p.ID == "" || strings.ContainsAny(p.ID, "/?#% "), "an ID that can be part of a path")
	missing(p.ClientID() == "" || slices.Contains(p.ClientIDs, ""), "the client id")
	missing(p.NeedsSecret && !p.hasSecret(), "the client secret")
	missing(p.Profile == nil, "Profile")
	missing(p.Source != FromIDToken && p.UserInfoURL == "" && p.UserInfoRequest == nil, "the user info URL")
	errs = append(errs, p.checkAuth(p.Auth), p.checkAuth(p.RefreshAuth), p.IDToken.check())
	missing(p.AuthURL == "", "the authorization URL")
	missing(p.TokenURL == "" && p.ExchangeCode == nil, "the token URL")
	if p.AuthURL != "" {
		_, err := AppendQuery(p.AuthURL, nil)
		errs = append(errs, about("the authorization URL", err))
	}
	for _, e := range p.endpoints() {
		_, err := parseEndpoint(e.url)
		errs = append(errs, about(e.name, err))
	}
	return p.join(append(errs, p.checkRedirect()))
}

// ValidatePublic reports the endpoints that a Client refuses to ask unless it is
// permitted to (Config.InsecureAllowPrivateNetworks), as far as they show it
// without asking for the addresses of names.
func (p Provider) ValidatePublic() error {
	var errs []error
	for _, e := range p.endpoints() {
		if u, err := parseEndpoint(e.url); err == nil {
			errs = append(errs, about(e.name, checkPublic(u)))
		}
	}
	return p.join(errs)
}

// An endpoint is a URL that the server asks, and what it is called.
type endpoint struct{ name, url string }

// endpoints returns those that there are.
func (p Provider) endpoints() []endpoint {
	return slices.DeleteFunc([]endpoint{
		{"the token URL", p.TokenURL},
		{"the refresh URL", p.RefreshURL},
		{"the user info URL", p.UserInfoURL},
		{"the URL of its other API", p.ExtraURL},
		{"the key set URL", p.IDToken.JWKSURL},
	}, func(e endpoint) bool { return e.url == "" })
}

// checkRedirect refuses what services refuse, but only when the browser gets
// there (RFC 6749 §3.1.2).
func (p Provider) checkRedirect() error {
	if p.RedirectURI == "" {
		return nil
	}
	u, err := url.Parse(p.RedirectURI)
	if err != nil || !u.IsAbs() || strings.Contains(p.RedirectURI, "#") {
		return errors.New("the redirect URI: not an absolute URL without a fragment")
	}
	return nil
}

// about says what an error is about.
func about(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// join says of each error which provider it is about.
func (p Provider) join(errs []error) error {
	for i, err := range errs {
		errs[i] = about("provider "+p.ID, err)
	}
	return errors.Join(errs...)
}

// parseEndpoint accepts absolute http and https URLs as they are written in
// ASCII, so that every parser agrees about them.
func parseEndpoint(endpoint string) (*url.URL, error) {
	u, err := url.Parse(endpoint)
	plain := !strings.ContainsFunc(endpoint, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\"'<>\\^`{|}", r) })
	if err != nil || !plain || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || u.Opaque != "" {
		return nil, errors.New("not a plain absolute http or https URL") // it may have secrets in it
	}
	return u, nil
}
