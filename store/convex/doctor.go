package convex

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/lockstep-auth/lockstep/convex"
)

// The names of what Examine looks at.
const (
	CheckReachable = "reachable" // the deployment answers
	CheckPrivate   = "private"   // strangers cannot call the functions
	CheckAccess    = "access"    // the credential opens functions that this version knows
	CheckWrites    = "writes"    // the credential may also change something
	CheckSchema    = "schema"    // the tables, fields and indexes are there
)

// A Check is one thing that Examine looked at.
type Check struct {
	Name string // one of the Check constants

	// Err is what is wrong, or nil. It names no secret.
	Err error

	// Fix is what to do about Err.
	Fix string

	// Note is what there is to know when nothing is wrong.
	Note string
}

// Examine looks for everything that keeps the store from working or that lets
// strangers in. It changes nothing, and does not need the store to work. What
// cannot be looked at because of another problem is left out.
func (s *Store) Examine(ctx context.Context) ([]Check, error) {
	if s.tables == nil {
		return nil, errNotBound
	}
	var reachable, private Check
	var inside []Check
	var wg sync.WaitGroup
	wg.Go(func() { reachable = s.examineReachable(ctx) })
	wg.Go(func() { private = s.examinePrivate(ctx) })
	wg.Go(func() { inside = s.examineInside(ctx) })
	wg.Wait()
	checks := []Check{reachable}
	if reachable.Err == nil {
		checks = append(append(checks, private), inside...)
	}
	return checks, nil
}

func (s *Store) examineReachable(ctx context.Context) Check {
	_, err := s.client.Now(ctx, convex.Anonymous())
	return Check{
		Name: CheckReachable, Err: err,
		Fix: "check Config.URL and the network from here to it; the deployment must run and must not be paused",
	}
}

// examinePrivate calls as a stranger does what would be worth something.
func (s *Store) examinePrivate(ctx context.Context) Check {
	check := Check{
		Name: CheckPrivate,
		Fix:  `make the functions internal and set Config.Key (docs/convex.md, "From public functions to internal ones")`,
	}
	tables, err := s.Exposed(ctx)
	functions, more := s.openFunctions(ctx)
	if err := errors.Join(err, more); err != nil {
		check.Err, check.Fix = fmt.Errorf("it is not known what strangers can do: %w", err), tryAgain
		return check
	}
	var can []string
	if len(tables) > 0 {
		can = append(can, "read and change the tables "+strings.Join(tables, ", "))
	}
	if len(functions) > 0 {
		can = append(can, "call "+strings.Join(functions, ", ")+" without a key")
	}
	if len(can) > 0 {
		check.Err = fmt.Errorf("anybody on the internet can %s", strings.Join(can, " and "))
	}
	return check
}

const tryAgain = "run it again; the logs of the deployment say more"

// openFunctions returns those of Lockstep's functions that answer a caller
// without a credential. The calls ask for nothing and change nothing.
func (s *Store) openFunctions(ctx context.Context) ([]string, error) {
	calls := []struct {
		send func(context.Context, string, map[string]any, ...convex.Option) (any, error)
		path string
		args map[string]any
	}{
		{s.client.Query, "lockstep:describe", nil},
		{s.client.Query, "lockstep:read", map[string]any{"queries": []any{}}},
		{s.client.Mutation, "lockstep:apply", nothing()},
	}
	var open []string
	for _, call := range calls {
		_, err := call.send(ctx, call.path, call.args, convex.Anonymous())
		switch {
		case err == nil:
			open = append(open, call.path)
		case !isTurnedAway(err):
			return nil, err
		}
	}
	return open, nil
}

// nothing are the arguments of an apply that does nothing.
func nothing() map[string]any {
	return map[string]any{"ops": []any{}, "rules": map[string]any{}}
}

// isTurnedAway reports whether a call got an answer that was not what it asked
// for.
func isTurnedAway(err error) bool {
	return threw(err) || errors.Is(err, convex.ErrNotFound) || errors.Is(err, convex.ErrUnauthorized) || errors.Is(err, convex.ErrRefused)
}

