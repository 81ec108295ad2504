package genericoauth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/lockstep-auth/lockstep/oauth"
)

// Options are what the ready-made services need. ClientID is required, and most
// need ClientSecret. Each function says what else it reads.
type Options struct {
	// ProviderID replaces the service's usual id, to have it more than once.
	ProviderID string `option:"providerId"`

	ClientID     string `option:"clientId"`
	ClientSecret string `option:"clientSecret"`

	Domain   string `option:"domain"`   // Auth0: "tenant.eu.auth0.com"
	Issuer   string `option:"issuer"`   // Keycloak, Okta: the issuer's URL
	TenantID string `option:"tenantId"` // Microsoft Entra ID: the tenant's GUID

	// Scopes replace the service's usual ones.
	Scopes []string `option:"scopes"`

	RedirectURI           string `option:"redirectURI"`
	EndSessionEndpoint    string `option:"endSessionEndpoint"`
	PostLogoutRedirectURI string `option:"postLogoutRedirectURI"`
	DisableProviderLogout bool   `option:"disableProviderLogout"`
	TokenEndpointAuth     oauth.ClientAuth
	Assertion             oauth.Signer
	DisablePKCE           bool
	DisableImplicitSignUp bool `option:"disableImplicitSignUp"`
	DisableSignUp         bool `option:"disableSignUp"`
	OverrideUserInfo      bool `option:"overrideUserInfo"`
}

// String returns "[redacted]".
func (Options) String() string { return "[redacted]" }

// GoString returns "[redacted]".
func (Options) GoString() string { return "[redacted]" }

// apply puts the options into a service.
func (o Options) apply(c Config) Config {
	c.ProviderID = cmp.Or(o.ProviderID, c.ProviderID)
	c.ClientID, c.ClientSecret = o.ClientID, o.ClientSecret
	if o.Scopes != nil {
		c.Scopes = o.Scopes
	}
	c.RedirectURI, c.EndSessionEndpoint, c.PostLogoutRedirectURI = o.RedirectURI, o.EndSessionEndpoint, o.PostLogoutRedirectURI
	c.DisableProviderLogout, c.TokenEndpointAuth, c.Assertion = o.DisableProviderLogout, o.TokenEndpointAuth, o.Assertion
	c.DisablePKCE, c.DisableImplicitSignUp, c.DisableSignUp = o.DisablePKCE, o.DisableImplicitSignUp, o.DisableSignUp
	c.OverrideUserInfo = o.OverrideUserInfo
	return c
}

// Presets returns the functions that make the ready-made services, by Better
// Auth's names for them.
func Presets() map[string]func(Options) Config {
	return map[string]func(Options) Config{
		"auth0": Auth0, "gumroad": Gumroad, "hubspot": HubSpot, "keycloak": Keycloak, "line": Line,
		"microsoftEntraId": MicrosoftEntraID, "okta": Okta, "patreon": Patreon, "slack": Slack, "yandex": Yandex,
	}
}

func openID() []string { return []string{"openid", "profile", "email"} }

const wellKnown = "/.well-known/openid-configuration"

// Auth0 signs users in with an Auth0 tenant, whose Domain it needs.
//
// https://auth0.com/docs/get-started/applications
func Auth0(o Options) Config {
	host := o.Domain
	if u, err := url.Parse(o.Domain); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
		host = u.Host
	}
	c := o.apply(Config{ProviderID: "auth0", Name: "Auth0", DiscoveryURL: "https://" + host + wellKnown, Scopes: openID()})
	if host == "" {
		c.err = errors.New("a Domain is required")
	}
	return c
}

// Keycloak signs users in with a Keycloak realm, whose Issuer it needs, such as
// "https://id.example.com/realms/main".
//
// https://www.keycloak.org/securing-apps/oidc-layers
func Keycloak(o Options) Config { return o.byIssuer("keycloak", "Keycloak") }

// Okta signs users in with an Okta authorization server, whose Issuer it needs,
// such as "https://dev-1.okta.com/oauth2/default".
//
// https://developer.okta.com/docs/concepts/auth-servers/
func Okta(o Options) Config { return o.byIssuer("okta", "Okta") }

func (o Options) byIssuer(id, name string) Config {
	c := o.apply(Config{ProviderID: id, Name: name, DiscoveryURL: strings.TrimSuffix(o.Issuer, "/") + wellKnown, Scopes: openID()})
	if o.Issuer == "" {
		c.err = errors.New("an Issuer is required")
	}
	return c
}

