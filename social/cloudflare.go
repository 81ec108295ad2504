package social

import (
	"cmp"
	"strings"

	"github.com/lockstep-auth/lockstep/oauth"
)

// CloudflareOptions are the options of Cloudflare.
type CloudflareOptions struct {
	Options

	// TokenEndpointAuthMethod is TokenEndpointAuth.Method in short. It defaults to
	// "client_secret_basic" with a secret.
	TokenEndpointAuthMethod string    `option:"tokenEndpointAuthMethod"`
	TokenEndpointAuth       TokenAuth `option:"tokenEndpointAuth"`
}

// Cloudflare signs users in with Cloudflare.
//
// https://developers.cloudflare.com/fundamentals/oauth/create-an-oauth-client/
func Cloudflare(o CloudflareOptions) oauth.Provider {
	p := o.apply(oauth.Provider{
		ID:           "cloudflare",
		Name:         "Cloudflare",
		AuthURL:      "https://dash.cloudflare.com/oauth2/auth",
		TokenURL:     "https://dash.cloudflare.com/oauth2/token",
		UserInfoURL:  "https://api.cloudflare.com/client/v4/user",
		Scopes:       []string{"user-details.read"},
		UniqueScopes: true,
		NoParams:     true,
		Profile:      cloudflareProfile,
	})
	if o.ClientSecret != "" {
		p.Auth = oauth.AuthBasic
	}
	auth := o.TokenEndpointAuth
	auth.Method = cmp.Or(auth.Method, o.TokenEndpointAuthMethod)
	auth.apply(&p)
	return p
}

func cloudflareProfile(c oauth.Claims) (oauth.Profile, error) {
	if !c.Flag("success") {
		return oauth.Profile{}, errNoUser
	}
	u := c.Object("result")
	name := strings.TrimSpace(u.Text("first_name") + " " + u.Text("last_name"))
	return oauth.Profile{
		Subject: u.Identifier("id"),
		Name:    cmp.Or(name, u.Text("email")),
		Email:   u.Text("email"),
		Data:    u.JSON(),
	}, nil
}
