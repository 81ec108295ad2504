package lockstep

import (
	"strings"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/core"
	"github.com/lockstep-auth/lockstep/internal/secure"
)

// checkVerification checks the options of one-time secrets.
func (b *builder) checkVerification() {
	v := &b.Verification
	all := append([]StoreIdentifierOverride{{StoreIdentifier: v.StoreIdentifier}}, v.StoreIdentifierOverrides...)
	for _, o := range all {
		if o.StoreIdentifier != "" && o.StoreIdentifier != "plain" && o.StoreIdentifier != "hashed" {
			b.fail("Verification.StoreIdentifier is %q, must be \"plain\" or \"hashed\"", o.StoreIdentifier)
		}
	}
}

// storeIdentifier returns the function that hashes identifiers, or nil if none
// are.
func (b *builder) storeIdentifier() func(string) string {
	v := &b.Verification
	if v.StoreIdentifier != "hashed" && len(v.StoreIdentifierOverrides) == 0 {
		return nil
	}
	overrides := append([]StoreIdentifierOverride(nil), v.StoreIdentifierOverrides...)
	overrides = append(overrides, StoreIdentifierOverride{StoreIdentifier: v.StoreIdentifier})
	return func(identifier string) string {
		for _, o := range overrides {
			if !strings.HasPrefix(identifier, o.Prefix) {
				continue
			}
			if o.StoreIdentifier == "hashed" {
				return secure.HashIdentifier(identifier)
			}
			break
		}
		return identifier
	}
}

// coreConfig returns the options of the core endpoints.
func (b *builder) coreConfig() core.Config {
	ep, ev, change, del := &b.EmailAndPassword, &b.EmailVerification, &b.User.ChangeEmail, &b.User.DeleteUser
	return core.Config{
		EmailAndPassword: ep.Enabled, DisableSignUp: ep.DisableSignUp, NoAutoSignIn: !or(ep.AutoSignIn, true),
		RequireVerified: ep.RequireEmailVerification, MinPassword: ep.MinPasswordLength, MaxPassword: ep.MaxPasswordLength,
		OnExistingSignUp: ep.OnExistingUserSignUp, SyntheticUser: ep.CustomSyntheticUser,
		Reset: core.Reset{
			Send: core.Sender(ep.SendResetPassword), Life: ep.ResetPasswordTokenExpiresIn,
			EndSessions: or(ep.RevokeSessionsOnPasswordReset, true), After: ep.OnPasswordReset,
		},
		Verify: core.Verify{
			Send: core.Sender(ev.SendVerificationEmail), Life: ev.ExpiresIn,
			OnSignUp: or(ev.SendOnSignUp, ep.RequireEmailVerification), OnSignIn: ev.SendOnSignIn,
			SignIn: ev.AutoSignInAfterVerification, Before: ev.BeforeEmailVerification, After: ev.AfterEmailVerification,
		},
		Change: core.Change{
			Enabled: change.Enabled, Confirm: core.Sender(change.SendChangeEmailConfirmation),
			AtOnce: change.UpdateEmailWithoutVerification,
		},
		Deletes: core.Deletes{
			Enabled: del.Enabled, Send: core.Sender(del.SendDeleteAccountVerification), Life: del.DeleteTokenExpiresIn,
			Before: del.BeforeDelete, After: del.AfterDelete,
		},
		Social: core.Social{Providers: b.providers, Client: b.oauth, MailOnSignUp: ev.SendOnSignUp}, Account: b.accountConfig(),
		ErrorURL: b.OnAPIError.ErrorURL, Development: b.Development,
		UserFields: b.extra(identity.UserTable), SessionFields: b.extra(identity.SessionTable),
	}
}
