package lockstep

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/jsjson"
	"github.com/lockstep-auth/lockstep/internal/pipeline"
	"github.com/lockstep-auth/lockstep/internal/wire"
	"github.com/lockstep-auth/lockstep/plugin"
)

// An API calls endpoints from the program itself, as auth.api does upstream:
// hooks, input checks and guards run; rate limits and origin checks do not.
// Errors that a client would be sent are a *plugin.Error.
//
// Methods that need a session take the headers of the caller's request, which
// carry its cookies.
type API struct{ auth *Auth }

// API returns the calls from Go.
func (a *Auth) API() API { return API{a} }

// A Result is what a call from Go answers.
type Result struct {
	// Header holds the headers of the answer, Set-Cookie among them. Copy them
	// to your own answer if a browser waits for it.
	Header http.Header

	// Body is the JSON that a client would be sent.
	Body json.RawMessage

	// Login is the session that the call started or renewed, if any.
	Login *Session
}

// String returns "[redacted]": it holds the cookies of a session.
func (Result) String() string { return "[redacted]" }

// GoString returns "[redacted]".
func (Result) GoString() string { return "[redacted]" }

// Call calls any endpoint: a method, a path below the base path, with a query if
// need be, the headers of the caller (nil for none) and a body that encodes to
// JSON (nil for none).
func (api API) Call(ctx context.Context, method, path string, header http.Header, body any) (*Result, error) {
	path, query, _ := strings.Cut(path, "?")
	g := pipeline.GoCall{Method: method, Path: path, Query: query, Header: header, HasBody: body != nil}
	if g.HasBody {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("lockstep: body of %s: %w", path, err)
		}
		if g.Body, err = jsjson.Decode(data); err != nil {
			return nil, fmt.Errorf("lockstep: body of %s: %w", path, err)
		}
	}
	c, err := api.auth.pipeline.Do(ctx, g)
	if err != nil {
		return nil, err
	}
	res := &Result{Header: make(http.Header), Login: newSession(c.NewLogin)}
	maps.Copy(res.Header, c.Header)
	c.WriteCookies(res.Header)
	res.Body, err = pipeline.Encode(c.Output)
	return res, err
}

// A SignUpEmail is the input of API.SignUpEmail.
type SignUpEmail struct {
	Name, Email, Password string
	Image                 string         // URL; optional
	ForgetMe              bool           // rememberMe: false
	Fields                map[string]any // additional fields
}

// String returns "[redacted]": it holds a password.
func (SignUpEmail) String() string { return "[redacted]" }

// GoString returns "[redacted]".
func (SignUpEmail) GoString() string { return "[redacted]" }

// SignUpEmail makes a user with a password. Result.Login is the first session,
// or nil if the configuration does not sign in at once.
func (api API) SignUpEmail(ctx context.Context, in SignUpEmail) (*Result, error) {
	body := map[string]any{"name": in.Name, "email": in.Email, "password": in.Password, "rememberMe": !in.ForgetMe}
	if in.Image != "" {
		body["image"] = in.Image
	}
	maps.Copy(body, in.Fields)
	return api.Call(ctx, http.MethodPost, "/sign-up/email", nil, body)
}

// SignInEmail signs a user in with a password.
func (api API) SignInEmail(ctx context.Context, email, password string) (*Result, error) {
	return api.Call(ctx, http.MethodPost, "/sign-in/email", nil, map[string]any{"email": email, "password": password})
}

// GetSession returns the session of the caller, or ErrNoSession.
func (api API) GetSession(ctx context.Context, header http.Header) (*Session, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	if err != nil {
		return nil, err
	}
	r.Header = header
	return api.auth.Session(r)
}

// SignOut ends the session of the caller.
func (api API) SignOut(ctx context.Context, header http.Header) (*Result, error) {
	return api.Call(ctx, http.MethodPost, "/sign-out", header, nil)
}

// ListSessions returns the live sessions of the caller, whose own session must
// be fresh.
func (api API) ListSessions(ctx context.Context, header http.Header) ([]*identity.Session, error) {
	c, err := api.auth.pipeline.Do(ctx, pipeline.GoCall{Method: http.MethodGet, Path: "/list-sessions", Header: header})
	if err != nil {
		return nil, err
	}
	sent, _ := c.Output.([]wire.Session)
	sessions := make([]*identity.Session, len(sent))
	for i := range sent {
		sessions[i] = sent[i].Session
	}
	return sessions, nil
}

// RevokeSession ends a session of the caller.
func (api API) RevokeSession(ctx context.Context, header http.Header, token identity.Token) error {
	_, err := api.Call(ctx, http.MethodPost, "/revoke-session", header, map[string]any{"token": string(token)})
	return err
}

