package core

import (
	"errors"
	"maps"
	"net/http"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/jsjson"
	"github.com/lockstep-auth/lockstep/plugin"
)

func (c *core) updateUser() plugin.Plugin {
	return plugin.Plugin{ID: "update-user", Endpoints: []plugin.Endpoint{
		{Method: http.MethodPost, Path: "/update-user", Guard: plugin.GuardSession, Handler: plugin.JSON(c.changeUser)},
		{Method: http.MethodPost, Path: "/delete-user", Guard: plugin.GuardSensitive, Handler: plugin.JSON(c.deleteUser)},
		{Method: http.MethodGet, Path: "/delete-user/callback", Link: true, Handler: plugin.Params(c.deleteLink)},
	}}
}

func (c *core) changeUser(call *plugin.Call, in map[string]any) (status, error) {
	login, err := call.Login()
	if err != nil {
		return status{}, err
	}
	set, err := c.userChanges(in)
	if err != nil {
		return status{}, err
	}
	user, err := call.Host.Identity.UpdateUser(call.Context(), login.User.ID, maps.Clone(set))
	switch {
	case errors.Is(err, identity.ErrNotFound) && call.Host.Session.Stateless:
		user = changedUser(login.User, set)
	case errors.Is(err, identity.ErrNotFound): // deleted since the session cookie was made
		call.ForgetSession()
		return status{}, plugin.Unauthorized()
	case errors.Is(err, identity.ErrTaken), errors.Is(err, identity.ErrRefused):
		return status{}, errFailedToUpdateUser()
	case err != nil:
		return status{}, err
	}
	call.SetSession(login.WithUser(user), nil)
	return status{true}, nil
}

func errFailedToUpdateUser() error {
	return plugin.Errorf(http.StatusUnprocessableEntity, "FAILED_TO_UPDATE_USER", "Failed to update user")
}

// userChanges returns the fields to set of what a client sent.
func (c *core) userChanges(in map[string]any) (map[string]any, error) {
	if jsjson.Truthy(in["email"]) {
		return nil, plugin.Errorf(http.StatusBadRequest, "EMAIL_CAN_NOT_BE_UPDATED", "Email can not be updated")
	}
	set, err := changedFields(c.UserFields, in)
	if err != nil {
		return nil, err
	}
	if name, present := in["name"]; present {
		if _, ok := name.(string); !ok {
			return nil, errNotString("name", name)
		}
		set["name"] = name
	}
	if image, present := in["image"]; present {
		if _, ok := image.(string); !ok && image != nil {
			return nil, errNotString("image", image)
		}
		set["image"] = image
	}
	if len(set) == 0 {
		return nil, errNoFields()
	}
	return set, nil
}

func errNotString(name string, value any) error {
	kind := "null"
	if value != nil {
		kind = kindOf(value)
	}
	return plugin.Errorf(http.StatusBadRequest, "VALIDATION_ERROR",
		"[body.%s] Invalid input: expected string, received %s", name, kind)
}

// changedUser returns a copy of u with other fields, for sessions that live in
// the cookie alone.
func changedUser(u *identity.User, set map[string]any) *identity.User {
	next := *u
	next.Fields = maps.Clone(u.Fields)
	for name, value := range set {
		switch name {
		case "name":
			next.Name, _ = value.(string)
		case "image":
			next.Image = nil
			if image, ok := value.(string); ok {
				next.Image = &image
			}
		default:
			if next.Fields == nil {
				next.Fields = make(map[string]any)
			}
			next.Fields[name] = value
		}
	}
	return &next
}

type deleteUserInput struct {
	CallbackURL *string `json:"callbackURL"`
	Password    *string `json:"password"`
	Token       *string `json:"token"`
}

type deleteUserOutput struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
}

func (c *core) deleteUser(call *plugin.Call, in deleteUserInput) (*deleteUserOutput, error) {
	if !c.Deletes.Enabled {
		return nil, &plugin.Error{Status: http.StatusNotFound}
	}
	login, err := call.SensitiveLogin()
	if err != nil {
		return nil, err
	}
	byPassword := deref(in.Password) != ""
	if byPassword {
		if err := c.confirmPassword(call, login.User.ID, *in.Password); err != nil {
			return nil, err
		}
	}
	if deref(in.Token) != "" {
		return c.removeUser(call, login.User, *in.Token)
	}
	if c.Deletes.Send != nil {
		return c.mailDeletion(call, login.User, in.CallbackURL)
	}
	if !byPassword && !call.Fresh(login.Session) {
		return nil, plugin.Errorf(http.StatusBadRequest, "SESSION_EXPIRED",
			"Session expired. Re-authenticate to perform this action.")
	}
	return c.removeUser(call, login.User, "")
}

