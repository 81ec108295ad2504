package convex_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/lockstep-auth/lockstep/convex/convextest"
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

// TestStoreCrud is the contract in the access modes of createApi.
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
		storetest.Run(t, opener(d, convex.Config{URL: d.URL, InsecureAllowPublicFunctions: true}), withoutTransactions())
	})
	t.Run("component", func(t *testing.T) {
		t.Parallel()
		d := convextest.Start(t, "testdata/crud-internal", convextest.Options{Redact: true})
		config := convex.Config{URL: d.URL, Key: d.AdminKey, Component: "betterAuth", Transport: mounted{newTap(t)}}
		storetest.Run(t, opener(d, config), withoutTransactions())
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
