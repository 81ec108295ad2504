// Package identity gives rows their meaning: users, the accounts they sign in
// with and the sessions they have. It knows no HTTP and no cookies.
//
// A Service reads once, decides, and writes once, so that every operation
// costs one or two round trips to the database; the doc comment of each method
// says how many.
package identity
