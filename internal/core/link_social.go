package core

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/plugin"
	"github.com/lockstep-auth/lockstep/store"
)

// linkPurpose keeps the session token in a state apart from all else that is
// encrypted.
const linkPurpose = "oauth-link-session-token"

type linkSocialInput struct {
	CallbackURL      *string            `json:"callbackURL"`
	Provider         string             `json:"provider" check:"either"`
	IDToken          *linkIDTokenInput  `json:"idToken"`
	RequestSignUp    *bool              `json:"requestSignUp"`
	Scopes           []string           `json:"scopes"`
	ErrorCallbackURL *string            `json:"errorCallbackURL"`
	DisableRedirect  *bool              `json:"disableRedirect"`
	LoginHint        *string            `json:"loginHint"`
	AdditionalParams *map[string]string `json:"additionalParams"`
	AdditionalData   *map[string]any    `json:"additionalData"`
}

type linkIDTokenInput struct {
	Token        string  `json:"token"`
	Nonce        *string `json:"nonce"`
	AccessToken  *string `json:"accessToken"`
	RefreshToken *string `json:"refreshToken"`
}

// Check implements the check of plugin.JSON.
func (in linkSocialInput) Check() error {
	return checkAdditional(in.AdditionalParams, in.AdditionalData)
}

// linkSocial gives the caller an account at a service: with an id token at once,
// else when the browser comes back.
func (c *core) linkSocial(call *plugin.Call, in linkSocialInput) (*socialOutput, error) {
	login, err := call.SensitiveLogin()
	if err != nil {
		return nil, err
	}
	p, err := c.provider(call, in.Provider)
	if err != nil {
		return nil, err
	}
	if in.IDToken != nil {
		if err := c.linkWithIDToken(call, p, login.User, in.IDToken); err != nil {
			return nil, err
		}
		return &socialOutput{Status: true}, nil
	}
	return c.sendAway(call, p, departure{
		callbackURL: deref(in.CallbackURL), errorURL: deref(in.ErrorCallbackURL), requestSignUp: in.RequestSignUp,
		additional: additionalJSON(in.AdditionalData), scopes: in.Scopes, loginHint: deref(in.LoginHint),
		params: params(in.AdditionalParams), stay: deref(in.DisableRedirect),
		link: &oauth.StateLink{
			UserID: login.User.ID, Email: login.User.Email,
			EncryptedSessionToken: call.Host.Encrypt(linkPurpose, string(login.Session.Token)),
		},
	})
}

// linkWithIDToken links the user of an id token (upstream: account.ts).
func (c *core) linkWithIDToken(call *plugin.Call, p oauth.Provider, u *identity.User, in *linkIDTokenInput) error {
	v, err := c.visitorWithIDToken(call, p, &idTokenInput{Token: in.Token, Nonce: in.Nonce, AccessToken: in.AccessToken})
	if err != nil {
		return err
	}
	v.tokens = c.seal(call.Host, oauth.Tokens{
		AccessToken: deref(in.AccessToken), RefreshToken: deref(in.RefreshToken), IDToken: in.Token,
	})
	err = c.linkTo(call, v, linking{user: u, idToken: true})
	why, refused := errors.AsType[*stopped](err)
	if !refused {
		return err
	}
	switch why.code {
	case string(oauth.CodeLinkedToOther):
		return plugin.Errorf(http.StatusConflict, "SOCIAL_ACCOUNT_ALREADY_LINKED", "Social account already linked")
	case string(oauth.CodeEmailDoesNotMatch):
		return plugin.Errorf(http.StatusUnauthorized, "LINKING_DIFFERENT_EMAILS_NOT_ALLOWED",
			"Account not linked - different emails not allowed")
	case string(codeNotVouched):
		return plugin.Errorf(http.StatusUnauthorized, "LINKING_NOT_ALLOWED", "Account not linked - linking not allowed")
	}
	return plugin.Errorf(http.StatusExpectationFailed, "LINKING_FAILED", "Account not linked - unable to create account")
}

// codeNotVouched tells a link that is not allowed from one that failed. Browsers
// see CodeUnableToLink for both, as upstream.
const codeNotVouched oauth.Code = "linking_not_allowed"

// A linking is who an account is to be linked to.
type linking struct {
	user *identity.User

	// session, if not empty, must be alive, and the user's.
	session identity.Token

	// idToken means that the client brought an id token: then who has the account
	// counts before all else, as upstream.
	idToken bool
}

