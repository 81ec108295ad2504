package core

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/lockstep-auth/lockstep/internal/jsjson"
	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/plugin"
)

type accountInfoOutput struct {
	User    json.RawMessage `json:"user"`
	Data    json.RawMessage `json:"data"`
	Account accountOutput   `json:"account"`
}

type accountOutput struct {
	ID         string `json:"id"`
	ProviderID string `json:"providerId"`
	AccountID  string `json:"accountId"`
}

// accountInfo answers how the service describes the user at this moment.
func (c *core) accountInfo(call *plugin.Call) (*accountInfoOutput, error) {
	read, err := c.selectedInQuery(call)
	if err != nil {
		return nil, err
	}
	p, err := c.describe(call.Context(), read.ProviderID)
	if errors.Is(err, errNoProvider) {
		return nil, plugin.Errorf(http.StatusBadRequest, "PROVIDER_NOT_CONFIGURED",
			"Account is not associated with a configured social provider.")
	}
	if err != nil {
		_, err = c.provider(call, read.ProviderID) // which says and logs why
		return nil, err
	}
	a, token, err := c.currentToken(call, p, read)
	if err != nil {
		return nil, err
	}
	if token == "" {
		return nil, plugin.Errorf(http.StatusBadRequest, "ACCESS_TOKEN_NOT_FOUND", "Access token not found")
	}
	ctx, cancel := patient(call.Context(), patience/2) // the other half was for a renewal
	defer cancel()
	profile, err := c.profileOf(ctx, p, oauth.Tokens{AccessToken: token, IDToken: string(a.IDToken), Scopes: a.Scopes()})
	if err != nil {
		call.Host.Log.WarnContext(call.Context(), "no description of a user", "provider", p.ID, "err", err)
		return nil, plugin.Errorf(http.StatusUnauthorized, "FAILED_TO_GET_USER_INFO", "Failed to get user info")
	}
	return &accountInfoOutput{
		User: profileJSON(profile), Data: profile.Data,
		Account: accountOutput{ID: a.ID, ProviderID: a.ProviderID, AccountID: a.AccountID},
	}, nil
}

// profileOf asks the service for a user, or reads the id token that was verified
// when it was stored: it has expired since, and says the same as it did.
func (c *core) profileOf(ctx context.Context, p oauth.Provider, t oauth.Tokens) (oauth.Profile, error) {
	p.SendNonce = false // there is no browser that it could bind
	fromToken := p.Source == oauth.FromIDToken || p.Source != oauth.FromUserInfo && t.IDToken != ""
	if !fromToken {
		return c.Social.Client.User(ctx, p, t, oauth.UserRequest{})
	}
	claims, err := oauth.PeekClaims(t.IDToken)
	if err != nil {
		return oauth.Profile{}, err
	}
	if p.Source == oauth.FromIDTokenAndUserInfo && claims.Text("email") == "" {
		p.Source = oauth.FromUserInfo
		return c.Social.Client.User(ctx, p, t, oauth.UserRequest{})
	}
	profile, err := p.Profile(claims)
	if err != nil {
		return oauth.Profile{}, err
	}
	profile.Data = claims.JSON()
	l := oauth.Lookup{Client: c.Social.Client, Provider: p, Tokens: t, Claims: claims, IDToken: true}
	if p.Complete != nil {
		if err := p.Complete(ctx, l, &profile); err != nil {
			return oauth.Profile{}, err
		}
	}
	if p.MapProfile != nil {
		return p.MapProfile(ctx, profile)
	}
	return profile, nil
}

// profileJSON writes a user as upstream's providers do.
func profileJSON(p oauth.Profile) json.RawMessage {
	out := append([]byte(nil), `{"name":`...)
	out = jsjson.AppendString(out, p.Name)
	out = append(out, `,"email":`...)
	if p.Email == "" {
		out = append(out, "null"...)
	} else {
		out = jsjson.AppendString(out, p.Email)
	}
	if p.Image != "" {
		out = jsjson.AppendString(append(out, `,"image":`...), p.Image)
	}
	out = jsjson.AppendValue(append(out, `,"emailVerified":`...), p.EmailVerified)
	for _, name := range slices.Sorted(maps.Keys(p.Fields)) {
		value, err := json.Marshal(p.Fields[name])
		if err != nil {
			continue
		}
		out = append(append(jsjson.AppendString(append(out, ','), name), ':'), value...)
	}
	return append(out, '}')
}
