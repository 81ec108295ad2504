// Package oauth signs users in with another service: OAuth 2.0 (RFC 6749) with
// PKCE (RFC 7636), and OpenID Connect Core 1.0 where the service speaks it.
//
// A [Provider] describes a service; package social describes well-known ones. A
// [Client] talks to it:
//
//	state, verifier := oauth.NewState(), oauth.NewVerifier()
//	url, err := provider.AuthorizationURL(oauth.AuthorizationRequest{ … }) // send the browser there
//	…                                                                     // it comes back with a code
//	err = provider.CheckCallback(iss, nonce)
//	tokens, err := client.Exchange(ctx, provider, oauth.ExchangeRequest{ … })
//	profile, err := client.User(ctx, provider, tokens, oauth.UserRequest{})
//
// The service on the other side is not trusted beyond its own users: what it
// answers is limited in size and time, redirects are not followed, private
// networks are out of reach, and id tokens are verified although they come over
// TLS. Errors carry the code that the user's browser gets to see ([Error]) and
// never a token, a code or a secret.
//
// The wire is that of Better Auth 1.7.25 (@better-auth/core, oauth2/).
package oauth
