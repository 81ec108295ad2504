package core

import (
	"net/http"

	"github.com/lockstep-auth/lockstep/plugin"
)

func (c *core) signOut() plugin.Plugin {
	return plugin.Plugin{ID: "sign-out", Endpoints: []plugin.Endpoint{{
		Method: http.MethodPost, Path: "/sign-out", Handler: plugin.JSON(signOut),
	}}}
}

type signOutInput struct {
	CallbackURL     *string `json:"callbackURL"`
	DisableRedirect *bool   `json:"disableRedirect"`
	State           *string `json:"state"`
}

type success struct {
	Success bool `json:"success"`
}

// signOut ends the session. Upstream clears the cookies even if the database
// cannot end it; here the client is told, since its session would live on.
func signOut(call *plugin.Call, _ *signOutInput) (success, error) {
	if token, ok := call.SessionToken(); ok {
		if err := call.Host.Identity.EndSession(call.Context(), token); err != nil {
			return success{}, err
		}
	}
	call.ForgetSession()
	return success{true}, nil
}
