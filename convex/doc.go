// Package convex calls the functions of a Convex deployment over HTTP
// (https://docs.convex.dev/http-api). It needs no code generation and nothing
// of the rest of this module.
//
//	client, err := convex.New(convex.Config{
//		URL:      "https://happy-otter-123.convex.cloud",
//		AdminKey: deployKey, // only to reach internal and component functions
//	})
//	…
//	user, err := client.Query(ctx, "users:byEmail", map[string]any{"email": "ada@example.com"})
//
// # Values
//
// Arguments and results are plain Go values:
//
//	Convex           Go
//	null             nil
//	boolean          bool
//	float64          float64; an int is taken too, and comes back as float64
//	int64 (bigint)   int64
//	string           string, valid UTF-8
//	bytes            []byte
//	array            []any; []string and []map[string]any are taken too
//	object           map[string]any
//
// A key that is absent and a key that is nil are two things to Convex: missing
// and null. Times have no type of their own; most schemas hold milliseconds as
// a float64. [Scan] fills a struct from a result.
//
// # Errors and retries
//
// Every failure is an [*Error], and [errors.Is] tells what to do about it. The
// deployment has no way to recognise a repeated HTTP mutation, so a call is sent
// again only where that is safe: a query after any temporary failure, a mutation
// or action only when it certainly did not run, or when the caller says that
// repeating it does no harm ([Idempotent]). A mutation whose answer was lost is
// [ErrOutcomeUnknown]: it may have been committed.
//
// An error never quotes arguments, nor the deployment's error texts, which
// quote arguments. The lines that functions log are dropped.
package convex