// examineInside looks at what only a caller with the credential sees.
func (s *Store) examineInside(ctx context.Context) []Check {
	d, err := s.choose(ctx)
	access := Check{Name: CheckAccess, Err: err, Fix: s.remedy(err)}
	if err != nil {
		return []Check{access}
	}
	f, ok := d.(*functions)
	if !ok {
		access.Note = "the functions are those of createApi; Lockstep's own are atomic and faster: run lockstep convex init"
		return []Check{access, s.examineWrites(ctx, d.(*crud))}
	}
	access.Note = fmt.Sprintf("Lockstep's functions, version %d", callVersion)
	checks := []Check{access, {}, {}}
	var wg sync.WaitGroup
	wg.Go(func() { checks[1] = f.examineWrites(ctx, s) })
	wg.Go(func() { checks[2] = f.examineSchema(ctx) })
	wg.Wait()
	return checks
}

// examineWrites carries out a batch of nothing.
func (f *functions) examineWrites(ctx context.Context, s *Store) Check {
	_, err := f.client.Mutation(ctx, "lockstep:apply", f.args(nothing()), convex.Idempotent())
	return Check{Name: CheckWrites, Err: f.explain(err), Fix: s.remedy(err)}
}

// examineWrites calls create without the arguments that it needs: a key that
// may not call it is refused before that is seen.
func (s *Store) examineWrites(ctx context.Context, c *crud) Check {
	_, err := c.client.Mutation(ctx, c.path("create"), nil, c.options...)
	if threw(err) || errors.Is(err, convex.ErrRefused) {
		err = nil
	}
	return Check{Name: CheckWrites, Err: explain(err), Fix: s.remedy(err)}
}

func (f *functions) examineSchema(ctx context.Context) Check {
	check := Check{
		Name: CheckSchema,
		Fix:  "run lockstep convex generate, add by hand what convex/schema.ts itself defines, and run npx convex deploy",
	}
	lines, err := f.plan(ctx)
	if err != nil {
		check.Err, check.Fix = err, tryAgain
		return check
	}
	if len(lines) > 0 {
		check.Err = errors.New("the deployment lacks\n" + strings.Join(lines, "\n"))
	}
	return check
}

// remedy says what to do about an error of a call with the credential.
func (s *Store) remedy(err error) string {
	e, isCall := errors.AsType[*convex.Error](err)
	code, _ := thrown(err)
	switch {
	case err == nil:
		return ""
	case isCall && errors.Is(e, convex.ErrUnauthorized) && e.Status == http.StatusForbidden:
		return "give the key the rights " + s.rights()
	case isCall && errors.Is(e, convex.ErrUnauthorized):
		return "make a new deploy key of this deployment, in the dashboard or with npx convex deployment token create, and set Config.Key to it"
	case code == "FORBIDDEN":
		return "set Config.Secret and LOCKSTEP_SECRET of the deployment (npx convex env set) to the same text"
	case errors.Is(err, convex.ErrUnavailable), errors.Is(err, convex.ErrOutcomeUnknown):
		return tryAgain
	case s.config.Secret != "":
		return "run lockstep convex init --with-secret, see that convex/lockstep.ts exports lockstepWithSecret, and run npx convex deploy"
	case s.config.Key == "":
		return "set Config.Key to a deploy key; without Lockstep's functions in the deployment, first run lockstep convex init and npx convex deploy"
	case isOther(err):
		return useSecret
	}
	advice := "run lockstep convex init or, if that was done, lockstep convex generate, and then npx convex deploy"
	if isUnexplained(err) { // in production nothing tells functions that are missing from those that take other arguments
		advice += "; if convex/lockstep.ts exports lockstepWithSecret, " + useSecret
	}
	return advice
}

const useSecret = "set Config.Secret in place of Key, or export lockstep there and run npx convex deploy"

// rights are the rights that a deploy key needs
// (https://docs.convex.dev/cli/deploy-key-types).
func (s *Store) rights() string {
	if s.config.Component != "" {
		return "deployment:data:view and deployment:data:write"
	}
	return "deployment:functions:runInternalQueries and deployment:functions:runInternalMutations"
}
