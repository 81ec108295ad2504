package main

import (
	"crypto/rand"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/fakegithub"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/social"
)

// githubPath is where dev has its fake GitHub.
const githubPath = "/dev/github"

// fakeGitHub lets the users of a server sign in with a GitHub that is part of it,
// and returns that. What the configuration says of GitHub stays, but for where it is
// and who asks. The notes say that, and what is dangerous.
func fakeGitHub(s *file.Settings, addr net.Addr) (h http.Handler, notes []string, err error) {
	c := &s.Auth
	at, err := location(c)
	if err != nil {
		return nil, nil, err
	}
	p := social.GitHub(social.GitHubOptions{Options: social.Options{
		ClientID: "lockstep-dev", ClientSecret: rand.Text(),
		AuthorizationEndpoint: localURL(addr) + githubPath + fakegithub.AuthorizePath,
	}})
	h, err = fakegithub.New(fakegithub.Config{
		ClientID: p.ClientID(), ClientSecret: p.ClientSecret, RedirectURI: at.URL() + p.Callback(), Now: c.Now,
	})
	if err != nil {
		return nil, nil, err
	}
	if i := slices.IndexFunc(c.Social, func(own oauth.Provider) bool { return own.ID == p.ID }); i < 0 {
		c.Social = append(c.Social, p)
	} else {
		own := &c.Social[i]
		own.ClientIDs, own.ClientSecret, own.RedirectURI = p.ClientIDs, p.ClientSecret, ""
		own.AuthURL, own.TokenURL, own.UserInfoURL, own.ExtraURL = p.AuthURL, p.TokenURL, p.UserInfoURL, p.ExtraURL
		notes = append(notes, "GitHub is fake, whatever the configuration says of its client and its addresses.")
	}
	if s.Database != (file.Database{}) {
		notes = append(notes, "Whoever reaches this server can be anybody in "+databaseName(s.Database)+
			", and what they make stays there: take another database if people use it.")
	}
	c.OAuth.Transport = newGitHubTransport(addr.String(), c.OAuth.InsecureAllowPrivateNetworks)
	return h, notes, nil
}

// A githubTransport sends what is meant for GitHub to the fake one, and all else to
// where it is meant to go. So no other provider may lead to this machine.
type githubTransport struct {
	server        string // host and port of the fake one
	local, others http.RoundTripper
}

func newGitHubTransport(server string, insecureAllowPrivateNetworks bool) *githubTransport {
	return &githubTransport{server, new(http.Transport), oauth.NewTransport(insecureAllowPrivateNetworks)}
}

// RoundTrip implements http.RoundTripper.
func (t *githubTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != "github.com" && r.URL.Host != "api.github.com" {
		return t.others.RoundTrip(r)
	}
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.Host = "http", t.server, t.server
	r.URL.Path, r.URL.RawPath = githubPath+r.URL.Path, ""
	return t.local.RoundTrip(r)
}

// below returns a handler that serves what is below a path with h, and all else
// with next.
func below(path string, h, next http.Handler) http.Handler {
	h = http.StripPrefix(path, h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == path:
			http.Redirect(w, r, path+"/", http.StatusSeeOther)
		case strings.HasPrefix(r.URL.Path, path+"/"):
			h.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}
