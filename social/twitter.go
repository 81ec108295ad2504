package social

import (
	"context"

	"github.com/lockstep-auth/lockstep/oauth"
)

// Twitter signs users in with X. The address comes from a second request, because
// X refuses to tell anything when the application may not see the address. Only
// confirmed addresses are told.
//
// https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code
func Twitter(o Options) oauth.Provider {
	return o.apply(oauth.Provider{
		ID:          "twitter",
		Name:        "Twitter",
		NeedsSecret: true,
		Auth:        oauth.AuthBasic,
		AuthURL:     "https://x.com/i/oauth2/authorize",
		TokenURL:    "https://api.x.com/2/oauth2/token",
		UserInfoURL: "https://api.x.com/2/users/me",
		Scopes:      []string{"users.read", "tweet.read", "offline.access", "users.email"},
		UserInfoRequest: func(l oauth.Lookup) (oauth.Request, error) {
			return twitterRequest(l, "profile_image_url")
		},
		Profile:  twitterProfile,
		Complete: twitterEmail,
	})
}

func twitterRequest(l oauth.Lookup, fields string) (oauth.Request, error) {
	endpoint, err := oauth.AppendQuery(l.Provider.UserInfoURL, oauth.Params{{Name: "user.fields", Value: fields}})
	return oauth.Bearer(endpoint, l.Tokens.AccessToken), err
}

func twitterProfile(c oauth.Claims) (oauth.Profile, error) {
	u := c.Object("data")
	p := oauth.Profile{
		Subject: u.Identifier("id"),
		Name:    u.Text("name"),
		Email:   u.Text("email"),
		Image:   u.Text("profile_image_url"),
	}
	if p.Email != "" {
		return p, nil
	}
	var err error
	p.Email, err = placeholder(p.Subject, "twitter")
	return p, err
}

func twitterEmail(ctx context.Context, l oauth.Lookup, p *oauth.Profile) error {
	request, err := twitterRequest(l, "confirmed_email")
	if err != nil {
		return err
	}
	answer, err := l.Client.GetClaims(ctx, request)
	if err != nil {
		return ctx.Err()
	}
	u := answer.Object("data")
	if email := u.Text("confirmed_email"); email != "" && u.Identifier("id") == p.Subject {
		p.Email, p.EmailVerified = email, true
		p.Data = l.Claims.With("data", l.Claims.Object("data").With("email", email)).JSON()
	}
	return nil
}
