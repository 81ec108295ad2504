// Package convexcheck tests the whole server on Convex, where package
// store/convex tests the store alone: what an endpoint costs in calls and time,
// what clients see while the link to the deployment fails and what is left in
// the tables afterwards, and that nobody else can read them. It has tests only.
package convexcheck
