package convex

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// What an [*Error] can be, for [errors.Is]. An error is one of the causes, and
// in addition [ErrOutcomeUnknown] if the function may have run, or
// [ErrUnavailable] if it did not run and may succeed later.
var (
	// ErrOutcomeUnknown means that a mutation or action was sent and that no
	// attempt got a clear answer: it may have been carried out. Look for this one
	// first; it goes with any cause. No query has it.
	ErrOutcomeUnknown = errors.New("convex: outcome unknown")

	// ErrUnavailable means that nothing was done, and that the same call may
	// succeed later. ErrConflict, ErrOverloaded and ErrRateLimited are also
	// ErrUnavailable, unless the outcome is unknown.
	ErrUnavailable = errors.New("convex: deployment unavailable")

	// ErrConflict means that the mutation lost against others that touch the same
	// documents, again and again. Nothing was committed.
	ErrConflict = errors.New("convex: conflict with other mutations")

	// ErrOverloaded means that the deployment turned the call away before it ran
	// or before it was committed.
	ErrOverloaded = errors.New("convex: deployment overloaded")

	// ErrRateLimited means that the deployment's plan does not allow as many
	// calls, or as many writes, at once.
	ErrRateLimited = errors.New("convex: rate limited")

	// ErrUnauthorized means that the key or user token is not valid, or does not
	// allow the call. It is a mistake in the configuration.
	ErrUnauthorized = errors.New("convex: unauthorized")

	// ErrNotFound means that there is no such function, or that it is internal
	// and the call has no key: the deployment does not tell which. A deployment
	// that hides error texts reports this as ErrFunction.
	ErrNotFound = errors.New("convex: function not found")

	// ErrRefused means that the call cannot be right: an argument that Convex
	// has no value for, arguments that the function does not take, a wrong URL.
	// A deployment that hides error texts may report this as ErrFunction.
	ErrRefused = errors.New("convex: request refused")

	// ErrFunction means that the function threw an error. Nothing that a mutation
	// wrote was kept; what an action did before stays. Error.Data holds the data
	// of a ConvexError.
	ErrFunction = errors.New("convex: function threw an error")

	// ErrTooLarge means that the answer exceeds Config.MaxResponse. A mutation
	// with such an answer has an unknown outcome.
	ErrTooLarge = errors.New("convex: answer too large")
)

// An Error is a call that failed. Its text names the function, never arguments.
type Error struct {
	// Path is the function, such as "auth:findOne". Empty for calls that have none.
	Path string

	// Status is the HTTP status of the last answer; 0 if there was none.
	Status int

	// Code is the deployment's name of a failure that is not the function's, such
	// as "OptimisticConcurrencyControlFailure". Often empty.
	Code string

	// RequestID finds the call in the deployment's logs. Often empty.
	RequestID string

	// Attempts is how often the call was sent, or tried to be.
	Attempts int

	// Data is what the function passed to ConvexError; nil if it threw another
	// error. It is the function's own data: it is no part of the text.
	Data any

	op      operation
	kind    error  // one of the causes above
	detail  string // in words of this package
	thrown  string
	cause   error // a context's or transport's error
	unknown bool  // an attempt may have had its effect
}

// Error says what failed, and after how many attempts.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "convex: %s", e.op)
	if e.Path != "" {
		fmt.Fprintf(&b, " %q", e.Path)
	}
	b.WriteString(": " + strings.TrimPrefix(e.kind.Error(), "convex: "))
	if e.detail != "" {
		b.WriteString(": " + e.detail)
	}
	if e.cause != nil {
		b.WriteString(": " + plain(e.cause.Error()))
	}
	if facts := e.facts(); len(facts) > 0 {
		b.WriteString(" (" + strings.Join(facts, ", ") + ")")
	}
	if e.unknown {
		b.WriteString("; it may have been carried out")
	}
	return b.String()
}

// plain makes the text of a foreign error fit for a log: one short line. A broken
// answer can put any bytes into it.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, firstLine(text))
}

func (e *Error) facts() []string {
	var facts []string
	if e.Status != 0 && e.Status != http.StatusOK {
		facts = append(facts, strings.TrimSpace(fmt.Sprintf("HTTP %d %s", e.Status, e.Code)))
	}
	if e.RequestID != "" {
		facts = append(facts, "request "+e.RequestID)
	}
	if e.Attempts > 1 {
		facts = append(facts, fmt.Sprintf("%d attempts", e.Attempts))
	}
	return facts
}

// GoString is the text of Error, quoted: %#v must not print Data.
func (e *Error) GoString() string {
	return fmt.Sprintf("%q", e.Error())
}

// Is reports whether target is the cause of e, or what e says of the outcome.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrOutcomeUnknown:
		return e.unknown
	case ErrUnavailable:
		return e.isTemporary() && !e.unknown
	}
	return target == e.kind
}

func (e *Error) isTemporary() bool {
	return slices.Contains([]error{ErrUnavailable, ErrConflict, ErrOverloaded, ErrRateLimited}, e.kind)
}

// Unwrap returns the error of the context or the transport, if one is behind e.
func (e *Error) Unwrap() error {
	return e.cause
}

// Thrown returns the first line of the message of the Error that the function
// threw, such as "user email already exists". It is empty for a ConvexError, and
// on deployments that hide error texts, as those in production do; do not let a
// program depend on it. These are the function's words, which can quote its
// arguments: do not log them.
func (e *Error) Thrown() string {
	return e.thrown
}
