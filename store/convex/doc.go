// Package convex keeps the server's data in a Convex deployment, over HTTP.
//
// It speaks two dialects, and finds out at its first use which one the
// deployment understands:
//
//   - functions: Lockstep's own functions from js/convex. A Read and an Apply
//     are one round trip each, every Apply is one serializable mutation, and a
//     batch with an ID happens once however often it is sent.
//   - crud: the seven functions that createApi of @convex-dev/better-auth makes.
//     They have no transactions; what follows from that is in docs/convex.md.
//
// Rows look as the Convex adapter of Better Auth writes them, so that a Node.js
// server can use them too: dates are numbers of milliseconds, JSON is text, an
// unset field is null or missing, and the id is Convex's own _id.
//
// Convex chooses the ids: a new row that comes with an id is refused.
package convex
