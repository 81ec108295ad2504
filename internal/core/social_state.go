package core

import (
	"cmp"
	"crypto/subtle"
	"errors"
	"net/http"
	"time"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/cookie"
	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/plugin"
)

const (
	// statePurpose keeps the state cookie apart from all else that is encrypted.
	statePurpose = "oauth-state-cookie"

	// stateCookieLife is how long the signed cookie lives whose state is in the
	// database, as upstream: half of what the state does.
	stateCookieLife = 5 * time.Minute

	// maxState is the largest state in the database, in bytes of JSON: anybody can
	// have one stored. maxStateCookie is the largest that fits into a cookie, once
	// it is encrypted and in hexadecimal.
	maxState       = 8 << 10
	maxStateCookie = 1800
)

// A departure is what a browser takes along to a service.
type departure struct {
	callbackURL, errorURL, newUserURL string

	requestSignUp *bool
	additional    []byte // JSON, or nil
	link          *oauth.StateLink
	scopes        []string
	loginHint     string
	params        oauth.Params
	stay          bool // the client does not follow the Location header
}

// sendAway starts a sign-in, or a link, and answers where to send the browser.
func (c *core) sendAway(call *plugin.Call, p oauth.Provider, d departure) (*socialOutput, error) {
	url, err := c.depart(call, p, d)
	if err != nil {
		return nil, err
	}
	if !d.stay {
		call.SetHeader("Location", url)
	}
	return &socialOutput{URL: url, Redirect: !d.stay}, nil
}

// depart keeps a new state and returns the URL of the service.
func (c *core) depart(call *plugin.Call, p oauth.Provider, d departure) (string, error) {
	state := oauth.StateData{
		Additional: d.additional, CallbackURL: cmp.Or(d.callbackURL, call.Origin), Verifier: oauth.NewVerifier(),
		ErrorURL: d.errorURL, NewUserURL: d.newUserURL, Link: d.link, ProviderID: p.ID,
		ExpiresAt: call.Host.Identity.Now().Add(oauth.StateLifetime), RequestSignUp: d.requestSignUp, State: oauth.NewState(),
	}
	if p.SendNonce {
		state.Nonce = oauth.NewNonce()
	}
	url, err := p.AuthorizationURL(oauth.AuthorizationRequest{
		State: state.State, Verifier: state.Verifier, RedirectURI: call.BaseURL + p.Callback(), Nonce: state.Nonce,
		LoginHint: d.loginHint, Scopes: d.scopes, Params: d.params,
	})
	if err != nil {
		return "", err
	}
	return url, keepState(call, state)
}

// keepState puts a state where the callback finds it.
func keepState(call *plugin.Call, d oauth.StateData) error {
	data, err := d.Encode()
	if err != nil {
		return err
	}
	limit := maxState
	if call.Host.StateInCookie() {
		limit = maxStateCookie
	}
	if len(data) > limit {
		return plugin.Errorf(http.StatusBadRequest, "VALIDATION_ERROR",
			"[body] additionalData and the callback URLs are too large: %d bytes, of %d", len(data), limit)
	}
	if call.Host.StateInCookie() {
		call.WriteCookie(cookie.OAuthState, call.Host.Encrypt(statePurpose, string(data)), oauth.StateLifetime)
		return nil
	}
	if err := call.Host.Identity.IssueState(call.Context(), d.State, string(data), d.ExpiresAt); err != nil {
		return err
	}
	call.WriteSignedCookie(cookie.State, d.State, stateCookieLife)
	cleanUp(call)
	return nil
}

// arrive returns what belongs to the state of a callback, and spends it: whatever
// comes of the sign-in, no other callback does. It is spent before the code is
// exchanged, since a code that is exchanged twice is taken for stolen (RFC 6749
// §4.1.2). What comes from another browser spends nothing.
func (c *core) arrive(call *plugin.Call, state string) (oauth.StateData, error) {
	take := c.fromDatabase
	if call.Host.StateInCookie() {
		take = c.fromCookie
	}
	d, err := take(call, state)
	if err == nil && d.Expired(call.Host.Now()) {
		return d, stop(d.ErrorURL, oauth.CodeStateMismatch)
	}
	return d, err
}

// fromDatabase is upstream's strategy "database" (state.ts).
func (c *core) fromDatabase(call *plugin.Call, state string) (oauth.StateData, error) {
	ctx, ids := call.Context(), call.Host.Identity
	sent, ok := call.ReadSignedCookie(cookie.State)
	foreign := !c.Account.SkipStateCookie && (!ok || !equal(sent, state))
	take := ids.SpendState
	if foreign {
		take = ids.FindState // for its error URL only
	}
	data, err := take(ctx, state)
	if errors.Is(err, identity.ErrNotFound) {
		return oauth.StateData{}, stop("", oauth.CodeStateMismatch)
	}
	if err != nil {
		return oauth.StateData{}, err
	}
	d, err := oauth.ParseState([]byte(data))
	switch {
	case err != nil:
		call.Host.Log.ErrorContext(ctx, "state unreadable", "err", err)
		return d, stop("", codeInternal)
	case foreign, d.State != "" && !equal(d.State, state):
		return d, stop(d.ErrorURL, oauth.CodeStateMismatch)
	}
	call.ExpireCookie(cookie.State)
	return d, nil
}

// fromCookie is upstream's strategy "cookie". Upstream accepts the same cookie
// again until it expires; here each server does once.
func (c *core) fromCookie(call *plugin.Call, state string) (oauth.StateData, error) {
	sealed, ok := call.ReadCookie(cookie.OAuthState)
	if !ok || sealed == "" {
		return oauth.StateData{}, stop("", oauth.CodeStateMismatch)
	}
	data, err := call.Host.Decrypt(statePurpose, sealed)
	if err != nil {
		return oauth.StateData{}, stop("", oauth.CodeStateInvalid)
	}
	d, err := oauth.ParseState([]byte(data))
	if err != nil {
		return oauth.StateData{}, stop("", oauth.CodeStateInvalid)
	}
	if d.State == "" || !equal(d.State, state) {
		return d, stop(d.ErrorURL, oauth.CodeStateMismatch)
	}
	call.ExpireCookie(cookie.OAuthState)
	err = call.Host.Identity.SpendCookieState(call.Context(), state, d.ExpiresAt)
	if errors.Is(err, identity.ErrNotFound) {
		return d, stop(d.ErrorURL, oauth.CodeStateMismatch)
	}
	cleanUp(call)
	return d, err
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
