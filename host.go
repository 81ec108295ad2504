package lockstep

import (
	"cmp"
	"net/url"
	"time"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/clientip"
	"github.com/lockstep-auth/lockstep/internal/cookie"
	"github.com/lockstep-auth/lockstep/internal/origin"
	"github.com/lockstep-auth/lockstep/internal/ratelimit"
	"github.com/lockstep-auth/lockstep/internal/secure"
	"github.com/lockstep-auth/lockstep/plugin"
	"github.com/lockstep-auth/lockstep/store"
)

func (b *builder) host(secrets *secure.Secrets, names *cookie.Names, clients *clientip.Resolver, db store.Store) *plugin.Host {
	hooks := make([]identity.Hooks, 0, len(b.Plugins)+1)
	for _, p := range b.Plugins {
		hooks = append(hooks, p.Database)
	}
	hooks = append(hooks, b.DatabaseHooks)
	passwords := b.EmailAndPassword.Password
	if passwords == nil {
		passwords = secure.NewPasswords(secure.PasswordConfig{
			Workers: b.EmailAndPassword.HashWorkers, Queue: b.EmailAndPassword.HashQueue, Busy: b.EmailAndPassword.HashBusy,
		})
	}
	return plugin.NewHost(plugin.HostConfig{
		AppName: cmp.Or(b.AppName, "Better Auth"), Log: b.Log, Now: b.Now, Session: b.sessionPolicy(), Tables: b.tables,
		Identity: identity.New(identity.Config{
			Store: db, Now: b.Now, Tables: b.tables, Lifetime: b.Session.ExpiresIn,
			NewID: b.Advanced.Database.GenerateID, Hooks: hooks,
			StoreIdentifier: b.storeIdentifier(), KeepExpired: b.Verification.DisableCleanup,
		}),
		Secrets: secrets, Passwords: passwords, Cookies: names, Cache: b.cache(secrets), ClientIP: clients.IP,
		AccountCookie: b.Store == nil || b.Account.StoreAccountCookie, StateInCookie: b.stateInCookie(),
		Background: b.background.start, AllowMail: b.allowMail(), ValidateUserInfo: b.User.ValidateUserInfo,
	})
}

func (b *builder) sessionPolicy() plugin.SessionPolicy {
	s, cache := &b.Session, &b.Session.CookieCache
	p := plugin.SessionPolicy{
		ExpiresIn: s.ExpiresIn, UpdateAge: or(s.UpdateAge, day), FreshAge: or(s.FreshAge, day),
		DisableRefresh: s.DisableSessionRefresh, DeferRefresh: s.DeferSessionRefresh,
		Stateless: b.Store == nil, CacheMaxAge: cache.MaxAge, CacheVersion: cache.VersionFunc,
	}
	if p.CacheVersion == nil && cache.Version != "" {
		p.CacheVersion = func(*identity.Session, *identity.User) string { return cache.Version }
	}
	if b.Store == nil && or(cache.RefreshCache, false) {
		p.RefreshCache = cache.RefreshUpdateAge
		if p.RefreshCache == 0 {
			p.RefreshCache = (cache.MaxAge / 5).Truncate(time.Second)
		}
	}
	return p
}

// cache returns the session cookie cache, or nil if it is off.
func (b *builder) cache(secrets *secure.Secrets) *cookie.Cache {
	if !b.Session.CookieCache.Enabled {
		return nil
	}
	c, err := cookie.NewCache(cookie.CacheConfig{
		Strategy: cookie.Strategy(b.Session.CookieCache.Strategy), Secrets: secrets,
	})
	b.check(err)
	return c
}

func (b *builder) cookieConfig(base *origin.Base) cookie.Config {
	a := &b.Advanced
	c := cookie.Config{
		Prefix: a.CookiePrefix, Defaults: overrides(a.DefaultCookieAttributes),
		Cookies: make(map[string]cookie.Custom, len(a.Cookies)),
	}
	for key, custom := range a.Cookies {
		c.Cookies[key] = cookie.Custom{Name: custom.Name, Attributes: overrides(custom.Attributes)}
	}
	if base != nil {
		c.Secure = or(a.UseSecureCookies, base.Secure(!b.Development))
	}
	if a.CrossSubDomainCookies.Enabled {
		c.Domain = b.cookieDomain()
	}
	return c
}

func (b *builder) cookieDomain() string {
	if d := b.Advanced.CrossSubDomainCookies.Domain; d != "" {
		return d
	}
	u, err := url.Parse(b.BaseURL)
	if err != nil || u.Hostname() == "" {
		b.fail("Advanced.CrossSubDomainCookies needs a Domain, since there is no BaseURL to take it from")
		return ""
	}
	return u.Hostname()
}

func overrides(a CookieAttributes) cookie.Overrides {
	return cookie.Overrides{
		MaxAge: a.MaxAge, Domain: a.Domain, Path: a.Path, HTTPOnly: a.HTTPOnly,
		Secure: a.Secure, Partitioned: a.Partitioned, SameSite: a.SameSite,
	}
}

func (b *builder) rateLimits() ratelimit.Config {
	c := ratelimit.Config{
		Enabled: or(b.RateLimit.Enabled, !b.Development), Window: b.RateLimit.Window, Max: b.RateLimit.Max,
	}
	for _, r := range b.RateLimit.CustomRules {
		c.Custom = append(c.Custom, ratelimit.CustomRule{
			Path: r.Path, Rule: ratelimit.Rule{Window: r.Window, Max: r.Max}, Skip: r.Skip,
		})
	}
	for _, p := range b.Plugins {
		for _, r := range p.RateLimits {
			c.Plugin = append(c.Plugin, ratelimit.PluginRule{
				Match: r.Match, Rule: ratelimit.Rule{Window: r.Window, Max: r.Max},
			})
		}
	}
	return c
}

func (b *builder) limiter(db store.Store) ratelimit.Limiter {
	memory := ratelimit.NewMemory(maxLimitedClients)
	if b.RateLimit.Storage != "database" {
		return memory
	}
	return ratelimit.NewStore(db, memory, b.Log)
}
