package oauth

import (
	"cmp"
	"errors"
	"slices"
	"strings"
)

// An AuthorizationRequest is what varies from one sign-in to the next.
type AuthorizationRequest struct {
	State       string // from NewState
	Verifier    string // from NewVerifier
	RedirectURI string // the callback URL of the server
	Nonce       string // from NewNonce, if the provider has SendNonce
	LoginHint   string
	Scopes      []string

	// Params are more parameters, in order. Reserved ones are dropped.
	Params Params
}

// String returns "[redacted]".
func (AuthorizationRequest) String() string { return redacted }

// GoString returns "[redacted]".
func (AuthorizationRequest) GoString() string { return redacted }

// ReservedParams are the parameters of an authorization request that no client
// may set: the first eight would undo what ties the callback to the browser.
func ReservedParams() []string {
	return []string{
		"state", "client_id", "redirect_uri", "response_type",
		"code_challenge", "code_challenge_method", "nonce", "scope",
	}
}

// AuthorizationURL returns where to send the browser. The parameters have
// upstream's order (oauth2/create-authorization-url.ts).
func (p Provider) AuthorizationURL(r AuthorizationRequest) (string, error) {
	if r.State == "" || p.ClientID() == "" || p.RedirectFor(r.RedirectURI) == "" || r.Verifier == "" && !p.NoPKCE {
		return "", errors.New("an authorization request needs a client id, a state, a verifier and a redirect URI")
	}
	if p.SendNonce && r.Nonce == "" {
		return "", errors.New("the provider needs a nonce")
	}
	if p.Authorize != nil {
		return p.Authorize(p, r)
	}
	return AppendQuery(p.AuthURL, p.authorizationParams(r))
}

func (p Provider) authorizationParams(r AuthorizationRequest) Params {
	params := Params{
		{"response_type", cmp.Or(p.ResponseType, "code")},
		{"client_id", p.ClientID()},
		{"state", r.State},
	}
	params.setIf("scope", p.JoinedScopes(r.Scopes))
	params.Set("redirect_uri", p.RedirectFor(r.RedirectURI))
	params.setIf("display", p.Display)
	if p.LoginHint {
		params.setIf("login_hint", r.LoginHint)
	}
	params.setIf("nonce", r.Nonce)
	params.setIf("prompt", p.Prompt)
	params.setIf("hd", p.HostedDomain)
	params.setIf("access_type", p.AccessType)
	params.setIf("response_mode", p.ResponseMode)
	if !p.NoPKCE {
		params.Set("code_challenge_method", "S256")
		params.Set("code_challenge", Challenge(r.Verifier))
	}
	p.AddParams(&params, r.Params)
	return params
}

// AddParams adds the provider's own parameters and those of a request to params.
// Reserved parameters of the request, and those in kept, stay as they are.
func (p Provider) AddParams(params *Params, request Params, kept ...string) {
	kept = append(kept, ReservedParams()...)
	own := slices.Clone(p.Params)
	if !p.NoParams {
		for _, param := range request {
			if !slices.Contains(kept, param.Name) {
				own.Set(param.Name, param.Value)
			}
		}
	}
	for _, param := range p.FixedParams {
		own.Set(param.Name, param.Value)
	}
	for _, param := range own {
		params.Set(param.Name, param.Value)
	}
}

// JoinedScopes returns the value of the scope parameter.
func (p Provider) JoinedScopes(request []string) string {
	return strings.Join(p.ScopesFor(request), cmp.Or(p.ScopeSeparator, " "))
}

// RedirectFor returns the redirect URI of both the authorization request and the
// exchange, which must be equal (RFC 6749 §4.1.3).
func (p Provider) RedirectFor(callback string) string { return cmp.Or(p.RedirectURI, callback) }
