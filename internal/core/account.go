package core

import (
	"net/http"

	"github.com/lockstep-auth/lockstep/internal/wire"
	"github.com/lockstep-auth/lockstep/plugin"
)

func (c *core) account() plugin.Plugin {
	return plugin.Plugin{ID: "account", Endpoints: []plugin.Endpoint{{
		Method: http.MethodGet, Path: "/list-accounts", Guard: plugin.GuardSession, Handler: plugin.Plain(listAccounts),
	}}}
}

func listAccounts(call *plugin.Call) ([]wire.Account, error) {
	login, err := call.Login()
	if err != nil {
		return nil, err
	}
	accounts, err := call.Host.Identity.ListAccounts(call.Context(), login.User.ID)
	if err != nil {
		return nil, err
	}
	out := make([]wire.Account, len(accounts))
	for i, a := range accounts {
		out[i] = call.PublicAccount(a)
	}
	return out, nil
}
