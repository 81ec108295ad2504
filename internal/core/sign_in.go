package core

import (
	"errors"
	"net/http"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/wire"
	"github.com/lockstep-auth/lockstep/plugin"
)

func (c *core) signIn() plugin.Plugin {
	return plugin.Plugin{ID: "sign-in", Endpoints: []plugin.Endpoint{{
		Method: http.MethodPost, Path: "/sign-in/email", Form: true, Handler: plugin.JSON(c.signInEmail),
	}}}
}

type signInInput struct {
	Email       string  `json:"email"`
	Password    string  `json:"password"`
	CallbackURL *string `json:"callbackURL"`
	RememberMe  *bool   `json:"rememberMe"`
}

type signInOutput struct {
	Redirect bool           `json:"redirect"`
	Token    identity.Token `json:"token"`
	URL      *string        `json:"url,omitempty"`
	User     wire.User      `json:"user"`
}

func (c *core) signInEmail(call *plugin.Call, in signInInput) (*signInOutput, error) {
	if !c.EmailAndPassword {
		return nil, plugin.Errorf(http.StatusBadRequest, "EMAIL_PASSWORD_DISABLED", "Email and password is not enabled")
	}
	if !plugin.IsEmail(in.Email) {
		return nil, plugin.Errorf(http.StatusBadRequest, "INVALID_EMAIL", "Invalid email")
	}
	if err := c.checkNotLong(in.Password); err != nil {
		return nil, err
	}
	user, account, err := c.checkCredentials(call, in.Email, in.Password)
	if err != nil {
		return nil, err
	}
	if c.RequireVerified && !user.EmailVerified {
		if c.Verify.OnSignIn {
			c.mailVerification(call, user, in.CallbackURL)
		}
		return nil, plugin.Errorf(http.StatusForbidden, "EMAIL_NOT_VERIFIED", "Email not verified")
	}
	device := call.Device()
	device.Unremembered = in.RememberMe != nil && !*in.RememberMe
	session, err := call.Host.Identity.StartPasswordSession(call.Context(), account, device)
	switch {
	case errors.Is(err, identity.ErrNotFound): // changed by somebody else just now
		return nil, errInvalidCredentials()
	case errors.Is(err, identity.ErrRefused):
		return nil, plugin.Errorf(http.StatusUnauthorized, "FAILED_TO_CREATE_SESSION", "Failed to create session")
	case err != nil:
		return nil, err
	}
	call.SetSession(&plugin.Login{Session: session, User: user}, &device.Unremembered)
	out := &signInOutput{Token: session.Token, URL: in.CallbackURL, User: call.PublicUser(user)}
	if deref(in.CallbackURL) != "" {
		out.Redirect = true
		call.SetHeader("Location", *in.CallbackURL)
	}
	return out, nil
}

// checkCredentials returns the user whose address and password these are, with
// the account that has the password. An unknown address, an account without a
// password and a wrong password cost the same: one trip to the database and one
// hash.
func (c *core) checkCredentials(call *plugin.Call, email, password string) (*identity.User, *identity.Account, error) {
	ctx := call.Context()
	user, account, err := call.Host.Identity.FindCredentials(ctx, email)
	if err != nil && !errors.Is(err, identity.ErrNotFound) {
		return nil, nil, err
	}
	if account == nil || account.Password == "" {
		if _, err := call.Host.HashPassword(ctx, password); err != nil {
			return nil, nil, err
		}
		return nil, nil, errInvalidCredentials()
	}
	ok, err := call.Host.VerifyPassword(ctx, string(account.Password), password)
	if err != nil {
		return nil, nil, err
	}
	if !ok {
		return nil, nil, errInvalidCredentials()
	}
	return user, account, nil
}

func errInvalidCredentials() error {
	return plugin.Errorf(http.StatusUnauthorized, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password")
}
