package core

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/jsjson"
	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/plugin"
)

// social is upstream's signInSocial (api/routes/sign-in.ts), callback.ts and the
// part of account.ts that links.
func (c *core) social() plugin.Plugin {
	return plugin.Plugin{ID: "social", Endpoints: []plugin.Endpoint{
		{Method: http.MethodPost, Path: "/sign-in/social", Handler: plugin.JSON(c.signInSocial)},
		{Method: http.MethodGet, Path: "/callback/:id", Handler: plugin.Params(c.callback)},
		{Method: http.MethodPost, Path: "/callback/:id", Relay: true, Handler: plugin.JSON(relayCallback)},
		{
			Method: http.MethodPost, Path: "/link-social", Guard: plugin.GuardSensitive,
			Handler: plugin.JSON(c.linkSocial),
		},
	}}
}

type signInSocialInput struct {
	CallbackURL        *string            `json:"callbackURL"`
	NewUserCallbackURL *string            `json:"newUserCallbackURL"`
	ErrorCallbackURL   *string            `json:"errorCallbackURL"`
	Provider           string             `json:"provider" check:"either"`
	DisableRedirect    *bool              `json:"disableRedirect"`
	IDToken            *idTokenInput      `json:"idToken"`
	Scopes             []string           `json:"scopes"`
	RequestSignUp      *bool              `json:"requestSignUp"`
	LoginHint          *string            `json:"loginHint"`
	AdditionalParams   *map[string]string `json:"additionalParams"`
	AdditionalData     *map[string]any    `json:"additionalData"`
}

// An idTokenInput is an id token that a client got from the service itself.
type idTokenInput struct {
	Token        string           `json:"token"`
	Nonce        *string          `json:"nonce"`
	AccessToken  *string          `json:"accessToken"`
	RefreshToken *string          `json:"refreshToken"`
	ExpiresAt    *float64         `json:"expiresAt"`
	User         *formerUserInput `json:"user"`
}

// A formerUserInput is what Apple tells clients of a user, once.
type formerUserInput struct {
	Name *struct {
		FirstName *string `json:"firstName"`
		LastName  *string `json:"lastName"`
	} `json:"name"`
	Email *string `json:"email"`
}

// Check implements the check of plugin.JSON.
func (in signInSocialInput) Check() error {
	return checkAdditional(in.AdditionalParams, in.AdditionalData)
}

// checkAdditional keeps clients from setting what the server has to.
func checkAdditional(params *map[string]string, data *map[string]any) error {
	reserved := oauth.ReservedParams()
	for name := range deref(params) {
		if slices.Contains(reserved, name) {
			return plugin.Errorf(http.StatusBadRequest, "VALIDATION_ERROR",
				"[body.additionalParams] additionalParams cannot include reserved OAuth parameters: %s", strings.Join(reserved, ", "))
		}
	}
	if err := oauth.CheckAdditional(additionalJSON(data)); err != nil {
		return plugin.Errorf(http.StatusBadRequest, "VALIDATION_ERROR", "[body.additionalData] %s", err.Error())
	}
	return nil
}

// additionalJSON returns additional data as it is kept, nil for none.
func additionalJSON(data *map[string]any) []byte {
	if data == nil || len(*data) == 0 {
		return nil
	}
	return jsjson.AppendValue(nil, *data)
}

// deref returns *p, or the zero value.
func deref[T any](p *T) T {
	return *cmp.Or(p, new(T))
}

// A socialOutput says where to send the browser.
type socialOutput struct {
	URL      string `json:"url"`
	Status   bool   `json:"status,omitempty"` // of a link that is done
	Redirect bool   `json:"redirect"`
}

func (c *core) signInSocial(call *plugin.Call, in signInSocialInput) (any, error) {
	p, err := c.provider(call, in.Provider)
	if err != nil {
		return nil, err
	}
	if in.IDToken != nil {
		return c.signInWithIDToken(call, p, in)
	}
	return c.sendAway(call, p, departure{
		callbackURL: deref(in.CallbackURL), errorURL: deref(in.ErrorCallbackURL), newUserURL: deref(in.NewUserCallbackURL),
		requestSignUp: in.RequestSignUp, additional: additionalJSON(in.AdditionalData), scopes: in.Scopes,
		loginHint: deref(in.LoginHint), params: params(in.AdditionalParams), stay: deref(in.DisableRedirect),
	})
}

// params returns parameters by name, since JSON objects have no order here.
func params(m *map[string]string) oauth.Params {
	var list oauth.Params
	for _, name := range slices.Sorted(maps.Keys(deref(m))) {
		list.Set(name, deref(m)[name])
	}
	return list
}

