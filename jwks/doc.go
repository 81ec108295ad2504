// Package jwks signs JSON Web Tokens with keys that Better Auth and this module
// share through the table "jwks", publishes the public halves as a JSON Web Key
// Set (RFC 7517), and verifies tokens offline.
//
// A Keyring is for the server: it makes keys, replaces them in time and signs. A
// Verifier is for any other service: it needs the URL of the key set, no secret
// and no database.
//
//	v, err := jwks.NewVerifier(jwks.VerifierConfig{
//		URL: "https://example.com/api/auth/jwks", Issuer: "https://example.com", Audience: []string{"https://example.com"},
//	})
//	claims, err := v.Verify(ctx, token)
//
// Rows that Better Auth wrote work here and rows written here work there
// (upstream: packages/better-auth/src/plugins/jwt): the id of the row is the
// "kid" of its tokens, and the private key is the JSON text of the sealed JWK.
package jwks
