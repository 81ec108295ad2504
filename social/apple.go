package social

import (
	"context"
	"time"

	"github.com/lockstep-auth/lockstep/oauth"
)

// AppleOptions are the options of Apple. ClientID is the services id.
type AppleOptions struct {
	Options

	// AppBundleIdentifier is the app whose id tokens clients bring. Audience is
	// for several.
	AppBundleIdentifier string   `option:"appBundleIdentifier"`
	Audience            []string `option:"audience"`

	// TeamID, KeyID and PrivateKey (the .p8 file) make the client secret, which
	// Apple wants signed and lets live for 6 months at most. ClientSecret, signed
	// elsewhere, takes their place.
	TeamID     string `option:"teamId"`
	KeyID      string `option:"keyId"`
	PrivateKey string `option:"privateKey"`
}

// Apple signs users in with Apple. The callback is a cross-site POST, and the
// user's name comes with it on the first sign-in only.
//
// https://developer.apple.com/documentation/signinwithapplerestapi
func Apple(o AppleOptions) oauth.Provider {
	p := o.apply(oauth.Provider{
		ID:           "apple",
		Name:         "Apple",
		NeedsSecret:  true,
		AuthURL:      "https://appleid.apple.com/auth/authorize",
		TokenURL:     "https://appleid.apple.com/auth/token",
		Scopes:       []string{"email", "name"},
		ResponseType: "code id_token",
		ResponseMode: "form_post",
		Source:       oauth.FromIDToken,
		IDToken: oauth.IDTokenRules{
			Issuers:     []string{"https://appleid.apple.com"},
			JWKSURL:     "https://appleid.apple.com/auth/keys",
			MaxAge:      time.Hour,
			NonceSHA256: true,
			Audience:    o.Audience,
		},
		Profile:  appleProfile,
		Complete: appleName,
	})
	if len(o.Audience) == 0 && o.AppBundleIdentifier != "" {
		p.IDToken.Audience = []string{o.AppBundleIdentifier}
	}
	if o.ClientSecret == "" && o.PrivateKey != "" {
		key := oauth.PrivateKey{PEM: o.PrivateKey, KeyID: o.KeyID}
		p.SignSecret, p.Err = oauth.AppleSecret(o.TeamID, o.ClientID, "https://appleid.apple.com", key)
	}
	return p
}

func appleProfile(c oauth.Claims) (oauth.Profile, error) {
	return oauth.Profile{
		Subject:       c.Text("sub"),
		Name:          c.Text("name"),
		Email:         c.Text("email"),
		EmailVerified: c.Flag("email_verified"),
	}, nil
}

func appleName(_ context.Context, l oauth.Lookup, p *oauth.Profile) error {
	if l.GivenName != "" {
		p.Name = l.GivenName
	}
	p.Data = l.Claims.With("name", p.Name).JSON()
	return nil
}
