package plugin

import (
	"context"
	"net/http"
	"time"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/cookie"
	"github.com/lockstep-auth/lockstep/internal/origin"
	"github.com/lockstep-auth/lockstep/internal/wire"
	"github.com/lockstep-auth/lockstep/oauth"
)

// A Call is one execution of an endpoint: the request and the answer so far. It
// lives as long as the request and belongs to one goroutine.
type Call struct {
	// Request is the request. For a call from Go it is made up: it carries the
	// headers that the caller gave and no body.
	*http.Request

	Host     *Host
	Endpoint *Endpoint

	// Param is the last segment of a path such as "/callback/:id".
	Param string

	// Body is the decoded body before any check: a string, float64, bool, nil,
	// []any or map[string]any. HasBody is false if there is none.
	Body    any
	HasBody bool

	// Query holds the query parameters.
	Query Query

	// BaseURL is the origin and base path of the server for this request,
	// without a slash at the end. Origin is its origin.
	BaseURL string
	Origin  string

	// Header is the header of the answer, without cookies.
	Header http.Header

	// Output is what the handler returned; After hooks may replace it.
	Output any

	// Err is why the endpoint failed, for After hooks.
	Err error

	// RedirectTo, if not empty, makes the answer a redirect (302) to it.
	RedirectTo string

	// OAuthState is what a sign-in with a service was started with, once the
	// browser has come back. Its Additional is the client's additionalData.
	OAuthState *oauth.StateData

	// NewLogin is the session that this call started or renewed, if any.
	NewLogin *Login

	fromGo    bool
	responded bool
	trust     *origin.Trust
	sent      *cookie.Request
	jar       cookie.Jar
	login     *Login
	looked    bool     // whether login is known, be it nil
	bound     []string // keys of cookies that must go with the session
	dropped   bool     // whether a session cookie was found that cannot be believed

	boundHeaders []string // names of headers that must go with the session

	accountSet bool // whether the call decided on the account cookie
	shape      *wire.Shape
	later      []task
}

// A Query holds the parameters of a query string, in order per name.
type Query map[string][]string

// Get returns the first value of a parameter, or "".
func (q Query) Get(name string) string {
	if v := q[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// object returns the parameters as an object: a text, or a list of texts for a
// parameter that is given more than once.
func (q Query) object() map[string]any {
	m := make(map[string]any, len(q))
	for name, values := range q {
		if len(values) == 1 {
			m[name] = values[0]
			continue
		}
		list := make([]any, len(values))
		for i := range values {
			list[i] = values[i]
		}
		m[name] = list
	}
	return m
}

// A CallConfig is what the pipeline makes a Call of.
type CallConfig struct {
	Request *http.Request
	Host    *Host
	Shape   *wire.Shape
	Base    origin.Location
	Trust   *origin.Trust
	FromGo  bool
}

// NewCall returns a call of no endpoint yet. It is for the pipeline.
func NewCall(c CallConfig) *Call {
	return &Call{
		Request: c.Request, Host: c.Host, BaseURL: c.Base.Origin + c.Base.Path, Origin: c.Base.Origin,
		fromGo: c.FromGo, trust: c.Trust, shape: c.Shape,
	}
}

// FromGo reports whether the call comes from the program itself and not over
// HTTP. What a client sends never decides this.
func (c *Call) FromGo() bool { return c.fromGo }

// SetHeader sets a header of the answer.
func (c *Call) SetHeader(name, value string) {
	if c.Header == nil {
		c.Header = make(http.Header, 4)
	}
	c.Header.Set(name, value)
}

// Respond answers in place of the endpoint. It is for Before hooks.
func (c *Call) Respond(output any) {
	c.Output, c.responded = output, true
}

// Responded reports whether a Before hook has answered.
func (c *Call) Responded() bool { return c.responded }

// Trusted reports whether the server may send a browser to the URL, which is a
// path on this server or an absolute URL of a trusted origin.
func (c *Call) Trusted(url string) bool { return c.trust.Redirect(url) }

// ClientIP returns the address of the client, normalised, or "" if addresses
// are not tracked.
func (c *Call) ClientIP() string {
	if c.Request == nil {
		return ""
	}
	return c.Host.c.ClientIP(c.Request)
}

// Device describes where the call comes from, for a new session.
func (c *Call) Device() identity.Device {
	return identity.Device{IPAddress: c.ClientIP(), UserAgent: cookie.FromLatin1(c.UserAgent())}
}

// now is the time of the call, in whole milliseconds.
func (c *Call) now() time.Time { return c.Host.Identity.Now() }

// PublicUser returns u as clients see it, for an output.
func (c *Call) PublicUser(u *identity.User) wire.User { return wire.User{Shape: c.shape, User: u} }

// PublicSession returns s as clients see it, for an output.
func (c *Call) PublicSession(s *identity.Session) wire.Session {
	return wire.Session{Shape: c.shape, Session: s}
}

// PublicAccount returns a as clients see it, for an output.
func (c *Call) PublicAccount(a *identity.Account) wire.Account {
	return wire.Account{Shape: c.shape, Account: a}
}

type callKey struct{}

// WithCall returns a context in which CallFrom finds the call. The pipeline
// uses it for database hooks.
func WithCall(ctx context.Context, c *Call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// CallFrom returns the call that a database hook runs for, or nil if the write
// was not caused by a call.
func CallFrom(ctx context.Context) *Call {
	c, _ := ctx.Value(callKey{}).(*Call)
	return c
}
