package cookie

import (
	"cmp"
	"errors"
	"time"
)

// Keys of the cookies that the core sets. Plugins bring keys of their own.
const (
	SessionToken = "session_token"
	SessionData  = "session_data"
	DontRemember = "dont_remember"
	AccountData  = "account_data"
	State        = "state"
	OAuthState   = "oauth_state"
)

// Config says what the cookies of a server are called and how far they reach.
// The zero value is what Better Auth does for a server without https.
type Config struct {
	// Secure puts the prefix __Secure- in front of all names, and sets the
	// attribute: browsers then send and accept the cookies over https only.
	Secure bool

	// Prefix begins the names (advanced.cookiePrefix). Defaults to "better-auth".
	Prefix string

	// Domain shares the cookies with all hosts below it
	// (advanced.crossSubDomainCookies). Empty: with the host that set them only.
	Domain string

	// Defaults apply to all cookies (advanced.defaultCookieAttributes).
	Defaults Overrides

	// Cookies change single cookies, by key (advanced.cookies).
	Cookies map[string]Custom
}

// Custom changes one cookie.
type Custom struct {
	// Name replaces "<prefix>.<key>". The prefix __Secure- is still put in front.
	Name string

	// Attributes have the last word.
	Attributes Overrides
}

// Overrides are attributes of which some are given: nil leaves what was there.
type Overrides struct {
	MaxAge      *int // seconds
	Domain      *string
	Path        *string
	Expires     *time.Time
	HTTPOnly    *bool
	Secure      *bool
	Partitioned *bool
	SameSite    *string
}

// apply returns a with the given attributes replaced.
func (o Overrides) apply(a Attributes) Attributes {
	if o.MaxAge != nil {
		a.MaxAge = new(*o.MaxAge)
	}
	replace(&a.Domain, o.Domain)
	replace(&a.Path, o.Path)
	replace(&a.Expires, o.Expires)
	replace(&a.HTTPOnly, o.HTTPOnly)
	replace(&a.Secure, o.Secure)
	replace(&a.Partitioned, o.Partitioned)
	replace(&a.SameSite, o.SameSite)
	return a
}

func replace[T any](dst, given *T) {
	if given != nil {
		*dst = *given
	}
}

// Names gives the cookies of a server their names and attributes. It is
// immutable and safe for concurrent use.
type Names struct {
	prefix string // of a name, in front of the key
	common Attributes
	known  map[string]knownCookie
}

// knownCookie is a cookie that Make only has to copy.
type knownCookie struct {
	Cookie
	fixedMaxAge bool // whether Config.Cookies decided MaxAge
}

// NewNames returns the names that c describes, or all that is wrong with it.
// The public suffix list is not consulted: browsers do, and drop a cookie for
// ".co.uk".
func NewNames(c Config) (*Names, error) {
	n := newNames(c)
	if err := errors.Join(c.check(), n.checkDistinct()); err != nil {
		return nil, err
	}
	return n, nil
}

func newNames(c Config) *Names {
	secure := ""
	if c.Secure {
		secure = "__Secure-"
	}
	n := &Names{
		prefix: secure + cmp.Or(c.Prefix, "better-auth") + ".",
		common: c.Defaults.apply(Attributes{
			Domain:   c.Domain,
			Path:     "/",
			HTTPOnly: true,
			Secure:   c.Secure,
			SameSite: "lax",
		}),
		known: make(map[string]knownCookie),
	}
	for _, key := range []string{SessionToken, SessionData, DontRemember, AccountData, State, OAuthState} {
		n.known[key] = knownCookie{Cookie: Cookie{Name: n.prefix + key, Attributes: n.common}}
	}
	for key, custom := range c.Cookies {
		made := knownCookie{fixedMaxAge: custom.Attributes.MaxAge != nil}
		made.Name = n.prefix + key
		if custom.Name != "" {
			made.Name = secure + custom.Name
		}
		made.Attributes = custom.Attributes.apply(n.common)
		n.known[key] = made
	}
	return n
}

// Make returns the cookie of a key, without a value. maxAge, in seconds, gives
// way to Config.Cookies but not to Config.Defaults; nil leaves those.
func (n *Names) Make(key string, maxAge *int) Cookie {
	made, ok := n.known[key]
	if !ok {
		made.Cookie = Cookie{Name: n.prefix + key, Attributes: n.common}
	}
	if maxAge != nil && !made.fixedMaxAge {
		made.MaxAge = maxAge
	}
	return made.Cookie
}
