package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	lockstep "github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/env"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/oauth"
)

// checkSocial returns what is wrong with the services that users can sign in
// with.
func checkSocial(c *lockstep.Config) error {
	var errs []error
	for _, p := range c.Social {
		errs = append(errs, checkService(c, p))
	}
	return errors.Join(errs...)
}

func checkService(c *lockstep.Config, p oauth.Provider) error {
	at := "socialProviders." + p.ID
	id, secret := env.SocialNames(p.ID)
	err := p.Validate()
	if !c.OAuth.InsecureAllowPrivateNetworks {
		err = errors.Join(err, p.ValidatePublic())
	}
	switch {
	case err == nil:
		return nil
	case p.ClientID() == "":
		return fmt.Errorf("%s has no client id: set %s, or %[1]s.clientId", at, id)
	case p.Err != nil: // the rest follows from it
		return fmt.Errorf("%s: %w", at, p.Err)
	case p.NeedsSecret && !hasClientSecret(p):
		return fmt.Errorf("%s has no client secret: set %s, or %[1]s.clientSecret", at, secret)
	}
	var errs []error
	for problem := range strings.SplitSeq(err.Error(), "\n") {
		errs = append(errs, errors.New(at+": "+strings.TrimPrefix(problem, "provider "+p.ID+": ")))
	}
	return errors.Join(errs...)
}

// hasClientSecret reports whether a service has something to prove with who the
// application is.
func hasClientSecret(p oauth.Provider) bool {
	return p.ClientSecret != "" || p.SignSecret != nil || p.Assertion != nil
}

// warnSocial says what is allowed to services but hardly meant: networks that
// should be out of reach, no proof of who the application is, and trust in a
// service that is not there.
func warnSocial(ctx context.Context, s *file.Settings) {
	c := &s.Auth
	if c.OAuth.InsecureAllowPrivateNetworks {
		c.Log.WarnContext(ctx, "oauth.insecureAllowPrivateNetworks is on: services may be in private networks, on this machine and without TLS. "+
			"Whoever controls what they say of themselves can make the server ask there")
	}
	for _, p := range c.Social {
		if !hasClientSecret(p) {
			c.Log.WarnContext(ctx, "no client secret: the service must know the application as a public client", "provider", p.ID)
		}
	}
	for _, id := range c.Account.AccountLinking.TrustedProviders {
		if !isProvider(s, id) {
			c.Log.WarnContext(ctx, "account.accountLinking.trustedProviders names a provider that is not there", "provider", id)
		}
	}
}

// isProvider reports whether users can have accounts of a provider. Better Auth's
// documentation has "email-password" in the list of those that are trusted.
func isProvider(s *file.Settings, id string) bool {
	return id == "email-password" || id == identity.CredentialProvider ||
		slices.ContainsFunc(s.Auth.Social, func(p oauth.Provider) bool { return p.ID == id }) ||
		slices.ContainsFunc(s.Generic(), func(g file.Generic) bool {
			own, _, _ := g.Service()
			return own == id
		})
}

// usable returns the services that lack nothing.
func usable(c *lockstep.Config) []oauth.Provider {
	return slices.DeleteFunc(slices.Clone(c.Social), func(p oauth.Provider) bool { return checkService(c, p) != nil })
}

// providerIDs names the services of a server, also those of plugins.
func providerIDs(auth *lockstep.Auth) []string {
	ids := []string{}
	for _, p := range auth.SocialProviders() {
		ids = append(ids, p.ID)
	}
	return ids
}
