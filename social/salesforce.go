package social

import (
	"cmp"
	"errors"

	"github.com/lockstep-auth/lockstep/oauth"
)

// SalesforceOptions are the options of Salesforce.
type SalesforceOptions struct {
	Options

	// Environment is "production", the default, or "sandbox".
	Environment string `option:"environment"`

	// LoginURL is the host of an organization's own domain.
	LoginURL string `option:"loginUrl"`
}

// Salesforce signs users in with Salesforce.
//
// https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_web_server_flow.htm
func Salesforce(o SalesforceOptions) oauth.Provider {
	host := "login.salesforce.com"
	if o.Environment == "sandbox" {
		host = "test.salesforce.com"
	}
	host = cmp.Or(withoutScheme(o.LoginURL), host)
	p := o.apply(oauth.Provider{
		ID:          "salesforce",
		Name:        "Salesforce",
		NeedsSecret: true,
		AuthURL:     "https://" + host + "/services/oauth2/authorize",
		TokenURL:    "https://" + host + "/services/oauth2/token",
		UserInfoURL: "https://" + host + "/services/oauth2/userinfo",
		Scopes:      []string{"openid", "email", "profile"},
		Profile:     salesforceProfile,
	})
	if e := o.Environment; e != "" && e != "sandbox" && e != "production" {
		p.Err = errors.New("environment must be production or sandbox")
	}
	return p
}

func salesforceProfile(c oauth.Claims) (oauth.Profile, error) {
	return oauth.Profile{
		Subject:       c.Identifier("user_id"),
		Name:          c.Text("name"),
		Email:         c.Text("email"),
		EmailVerified: c.Flag("email_verified"),
		Image:         c.Object("photos").FirstText("picture", "thumbnail"),
	}, nil
}
