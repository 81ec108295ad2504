package core

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/cookie"
	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/plugin"
)

// codeInternal is upstream's code for what nobody expects.
const codeInternal oauth.Code = "internal_server_error"

// maxRelayed bounds the query that a form becomes, in bytes: it has to fit into
// the first line of a request.
const maxRelayed = 8 << 10

type callbackInput struct {
	Code             *string `json:"code"`
	Error            *string `json:"error"`
	DeviceID         *string `json:"device_id"`
	ErrorDescription *string `json:"error_description"`
	State            *string `json:"state"`
	User             *string `json:"user"`
	Iss              *string `json:"iss"`
}

// params returns the parameters that are there, in upstream's order.
func (in *callbackInput) params() (names []string, values []*string) {
	return []string{"code", "error", "device_id", "error_description", "state", "user", "iss"},
		[]*string{in.Code, in.Error, in.DeviceID, in.ErrorDescription, in.State, in.User, in.Iss}
}

// relayCallback turns the form with which a service sends the browser back into
// the query of a GET: a form comes from the service's site, and so without the
// cookies that belong to the sign-in. It does nothing else, whoever sends it.
func relayCallback(call *plugin.Call, in *callbackInput) (any, error) {
	if in == nil {
		in = &callbackInput{}
	}
	names, values := in.params()
	var pairs []string
	for i, name := range names {
		value := values[i]
		switch sent := call.Query[name]; len(sent) {
		case 0:
		case 1:
			value = &sent[0]
		default:
			return nil, plugin.Errorf(http.StatusBadRequest, "VALIDATION_ERROR",
				"[query.%s] Invalid input: expected string, received array", name)
		}
		if value != nil {
			pairs = append(pairs, name+"="+formEscape(*value))
		}
	}
	query := strings.Join(pairs, "&")
	if len(query) > maxRelayed {
		return nil, plugin.Errorf(http.StatusRequestEntityTooLarge, "PAYLOAD_TOO_LARGE",
			"The callback has more than %d bytes", maxRelayed)
	}
	call.RedirectTo = call.BaseURL + "/callback/" + cookie.EncodeComponent(call.Param) + "?" + query
	return nil, nil
}

// A stopped is a callback that ends with an error that the application is told of.
type stopped struct {
	to          string // empty: the server's error page
	code        string
	description string
}

func (s *stopped) Error() string { return "callback ended with " + s.code }

func stop(to string, code oauth.Code) *stopped { return &stopped{to: to, code: string(code)} }

// callback is where a service sends the browser back to. It always answers with
// a redirect, except if the database is away.
func (c *core) callback(call *plugin.Call, in callbackInput) (any, error) {
	to, err := c.comeBack(call, in)
	if s, ok := errors.AsType[*stopped](err); ok {
		to, err = withError(cmp.Or(s.to, c.ErrorURL, call.BaseURL+"/error"), s.code, s.description), nil
	}
	call.RedirectTo = to
	return nil, err
}

// comeBack carries a callback out and returns where the browser goes. The order
// of its checks is upstream's (callback.ts).
func (c *core) comeBack(call *plugin.Call, in callbackInput) (string, error) {
	if deref(in.State) == "" {
		return c.withoutState(call, in)
	}
	d, err := c.arrive(call, *in.State)
	if err != nil {
		return "", err
	}
	call.OAuthState = &d
	if code := deref(in.Error); code != "" {
		return "", &stopped{to: d.ErrorURL, code: code, description: deref(in.ErrorDescription)}
	}
	if deref(in.Code) == "" {
		return "", stop(d.ErrorURL, oauth.CodeNoCode)
	}
	ctx, cancel := patient(call.Context(), patience)
	defer cancel()
	p, err := c.describe(ctx, call.Param)
	if err != nil {
		call.Host.Log.WarnContext(ctx, "callback of an unknown or unavailable provider", "err", err)
		return "", stop(d.ErrorURL, oauth.CodeProviderNotFound)
	}
	if d.ProviderID != "" && d.ProviderID != p.ID {
		// The code is of another service than the browser was sent to: a mix-up
		// (RFC 9207 §1). States of Better Auth do not say.
		return "", stop(d.ErrorURL, oauth.CodeStateMismatch)
	}
	v, err := c.visitorWithCode(ctx, call, p, d, in)
	if e, failed := errors.AsType[*oauth.Error](err); failed {
		call.Host.Log.ErrorContext(call.Context(), "sign-in at a provider failed", "provider", p.ID, "err", e)
		return "", stop(d.ErrorURL, e.Code)
	}
	if err != nil {
		return "", err
	}
	if d.CallbackURL == "" {
		return "", stop(d.ErrorURL, oauth.CodeNoCallbackURL)
	}
	to, err := c.receive(call, d, v)
	if errors.Is(err, identity.ErrTwoAccounts) {
		call.Host.Log.ErrorContext(call.Context(), "remove one of the accounts", "err", err)
		return "", stop("", codeInternal)
	}
	return ascii(to), explained(err, d.ErrorURL)
}

