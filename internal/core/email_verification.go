package core

import (
	"errors"
	"net/http"
	"strings"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/wire"
	"github.com/lockstep-auth/lockstep/plugin"
)

func (c *core) emailVerification() plugin.Plugin {
	return plugin.Plugin{ID: "email-verification", Endpoints: []plugin.Endpoint{
		{
			Method: http.MethodPost, Path: "/send-verification-email", CheckOrigin: true,
			Handler: plugin.JSON(c.sendVerificationEmail),
		},
		{Method: http.MethodGet, Path: "/verify-email", Link: true, Handler: plugin.Params(c.verifyEmail)},
	}}
}

type sendVerificationInput struct {
	Email       string  `json:"email" check:"email"`
	CallbackURL *string `json:"callbackURL"`
}

// sendVerificationEmail sends a link to an address that is not verified. To who
// is not signed in it answers the same for every address, after the same work;
// upstream waits until half a second has passed, since it sends the mail first.
func (c *core) sendVerificationEmail(call *plugin.Call, in sendVerificationInput) (status, error) {
	if c.Verify.Send == nil {
		return status{}, plugin.Errorf(http.StatusBadRequest, "VERIFICATION_EMAIL_NOT_ENABLED", "Verification email isn't enabled")
	}
	login, err := loginOrNil(call)
	if err != nil {
		return status{}, err
	}
	if login == nil {
		err := c.mailToStranger(call, in)
		return status{err == nil}, err
	}
	if !strings.EqualFold(login.User.Email, in.Email) {
		return status{}, plugin.Errorf(http.StatusBadRequest, "EMAIL_MISMATCH", "Email mismatch")
	}
	if login.User.EmailVerified {
		return status{}, plugin.Errorf(http.StatusBadRequest, "EMAIL_ALREADY_VERIFIED", "Email is already verified")
	}
	c.mailVerification(call, login.User, in.CallbackURL)
	return status{true}, nil
}

// mailToStranger sends the link if the address has a user and is not verified.
// It makes one in any case.
func (c *core) mailToStranger(call *plugin.Call, in sendVerificationInput) error {
	user, err := call.Host.Identity.FindUserByEmail(call.Context(), in.Email)
	if err != nil && !errors.Is(err, identity.ErrNotFound) {
		return err
	}
	owner := &identity.User{ID: plugin.Token(32), Email: in.Email}
	if user != nil {
		owner = user
	}
	token, allowed := c.verificationToken(call, owner)
	if allowed && user != nil && !user.EmailVerified {
		c.mailToken(call, user, token, in.CallbackURL)
	}
	return nil
}

// mailVerification sends the user a link that verifies the address, unless
// enough were sent.
func (c *core) mailVerification(call *plugin.Call, user *identity.User, callback *string) {
	if c.Verify.Send == nil {
		return
	}
	if token, allowed := c.verificationToken(call, user); allowed {
		c.mailToken(call, user, token, callback)
	}
}

// verificationToken returns a token that verifies the address of the user, and
// whether it may be sent.
func (c *core) verificationToken(call *plugin.Call, user *identity.User) (token string, allowed bool) {
	token = emailToken{Email: user.Email, UserID: user.ID}.sign(call, c.Verify.Life)
	return token, allowMail(call, "verify-email", user.Email)
}

func (c *core) mailToken(call *plugin.Call, user *identity.User, token string, callback *string) {
	mail(call, "send verification", c.Verify.Send, plugin.Link{
		User: user, URL: linkURL(call, "/verify-email", token, callback), Token: token,
	})
}

type verifyEmailInput struct {
	Token       string  `json:"token"`
	CallbackURL *string `json:"callbackURL"`
}

type verifyEmailOutput struct {
	Status bool       `json:"status"`
	User   *wire.User `json:"user"`
}