// mailDeletion asks the user by mail whether the account shall go.
func (c *core) mailDeletion(call *plugin.Call, user *identity.User, callback *string) (*deleteUserOutput, error) {
	out := &deleteUserOutput{Success: true, Message: "Verification email sent"}
	if !allowMail(call, "delete-user", user.Email) {
		return out, nil
	}
	token, err := call.Host.Identity.IssueDeletion(call.Context(), user.ID, c.Deletes.Life)
	if errors.Is(err, identity.ErrRefused) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	mail(call, "send confirmation of a deletion", c.Deletes.Send, plugin.Link{
		User: user, URL: linkURL(call, "/delete-user/callback", token, callback), Token: token,
	})
	cleanUp(call)
	return out, nil
}

type deleteLinkInput struct {
	Token       string  `json:"token"`
	CallbackURL *string `json:"callbackURL"`
}

// deleteLink deletes the caller, who followed a link from a mail and must be
// signed in as the user whom it was sent to.
func (c *core) deleteLink(call *plugin.Call, in deleteLinkInput) (*deleteUserOutput, error) {
	if !c.Deletes.Enabled {
		return nil, plugin.Errorf(http.StatusNotFound, "NOT_FOUND", "Not found")
	}
	login, err := call.SensitiveLogin()
	if e, ok := errors.AsType[*plugin.Error](err); ok && e.Status == http.StatusUnauthorized {
		return nil, plugin.Errorf(http.StatusNotFound, "FAILED_TO_GET_USER_INFO", "Failed to get user info")
	}
	if err != nil {
		return nil, err
	}
	if in.Token == "" {
		return nil, errInvalidToken(http.StatusNotFound)
	}
	out, err := c.removeUser(call, login.User, in.Token)
	if err == nil && deref(in.CallbackURL) != "" {
		call.RedirectTo = ascii(*in.CallbackURL)
	}
	return out, err
}

// removeUser deletes the user, and with a token only if it was issued to the
// user for this and has not been used.
func (c *core) removeUser(call *plugin.Call, user *identity.User, token string) (*deleteUserOutput, error) {
	ctx := call.Context()
	if err := c.beforeDeletion(call, user, token); err != nil {
		return nil, err
	}
	err := call.Host.Identity.DeleteUser(ctx, user.ID, token)
	switch {
	case errors.Is(err, identity.ErrNotFound):
		return nil, errInvalidToken(http.StatusNotFound)
	case err != nil && !errors.Is(err, identity.ErrRefused):
		return nil, err
	}
	call.ForgetSession()
	if c.Deletes.After != nil {
		if err := c.Deletes.After(ctx, user); err != nil {
			return nil, err
		}
	}
	return &deleteUserOutput{Success: true, Message: "User deleted"}, nil
}

// beforeDeletion runs the program's hook, but not for a token that is wrong: any
// website can make a browser follow a link with one.
func (c *core) beforeDeletion(call *plugin.Call, user *identity.User, token string) error {
	if c.Deletes.Before == nil {
		return nil
	}
	if token != "" {
		err := call.Host.Identity.CheckDeletion(call.Context(), user.ID, token)
		if errors.Is(err, identity.ErrNotFound) {
			return errInvalidToken(http.StatusNotFound)
		}
		if err != nil {
			return err
		}
	}
	return c.Deletes.Before(call.Context(), user)
}

// confirmPassword refuses a password that is not the user's.
func (c *core) confirmPassword(call *plugin.Call, userID, password string) error {
	if err := c.checkNotLong(password); err != nil {
		return err
	}
	account, err := findPassword(call, userID)
	if err != nil {
		return err
	}
	ok, err := call.Host.VerifyPassword(call.Context(), string(account.Password), password)
	if err == nil && !ok {
		err = errInvalidPassword()
	}
	return err
}