// RevokeSessions ends all sessions of the caller.
func (api API) RevokeSessions(ctx context.Context, header http.Header) (*Result, error) {
	return api.Call(ctx, http.MethodPost, "/revoke-sessions", header, nil)
}

// RevokeOtherSessions ends all sessions of the caller but the one that calls.
func (api API) RevokeOtherSessions(ctx context.Context, header http.Header) error {
	_, err := api.Call(ctx, http.MethodPost, "/revoke-other-sessions", header, nil)
	return err
}

// UpdateUser sets name, image and additional fields of the caller.
func (api API) UpdateUser(ctx context.Context, header http.Header, fields map[string]any) (*Result, error) {
	return api.Call(ctx, http.MethodPost, "/update-user", header, fields)
}

// UpdateSession sets additional fields of the caller's session.
func (api API) UpdateSession(ctx context.Context, header http.Header, fields map[string]any) (*Result, error) {
	return api.Call(ctx, http.MethodPost, "/update-session", header, fields)
}

// A ChangePassword is the input of API.ChangePassword.
type ChangePassword struct {
	CurrentPassword, NewPassword string
	RevokeOtherSessions          bool
}

// String returns "[redacted]": it holds passwords.
func (ChangePassword) String() string { return "[redacted]" }

// GoString returns "[redacted]".
func (ChangePassword) GoString() string { return "[redacted]" }

// ChangePassword changes the password of the caller.
func (api API) ChangePassword(ctx context.Context, header http.Header, in ChangePassword) (*Result, error) {
	return api.Call(ctx, http.MethodPost, "/change-password", header, map[string]any{
		"currentPassword": in.CurrentPassword, "newPassword": in.NewPassword, "revokeOtherSessions": in.RevokeOtherSessions,
	})
}

// SetPassword gives the caller, who has no password yet, one. There is no
// endpoint for it over HTTP.
func (api API) SetPassword(ctx context.Context, header http.Header, password string) error {
	_, err := api.Call(ctx, http.MethodPost, "/set-password", header, map[string]any{"newPassword": password})
	return err
}

// VerifyPassword reports whether the password is the caller's.
func (api API) VerifyPassword(ctx context.Context, header http.Header, password string) (bool, error) {
	_, err := api.Call(ctx, http.MethodPost, "/verify-password", header, map[string]any{"password": password})
	if e, ok := err.(*plugin.Error); ok && e.Code == "INVALID_PASSWORD" { //nolint:errorlint // the endpoint's own error
		return false, nil
	}
	return err == nil, err
}

// DeleteUser deletes the caller. The password may be empty if the session is
// fresh.
func (api API) DeleteUser(ctx context.Context, header http.Header, password string) (*Result, error) {
	body := map[string]any{}
	if password != "" {
		body["password"] = password
	}
	return api.Call(ctx, http.MethodPost, "/delete-user", header, body)
}

// RequestPasswordReset sends a link that resets the password, if the address has
// a user. The link leads to the server, and then to redirectTo with a token.
func (api API) RequestPasswordReset(ctx context.Context, email, redirectTo string) error {
	body := map[string]any{"email": email}
	if redirectTo != "" {
		body["redirectTo"] = redirectTo
	}
	_, err := api.Call(ctx, http.MethodPost, "/request-password-reset", nil, body)
	return err
}

// ResetPassword sets a new password with the token of such a link.
func (api API) ResetPassword(ctx context.Context, token, newPassword string) error {
	_, err := api.Call(ctx, http.MethodPost, "/reset-password", nil, map[string]any{"token": token, "newPassword": newPassword})
	return err
}

// SendVerificationEmail sends a link that verifies the address, if it has a user
// and is not verified. With the headers of a caller who is signed in it must be
// theirs.
func (api API) SendVerificationEmail(ctx context.Context, header http.Header, email, callbackURL string) error {
	body := map[string]any{"email": email}
	if callbackURL != "" {
		body["callbackURL"] = callbackURL
	}
	_, err := api.Call(ctx, http.MethodPost, "/send-verification-email", header, body)
	return err
}

// VerifyEmail does what the token of a link is for: it verifies an address, or
// changes it.
func (api API) VerifyEmail(ctx context.Context, header http.Header, token string) (*Result, error) {
	return api.Call(ctx, http.MethodGet, "/verify-email?token="+url.QueryEscape(token), header, nil)
}

// ChangeEmail starts a change of the caller's address.
func (api API) ChangeEmail(ctx context.Context, header http.Header, newEmail, callbackURL string) (*Result, error) {
	body := map[string]any{"newEmail": newEmail}
	if callbackURL != "" {
		body["callbackURL"] = callbackURL
	}
	return api.Call(ctx, http.MethodPost, "/change-email", header, body)
}
