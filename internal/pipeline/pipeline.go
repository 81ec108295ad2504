// Package pipeline carries a request to an endpoint and its result back: rate
// limit, route, body, origin check, before hooks, input and guard, handler,
// after hooks, response. It is the only place that writes to an
// http.ResponseWriter.
//
// The order of the steps is upstream's wherever clients can see it (Better
// Auth: packages/better-auth/src/api/index.ts and dispatch.ts).
package pipeline

import (
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-auth/lockstep/internal/clientip"
	"github.com/lockstep-auth/lockstep/internal/origin"
	"github.com/lockstep-auth/lockstep/internal/ratelimit"
	"github.com/lockstep-auth/lockstep/internal/wire"
	"github.com/lockstep-auth/lockstep/plugin"
)

// A Config says what a pipeline serves and how it protects it. Host, Shape,
// Base, Trust, Rules, Limiter and Clients are required.
type Config struct {
	Host    *plugin.Host
	Shape   *wire.Shape
	Plugins []plugin.Plugin // the first one holds the hooks of the configuration

	Base  *origin.Base
	Trust *origin.Trust

	// TrustMore, if not nil, names origins that are trusted for one request.
	TrustMore func(*http.Request) []string

	Rules   *ratelimit.Rules
	Limiter ratelimit.Limiter
	Clients *clientip.Resolver

	DisabledPaths       []string
	SkipTrailingSlashes bool
	SkipCSRF            bool
	SkipOrigin          bool
	SkipOriginPaths     []string

	// CallInContext lets database hooks and plugins find the call in a context.
	CallInContext bool

	// OnError, if not nil, sees every error that a client is sent.
	OnError func(*plugin.Call, error)
}

// A Pipeline is an http.Handler for the endpoints of plugins. It is safe for
// concurrent use.
type Pipeline struct {
	Config
	router        *router
	authenticate  []func(*plugin.Call)
	before, after []plugin.Hook
}

// New returns a pipeline. The error lists every path that two plugins serve.
func New(c Config) (*Pipeline, error) {
	rt, err := newRouter(c.Plugins)
	if err != nil {
		return nil, err
	}
	p := &Pipeline{Config: c, router: rt}
	for _, pl := range c.Plugins {
		if pl.Authenticate != nil {
			p.authenticate = append(p.authenticate, pl.Authenticate)
		}
		p.before = append(p.before, pl.Before...)
		p.after = append(p.after, pl.After...)
	}
	return p, nil
}

// log returns the host's logger.
func (p *Pipeline) log() *slog.Logger { return p.Host.Log }

// ServeHTTP implements http.Handler.
func (p *Pipeline) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer p.recoverPanic(w, r)
	base, err := p.Locate(r)
	if err != nil {
		p.log().WarnContext(r.Context(), "request for a host that is not allowed", "host", r.Host)
		p.respondError(w, r, plugin.Errorf(http.StatusMisdirectedRequest, "HOST_NOT_ALLOWED",
			"This host is not served here. Add it to baseURL.allowedHosts."))
		return
	}
	path, below := strings.CutPrefix(r.URL.EscapedPath(), base.Path)
	if !below || !strings.HasPrefix(path, "/") {
		notFound(w)
		return
	}
	trust := p.trustFor(r, base)
	if p.cors(w, r, trust, base) {
		return
	}
	e, param, found := p.route(r.Method, path)
	if p.disabled(path) || (found && param != "" && p.disabled(concrete(e, param))) {
		disabled(w)
		return
	}
	if !found || e.ServerOnly {
		notFound(w)
		return
	}
	c := plugin.NewCall(plugin.CallConfig{Request: r, Host: p.Host, Shape: p.Shape, Base: base, Trust: trust})
	c.Endpoint, c.Param = e, param
	if retry, ok := p.limit(r, c); !ok {
		p.respondLimited(w, r, retry)
		return
	}
	c.Err = p.serve(c, trust)
	p.respond(w, r, c)
	c.RunLater()
}

// Locate says where the server is for this request.
func (p *Pipeline) Locate(r *http.Request) (origin.Location, error) {
	if l, ok := p.Base.Static(); ok {
		return l, nil
	}
	return p.Base.Resolve(r, p.Clients.TrustedPeer(r))
}

// trustFor returns the trust that holds for one request.
func (p *Pipeline) trustFor(r *http.Request, base origin.Location) *origin.Trust {
	var more []string
	if _, static := p.Base.Static(); !static {
		more = append(more, base.Origin)
	}
	if p.TrustMore != nil {
		more = append(more, p.TrustMore(r)...)
	}
	if len(more) == 0 {
		return p.Trust
	}
	t, err := p.Trust.With(more...)
	if err != nil {
		p.log().WarnContext(r.Context(), "trusted origins of a request are not usable", "err", err)
		return p.Trust
	}
	return t
}

