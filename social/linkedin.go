package social

import "github.com/lockstep-auth/lockstep/oauth"

// LinkedIn signs users in with LinkedIn.
//
// https://learn.microsoft.com/en-us/linkedin/consumer/integrations/self-serve/sign-in-with-linkedin-v2
func LinkedIn(o Options) oauth.Provider {
	return o.apply(oauth.Provider{
		ID:          "linkedin",
		Name:        "Linkedin",
		AuthURL:     "https://www.linkedin.com/oauth/v2/authorization",
		TokenURL:    "https://www.linkedin.com/oauth/v2/accessToken",
		UserInfoURL: "https://api.linkedin.com/v2/userinfo",
		Scopes:      []string{"profile", "email", "openid"},
		NoPKCE:      true,
		LoginHint:   true,
		Profile: func(c oauth.Claims) (oauth.Profile, error) {
			return oauth.Profile{
				Subject:       c.Identifier("sub"),
				Name:          c.Text("name"),
				Email:         c.Text("email"),
				EmailVerified: c.Flag("email_verified"),
				Image:         c.Text("picture"),
			}, nil
		},
	})
}
