package oauth

import (
	"context"
	"net"
	"net/netip"
)

// What only tests of this package need to see.

// IsPublic reports what the guard thinks of an address.
func IsPublic(address string) bool { return isPublic(netip.MustParseAddr(address)) }

// IsPrivateHost reports what is refused without resolving it.
func IsPrivateHost(host string) bool { return isPrivateHost(host) }

// Dial connects as a client does that may not reach private networks.
func Dial(ctx context.Context, address string) (net.Conn, error) {
	t := NewTransport(false)
	defer t.CloseIdleConnections()
	return t.DialContext(ctx, "tcp", address)
}

// ParseKeys reads a key set.
func ParseKeys(data []byte) (int, error) {
	keys, err := parseKeys(data)
	return len(keys), err
}
