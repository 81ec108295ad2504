package plugin

import (
	"net/http"
	"time"

	"github.com/lockstep-auth/lockstep/internal/cookie"
)

// sentCookies parses the Cookie header once.
func (c *Call) sentCookies() *cookie.Request {
	if c.sent == nil {
		c.sent = cookie.Parse(c.Request.Header["Cookie"])
	}
	return c.sent
}

// HasCookies reports whether the request carries any cookie.
func (c *Call) HasCookies() bool { return c.sentCookies().Any() }

// ReadCookie returns the value of the cookie with the key, such as "state". The
// name in the browser follows from the configuration.
func (c *Call) ReadCookie(key string) (string, bool) {
	return c.sentCookies().Get(c.Host.c.Cookies.Make(key, nil).Name)
}

// ReadSignedCookie returns the value of a cookie that WriteSignedCookie wrote.
func (c *Call) ReadSignedCookie(key string) (string, bool) {
	return c.signed(c.Host.c.Cookies.Make(key, nil).Name)
}

func (c *Call) signed(name string) (string, bool) {
	v, ok := c.sentCookies().Get(name)
	if !ok {
		return "", false
	}
	return c.Host.signer.Verify(v)
}

// WriteCookie sends a cookie. A life of zero makes it end with the browser. At
// most one cookie per name leaves the server: the last one written.
func (c *Call) WriteCookie(key, value string, life time.Duration) {
	var maxAge *int
	if life > 0 {
		maxAge = seconds(life)
	}
	k := c.Host.c.Cookies.Make(key, maxAge)
	k.Value = value
	c.jar.Set(k)
}

// WriteSignedCookie sends a cookie that nobody but the server can make.
func (c *Call) WriteSignedCookie(key, value string, life time.Duration) {
	c.WriteCookie(key, c.Host.signer.Sign(value), life)
}

// WriteSessionCookie is WriteCookie for a cookie that is worth a session, such as
// a token for another service. It goes when the session goes: if a hook takes
// the session back, the answer removes the cookie.
func (c *Call) WriteSessionCookie(key, value string, life time.Duration) {
	c.WriteCookie(key, value, life)
	c.bound = append(c.bound, key)
}

// ExpireCookie removes a cookie, with all its chunks, from the browser, and
// from the answer if this call wrote it.
func (c *Call) ExpireCookie(key string) {
	c.expire(c.Host.c.Cookies.Make(key, nil))
}

func (c *Call) expire(k cookie.Cookie) {
	c.jar.Remove(k.Name)
	for _, name := range c.sentCookies().Chunks(k.Name) {
		c.jar.Set(cookie.Expired(name, k.Attributes))
	}
	c.jar.Set(cookie.Expired(k.Name, k.Attributes))
}

// WriteCookies adds the cookies of the answer to a response header, in place of
// those with the same names. It is for the pipeline.
func (c *Call) WriteCookies(h http.Header) {
	lines := make([]string, 0, c.jar.Len())
	for _, k := range c.jar.All() {
		lines = append(lines, k.String())
	}
	cookie.WriteLines(h, lines)
}
