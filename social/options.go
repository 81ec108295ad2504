package social

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/lockstep-auth/lockstep/oauth"
)

// Options are what every service can be told. ClientID is required, and most
// services need ClientSecret as well. The option tags are Better Auth's names.
type Options struct {
	// Enabled can be false in a configuration file. A Go program leaves the
	// provider out.
	Enabled *bool `option:"enabled"`

	ClientID     string `option:"clientId"`
	ClientSecret string `option:"clientSecret"`

	// MoreClientIDs are those of the application's other platforms. Id tokens for
	// them are accepted too. (Better Auth: a list as clientId.)
	MoreClientIDs []string `option:"-"`

	// Scope is asked for besides the service's defaults, or with
	// DisableDefaultScope in place of them.
	Scope               []string `option:"scope"`
	DisableDefaultScope bool     `option:"disableDefaultScope"`

	// RedirectURI replaces the server's callback URL.
	RedirectURI string `option:"redirectURI"`

	// Prompt is "select_account", "consent", "login", "none" or "select_account
	// consent". Services that do not know it are not sent it.
	Prompt string `option:"prompt"`

	// The service's URLs, where they are not the public ones.
	AuthorizationEndpoint string `option:"authorizationEndpoint"`
	TokenEndpoint         string `option:"tokenEndpoint"`
	UserInfoEndpoint      string `option:"userInfoEndpoint"`

	// JWKSEndpoint and IDTokenIssuer say whose id tokens to believe, where the
	// service has any.
	JWKSEndpoint  string `option:"jwksEndpoint"`
	IDTokenIssuer string `option:"idTokenIssuer"`

	DisableSignUp            bool `option:"disableSignUp"`
	DisableImplicitSignUp    bool `option:"disableImplicitSignUp"`
	OverrideUserInfoOnSignIn bool `option:"overrideUserInfoOnSignIn"`
	RequireEmailVerification bool `option:"requireEmailVerification"`
	DisableIDTokenSignIn     bool `option:"disableIdTokenSignIn"`

	// MapProfileToUser changes what the server keeps of a user.
	MapProfileToUser func(context.Context, oauth.Profile) (oauth.Profile, error) `option:"-"`
}

// String returns "[redacted]".
func (Options) String() string { return "[redacted]" }

// GoString returns "[redacted]".
func (Options) GoString() string { return "[redacted]" }

// common returns o, also where it is a part of a service's own options.
func (o *Options) common() *Options { return o }

// on reports whether the provider is wanted.
func (o Options) on() bool { return o.Enabled == nil || *o.Enabled }

// apply puts the options into a service.
func (o Options) apply(p oauth.Provider) oauth.Provider {
	if o.ClientID != "" {
		p.ClientIDs = append([]string{o.ClientID}, o.MoreClientIDs...)
	}
	p.ClientSecret = o.ClientSecret
	p.RedirectURI = o.RedirectURI
	p.ExtraScopes = o.Scope
	if o.DisableDefaultScope {
		p.Scopes = nil
	}
	p.AuthURL = cmp.Or(o.AuthorizationEndpoint, p.AuthURL)
	p.TokenURL = cmp.Or(o.TokenEndpoint, p.TokenURL)
	p.UserInfoURL = moved(p.UserInfoURL, o.UserInfoEndpoint)
	if p.IDToken.JWKSURL != "" {
		p.IDToken.JWKSURL = cmp.Or(o.JWKSEndpoint, p.IDToken.JWKSURL)
	}
	if o.IDTokenIssuer != "" {
		p.IDToken.Issuers = []string{o.IDTokenIssuer}
	}
	p.DisableSignUp = o.DisableSignUp
	p.DisableImplicitSignUp = o.DisableImplicitSignUp
	p.OverrideUserInfoOnSignIn = o.OverrideUserInfoOnSignIn
	p.RequireEmailVerification = o.RequireEmailVerification
	p.DisableIDTokenSignIn = o.DisableIDTokenSignIn
	p.MapProfile = o.MapProfileToUser
	return p
}

// moved returns a URL in place of the service's own. Without a query it gets that
// of the service, which says what is asked.
func moved(own, to string) string {
	_, query, asks := strings.Cut(own, "?")
	switch {
	case to == "":
		return own
	case asks && !strings.Contains(to, "?"):
		return to + "?" + query
	}
	return to
}

// TokenAuth says how an application proves to a service who it is (Better Auth:
// tokenEndpointAuth). Without a Method, a secret is sent if there is one.
type TokenAuth struct {
	// Method is "client_secret_post", "client_secret_basic", "none" or
	// "private_key_jwt", which needs the key.
	Method string `option:"method"`

	oauth.PrivateKey
}

// apply puts the method and the key into a service.
func (a TokenAuth) apply(p *oauth.Provider) {
	if a.Method != "" {
		p.Auth = oauth.ClientAuth(a.Method)
	}
	sign(p, a.PrivateKey)
}

// sign makes a service sign client assertions, if there is a key.
func sign(p *oauth.Provider, key oauth.PrivateKey) {
	if key == (oauth.PrivateKey{}) {
		return
	}
	p.Assertion, p.Err = key.Signer()
}

// placeholder returns an address for users of a service that tells none, or not
// to everybody. Nobody can own a name below .invalid (RFC 6761 §6.4; upstream:
// utils/email.ts).
func placeholder(subject, namespace string) (string, error) {
	// The local parts that upstream's z.email accepts.
	local := regexp.MustCompile(`^[A-Za-z0-9_'+\-][A-Za-z0-9_'+\-.]*$`)
	if !local.MatchString(subject) || strings.Contains(subject, "..") || strings.HasSuffix(subject, ".") || strings.HasSuffix(subject, "'") {
		return "", errors.New("the user's id cannot be part of an email address")
	}
	return fmt.Sprintf("%s@%s.placeholder.invalid", subject, namespace), nil
}

// errNoUser means that an answer does not describe a user.
var errNoUser = errors.New("the answer describes no user")
