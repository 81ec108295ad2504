package social

import (
	"cmp"

	"github.com/lockstep-auth/lockstep/oauth"
)

// PaybinOptions are the options of Paybin.
type PaybinOptions struct {
	Options

	// Issuer defaults to https://idp.paybin.io.
	Issuer string `option:"issuer"`
}

// Paybin signs users in with Paybin.
//
// https://paybin.io
func Paybin(o PaybinOptions) oauth.Provider {
	issuer := cmp.Or(o.Issuer, "https://idp.paybin.io")
	return o.apply(oauth.Provider{
		ID:          "paybin",
		Name:        "Paybin",
		NeedsSecret: true,
		AuthURL:     issuer + "/oauth2/authorize",
		TokenURL:    issuer + "/oauth2/token",
		Scopes:      []string{"openid", "email", "profile"},
		LoginHint:   true,
		Prompt:      o.Prompt,
		Source:      oauth.FromIDToken,
		Profile: func(c oauth.Claims) (oauth.Profile, error) {
			return oauth.Profile{
				Subject:       c.Text("sub"),
				Name:          c.FirstText("name", "preferred_username"),
				Email:         c.Text("email"),
				EmailVerified: c.Flag("email_verified"),
				Image:         c.Text("picture"),
			}, nil
		},
	})
}
