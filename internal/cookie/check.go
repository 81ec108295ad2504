package cookie

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// check returns what is wrong with c, each with the option it is about.
func (c Config) check() error {
	var errs []error
	if c.Prefix != "" && !isToken(c.Prefix) {
		errs = append(errs, badName("advanced.cookiePrefix", c.Prefix))
	}
	if c.Domain != "" {
		errs = append(errs, checkDomain("advanced.crossSubDomainCookies.domain", c.Domain))
	}
	errs = append(errs, c.Defaults.check("advanced.defaultCookieAttributes"))
	for _, key := range slices.Sorted(maps.Keys(c.Cookies)) {
		custom, option := c.Cookies[key], "advanced.cookies."+key
		if !isToken(key) {
			errs = append(errs, badName("advanced.cookies: key", key))
		}
		if custom.Name != "" && !isToken(custom.Name) {
			errs = append(errs, badName(option+".name", custom.Name))
		}
		errs = append(errs, custom.Attributes.check(option+".attributes"))
	}
	return errors.Join(errs...)
}

func badName(option, name string) error {
	return fmt.Errorf("%s %q: a cookie name has letters, digits and !#$%%&'*+-.^_`|~ only", option, name)
}

func (o Overrides) check(option string) error {
	var errs []error
	if o.MaxAge != nil && (*o.MaxAge < 0 || *o.MaxAge > maxAgeLimit) {
		errs = append(errs, fmt.Errorf("%s.maxAge %d: not between 0 and %d seconds (400 days)", option, *o.MaxAge, maxAgeLimit))
	}
	if o.Domain != nil && *o.Domain != "" {
		errs = append(errs, checkDomain(option+".domain", *o.Domain))
	}
	if o.Path != nil && *o.Path != "" && (!strings.HasPrefix(*o.Path, "/") || !isAttribute(*o.Path)) {
		errs = append(errs, fmt.Errorf("%s.path %q: not a path that starts with a slash, in ASCII without semicolons", option, *o.Path))
	}
	if o.SameSite != nil && !isSameSite(*o.SameSite) {
		errs = append(errs, fmt.Errorf("%s.sameSite %q: not strict, lax or none", option, *o.SameSite))
	}
	return errors.Join(errs...)
}

func isSameSite(s string) bool {
	return slices.Contains([]string{"strict", "lax", "none"}, strings.ToLower(s))
}

// checkDomain wants a host name (RFC 1123 §2.1; underscores are in use too),
// with an optional dot in front. One label is a whole top-level domain, but for
// localhost.
func checkDomain(option, domain string) error {
	name := strings.TrimPrefix(domain, ".")
	labels := strings.Split(name, ".")
	if len(name) > 253 || slices.ContainsFunc(labels, func(l string) bool { return !isLabel(l) }) {
		return fmt.Errorf("%s %q: not a domain name (no scheme, port or path; non-ASCII as punycode)", option, domain)
	}
	if len(labels) == 1 && !strings.EqualFold(name, "localhost") {
		return fmt.Errorf("%s %q: would share the cookies with a whole top-level domain", option, domain)
	}
	return nil
}

func isLabel(s string) bool {
	for i := range len(s) {
		if !isAlphanumeric(s[i]) && s[i] != '-' && s[i] != '_' {
			return false
		}
	}
	return s != "" && len(s) <= 63 && s[0] != '-' && s[len(s)-1] != '-'
}

// checkDistinct returns an error when a cookie would overwrite another, or pass
// for a slice of it.
func (n *Names) checkDistinct() error {
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(n.known)) {
		for _, other := range slices.Sorted(maps.Keys(n.known)) {
			name, otherName := n.known[key].Name, n.known[other].Name
			_, isChunk := chunkNumber(otherName, name)
			if name == otherName && key < other || isChunk {
				errs = append(errs, fmt.Errorf("advanced.cookies: %s and %s are both called %q", key, other, otherName))
			}
		}
	}
	return errors.Join(errs...)
}
