package lockstep

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/plugin"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

// A Config describes a server. Secret and BaseURL are required, except that
// Secrets can stand for Secret and DynamicBaseURL for BaseURL; without a Store
// the sessions live in cookies alone.
//
// The names and defaults are Better Auth's. Where Better Auth takes a number of
// seconds, Config takes a time.Duration; where it takes a function or a value,
// there are two fields. The configuration file of the lockstep program has
// exactly Better Auth's names, which the option tags give.
type Config struct {
	// AppName is what mails call the application. Without it they say
	// "Lockstep", as the pages of package ui do, and plugins see "Better Auth",
	// as upstream: authenticator apps show that.
	AppName string `option:"appName"`

	// BaseURL is the origin clients use, such as "https://example.com". A path
	// in it replaces BasePath.
	BaseURL string `option:"baseURL"`

	// DynamicBaseURL serves several hosts in place of BaseURL.
	DynamicBaseURL DynamicBaseURL `option:"-"`

	// BasePath is where the endpoints are. Defaults to "/api/auth".
	BasePath string `option:"basePath"`

	// Secret signs cookies and encrypts stored tokens. It has at least 32
	// characters; all servers of a database share it.
	Secret string `option:"secret"`

	// Secrets are versions of the secret, the current one first. Encrypted
	// values remember their version, so that a secret can be replaced without
	// losing them; signed cookies follow the current one. Secret then opens
	// what was encrypted before there were versions.
	Secrets []Secret `option:"secrets"`

	// Store keeps users and sessions. If it is nil, sessions live in encrypted
	// cookies alone, and users in memory: for sign-in with other services.
	Store store.Store `option:"-"`

	// StoreTimeout is how long one call to the store may take. Defaults to 5
	// seconds. After it the client gets 503.
	StoreTimeout time.Duration `option:"-"`

	// TrustedOrigins are origins besides BaseURL that may call the server from
	// a browser and that a browser may be sent to. Wildcards such as
	// "https://*.example.com" and schemes of apps such as "myapp://" work.
	TrustedOrigins []string `option:"trustedOrigins"`

	// TrustedOriginsFunc names more trusted origins for one request.
	TrustedOriginsFunc func(*http.Request) []string `option:"-"`

	// DisabledPaths are endpoints that answer 404, such as "/sign-up/email". New
	// refuses a path that no endpoint has.
	DisabledPaths []string `option:"disabledPaths"`

	EmailAndPassword  EmailAndPassword    `option:"emailAndPassword"`
	EmailVerification EmailVerification   `option:"emailVerification"`
	User              UserOptions         `option:"user"`
	Session           SessionOptions      `option:"session"`
	Account           AccountOptions      `option:"account"`
	Verification      VerificationOptions `option:"verification"`
	RateLimit         RateLimit           `option:"rateLimit"`
	Advanced          Advanced            `option:"advanced"`
	OnAPIError        OnAPIError          `option:"onAPIError"`

	// Social are the services that users can sign in with, such as
	// social.GitHub(…). (Better Auth: socialProviders.)
	Social []oauth.Provider `option:"-"`

	// OAuth says how the server reaches these services. It is Lockstep's own.
	OAuth OAuthOptions `option:"oauth"`

	// Mail sends mail for every callback that is not set.
	Mail Mail `option:"-"`

	// Plugins are added in order; hooks run in the same order.
	Plugins []plugin.Plugin `option:"-"`

	// Hooks run around endpoints, before those of plugins.
	Hooks Hooks `option:"-"`

	// DatabaseHooks run around writes, after those of plugins.
	DatabaseHooks identity.Hooks `option:"-"`

	// Refused writes the status and a page for people whom RequireUserSession,
	// RequireGuest or RouteRules do not let pass: 401, 403, or 503 if the
	// database could not say. Defaults to a line of text. Programs get JSON.
	Refused func(w http.ResponseWriter, r *http.Request, status int) `option:"-"`

	// Development relaxes what only matters in public: rate limits are off
	// unless switched on, cookies need no https, and errors show a page.
	Development bool `option:"-"`

	// Log receives what an operator can act on. Defaults to slog.Default().
	Log *slog.Logger `option:"-"`

	// Now is the clock. Defaults to time.Now.
	Now func() time.Time `option:"-"`
}

