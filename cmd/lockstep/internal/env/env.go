// Package env puts environment variables over the settings of a file. The names
// are those of Better Auth and Convex, where these have one.
//
//	BETTER_AUTH_URL               baseURL
//	BETTER_AUTH_SECRET            secret; also AUTH_SECRET
//	BETTER_AUTH_SECRETS           secrets: "2:new,1:old", the current one first
//	BETTER_AUTH_TRUSTED_ORIGINS   more trustedOrigins, with commas between them
//	LOCKSTEP_PROXY_SECRET         advanced.ipAddress.proxySecret
//	CONVEX_URL                    database.convex.url
//	CONVEX_DEPLOY_KEY             database.convex.deployKey
//	LOCKSTEP_SECRET               database.convex.secret
//	MAIL_FROM                     mail.from
//	SMTP_URL                      mail.smtp.url
//	SMTP_PASSWORD                 mail.smtp.password
//	MAIL_WEBHOOK_URL              mail.webhook.url
//	MAIL_WEBHOOK_SECRET           mail.webhook.secret
//	GITHUB_CLIENT_ID              socialProviders.github.clientId, and so on for
//	                              every service; TIKTOK_CLIENT_KEY for tiktok
//	GITHUB_CLIENT_SECRET          socialProviders.github.clientSecret, and so on
//
// As in Better Auth, the public names that front ends use for the base URL
// (NUXT_PUBLIC_AUTH_URL and others) count only when nothing else gives one.
//
// Empty variables are as good as none.
package env

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	lockstep "github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
	"github.com/lockstep-auth/lockstep/internal/secure"
)

// Apply changes s by the variables that getenv gives. Its errors never show a
// value.
func Apply(s *file.Settings, getenv func(string) string) error {
	auth := &s.Auth
	if url := baseURL(s, getenv); url != "" {
		auth.BaseURL, auth.DynamicBaseURL = url, lockstep.DynamicBaseURL{}
	}
	auth.Secret = cmp.Or(getenv("BETTER_AUTH_SECRET"), getenv("AUTH_SECRET"), auth.Secret)
	var errs []error
	if text := getenv("BETTER_AUTH_SECRETS"); text != "" {
		secrets, err := parseSecrets(text)
		errs = append(errs, err)
		auth.Secrets = secrets
	}
	for origin := range strings.SplitSeq(getenv("BETTER_AUTH_TRUSTED_ORIGINS"), ",") {
		if origin = strings.TrimSpace(origin); origin != "" {
			auth.TrustedOrigins = append(auth.TrustedOrigins, origin)
		}
	}
	ip := &auth.Advanced.IPAddress
	ip.ProxySecret = cmp.Or(getenv("LOCKSTEP_PROXY_SECRET"), ip.ProxySecret)
	database(s, getenv)
	errs = append(errs, mail(&s.Mail, getenv))
	services(s, getenv)
	return errors.Join(errs...)
}

// baseURL returns the base URL that takes the place of the file's, or "".
func baseURL(s *file.Settings, getenv func(string) string) string {
	if url := getenv("BETTER_AUTH_URL"); url != "" {
		return url
	}
	if s.Given("baseURL") {
		return ""
	}
	// The order is upstream's (utils/url.ts). Build tools set BASE_URL to "/".
	for _, name := range []string{
		"NEXT_PUBLIC_BETTER_AUTH_URL", "PUBLIC_BETTER_AUTH_URL", "NUXT_PUBLIC_BETTER_AUTH_URL", "NUXT_PUBLIC_AUTH_URL", "BASE_URL",
	} {
		if url := getenv(name); url != "" && (name != "BASE_URL" || url != "/") {
			return url
		}
	}
	return ""
}

// database never brings what the file says of one deployment to another, and no
// key or secret of the file beside one of the environment. A file that leaves the
// URL to the environment means whichever that is.
func database(s *file.Settings, getenv func(string) string) {
	db := &s.Database
	url := getenv("CONVEX_URL")
	switch {
	case url == "" || sameURL(url, db.Convex.URL):
	case db.Convex.URL == "":
		db.SQLite, db.Convex.URL = "", url
	default:
		*db = file.Database{Convex: file.Convex{URL: url}}
	}
	key, secret := getenv("CONVEX_DEPLOY_KEY"), getenv("LOCKSTEP_SECRET")
	if key == "" && secret == "" {
		return
	}
	if db.Convex == (file.Convex{}) {
		s.Warnings = append(s.Warnings, "CONVEX_DEPLOY_KEY or LOCKSTEP_SECRET is set, but not CONVEX_URL: the data is not in Convex")
		return
	}
	db.Convex.DeployKey, db.Convex.Secret = key, secret
}

// sameURL reports whether two URLs differ in a slash at the end at most.
func sameURL(a, b string) bool { return strings.TrimSuffix(a, "/") == strings.TrimSuffix(b, "/") }

// parseSecrets reads versions of the secret.
func parseSecrets(text string) ([]lockstep.Secret, error) {
	list, err := secure.ParseRotation(text)
	if err != nil {
		return nil, fmt.Errorf("BETTER_AUTH_SECRETS, as in 2:new,1:old: %w", err)
	}
	secrets := make([]lockstep.Secret, len(list))
	for i, s := range list {
		secrets[i] = lockstep.Secret{Version: s.Version, Value: s.Value}
	}
	return secrets, nil
}
