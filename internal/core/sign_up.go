package core

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/wire"
	"github.com/lockstep-auth/lockstep/plugin"
)

func (c *core) signUp() plugin.Plugin {
	return plugin.Plugin{ID: "sign-up", Endpoints: []plugin.Endpoint{{
		Method: http.MethodPost, Path: "/sign-up/email", Form: true, Handler: plugin.JSON(c.signUpEmail),
	}}}
}

type signUpInput struct {
	Name        string         `json:"name"`
	Email       string         `json:"email" check:"email"`
	Password    string         `json:"password" check:"nonempty"`
	Image       *string        `json:"image"`
	CallbackURL *string        `json:"callbackURL"`
	RememberMe  *bool          `json:"rememberMe"`
	Rest        map[string]any `json:"*"`
}

type signUpOutput struct {
	Token *identity.Token `json:"token"`
	User  wire.User       `json:"user"`
}

func (c *core) signUpEmail(call *plugin.Call, in signUpInput) (*signUpOutput, error) {
	if !c.EmailAndPassword || c.DisableSignUp {
		return nil, plugin.Errorf(http.StatusBadRequest, "EMAIL_PASSWORD_SIGN_UP_DISABLED",
			"Email and password sign up is not enabled")
	}
	if err := c.checkNewPassword(in.Password); err != nil {
		return nil, err
	}
	fields, err := newFields(c.UserFields, in.Rest)
	if err != nil {
		return nil, err
	}
	user := identity.NewUser{Name: in.Name, Email: strings.ToLower(in.Email), Image: in.Image, Fields: fields}
	if !c.quiet() {
		device := call.Device()
		device.Unremembered = in.RememberMe != nil && !*in.RememberMe
		user.Device = &device
	}
	return c.createUser(call, user, in)
}

// quiet reports whether sign-up must not tell which addresses have an account:
// it does not sign in, so it can answer the same either way.
func (c *core) quiet() bool { return c.RequireVerified || c.NoAutoSignIn }

func (c *core) createUser(call *plugin.Call, user identity.NewUser, in signUpInput) (*signUpOutput, error) {
	ctx := call.Context()
	owner, err := call.Host.Identity.FindUserByEmail(ctx, user.Email)
	exists := err == nil
	if err != nil && !errors.Is(err, identity.ErrNotFound) {
		return nil, err
	}
	if exists && !c.quiet() {
		return nil, errUserExists()
	}
	if user.PasswordHash, err = call.Host.HashPassword(ctx, in.Password); err != nil {
		return nil, err
	}
	refused := call.CheckUserInfo(plugin.UserInfo{Action: plugin.CreateUser, Method: "email-password", User: identity.User{
		Name: user.Name, Email: user.Email, Image: user.Image, Fields: user.Fields,
	}})
	switch {
	case exists:
		c.tellOwner(call, owner)
		return c.pretend(call, user)
	case refused != nil && c.quiet():
		return c.pretend(call, user)
	case refused != nil:
		return nil, refused
	}
	created, session, err := call.Host.Identity.SignUp(ctx, user)
	switch {
	case errors.Is(err, identity.ErrEmailTaken) && c.quiet():
		return c.pretend(call, user)
	case errors.Is(err, identity.ErrEmailTaken): // somebody was faster
		return nil, errUserExists()
	case errors.Is(err, identity.ErrTaken), errors.Is(err, identity.ErrRefused):
		return nil, plugin.Errorf(http.StatusUnprocessableEntity, "FAILED_TO_CREATE_USER", "Failed to create user")
	case err != nil:
		return nil, err
	}
	if c.Verify.OnSignUp {
		c.mailVerification(call, created, in.CallbackURL)
	}
	out := &signUpOutput{User: call.PublicUser(created)}
	if session != nil {
		out.Token = &session.Token
		call.SetSession(&plugin.Login{Session: session, User: created}, &user.Device.Unremembered)
	}
	return out, nil
}

// pretend answers as if the user had been created, after the same work.
func (c *core) pretend(call *plugin.Call, user identity.NewUser) (*signUpOutput, error) {
	if err := call.Host.Identity.PretendSignUp(call.Context()); err != nil {
		return nil, err
	}
	now := call.Host.Identity.Now()
	made := &identity.User{
		ID: cmp.Or(call.Host.Identity.NewID(identity.UserTable), plugin.Token(32)), Name: user.Name, Email: user.Email, Image: user.Image,
		CreatedAt: now, UpdatedAt: now, Fields: user.Fields,
	}
	if c.SyntheticUser != nil {
		made = cmp.Or(c.SyntheticUser(made), made)
	}
	return &signUpOutput{User: call.PublicUser(made)}, nil
}

// tellOwner lets the program tell the owner of an address, in the background,
// that somebody tried to sign up with it.
func (c *core) tellOwner(call *plugin.Call, owner *identity.User) {
	if c.OnExistingSignUp == nil || !allowMail(call, "existing-user", owner.Email) {
		return
	}
	r := call.MailRequest()
	call.Later("tell of a sign-up with an existing address", func(ctx context.Context) error {
		return c.OnExistingSignUp(ctx, owner, r)
	})
}

func errUserExists() error {
	return plugin.Errorf(http.StatusUnprocessableEntity, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
		"User already exists. Use another email.")
}
