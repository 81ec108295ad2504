package convex

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/lockstep-auth/lockstep/convex"
)

// Exposed returns the tables that the deployment shows to callers without a
// credential: to everybody on the internet, since its URL is in every browser.
// It asks for the id of one row of each table, through the functions of createApi
// where the integration guide has them and where old versions of the Convex
// command line put those of a local component. Who may read there may write.
//
// A table is exposed if the call succeeds, even with no row. Silence proves
// nothing: other functions of the project may be as open.
func (s *Store) Exposed(ctx context.Context) ([]string, error) {
	if s.tables == nil {
		return nil, errNotBound
	}
	paths := exposingPaths()
	found := make([][]*table, len(paths))
	errs := make([]error, len(paths))
	var wg sync.WaitGroup
	for i, p := range paths {
		wg.Go(func() { found[i], errs[i] = s.exposedBy(ctx, p) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	all := slices.Concat(found...)
	var exposed []string
	for _, t := range s.tables.list {
		if slices.Contains(all, t) {
			exposed = append(exposed, t.name)
		}
	}
	return exposed, nil
}

// An exposingPath is a function that may show a table to everybody.
type exposingPath struct {
	path string
	args func(*table) map[string]any
}

func exposingPaths() []exposingPath {
	one := func(t *table) map[string]any { return map[string]any{"model": t.physical, "select": []string{"id"}} }
	var paths []exposingPath
	for _, module := range []string{appModule, "betterAuth/" + componentModule} {
		paths = append(paths, exposingPath{module + ":findMany", firstRow}, exposingPath{module + ":findOne", one})
	}
	return paths
}

// exposedBy returns the tables that a function shows. All calls of a batch are of
// one function: if it is not there, some deployments answer nothing else.
func (s *Store) exposedBy(ctx context.Context, p exposingPath) ([]*table, error) {
	var exposed []*table
	for tables := range slices.Chunk(s.tables.list, maxBatch) {
		calls := make([]convex.Call, len(tables))
		for i, t := range tables {
			calls[i] = convex.Call{Path: p.path, Args: p.args(t)}
		}
		results, err := s.client.QueryBatch(ctx, calls, convex.Anonymous())
		switch {
		case errors.Is(err, convex.ErrUnauthorized), isBadPath(err): // not even the question is allowed
			return nil, nil
		case err != nil:
			return nil, explain(err)
		}
		for i, r := range results {
			if r.Err == nil {
				exposed = append(exposed, tables[i])
			}
		}
	}
	return exposed, nil
}

// isBadPath reports that the deployment has no such function for the caller, or
// one of another kind.
func isBadPath(err error) bool {
	e, ok := errors.AsType[*convex.Error](err)
	return ok && (e.Code == "FunctionPathNotFound" || e.Code == "FunctionPathWrongType")
}
