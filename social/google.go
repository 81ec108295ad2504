package social

import (
	"errors"
	"time"

	"github.com/lockstep-auth/lockstep/oauth"
)

// GoogleOptions are the options of Google.
type GoogleOptions struct {
	Options

	// AccessType is "online" or "offline", which asks for a refresh token.
	AccessType string `option:"accessType"`

	// Display is "page", "popup", "touch" or "wap".
	Display string `option:"display"`

	// HostedDomain lets in only users of a Google Workspace domain, or with "*" of
	// any.
	HostedDomain string `option:"hd"`

	// IncludeGrantedScopes asks for the scopes granted before as well. Defaults to
	// true.
	IncludeGrantedScopes *bool `option:"includeGrantedScopes"`
}

// Google signs users in with Google.
//
// https://developers.google.com/identity/openid-connect/openid-connect
func Google(o GoogleOptions) oauth.Provider {
	p := o.apply(oauth.Provider{
		ID:           "google",
		Name:         "Google",
		NeedsSecret:  true,
		AuthURL:      "https://accounts.google.com/o/oauth2/v2/auth",
		TokenURL:     "https://oauth2.googleapis.com/token",
		Scopes:       []string{"email", "profile", "openid"},
		LoginHint:    true,
		Prompt:       o.Prompt,
		AccessType:   o.AccessType,
		Display:      o.Display,
		HostedDomain: o.HostedDomain,
		Source:       oauth.FromIDToken,
		IDToken: oauth.IDTokenRules{
			Issuers: []string{"https://accounts.google.com", "accounts.google.com"},
			JWKSURL: "https://www.googleapis.com/oauth2/v3/certs",
			MaxAge:  time.Hour,
			Check:   googleDomain(o.HostedDomain),
		},
		Profile: googleProfile,
	})
	if o.IncludeGrantedScopes == nil || *o.IncludeGrantedScopes {
		p.Params = oauth.Params{{Name: "include_granted_scopes", Value: "true"}}
	}
	return p
}

func googleProfile(c oauth.Claims) (oauth.Profile, error) {
	return oauth.Profile{
		Subject:       c.Text("sub"),
		Name:          c.Text("name"),
		Email:         c.Text("email"),
		EmailVerified: c.Flag("email_verified"),
		Image:         c.Text("picture"),
	}, nil
}

// googleDomain checks hd, since the parameter of the authorization request is a
// mere hint that users can change.
func googleDomain(domain string) func(oauth.Claims, bool) error {
	return func(c oauth.Claims, _ bool) error {
		hd := c.Text("hd")
		if domain == "" || hd == domain || domain == "*" && hd != "" {
			return nil
		}
		return errors.New("the user is not of the hosted domain")
	}
}
