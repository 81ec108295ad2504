package social

import "github.com/lockstep-auth/lockstep/oauth"

// Naver signs users in with Naver.
//
// https://developers.naver.com/docs/login/api/api.md
func Naver(o Options) oauth.Provider {
	return o.apply(oauth.Provider{
		ID:          "naver",
		Name:        "Naver",
		AuthURL:     "https://nid.naver.com/oauth2.0/authorize",
		TokenURL:    "https://nid.naver.com/oauth2.0/token",
		UserInfoURL: "https://openapi.naver.com/v1/nid/me",
		Scopes:      []string{"profile", "email"},
		NoPKCE:      true,
		Profile:     naverProfile,
	})
}

func naverProfile(c oauth.Claims) (oauth.Profile, error) {
	if c.Text("resultcode") != "00" {
		return oauth.Profile{}, errNoUser
	}
	u := c.Object("response")
	return oauth.Profile{
		Subject: u.Identifier("id"),
		Name:    u.FirstText("name", "nickname"),
		Email:   u.Text("email"),
		Image:   u.Text("profile_image"),
	}, nil
}
