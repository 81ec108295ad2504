package social

import "github.com/lockstep-auth/lockstep/oauth"

// VercelOptions are the options of Vercel.
type VercelOptions struct {
	Options

	TokenEndpointAuth TokenAuth `option:"tokenEndpointAuth"`
}

// Vercel signs users in with Vercel, without refresh tokens.
//
// https://vercel.com/docs/sign-in-with-vercel
func Vercel(o VercelOptions) oauth.Provider {
	p := o.apply(oauth.Provider{
		ID:          "vercel",
		Name:        "Vercel",
		AuthURL:     "https://vercel.com/oauth/authorize",
		TokenURL:    "https://api.vercel.com/login/oauth/token",
		UserInfoURL: "https://api.vercel.com/login/oauth/userinfo",
		NoRefresh:   true,
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
	o.TokenEndpointAuth.apply(&p)
	return p
}
