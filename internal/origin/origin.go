// Package origin decides which URLs are trusted: as the origin of a request,
// as the target of a redirect, and as the server's own address.
//
// What counts is where a browser would go (WHATWG URL Standard), and browsers
// repair much that other parsers read differently or refuse: backslashes, tabs,
// missing slashes, user names, numbers for IPv4 addresses. So nothing here
// repairs. A URL is trusted only if it is written in the plain form that every
// parser reads in the same way, and package net/url is not used.
package origin

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// maxHost is the longest host, in bytes, that DNS can resolve (RFC 1035 §2.3.4).
const maxHost = 253

// Of returns the serialised origin ("https://example.com:8443") of an absolute
// http or https URL: in lower case and without a default port. It is not ok for
// anything that parsers do not agree on, such as user names, backslashes,
// spaces and controls anywhere, hosts beyond ASCII or with escapes, IPv4
// addresses in any form but four decimal numbers, and a dot at the end of a
// host.
func Of(raw string) (origin string, ok bool) {
	if !plain(raw) {
		return "", false
	}
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return "", false
	}
	authority, _ := cutAny(rest, "/?#")
	return serialise(strings.ToLower(scheme), authority)
}

// serialise returns the origin of a scheme and the "host:port" after it.
func serialise(scheme, authority string) (origin string, ok bool) {
	if scheme != "http" && scheme != "https" {
		return "", false
	}
	host, port, ok := splitPort(authority)
	if !ok {
		return "", false
	}
	host, ok = canonicalHost(host)
	if !ok {
		return "", false
	}
	if port == "" || port == defaultPort(scheme) {
		return scheme + "://" + host, true
	}
	return scheme + "://" + host + ":" + port, true
}

func defaultPort(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}

// plain reports whether s is free of what browsers drop or turn into something
// else before or while they parse a URL.
func plain(s string) bool {
	return !hasControl(s) && !strings.ContainsAny(s, ` \`)
}

// hasControl reports whether s has a C0 control, DEL or a C1 control, or is
// not UTF-8.
func hasControl(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl)
}

// splitPort splits "host:port". The port is empty only if there is no colon.
func splitPort(authority string) (host, port string, ok bool) {
	end := strings.LastIndexByte(authority, ']') + 1 // colons before it belong to an IPv6 address
	colon := strings.IndexByte(authority[end:], ':')
	if colon < 0 {
		return authority, "", true
	}
	port = authority[end+colon+1:]
	return authority[:end+colon], port, validPort(port)
}

// validPort reports whether port is a number from 1 to 65535 without leading
// zeros.
func validPort(port string) bool {
	if port == "" || len(port) > 5 || port[0] == '0' || !only(port, isDigit) {
		return false
	}
	return len(port) < 5 || port <= "65535"
}

// canonicalHost returns host as browsers write it.
func canonicalHost(host string) (string, bool) {
	if strings.HasPrefix(host, "[") {
		return canonicalIPv6(host)
	}
	host = strings.ToLower(host)
	if len(host) > maxHost || !only(host, isHostByte) {
		return "", false
	}
	last := ""
	for label := range strings.SplitSeq(host, ".") {
		if label == "" {
			return "", false
		}
		last = label
	}
	// Browsers read a host with a number at its end as an IPv4 address, in any
	// of the forms of inet_aton (URL Standard, "ends in a number checker").
	if isNumber(last) {
		return host, isIPv4(host)
	}
	return host, !strings.Contains(host, "xn--") || validPunycode(host)
}

func canonicalIPv6(host string) (string, bool) {
	inner, ok := strings.CutSuffix(host[1:], "]")
	if !ok {
		return "", false
	}
	addr, err := netip.ParseAddr(inner)
	// Browsers write the tail of ::ffff:1.2.3.4 in hex, package netip does not.
	if err != nil || !addr.Is6() || addr.Is4In6() || addr.Zone() != "" {
		return "", false
	}
	return "[" + addr.String() + "]", true
}

// isIPv4 reports whether host is an IPv4 address in its usual form.
func isIPv4(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Is4()
}

// validPunycode reports whether browsers accept a host with "xn--" in it and
// leave it as it is. The profile is the one of the URL Standard ("domain to
// ASCII"), but strict: parsers differ on labels that decode to symbols such as
// U+226F.
func validPunycode(host string) bool {
	profile := idna.New(idna.MapForLookup(), idna.BidiRule(), idna.CheckJoiners(true),
		idna.CheckHyphens(false), idna.StrictDomainName(true), idna.Transitional(false))
	ascii, err := profile.ToASCII(host)
	return err == nil && ascii == host
}

// isLoopback reports whether host, without port, is this machine by its form:
// localhost and the names below it (RFC 6761 §6.3), 127.0.0.0/8 and [::1].
// 0.0.0.0 is not.
func isLoopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.IsLoopback()
}

// isNumber reports whether browsers take a label for a number.
func isNumber(label string) bool {
	hex, ok := strings.CutPrefix(label, "0x")
	if ok {
		return only(hex, isHexDigit)
	}
	return only(label, isDigit)
}

func isASCII(c byte) bool    { return c < 0x80 }
func isDigit(c byte) bool    { return '0' <= c && c <= '9' }
func isHexDigit(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'f' }
func isLower(c byte) bool    { return 'a' <= c && c <= 'z' }

func isHostByte(c byte) bool {
	return isLower(c) || isDigit(c) || c == '-' || c == '.' || c == '_'
}

// only reports whether ok holds for every byte of s.
func only(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}

// cutAny splits s before the first of chars.
func cutAny(s, chars string) (before, after string) {
	if i := strings.IndexAny(s, chars); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}
