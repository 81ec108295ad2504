package origin

import (
	"cmp"
	"errors"
	"strings"
)

// An appURL is a URL of an app's own scheme, taken apart.
type appURL struct {
	scheme    string // lower case
	authority string // lower case
	path      string // decoded, without empty segments and final slash; empty for "/"
}

// An appPattern matches URLs of one app scheme. An empty authority or path
// matches any.
type appPattern struct {
	appURL
	wild bool // authority and path are globs
	ipv4 bool // authority is a range of IPv4 addresses
}

// match follows matchesOriginPattern (upstream auth/trusted-origins.ts).
func (p *appPattern) match(u appURL) bool {
	if u.scheme != p.scheme {
		return false
	}
	if !p.wild {
		return (p.authority == "" || u.authority == p.authority) &&
			(p.path == "" || u.path == p.path || strings.HasPrefix(u.path, p.path+"/"))
	}
	if p.authority != "" && (!glob(p.authority, u.authority) || p.ipv4 && !isIPv4(hostOf(u.authority))) {
		return false
	}
	// Beyond ASCII a byte is not a character, and ? could match too much.
	return p.path == "" || globPath(p.path, cmp.Or(u.path, "/")) && only(u.path, isASCII)
}

// isAppScheme reports whether a pattern begins with a scheme of an app, as in
// "myapp://callback", "myapp:" and "com.example.app:/callback". What follows
// the colon tells "localhost:3000" apart.
func isAppScheme(text string) bool {
	scheme, rest, ok := strings.Cut(text, ":")
	scheme = strings.ToLower(scheme)
	return ok && isScheme(scheme) && scheme != "http" && scheme != "https" &&
		(rest == "" || !isDigit(rest[0]))
}

func isScheme(s string) bool {
	return s != "" && isLower(s[0]) && only(s, func(c byte) bool {
		return isLower(c) || isDigit(c) || c == '+' || c == '-' || c == '.'
	})
}

// isBrowserScheme reports whether browsers, not apps, answer to the scheme:
// they run code, read files or wrap another URL.
func isBrowserScheme(scheme string) bool {
	switch scheme {
	case "about", "blob", "data", "file", "filesystem", "ftp", "intent", "javascript",
		"vbscript", "view-source", "ws", "wss":
		return true
	}
	return false
}

func newAppPattern(text string) (appPattern, error) {
	p := appPattern{wild: strings.ContainsAny(text, "*?")}
	u, ok := splitAppURL(text, "/") // ? is a wildcard here
	switch {
	case !ok:
		return p, errors.New("can never match: write the path without dot segments and with valid escapes")
	case isBrowserScheme(u.scheme):
		return p, errors.New("is unsafe: browsers run or open such URLs themselves: remove it")
	case !p.wild && !isAppAuthority(u.authority), strings.Contains(u.authority, "@"):
		return p, errors.New(`can never match: write the part after "://" as a host with an optional port`)
	}
	p.appURL = u
	p.ipv4 = isIPv4Range(hostOf(u.authority))
	return p, nil
}

// parseAppURL takes a URL apart. It is not ok where parsers disagree. Schemes
// that no pattern can have are for match to refuse.
func parseAppURL(value string) (u appURL, ok bool) {
	if !plain(value) {
		return appURL{}, false
	}
	u, ok = splitAppURL(value, "/?#")
	return u, ok && isAppAuthority(u.authority)
}

// splitAppURL takes an app's URL or pattern apart. The authority ends before one
// of end, which begins with the slash; the path ends before one of the others.
func splitAppURL(text, end string) (u appURL, ok bool) {
	scheme, rest, ok := strings.Cut(text, ":")
	if !ok {
		return appURL{}, false
	}
	u.scheme = strings.ToLower(scheme)
	if after, ok := strings.CutPrefix(rest, "//"); ok {
		u.authority, rest = cutAny(after, end)
		u.authority = strings.ToLower(u.authority)
	}
	path, _ := cutAny(rest, end[1:])
	u.path, ok = cleanAppPath(path)
	return u, ok && isScheme(u.scheme)
}

// isAppAuthority reports whether authority is empty, or a host with an optional
// port. Hosts of app schemes are names of the app's choosing.
func isAppAuthority(authority string) bool {
	if authority == "" {
		return true
	}
	host, _, ok := splitPort(authority)
	if !ok || host == "" {
		return false
	}
	if host[0] == '[' {
		_, ok := canonicalIPv6(host)
		return ok
	}
	return only(host, func(c byte) bool { return isHostByte(c) || c == '~' })
}

// cleanAppPath decodes path and removes empty segments. It refuses dot
// segments, which some routers of apps resolve and others do not, and controls.
func cleanAppPath(path string) (string, bool) {
	decoded, ok := unescape(path)
	if !ok || hasControl(decoded) || strings.Contains(decoded, `\`) || hasDotSegment(decoded) {
		return "", false
	}
	var clean strings.Builder
	for segment := range strings.SplitSeq(decoded, "/") {
		if segment != "" {
			clean.WriteString("/" + segment)
		}
	}
	return clean.String(), true
}