// MicrosoftEntraID signs users of one tenant in, whose TenantID it needs. Users
// are known by oid, so that they are the same for all applications of the tenant.
// For all tenants, or for personal accounts, use package social.
//
// https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc
func MicrosoftEntraID(o Options) Config {
	tenant := strings.ToLower(o.TenantID)
	base := "https://login.microsoftonline.com/" + tenant
	c := o.apply(Config{
		ProviderID: "microsoft-entra-id", Name: "Microsoft Entra ID", DiscoveryURL: base + "/v2.0" + wellKnown,
		AuthorizationURL: base + "/oauth2/v2.0/authorize", TokenURL: base + "/oauth2/v2.0/token",
		RequireIDTokenVerification: true, Scopes: openID(),
		Profile: entraProfile, Complete: entraUserInfo("https://graph.microsoft.com/oidc/userinfo"),
	})
	c.fromIDToken = true
	if !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(tenant) {
		c.err = errors.New("the GUID of a tenant is required")
	}
	return c
}

func entraProfile(c oauth.Claims) (oauth.Profile, error) {
	oid := c.Text("oid")
	if strings.Trim(oid, "-") == "" || strings.ContainsFunc(oid, func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z')
	}) {
		return oauth.Profile{}, errors.New("the id token has no oid")
	}
	return oauth.Profile{
		Subject: oid, Name: entraName(c), Email: c.Text("email"), EmailVerified: c.Flag("email_verified"), Image: c.Text("picture"),
	}, nil
}

func entraName(c oauth.Claims) string {
	if name := c.Text("name"); name != "" {
		return name
	}
	return strings.TrimSpace(c.FirstText("given_name", "givenname") + " " + c.FirstText("family_name", "familyname"))
}

// entraUserInfo asks for what the id token does not tell. Users without a mailbox
// get an address that nobody can own (RFC 6761 §6.4).
func entraUserInfo(endpoint string) func(context.Context, oauth.Lookup, *oauth.Profile) error {
	return func(ctx context.Context, l oauth.Lookup, p *oauth.Profile) error {
		if l.Tokens.AccessToken != "" {
			info, err := l.Client.GetClaims(ctx, oauth.Bearer(endpoint, l.Tokens.AccessToken))
			if err == nil && info.Text("sub") == l.Claims.Text("sub") {
				p.Name, p.Image = cmp.Or(p.Name, entraName(info)), cmp.Or(p.Image, info.Text("picture"))
				if p.Email == "" {
					p.Email = info.Text("email")
				}
				if !l.Claims.Has("email_verified") {
					p.EmailVerified = info.Flag("email_verified")
				}
			}
		}
		if p.Email == "" {
			p.Email, p.EmailVerified = fmt.Sprintf("%s@microsoft-entra-id.placeholder.invalid", p.Subject), false
		}
		return ctx.Err()
	}
}

// Slack signs users in with Slack. Their ids are those of Slack's own sub, where
// package social takes the id in the workspace.
//
// https://api.slack.com/authentication/sign-in-with-slack
func Slack(o Options) Config {
	const userInfo = "https://slack.com/api/openid.connect.userInfo"
	return o.apply(Config{
		ProviderID: "slack", Name: "Slack", AuthorizationURL: "https://slack.com/openid/connect/authorize",
		TokenURL: "https://slack.com/api/openid.connect.token", UserInfoURL: userInfo, Scopes: openID(),
		GetUserInfo: bearer(userInfo),
		Profile: func(c oauth.Claims) (oauth.Profile, error) {
			return oauth.Profile{
				Subject: c.Identifier("sub"), Name: c.Text("name"), Email: c.Text("email"), EmailVerified: c.Flag("email_verified"),
				Image: c.FirstText("picture", "https://slack.com/user_image_512"),
			}, nil
		},
	})
}

// bearer returns the usual request for a description of a user.
func bearer(endpoint string) func(oauth.Lookup) (oauth.Request, error) {
	return func(l oauth.Lookup) (oauth.Request, error) { return oauth.Bearer(endpoint, l.Tokens.AccessToken), nil }
}

// Line signs users in with LINE. Channels of several countries are several
// services: give each a ProviderID.
//
// https://developers.line.biz/en/docs/line-login/integrate-line-login/
func Line(o Options) Config {
	return o.apply(Config{
		ProviderID: "line", Name: "LINE", AuthorizationURL: "https://access.line.me/oauth2/v2.1/authorize",
		TokenURL: "https://api.line.me/oauth2/v2.1/token", UserInfoURL: "https://api.line.me/oauth2/v2.1/userinfo", Scopes: openID(),
		Profile: func(c oauth.Claims) (oauth.Profile, error) {
			return oauth.Profile{Subject: c.Text("sub"), Name: c.Text("name"), Email: c.Text("email"), Image: c.Text("picture")}, nil
		},
	})
}

