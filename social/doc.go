// Package social describes the services that users can sign in with: the 36 that
// Better Auth 1.7.25 knows (@better-auth/core, social-providers/), under the same
// ids and with the same options.
//
//	github := social.GitHub(social.GitHubOptions{Options: social.Options{ClientID: id, ClientSecret: secret}})
//
// Each file is one service, and each function returns a value that can be changed
// before a server gets it; [Catalog] lists them all for configuration files. Every
// URL can be set, for a service's own installations and for tests.
//
// An email address counts as verified only if the service says so with true or
// "true" in the place its documentation names, whatever else is in its answer.
package social
