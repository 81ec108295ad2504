package social

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/lockstep-auth/lockstep/oauth"
)

// FacebookOptions are the options of Facebook.
type FacebookOptions struct {
	Options

	// Fields are asked for besides id, name, email and picture.
	Fields []string `option:"fields"`

	// ConfigID is the configuration of Facebook Login for Business.
	ConfigID string `option:"configId"`

	// DebugTokenEndpoint says which application an access token was issued to.
	DebugTokenEndpoint string `option:"debugTokenEndpoint"`
}

// Facebook signs users in with Facebook. Clients bring the id token of Limited
// Login, or an access token; access tokens say nothing about the application they
// were issued to, so Facebook is asked (ExtraURL).
//
// https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow
func Facebook(o FacebookOptions) oauth.Provider {
	fields := append([]string{"id", "name", "email", "picture"}, o.Fields...)
	p := o.apply(oauth.Provider{
		ID:          "facebook",
		Name:        "Facebook",
		NeedsSecret: true,
		AuthURL:     "https://www.facebook.com/v24.0/dialog/oauth",
		TokenURL:    "https://graph.facebook.com/v24.0/oauth/access_token",
		UserInfoURL: "https://graph.facebook.com/me?fields=" + strings.Join(fields, ","),
		ExtraURL:    cmp.Or(o.DebugTokenEndpoint, "https://graph.facebook.com/debug_token"),
		Scopes:      []string{"email", "public_profile"},
		NoPKCE:      true,
		LoginHint:   true,
		IDToken: oauth.IDTokenRules{
			Issuers:     []string{"https://www.facebook.com"},
			JWKSURL:     "https://limited.facebook.com/.well-known/oauth/openid/jwks/",
			AllowOpaque: true,
		},
		Profile:  facebookProfile,
		Complete: facebookCheck,
	})
	if o.ConfigID != "" {
		p.Params = oauth.Params{{Name: "config_id", Value: o.ConfigID}}
	}
	return p
}

// facebookProfile reads the claims of Limited Login as well as the Graph API.
func facebookProfile(c oauth.Claims) (oauth.Profile, error) {
	p := oauth.Profile{Name: c.Text("name"), Email: c.Text("email")}
	if c.Has("sub") {
		p.Subject, p.Image = c.Text("sub"), c.Text("picture")
		return p, nil
	}
	p.Subject = c.Identifier("id")
	p.EmailVerified = c.Flag("email_verified")
	p.Image = c.Object("picture").Object("data").Text("url")
	return p, nil
}

// facebookCheck refuses access tokens of other applications and users
// (https://developers.facebook.com/docs/facebook-login/guides/access-tokens/debugging).
func facebookCheck(ctx context.Context, l oauth.Lookup, p *oauth.Profile) error {
	if l.IDToken {
		return nil
	}
	endpoint, err := oauth.AppendQuery(l.Provider.ExtraURL, oauth.Params{
		{Name: "input_token", Value: l.Tokens.AccessToken},
		{Name: "access_token", Value: l.Provider.ClientID() + "|" + l.Provider.ClientSecret},
	})
	if err != nil {
		return err
	}
	answer, err := l.Client.GetClaims(ctx, oauth.Request{URL: endpoint})
	if err != nil {
		return err
	}
	token := answer.Object("data")
	valid := string(token.Raw("is_valid")) == "true" && slices.Contains(l.Provider.ClientIDs, token.Identifier("app_id"))
	if user := token.Identifier("user_id"); !valid || user == "" || user != p.Subject {
		return errors.New("the access token is of another application or user")
	}
	return nil
}
