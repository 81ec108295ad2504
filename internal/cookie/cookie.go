// Package cookie reads and writes cookies exactly as Better Auth 1.7 does:
// their names, attributes and encoding, the slices of long ones, and the
// session cache that one of them carries.
//
// Signatures of ordinary cookies are the business of package secure: a signed
// cookie is one whose Value came from secure.Signer.Sign. Text that is signed
// or encrypted here never appears in an error.
package cookie

import (
	"strconv"
	"strings"
	"time"
)

// maxAgeLimit is the longest life that browsers grant, in seconds: 400 days
// (RFC 6265bis §5.5).
const maxAgeLimit = 34_560_000

// Attributes are what a Set-Cookie line says besides name and value. The zero
// value is a cookie of the browser session with no attribute at all.
type Attributes struct {
	// MaxAge is the life in seconds. Nil or negative: no Max-Age, the cookie
	// ends with the browser session. 0 removes the cookie. More than 400 days
	// is written as 400 days.
	MaxAge *int

	Domain, Path string

	// Expires is written in UTC, to the second. Zero: absent.
	Expires time.Time

	HTTPOnly, Secure, Partitioned bool

	// SameSite is strict, lax or none. Empty: absent.
	SameSite string
}

// A Cookie is one line of a response. Value is the text before encoding.
// Copies share the number MaxAge points at: replace it, do not write through it.
type Cookie struct {
	Name, Value string
	Attributes
}

// Expired returns the cookie that makes a browser drop name. A browser only
// does so when Domain and Path are those the cookie was set with.
func Expired(name string, a Attributes) Cookie {
	a.MaxAge = new(0)
	return Cookie{Name: name, Attributes: a}
}

// String returns the value of the Set-Cookie header, or "" for a cookie that
// cannot be written: a name that is not a token (RFC 6265 §4.1.1), or a
// semicolon, control character or non-ASCII byte in an attribute.
func (c Cookie) String() string {
	return string(c.Append(nil))
}

// Append appends what String returns to dst.
func (c Cookie) Append(dst []byte) []byte {
	if !c.writable() {
		return dst
	}
	c.Attributes = c.forced()
	dst = append(dst, c.Name...)
	dst = append(dst, '=')
	dst = appendComponent(dst, c.Value)
	return c.append(dst)
}

// writable reports whether the line would say what c means, no more.
func (c Cookie) writable() bool {
	return isToken(c.Name) && isAttribute(c.Domain) && isAttribute(c.Path) && isAttribute(c.SameSite)
}

// forced returns the attributes with those that the name or another attribute
// demands (RFC 6265bis §4.1.3; upstream: better-call cookies.ts, resolveCookie).
func (c Cookie) forced() Attributes {
	a := c.Attributes
	switch {
	case hasPrefixFold(c.Name, "__host-"):
		a.Secure, a.Path, a.Domain = true, "/", ""
	case hasPrefixFold(c.Name, "__secure-"):
		a.Secure = true
	}
	if a.Partitioned || strings.EqualFold(a.SameSite, "none") {
		a.Secure = true
	}
	return a
}

// append writes the attributes in upstream's order (better-call cookies.ts,
// serializeCookieValue).
func (a Attributes) append(dst []byte) []byte {
	if a.MaxAge != nil && *a.MaxAge >= 0 {
		dst = append(dst, "; Max-Age="...)
		dst = strconv.AppendInt(dst, int64(min(*a.MaxAge, maxAgeLimit)), 10)
	}
	if a.Domain != "" {
		dst = append(append(dst, "; Domain="...), a.Domain...)
	}
	if a.Path != "" {
		dst = append(append(dst, "; Path="...), a.Path...)
	}
	if !a.Expires.IsZero() {
		// IMF-fixdate (RFC 9110 §5.6.7), which is Date.prototype.toUTCString.
		dst = append(dst, "; Expires="...)
		dst = a.Expires.UTC().AppendFormat(dst, "Mon, 02 Jan 2006 15:04:05 GMT")
	}
	if a.HTTPOnly {
		dst = append(dst, "; HttpOnly"...)
	}
	if a.Secure {
		dst = append(dst, "; Secure"...)
	}
	if a.SameSite != "" {
		dst = append(dst, "; SameSite="...)
		dst = append(dst, upper(a.SameSite[0]))
		dst = append(dst, a.SameSite[1:]...)
	}
	if a.Partitioned {
		dst = append(dst, "; Partitioned"...)
	}
	return dst
}

func upper(b byte) byte {
	if 'a' <= b && b <= 'z' {
		return b - 'a' + 'A'
	}
	return b
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// isToken reports whether s can be the name of a cookie (RFC 9110 §5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		if !isTokenByte(s[i]) {
			return false
		}
	}
	return s != ""
}

func isTokenByte(b byte) bool {
	return isAlphanumeric(b) || strings.IndexByte("!#$%&'*+-.^_`|~", b) >= 0
}

func isAlphanumeric(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9'
}

// isAttribute reports whether s can be the value of an attribute
// (RFC 6265 §4.1.1, path-value).
func isAttribute(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == ';' {
			return false
		}
	}
	return true
}