// verifyEmail does what a link in a mail is for. With a callbackURL, the
// browser goes there in any case, also after an error that a person can meet.
func (c *core) verifyEmail(call *plugin.Call, in verifyEmailInput) (any, error) {
	out, err := c.redeem(call, in)
	to := deref(in.CallbackURL)
	if e, ok := errors.AsType[*plugin.Error](err); ok && e.Status == http.StatusUnauthorized && to != "" {
		call.RedirectTo = withError(to, e.Code, "")
		return nil, nil
	}
	if err == nil && to != "" {
		call.RedirectTo = ascii(to)
	}
	return out, err
}

// redeem carries out a token. The errors that a redirect can carry are 401.
func (c *core) redeem(call *plugin.Call, in verifyEmailInput) (any, error) {
	claims, err := call.Host.VerifyToken(in.Token)
	if errors.Is(err, plugin.ErrTokenExpired) {
		return nil, plugin.Errorf(http.StatusUnauthorized, "TOKEN_EXPIRED", "Token expired")
	}
	if err != nil {
		return nil, errInvalidToken(http.StatusUnauthorized)
	}
	token, ok := readEmailToken(claims)
	if !ok {
		return nil, errInvalidToken(http.StatusUnauthorized)
	}
	if token.UpdateTo != "" {
		return c.redeemChange(call, in, token)
	}
	user, err := c.unverified(call, token)
	if user == nil || err != nil {
		return verifyEmailOutput{Status: err == nil}, err
	}
	if err := c.verify(call, user); err != nil {
		return nil, err
	}
	return verifyEmailOutput{Status: true}, nil
}

// unverified returns the user whose address the token verifies, or nil if there
// is nothing left to do.
func (c *core) unverified(call *plugin.Call, token emailToken) (*identity.User, error) {
	user, err := call.Host.Identity.FindUserByEmail(call.Context(), token.Email)
	switch {
	case errors.Is(err, identity.ErrNotFound):
		return nil, errUserNotFound()
	case err != nil:
		return nil, err
	case token.UserID != "" && token.UserID != user.ID:
		return nil, errInvalidToken(http.StatusUnauthorized)
	case user.EmailVerified:
		return nil, nil
	}
	return user, nil
}

func errUserNotFound() error {
	return plugin.Errorf(http.StatusUnauthorized, "USER_NOT_FOUND", "User not found")
}

// verify marks the address as verified and signs the user in, if the options
// say so. Of several calls with the same token one does it; to the others the
// address is verified already.
func (c *core) verify(call *plugin.Call, user *identity.User) error {
	if c.Verify.Before != nil {
		if err := c.Verify.Before(call.Context(), user); err != nil {
			return err
		}
	}
	login, device, err := c.signInAfter(call, user)
	if err != nil {
		return err
	}
	verified, session, err := call.Host.Identity.VerifyEmail(call.Context(), user, device)
	switch {
	case errors.Is(err, identity.ErrNotFound):
		_, err := c.unverified(call, emailToken{Email: user.Email, UserID: user.ID})
		return err
	case errors.Is(err, identity.ErrRefused):
		return plugin.Errorf(http.StatusInternalServerError, "FAILED_TO_CREATE_SESSION", "Failed to create session")
	case err != nil:
		return err
	}
	if c.Verify.After != nil {
		if err := c.Verify.After(call.Context(), verified); err != nil {
			return err
		}
	}
	switch {
	case session != nil:
		call.SetSession(&plugin.Login{Session: session, User: verified}, nil)
	case login != nil:
		call.SetSession(login.WithChange(verified), nil)
	}
	return nil
}

// signInAfter returns the caller's session if it is the user's, or else the
// device to start one on. Both are nil if verified users are not signed in.
func (c *core) signInAfter(call *plugin.Call, user *identity.User) (*plugin.Login, *identity.Device, error) {
	if !c.Verify.SignIn {
		return nil, nil, nil
	}
	login, err := loginOrNil(call)
	if err != nil || (login != nil && login.User.ID == user.ID) {
		return login, nil, err
	}
	device := call.Device()
	return nil, &device, nil
}
