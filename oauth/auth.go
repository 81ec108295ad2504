package oauth

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
)

// A ClientAuth is how an application proves to a token endpoint who it is (OpenID
// Connect Core §9).
type ClientAuth string

// The ways there are; AuthDefault is AuthPost with a secret and AuthNone without.
const (
	AuthDefault       ClientAuth = ""
	AuthPost          ClientAuth = "client_secret_post"
	AuthBasic         ClientAuth = "client_secret_basic"
	AuthNone          ClientAuth = "none"
	AuthPrivateKeyJWT ClientAuth = "private_key_jwt"
)

func (p Provider) hasSecret() bool { return p.ClientSecret != "" || p.SignSecret != nil }

// authFor returns how to authenticate a request.
func (p Provider) authFor(grant Grant) ClientAuth {
	auth := p.Auth
	if grant == GrantRefresh {
		auth = cmp.Or(p.RefreshAuth, p.Auth)
	}
	switch {
	case auth != AuthDefault:
		return auth
	case p.Assertion != nil:
		return AuthPrivateKeyJWT
	case p.hasSecret():
		return AuthPost
	}
	return AuthNone
}

func (p Provider) checkAuth(auth ClientAuth) error {
	switch auth {
	case AuthDefault:
		if p.Assertion != nil && p.hasSecret() {
			return errors.New("a client secret and a signed assertion exclude each other")
		}
	case AuthPost, AuthBasic:
		if !p.hasSecret() {
			return fmt.Errorf("client authentication %s needs a client secret", auth)
		}
	case AuthNone, AuthPrivateKeyJWT:
		if p.hasSecret() {
			return fmt.Errorf("client authentication %s excludes a client secret", auth)
		}
		if auth == AuthPrivateKeyJWT && p.Assertion == nil {
			return fmt.Errorf("client authentication %s needs a private key", auth)
		}
	default:
		return fmt.Errorf("unknown client authentication %q", string(auth))
	}
	return nil
}

// authenticate adds to a token request what proves who sends it (upstream:
// oauth2/token-endpoint-auth.ts). Either the header or the body says it, never
// both (RFC 6749 §2.3).
func (c *Client) authenticate(ctx context.Context, p Provider, r *TokenRequest) error {
	secret := p.ClientSecret
	if p.SignSecret != nil {
		signed, err := p.SignSecret(c.now())
		if err != nil {
			return fmt.Errorf("sign the client secret: %w", err)
		}
		secret = signed
	}
	if p.Authenticate != nil {
		p.ClientSecret = secret
		return p.Authenticate(p, r)
	}
	auth := p.authFor(r.Grant)
	if err := p.checkAuth(auth); err != nil {
		return err
	}
	switch auth {
	case AuthPost:
		r.Params.Set("client_id", p.ClientID())
		r.Params.Set("client_secret", secret)
	case AuthBasic:
		r.Header["Authorization"] = basic(p.ClientID(), secret)
	case AuthNone:
		r.Params.Set("client_id", p.ClientID())
	case AuthPrivateKeyJWT:
		assertion, err := p.Assertion(ctx, AssertionRequest{ClientID: p.ClientID(), Audience: r.URL, Now: c.now()})
		if err != nil {
			return fmt.Errorf("sign the client assertion: %w", err)
		}
		r.Params.Set("client_id", p.ClientID())
		r.Params.Set("client_assertion", assertion)
		r.Params.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	case AuthDefault: // authFor has resolved it
	}
	return nil
}

// basic encodes both halves as a form does, before it joins them (RFC 6749
// §2.3.1).
func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(formEncode(id)+":"+formEncode(secret)))
}
