package social

import "github.com/lockstep-auth/lockstep/oauth"

// Kick signs users in with Kick.
//
// https://docs.kick.com/getting-started/generating-tokens-oauth2-flow
func Kick(o Options) oauth.Provider {
	return o.apply(oauth.Provider{
		ID:          "kick",
		Name:        "Kick",
		AuthURL:     "https://id.kick.com/oauth/authorize",
		TokenURL:    "https://id.kick.com/oauth/token",
		UserInfoURL: "https://api.kick.com/public/v1/users",
		Scopes:      []string{"user:read"},
		Profile:     kickProfile,
	})
}

// kickProfile reads the first of the users in the answer, who is the one that
// the access token is of.
func kickProfile(c oauth.Claims) (oauth.Profile, error) {
	users := c.Objects("data")
	if len(users) == 0 {
		return oauth.Profile{}, errNoUser
	}
	u := users[0]
	return oauth.Profile{
		Subject: u.Identifier("user_id"),
		Name:    u.Text("name"),
		Email:   u.Text("email"),
		Image:   u.Text("profile_picture"),
		Data:    u.JSON(),
	}, nil
}
