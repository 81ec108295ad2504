package lockstep

import (
	"time"

	"github.com/lockstep-auth/lockstep/identity"
)

// SessionOptions are the options of sessions.
type SessionOptions struct {
	TableOptions

	// ExpiresIn is how long a session lives. Defaults to 7 days.
	ExpiresIn time.Duration `option:"expiresIn"`

	// UpdateAge is how often a session that is used is prolonged. Defaults to
	// one day; 0 prolongs it at every use.
	UpdateAge *time.Duration `option:"updateAge"`

	// FreshAge is for how long a session is fresh, counted from sign-in: some
	// endpoints ask for a fresh one. Defaults to one day; 0 makes all fresh.
	FreshAge *time.Duration `option:"freshAge"`

	// DisableSessionRefresh never prolongs a session.
	DisableSessionRefresh bool `option:"disableSessionRefresh"`

	// DeferSessionRefresh makes GET /get-session read only: it says that the
	// session is due (needsRefresh), and the client prolongs it with POST.
	DeferSessionRefresh bool `option:"deferSessionRefresh"`

	CookieCache CookieCache `option:"cookieCache"`
}

// CookieCache keeps a copy of the session in a cookie, so that most requests
// need no database. A session that was ended elsewhere lives on in such a copy
// for up to MaxAge, except for sensitive endpoints.
type CookieCache struct {
	Enabled bool `option:"enabled"`

	// MaxAge is how long the copy is believed. Defaults to 5 minutes.
	MaxAge time.Duration `option:"maxAge"`

	// Strategy is "compact" (the default; signed), "jwt" (signed) or "jwe"
	// (encrypted).
	Strategy string `option:"strategy"`

	// RefreshCache renews the copy before it ends; only without a Store.
	// RefreshUpdateAge is how long before; it defaults to a fifth of MaxAge.
	RefreshCache     *bool         `option:"-"`
	RefreshUpdateAge time.Duration `option:"-"`

	// Version makes every copy of another version invalid. VersionFunc decides
	// it per session.
	Version     string                                         `option:"version"`
	VersionFunc func(*identity.Session, *identity.User) string `option:"-"`
}
