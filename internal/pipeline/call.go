package pipeline

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/lockstep-auth/lockstep/plugin"
)

// A GoCall is a call of an endpoint from the program itself.
type GoCall struct {
	Method string
	Path   string      // below the base path
	Query  string      // encoded
	Header http.Header // of the request: cookies, user agent
	Body   any         // decoded JSON, if HasBody

	HasBody bool
}

// Do runs an endpoint in the process, with its hooks and guard but without rate
// limit and origin check: the program trusts itself. It returns the finished
// call; the error is what a client would have been sent. A server with several
// hosts takes the one in the Host header of g, or the fallback: without either,
// mails would lead nowhere, and the call is refused as upstream does.
func (p *Pipeline) Do(ctx context.Context, g GoCall) (*plugin.Call, error) {
	e, param, ok := p.router.find(g.Method, g.Path)
	if !ok {
		return nil, fmt.Errorf("lockstep: there is no endpoint %s %s", g.Method, g.Path)
	}
	base, static := p.Base.Static()
	target := base.Origin + base.Path + g.Path
	r, err := http.NewRequestWithContext(ctx, g.Method, target, strings.NewReader(""))
	if err != nil {
		return nil, err
	}
	if g.Header != nil {
		r.Header = g.Header.Clone()
	}
	r.URL.RawQuery = g.Query
	if !static {
		r.Host = r.Header.Get("Host")
		if base, err = p.Locate(r); err != nil {
			return nil, fmt.Errorf("lockstep: the call does not say which host it is for: set BaseURL's Fallback, or pass a Host header: %w", err)
		}
	}
	c := plugin.NewCall(plugin.CallConfig{
		Request: r, Host: p.Host, Shape: p.Shape, Base: base, Trust: p.Trust, FromGo: true,
	})
	c.Endpoint, c.Param = e, param
	c.Query = parseQuery(g.Query)
	c.Body, c.HasBody = g.Body, g.HasBody
	c.Err = p.run(c, (*plugin.Call).CheckGuard)
	c.RunLater()
	return c, c.Err
}

// NewCall returns a call that serves no endpoint, for reading the session of a
// request to the application itself.
func (p *Pipeline) NewCall(r *http.Request) *plugin.Call {
	base, err := p.Locate(r)
	if err != nil {
		base.Path = ""
	}
	c := plugin.NewCall(plugin.CallConfig{Request: r, Host: p.Host, Shape: p.Shape, Base: base, Trust: p.Trust})
	c.Endpoint = &plugin.Endpoint{}
	for _, authenticate := range p.authenticate {
		authenticate(c)
	}
	return c
}
