package core

import (
	"net/http"
	"slices"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/wire"
	"github.com/lockstep-auth/lockstep/plugin"
)

func (c *core) session() plugin.Plugin {
	get := plugin.Plain(getSession)
	return plugin.Plugin{ID: "session", Endpoints: []plugin.Endpoint{
		{Method: http.MethodGet, Path: "/get-session", IgnoreBody: true, Handler: get},
		{Method: http.MethodPost, Path: "/get-session", IgnoreBody: true, Handler: get},
		{Method: http.MethodGet, Path: "/list-sessions", Guard: plugin.GuardFresh, Handler: plugin.Plain(listSessions)},
		{Method: http.MethodPost, Path: "/revoke-session", Guard: plugin.GuardSensitive, Handler: plugin.JSON(revokeSession)},
		{Method: http.MethodPost, Path: "/revoke-sessions", Guard: plugin.GuardSensitive, Handler: plugin.Plain(revokeSessions)},
		{
			Method: http.MethodPost, Path: "/revoke-other-sessions", Guard: plugin.GuardSensitive,
			Handler: plugin.Plain(revokeOtherSessions),
		},
	}}
}

// getSession answers null, not 401, when nobody is signed in.
func getSession(call *plugin.Call) (any, error) {
	call.SetHeader("Cache-Control", "no-store")
	call.SetHeader("Pragma", "no-cache")
	lookup := call.LookupOptions()
	if lookup.Write && !call.Host.Session.DeferRefresh {
		return nil, plugin.Errorf(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED",
			"POST method requires deferSessionRefresh to be enabled in session config")
	}
	login, err := call.Lookup(lookup)
	if login == nil || err != nil {
		return nil, err
	}
	return call.PublicLogin(login), nil
}

// listSessions shows tokens, but not to a session that has ended: the session
// cookie may say otherwise.
func listSessions(call *plugin.Call) ([]wire.Session, error) {
	login, err := call.Login()
	if err != nil {
		return nil, err
	}
	sessions, err := call.Host.Identity.ListSessions(call.Context(), login.User.ID)
	if err != nil {
		return nil, err
	}
	known := func(s *identity.Session) bool { return s.Token == login.Session.Token }
	if login.Cached && !call.Host.Session.Stateless && !slices.ContainsFunc(sessions, known) {
		call.ForgetSession() // or pages would go in circles
		return nil, plugin.Unauthorized()
	}
	out := make([]wire.Session, len(sessions))
	for i, s := range sessions {
		out[i] = call.PublicSession(s)
	}
	return out, nil
}

type revokeSessionInput struct {
	Token string `json:"token"`
}

// revokeSession ends a session of the caller. It answers the same when the
// token is of somebody else or of nobody, and ends nothing.
func revokeSession(call *plugin.Call, in revokeSessionInput) (status, error) {
	login, err := call.SensitiveLogin()
	if err != nil {
		return status{}, err
	}
	token := identity.Token(in.Token)
	if err := call.Host.Identity.EndSessionOf(call.Context(), login.User.ID, token); err != nil {
		return status{}, err
	}
	if token == login.Session.Token {
		call.ForgetSession()
	}
	return status{true}, nil
}

func revokeSessions(call *plugin.Call) (status, error) {
	login, err := call.SensitiveLogin()
	if err != nil {
		return status{}, err
	}
	if err := call.Host.Identity.EndSessions(call.Context(), login.User.ID); err != nil {
		return status{}, err
	}
	call.ForgetSession()
	return status{true}, nil
}

func revokeOtherSessions(call *plugin.Call) (status, error) {
	login, err := call.SensitiveLogin()
	if err != nil {
		return status{}, err
	}
	err = call.Host.Identity.EndOtherSessions(call.Context(), login.User.ID, login.Session.Token)
	return status{err == nil}, err
}
