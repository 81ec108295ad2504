// Package ratelimit has rules and windows.
package ratelimit

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

// A Rule allows Max requests until Window passes without one.
type Rule struct {
	Window time.Duration
	Max    int
}

// A Config says which requests are limited.
type Config struct {
	Enabled bool
	Window  time.Duration
	Max     int
	Custom  []CustomRule
	Plugin  []PluginRule
}

// A CustomRule is a rule of the user.
type CustomRule struct {
	Path string
	Rule Rule
	Skip bool
	Func func(r *http.Request, current Rule) (rule Rule, limited bool)
}

// A PluginRule is a rule of a plugin.
type PluginRule struct {
	Match func(path string) bool
	Rule  Rule
}

// Rules finds the rule for a request.
type Rules struct{}

// NewRules checks c.
func NewRules(c Config) (*Rules, error) { return &Rules{}, nil }

// For returns the rule for path, without base path and trailing slash; false if it is not limited.
func (r *Rules) For(req *http.Request, path string) (Rule, bool) { return Rule{}, false }

// Key returns the key that counts requests from ip to path.
func Key(ip, path string) string { return ip + "|" + path }

// A Decision says whether a request may pass.
type Decision struct {
	Allowed    bool
	RetryAfter time.Duration
}

// A Limiter counts.
type Limiter interface {
	Take(ctx context.Context, key string, rule Rule, now time.Time) (Decision, error)
}

// Memory is a Limiter in memory.
type Memory struct{}

// NewMemory returns a Memory of at most maxKeys keys.
func NewMemory(maxKeys int) *Memory { return &Memory{} }

// Take implements Limiter.
func (m *Memory) Take(ctx context.Context, key string, rule Rule, now time.Time) (Decision, error) {
	return Decision{Allowed: true}, nil
}

// Store is a Limiter in a database.
type Store struct{}

// NewStore returns a Store.
func NewStore(s store.Store, fallback Limiter, log *slog.Logger) *Store { return &Store{} }

// Take implements Limiter.
func (s *Store) Take(ctx context.Context, key string, rule Rule, now time.Time) (Decision, error) {
	return Decision{Allowed: true}, nil
}

// Table returns the table that Store uses.
func Table() schema.Table { return schema.Table{Name: "rateLimit"} }
