// Package clientip finds the address of the client behind proxies.
package clientip

import "net/http"

// A Config says which proxies are trusted.
type Config struct {
	Headers        []string
	TrustedProxies []string
	IPv6Subnet     int
	Disabled       bool
}

// A Resolver finds client addresses.
type Resolver struct{}

// New checks c.
func New(c Config) (*Resolver, error) { return &Resolver{}, nil }

// IP returns the client's normalised address, "" only when tracking is disabled.
func (r *Resolver) IP(req *http.Request) string { return "" }

// TrustedPeer reports whether the TCP peer may set forwarded headers.
func (r *Resolver) TrustedPeer(req *http.Request) bool { return false }
