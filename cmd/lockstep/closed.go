package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	lockstep "github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/sqlite"
)

// keptOut refuses to let in whom Better Auth keeps out: its plugins two-factor
// and admin leave marks at the users that this program does not look at yet. A
// server where nobody can sign in may serve their sessions.
func keptOut(ctx context.Context, s *file.Settings, db store.Store) error {
	users, ok := db.(*sqlite.Store)
	if !ok {
		return nil
	}
	c := &s.Auth
	password := c.EmailAndPassword.Enabled && !isDisabled(c, "/sign-in/email")
	link := c.EmailVerification.AutoSignInAfterVerification && !isDisabled(c, "/verify-email")
	service := len(c.Social)+len(s.Generic()) > 0 && !isDisabled(c, "/sign-in/social")
	var errs []error
	for _, mark := range []struct {
		column  string
		matters bool
		why     string
	}{
		{"twoFactorEnabled", password, "this version asks for no second factor: whoever has one (twoFactorEnabled, %d in the database) would be let in by the password alone"},
		{"banned", password || service || link, "this version knows no bans: whoever is banned (banned, %d in the database) would be let in"},
	} {
		if !mark.matters {
			continue
		}
		n, err := users.CountTrue(ctx, identity.UserTable, mark.column)
		if err != nil {
			return err
		}
		if n > 0 {
			errs = append(errs, fmt.Errorf(mark.why+". Let Better Auth sign users in, and name what signs them in here in disabledPaths", n))
		}
	}
	return errors.Join(errs...)
}

// isDisabled reports whether the configuration switches a path off.
func isDisabled(c *lockstep.Config, path string) bool {
	return slices.ContainsFunc(c.DisabledPaths, func(p string) bool { return "/"+strings.Trim(p, "/") == path })
}
