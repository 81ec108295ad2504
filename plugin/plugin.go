// Package plugin is the contract between the server and its plugins, as
// database/sql/driver is between database/sql and drivers. Programs that only
// use plugins need package lockstep and the plugin's own package.
//
// A plugin is a value: it lists what it adds and has no life of its own. The
// server's own endpoints are plugins too and pass through the same pipeline:
//
//	plugin.Plugin{
//		ID: "greeter",
//		Endpoints: []plugin.Endpoint{{
//			Method: "POST", Path: "/greet", Guard: plugin.GuardSession,
//			Handler: plugin.JSON(greet),
//		}},
//	}
package plugin

import (
	"time"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/schema"
)

// A Plugin lists what is added to a server. Every field but ID is optional.
type Plugin struct {
	// ID is unique among the plugins of a server, such as "magic-link".
	ID string

	// Init runs once, before the first request. It checks the plugin's options
	// and keeps the host if the plugin needs it.
	Init func(*Host) error

	// Tables are new tables, or new fields for tables that exist.
	Tables []schema.Table

	// Endpoints are served below the server's base path.
	Endpoints []Endpoint

	// Authenticate may take the session of a call from elsewhere than its
	// cookies (Call.UseSignedToken). It runs before the hooks of every endpoint,
	// and when the application itself asks for the session of a request.
	Authenticate func(*Call)

	// Before and After run around every endpoint they match, after the hooks of
	// the configuration and in the order of the plugins.
	Before, After []Hook

	// Providers are services that users can sign in with. They come before those
	// of the configuration, so that one with the same id takes its place.
	Providers []Provider

	// Database hooks run around writes, before those of the configuration.
	Database identity.Hooks

	// RateLimits are rules for the plugin's own paths. The first rule that
	// matches applies.
	RateLimits []RateLimit

	// TrustedOrigins are added to those of the configuration.
	TrustedOrigins []string
}

// An Endpoint is one method and path.
type Endpoint struct {
	Method string

	// Path is below the base path, such as "/magic-link/verify". Its last
	// segment may be a parameter, such as "/callback/:id".
	Path string

	// Guard says who may call the endpoint.
	Guard Guard

	// Form accepts bodies of HTML forms besides JSON, and checks where the
	// request came from even if it carries no cookie, so that nobody can be
	// signed in by another site (upstream: formCsrfMiddleware).
	Form bool

	// CheckOrigin checks where the request came from as Form does, and accepts
	// no form bodies: for endpoints that another site must not make a browser
	// call, such as those that send mail.
	CheckOrigin bool

	// Link is for endpoints that are opened from a mail. The callbackURL of the
	// query must be one that a browser may be sent to (upstream: originCheck),
	// and a browser or scanner that only looks ahead gets nothing done.
	Link bool

	// Relay accepts bodies of HTML forms besides JSON, from any site and whatever
	// cookies come with them: for services that send the browser back with a
	// form. The handler must do nothing but redirect.
	Relay bool

	// IgnoreBody does not read the body at all.
	IgnoreBody bool

	// ServerOnly endpoints are reachable from Go only, never over HTTP.
	ServerOnly bool

	Handler Handler
}

// A Guard says who may call an endpoint. It runs after the input was checked,
// as upstream does.
type Guard int

// The guards.
const (
	// GuardNone lets everybody call.
	GuardNone Guard = iota

	// GuardSession needs a session; one from the session cookie will do.
	GuardSession

	// GuardSensitive needs a session that the database knows at this moment.
	GuardSensitive

	// GuardFresh needs a session that began less than session.freshAge ago.
	GuardFresh
)

// A Hook runs before or after endpoints.
type Hook struct {
	// Path is the endpoint path to match; empty matches all.
	Path string

	// Match narrows the calls further. Nil matches all.
	Match func(*Call) bool

	// Run does the work. Before an endpoint, an error ends the call, and
	// Call.Respond answers in place of the endpoint. After an endpoint, which
	// may have failed (Call.Err), Run may change Call.Output or Call.Err; an
	// error that it returns becomes the answer, and takes back a session that
	// the call has started.
	Run func(*Call) error
}

// Matches reports whether the hook runs for the call.
func (h *Hook) Matches(c *Call) bool {
	return (h.Path == "" || h.Path == c.Endpoint.Path) && (h.Match == nil || h.Match(c))
}

// A RateLimit is a rule for the paths of a plugin.
type RateLimit struct {
	Match  func(path string) bool
	Window time.Duration
	Max    int
}
