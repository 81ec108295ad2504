package core

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/plugin"
)

func (c *core) changeEmail() plugin.Plugin {
	return plugin.Plugin{ID: "change-email", Endpoints: []plugin.Endpoint{{
		Method: http.MethodPost, Path: "/change-email", Guard: plugin.GuardSensitive, Handler: plugin.JSON(c.requestChange),
	}}}
}

type changeEmailInput struct {
	NewEmail    string  `json:"newEmail" check:"email"`
	CallbackURL *string `json:"callbackURL"`
}

// requestChange starts a change of the address. An address that has an account
// gets the same answer after the same trips, and no mail.
func (c *core) requestChange(call *plugin.Call, in changeEmailInput) (status, error) {
	if !c.Change.Enabled {
		return status{}, plugin.Errorf(http.StatusBadRequest, "CHANGE_EMAIL_DISABLED", "Change email is disabled")
	}
	login, err := call.SensitiveLogin()
	if err != nil {
		return status{}, err
	}
	in.NewEmail = strings.ToLower(in.NewEmail)
	if in.NewEmail == login.User.Email {
		return status{}, plugin.Errorf(http.StatusBadRequest, "", "Email is the same")
	}
	atOnce := c.Change.AtOnce && !login.User.EmailVerified
	if !atOnce && c.Verify.Send == nil {
		return status{}, plugin.Errorf(http.StatusBadRequest, "", "Verification email isn't enabled")
	}
	ctx, ids := call.Context(), call.Host.Identity
	taken, err := ids.FindUserByEmail(ctx, in.NewEmail)
	if err != nil && !errors.Is(err, identity.ErrNotFound) {
		return status{}, err
	}
	switch {
	case taken != nil:
		err = ids.PretendEmailChange(ctx)
	case atOnce:
		err = c.changeAtOnce(call, login, in)
	default:
		err = c.askForChange(call, login.User, in)
	}
	if err == nil {
		cleanUp(call)
	}
	return status{err == nil}, err
}

// changeAtOnce replaces an address that was never verified by another one that
// is not.
func (c *core) changeAtOnce(call *plugin.Call, login *plugin.Login, in changeEmailInput) error {
	user, err := call.Host.Identity.ChangeEmail(call.Context(), identity.EmailChange{
		UserID: login.User.ID, From: login.User.Email, To: in.NewEmail,
	})
	switch {
	case errors.Is(err, identity.ErrEmailTaken): // since it was looked up: as if it had been taken then
		return nil
	case errors.Is(err, identity.ErrNotFound):
		return plugin.Unauthorized()
	case errors.Is(err, identity.ErrRefused):
		return errFailedToUpdateUser()
	case err != nil:
		return err
	}
	call.SetSession(login.WithUser(user), nil)
	c.mailVerification(call, user, in.CallbackURL)
	return nil
}

// askForChange sends a link: to the present address, which can stop the change,
// if it is verified and there is a Confirm; else to the new one.
func (c *core) askForChange(call *plugin.Call, user *identity.User, in changeEmailInput) error {
	ctx, ids := call.Context(), call.Host.Identity
	if !allowMail(call, "change-email", in.NewEmail) {
		return ids.PretendEmailChange(ctx)
	}
	id, err := ids.IssueEmailChange(ctx, user.ID, c.linkExpires(call))
	if errors.Is(err, identity.ErrRefused) {
		return nil
	}
	if err != nil {
		return err
	}
	token := emailToken{Email: user.Email, UpdateTo: in.NewEmail, RequestType: verifyChange, UserID: user.ID, ID: id}
	if c.Change.Confirm == nil || !user.EmailVerified {
		c.mailToken(call, withEmail(user, in.NewEmail), token.sign(call, c.Verify.Life), in.CallbackURL)
		return nil
	}
	token.RequestType = confirmChange
	signed := token.sign(call, c.Verify.Life)
	mail(call, "send confirmation of a new address", c.Change.Confirm, plugin.Link{
		User: user, NewEmail: in.NewEmail, URL: linkURL(call, "/verify-email", signed, in.CallbackURL), Token: signed,
	})
	return nil
}

