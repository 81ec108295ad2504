package social

import "github.com/lockstep-auth/lockstep/oauth"

// Kakao signs users in with Kakao.
//
// https://developers.kakao.com/docs/latest/en/kakaologin/rest-api
func Kakao(o Options) oauth.Provider {
	return o.apply(oauth.Provider{
		ID:          "kakao",
		Name:        "Kakao",
		AuthURL:     "https://kauth.kakao.com/oauth/authorize",
		TokenURL:    "https://kauth.kakao.com/oauth/token",
		UserInfoURL: "https://kapi.kakao.com/v2/user/me",
		Scopes:      []string{"account_email", "profile_image", "profile_nickname"},
		NoPKCE:      true,
		LoginHint:   true,
		Profile:     kakaoProfile,
	})
}

func kakaoProfile(c oauth.Claims) (oauth.Profile, error) {
	account := c.Object("kakao_account")
	profile := account.Object("profile")
	name := profile.Text("nickname")
	if name == "" {
		name = account.Text("name")
	}
	return oauth.Profile{
		Subject:       c.Identifier("id"),
		Name:          name,
		Email:         account.Text("email"),
		EmailVerified: account.Flag("is_email_valid") && account.Flag("is_email_verified"),
		Image:         profile.FirstText("profile_image_url", "thumbnail_image_url"),
	}, nil
}
