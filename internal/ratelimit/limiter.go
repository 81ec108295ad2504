// Package ratelimit says how often clients may call, and counts their calls.
//
// Rules finds the Rule for a request, and a Limiter counts: Memory in this
// process, Store in the database, so that several processes share the counts.
// Rules, counts and keys are those of Better Auth (api/rate-limiter), so that a
// Go and a Node.js process can share them too.
package ratelimit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// A Rule lets a client call Max times. The count starts again when Window has
// passed since the last call that was allowed, so calls that are refused do not
// prolong it. A rule without Window refuses nothing. Windows have whole
// milliseconds.
type Rule struct {
	Window time.Duration
	Max    int
}

// A Decision says whether a call is allowed.
type Decision struct {
	Allowed bool

	// RetryAfter is when to call again, in whole seconds and at least one. It is
	// zero if the call is allowed.
	RetryAfter time.Duration
}

// A Limiter counts calls. It is safe for concurrent use, and exact under it.
type Limiter interface {
	// Take counts a call at the time now under a key, and decides on it. An
	// error means that there is no decision.
	Take(ctx context.Context, key string, rule Rule, now time.Time) (Decision, error)
}

// Key returns the key that counts calls from ip to path. The path is the one
// that Rules.For takes, so that no two spellings of it have two counts.
func Key(ip, path string) string { return ip + "|" + path }

// maxKey is the longest key that is kept as it is, in bytes.
const maxKey = 255

// bound returns a short text for a key, since clients choose the paths in keys.
func bound(key string) string {
	if len(key) <= maxKey {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return "sha256|" + hex.EncodeToString(sum[:])
}

// over reports whether a window has passed since the time last. So it has for a
// time that lies a window or more ahead, which only a clock that was wrong can
// leave behind. All values are in milliseconds.
func over(last, now, window int64) bool {
	return now-last >= window || last-now >= window
}

// refusal is the decision on a call too many, in milliseconds.
func refusal(last, now, window int64) Decision {
	seconds := (last + window - now + 999) / 1000
	return Decision{RetryAfter: time.Duration(seconds) * time.Second}
}
