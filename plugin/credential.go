package plugin

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/cookie"
	"github.com/lockstep-auth/lockstep/internal/wire"
)

// UseSignedToken makes the call act with the session whose signed token it was
// given elsewhere than in a cookie, such as in the Authorization header: the
// text that the session cookie would hold. It is for Before hooks. It reports
// false, and changes nothing, if the server did not sign the text.
//
// What the request's own cookies said is no longer considered, so the caller
// must be sure that whoever sent the request meant to use the token: a browser
// must not be able to add it on behalf of another site.
func (c *Call) UseSignedToken(signed string) bool {
	token, ok := c.Host.signer.Verify(signed)
	return ok && c.useToken(token, signed)
}

// UseToken is UseSignedToken for a bare token. Whoever can read the database
// has such tokens; a signed one also proves that the server gave it out.
func (c *Call) UseToken(token identity.Token) bool {
	return token != "" && c.useToken(string(token), c.Host.signer.Sign(string(token)))
}

func (c *Call) useToken(token, signed string) bool {
	if token == "" || !c.mayCarryToken() {
		return false
	}
	// The first of several cookies with one name counts. The request itself
	// stays as it is: other steps look at what the browser really sent.
	pair := c.Host.cookies.token.Name + "=" + cookie.EncodeComponent(signed)
	c.sent = cookie.Parse(slices.Concat([]string{pair}, c.Request.Header["Cookie"]))
	c.login, c.looked = nil, false
	return true
}

// mayCarryToken keeps a token from switching off the check of where a form comes
// from, which trusts requests with cookies to have been checked before (upstream
// looks at the cookies of the request itself: formCsrfMiddleware). Endpoints with
// CheckOrigin have that check too.
func (c *Call) mayCarryToken() bool {
	checked := c.Endpoint.Form || c.Endpoint.CheckOrigin
	if c.fromGo || !checked || c.HasCookies() {
		return true
	}
	h := c.Request.Header
	if from := cmp.Or(h.Get("Origin"), h.Get("Referer")); from != "" {
		return c.trust.Origin(from)
	}
	return strings.TrimSpace(h.Get("Sec-Fetch-Site")+h.Get("Sec-Fetch-Mode")+h.Get("Sec-Fetch-Dest")) == ""
}

// SentToken returns the signed session token that the answer gives the browser
// so far, if it does.
func (c *Call) SentToken() (signed string, ok bool) {
	for _, k := range c.jar.All() {
		if k.Name == c.Host.cookies.token.Name {
			return k.Value, k.Value != "" && (k.MaxAge == nil || *k.MaxAge != 0)
		}
	}
	return "", false
}

// SentLogin returns the session that the answer of get-session carries, or nil.
// It is for After hooks.
func (c *Call) SentLogin() *Login {
	out, ok := c.Output.(wire.Login)
	if !ok || c.Err != nil {
		return nil
	}
	return &Login{Session: out.Session, User: out.User, Cached: out.Cached}
}

// Alive reports whether the database knows the session at this moment. It asks
// only about a session that came from a session cookie; one trip then. Where
// sessions live in cookies alone there is nobody to ask.
func (c *Call) Alive(l *Login) (bool, error) {
	if !l.Cached || c.Host.Session.Stateless {
		return true, nil
	}
	session, _, err := c.Host.Identity.FindSession(c.Context(), l.Session.Token)
	if errors.Is(err, identity.ErrNotFound) {
		return false, nil
	}
	return err == nil && session.ExpiresAt.After(c.now()), err
}

// exposeHeaders names the headers of an answer that scripts of other, trusted
// origins may read (Fetch standard, §3.2.3).
const exposeHeaders = "Access-Control-Expose-Headers"

// ExposeHeader sets a header of the answer that scripts of other, trusted
// origins may read.
func (c *Call) ExposeHeader(name, value string) {
	c.SetHeader(name, value)
	names := c.exposed()
	if !slices.Contains(names, name) {
		names = append(names, name)
	}
	c.SetHeader(exposeHeaders, strings.Join(names, ", "))
}

// ExposeSessionHeader is ExposeHeader for a header that is worth a session, such
// as its token. It goes when the session goes: if a later hook takes the session
// back, the answer does not have the header.
func (c *Call) ExposeSessionHeader(name, value string) {
	c.ExposeHeader(name, value)
	c.boundHeaders = append(c.boundHeaders, name)
}

// exposed returns the names of the headers that ExposeHeader has set.
func (c *Call) exposed() []string {
	var names []string
	for n := range strings.SplitSeq(c.Header.Get(exposeHeaders), ",") {
		if n = strings.TrimSpace(n); n != "" {
			names = append(names, n)
		}
	}
	return names
}

// dropSessionHeaders takes back what ExposeSessionHeader has set.
func (c *Call) dropSessionHeaders() {
	if len(c.boundHeaders) == 0 {
		return
	}
	for _, name := range c.boundHeaders {
		c.Header.Del(name)
	}
	names := slices.DeleteFunc(c.exposed(), func(name string) bool { return slices.Contains(c.boundHeaders, name) })
	c.Header.Del(exposeHeaders)
	if len(names) > 0 {
		c.SetHeader(exposeHeaders, strings.Join(names, ", "))
	}
	c.boundHeaders = nil
}
