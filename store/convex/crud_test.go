package convex_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/lockstep-auth/lockstep/convex/convextest"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/convex"
	"github.com/lockstep-auth/lockstep/store/storetest"
)

// withoutTransactions are the parts of the contract that createApi cannot keep,
// as docs/convex.md lists them.
func withoutTransactions() storetest.Option {
	return storetest.Without(
		storetest.AtomicBatches,
		storetest.Snapshots,
		storetest.References,
		storetest.ChosenIDs,
		storetest.BatchIDs,
	)
}

// TestStoreCrud is the contract in the access modes of createApi. The modes
// differ in how a function is called, so making 10,000 rows one by one, which is
// most of the time, is for one of them.
func TestStoreCrud(t *testing.T) {
	t.Parallel()
	t.Run("internal", func(t *testing.T) {
		t.Parallel()
		d := convextest.Start(t, "testdata/crud-internal", convextest.Options{Redact: true})
		storetest.Run(t, opener(d, convex.Config{URL: d.URL, Key: d.AdminKey}), withoutTransactions())
	})
	t.Run("public", func(t *testing.T) {
		t.Parallel()
		d := convextest.Start(t, "testdata/crud", convextest.Options{})
		storetest.Run(t, planting(d, convex.Config{URL: d.URL, InsecureAllowPublicFunctions: true}), withoutTransactions())
	})
	t.Run("component", func(t *testing.T) {
		t.Parallel()
		d := convextest.Start(t, "testdata/crud-internal", convextest.Options{Redact: true})
		config := convex.Config{URL: d.URL, Key: d.AdminKey, Component: "betterAuth", Transport: mounted{newTap(t)}}
		storetest.Run(t, planting(d, config), withoutTransactions())
	})
}

// mounted makes the app's functions look like those of a component, because no
// component has the tables of the suite. TestComponent calls a real one.
type mounted struct{ http.RoundTripper }

func (m mounted) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	body = bytes.Replace(body, []byte(`,"componentPath":"betterAuth"`), nil, 1)
	body = bytes.Replace(body, []byte(`"path":"adapter:`), []byte(`"path":"auth:`), 1)
	req = req.Clone(req.Context())
	req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return m.RoundTripper.RoundTrip(req)
}

// planting is opener for a store whose large batches of new rows are planted.
func planting(d *convextest.Deployment, config convex.Config) func(*testing.T, []schema.Table) store.Store {
	return func(t *testing.T, _ []schema.Table) store.Store {
		d.Reset(t)
		return planter{open(t, config), t, d}
	}
}

type planter struct {
	*convex.Store
	t *testing.T
	d *convextest.Deployment
}

// Apply plants the rows of table "odd" that testRows of the suite makes. What it
// returns for them are empty rows.
func (p planter) Apply(ctx context.Context, b store.Batch) ([]store.Record, error) {
	if len(b.Ops) < 500 {
		return p.Store.Apply(ctx, b)
	}
	docs := make([]map[string]any, len(b.Ops))
	for i, op := range b.Ops {
		r := op.Set
		docs[i] = map[string]any{"order": r["group"], "name": r["name"], "number": r["number"], "tag": r["tag"], "status": "new"}
	}
	plant(p.t, p.d, "odd_things", docs...)
	return make([]store.Record, len(docs)), nil
}
