package social

import "github.com/lockstep-auth/lockstep/oauth"

// Railway signs users in with Railway.
//
// https://docs.railway.com/integrations/oauth
func Railway(o Options) oauth.Provider {
	return o.apply(oauth.Provider{
		ID:          "railway",
		Name:        "Railway",
		NeedsSecret: true,
		Auth:        oauth.AuthBasic,
		AuthURL:     "https://backboard.railway.com/oauth/auth",
		TokenURL:    "https://backboard.railway.com/oauth/token",
		UserInfoURL: "https://backboard.railway.com/oauth/me",
		Scopes:      []string{"openid", "email", "profile"},
		Profile: func(c oauth.Claims) (oauth.Profile, error) {
			return oauth.Profile{
				Subject: c.Identifier("sub"),
				Name:    c.Text("name"),
				Email:   c.Text("email"),
				Image:   c.Text("picture"),
			}, nil
		},
	})
}