// linkVisitor links whoever has come back to the user who left (upstream:
// linkOAuthAccount). Who has signed out since, or signed in as somebody else,
// links nothing.
func (c *core) linkVisitor(call *plugin.Call, l *oauth.StateLink, v *visitor) error {
	to, err := linkingOf(call, l)
	if err == nil {
		err = c.linkTo(call, v, *to)
	}
	why, refused := errors.AsType[*stopped](err)
	if refused && oauth.Code(why.code) == codeNotVouched {
		call.Host.Log.ErrorContext(call.Context(), "account not linked: the provider is not trusted and vouches for no address",
			"provider", v.provider.ID)
		why.code = string(oauth.CodeUnableToLink)
	}
	if refused && call.OAuthState != nil {
		why.to = call.OAuthState.ErrorURL
	}
	return err
}

// linkingOf returns who a state links to. The user is as the state says: what is
// left of that in the database decides when the link is made.
func linkingOf(call *plugin.Call, l *oauth.StateLink) (*linking, error) {
	to := &linking{user: &identity.User{ID: l.UserID, Email: l.Email}}
	if call.Host.Session.Stateless {
		login, err := loginOrNil(call)
		if err != nil {
			return nil, err
		}
		if login == nil || login.User.ID != l.UserID {
			return nil, stop("", oauth.CodeUnableToLink)
		}
		return to, nil
	}
	token, err := call.Host.Decrypt(linkPurpose, l.EncryptedSessionToken)
	if err != nil || token == "" {
		return nil, stop("", oauth.CodeUnableToLink)
	}
	to.session = identity.Token(token)
	return to, nil
}

// linkTo gives a user the account of a visitor, or refreshes it if they have it.
// Two trips, unless others do the same at the same time.
func (c *core) linkTo(call *plugin.Call, v *visitor, to linking) error {
	for range maxDecisions {
		err := c.linkOnce(call, v, to)
		if !errors.Is(err, identity.ErrChanged) {
			return err
		}
	}
	return fmt.Errorf("link %s: %w: %w", v.provider.ID, identity.ErrChanged, store.ErrUnavailable)
}

func (c *core) linkOnce(call *plugin.Call, v *visitor, to linking) error {
	ctx, ids := call.Context(), call.Host.Identity
	m, err := ids.FindLink(ctx, v.key(), to.user.ID, to.session)
	if err != nil {
		return err
	}
	if m.User == nil || to.session != "" && !m.Alive {
		return stop("", oauth.CodeUnableToLink)
	}
	if err := call.CheckUserInfo(v.info(plugin.LinkAccount, m.User.ID)); err != nil {
		return err
	}
	own := m.Account != nil && m.Account.UserID == m.User.ID
	switch {
	case to.idToken && own:
		return c.relink(call, v, to, m)
	case to.idToken && m.Account != nil:
		return stop("", oauth.CodeLinkedToOther)
	case !c.vouched(call, v):
		return stop("", codeNotVouched)
	case v.email != strings.ToLower(to.user.Email) && !c.Account.DifferentEmails:
		return stop("", oauth.CodeEmailDoesNotMatch)
	case own:
		return c.relink(call, v, to, m)
	case m.Account != nil:
		return stop("", oauth.CodeLinkedToOther)
	}
	l := c.linkOf(v, m.User)
	l.Session, l.Asked = to.session, true
	_, err = c.link(call, l)
	if errors.Is(err, identity.ErrRefused) || errors.Is(err, identity.ErrTaken) {
		return stop("", oauth.CodeUnableToLink)
	}
	return err
}

// relink refreshes an account that the user has already.
func (c *core) relink(call *plugin.Call, v *visitor, to linking, m *identity.LinkMatch) error {
	in := identity.OAuthSignIn{
		Account: m.Account, User: m.User, Tokens: v.tokens, Update: c.linkedFields(v), Session: to.session,
	}
	if len(v.scopes) > 0 {
		in.Scope = oauth.MergeScopes(m.Account.Scope, v.scopes)
	}
	_, err := call.Host.Identity.SignInOAuth(call.Context(), in)
	if errors.Is(err, identity.ErrTaken) && len(in.Update) > 0 {
		in.Update = nil
		_, err = call.Host.Identity.SignInOAuth(call.Context(), in)
	}
	if errors.Is(err, identity.ErrRefused) {
		return stop("", oauth.CodeUnableToLink)
	}
	return err
}