// Gumroad signs users in with Gumroad.
//
// https://gumroad.com/api#api-authentication
func Gumroad(o Options) Config {
	const userInfo = "https://api.gumroad.com/v2/user"
	return o.apply(Config{
		ProviderID: "gumroad", Name: "Gumroad", AuthorizationURL: "https://gumroad.com/oauth/authorize",
		TokenURL: "https://api.gumroad.com/oauth/token", UserInfoURL: userInfo, Scopes: []string{"view_profile"},
		GetUserInfo: bearer(userInfo),
		Profile: func(c oauth.Claims) (oauth.Profile, error) {
			if !c.Flag("success") {
				return oauth.Profile{}, errors.New("the service describes no user")
			}
			u := c.Object("user")
			return oauth.Profile{
				Subject: u.Identifier("user_id"), Name: u.Text("name"), Email: u.Text("email"), Image: u.Text("profile_url"),
			}, nil
		},
	})
}

// HubSpot signs users in with HubSpot, which describes the user of an access
// token below a URL that has the token in it.
//
// https://developers.hubspot.com/docs/api/oauth/tokens
func HubSpot(o Options) Config {
	return o.apply(Config{
		ProviderID: "hubspot", Name: "HubSpot", AuthorizationURL: "https://app.hubspot.com/oauth/authorize",
		TokenURL: "https://api.hubapi.com/oauth/v1/token", Scopes: []string{"oauth"},
		GetUserInfo: func(l oauth.Lookup) (oauth.Request, error) {
			return oauth.Request{
				URL:    "https://api.hubapi.com/oauth/v1/access-tokens/" + url.PathEscape(l.Tokens.AccessToken),
				Header: map[string]string{"Content-Type": "application/json"},
			}, nil
		},
		Profile: func(c oauth.Claims) (oauth.Profile, error) {
			return oauth.Profile{
				Subject: cmp.Or(c.Identifier("user_id"), c.Object("signed_access_token").Identifier("userId")),
				Name:    c.Text("user"), Email: c.Text("user"),
			}, nil
		},
	})
}

// Patreon signs users in with Patreon.
//
// https://docs.patreon.com/#oauth
func Patreon(o Options) Config {
	const userInfo = "https://www.patreon.com/api/oauth2/v2/identity?fields%5Buser%5D=email,full_name,image_url,is_email_verified"
	return o.apply(Config{
		ProviderID: "patreon", Name: "Patreon", AuthorizationURL: "https://www.patreon.com/oauth2/authorize",
		TokenURL: "https://www.patreon.com/api/oauth2/token", UserInfoURL: userInfo, Scopes: []string{"identity[email]"},
		GetUserInfo: bearer(userInfo),
		Profile: func(c oauth.Claims) (oauth.Profile, error) {
			u := c.Object("data")
			about := u.Object("attributes")
			return oauth.Profile{
				Subject: u.Identifier("id"), Name: about.Text("full_name"), Email: about.Text("email"),
				EmailVerified: about.Flag("is_email_verified"), Image: about.Text("image_url"),
			}, nil
		},
	})
}

// Yandex signs users in with Yandex.
//
// https://yandex.com/dev/id/doc/en/
func Yandex(o Options) Config {
	const userInfo = "https://login.yandex.ru/info?format=json"
	return o.apply(Config{
		ProviderID: "yandex", Name: "Yandex", AuthorizationURL: "https://oauth.yandex.com/authorize",
		TokenURL: "https://oauth.yandex.com/token", UserInfoURL: userInfo,
		Scopes: []string{"login:info", "login:email", "login:avatar"},
		GetUserInfo: func(l oauth.Lookup) (oauth.Request, error) {
			return oauth.Request{URL: userInfo, Header: map[string]string{"Authorization": "OAuth " + l.Tokens.AccessToken}}, nil
		},
		Profile: yandexProfile,
	})
}

func yandexProfile(c oauth.Claims) (oauth.Profile, error) {
	p := oauth.Profile{
		Subject: c.Identifier("id"), Email: c.Text("default_email"),
		Name: c.FirstText("display_name", "real_name", "first_name", "login"),
	}
	if more := c.Texts("emails"); p.Email == "" && len(more) > 0 {
		p.Email = more[0]
	}
	if p.Email == "" {
		return oauth.Profile{}, errors.New("the service tells no email address")
	}
	if avatar := c.Text("default_avatar_id"); avatar != "" && !c.Flag("is_avatar_empty") {
		p.Image = "https://avatars.yandex.net/get-yapic/" + avatar + "/islands-200"
	}
	return p, nil
}
