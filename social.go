package lockstep

import (
	"net/http"
	"slices"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/core"
	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/plugin"
)

// The values of Account.StoreStateStrategy.
const (
	stateInDatabase = "database"
	stateInCookie   = "cookie"
)

// A SocialProvider is a service that users can sign in with.
type SocialProvider struct {
	ID   string // for /sign-in/social, such as "github"
	Name string // for people, such as "GitHub"
}

// SocialProviders returns the services that users can sign in with, those of
// plugins first, for the buttons of a page.
func (a *Auth) SocialProviders() []SocialProvider {
	list := make([]SocialProvider, len(a.providers))
	for i, p := range a.providers {
		list[i] = SocialProvider{ID: p.ID, Name: p.Name}
	}
	return list
}

// checkSocial checks the options of other services and collects the services.
func (b *builder) checkSocial() {
	if s := b.Account.StoreStateStrategy; s != "" && s != stateInDatabase && s != stateInCookie {
		b.fail("Account.StoreStateStrategy is %q, must be %q or %q", s, stateInDatabase, stateInCookie)
	}
	var err error
	b.oauth, err = oauth.New(oauth.Config{
		Now: b.Now, Transport: b.OAuth.Transport, Timeout: b.OAuth.Timeout,
		InsecureAllowPrivateNetworks: b.OAuth.InsecureAllowPrivateNetworks,
	})
	b.check(err)
	for i := range b.Plugins {
		for _, p := range b.Plugins[i].Providers {
			b.addProvider(p, "a provider of plugin "+b.Plugins[i].ID)
		}
	}
	plugins := len(b.providers)
	for _, p := range b.Social {
		b.check(p.Validate())
		if !b.OAuth.InsecureAllowPrivateNetworks {
			b.check(p.ValidatePublic())
		}
		if slices.ContainsFunc(b.providers[:plugins], func(have plugin.Provider) bool { return have.ID == p.ID }) {
			b.warnings = append(b.warnings, "a plugin's provider takes the place of the configured one with the same id: "+p.ID)
			continue
		}
		b.addProvider(plugin.StaticProvider(p), "Social")
	}
}

func (b *builder) addProvider(p plugin.Provider, where string) {
	taken := p.ID == identity.CredentialProvider ||
		slices.ContainsFunc(b.providers, func(have plugin.Provider) bool { return have.ID == p.ID })
	switch {
	case p.ID == "" || p.Describe == nil:
		b.fail("%s has no ID or no Describe", where)
	case taken:
		b.fail("%s has the id %q, which is taken", where, p.ID)
	}
	if p.Name == "" {
		p.Name = p.ID
	}
	b.providers = append(b.providers, p)
}

// stateInCookie reports whether a sign-in waits for the browser in a cookie.
func (b *builder) stateInCookie() bool {
	if b.Account.StoreStateStrategy == "" {
		return b.Store == nil
	}
	return b.Account.StoreStateStrategy == stateInCookie
}

// accountConfig returns the options of accounts for the core endpoints.
func (b *builder) accountConfig() core.Account {
	a, l := &b.Account, &b.Account.AccountLinking
	return core.Account{
		KeepTokens: !or(a.UpdateAccountOnSignIn, true), EncryptTokens: a.EncryptOAuthTokens, SkipStateCookie: a.SkipStateCookieCheck,
		NoLinking: !or(l.Enabled, true), NoImplicitLinking: l.DisableImplicitLinking,
		LinkUnverified: !or(l.RequireLocalEmailVerified, true), DifferentEmails: l.AllowDifferentEmails,
		UnlinkAll: l.AllowUnlinkingAll, UpdateUser: l.UpdateUserInfoOnLink, Trusted: l.trusted,
	}
}

// trusted names the services whose addresses count as verified.
func (l *AccountLinking) trusted(r *http.Request) []string {
	if l.TrustedProvidersFunc == nil {
		return l.TrustedProviders
	}
	return append(slices.Clone(l.TrustedProviders), l.TrustedProvidersFunc(r)...)
}