func (c *core) linkExpires(call *plugin.Call) time.Time {
	return call.Host.Identity.Now().Add(c.Verify.Life)
}

// withEmail returns a copy of u with another address, for a mail to it.
func withEmail(u *identity.User, email string) *identity.User {
	next := *u
	next.Email = email
	return &next
}

type changedEmailOutput struct {
	Status bool `json:"status"`
	User   any  `json:"user,omitempty"`
}

// redeemChange carries out a token that changes an address. It must be for a
// user who still has the address that it names, and if somebody is signed in,
// for that user.
func (c *core) redeemChange(call *plugin.Call, in verifyEmailInput, token emailToken) (any, error) {
	if token.UserID == "" {
		return nil, errInvalidToken(http.StatusUnauthorized)
	}
	user, err := call.Host.Identity.FindUser(call.Context(), token.UserID)
	switch {
	case errors.Is(err, identity.ErrNotFound):
		return nil, errUserNotFound()
	case err != nil:
		return nil, err
	case strings.ToLower(user.Email) != token.Email:
		return nil, errInvalidToken(http.StatusUnauthorized)
	}
	login, err := loginOrNil(call)
	if err != nil {
		return nil, err
	}
	if login != nil && login.User.ID != user.ID {
		return nil, plugin.Errorf(http.StatusUnauthorized, "INVALID_USER", "Invalid user")
	}
	change := identity.EmailChange{
		UserID: user.ID, From: user.Email, To: strings.ToLower(token.UpdateTo), ID: token.ID,
		Verified: token.RequestType == verifyChange && user.EmailVerified,
	}
	if token.RequestType == confirmChange {
		return c.confirm(call, user, change, in.CallbackURL)
	}
	changed, err := c.carryOut(call, login, change)
	if err != nil {
		return nil, err
	}
	if token.RequestType != verifyChange && c.Verify.Send != nil {
		next := emailToken{Email: changed.Email, UserID: changed.ID}.sign(call, legacyLife)
		c.mailToken(call, changed, next, in.CallbackURL)
	}
	return changedEmailOutput{Status: true, User: call.PublicUser(changed)}, nil
}

// confirm follows a click at the old address with a link to the new one.
func (c *core) confirm(call *plugin.Call, user *identity.User, ch identity.EmailChange, callback *string) (any, error) {
	id, err := call.Host.Identity.ConfirmEmailChange(call.Context(), ch, c.linkExpires(call))
	if errors.Is(err, identity.ErrNotFound) {
		return nil, errInvalidToken(http.StatusUnauthorized)
	}
	if err != nil && !errors.Is(err, identity.ErrRefused) {
		return nil, err
	}
	if c.Verify.Send != nil && err == nil {
		next := emailToken{Email: ch.From, UpdateTo: ch.To, RequestType: verifyChange, UserID: ch.UserID, ID: id}
		c.mailToken(call, withEmail(user, ch.To), next.sign(call, c.Verify.Life), callback)
	}
	return changedEmailOutput{Status: true}, nil
}

// carryOut changes the address and keeps the caller's session up to date.
func (c *core) carryOut(call *plugin.Call, login *plugin.Login, ch identity.EmailChange) (*identity.User, error) {
	changed, err := call.Host.Identity.ChangeEmail(call.Context(), ch)
	switch {
	case errors.Is(err, identity.ErrNotFound): // spent, or the address has moved, in the meantime
		return nil, errInvalidToken(http.StatusUnauthorized)
	case errors.Is(err, identity.ErrEmailTaken):
		return nil, plugin.Errorf(http.StatusUnauthorized, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
			"User already exists. Use another email.")
	case errors.Is(err, identity.ErrRefused):
		return nil, errFailedToUpdateUser()
	case err != nil:
		return nil, err
	}
	if ch.Verified && c.Verify.After != nil {
		if err := c.Verify.After(call.Context(), changed); err != nil {
			return nil, err
		}
	}
	if login != nil {
		call.SetSession(login.WithChange(changed), nil)
	}
	return changed, nil
}
