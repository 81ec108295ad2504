// Package conformance has no Go code. It is the suite that compares Lockstep
// with the real Better Auth, request by request, on Node.js: see README.md.
package conformance
