package oauth

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
)

// NewTransport returns what a Client connects with by itself, for a
// Config.Transport that treats some requests in another way: it connects to public
// addresses only, unless private networks are permitted. It uses no proxy of the
// environment: a proxy would resolve names by itself.
func NewTransport(insecureAllowPrivateNetworks bool) *http.Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	if !insecureAllowPrivateNetworks {
		dialer.Control = guard
	}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    5 * time.Second,
		IdleConnTimeout:        30 * time.Second,
		MaxIdleConns:           64,
		MaxConnsPerHost:        64,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// guard runs after a name was resolved, on the address that is about to be
// dialled. So a name cannot lead elsewhere between the check and its use (DNS
// rebinding).
func guard(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil || !isPublic(ap.Addr()) {
		return ErrPrivate
	}
	return nil
}

// checkPublic refuses a URL that can be refused before its host is resolved.
func checkPublic(u *url.URL) error {
	switch {
	case u.Scheme != "https":
		return ErrInsecure
	case isPrivateHost(u.Hostname()):
		return ErrPrivate
	}
	return nil
}

// isPrivateHost reports whether a host can be refused before it is resolved:
// this machine by name, an address that is not public, and the spellings of IPv4
// addresses that some resolvers understand, such as 0x7f.1 and 2130706433.
func isPrivateHost(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		return !isPublic(addr)
	}
	// A host is an IPv4 address if its last label is a number
	// (https://url.spec.whatwg.org/#ends-in-a-number-checker).
	last := host[strings.LastIndexByte(host, '.')+1:]
	return last == "" || last[0] >= '0' && last[0] <= '9'
}

// isPublic reports whether an address belongs to the public internet by the IANA
// special-purpose registries (RFC 6890). An address that wraps an IPv4 address is
// as public as that one.
func isPublic(a netip.Addr) bool {
	a = a.WithZone("").Unmap() // ::ffff:0:0/96 is IPv4
	contains := func(p netip.Prefix) bool { return p.Contains(a) }
	if a.Is4() {
		return !slices.ContainsFunc(reserved4(), contains)
	}
	b := a.As16()
	switch {
	case contains(netip.MustParsePrefix("64:ff9b::/96")): // NAT64, RFC 6052
		return isPublic(netip.AddrFrom4([4]byte(b[12:])))
	case contains(netip.MustParsePrefix("2002::/16")): // 6to4, RFC 3056
		return isPublic(netip.AddrFrom4([4]byte(b[2:6])))
	}
	return contains(netip.MustParsePrefix("2000::/3")) && !slices.ContainsFunc(reserved6(), contains)
}

func reserved4() []netip.Prefix {
	return prefixes(
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
		"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	)
}

// reserved6 lists what is reserved within 2000::/3, the only part of IPv6 in
// public use.
func reserved6() []netip.Prefix {
	return prefixes("2001::/23", "2001:db8::/32", "3fff::/20")
}

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}