// provider returns the service with the id.
func (c *core) provider(call *plugin.Call, id string) (oauth.Provider, error) {
	p, err := c.describe(call.Context(), id)
	switch {
	case errors.Is(err, errNoProvider):
		return p, plugin.Errorf(http.StatusNotFound, "PROVIDER_NOT_FOUND", "Provider not found")
	case err != nil:
		call.Host.Log.ErrorContext(call.Context(), "provider unavailable", "provider", id, "err", err)
		return p, plugin.Errorf(http.StatusServiceUnavailable, "PROVIDER_UNAVAILABLE",
			"The provider is unavailable at the moment. Please try again.")
	}
	return p, nil
}

// errNoProvider means that there is no service with an id.
var errNoProvider = errors.New("core: no such provider")

func (c *core) describe(ctx context.Context, id string) (oauth.Provider, error) {
	i := slices.IndexFunc(c.Social.Providers, func(p plugin.Provider) bool { return p.ID == id })
	if i < 0 {
		return oauth.Provider{}, errNoProvider
	}
	p, err := c.Social.Providers[i].Describe(ctx, c.Social.Client)
	p.ID = id
	return p, err
}

// patience is how long services may take in one request, all together: who waits
// for the answer gives up after 30 seconds or so, be it a browser, a proxy or the
// HTTP server.
const patience = 25 * time.Second

// patient returns a context in which services can be asked for a while.
func patient(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d, fmt.Errorf("nothing more is asked after %v", d))
}

// signInWithIDToken signs in a user who has been to the service without the
// server (upstream: sign-in.ts).
func (c *core) signInWithIDToken(call *plugin.Call, p oauth.Provider, in signInSocialInput) (*signInOutput, error) {
	v, err := c.visitorWithIDToken(call, p, in.IDToken)
	if err != nil {
		return nil, err
	}
	v.callbackURL = deref(in.CallbackURL)
	v.noSignUp = noSignUp(p, in.RequestSignUp)
	out, err := c.admit(call, v)
	if why, refused := errors.AsType[refusal](err); refused {
		if why == refusedUnverified {
			return nil, plugin.Errorf(http.StatusForbidden, "EMAIL_NOT_VERIFIED", "Email not verified")
		}
		return nil, plugin.Errorf(http.StatusUnauthorized, "OAUTH_LINK_ERROR", "%s", string(why))
	}
	if err != nil {
		return nil, err
	}
	return &signInOutput{Token: out.login.Session.Token, User: call.PublicUser(out.login.User)}, nil
}

// visitorWithIDToken verifies an id token and says whose it is.
func (c *core) visitorWithIDToken(call *plugin.Call, p oauth.Provider, in *idTokenInput) (*visitor, error) {
	if !p.AcceptsIDTokens() {
		return nil, plugin.Errorf(http.StatusNotFound, "ID_TOKEN_NOT_SUPPORTED", "id_token not supported")
	}
	ctx, cancel := patient(call.Context(), patience)
	defer cancel()
	profile, err := c.Social.Client.IDTokenUser(ctx, p, oauth.IDTokenRequest{
		Token: in.Token, Nonce: deref(in.Nonce), AccessToken: deref(in.AccessToken), GivenName: in.givenName(),
	})
	if err != nil {
		call.Host.Log.WarnContext(call.Context(), "id token refused", "provider", p.ID, "err", err)
		if e, ok := errors.AsType[*oauth.Error](err); ok && e.Code == oauth.CodeInvalidToken {
			return nil, errInvalidToken(http.StatusUnauthorized)
		}
		return nil, plugin.Errorf(http.StatusUnauthorized, "FAILED_TO_GET_USER_INFO", "Failed to get user info")
	}
	v := newVisitor(p, profile)
	if v.email == "" {
		return nil, plugin.Errorf(http.StatusUnauthorized, "USER_EMAIL_NOT_FOUND", "User email not found")
	}
	v.tokens = c.seal(call.Host, oauth.Tokens{AccessToken: deref(in.AccessToken), IDToken: in.Token})
	return v, nil
}

func (in *idTokenInput) givenName() string {
	if in.User == nil || in.User.Name == nil {
		return ""
	}
	return strings.TrimSpace(deref(in.User.Name.FirstName) + " " + deref(in.User.Name.LastName))
}

// noSignUp reports whether a service only signs in users who are known.
func noSignUp(p oauth.Provider, requested *bool) bool {
	return p.DisableSignUp || p.DisableImplicitSignUp && !deref(requested)
}

// seal returns tokens as they are stored. Id tokens are not encrypted, as
// upstream (oauth2/utils.ts).
func (c *core) seal(h *plugin.Host, t oauth.Tokens) identity.OAuthTokens {
	seal := func(token string) identity.Token {
		if token != "" && c.Account.EncryptTokens {
			token = h.Vault().Encrypt(token)
		}
		return identity.Token(token)
	}
	return identity.OAuthTokens{
		AccessToken: seal(t.AccessToken), RefreshToken: seal(t.RefreshToken), IDToken: identity.Token(t.IDToken),
		AccessTokenExpiresAt: t.AccessTokenExpiresAt, RefreshTokenExpiresAt: t.RefreshTokenExpiresAt,
	}
}
