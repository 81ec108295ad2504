package social

import "github.com/lockstep-auth/lockstep/oauth"

// Notion signs users in with Notion, as the owner of the bot that an access token
// makes.
//
// https://developers.notion.com/docs/authorization
func Notion(o Options) oauth.Provider {
	return o.apply(oauth.Provider{
		ID:          "notion",
		Name:        "Notion",
		NeedsSecret: true,
		Auth:        oauth.AuthBasic,
		RefreshAuth: oauth.AuthPost,
		AuthURL:     "https://api.notion.com/v1/oauth/authorize",
		TokenURL:    "https://api.notion.com/v1/oauth/token",
		UserInfoURL: "https://api.notion.com/v1/users/me",
		NoPKCE:      true,
		LoginHint:   true,
		FixedParams: oauth.Params{{Name: "owner", Value: "user"}},
		UserInfoRequest: func(l oauth.Lookup) (oauth.Request, error) {
			r := oauth.Bearer(l.Provider.UserInfoURL, l.Tokens.AccessToken)
			r.Header["Notion-Version"] = "2022-06-28"
			return r, nil
		},
		Profile: notionProfile,
	})
}

func notionProfile(c oauth.Claims) (oauth.Profile, error) {
	u := c.Object("bot").Object("owner").Object("user")
	return oauth.Profile{
		Subject: u.Identifier("id"),
		Name:    u.Text("name"),
		Email:   u.Object("person").Text("email"),
		Image:   u.Text("avatar_url"),
		Data:    u.JSON(),
	}, nil
}
