package plugin

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/lockstep-auth/lockstep/identity"
)

// An Action is what the server is about to do with a user.
type Action string

// The actions of Better Auth (ValidateUserInfoAction).
const (
	CreateUser  Action = "create-user"
	LinkAccount Action = "link-account" // another account for a user who is there

	// SignIn is of a user who comes from a service again. What the service tells
	// of them may have changed.
	SignIn Action = "sign-in"
)

// A UserInfo is what the server was told about somebody, before it believes it.
type UserInfo struct {
	Action Action

	// Method is how they come: "email-password", "oauth", or that of a plugin.
	Method string

	// User is who they say they are. The ID is empty if the user would be new;
	// then the times are, too.
	User identity.User

	// ProviderID and Profile are the service and its own description, a JSON
	// object, if the method is "oauth".
	ProviderID string
	Profile    json.RawMessage
}

// CheckUserInfo asks the program whether somebody may become or be a user, if it
// wants to be asked (Better Auth: user.validateUserInfo). Endpoints that make
// users call it before they write. The error is for clients, and always 403.
//
// Whatever fails refuses (upstream: utils/validate-user-info.ts).
func (c *Call) CheckUserInfo(in UserInfo) error {
	check := c.Host.c.ValidateUserInfo
	if check == nil {
		return nil
	}
	err := check(c, in)
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok && e.Code != "" {
		refused := Errorf(http.StatusForbidden, e.Code, "%s", e.Message)
		if refused.Message == "" {
			refused.Message = e.Code
		}
		return refused
	}
	c.Host.Log.ErrorContext(c.Context(), "ValidateUserInfo has failed, and so refused", "err", err)
	return Errorf(http.StatusForbidden, "validation_failed", "User validation failed")
}
