package origin

import (
	"errors"
	"fmt"
	"strings"
)

// A webPattern matches origins of http and https.
type webPattern struct {
	text string // an origin, or a glob over origins or, with anyScheme, over "host:port"

	authority string // the "host:port" part of text
	host      string // the host part of text
	wild      bool   // text is a glob
	anyScheme bool   // text has no scheme
	ipv4      bool   // text is a range of IPv4 addresses
}

// match reports whether the pattern matches origin, as Of returns it.
func (p *webPattern) match(origin string) bool {
	if !p.wild {
		return origin == p.text
	}
	_, authority, _ := strings.Cut(origin, "://")
	subject := origin
	if p.anyScheme {
		subject = authority
	}
	return glob(p.text, subject) && (!p.ipv4 || isIPv4(hostOf(authority)))
}

// hostOf returns "host:port" without the port.
func hostOf(authority string) string {
	end := strings.LastIndexByte(authority, ']') + 1
	host, _ := cutAny(authority[end:], ":")
	return authority[:end] + host
}

// newWebPattern compiles a pattern of http or https origins, or of hosts.
func newWebPattern(text string) (webPattern, error) {
	if !strings.ContainsAny(text, "*?") {
		return newExactOrigin(text)
	}
	p := webPattern{text: text, wild: true}
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		p.anyScheme = true
		scheme, rest = "", text
	}
	authority, path := cutAny(rest, "/")
	if path != "" {
		return p, fmt.Errorf("can never match: origins have no path: write %q", strings.TrimSuffix(text, path))
	}
	if !p.anyScheme && !glob(scheme, "http") && !glob(scheme, "https") {
		return p, fmt.Errorf("can never match: write %q", "https://"+authority)
	}
	p.authority, p.host = authority, hostOf(authority)
	p.ipv4 = isIPv4Range(p.host)
	if err := checkPortGlob(strings.TrimPrefix(authority, p.host), scheme); err != nil {
		return p, err
	}
	return p, checkHostGlob(p.host)
}

func newExactOrigin(text string) (webPattern, error) {
	origin, ok := Of(text)
	if ok && origin == text {
		_, authority, _ := strings.Cut(origin, "://")
		return webPattern{text: text, authority: authority, host: hostOf(authority)}, nil
	}
	if !ok {
		scheme := "https"
		if isLoopback(hostOf(text)) {
			scheme = "http"
		}
		origin, ok = Of(scheme + "://" + text)
	}
	if !ok {
		return webPattern{}, errors.New(`is not an origin: write a scheme and a host, such as "https://example.com"`)
	}
	return webPattern{}, fmt.Errorf("can never match: write %q", origin)
}

// isIPv4Range reports whether a host with wildcards means IPv4 addresses: it
// then matches nothing else, lest 192.168.* match the name 192.168.evil.com.
// Upstream: isAllowedIPv4Host.
func isIPv4Range(host string) bool {
	return strings.ContainsAny(host, "*?") && strings.ContainsAny(host, "0123456789") &&
		only(host, func(c byte) bool { return isDigit(c) || isWild(c) || c == '.' })
}

// checkPortGlob checks the port of a pattern, which is empty or begins with its
// colon.
func checkPortGlob(port, scheme string) error {
	port, ok := strings.CutPrefix(port, ":")
	if !ok {
		return nil
	}
	if strings.ContainsAny(port, "*?") {
		if !only(port, func(c byte) bool { return isDigit(c) || isWild(c) }) {
			return errors.New("can never match: the port is not a number")
		}
		return nil
	}
	if !validPort(port) {
		return errors.New("can never match: the port is not a number from 1 to 65535")
	}
	if isDefaultPort(port, scheme) {
		return fmt.Errorf("can never match: browsers leave out the default port: write it without %q", ":"+port)
	}
	return nil
}

// isDefaultPort reports whether browsers leave out port with the scheme of a
// pattern, which is empty or a glob if it is for both.
func isDefaultPort(port, scheme string) bool {
	switch scheme {
	case "http", "https":
		return port == defaultPort(scheme)
	}
	return port == "80" || port == "443"
}

// checkHostGlob refuses hosts that match nothing, and hosts that match names
// anybody can register.
func checkHostGlob(host string) error {
	last := strings.LastIndexAny(host, "*?")
	if last < 0 {
		if canonical, ok := canonicalHost(host); !ok || canonical != host {
			return errors.New("can never match: the host is not one that browsers write")
		}
		return nil
	}
	if !only(host, func(c byte) bool { return isHostByte(c) || isWild(c) }) {
		return errors.New("can never match: write the host in lower case, with letters, digits, dots and hyphens")
	}
	if isIPv4Range(host) {
		if first, _ := cutAny(host, "*?"); !strings.Contains(first, ".") {
			return errors.New(`trusts addresses of other networks: write the first number, such as "10.*"`)
		}
		return nil
	}
	_, domain, ok := strings.Cut(host[last+1:], ".")
	if !ok || !strings.Contains(domain, ".") && !isReserved(domain) {
		return errors.New(`trusts names that anybody can register: write a domain after the last wildcard, such as "https://*.example.com"`)
	}
	if _, ok := canonicalHost(domain); !ok {
		return errors.New("can never match: the host is not one that browsers write")
	}
	return nil
}

// isReserved reports whether nobody can register names below the top-level
// domain (RFC 2606, RFC 6761, RFC 6762 and ICANN's reservation of .internal).
func isReserved(domain string) bool {
	switch domain {
	case "example", "internal", "invalid", "local", "localhost", "test":
		return true
	}
	return false
}
