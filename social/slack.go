package social

import "github.com/lockstep-auth/lockstep/oauth"

// Slack signs users in with Slack. A user has one id in each workspace.
//
// https://api.slack.com/authentication/sign-in-with-slack
func Slack(o Options) oauth.Provider {
	return o.apply(oauth.Provider{
		ID:                 "slack",
		Name:               "Slack",
		AuthURL:            "https://slack.com/openid/connect/authorize",
		TokenURL:           "https://slack.com/api/openid.connect.token",
		UserInfoURL:        "https://slack.com/api/openid.connect.userInfo",
		Scopes:             []string{"openid", "profile", "email"},
		RequestScopesFirst: true,
		NoPKCE:             true,
		Profile: func(c oauth.Claims) (oauth.Profile, error) {
			return oauth.Profile{
				Subject:       c.Identifier("https://slack.com/user_id"),
				Name:          c.Text("name"),
				Email:         c.Text("email"),
				EmailVerified: c.Flag("email_verified"),
				Image:         c.FirstText("picture", "https://slack.com/user_image_512"),
			}, nil
		},
	})
}
