package social

import (
	"cmp"
	"context"
	"errors"

	"github.com/lockstep-auth/lockstep/oauth"
)

// PayPalOptions are the options of PayPal.
type PayPalOptions struct {
	Options

	// Environment is "sandbox", the default, or "live".
	Environment string `option:"environment"`
}

// PayPal signs users in with PayPal. The scopes are chosen in PayPal's dashboard.
//
// https://developer.paypal.com/docs/log-in-with-paypal/integrate/
func PayPal(o PayPalOptions) oauth.Provider {
	domain := "paypal.com"
	if cmp.Or(o.Environment, "sandbox") == "sandbox" {
		domain = "sandbox.paypal.com"
	}
	p := o.apply(oauth.Provider{
		ID:          "paypal",
		Name:        "PayPal",
		NeedsSecret: true,
		Auth:        oauth.AuthBasic,
		AuthURL:     "https://www." + domain + "/signin/authorize",
		TokenURL:    "https://api-m." + domain + "/v1/oauth2/token",
		UserInfoURL: "https://api-m." + domain + "/v1/identity/oauth2/userinfo?schema=paypalv1.1",
		NoScopes:    true,
		Prompt:      o.Prompt,
		Profile:     paypalProfile,
		Complete:    paypalSubject,
	})
	if e := o.Environment; e != "" && e != "sandbox" && e != "live" {
		p.Err = errors.New("environment must be sandbox or live")
	}
	return p
}

func paypalProfile(c oauth.Claims) (oauth.Profile, error) {
	return oauth.Profile{
		Subject:       c.Identifier("user_id"),
		Name:          c.Text("name"),
		Email:         c.Text("email"),
		EmailVerified: c.Flag("email_verified"),
		Image:         c.Text("picture"),
	}, nil
}

// paypalSubject refuses a description of somebody else than the id token is
// about.
func paypalSubject(_ context.Context, l oauth.Lookup, p *oauth.Profile) error {
	if l.Tokens.IDToken == "" {
		return nil
	}
	claims, err := oauth.PeekClaims(l.Tokens.IDToken)
	if err != nil {
		return err
	}
	if sub := claims.Text("sub"); sub == "" || sub != cmp.Or(l.Claims.Text("sub"), p.Subject) {
		return errors.New("the id token and the user info are about different users")
	}
	return nil
}
