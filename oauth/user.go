package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
)

// maxSubject is the longest subject, in bytes (OpenID Connect Core §2).
const maxSubject = 255

// A UserRequest is what the server knows when a code was exchanged.
type UserRequest struct {
	Nonce string // of the authorization request

	// FormUser is the user parameter of Apple's callback, JSON.
	FormUser string
}

// User returns whose tokens these are. A failure is an *Error with CodeNoUserInfo
// or CodeNonceBindingMissing.
func (c *Client) User(ctx context.Context, p Provider, t Tokens, r UserRequest) (Profile, error) {
	if p.SendNonce && r.Nonce == "" {
		return Profile{}, fail(CodeNonceBindingMissing, errors.New("the state has no nonce"))
	}
	l := Lookup{Client: c, Provider: p, Tokens: t, GivenName: givenName(r.FormUser)}
	profile, err := c.user(ctx, l, r.Nonce)
	if err != nil {
		return Profile{}, fail(CodeNoUserInfo, err)
	}
	return profile, nil
}

// An IDTokenRequest is a sign-in of a client that has been to the service itself.
type IDTokenRequest struct {
	Token       string
	Nonce       string // if the client knows it
	AccessToken string
	GivenName   string // what the client says the user is called
}

// String returns "[redacted]".
func (IDTokenRequest) String() string { return redacted }

// GoString returns "[redacted]".
func (IDTokenRequest) GoString() string { return redacted }

// IDTokenUser returns whose id token this is. A failure is an *Error with
// CodeIDTokenNotSupported, CodeInvalidToken or CodeNoUserInfo.
func (c *Client) IDTokenUser(ctx context.Context, p Provider, r IDTokenRequest) (Profile, error) {
	if !p.AcceptsIDTokens() {
		return Profile{}, fail(CodeIDTokenNotSupported, errors.New("the provider takes no id tokens from clients"))
	}
	l := Lookup{
		Client: c, Provider: p, GivenName: r.GivenName,
		Tokens: Tokens{AccessToken: r.AccessToken, IDToken: r.Token},
	}
	if p.IDToken.AllowOpaque && strings.Count(r.Token, ".") != 2 {
		return c.opaqueUser(ctx, l)
	}
	t := IDToken{Token: r.Token, Nonce: r.Nonce, AccessToken: r.AccessToken, FromClient: true}
	verify := p.IDToken.Verify
	if verify == nil {
		verify = verifyLocally
	}
	var err error
	if l.Claims, err = verify(ctx, c, p, t); err != nil {
		return Profile{}, fail(CodeInvalidToken, err)
	}
	l.IDToken = true
	profile, err := c.profile(ctx, l)
	if err != nil {
		return Profile{}, fail(CodeNoUserInfo, err)
	}
	return profile, nil
}

// opaqueUser signs in with an access token alone.
func (c *Client) opaqueUser(ctx context.Context, l Lookup) (Profile, error) {
	l.Tokens.IDToken = ""
	profile, err := c.user(ctx, l, "")
	if err != nil {
		return Profile{}, fail(CodeNoUserInfo, err)
	}
	return profile, nil
}

func verifyLocally(ctx context.Context, c *Client, p Provider, t IDToken) (Claims, error) {
	return c.VerifyIDToken(ctx, p, t)
}

// user finds the description of a user where the provider has it.
func (c *Client) user(ctx context.Context, l Lookup, nonce string) (Profile, error) {
	source, t := l.Provider.Source, l.Tokens
	if source == FromIDToken || source != FromUserInfo && t.IDToken != "" {
		claims, err := c.VerifyIDToken(ctx, l.Provider, IDToken{Token: t.IDToken, Nonce: nonce, AccessToken: t.AccessToken})
		if err != nil {
			return Profile{}, err
		}
		if source != FromIDTokenAndUserInfo || claims.Text("email") != "" {
			l.Claims, l.IDToken = claims, true
			return c.profile(ctx, l)
		}
	}
	claims, err := c.userInfo(ctx, l)
	if err != nil {
		return Profile{}, err
	}
	l.Claims = claims
	return c.profile(ctx, l)
}

func (c *Client) userInfo(ctx context.Context, l Lookup) (Claims, error) {
	if l.Tokens.AccessToken == "" {
		return Claims{}, errors.New("the service sent no access token")
	}
	request := Bearer(l.Provider.UserInfoURL, l.Tokens.AccessToken)
	if l.Provider.UserInfoRequest != nil {
		var err error
		if request, err = l.Provider.UserInfoRequest(l); err != nil {
			return Claims{}, err
		}
	}
	claims, err := c.GetClaims(ctx, request)
	if err != nil {
		return Claims{}, err
	}
	return claims, sameSubject(claims, l.Tokens.IDToken)
}

// sameSubject refuses a description of somebody else than the id token is about
// (OpenID Connect Core §5.3.2).
func sameSubject(userInfo Claims, idToken string) error {
	if idToken == "" || !userInfo.Has("sub") {
		return nil
	}
	claims, err := PeekClaims(idToken)
	if err == nil && claims.Has("sub") && claims.Identifier("sub") != userInfo.Identifier("sub") {
		return errors.New("the id token and the user info are about different users")
	}
	return nil
}

// profile reads, completes and checks the description of a user.
func (c *Client) profile(ctx context.Context, l Lookup) (Profile, error) {
	p := l.Provider
	profile, err := p.Profile(l.Claims)
	if err != nil {
		return Profile{}, err
	}
	if err := checkSubject(profile.Subject); err != nil {
		return Profile{}, err
	}
	subject := profile.Subject
	if profile.Data == nil {
		profile.Data = l.Claims.JSON()
	}
	if p.Complete != nil {
		if err := p.Complete(ctx, l, &profile); err != nil {
			return Profile{}, err
		}
	}
	if p.MapProfile != nil {
		if profile, err = p.MapProfile(ctx, profile); err != nil {
			return Profile{}, err
		}
	}
	profile.Subject = subject // whatever the functions do
	if p.RequireEmail && profile.Email == "" {
		return Profile{}, errors.New("the service tells no email address")
	}
	return profile, nil
}

// checkSubject refuses what cannot identify anybody (upstream:
// oauth2/account-key.ts): all users without an id would be one.
func checkSubject(subject string) error {
	if strings.TrimSpace(subject) == "" || subject == "undefined" || subject == "null" || len(subject) > maxSubject {
		return errors.New("the service tells no usable id of the user")
	}
	return nil
}

// givenName reads Apple's user parameter, which the browser carries.
func givenName(formUser string) string {
	user, err := ParseClaims(json.RawMessage(formUser))
	if err != nil {
		return ""
	}
	name := user.Object("name")
	return strings.TrimSpace(name.Text("firstName") + " " + name.Text("lastName"))
}
