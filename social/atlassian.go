package social

import "github.com/lockstep-auth/lockstep/oauth"

// Atlassian signs users in with Atlassian.
//
// https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/
func Atlassian(o Options) oauth.Provider {
	return o.apply(oauth.Provider{
		ID:          "atlassian",
		Name:        "Atlassian",
		NeedsSecret: true,
		AuthURL:     "https://auth.atlassian.com/authorize",
		TokenURL:    "https://auth.atlassian.com/oauth/token",
		UserInfoURL: "https://api.atlassian.com/me",
		Scopes:      []string{"read:jira-user", "offline_access"},
		Prompt:      o.Prompt,
		FixedParams: oauth.Params{{Name: "audience", Value: "api.atlassian.com"}},
		Profile: func(c oauth.Claims) (oauth.Profile, error) {
			return oauth.Profile{
				Subject: c.Identifier("account_id"),
				Name:    c.Text("name"),
				Email:   c.Text("email"),
				Image:   c.Text("picture"),
			}, nil
		},
	})
}
