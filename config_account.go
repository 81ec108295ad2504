package lockstep

import (
	"net/http"
	"time"
)

// AccountOptions are the options of accounts: the passwords of users, and what
// they are at other services.
type AccountOptions struct {
	TableOptions

	// UpdateAccountOnSignIn stores the tokens of each sign-in with a service.
	// Defaults to true.
	UpdateAccountOnSignIn *bool `option:"updateAccountOnSignIn"`

	AccountLinking AccountLinking `option:"accountLinking"`

	// EncryptOAuthTokens encrypts access and refresh tokens in the database with
	// the server's secret. Plain ones that are there still work. Where it is
	// switched off again, encrypted ones do not, until their users sign in again.
	EncryptOAuthTokens bool `option:"encryptOAuthTokens"`

	// SkipStateCookieCheck lets a callback come from another browser than the
	// sign-in. Then a link that somebody is sent can sign them in as the sender;
	// it is for servers whose callbacks arrive on another host.
	SkipStateCookieCheck bool `option:"skipStateCookieCheck"`

	// StoreStateStrategy is where a sign-in waits for the browser to come back:
	// "database", or "cookie" (encrypted). Defaults to the database if there is
	// one.
	StoreStateStrategy string `option:"storeStateStrategy"`

	// StoreAccountCookie keeps the account that a user has signed in with in an
	// encrypted cookie. Without a Store it always does.
	StoreAccountCookie bool `option:"storeAccountCookie"`
}

// AccountLinking says when an account at a service is linked to a user who is
// there already.
type AccountLinking struct {
	// Enabled allows it at all. Defaults to true.
	Enabled *bool `option:"enabled"`

	// DisableImplicitLinking leaves it to users who are signed in
	// (/link-social), so that signing in with an address that has a user fails.
	DisableImplicitLinking bool `option:"disableImplicitLinking"`

	// RequireLocalEmailVerified links to users with a verified address only.
	// Defaults to true. Switched off, a user whose address was never verified
	// loses the password, all sessions and all other accounts with the first such
	// link: nobody knows who made them.
	RequireLocalEmailVerified *bool `option:"requireLocalEmailVerified"`

	// TrustedProviders are services whose addresses count as verified, also where
	// the service does not say so. TrustedProvidersFunc names them for one
	// request.
	TrustedProviders     []string                     `option:"trustedProviders"`
	TrustedProvidersFunc func(*http.Request) []string `option:"-"`

	// AllowDifferentEmails lets users who are signed in link an account with
	// another address.
	AllowDifferentEmails bool `option:"allowDifferentEmails"`

	// AllowUnlinkingAll lets users remove their last account.
	AllowUnlinkingAll bool `option:"allowUnlinkingAll"`

	// UpdateUserInfoOnLink takes name, image and additional fields over from an
	// account that is linked.
	UpdateUserInfoOnLink bool `option:"updateUserInfoOnLink"`
}

// OAuthOptions say how the server reaches other services. Answers are limited to
// a MiB, and redirects are not followed.
type OAuthOptions struct {
	// Transport sends the requests, for tests and for networks where everything
	// leaves through a proxy; see oauth.Config.
	Transport http.RoundTripper `option:"-"`

	// Timeout is how long one request may take. Defaults to 10 seconds. All
	// requests of one sign-in together get 25 seconds at most.
	Timeout time.Duration `option:"timeout"`

	// InsecureAllowPrivateNetworks permits services in private networks and on
	// this machine, and without TLS: for development and for identity services of
	// one's own.
	InsecureAllowPrivateNetworks bool `option:"insecureAllowPrivateNetworks"`
}

// VerificationOptions are the options of one-time secrets.
type VerificationOptions struct {
	TableOptions

	// StoreIdentifier is how secrets are stored: "plain" (the default), or
	// "hashed", so that who reads the database cannot use them. Plain ones that
	// are there still work.
	StoreIdentifier string `option:"storeIdentifier"`

	// StoreIdentifierOverrides are for secrets whose identifier has a prefix,
	// such as "reset-password:". The first that matches applies.
	StoreIdentifierOverrides []StoreIdentifierOverride `option:"-"`

	// DisableCleanup keeps secrets that have expired.
	DisableCleanup bool `option:"disableCleanup"`
}

// A StoreIdentifierOverride is how secrets of one kind are stored.
type StoreIdentifierOverride struct {
	Prefix          string
	StoreIdentifier string
}
