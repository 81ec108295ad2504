package file

import (
	"time"

	"go.yaml.in/yaml/v4"

	lockstep "github.com/lockstep-auth/lockstep"
)

// An option is one that the option tags of lockstep.Config cannot describe.
type option struct {
	decode func(d *decoder, path string, n *yaml.Node)

	// encode is the reverse. It returns nil for an option that is not set.
	encode func(s *Settings) *yaml.Node
}

// special returns these options, by path: a new section is an entry here.
func special() map[string]option {
	options := map[string]option{
		"database":                         {(*decoder).database, encodeDatabase},
		"plugins":                          {(*decoder).plugins, encodePlugins},
		"baseURL":                          {(*decoder).baseURL, encodeBaseURL},
		"session.cookieCache.refreshCache": {(*decoder).refreshCache, encodeRefreshCache},
		"rateLimit.customRules":            {(*decoder).customRules, encodeCustomRules},
		"advanced.disableOriginCheck":      {(*decoder).disableOriginCheck, encodeDisableOriginCheck},
		"verification.storeIdentifier":     {(*decoder).storeIdentifier, encodeStoreIdentifier},
		"mail":                             {(*decoder).mail, encodeMail},
		"mail.smtp.url":                    {(*decoder).smtpURL, encodedAbove},
	}
	socialOptions(options)
	return options
}

// Why an option is refused.
const (
	isLater   = "is not supported yet by this version of Lockstep"
	isCode    = "is code: set it in a Go program, with lockstep.Config"
	isMail    = "is code: the section mail sends this mail"
	isNever   = "is about the JavaScript program and means nothing here"
	isGeneric = "is a service of the plugin genericOAuth: write it there, below plugins"
	isIdle    = "does nothing, in Better Auth either: leave it out"
)

// refused returns Better Auth's other options, by path, and why they are
// refused. The list is upstream's BetterAuthOptions
// (@better-auth/core, types/init-options).
func refused() map[string]string {
	reasons := map[string][]string{
		isLater: {
			"secondaryStorage",
			"session.storeSessionInDatabase", "session.preserveSessionInDatabase", "verification.storeInDatabase",
			"advanced.database.generateId", "onAPIError.throw", "onAPIError.customizeDefaultErrorPage",
		},
		isCode: {
			"hooks", "databaseHooks", "logger",
			"emailAndPassword.password", "emailAndPassword.onPasswordReset", "emailAndPassword.customSyntheticUser",
			"emailVerification.beforeEmailVerification", "emailVerification.afterEmailVerification",
			"user.validateUserInfo", "user.deleteUser.beforeDelete", "user.deleteUser.afterDelete",
			"rateLimit.customStorage", "advanced.backgroundTasks", "onAPIError.onError",
		},
		isMail: {
			"emailAndPassword.sendResetPassword", "emailAndPassword.onExistingUserSignUp",
			"emailVerification.sendVerificationEmail", "user.changeEmail.sendChangeEmailConfirmation",
			"user.deleteUser.sendDeleteAccountVerification",
		},
		isNever: {
			"telemetry", "experimental",
			"advanced.database.defaultFindManyLimit", "advanced.database.joins", "advanced.database.validateSchema",
		},
		isIdle: {"advanced.crossSubDomainCookies.additionalCookies"},
	}
	options := make(map[string]string)
	for why, paths := range reasons {
		for _, path := range paths {
			options[path] = why
		}
	}
	refusedSocial(options)
	return options
}

func (d *decoder) database(path string, n *yaml.Node) {
	db := &d.settings.Database
	d.section(path, n, db)
	if db.SQLite != "" && d.settings.given[join(path, "convex")] {
		d.fail(n, "%s is either sqlite or convex, not both", path)
	}
	if d.settings.given[join(path, "convex")] && db.Convex == (Convex{}) {
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

type refreshOptions struct {
	UpdateAge time.Duration `option:"updateAge"`
}

// refreshCache is a switch, or a section that also says when.
func (d *decoder) refreshCache(path string, n *yaml.Node) {
	cache := &d.settings.Auth.Session.CookieCache
	if n.Kind != yaml.MappingNode {
		cache.RefreshCache = new(bool)
		d.bool(path, n, cache.RefreshCache)
		return
	}
	var section refreshOptions
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
			if value.ShortTag() != "!!bool" || value.Decode(&on) != nil || on {
				d.fail(value, "%s must be false or a section with window and max", at)
			}
			rule.Skip = true
		}
		d.settings.Auth.RateLimit.CustomRules = append(d.settings.Auth.RateLimit.CustomRules, rule)
	})
}

type ruleOptions struct {
	Window time.Duration `option:"window"`
	Max    int           `option:"max"`
}

func (d *decoder) rule(path string, n *yaml.Node, rule *lockstep.RateLimitRule) {
	var section ruleOptions
	d.section(path, n, &section)
	for _, name := range []string{"window", "max"} {
		if !d.settings.given[join(path, name)] {
			d.fail(n, "%s.%s is missing", path, name)
		}
	}
	rule.Window, rule.Max = section.Window, section.Max
}
