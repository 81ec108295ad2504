package core

import (
	"errors"
	"maps"
	"net/http"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/wire"
	"github.com/lockstep-auth/lockstep/plugin"
)

func (c *core) updateSession() plugin.Plugin {
	return plugin.Plugin{ID: "update-session", Endpoints: []plugin.Endpoint{{
		Method: http.MethodPost, Path: "/update-session", Guard: plugin.GuardSession,
		Handler: plugin.JSON(c.changeSession),
	}}}
}

type updateSessionOutput struct {
	Session wire.Session `json:"session"`
}

func (c *core) changeSession(call *plugin.Call, in map[string]any) (*updateSessionOutput, error) {
	login, err := call.Login()
	if err != nil {
		return nil, err
	}
	fields, err := changedFields(c.SessionFields, in)
	if err != nil {
		return nil, err
	}
	if len(fields) == 0 {
		return nil, errNoFields()
	}
	session, err := call.Host.Identity.UpdateSession(call.Context(), login.Session.Token, maps.Clone(fields))
	switch {
	case errors.Is(err, identity.ErrNotFound) && call.Host.Session.Stateless:
		session = changed(login.Session, fields)
		session.UpdatedAt = call.Host.Identity.Now()
	case errors.Is(err, identity.ErrNotFound), errors.Is(err, identity.ErrRefused):
		call.ForgetSession()
		return nil, errFailedToGetSession()
	case err != nil:
		return nil, err
	}
	call.SetSession(login.WithSession(session), nil)
	return &updateSessionOutput{call.PublicSession(session)}, nil
}

// changed returns a copy of s with other fields, for sessions that live in the
// cookie alone.
func changed(s *identity.Session, fields map[string]any) *identity.Session {
	next := *s
	next.Fields = maps.Clone(s.Fields)
	if next.Fields == nil {
		next.Fields = make(map[string]any)
	}
	maps.Copy(next.Fields, fields)
	return &next
}
