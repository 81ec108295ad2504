package social

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/lockstep-auth/lockstep/oauth"
)

// CognitoOptions are the options of Amazon Cognito. Domain, Region and UserPoolID
// are required.
type CognitoOptions struct {
	Options

	Domain     string `option:"domain"` // such as "example.auth.eu-west-1.amazoncognito.com"
	Region     string `option:"region"`
	UserPoolID string `option:"userPoolId"`

	RequireClientSecret bool `option:"requireClientSecret"`

	// IdentityProvider sends users straight to one of the pool's providers.
	IdentityProvider string `option:"identityProvider"`
}

// Cognito signs users in with a user pool of Amazon Cognito.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-userpools-server-contract-reference.html
func Cognito(o CognitoOptions) oauth.Provider {
	domain := withoutScheme(o.Domain)
	pool := "https://cognito-idp." + o.Region + ".amazonaws.com/" + o.UserPoolID
	p := o.apply(oauth.Provider{
		ID:          "cognito",
		Name:        "Cognito",
		NeedsSecret: o.RequireClientSecret,
		AuthURL:     "https://" + domain + "/oauth2/authorize",
		TokenURL:    "https://" + domain + "/oauth2/token",
		UserInfoURL: "https://" + domain + "/oauth2/userinfo",
		Scopes:      []string{"openid", "profile", "email"},
		Prompt:      o.Prompt,
		Authorize:   cognitoURL,
		Source:      oauth.FromIDTokenOrUserInfo,
		IDToken: oauth.IDTokenRules{
			Issuers: []string{pool},
			JWKSURL: pool + "/.well-known/jwks.json",
			MaxAge:  time.Hour,
		},
		Profile:  cognitoProfile,
		Complete: cognitoName,
	})
	if o.IdentityProvider != "" {
		p.Params = oauth.Params{{Name: "identity_provider", Value: o.IdentityProvider}}
	}
	if domain == "" || o.Region == "" || o.UserPoolID == "" {
		p.Err = errors.New("domain, region and userPoolId are required")
	}
	return p
}

// withoutScheme lets a host be given as a URL.
func withoutScheme(host string) string {
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(host, "https://"), "http://"), "/")
}

// cognitoURL moves scope to the end and writes its spaces as %20, since Cognito
// does not read them as +.
func cognitoURL(p oauth.Provider, r oauth.AuthorizationRequest) (string, error) {
	p.Authorize = nil
	endpoint, err := p.AuthorizationURL(r)
	if err != nil || p.JoinedScopes(r.Scopes) == "" {
		return endpoint, err
	}
	scope := oauth.Params{{Name: "scope", Value: p.JoinedScopes(r.Scopes)}}.Encode()
	endpoint = strings.Replace(endpoint, "&"+scope, "", 1)
	return endpoint + "&" + strings.ReplaceAll(scope, "+", "%20"), nil
}

func cognitoProfile(c oauth.Claims) (oauth.Profile, error) {
	return oauth.Profile{
		Subject:       c.Text("sub"),
		Name:          c.FirstText("name", "given_name", "username"),
		Email:         c.Text("email"),
		EmailVerified: c.Flag("email_verified"),
		Image:         c.Text("picture"),
	}, nil
}

func cognitoName(_ context.Context, l oauth.Lookup, p *oauth.Profile) error {
	if l.IDToken {
		p.Data = l.Claims.With("name", p.Name).JSON()
	}
	return nil
}
