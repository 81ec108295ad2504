// Package core serves the endpoints every server has. File names follow
// Better Auth's api/routes, so that the two can be read side by side.
package core

import (
	"context"
	"net/http"
	"time"
	"unicode/utf16"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/plugin"
	"github.com/lockstep-auth/lockstep/schema"
)

// A Config holds the options of the core endpoints, with all defaults set.
type Config struct {
	// EmailAndPassword lets users sign in with a password.
	EmailAndPassword bool
	DisableSignUp    bool
	NoAutoSignIn     bool // sign-up does not sign in
	RequireVerified  bool // only verified addresses may sign in
	MinPassword      int  // in UTF-16 code units, as JavaScript counts
	MaxPassword      int

	Reset   Reset
	Verify  Verify
	Change  Change
	Deletes Deletes
	Social  Social
	Account Account

	// OnExistingSignUp learns, in the background, of a sign-up with an address
	// that has an account. SyntheticUser makes the user that such a sign-up is
	// told it made, from one of the right shape.
	OnExistingSignUp func(ctx context.Context, u *identity.User, r *http.Request) error
	SyntheticUser    func(u *identity.User) *identity.User

	// ErrorURL is where /error sends a browser. Empty: to the application in
	// production, or to a plain page in development.
	ErrorURL    string
	Development bool

	// UserFields and SessionFields are what plugins and options add.
	UserFields, SessionFields []schema.Field
}

// A Sender sends a link by mail. A nil Sender is a feature that is off.
type Sender func(ctx context.Context, l plugin.Link) error

// Reset holds the options of password resets.
type Reset struct {
	Send        Sender
	Life        time.Duration // of a token
	EndSessions bool
	After       func(ctx context.Context, u *identity.User) error
}

// Verify holds the options of e-mail verification.
type Verify struct {
	Send     Sender
	Life     time.Duration // of a token
	OnSignUp bool
	OnSignIn bool
	SignIn   bool // a verified user is signed in
	Before   func(ctx context.Context, u *identity.User) error
	After    func(ctx context.Context, u *identity.User) error
}

// Change holds the options of changing the address.
type Change struct {
	Enabled bool
	Confirm Sender // asks at the present address first
	AtOnce  bool   // an address that was never verified is replaced unverified
}

// Social holds the options of signing in with services.
type Social struct {
	Providers []plugin.Provider // of several with one id, the first counts
	Client    *oauth.Client

	// MailOnSignUp sends new users whose address is not verified a link. Nil: if
	// the provider requires a verified address.
	MailOnSignUp *bool
}

// Account holds the options of accounts at services (Better Auth: account).
type Account struct {
	KeepTokens      bool // signing in leaves the stored tokens as they are
	EncryptTokens   bool
	SkipStateCookie bool // a callback may come from another browser

	NoLinking         bool
	NoImplicitLinking bool // accounts are linked by who is signed in only
	LinkUnverified    bool // also to users whose address was never verified
	DifferentEmails   bool
	UnlinkAll         bool // also the last one
	UpdateUser        bool // linking updates name, image and fields of the user

	// Trusted names the providers whose addresses count as verified.
	Trusted func(*http.Request) []string
}

// Deletes holds the options of users who delete themselves.
type Deletes struct {
	Enabled bool
	Send    Sender
	Life    time.Duration // of a token
	Before  func(ctx context.Context, u *identity.User) error
	After   func(ctx context.Context, u *identity.User) error
}

// Plugins returns the core endpoints.
func Plugins(c Config) []plugin.Plugin {
	core := &core{Config: c, renewals: newFlights()}
	return []plugin.Plugin{
		core.signUp(), core.signIn(), core.signOut(), core.session(), core.updateSession(),
		core.updateUser(), core.changeEmail(), core.password(), core.resetPassword(), core.emailVerification(),
		core.account(), core.social(), core.pages(),
	}
}

type core struct {
	Config
	renewals *flights // of the tokens of accounts
}

// status is the answer of endpoints that only do something.
type status struct {
	Status bool `json:"status"`
}

// length is the length of s in UTF-16 code units, as JavaScript counts.
func length(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

// checkNewPassword refuses a new password that is too short or too long.
func (c *core) checkNewPassword(password string) error {
	if length(password) < c.MinPassword {
		return plugin.Errorf(http.StatusBadRequest, "PASSWORD_TOO_SHORT", "Password too short")
	}
	return c.checkNotLong(password)
}

// checkNotLong runs before every hash, so that nobody can make the server hash
// a megabyte.
func (c *core) checkNotLong(password string) error {
	if length(password) > c.MaxPassword {
		return plugin.Errorf(http.StatusBadRequest, "PASSWORD_TOO_LONG", "Password too long")
	}
	return nil
}

func errInvalidPassword() error {
	return plugin.Errorf(http.StatusBadRequest, "INVALID_PASSWORD", "Invalid password")
}

func errInvalidToken(status int) error {
	return plugin.Errorf(status, "INVALID_TOKEN", "Invalid token")
}

func errNoFields() error {
	return plugin.Errorf(http.StatusBadRequest, "", "No fields to update")
}

func errFailedToGetSession() error {
	return plugin.Errorf(http.StatusUnauthorized, "FAILED_TO_GET_SESSION", "Failed to get session")
}
