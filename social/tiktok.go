package social

import (
	"cmp"

	"github.com/lockstep-auth/lockstep/oauth"
)

// TikTokOptions are the options of TikTok.
type TikTokOptions struct {
	Options

	// ClientKey is what TikTok calls the client id. ClientID counts more.
	ClientKey string `option:"clientKey"`
}

// TikTok signs users in with TikTok, which tells no email address and calls the
// client id client_key.
//
// https://developers.tiktok.com/doc/login-kit-web
func TikTok(o TikTokOptions) oauth.Provider {
	o.ClientID = cmp.Or(o.ClientID, o.ClientKey)
	return o.apply(oauth.Provider{
		ID:             "tiktok",
		Name:           "TikTok",
		NeedsSecret:    true,
		AuthURL:        "https://www.tiktok.com/v2/auth/authorize",
		TokenURL:       "https://open.tiktokapis.com/v2/oauth/token/",
		UserInfoURL:    "https://open.tiktokapis.com/v2/user/info/?fields=open_id,avatar_large_url,display_name,username",
		Scopes:         []string{"user.info.profile"},
		ScopeSeparator: ",",
		NoPKCE:         true,
		Authorize:      tiktokURL,
		Authenticate: func(p oauth.Provider, r *oauth.TokenRequest) error {
			r.Params.Set("client_key", p.ClientID())
			r.Params.Set("client_secret", p.ClientSecret)
			return nil
		},
		Profile: tiktokProfile,
	})
}

func tiktokURL(p oauth.Provider, r oauth.AuthorizationRequest) (string, error) {
	params := oauth.Params{
		{Name: "scope", Value: p.JoinedScopes(r.Scopes)},
		{Name: "response_type", Value: "code"},
		{Name: "client_key", Value: p.ClientID()},
		{Name: "redirect_uri", Value: p.RedirectFor(r.RedirectURI)},
		{Name: "state", Value: r.State},
	}
	p.AddParams(&params, r.Params, "client_key")
	return oauth.AppendQuery(p.AuthURL, params)
}

func tiktokProfile(c oauth.Claims) (oauth.Profile, error) {
	u := c.Object("data").Object("user")
	id := u.Identifier("open_id")
	email := u.Text("email")
	if email == "" {
		var err error
		if email, err = placeholder(id, "tiktok"); err != nil {
			return oauth.Profile{}, err
		}
	}
	return oauth.Profile{
		Subject: id,
		Name:    u.FirstText("display_name", "username"),
		Email:   email,
		Image:   u.Text("avatar_large_url"),
	}, nil
}
