package core

import (
	"errors"
	"net/http"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/wire"
	"github.com/lockstep-auth/lockstep/plugin"
)

func (c *core) account() plugin.Plugin {
	return plugin.Plugin{ID: "account", Endpoints: []plugin.Endpoint{
		{Method: http.MethodGet, Path: "/list-accounts", Guard: plugin.GuardSession, Handler: plugin.Plain(listAccounts)},
		{Method: http.MethodPost, Path: "/unlink-account", Guard: plugin.GuardFresh, Handler: plugin.JSON(c.unlinkAccount)},
		{Method: http.MethodPost, Path: "/get-access-token", Handler: plugin.Plain(c.getAccessToken)},
		{Method: http.MethodPost, Path: "/refresh-token", Handler: plugin.Plain(c.refreshToken)},
		{Method: http.MethodGet, Path: "/account-info", Handler: plugin.Plain(c.accountInfo)},
	}}
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

type unlinkInput struct {
	AccountID string `json:"accountId"` // the row's id
}

// unlinkAccount removes a way to sign in, but not the last one, however many are
// removed at the same time.
func (c *core) unlinkAccount(call *plugin.Call, in unlinkInput) (status, error) {
	login, err := call.SensitiveLogin()
	if err != nil {
		return status{}, err
	}
	ctx, ids := call.Context(), call.Host.Identity
	accounts, err := ids.ListAccounts(ctx, login.User.ID)
	if err != nil {
		return status{}, err
	}
	keepOne := !c.Account.UnlinkAll
	err = identity.ErrLastAccount
	if len(accounts) != 1 || !keepOne {
		err = ids.Unlink(ctx, login.User.ID, in.AccountID, keepOne)
	}
	switch {
	case errors.Is(err, identity.ErrLastAccount):
		return status{}, plugin.Errorf(http.StatusBadRequest, "FAILED_TO_UNLINK_LAST_ACCOUNT", "You can't unlink your last account")
	case errors.Is(err, identity.ErrNotFound):
		return status{}, errAccountNotFound()
	case err != nil:
		return status{}, err
	}
	return status{true}, nil
}

func errAccountNotFound() error {
	return plugin.Errorf(http.StatusBadRequest, "ACCOUNT_NOT_FOUND", "Account not found")
}
