package convex

import (
	"context"
	"errors"
	"slices"

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
	var calls []convex.Call
	var tables []string
	for _, t := range s.tables.list {
		for _, module := range []string{appModule, "betterAuth/" + componentModule} {
			one := map[string]any{"model": t.physical, "select": []string{"id"}}
			calls = append(calls,
				convex.Call{Path: module + ":findMany", Args: firstRow(t)},
				convex.Call{Path: module + ":findOne", Args: one})
			tables = append(tables, t.name, t.name)
		}
	}
	var exposed []string
	for len(calls) > 0 {
		n := min(len(calls), maxBatch)
		results, err := s.client.QueryBatch(ctx, calls[:n], convex.Anonymous())
		switch {
		case errors.Is(err, convex.ErrUnauthorized): // not even the question is allowed
			return nil, nil
		case err != nil:
			return nil, explain(err)
		}
		for i, r := range results {
			if r.Err == nil && !slices.Contains(exposed, tables[i]) {
				exposed = append(exposed, tables[i])
			}
		}
		calls, tables = calls[n:], tables[n:]
	}
	return exposed, nil
}
