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
	user, err := c.checkCredentials(call, in.Email, in.Password)
	if err != nil {
		return nil, err
	}
	if c.RequireVerified && !user.EmailVerified {
		if c.Verify.OnSignIn {
			c.mailVerification(call, user, in.CallbackURL)
		}
		return nil, plugin.Errorf(http.StatusForbidden, "EMAIL_NOT_VERIFIED", "Email not verified")
	}
	login, err := call.SignIn(user, in.RememberMe != nil && !*in.RememberMe)
	if errors.Is(err, identity.ErrRefused) {
		return nil, plugin.Errorf(http.StatusUnauthorized, "FAILED_TO_CREATE_SESSION", "Failed to create session")
	}
	if err != nil {
		return nil, err
	}
	out := &signInOutput{Token: login.Session.Token, URL: in.CallbackURL, User: call.PublicUser(user)}
	if in.CallbackURL != nil && *in.CallbackURL != "" {
		out.Redirect = true
		call.SetHeader("Location", *in.CallbackURL)
	}
	return out, nil
}

// checkCredentials returns the user whose address and password these are. An
// unknown address, an account without a password and a wrong password cost the
// same: one trip to the database and one hash.
func (c *core) checkCredentials(call *plugin.Call, email, password string) (*identity.User, error) {
	ctx := call.Context()
	user, account, err := call.Host.Identity.FindCredentials(ctx, email)
	if err != nil && !errors.Is(err, identity.ErrNotFound) {
		return nil, err
	}
	if account == nil || account.Password == "" {
		if _, err := call.Host.HashPassword(ctx, password); err != nil {
			return nil, err
		}
		return nil, errInvalidCredentials()
	}
	ok, err := call.Host.VerifyPassword(ctx, string(account.Password), password)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errInvalidCredentials()
	}
	return user, nil
}

func errInvalidCredentials() error {
	return plugin.Errorf(http.StatusUnauthorized, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password")
}
