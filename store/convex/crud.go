package convex

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/lockstep-auth/lockstep/convex"
	"github.com/lockstep-auth/lockstep/store"
)

// Where createApi's functions are: in the app, as the integration guide exports
// them from convex/auth.ts, or inside the Better Auth component.
const (
	appModule       = "auth"
	componentModule = "adapter"
)

// A crud is the dialect of createApi (@convex-dev/better-auth 0.12,
// src/client/create-api.ts): create, findOne, findMany, updateOne, updateMany,
// deleteOne and deleteMany. It uses five of them; findOne and updateMany look at
// 200 rows and visit rows twice, and what they do can be said with the others.
//
// The functions are used only where they are right. A mutation names one
// document, by its id or by a field that createApi keeps unique: then every
// other condition is checked in the same transaction. What a query returns is
// filtered again here, so a condition is sent only to save time.
//
// There is no transaction over several calls. A batch of one operation on one
// row is atomic; what a larger one is, the type run says.
type crud struct {
	client  *convex.Client
	tables  *tables
	module  string
	options []convex.Option
	batches bool // a component cannot be reached by query batches
	log     *slog.Logger
	sleep   func(context.Context, time.Duration) error
	warned  sync.Map // plans that were found to be slow, by their text

	background *sync.WaitGroup // of batches; Close waits for them
}

// newCrud returns the dialect for the app of a deployment, or for a component.
func newCrud(s *Store) *crud {
	config := s.config
	c := &crud{
		client: s.client, tables: s.tables, module: appModule, batches: true, log: config.Log, sleep: config.Sleep, background: &s.background,
	}
	if config.Component != "" {
		c.module, c.batches = componentModule, false
		c.options = []convex.Option{convex.Component(config.Component)}
	}
	if c.sleep == nil {
		c.sleep = pause
	}
	return c
}

// present reports whether the deployment has the functions: nil, or an error of
// package convex.
func (c *crud) present(ctx context.Context) error {
	if len(c.tables.list) == 0 {
		return nil
	}
	_, err := c.client.Query(ctx, c.path("findMany"), firstRow(c.tables.list[0]), c.options...)
	return err
}

// firstRow are the arguments of a findMany for the id of any one row.
func firstRow(t *table) map[string]any {
	return map[string]any{
		"model": t.physical, "select": []string{"id"},
		"paginationOpts": map[string]any{"cursor": nil, "numItems": 1},
	}
}

func (c *crud) path(function string) string { return c.module + ":" + function }

// A mutation is one call that changes documents.
type mutation struct {
	function   string
	args       map[string]any
	idempotent bool // doing it twice does no harm
}

// mutate calls a mutation and returns the document, or nil, that it answers
// with. The error is one of package convex, or says that the outcome is unknown.
func (c *crud) mutate(ctx context.Context, m mutation) (map[string]any, error) {
	options := c.options
	if m.idempotent {
		options = append(slices.Clip(options), convex.Idempotent())
	}
	value, err := c.client.Mutation(ctx, c.path(m.function), m.args, options...)
	if err != nil {
		return nil, err
	}
	doc, ok := value.(map[string]any)
	if !ok && value != nil {
		return nil, unknown(fmt.Errorf("convex: %q answered with a %T", c.path(m.function), value))
	}
	return doc, nil
}

// input are the arguments that all mutations share: a table, and what more the
// function takes.
func input(t *table, more map[string]any) map[string]any {
	more["model"] = t.physical
	return map[string]any{"input": more}
}

// threw reports whether the function itself said no. Deployments in production
// do not tell why: it can be that no row matched, that a value is taken, or that
// the arguments do not fit the schema.
func threw(err error) bool {
	return errors.Is(err, convex.ErrFunction) && !errors.Is(err, convex.ErrOutcomeUnknown)
}

// Waits before another try against other writers of the same row.
const (
	shortWait = 5 * time.Millisecond
	longWait  = 250 * time.Millisecond
)

// yield waits for a random time that grows with the attempts.
func (c *crud) yield(ctx context.Context, attempt int) error {
	ceiling := min(longWait, shortWait<<min(attempt, 8))
	if err := c.sleep(ctx, rand.N(ceiling)); err != nil { //nolint:gosec // spreads load, guards nothing
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	return nil
}

// pause waits for d or the end of the context.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// width is how many calls of one Read or Apply are under way at once.
const width = 8

// together calls f for each of n things, some at a time, and returns the first
// error in their order. After an error no further call begins.
func together(n int, f func(i int) error) error {
	errs := make([]error, n)
	var mu sync.Mutex
	next := 0
	take := func() int {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next - 1
	}
	stop := func() {
		mu.Lock()
		defer mu.Unlock()
		next = n
	}
	var wg sync.WaitGroup
	for range min(n, width) {
		wg.Go(func() {
			for i := take(); i < n; i = take() {
				if errs[i] = f(i); errs[i] != nil {
					stop()
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

var _ dialect = (*crud)(nil)
