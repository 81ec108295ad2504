package social

import (
	"net/http"

	"github.com/lockstep-auth/lockstep/oauth"
)

// DropboxOptions are the options of Dropbox.
type DropboxOptions struct {
	Options

	// AccessType is "offline" (with a refresh token), "online" or "legacy".
	AccessType string `option:"accessType"`
}

// Dropbox signs users in with Dropbox.
//
// https://www.dropbox.com/developers/documentation/http/documentation#authorization
func Dropbox(o DropboxOptions) oauth.Provider {
	p := o.apply(oauth.Provider{
		ID:          "dropbox",
		Name:        "Dropbox",
		AuthURL:     "https://www.dropbox.com/oauth2/authorize",
		TokenURL:    "https://api.dropboxapi.com/oauth2/token",
		UserInfoURL: "https://api.dropboxapi.com/2/users/get_current_account",
		Scopes:      []string{"account_info.read"},
		UserInfoRequest: func(l oauth.Lookup) (oauth.Request, error) {
			r := oauth.Bearer(l.Provider.UserInfoURL, l.Tokens.AccessToken)
			r.Method = http.MethodPost
			return r, nil
		},
		Profile: dropboxProfile,
	})
	if o.AccessType != "" {
		p.Params = oauth.Params{{Name: "token_access_type", Value: o.AccessType}}
	}
	return p
}

func dropboxProfile(c oauth.Claims) (oauth.Profile, error) {
	return oauth.Profile{
		Subject:       c.Identifier("account_id"),
		Name:          c.Object("name").Text("display_name"),
		Email:         c.Text("email"),
		EmailVerified: c.Flag("email_verified"),
		Image:         c.Text("profile_photo_url"),
	}, nil
}
