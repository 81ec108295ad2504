package file

import (
	"maps"
	"time"

	"go.yaml.in/yaml/v4"

	lockstep "github.com/lockstep-auth/lockstep"
)

// special returns the options that the option tags of lockstep.Config cannot
// describe, by path: a new section is an entry here.
func (d *decoder) special() map[string]decode {
	return map[string]decode{
		"database":                         d.database,
		"baseURL":                          d.baseURL,
		"session.cookieCache.refreshCache": d.refreshCache,
		"rateLimit.customRules":            d.customRules,
		"advanced.disableOriginCheck":      d.disableOriginCheck,
	}
}

// refused returns Better Auth's other options, by path, and why they are
// refused. The list is upstream's BetterAuthOptions
// (@better-auth/core, types/init-options).
func refused() map[string]string {
	const (
		later = "is not supported yet by this version of Lockstep"
		code  = "is code: set it in a Go program with lockstep.Config"
		never = "is about the JavaScript program and has no meaning here"
	)
	reasons := map[string][]string{
		later: {
			"socialProviders", "plugins", "emailVerification", "secondaryStorage",
			"emailAndPassword.resetPasswordTokenExpiresIn", "emailAndPassword.revokeSessionsOnPasswordReset",
			"user.changeEmail", "user.deleteUser.deleteTokenExpiresIn",
			"session.storeSessionInDatabase", "session.preserveSessionInDatabase",
			"account.updateAccountOnSignIn", "account.accountLinking", "account.encryptOAuthTokens",
			"account.skipStateCookieCheck", "account.storeStateStrategy", "account.storeAccountCookie",
			"verification.storeIdentifier", "verification.storeInDatabase", "verification.disableCleanup",
			"rateLimit.modelName", "rateLimit.fields",
			"advanced.database", "advanced.crossSubDomainCookies.additionalCookies",
			"onAPIError.throw", "onAPIError.customizeDefaultErrorPage",
		},
		code: {
			"hooks", "databaseHooks", "logger",
			"emailAndPassword.password", "emailAndPassword.sendResetPassword", "emailAndPassword.onPasswordReset",
			"emailAndPassword.onExistingUserSignUp", "emailAndPassword.customSyntheticUser",
			"user.validateUserInfo", "user.deleteUser.sendDeleteAccountVerification",
			"user.deleteUser.beforeDelete", "user.deleteUser.afterDelete",
			"rateLimit.customStorage", "advanced.backgroundTasks", "onAPIError.onError",
		},
		never: {"telemetry", "experimental"},
	}
	options := make(map[string]string)
	for why, paths := range reasons {
		for _, path := range paths {
			options[path] = why
		}
	}
	return maps.Clone(options)
}

func (d *decoder) database(path string, n *yaml.Node) {
	db := &d.settings.Database
	d.section(path, n, db)
	if db.SQLite != "" && d.settings.given[join(path, "convex")] {
		d.fail(n, "%s is either sqlite or convex, not both", path)
	}
	if d.settings.given[join(path, "convex")] && db.Convex.URL == "" {
		d.fail(n, "%s.convex.url is missing", path)
	}
}

// baseURL is a URL, or a section for a server with several hosts.
func (d *decoder) baseURL(path string, n *yaml.Node) {
	c := &d.settings.Auth
	switch n.Kind {
	case yaml.MappingNode:
		d.section(path, n, &c.DynamicBaseURL)
		if len(c.DynamicBaseURL.AllowedHosts) == 0 {
			d.fail(n, "%s.allowedHosts is missing: list the hosts that are served", path)
		}
	case yaml.ScalarNode:
		d.text(path, n, &c.BaseURL)
	default:
		d.wrong(n, path, "a URL, or a section with allowedHosts")
	}
}

// refreshCache is a switch, or a section that also says when.
func (d *decoder) refreshCache(path string, n *yaml.Node) {
	cache := &d.settings.Auth.Session.CookieCache
	if n.Kind != yaml.MappingNode {
		cache.RefreshCache = new(bool)
		d.bool(path, n, cache.RefreshCache)
		return
	}
	var section struct {
		UpdateAge time.Duration `option:"updateAge"`
	}
	d.section(path, n, &section)
	cache.RefreshCache, cache.RefreshUpdateAge = new(true), section.UpdateAge
}

// disableOriginCheck is a switch, or a list of paths.
func (d *decoder) disableOriginCheck(path string, n *yaml.Node) {
	advanced := &d.settings.Auth.Advanced
	switch n.Kind {
	case yaml.SequenceNode:
		for _, item := range n.Content {
			var p string
			d.text(path, item, &p)
			advanced.DisableOriginCheckPaths = append(advanced.DisableOriginCheckPaths, p)
		}
	case yaml.ScalarNode:
		d.bool(path, n, &advanced.DisableOriginCheck)
	default:
		d.wrong(n, path, "true, false or a list of paths")
	}
}

// customRules are rules by path; false is no limit.
func (d *decoder) customRules(path string, n *yaml.Node) {
	d.each(path, n, func(key string, _, value *yaml.Node) {
		at := join(path, key)
		rule := lockstep.RateLimitRule{Path: key}
		if value.Kind == yaml.MappingNode {
			d.rule(at, value, &rule)
		} else {
			on := true
			if d.bool(at, value, &on); on {
				d.fail(value, "%s must be false or a section with window and max", at)
			}
			rule.Skip = true
		}
		d.settings.Auth.RateLimit.CustomRules = append(d.settings.Auth.RateLimit.CustomRules, rule)
	})
}

func (d *decoder) rule(path string, n *yaml.Node, rule *lockstep.RateLimitRule) {
	var section struct {
		Window time.Duration `option:"window"`
		Max    int           `option:"max"`
	}
	d.section(path, n, &section)
	for _, name := range []string{"window", "max"} {
		if !d.settings.given[join(path, name)] {
			d.fail(n, "%s.%s is missing", path, name)
		}
	}
	rule.Window, rule.Max = section.Window, section.Max
}
