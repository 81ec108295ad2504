package social

import (
	"fmt"

	"github.com/lockstep-auth/lockstep/oauth"
)

// An Entry is a service in the catalog. Its ID is the key below socialProviders
// in a configuration file.
type Entry struct {
	ID      string
	Console string // where an application is registered
	Notes   string // what is different about the service, for docs/providers.md

	options func() any
	common  func(options any) *Options
	make    func(options any) (oauth.Provider, bool, error)
}

// Options returns a pointer to a new options struct of the service. Its fields
// have option tags with Better Auth's names.
func (e Entry) Options() any { return e.options() }

// Common returns the part of what Options returned that every service has, to be
// read and changed.
func (e Entry) Common(options any) *Options { return e.common(options) }

// Provider makes the service from what Options returned. It reports false if the
// options switch the service off.
func (e Entry) Provider(options any) (oauth.Provider, bool, error) { return e.make(options) }

// Catalog returns all services, by id.
func Catalog() []Entry {
	return []Entry{
		entry("apple", Apple, "https://developer.apple.com/account/resources/identifiers/list/serviceId",
			"https only, no localhost. The callback is a POST; the name comes on the first sign-in only. The secret is signed: `teamId`, `keyId`, `privateKey`."),
		entry("atlassian", Atlassian, "https://developer.atlassian.com/console/myapps/", ""),
		entry("cloudflare", Cloudflare, "https://dash.cloudflare.com/?to=/:account/oauth-clients",
			"Basic authentication; a public client without a secret works."),
		entry("cognito", Cognito, "https://console.aws.amazon.com/cognito/v2/idp/user-pools",
			"Needs `domain`, `region` and `userPoolId`."),
		entry("discord", Discord, "https://discord.com/developers/applications", "Without a prompt when the user agreed before (`prompt`)."),
		entry("dropbox", Dropbox, "https://www.dropbox.com/developers/apps", "`accessType: offline` for a refresh token."),
		entry("facebook", Facebook, "https://developers.facebook.com/apps/", "Access tokens are checked with `debug_token` (`debugTokenEndpoint`). Id tokens are those of Limited Login."),
		entry("figma", Figma, "https://www.figma.com/developers/apps", "Basic authentication."),
		entry("github", GitHub, "https://github.com/settings/developers",
			"An OAuth app, or a GitHub App with read access to email addresses. Enterprise Server: set the three endpoints; addresses are below `userInfoEndpoint`, or at `userEmailsEndpoint`."),
		entry("gitlab", GitLab, "https://gitlab.com/-/user_settings/applications", "Own installations: `issuer`. Blocked and locked users are refused."),
		entry("google", Google, "https://console.cloud.google.com/apis/credentials",
			"`accessType: offline` and `prompt: select_account consent` for a refresh token. `hd` is enforced."),
		entry("huggingface", HuggingFace, "https://huggingface.co/settings/applications/new", ""),
		entry("kakao", Kakao, "https://developers.kakao.com/console/app", ""),
		entry("kick", Kick, "https://kick.com/settings/developer", ""),
		entry("line", Line, "https://developers.line.biz/console/", "LINE itself checks the id tokens of clients (`verifyEndpoint`)."),
		entry("linear", Linear, "https://linear.app/settings/api/applications/new", ""),
		entry("linkedin", LinkedIn, "https://www.linkedin.com/developers/apps", "Add the product \"Sign In with LinkedIn using OpenID Connect\"."),
		entry("microsoft", Microsoft, "https://entra.microsoft.com/#view/Microsoft_AAD_RegisteredApps/ApplicationsListBlade",
			"Users are known by `oid`. `tenantId` restricts who may sign in. A certificate (`clientAssertion`) can stand for the secret. Other clouds: `authority`, `photoEndpoint`."),
		entry("naver", Naver, "https://developers.naver.com/apps/", ""),
		entry("notion", Notion, "https://www.notion.so/profile/integrations", "Basic authentication for the code, post for a refresh."),
		entry("paybin", Paybin, "https://paybin.io", "`issuer` for other installations."),
		entry("paypal", PayPal, "https://developer.paypal.com/dashboard/applications",
			"The sandbox, unless `environment: live`. Scopes are chosen in the dashboard. Basic authentication."),
		entry("polar", Polar, "https://polar.sh/settings", ""),
		entry("railway", Railway, "https://railway.com/workspace/developer", "Basic authentication."),
		entry("reddit", Reddit, "https://www.reddit.com/prefs/apps", "No email address. `duration: permanent` for a refresh token. Basic authentication."),
		entry("roblox", Roblox, "https://create.roblox.com/dashboard/credentials", "No email address."),
		entry("salesforce", Salesforce, "https://login.salesforce.com/",
			"`environment: sandbox`, or `loginUrl` for a domain of your own."),
		entry("slack", Slack, "https://api.slack.com/apps", "https only. A user has one id in each workspace."),
		entry("spotify", Spotify, "https://developer.spotify.com/dashboard", "http only for 127.0.0.1, not for localhost."),
		entry("tiktok", TikTok, "https://developers.tiktok.com/apps", "https only. No email address. The client id is `clientKey`."),
		entry("twitch", Twitch, "https://dev.twitch.tv/console/apps", ""),
		entry("twitter", Twitter, "https://developer.x.com/en/portal/dashboard",
			"The email address needs \"Request email from users\". Basic authentication."),
		entry("vercel", Vercel, "https://vercel.com/dashboard/settings/apps", "Scopes are chosen in the dashboard. No refresh tokens."),
		entry("vk", VK, "https://id.vk.com/about/business/go", "Users without an email address are refused."),
		entry("wechat", WeChat, "https://open.weixin.qq.com/", "No email address. Requests for tokens carry the secret in the URL. Refreshes have a URL of their own (`refreshEndpoint`)."),
		entry("zoom", Zoom, "https://marketplace.zoom.us/user/build", "Scopes are chosen in the marketplace. `pkce: false` leaves PKCE out."),
	}
}

// entry describes a service with options of type O.
func entry[O any, P optionsOf[O]](id string, provider func(O) oauth.Provider, console, notes string) Entry {
	return Entry{
		ID: id, Console: console, Notes: notes,
		options: func() any { return new(O) },
		common:  func(options any) *Options { return options.(P).common() },
		make: func(options any) (oauth.Provider, bool, error) {
			o, ok := options.(*O)
			if !ok {
				return oauth.Provider{}, false, fmt.Errorf("social: options of %s are a %T, not a %T", id, new(O), options)
			}
			return provider(*o), P(o).common().on(), nil
		},
	}
}

// optionsOf is a pointer to options that begin with those that every service has.
type optionsOf[O any] interface {
	*O
	common() *Options
}
