package social

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"github.com/lockstep-auth/lockstep/oauth"
)

// LineOptions are the options of LINE.
type LineOptions struct {
	Options

	// VerifyEndpoint checks id tokens that clients bring.
	VerifyEndpoint string `option:"verifyEndpoint"`
}

// Line signs users in with LINE. LINE itself checks the id tokens that clients
// bring (ExtraURL), since most are signed with the client secret.
//
// https://developers.line.biz/en/reference/line-login/
func Line(o LineOptions) oauth.Provider {
	return o.apply(oauth.Provider{
		ID:          "line",
		Name:        "LINE",
		AuthURL:     "https://access.line.me/oauth2/v2.1/authorize",
		TokenURL:    "https://api.line.me/oauth2/v2.1/token",
		UserInfoURL: "https://api.line.me/oauth2/v2.1/userinfo",
		ExtraURL:    cmp.Or(o.VerifyEndpoint, "https://api.line.me/oauth2/v2.1/verify"),
		Scopes:      []string{"openid", "profile", "email"},
		LoginHint:   true,
		Source:      oauth.FromIDTokenOrUserInfo,
		IDToken: oauth.IDTokenRules{
			Issuers: []string{"https://access.line.me"},
			Verify:  lineVerify,
		},
		Profile: func(c oauth.Claims) (oauth.Profile, error) {
			return oauth.Profile{
				Subject: c.Text("sub"),
				Name:    c.Text("name"),
				Email:   c.Text("email"),
				Image:   c.Text("picture"),
			}, nil
		},
	})
}

// lineVerify follows https://developers.line.biz/en/reference/line-login/#verify-id-token.
func lineVerify(ctx context.Context, client *oauth.Client, p oauth.Provider, t oauth.IDToken) (oauth.Claims, error) {
	form := oauth.Params{{Name: "id_token", Value: t.Token}, {Name: "client_id", Value: p.ClientID()}}
	if t.Nonce != "" {
		form.Set("nonce", t.Nonce)
	}
	verified, err := client.GetClaims(ctx, oauth.Request{
		Method: http.MethodPost,
		URL:    p.ExtraURL,
		Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
		Body:   form.Encode(),
	})
	if err != nil {
		return oauth.Claims{}, err
	}
	claims, err := oauth.PeekClaims(t.Token)
	if err != nil {
		return oauth.Claims{}, err
	}
	switch {
	case verified.Text("aud") != p.ClientID():
		return oauth.Claims{}, errors.New("the id token is for another application")
	case verified.Text("sub") == "" || verified.Text("sub") != claims.Text("sub"):
		return oauth.Claims{}, errors.New("the answer is about another id token")
	case verified.Has("nonce") && verified.Text("nonce") != t.Nonce:
		return oauth.Claims{}, errors.New("the nonce is another one")
	}
	return claims, nil
}
