// Package bearer lets clients that keep no cookies, such as mobile apps, send
// their session token in the Authorization header (RFC 6750 §2.1), and gives it
// to them in the header "set-auth-token" whenever a session starts or is
// prolonged (upstream: packages/better-auth/src/plugins/bearer).
//
//	lockstep.Config{Plugins: []plugin.Plugin{bearer.New(bearer.Options{})}}
//
// A browser adds no Authorization header by itself, and a script of another
// site can only do so if the server's CORS answer lets it; so such a request
// needs no further proof of where it comes from.
package bearer

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/plugin"
)

const (
	scheme = "bearer "

	// maxToken bounds what is looked at, in bytes. A signed token has 77.
	maxToken = 4096

	setAuthToken = "set-auth-token"
)

// Options are the options of the plugin. The zero value is the safe choice.
type Options struct {
	// AllowUnsigned also accepts a bare session token, without the signature
	// that proves that the server gave it out (Better Auth: requireSignature
	// false, its default). With it, everybody who can read the session table
	// can act as every user.
	AllowUnsigned bool
}

// New returns the plugin.
func New(o Options) plugin.Plugin {
	return plugin.Plugin{
		ID:           "bearer",
		Authenticate: o.authenticate,
		After:        []plugin.Hook{{Run: tell}},
	}
}

// authenticate makes the call act with the token of its Authorization header. A
// header that is no good is ignored, as upstream does: the request then has the
// session of its cookies, if any.
func (o Options) authenticate(c *plugin.Call) {
	token := Token(c.Request.Header)
	switch {
	case token == "":
	case strings.Contains(token, "."):
		c.UseSignedToken(unescape(token))
	case o.AllowUnsigned:
		c.UseToken(identity.Token(token))
	}
}

// Token returns the bearer token of a request's header as it was sent, or "".
// The scheme may be in any case of letters (RFC 9110 §11.1). Two Authorization
// headers are none: readers disagree on which one counts.
func Token(h http.Header) string {
	sent := h["Authorization"]
	if len(sent) != 1 || len(sent[0]) > maxToken+len(scheme) || len(sent[0]) < len(scheme) {
		return ""
	}
	if !strings.EqualFold(sent[0][:len(scheme)], scheme) {
		return ""
	}
	return strings.TrimSpace(sent[0][len(scheme):])
}

// unescape decodes a token that was copied from a cookie. What is no percent
// encoding stays as it is.
func unescape(token string) string {
	if decoded, err := url.PathUnescape(token); err == nil {
		return decoded
	}
	return token
}

// tell gives the client the token of the session that the answer starts or
// prolongs.
func tell(c *plugin.Call) error {
	if signed, ok := c.SentToken(); ok {
		c.ExposeSessionHeader(setAuthToken, signed)
	}
	return nil
}
