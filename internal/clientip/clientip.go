// Package clientip finds the address of the client behind proxies, for rate
// limits and for the list of a user's sessions.
//
// Anybody can write a forwarded header. It counts only when the TCP connection
// comes from a trusted proxy, and then it is read from the right, because each
// proxy adds the address that it saw at the end. Without a usable header the
// address is that of the connection, so that no two networks ever share one.
//
// A front end that shares a secret with the server can also prove what it says
// about the client, from whatever address it comes.
package clientip

import (
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// maxHeader limits the text of a forwarded header, in bytes over all its lines.
// Longer headers are ignored.
const maxHeader = 4 << 10

// A Config says which proxies are trusted. The zero Config is for a server
// that is reached directly or through proxies on the same network.
type Config struct {
	// Headers are the headers that proxies put the client's address in; the
	// first that has a value counts. Defaults to X-Forwarded-For.
	Headers []string

	// TrustedProxies are the addresses ("203.0.113.7") and networks
	// ("10.0.0.0/8") of the proxies. Defaults to loopback, private and
	// link-local addresses (RFC 1918, RFC 4193, RFC 3927, RFC 4291). List them
	// if clients can have such addresses too.
	TrustedProxies []string

	// IPv6Subnet is the length of the prefix that an IPv6 address is cut to,
	// because one client has many addresses. Defaults to 64 bits.
	IPv6Subnet int

	// ProxySecret is what a front end proves with that it may name the client:
	// 32 bytes or more. Defaults to none, so that no proof counts.
	ProxySecret string

	// Now is the clock that proofs are checked with. Required with ProxySecret.
	Now func() time.Time

	// Disabled turns addresses off: IP returns "".
	Disabled bool
}

// A Resolver finds client addresses. It remembers nothing and is safe for
// concurrent use.
type Resolver struct {
	headers     []string // canonical names
	proxies     []netip.Prefix
	proxySecret string
	now         func() time.Time
	subnet      int
	disabled    bool
}

// New checks the configuration. The error names every entry that is wrong.
func New(c Config) (*Resolver, error) {
	r := &Resolver{headers: []string{"X-Forwarded-For"}, proxySecret: c.ProxySecret, now: c.Now, subnet: 64, disabled: c.Disabled}
	var errs []error
	if n := len(c.ProxySecret); n > 0 && n < minProxySecret {
		errs = append(errs, fmt.Errorf("clientip: proxy secret of %d bytes: use %d or more, such as \"lockstep secret\" prints", n, minProxySecret))
	}
	if c.ProxySecret != "" && c.Now == nil {
		errs = append(errs, errors.New("clientip: proxy secret without a clock"))
	}
	if c.IPv6Subnet < 0 || c.IPv6Subnet > 128 {
		errs = append(errs, fmt.Errorf("clientip: IPv6 subnet of %d bits: write 1 to 128", c.IPv6Subnet))
	}
	if c.IPv6Subnet != 0 {
		r.subnet = c.IPv6Subnet
	}
	if len(c.Headers) > 0 {
		r.headers = nil
	}
	for _, name := range c.Headers {
		if err := checkHeader(name); err != nil {
			errs = append(errs, err)
		}
		r.headers = append(r.headers, http.CanonicalHeaderKey(name))
	}
	for _, text := range c.TrustedProxies {
		prefix, err := parseProxy(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("clientip: trusted proxy %q: %w", text, err))
		}
		r.proxies = append(r.proxies, prefix)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return r, nil
}

func checkHeader(name string) error {
	switch {
	case name == "" || strings.ContainsAny(name, " :,"):
		return fmt.Errorf(`clientip: header %q: write a name such as "X-Forwarded-For"`, name)
	case strings.EqualFold(name, "Forwarded"):
		return errors.New(`clientip: header "Forwarded" (RFC 7239) is not a list of addresses: have the proxy send "X-Forwarded-For"`)
	}
	return nil
}

// parseProxy reads an address or a network in CIDR notation.
func parseProxy(text string) (netip.Prefix, error) {
	addr, err := netip.ParseAddr(text)
	if err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil || prefix.Addr().Is4In6() {
		return netip.Prefix{}, errors.New(`write an address or a network such as "10.0.0.0/8"`)
	}
	if prefix.Bits() == 0 {
		return netip.Prefix{}, errors.New("would let every client choose its address: write the network of the proxies")
	}
	return prefix.Masked(), nil
}

// IP returns the address of the client as text that is equal for equal clients:
// four decimal numbers, or eight groups of four hex digits cut to the subnet.
// It is "" only if the Config says Disabled. A connection without an address
// (a Unix socket) counts as one from 127.0.0.1; one whose address is unknown
// has 0.0.0.0.
func (r *Resolver) IP(req *http.Request) string {
	if r.disabled {
		return ""
	}
	if client, ok := r.proven(req.Header); ok {
		return r.format(client)
	}
	addr := peer(req)
	if r.trusted(addr) {
		if client, ok := r.forwarded(req.Header); ok {
			addr = client
		}
	}
	return r.format(addr)
}

// TrustedPeer reports whether the TCP peer may set forwarded headers.
func (r *Resolver) TrustedPeer(req *http.Request) bool { return r.trusted(peer(req)) }

// trusted reports whether addr is a proxy's.
func (r *Resolver) trusted(addr netip.Addr) bool {
	if len(r.proxies) == 0 {
		return addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast()
	}
	return slices.ContainsFunc(r.proxies, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// peer returns the address of the connection.
func peer(req *http.Request) netip.Addr {
	remote := req.RemoteAddr
	// What package net calls the other end of a Unix socket.
	if remote == "" || remote[0] == '@' || remote[0] == '/' {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	addr, ok := parse(remote)
	if !ok {
		return netip.IPv4Unspecified()
	}
	return addr
}

// forwarded returns the client's address according to the first header that
// has one: the rightmost that is not a trusted proxy's, or the leftmost if all
// are. An element that is no address ends the search without a result, because
// what stands to its left came from whoever wrote it.
func (r *Resolver) forwarded(h http.Header) (client netip.Addr, ok bool) {
	for _, name := range r.headers {
		lines := h[name]
		if size(lines) > maxHeader {
			continue
		}
		for element := range backward(lines) {
			client, ok = parse(element)
			if !ok || !r.trusted(client) {
				return client, ok
			}
		}
		if ok {
			return client, true
		}
	}
	return netip.Addr{}, false
}

func size(lines []string) int {
	n := 0
	for _, line := range lines {
		n += len(line)
	}
	return n
}

// backward yields the elements of comma-separated lists from right to left,
// without those that are empty.
func backward(lines []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, line := range slices.Backward(lines) {
			for end := len(line); end >= 0; {
				start := strings.LastIndexByte(line[:end], ',') + 1
				element := strings.Trim(line[start:end], " \t")
				if element != "" && !yield(element) {
					return
				}
				end = start - 1
			}
		}
	}
}

// parse reads an address with or without port, brackets and zone. The zone is
// dropped: it has a meaning on one machine only. So is the IPv6 form of an IPv4
// address.
func parse(text string) (netip.Addr, bool) {
	host, ok := withoutPort(text)
	if !ok {
		return netip.Addr{}, false
	}
	if strings.IndexByte(host, ':') >= 0 {
		if i := strings.IndexByte(host, '%'); i >= 0 {
			host = host[:i]
		}
	}
	addr, err := netip.ParseAddr(host)
	return addr.Unmap(), err == nil
}

// withoutPort takes brackets and port off an address. It is not ok if they are
// malformed.
func withoutPort(text string) (host string, ok bool) {
	if strings.HasPrefix(text, "[") {
		host, port, ok := strings.Cut(text[1:], "]")
		return host, ok && strings.IndexByte(host, ':') >= 0 && (port == "" || isPort(port))
	}
	first := strings.IndexByte(text, ':')
	if first >= 0 && first == strings.LastIndexByte(text, ':') { // IPv6 addresses have two or more
		return text[:first], isPort(text[first:])
	}
	return text, true
}

// isPort reports whether s is a colon and a number of up to five digits. The
// number means nothing here.
func isPort(s string) bool {
	if len(s) < 2 || len(s) > 6 || s[0] != ':' {
		return false
	}
	for i := 1; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// format writes addr as normalizeIP does (upstream core/utils/ip.ts).
func (r *Resolver) format(addr netip.Addr) string {
	if addr.Is4() {
		var buf [len("255.255.255.255")]byte
		return string(addr.AppendTo(buf[:0]))
	}
	const hex = "0123456789abcdef"
	bytes := mask(addr.As16(), r.subnet)
	var text [len("2001:0db8:0000:0000:0000:0000:0000:0000")]byte
	out := text[:0]
	for i, b := range bytes {
		if i > 0 && i%2 == 0 {
			out = append(out, ':')
		}
		out = append(out, hex[b>>4], hex[b&15])
	}
	return string(out)
}

// mask keeps the first bits of ip.
func mask(ip [16]byte, bits int) [16]byte {
	for i := range ip {
		keep := min(max(bits-8*i, 0), 8)
		ip[i] &= ^byte(0xff >> keep)
	}
	return ip
}
