package social

import (
	"cmp"

	"github.com/lockstep-auth/lockstep/oauth"
)

// Roblox signs users in with Roblox, which tells no email address.
//
// https://create.roblox.com/docs/cloud/auth/oauth2-reference
func Roblox(o Options) oauth.Provider {
	return o.apply(oauth.Provider{
		ID:          "roblox",
		Name:        "Roblox",
		AuthURL:     "https://apis.roblox.com/oauth/v1/authorize",
		TokenURL:    "https://apis.roblox.com/oauth/v1/token",
		UserInfoURL: "https://apis.roblox.com/oauth/v1/userinfo",
		Scopes:      []string{"openid", "profile"},
		NoPKCE:      true,
		Prompt:      cmp.Or(o.Prompt, "select_account consent"),
		Profile:     robloxProfile,
	})
}

func robloxProfile(c oauth.Claims) (oauth.Profile, error) {
	sub := c.Identifier("sub")
	email, err := placeholder(sub, "roblox")
	if err != nil {
		return oauth.Profile{}, err
	}
	return oauth.Profile{
		Subject: sub,
		Name:    c.FirstText("nickname", "preferred_username"),
		Email:   email,
		Image:   c.Text("picture"),
	}, nil
}
