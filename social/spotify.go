package social

import "github.com/lockstep-auth/lockstep/oauth"

// Spotify signs users in with Spotify, which does not verify email addresses.
//
// https://developer.spotify.com/documentation/web-api/tutorials/code-pkce-flow
func Spotify(o Options) oauth.Provider {
	return o.apply(oauth.Provider{
		ID:          "spotify",
		Name:        "Spotify",
		AuthURL:     "https://accounts.spotify.com/authorize",
		TokenURL:    "https://accounts.spotify.com/api/token",
		UserInfoURL: "https://api.spotify.com/v1/me",
		Scopes:      []string{"user-read-email"},
		Profile:     spotifyProfile,
	})
}

func spotifyProfile(c oauth.Claims) (oauth.Profile, error) {
	p := oauth.Profile{Subject: c.Identifier("id"), Name: c.Text("display_name"), Email: c.Text("email")}
	if images := c.Objects("images"); len(images) > 0 {
		p.Image = images[0].Text("url")
	}
	return p, nil
}
