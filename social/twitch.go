package social

import (
	"encoding/json"

	"github.com/lockstep-auth/lockstep/oauth"
)

// TwitchOptions are the options of Twitch.
type TwitchOptions struct {
	Options

	// Claims are asked for in the id token, besides email and email_verified.
	// Defaults to preferred_username and picture.
	Claims []string `option:"claims"`
}

// Twitch signs users in with Twitch.
//
// https://dev.twitch.tv/docs/authentication/getting-tokens-oidc/
func Twitch(o TwitchOptions) oauth.Provider {
	return o.apply(oauth.Provider{
		ID:       "twitch",
		Name:     "Twitch",
		AuthURL:  "https://id.twitch.tv/oauth2/authorize",
		TokenURL: "https://id.twitch.tv/oauth2/token",
		Scopes:   []string{"user:read:email", "openid"},
		NoPKCE:   true,
		Params:   oauth.Params{{Name: "claims", Value: twitchClaims(o.Claims)}},
		Source:   oauth.FromIDToken,
		IDToken:  oauth.IDTokenRules{Issuers: []string{"https://id.twitch.tv/oauth2"}},
		Profile: func(c oauth.Claims) (oauth.Profile, error) {
			return oauth.Profile{
				Subject:       c.Text("sub"),
				Name:          c.Text("preferred_username"),
				Email:         c.Text("email"),
				EmailVerified: c.Flag("email_verified"),
				Image:         c.Text("picture"),
			}, nil
		},
	})
}

// twitchClaims returns the claims parameter (OpenID Connect Core §5.5).
func twitchClaims(more []string) string {
	if more == nil {
		more = []string{"preferred_username", "picture"}
	}
	null := json.RawMessage("null")
	claims := oauth.Claims{}.With("email", null).With("email_verified", null)
	for _, name := range more {
		claims = claims.With(name, null)
	}
	return string(oauth.Claims{}.With("id_token", claims).JSON())
}
