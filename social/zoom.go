package social

import "github.com/lockstep-auth/lockstep/oauth"

// ZoomOptions are the options of Zoom.
type ZoomOptions struct {
	Options

	// PKCE can be false. Defaults to true.
	PKCE *bool `option:"pkce"`
}

// Zoom signs users in with Zoom. The scopes are chosen in Zoom's marketplace.
//
// https://developers.zoom.us/docs/integrations/oauth/
func Zoom(o ZoomOptions) oauth.Provider {
	return o.apply(oauth.Provider{
		ID:          "zoom",
		Name:        "Zoom",
		AuthURL:     "https://zoom.us/oauth/authorize",
		TokenURL:    "https://zoom.us/oauth/token",
		UserInfoURL: "https://api.zoom.us/v2/users/me",
		NoScopes:    true,
		NoPKCE:      o.PKCE != nil && !*o.PKCE,
		Profile:     zoomProfile,
	})
}

func zoomProfile(c oauth.Claims) (oauth.Profile, error) {
	verified, _ := c.Number("verified") // Zoom writes 1 and 0
	return oauth.Profile{
		Subject:       c.Identifier("id"),
		Name:          c.Text("display_name"),
		Email:         c.Text("email"),
		EmailVerified: verified == 1 || c.Flag("verified"),
		Image:         c.Text("pic_url"),
	}, nil
}
