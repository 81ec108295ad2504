package core

import (
	"time"

	"github.com/lockstep-auth/lockstep/plugin"
)

// What the tests of this package look into.
type EmailToken = emailToken

var ReadEmailToken = readEmailToken

// WithParam is withParam for a server at an origin.
func WithParam(origin, callback, name, value string) string {
	return withParam(&plugin.Call{Origin: origin}, callback, name, value)
}

// WithError is withError.
func WithError(callback, code string) string { return withError(callback, code, "") }

// StoredEmail is storedEmail.
func StoredEmail(email string) string { return storedEmail(email) }

// Sign is emailToken.sign.
func Sign(c *plugin.Call, t EmailToken, life time.Duration) string { return t.sign(c, life) }