// receive links or signs in whoever has come back.
func (c *core) receive(call *plugin.Call, d oauth.StateData, v *visitor) (string, error) {
	if d.Link != nil {
		return d.CallbackURL, c.linkVisitor(call, d.Link, v)
	}
	if v.email == "" {
		call.Host.Log.ErrorContext(call.Context(), "the provider tells no email address: ask for its scope, or set one in mapProfileToUser",
			"provider", v.provider.ID)
		return "", stop(d.ErrorURL, oauth.CodeEmailNotFound)
	}
	out, err := c.admit(call, v)
	switch {
	case err != nil:
		return "", err
	case out.registered && d.NewUserURL != "":
		return d.NewUserURL, nil
	}
	return d.CallbackURL, nil
}

// explained turns what the application is meant to see into a redirect.
func explained(err error, to string) error {
	if why, refused := errors.AsType[refusal](err); refused {
		return &stopped{to: to, code: strings.ReplaceAll(string(why), " ", "_")}
	}
	if e, ok := errors.AsType[*plugin.Error](err); ok && e.Code != "" && e.Status < http.StatusInternalServerError {
		return &stopped{to: to, code: e.Code, description: e.Message}
	}
	return err
}

// withoutState answers a callback that nobody started here. A service may be
// allowed to: then the sign-in starts anew, with a state.
func (c *core) withoutState(call *plugin.Call, in callbackInput) (string, error) {
	if in.State != nil || deref(in.Code) == "" {
		return "", stop("", oauth.CodeStateNotFound)
	}
	p, err := c.describe(call.Context(), call.Param)
	if err != nil || !p.AllowIDPInitiated {
		return "", stop("", oauth.CodeStateNotFound)
	}
	return c.depart(call, p, departure{})
}

// visitorWithCode exchanges the code of a callback and says who has come. What
// the service does wrong is an *oauth.Error.
func (c *core) visitorWithCode(
	ctx context.Context, call *plugin.Call, p oauth.Provider, d oauth.StateData, in callbackInput,
) (*visitor, error) {
	if err := p.CheckCallback(deref(in.Iss), d.Nonce); err != nil {
		return nil, err
	}
	client := c.Social.Client
	tokens, err := client.Exchange(ctx, p, oauth.ExchangeRequest{
		Code: *in.Code, Verifier: d.Verifier, RedirectURI: call.BaseURL + p.Callback(), DeviceID: deref(in.DeviceID),
	})
	if err != nil {
		return nil, err
	}
	profile, err := client.User(ctx, p, tokens, oauth.UserRequest{Nonce: d.Nonce, FormUser: deref(in.User)})
	if err != nil {
		return nil, err
	}
	v := newVisitor(p, profile)
	v.tokens, v.scopes = c.seal(call.Host, tokens), tokens.Scopes
	v.callbackURL = d.CallbackURL
	v.noSignUp = noSignUp(p, d.RequestSignUp)
	v.override = p.OverrideUserInfoOnSignIn
	return v, nil
}

// A visitor is a user of a service who wants to be let in.
type visitor struct {
	provider oauth.Provider
	profile  oauth.Profile
	email    string // as it is stored; empty if there is none that can be used
	tokens   identity.OAuthTokens
	scopes   []string

	callbackURL string // for the link in a mail
	noSignUp    bool   // only users who are known are let in
	override    bool   // the service's description replaces that of the user
}

func newVisitor(p oauth.Provider, profile oauth.Profile) *visitor {
	return &visitor{provider: p, profile: profile, email: storedEmail(profile.Email)}
}

func (v *visitor) key() identity.AccountKey {
	return identity.AccountKey{ProviderID: v.provider.ID, AccountID: v.profile.Subject}
}

func (v *visitor) scope() string { return strings.Join(v.scopes, ",") }

// storedEmail returns an address in lower case. Only ASCII letters have one: a
// Kelvin sign is no k, and its owner not that of the address with a k. What
// cannot be an address is none.
func storedEmail(email string) string {
	local, domain, ok := strings.Cut(email, "@")
	bad := strings.ContainsFunc(email, func(r rune) bool { return r <= ' ' || r == 0x7f })
	if !ok || local == "" || domain == "" || bad {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r | 0x20
		}
		return r
	}, email)
}
