package core

import (
	"errors"
	"net/http"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/cookie"
	"github.com/lockstep-auth/lockstep/plugin"
)

// resetPassword is upstream's api/routes/password.ts without verify-password.
func (c *core) resetPassword() plugin.Plugin {
	return plugin.Plugin{ID: "reset-password", Endpoints: []plugin.Endpoint{
		{
			Method: http.MethodPost, Path: "/request-password-reset", CheckOrigin: true,
			Handler: plugin.JSON(c.requestReset),
		},
		{
			Method: http.MethodGet, Path: "/reset-password/:token", Link: true,
			Handler: plugin.Params(c.resetLink),
		},
		{Method: http.MethodPost, Path: "/reset-password", Handler: plugin.JSON(c.reset)},
	}}
}

type requestResetInput struct {
	Email      string  `json:"email" check:"email"`
	RedirectTo *string `json:"redirectTo"`
}

type requestResetOutput struct {
	Status  bool   `json:"status"`
	Message string `json:"message"`
}

// requestReset sends a link to the user with the address. Whether there is one
// shows neither in the answer nor in the trips to the database, and the mail is
// sent when the answer is out.
func (c *core) requestReset(call *plugin.Call, in requestResetInput) (*requestResetOutput, error) {
	if c.Reset.Send == nil {
		return nil, plugin.Errorf(http.StatusBadRequest, "RESET_PASSWORD_DISABLED", "Reset password isn't enabled")
	}
	ctx, ids := call.Context(), call.Host.Identity
	user, err := ids.FindUserByEmail(ctx, in.Email)
	if err != nil && !errors.Is(err, identity.ErrNotFound) {
		return nil, err
	}
	allowed := allowMail(call, "reset-password", in.Email)
	if user == nil || !allowed {
		err = ids.PretendReset(ctx)
	} else {
		err = c.sendReset(call, user, in.RedirectTo)
	}
	if err != nil {
		return nil, err
	}
	cleanUp(call)
	return &requestResetOutput{
		Status: true, Message: "If this email exists in our system, check your email for the reset link",
	}, nil
}

func (c *core) sendReset(call *plugin.Call, user *identity.User, redirectTo *string) error {
	token, err := call.Host.Identity.IssueReset(call.Context(), user.ID, c.Reset.Life)
	if errors.Is(err, identity.ErrRefused) {
		return nil
	}
	if err != nil {
		return err
	}
	url := call.BaseURL + "/reset-password/" + token + "?callbackURL="
	if redirectTo != nil {
		url += cookie.EncodeComponent(*redirectTo)
	}
	mail(call, "send password reset", c.Reset.Send, plugin.Link{User: user, URL: url, Token: token})
	return nil
}

type resetLinkInput struct {
	CallbackURL string `json:"callbackURL"`
}

// resetLink takes the browser to the page for the new password. It spends
// nothing.
func (c *core) resetLink(call *plugin.Call, in resetLinkInput) (any, error) {
	if in.CallbackURL == "" {
		call.RedirectTo = call.BaseURL + "/error?error=INVALID_TOKEN"
		return nil, nil
	}
	_, err := call.Host.Identity.FindReset(call.Context(), call.Param)
	switch {
	case errors.Is(err, identity.ErrNotFound):
		call.RedirectTo = withParam(call, in.CallbackURL, "error", "INVALID_TOKEN")
	case err != nil:
		return nil, err
	default:
		call.RedirectTo = withParam(call, in.CallbackURL, "token", call.Param)
	}
	return nil, nil
}

type resetInput struct {
	NewPassword string  `json:"newPassword"`
	Token       *string `json:"token"`
}

// reset sets a new password. All of it happens or nothing: a token that could
// not be used for want of a database works again.
func (c *core) reset(call *plugin.Call, in resetInput) (status, error) {
	token, err := resetToken(call, in)
	if err != nil {
		return status{}, err
	}
	if err := c.checkNewPassword(in.NewPassword); err != nil {
		return status{}, err
	}
	ctx, ids := call.Context(), call.Host.Identity
	found, err := ids.FindReset(ctx, token)
	switch {
	case errors.Is(err, identity.ErrNotFound):
		return status{}, errInvalidToken(http.StatusBadRequest)
	case err != nil:
		return status{}, err
	case found.User == nil:
		return status{}, plugin.Errorf(http.StatusBadRequest, "USER_NOT_FOUND", "User not found")
	}
	hash, err := call.Host.HashPassword(ctx, in.NewPassword)
	if err != nil {
		return status{}, err
	}
	err = ids.ResetPassword(ctx, found, hash, c.Reset.EndSessions)
	if errors.Is(err, identity.ErrNotFound) { // somebody was faster
		return status{}, errInvalidToken(http.StatusBadRequest)
	}
	if err != nil {
		return status{}, err
	}
	if c.Reset.After != nil {
		if err := c.Reset.After(ctx, found.User); err != nil {
			return status{}, err
		}
	}
	return status{true}, nil
}

// resetToken returns the token of the body, or else of the query.
func resetToken(call *plugin.Call, in resetInput) (string, error) {
	if len(call.Query["token"]) > 1 {
		return "", plugin.Errorf(http.StatusBadRequest, "VALIDATION_ERROR",
			"[query.token] Invalid input: expected string, received array")
	}
	if deref(in.Token) != "" {
		return *in.Token, nil
	}
	if token := call.Query.Get("token"); token != "" {
		return token, nil
	}
	return "", errInvalidToken(http.StatusBadRequest)
}
