package convex

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/lockstep-auth/lockstep/store"
)

// deleteSize is how many rows of a long deletion go at once.
const deleteSize = 500

// isLongDelete reports whether a batch can go in several steps: it only deletes,
// and whatever there is.
func isLongDelete(b store.Batch) bool {
	return len(b.Ops) == 1 && b.Ops[0].Verb == store.Delete && b.Ops[0].Expect == store.Some
}

// deleteLong deletes more rows than one transaction may, such as one-time secrets
// that have piled up. What is gone stays gone if a later step fails.
func (f *functions) deleteLong(ctx context.Context, op store.Op) ([]store.Record, error) {
	first := []store.Record{nil}
	for range maxPages {
		results, err := f.read(ctx, []store.Query{{Table: op.Table, Where: op.Where, Limit: deleteSize}})
		if err != nil {
			return nil, err
		}
		rows := results[0].Rows
		if len(rows) == 0 {
			return first, nil
		}
		ids := make([]string, len(rows))
		for i, r := range rows {
			ids[i], _ = r["id"].(string)
		}
		step := store.Batch{ID: rand.Text(), Ops: []store.Op{{Verb: store.Delete, Table: op.Table, Where: op.Where.And("id", store.In, ids)}}}
		value, err := f.send(ctx, step)
		if err != nil {
			return nil, f.explainBatch(step, err)
		}
		left, err := f.left(step, value) // not a row that somebody else removed meanwhile
		if err != nil {
			return nil, err
		}
		if first[0] == nil {
			first = left
		}
	}
	return nil, fmt.Errorf("%w: the rows to delete do not end", store.ErrUnavailable)
}
