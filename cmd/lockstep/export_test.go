package main

import (
	"net"
	"net/http"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
)

// Main runs the program, for the tests to start themselves as it.
func Main() { main() }

// FakeGitHub is fakeGitHub without the handler, which does not show what became of
// a configuration.
func FakeGitHub(s *file.Settings, addr net.Addr) (notes []string, err error) {
	_, notes, err = fakeGitHub(s, addr)
	return notes, err
}

// NewGitHubTransport is newGitHubTransport for a server that permits no private
// networks.
func NewGitHubTransport(server string) http.RoundTripper { return newGitHubTransport(server, false) }
