// Package core serves the endpoints every server has. File names follow
// Better Auth's api/routes, so that the two can be read side by side.
package core

import (
	"context"
	"net/http"
	"unicode/utf16"

	"github.com/lockstep-auth/lockstep/identity"
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

	// DeleteUser lets users delete themselves.
	DeleteUser   bool
	BeforeDelete func(ctx context.Context, u *identity.User) error
	AfterDelete  func(ctx context.Context, u *identity.User) error

	// ErrorURL is where /error sends a browser. Empty: to the application in
	// production, or to a plain page in development.
	ErrorURL    string
	Development bool

	// UserFields and SessionFields are what plugins and options add.
	UserFields, SessionFields []schema.Field
}

// Plugins returns the core endpoints.
func Plugins(c Config) []plugin.Plugin {
	core := &core{c}
	return []plugin.Plugin{
		core.signUp(), core.signIn(), core.signOut(), core.session(), core.updateSession(),
		core.updateUser(), core.password(), core.account(), core.pages(),
	}
}

type core struct{ Config }

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

func (c *core) checkNotShort(password string) error {
	if length(password) < c.MinPassword {
		return plugin.Errorf(http.StatusBadRequest, "PASSWORD_TOO_SHORT", "Password too short")
	}
	return nil
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

func errNoFields() error {
	return plugin.Errorf(http.StatusBadRequest, "", "No fields to update")
}

func errFailedToGetSession() error {
	return plugin.Errorf(http.StatusUnauthorized, "FAILED_TO_GET_SESSION", "Failed to get session")
}