func (p *Pipeline) route(method, path string) (*plugin.Endpoint, string, bool) {
	if p.SkipTrailingSlashes && len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	return p.router.find(method, path)
}

// disabled reports whether the path is one of DisabledPaths.
func (p *Pipeline) disabled(path string) bool {
	return slices.Contains(p.DisabledPaths, strings.TrimRight(path, "/"))
}

// concrete returns the path of an endpoint with its parameter, decoded, so that
// all spellings of a path are one.
func concrete(e *plugin.Endpoint, param string) string {
	if param == "" {
		return e.Path
	}
	dir, _ := cutLast(e.Path)
	return dir + "/" + param
}

// limit reports whether the request may go on, or else for how long it may not.
// The bucket is the client's address with the path of the endpoint or of the
// rule, so that no spelling of a path and no parameter in it gives a fresh bucket.
func (p *Pipeline) limit(r *http.Request, c *plugin.Call) (time.Duration, bool) {
	bucket, rule, limited := p.Rules.ForEndpoint(r, c.Endpoint.Path, concrete(c.Endpoint, c.Param))
	if !limited {
		return 0, true
	}
	ip := p.Clients.IP(r)
	if ip == "" {
		return 0, true // addresses are not tracked
	}
	d, err := p.Limiter.Take(r.Context(), ratelimit.Key(ip, bucket), rule, p.Host.Now())
	if err != nil {
		p.log().ErrorContext(r.Context(), "rate limiter failed, request let through", "err", err)
		return 0, true
	}
	return d.RetryAfter, d.Allowed
}

// serve reads the request and runs the endpoint with its hooks.
func (p *Pipeline) serve(c *plugin.Call, trust *origin.Trust) error {
	c.Query = parseQuery(c.URL.RawQuery)
	if err := readBody(c); err != nil {
		return err
	}
	if err := p.checkOrigin(c, trust); err != nil {
		return err
	}
	return p.run(c, func(c *plugin.Call) error {
		if c.Endpoint.Form || c.Endpoint.CheckOrigin {
			if err := p.checkForm(c, trust); err != nil {
				return err
			}
		}
		if c.Endpoint.Link {
			if err := p.checkLink(c, trust); err != nil {
				return err
			}
		}
		return c.CheckGuard()
	})
}

// run runs the endpoint of the call between the hooks.
func (p *Pipeline) run(c *plugin.Call, guard func(*plugin.Call) error) error {
	if p.CallInContext {
		c.Request = c.WithContext(plugin.WithCall(c.Context(), c))
	}
	for _, authenticate := range p.authenticate {
		authenticate(c)
	}
	for i := range p.before {
		if !p.before[i].Matches(c) {
			continue
		}
		if err := p.before[i].Run(c); err != nil {
			return err
		}
		if c.Responded() {
			return nil
		}
	}
	c.Output, c.Err = c.Endpoint.Handler.Serve(c, guard)
	if _, meant := errors.AsType[*plugin.Error](c.Err); c.Err != nil && !meant {
		return c.Err
	}
	for i := range p.after {
		if !p.after[i].Matches(c) {
			continue
		}
		failed := c.Err != nil
		if err := p.after[i].Run(c); err != nil {
			c.Err = err
		}
		if c.Err != nil && !failed {
			p.takeBack(c)
		}
	}
	return c.Err
}

// takeBack takes the session that the call has started back when an after hook
// refuses the call or cannot decide, as a second factor whose table is away: it
// must fail closed. A session that the caller had before stays.
func (p *Pipeline) takeBack(c *plugin.Call) {
	if c.NewLogin == nil {
		return
	}
	if token, ok := c.SessionToken(); ok && token == c.NewLogin.Session.Token {
		return
	}
	if err := c.TakeBack(); err != nil {
		// Its token has not left the server, so nobody can use what is left.
		p.log().ErrorContext(c.Context(), "session of a refused sign-in not ended", "path", c.Endpoint.Path, "err", err)
	}
}

// logged is the path of a request for the log: that of its endpoint, whose
// parameter may be a secret, such as the token in a link.
func (p *Pipeline) logged(r *http.Request) string {
	base, err := p.Locate(r)
	if err != nil {
		return ""
	}
	e, _, ok := p.route(r.Method, strings.TrimPrefix(r.URL.EscapedPath(), base.Path))
	if !ok {
		return ""
	}
	return e.Path
}

// recoverPanic keeps a panic of an endpoint or a hook from ending the
// connection without an answer. The stack goes to the log, never to the client.
func (p *Pipeline) recoverPanic(w http.ResponseWriter, r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler { //nolint:errorlint // the value that net/http documents
		panic(v)
	}
	p.log().ErrorContext(r.Context(), "endpoint panicked", "path", p.logged(r), "panic", v, "stack", string(debug.Stack()))
	w.WriteHeader(http.StatusInternalServerError)
}
