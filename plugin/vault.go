package plugin

import "github.com/lockstep-auth/lockstep/internal/secure"

// A Vault seals texts with the server's secret itself, as upstream does for
// private keys of JWKS and for secrets of authenticator apps, so that a Node.js
// server opens them and the other way round. Where no other server reads the
// text, use Host.Encrypt, which keeps purposes apart. It prints as [redacted].
type Vault struct {
	secrets *secure.Secrets
}

// Vault returns the vault of the server. It is safe for concurrent use.
func (h *Host) Vault() Vault { return Vault{h.c.Secrets} }

// Encrypt seals a text with the current secret.
func (v Vault) Encrypt(text string) string { return v.secrets.Encrypt(text) }

// Decrypt opens what Encrypt, or upstream's symmetricEncrypt, sealed with any
// version of the secret.
func (v Vault) Decrypt(sealed string) (string, error) { return v.secrets.Decrypt(sealed) }

// String returns "[redacted]".
func (Vault) String() string { return "[redacted]" }

// GoString returns "[redacted]".
func (Vault) GoString() string { return "[redacted]" }
