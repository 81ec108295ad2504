package core

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/jsjson"
	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/plugin"
)

// dueBefore is how long before it expires an access token is renewed, as
// upstream.
const dueBefore = 5 * time.Second

type accessTokenOutput struct {
	AccessToken          string          `json:"accessToken"`
	AccessTokenExpiresAt json.RawMessage `json:"accessTokenExpiresAt,omitempty"`
	Scopes               []string        `json:"scopes"`
	IDToken              string          `json:"idToken,omitempty"`
}

// getAccessToken answers an access token that is good for a while.
func (c *core) getAccessToken(call *plugin.Call) (*accessTokenOutput, error) {
	a, err := c.selectedInBody(call)
	if err != nil {
		return nil, err
	}
	p, err := c.providerOf(call, a)
	if err != nil {
		return nil, err
	}
	now, token, err := c.currentToken(call, p, a)
	if err != nil {
		return nil, err
	}
	return &accessTokenOutput{
		AccessToken: token, AccessTokenExpiresAt: dateJSON(now.AccessTokenExpiresAt), Scopes: now.Scopes(), IDToken: string(now.IDToken),
	}, nil
}

// dateJSON writes a time as JavaScript does; nil if it is not known.
func dateJSON(t time.Time) json.RawMessage {
	if t.IsZero() {
		return nil
	}
	return jsjson.AppendTime(nil, t)
}

// orNull writes null for what is not there.
func orNull(raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return json.RawMessage("null")
	}
	return raw
}

// providerOf returns the service that an account is at.
func (c *core) providerOf(call *plugin.Call, a *reading) (oauth.Provider, error) {
	p, err := c.describe(call.Context(), a.ProviderID)
	if errors.Is(err, errNoProvider) {
		return p, plugin.Errorf(http.StatusBadRequest, "PROVIDER_NOT_SUPPORTED", "Provider %s is not supported.", a.ProviderID)
	}
	if err != nil {
		return c.provider(call, a.ProviderID) // which says and logs why
	}
	return p, nil
}

// currentToken returns the account with an access token that does not expire at
// once, and the token itself.
func (c *core) currentToken(call *plugin.Call, p oauth.Provider, read *reading) (*identity.Account, string, error) {
	a := read.Account
	if a.RefreshToken != "" && due(a, call.Host.Now()) && !p.NoRefresh {
		renewed, err := c.renew(call, p, read)
		if err != nil {
			return nil, "", c.tokenError(call, p, err, "FAILED_TO_GET_ACCESS_TOKEN", "Failed to get a valid access token")
		}
		a = renewed
		call.SetAccount(a)
	}
	token, err := c.open(call.Host, a.AccessToken)
	if err != nil {
		return nil, "", c.tokenError(call, p, err, "FAILED_TO_GET_ACCESS_TOKEN", "Failed to get a valid access token")
	}
	return a, token, nil
}

func due(a *identity.Account, now time.Time) bool {
	return !a.AccessTokenExpiresAt.IsZero() && a.AccessTokenExpiresAt.Sub(now) < dueBefore
}

// tokenError turns what went wrong at the service, or with a stored token, into
// what the client is told. What went wrong with the database stays what it is.
func (c *core) tokenError(call *plugin.Call, p oauth.Provider, err error, code, message string) error {
	if errors.Is(err, identity.ErrNotFound) { // it was unlinked just now
		return errAccountNotFound()
	}
	_, atService := errors.AsType[*oauth.Error](err)
	if !atService && !errors.Is(err, errUnreadable) {
		return err
	}
	call.Host.Log.WarnContext(call.Context(), "no token of an account", "provider", p.ID, "err", err)
	return &plugin.Error{Status: http.StatusBadRequest, Code: code, Message: message, Err: err}
}

type refreshTokenOutput struct {
	AccessToken           string          `json:"accessToken"`
	RefreshToken          string          `json:"refreshToken"`
	AccessTokenExpiresAt  json.RawMessage `json:"accessTokenExpiresAt,omitempty"`
	RefreshTokenExpiresAt json.RawMessage `json:"refreshTokenExpiresAt"`
	Scope                 *string         `json:"scope"`
	IDToken               *string         `json:"idToken"`
	ProviderID            string          `json:"providerId"`
	AccountID             string          `json:"accountId"`
}

// refreshToken renews the tokens of an account.
func (c *core) refreshToken(call *plugin.Call) (*refreshTokenOutput, error) {
	a, err := c.selectedInBody(call)
	if err != nil {
		return nil, err
	}
	p, err := c.providerOf(call, a)
	if err != nil {
		return nil, err
	}
	if p.NoRefresh {
		return nil, plugin.Errorf(http.StatusBadRequest, "TOKEN_REFRESH_NOT_SUPPORTED",
			"Provider %s does not support token refreshing.", a.ProviderID)
	}
	if a.RefreshToken == "" {
		return nil, plugin.Errorf(http.StatusBadRequest, "REFRESH_TOKEN_NOT_FOUND", "Refresh token not found")
	}
	renewed, err := c.renew(call, p, a)
	var access, refresh string
	if err == nil {
		access, err = c.open(call.Host, renewed.AccessToken)
	}
	if err == nil {
		refresh, err = c.open(call.Host, renewed.RefreshToken)
	}
	if err != nil {
		return nil, c.tokenError(call, p, err, "FAILED_TO_REFRESH_ACCESS_TOKEN", "Failed to refresh access token")
	}
	if sent := call.SentAccount(a.UserID); sent != nil && sent.ID == a.ID {
		call.SetAccount(renewed)
	}
	expires := renewed.AccessTokenExpiresAt
	if expires.Equal(a.AccessTokenExpiresAt) {
		expires = time.Time{} // the service did not say; this is the end of the old token
	}
	return &refreshTokenOutput{
		AccessToken: access, RefreshToken: refresh,
		AccessTokenExpiresAt: dateJSON(expires), RefreshTokenExpiresAt: orNull(dateJSON(renewed.RefreshTokenExpiresAt)),
		Scope: orNil(a.Scope), IDToken: orNil(string(renewed.IDToken)), ProviderID: a.ProviderID, AccountID: a.ID,
	}, nil
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// errUnreadable means that a stored token was encrypted with another secret.
var errUnreadable = errors.New("core: a stored token cannot be decrypted")

// open returns a token as the service knows it. Tokens that were stored before
// they were encrypted are read too (upstream: oauth2/utils.ts).
func (c *core) open(h *plugin.Host, stored identity.Token) (string, error) {
	token := string(stored)
	if !c.Account.EncryptTokens || !isSealed(token) {
		return token, nil
	}
	token, err := h.Vault().Decrypt(token)
	if err != nil {
		return "", errUnreadable
	}
	return token, nil
}

// minSealed is the length of the shortest token that is encrypted: 24 bytes of
// nonce and 16 of tag, in hexadecimal. Some services' own tokens are shorter hex.
const minSealed = 80

// isSealed reports whether a stored token looks encrypted.
func isSealed(token string) bool {
	if strings.HasPrefix(token, "$ba$") {
		return true
	}
	return len(token) >= minSealed && len(token)%2 == 0 && strings.Trim(token, "0123456789abcdefABCDEF") == ""
}
