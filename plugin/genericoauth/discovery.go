package genericoauth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/plugin"
)

// retryAfter is how long a service that could not be asked about itself is left
// alone.
const retryAfter = 5 * time.Second

// discoveryTimeout is how long a service may take to answer, as upstream.
const discoveryTimeout = 10 * time.Second

// A service knows what a service says of itself, once it was asked. It is safe
// for concurrent use.
type service struct {
	config Config
	now    func() time.Time // set by init, before the first request

	turn   chan struct{} // holds an element while somebody asks, and guards what follows
	found  *oauth.Provider
	logOut string // the end session endpoint
	failed error
	at     time.Time // of failed
}

// describe implements plugin.Provider.
func (s *service) describe(ctx context.Context, client *oauth.Client) (oauth.Provider, error) {
	p, _, err := s.discovered(ctx, client)
	return p, err
}

// discovered returns the provider and its end session endpoint.
func (s *service) discovered(ctx context.Context, client *oauth.Client) (oauth.Provider, string, error) {
	if err := s.await(ctx); err != nil {
		return oauth.Provider{}, "", err
	}
	defer func() { <-s.turn }()
	if s.found != nil {
		return *s.found, s.logOut, nil
	}
	if s.failed != nil && s.now().Sub(s.at) < retryAfter {
		return oauth.Provider{}, "", s.failed
	}
	// All who wait are served by one question, whoever asked it. It takes no longer
	// than who asked has time for, but goes on when they are gone.
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), discoveryTimeout)
	defer cancel()
	if ends, ok := ctx.Deadline(); ok {
		asking, cancel = context.WithDeadline(asking, ends)
		defer cancel()
	}
	p, logOut, err := s.discover(asking, client)
	if err != nil {
		s.failed, s.at = err, s.now()
		return oauth.Provider{}, "", err
	}
	s.found, s.logOut, s.failed = &p, logOut, nil
	return p, logOut, nil
}

// await waits for its turn, at most until the context ends.
func (s *service) await(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	default:
	}
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *service) discover(ctx context.Context, client *oauth.Client) (oauth.Provider, string, error) {
	c := &s.config
	var m metadata
	if c.DiscoveryURL != "" {
		claims, err := client.GetClaims(ctx, oauth.Request{URL: c.DiscoveryURL, Header: c.DiscoveryHeaders})
		if err != nil {
			return oauth.Provider{}, "", fmt.Errorf("discovery of %s: %w", c.ProviderID, err)
		}
		if m, err = readMetadata(claims); err != nil {
			return oauth.Provider{}, "", fmt.Errorf("discovery of %s: %w", c.ProviderID, err)
		}
	}
	p, err := c.build(m)
	if err != nil {
		return p, "", err
	}
	return p, cmp.Or(c.EndSessionEndpoint, m.endSessionURL), p.Validate()
}

// A metadata is what a service says of itself (OpenID Connect Discovery 1.0 §3,
// RFC 8414 §2).
type metadata struct {
	issuer      string
	authURL     string
	tokenURL    string
	userInfoURL string
	jwksURL     string
	algorithms  []string // of id tokens, those that can be believed

	endSessionURL string
	oidc          bool // it has id tokens
	sendsIssuer   bool // its callbacks have the parameter iss (RFC 9207 §3)
}

// anyMetadata stands for a service that was not asked yet.
func anyMetadata() metadata {
	return metadata{
		issuer: "https://issuer.invalid", authURL: "https://issuer.invalid/a", tokenURL: "https://issuer.invalid/t",
		userInfoURL: "https://issuer.invalid/u", jwksURL: "https://issuer.invalid/k", oidc: true,
	}
}

func readMetadata(c oauth.Claims) (metadata, error) {
	m := metadata{
		issuer: c.Text("issuer"), authURL: c.Text("authorization_endpoint"), tokenURL: c.Text("token_endpoint"),
		userInfoURL: c.Text("userinfo_endpoint"), jwksURL: c.Text("jwks_uri"), endSessionURL: c.Text("end_session_endpoint"),
		sendsIssuer: c.Flag("authorization_response_iss_parameter_supported"),
	}
	offered := c.Texts("id_token_signing_alg_values_supported")
	m.oidc = len(offered) > 0
	for _, name := range offered {
		if slices.Contains(believed(), name) {
			m.algorithms = append(m.algorithms, name)
		}
	}
	if m.oidc && len(m.algorithms) == 0 {
		return m, errors.New("it signs id tokens with no algorithm that can be believed")
	}
	return m, nil
}

// believed are the algorithms with a key pair. With a shared secret, or none at
// all, the application could have made the token itself.
func believed() []string {
	return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
}

// logout implements plugin.Provider.
func (s *service) logout(ctx context.Context, client *oauth.Client, l plugin.Logout) (string, error) {
	_, endpoint, err := s.discovered(ctx, client)
	if err != nil || endpoint == "" {
		return "", err
	}
	back := l.CallbackURL
	if back == "" {
		back = absolute(s.config.PostLogoutRedirectURI, l.BaseURL)
	}
	var params oauth.Params
	if l.IDToken != "" {
		params.Set("id_token_hint", l.IDToken)
	}
	switch {
	case back != "":
		params.Set("post_logout_redirect_uri", back)
		params.Set("client_id", s.config.ClientID)
		if l.State != "" {
			params.Set("state", l.State)
		}
	case l.IDToken == "":
		params.Set("client_id", s.config.ClientID)
	}
	return oauth.AppendQuery(endpoint, params)
}
