package main

import (
	"net"
	"net/http"

	lockstep "github.com/lockstep-auth/lockstep"
)

// Main runs the program, for the tests to start themselves as it.
func Main() { main() }

// FakeGitHub is fakeGitHub without the handler, which does not show what became of
// a configuration.
func FakeGitHub(c *lockstep.Config, addr net.Addr) (notes []string, err error) {
	_, notes, err = fakeGitHub(c, addr)
	return notes, err
}

// NewGitHubTransport is newGitHubTransport for a server that permits no private
// networks.
func NewGitHubTransport(server string) http.RoundTripper { return newGitHubTransport(server, false) }
