package convex

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/lockstep-auth/lockstep/plugin"
)

// maxCookie is the longest value, in bytes, that a browser keeps (RFC 6265bis
// §5.6). It ignores a longer one, which servers in front of this one may refuse
// together with the answer.
const maxCookie = 4096

// write sends the cookie. With a token that is too long for one, there is none:
// server-side rendering asks for a token.
func (i *Issuer) write(c *plugin.Call, token string) {
	if len(token) > maxCookie {
		c.ExpireCookie(jwtCookie)
		return
	}
	c.WriteSessionCookie(jwtCookie, token, i.o.ExpirationTime)
}

// under reports whether the path of the call's endpoint begins with one of the
// prefixes.
func under(c *plugin.Call, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(c.Endpoint.Path, p) })
}

// begins matches the endpoints after which a browser has a session that it did
// not have before, or has a changed one.
func begins(c *plugin.Call) bool {
	return under(c, "/sign-in", "/sign-up", "/callback", "/oauth2/callback", "/magic-link/verify", "/email-otp/verify-email",
		"/phone-number/verify", "/siwe/verify", "/update-session")
}

// begin sends the cookie with the first answer that has a session, so that a
// page that is rendered next needs no further request. An endpoint that started
// none, say because a second factor is missing, sends none.
func (i *Issuer) begin(c *plugin.Call) error {
	if c.Err == nil && c.NewLogin != nil {
		i.send(c, c.NewLogin)
	}
	return nil
}

func succeeded(c *plugin.Call) bool { return c.Err == nil }

// keep renews the cookie with get-session, and removes it when nobody is signed
// in. A session that came from the session cookie costs no trip to the database
// as long as the browser has a token; without one it is looked up first.
func (i *Issuer) keep(c *plugin.Call) error {
	if c.Output == nil {
		c.ExpireCookie(jwtCookie)
		return nil
	}
	login := c.SentLogin()
	if login == nil { // another plugin has put its own answer there
		return nil
	}
	if _, has := c.ReadCookie(jwtCookie); has && login.Cached {
		return nil
	}
	i.send(c, login)
	return nil
}

// send writes the cookie. A failure costs the browser the cookie and not its
// session: it asks for a token later. The cookie it has goes in any case, since
// that may be of another user.
func (i *Issuer) send(c *plugin.Call, login *plugin.Login) {
	alive, err := c.Alive(login)
	var token string
	if err == nil && alive {
		token, err = i.issue(c, login)
	}
	switch {
	case err != nil:
		c.ExpireCookie(jwtCookie)
		c.Host.Log.ErrorContext(c.Context(), "no token for Convex", "err", err)
	case alive:
		i.write(c, token)
	default:
		c.ForgetSession()
		c.ExpireCookie(jwtCookie)
		if c.Endpoint.Path == "/get-session" {
			c.Output = nil
		}
	}
}

// ends matches the endpoints after which a browser has no session.
func ends(c *plugin.Call) bool { return under(c, "/sign-out", "/delete-user", tokenPath) }

// end removes the cookie when the session has ended, or when there turns out to
// be none.
func end(c *plugin.Call) error {
	e, failed := errors.AsType[*plugin.Error](c.Err)
	switch {
	case failed && e.Status != http.StatusUnauthorized:
	case !failed && under(c, tokenPath):
	default:
		c.ExpireCookie(jwtCookie)
	}
	return nil
}
