package social

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-auth/lockstep/oauth"
)

// microsoftConsumers is the tenant of personal accounts
// (https://learn.microsoft.com/en-us/entra/identity-platform/id-token-claims-reference).
const microsoftConsumers = "9188040d-6c67-4c5b-b112-36a304b66dad"

// maxPhoto is the largest photo that is kept, in bytes. It becomes a part of the
// user's row.
const maxPhoto = 256 << 10

// MicrosoftOptions are the options of Microsoft.
type MicrosoftOptions struct {
	Options

	// TenantID is "common" (all accounts, the default), "organizations",
	// "consumers" or a tenant.
	TenantID string `option:"tenantId"`

	// Authority defaults to https://login.microsoftonline.com.
	Authority string `option:"authority"`

	// ClientAssertion signs in place of a client secret.
	ClientAssertion oauth.PrivateKey `option:"clientAssertion"`

	// ProfilePhotoSize is the width of the user's photo, 48 by default.
	ProfilePhotoSize    int  `option:"profilePhotoSize"`
	DisableProfilePhoto bool `option:"disableProfilePhoto"`

	// PhotoEndpoint is where photos are. Defaults to Microsoft Graph's
	// …/v1.0/me/photos; the size is appended.
	PhotoEndpoint string `option:"photoEndpoint"`
}

// Microsoft signs users in with Entra ID or a personal account. Users are known
// by oid. sub differs from application to application, and email is what a
// tenant's administrator likes it to be, so it only counts as verified if
// Microsoft says that it is.
//
// https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow
func Microsoft(o MicrosoftOptions) oauth.Provider {
	tenant := cmp.Or(o.TenantID, "common")
	authority := strings.TrimRight(cmp.Or(o.Authority, "https://login.microsoftonline.com"), "/")
	size := cmp.Or(o.ProfilePhotoSize, 48)
	p := o.apply(oauth.Provider{
		ID:        "microsoft",
		Name:      "Microsoft EntraID",
		AuthURL:   authority + "/" + tenant + "/oauth2/v2.0/authorize",
		TokenURL:  authority + "/" + tenant + "/oauth2/v2.0/token",
		ExtraURL:  fmt.Sprintf("%s/%dx%d/$value", cmp.Or(o.PhotoEndpoint, "https://graph.microsoft.com/v1.0/me/photos"), size, size),
		Scopes:    []string{"openid", "profile", "email", "User.Read", "offline_access"},
		LoginHint: true,
		Prompt:    o.Prompt,
		Source:    oauth.FromIDToken,
		IDToken: oauth.IDTokenRules{
			JWKSURL: authority + "/" + tenant + "/discovery/v2.0/keys",
			MaxAge:  time.Hour,
			Check:   microsoftTenant(authority, tenant),
		},
		Profile: microsoftProfile,
	})
	if o.IDTokenIssuer != "" {
		p.IDToken.Check = nil
	}
	if !o.DisableProfilePhoto {
		p.Complete = microsoftPhoto
	}
	p.RefreshParams = oauth.Params{{Name: "scope", Value: p.JoinedScopes(nil)}}
	sign(&p, o.ClientAssertion)
	return p
}

// microsoftTenant checks which tenant a token is from. All tenants sign with the
// same keys, so the signature does not tell; iss must name the token's own tenant,
// and that must be one that is let in.
func microsoftTenant(authority, tenant string) func(oauth.Claims, bool) error {
	guid := regexp.MustCompile(`(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	return func(c oauth.Claims, fromClient bool) error {
		tid := c.Text("tid")
		if !guid.MatchString(tid) || !slices.Contains(microsoftIssuers(authority, tid), c.Text("iss")) {
			return errors.New("iss does not name the token's tenant")
		}
		var ok bool
		switch {
		case tenant == "common":
			ok = true
		case tenant == "organizations":
			ok = tid != microsoftConsumers
		case tenant == "consumers":
			ok = tid == microsoftConsumers
		case guid.MatchString(tenant):
			ok = strings.EqualFold(tid, tenant)
		default:
			// A tenant by its domain name: only the token endpoint, which belongs
			// to the tenant, can tell.
			ok = !fromClient
		}
		if !ok {
			return errors.New("the user is of another tenant")
		}
		return nil
	}
}

// microsoftIssuers are the issuers of a tenant at an authority. External tenants
// have a domain for themselves, but a subdomain of their id in iss.
func microsoftIssuers(authority, tid string) []string {
	issuers := []string{authority + "/" + tid + "/v2.0"}
	if u, err := url.Parse(authority); err == nil && strings.HasSuffix(u.Host, ".ciamlogin.com") {
		issuers = append(issuers, "https://"+tid+".ciamlogin.com/"+tid+"/v2.0")
	}
	return issuers
}

func microsoftProfile(c oauth.Claims) (oauth.Profile, error) {
	email := c.Text("email")
	verified := c.Flag("email_verified")
	if c.Raw("email_verified") == nil && email != "" {
		verified = slices.Contains(c.Texts("verified_primary_email"), email) ||
			slices.Contains(c.Texts("verified_secondary_email"), email)
	}
	return oauth.Profile{
		Subject:       c.Text("oid"),
		Name:          c.Text("name"),
		Email:         email,
		EmailVerified: verified,
		Image:         c.Text("picture"),
	}, nil
}

// microsoftPhoto puts the photo into the profile. It does without if there is
// none.
func microsoftPhoto(ctx context.Context, l oauth.Lookup, p *oauth.Profile) error {
	if l.Tokens.AccessToken == "" {
		return nil
	}
	photo, err := l.Client.Do(ctx, oauth.Bearer(l.Provider.ExtraURL, l.Tokens.AccessToken))
	if err != nil || len(photo) > maxPhoto {
		return ctx.Err()
	}
	p.Image = "data:image/jpeg;base64, " + base64.StdEncoding.EncodeToString(photo)
	p.Data = l.Claims.With("picture", p.Image).JSON()
	return nil
}
