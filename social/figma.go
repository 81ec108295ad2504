package social

import "github.com/lockstep-auth/lockstep/oauth"

// Figma signs users in with Figma.
//
// https://developers.figma.com/docs/rest-api/oauth-apps/
func Figma(o Options) oauth.Provider {
	return o.apply(oauth.Provider{
		ID:          "figma",
		Name:        "Figma",
		NeedsSecret: true,
		Auth:        oauth.AuthBasic,
		AuthURL:     "https://www.figma.com/oauth",
		TokenURL:    "https://api.figma.com/v1/oauth/token",
		UserInfoURL: "https://api.figma.com/v1/me",
		Scopes:      []string{"current_user:read"},
		Profile: func(c oauth.Claims) (oauth.Profile, error) {
			return oauth.Profile{
				Subject: c.Identifier("id"),
				Name:    c.Text("handle"),
				Email:   c.Text("email"),
				Image:   c.Text("img_url"),
			}, nil
		},
	})
}
