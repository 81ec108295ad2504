package social

import "github.com/lockstep-auth/lockstep/oauth"

// Polar signs users in with Polar.
//
// https://polar.sh/docs/integrate/oauth2/introduction
func Polar(o Options) oauth.Provider {
	return o.apply(oauth.Provider{
		ID:          "polar",
		Name:        "Polar",
		AuthURL:     "https://polar.sh/oauth2/authorize",
		TokenURL:    "https://api.polar.sh/v1/oauth2/token",
		UserInfoURL: "https://api.polar.sh/v1/oauth2/userinfo",
		Scopes:      []string{"openid", "profile", "email"},
		Prompt:      o.Prompt,
		Profile: func(c oauth.Claims) (oauth.Profile, error) {
			return oauth.Profile{
				Subject:       c.Identifier("id"),
				Name:          c.FirstText("public_name", "username"),
				Email:         c.Text("email"),
				EmailVerified: c.Flag("email_verified"),
				Image:         c.Text("avatar_url"),
			}, nil
		},
	})
}
