package social

import "github.com/lockstep-auth/lockstep/oauth"

// HuggingFace signs users in with Hugging Face.
//
// https://huggingface.co/docs/hub/oauth
func HuggingFace(o Options) oauth.Provider {
	return o.apply(oauth.Provider{
		ID:          "huggingface",
		Name:        "Hugging Face",
		AuthURL:     "https://huggingface.co/oauth/authorize",
		TokenURL:    "https://huggingface.co/oauth/token",
		UserInfoURL: "https://huggingface.co/oauth/userinfo",
		Scopes:      []string{"openid", "profile", "email"},
		Profile: func(c oauth.Claims) (oauth.Profile, error) {
			return oauth.Profile{
				Subject:       c.Identifier("sub"),
				Name:          c.FirstText("name", "preferred_username"),
				Email:         c.Text("email"),
				EmailVerified: c.Flag("email_verified"),
				Image:         c.Text("picture"),
			}, nil
		},
	})
}