// String returns "[redacted]": it holds the secret.
func (Config) String() string { return "[redacted]" }

// GoString returns "[redacted]".
func (Config) GoString() string { return "[redacted]" }

// A Secret is one version of the server's secret.
type Secret struct {
	Version int    `option:"version"`
	Value   string `option:"value"`
}

// String returns "[redacted]".
func (Secret) String() string { return "[redacted]" }

// GoString returns "[redacted]".
func (Secret) GoString() string { return "[redacted]" }

// DynamicBaseURL derives the base URL from each request (Better Auth: an object
// as baseURL).
type DynamicBaseURL struct {
	// AllowedHosts are the hosts served, such as "example.com" or
	// "*.example.com".
	AllowedHosts []string `option:"allowedHosts"`

	// Fallback is the base URL for other hosts. Without it they get 421.
	Fallback string `option:"fallback"`

	// Protocol is "http", "https" or "auto".
	Protocol string `option:"protocol"`
}

// EmailAndPassword lets users sign up and in with a password.
type EmailAndPassword struct {
	Enabled       bool `option:"enabled"`
	DisableSignUp bool `option:"disableSignUp"`

	// AutoSignIn signs in after sign-up. Defaults to true. Switched off,
	// sign-up no longer tells which addresses have an account.
	AutoSignIn *bool `option:"autoSignIn"`

	// RequireEmailVerification refuses sign-in until the address is verified.
	RequireEmailVerification bool `option:"requireEmailVerification"`

	// MinPasswordLength and MaxPasswordLength count UTF-16 code units, as
	// JavaScript does. They default to 8 and 128.
	MinPasswordLength int `option:"minPasswordLength"`
	MaxPasswordLength int `option:"maxPasswordLength"`

	// SendResetPassword sends a link that resets the password. Without it
	// passwords cannot be reset.
	SendResetPassword SendLink `option:"-"`

	// ResetPasswordTokenExpiresIn is how long the link works. Defaults to an
	// hour.
	ResetPasswordTokenExpiresIn time.Duration `option:"resetPasswordTokenExpiresIn"`

	// RevokeSessionsOnPasswordReset ends every session of the user when the
	// password is reset. Defaults to true, and to false in Better Auth: whoever
	// knew the old password may have one.
	RevokeSessionsOnPasswordReset *bool `option:"revokeSessionsOnPasswordReset"`

	// OnPasswordReset runs when a password was reset. Its error fails the
	// request; the new password stays.
	OnPasswordReset func(ctx context.Context, u *identity.User) error `option:"-"`

	// OnExistingUserSignUp runs in the background when somebody signs up with
	// the address of an account and must not be told (see AutoSignIn and
	// RequireEmailVerification): the owner can be.
	OnExistingUserSignUp func(ctx context.Context, u *identity.User, r *http.Request) error `option:"-"`

	// CustomSyntheticUser makes the user that such a sign-up is told it made,
	// from one with the fields of a new user. It must look like the real ones
	// that Plugins make.
	CustomSyntheticUser func(u *identity.User) *identity.User `option:"-"`

	// Password replaces the hashing of passwords.
	Password plugin.Passwords `option:"-"`

	// HashWorkers is how many passwords are hashed at the same time, each in 32
	// MiB of memory. Defaults to GOMAXPROCS. HashQueue is how many more wait
	// for a place, for up to 10 seconds, before clients get 503. Defaults to 128.
	HashWorkers int `option:"-"`
	HashQueue   int `option:"-"`

	// HashBusy, if not nil, is told true when all HashWorkers are at work, and
	// false when that has not been so for a second.
	HashBusy func(bool) `option:"-"`
}

