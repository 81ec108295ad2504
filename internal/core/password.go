package core

import (
	"errors"
	"net/http"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/wire"
	"github.com/lockstep-auth/lockstep/plugin"
)

func (c *core) password() plugin.Plugin {
	return plugin.Plugin{ID: "password", Endpoints: []plugin.Endpoint{
		{
			Method: http.MethodPost, Path: "/change-password", Guard: plugin.GuardSensitive,
			Handler: plugin.JSON(c.changePassword),
		},
		{
			Method: http.MethodPost, Path: "/verify-password", Guard: plugin.GuardSensitive,
			Handler: plugin.JSON(c.verifyPassword),
		},
		{
			Method: http.MethodPost, Path: "/set-password", Guard: plugin.GuardSensitive, ServerOnly: true,
			Handler: plugin.JSON(c.setPassword),
		},
	}}
}

// findPassword returns the account with the user's password, or the error that
// clients get when there is none.
func findPassword(call *plugin.Call, userID string) (*identity.Account, error) {
	account, err := call.Host.Identity.FindCredential(call.Context(), userID)
	if errors.Is(err, identity.ErrNotFound) || (err == nil && account.Password == "") {
		return nil, plugin.Errorf(http.StatusBadRequest, "CREDENTIAL_ACCOUNT_NOT_FOUND", "Credential account not found")
	}
	return account, err
}

type changePasswordInput struct {
	NewPassword         string `json:"newPassword"`
	CurrentPassword     string `json:"currentPassword"`
	RevokeOtherSessions *bool  `json:"revokeOtherSessions"`
}

type changePasswordOutput struct {
	Token *identity.Token `json:"token"`
	User  wire.User       `json:"user"`
}

func (c *core) changePassword(call *plugin.Call, in changePasswordInput) (*changePasswordOutput, error) {
	login, err := call.SensitiveLogin()
	if err != nil {
		return nil, err
	}
	err = errors.Join(c.checkNewPassword(in.NewPassword), c.checkNotLong(in.CurrentPassword))
	if err != nil {
		return nil, err
	}
	account, err := findPassword(call, login.User.ID)
	if err != nil {
		return nil, err
	}
	ok, err := call.Host.VerifyPassword(call.Context(), string(account.Password), in.CurrentPassword)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errInvalidPassword()
	}
	change := identity.PasswordChange{Account: account}
	if change.Hash, err = call.Host.HashPassword(call.Context(), in.NewPassword); err != nil {
		return nil, err
	}
	if deref(in.RevokeOtherSessions) {
		device := call.Device()
		change.Device = &device
	}
	session, err := call.Host.Identity.ChangePassword(call.Context(), change)
	switch {
	case errors.Is(err, identity.ErrNotFound): // changed by somebody else just now
		return nil, errInvalidPassword()
	case errors.Is(err, identity.ErrRefused):
		return nil, errFailedToUpdateUser()
	case err != nil:
		return nil, err
	}
	out := &changePasswordOutput{User: call.PublicUser(login.User)}
	if session != nil {
		out.Token = &session.Token
		call.SetSession(&plugin.Login{Session: session, User: login.User}, nil)
	}
	return out, nil
}

type verifyPasswordInput struct {
	Password string `json:"password"`
}

func (c *core) verifyPassword(call *plugin.Call, in verifyPasswordInput) (status, error) {
	login, err := call.SensitiveLogin()
	if err != nil {
		return status{}, err
	}
	if err := c.checkNotLong(in.Password); err != nil {
		return status{}, err
	}
	account, err := call.Host.Identity.FindCredential(call.Context(), login.User.ID)
	if errors.Is(err, identity.ErrNotFound) || (err == nil && account.Password == "") {
		return status{}, errInvalidPassword()
	}
	if err != nil {
		return status{}, err
	}
	ok, err := call.Host.VerifyPassword(call.Context(), string(account.Password), in.Password)
	if err == nil && !ok {
		err = errInvalidPassword()
	}
	return status{err == nil}, err
}

type setPasswordInput struct {
	NewPassword string `json:"newPassword"`
}

// setPassword gives a user who signed up with another service a password. It
// has no path: the program decides when it is right to do so.
func (c *core) setPassword(call *plugin.Call, in setPasswordInput) (status, error) {
	login, err := call.SensitiveLogin()
	if err != nil {
		return status{}, err
	}
	if err := c.checkNewPassword(in.NewPassword); err != nil {
		return status{}, err
	}
	ctx, ids := call.Context(), call.Host.Identity
	account, err := ids.FindCredential(ctx, login.User.ID)
	if err != nil && !errors.Is(err, identity.ErrNotFound) {
		return status{}, err
	}
	if account != nil && account.Password != "" {
		return status{}, errPasswordSet()
	}
	hash, err := call.Host.HashPassword(ctx, in.NewPassword)
	if err != nil {
		return status{}, err
	}
	if account == nil {
		err = ids.AddPassword(ctx, login.User.ID, hash)
	} else {
		_, err = ids.ChangePassword(ctx, identity.PasswordChange{Account: account, Hash: hash})
	}
	if errors.Is(err, identity.ErrTaken) || errors.Is(err, identity.ErrNotFound) {
		return status{}, errPasswordSet()
	}
	return status{err == nil}, err
}

func errPasswordSet() error {
	return plugin.Errorf(http.StatusBadRequest, "PASSWORD_ALREADY_SET", "User already has a password set")
}