// SendLink sends a link by mail. It runs in the background when the request has
// been answered: what it returns is logged and changes nothing, and how long it
// takes shows to nobody. The context ends when it takes longer than a minute or
// the server closes.
type SendLink func(ctx context.Context, l plugin.Link) error

// EmailVerification lets users prove that an address is theirs.
type EmailVerification struct {
	// SendVerificationEmail sends a link that verifies the address of the user.
	// Without it addresses cannot be verified.
	SendVerificationEmail SendLink `option:"-"`

	// SendOnSignUp sends the link when a user signs up. Defaults to
	// EmailAndPassword.RequireEmailVerification.
	SendOnSignUp *bool `option:"sendOnSignUp"`

	// SendOnSignIn sends it when a user signs in who may not yet.
	SendOnSignIn bool `option:"sendOnSignIn"`

	// AutoSignInAfterVerification signs in whoever opens the link.
	AutoSignInAfterVerification bool `option:"autoSignInAfterVerification"`

	// ExpiresIn is how long links work that verify or change an address.
	// Defaults to an hour.
	ExpiresIn time.Duration `option:"expiresIn"`

	// BeforeEmailVerification can refuse with a *plugin.Error. After
	// AfterEmailVerification fails the request, the address stays verified.
	BeforeEmailVerification func(ctx context.Context, u *identity.User) error `option:"-"`
	AfterEmailVerification  func(ctx context.Context, u *identity.User) error `option:"-"`
}

// UserOptions are the options of users.
type UserOptions struct {
	TableOptions

	// ValidateUserInfo refuses whom it returns an error for: with the code and
	// the message of a *plugin.Error, and else with "validation_failed". The
	// status is always 403; a browser that comes from a service is sent back with
	// the code. It is asked before a user is made, before an account at a service
	// is linked, and when somebody comes from a service again.
	//
	// A sign-up that must not tell which addresses have an account (see
	// EmailAndPassword.AutoSignIn) is asked about for every address, and answers
	// the same when it is refused.
	ValidateUserInfo func(c *plugin.Call, in plugin.UserInfo) error `option:"-"`

	ChangeEmail ChangeEmail `option:"changeEmail"`
	DeleteUser  DeleteUser  `option:"deleteUser"`
}

// ChangeEmail lets users change their address. The new one gets a link from
// EmailVerification.SendVerificationEmail.
type ChangeEmail struct {
	Enabled bool `option:"enabled"`

	// SendChangeEmailConfirmation first asks at the present address, if it is
	// verified. Link.NewEmail is the new one.
	SendChangeEmailConfirmation SendLink `option:"-"`

	// UpdateEmailWithoutVerification changes an address that was never verified
	// at once.
	UpdateEmailWithoutVerification bool `option:"updateEmailWithoutVerification"`
}

// DeleteUser lets users delete themselves.
type DeleteUser struct {
	Enabled bool `option:"enabled"`

	// SendDeleteAccountVerification sends a link that deletes the account. With
	// it nothing is deleted before the link is opened.
	SendDeleteAccountVerification SendLink `option:"-"`

	// DeleteTokenExpiresIn is how long the link works. Defaults to a day.
	DeleteTokenExpiresIn time.Duration `option:"deleteTokenExpiresIn"`

	// BeforeDelete can refuse with a *plugin.Error. AfterDelete runs when the
	// user is gone.
	BeforeDelete func(ctx context.Context, u *identity.User) error `option:"-"`
	AfterDelete  func(ctx context.Context, u *identity.User) error `option:"-"`
}

// TableOptions are the options of a table.
type TableOptions struct {
	// ModelName is what the database calls the table.
	ModelName string `option:"modelName"`

	// Fields is what the database calls the fields, by Better Auth's name.
	Fields map[string]string `option:"fields"`

	// AdditionalFields are added to the table.
	AdditionalFields []schema.Field `option:"additionalFields"`
}

// Hooks run around endpoints.
type Hooks struct {
	Before, After []plugin.Hook
}
