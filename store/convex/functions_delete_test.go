package convex_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/convex/convextest"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/convex"
)

// testLongDelete: a transaction reads 4,096 ranges at most, and every row that it
// changes is one. Only what has nothing to do with other operations goes in steps.
func testLongDelete(t *testing.T, s *convex.Store, p *tap, d *convextest.Deployment) {
	const n = 4100
	rows := make([]map[string]any, n+1)
	for i := range rows {
		rows[i] = map[string]any{"identifier": fmt.Sprint(i), "value": "x", "expiresAt": 1e12, "createdAt": 1e12, "updatedAt": 1e12}
	}
	rows[n]["expiresAt"] = 1e13
	plant(t, d, "verification", rows...)
	expired := store.Op{Verb: store.Delete, Table: "verification", Where: store.Where{}.And("expiresAt", store.Lt, time.UnixMilli(2e12).UTC())}
	guarded := expired
	guarded.Expect = store.AtLeast
	for name, ops := range map[string][]store.Op{"with a guard": {guarded}, "with another operation": {expired, expired}} {
		if _, err := s.Apply(t.Context(), store.Batch{Ops: ops}); err == nil || !strings.Contains(err.Error(), "more than 4000 rows") {
			t.Errorf("%s: got %v, want an error that names the limit", name, err)
		}
		if got := rowsOf(t, s, "verification"); got != n+1 {
			t.Fatalf("%s: got %d rows, want all", name, got)
		}
	}
	p.heard()
	other := bound(t, convex.Config{URL: d.URL, Key: d.AdminKey})
	var once sync.Once
	p.after = func(c tapped, resp *http.Response) (*http.Response, error) {
		if strings.HasSuffix(c.path, ":read") { // somebody else is first with the first row
			once.Do(func() {
				applied(t, other, store.Op{Verb: store.Delete, Table: "verification", Where: store.Is("identifier", "0")})
			})
		}
		return resp, nil
	}
	left := must(s.Apply(t.Context(), store.Batch{ID: "long", Ops: []store.Op{expired}}))(t)
	if got := rowsOf(t, s, "verification"); got != 1 || left[0] == nil || left[0]["identifier"] == "0" {
		t.Errorf("got %d rows and %v, want 1 and one that this call removed", got, left)
	}
	if n := len(p.heard()); n > 25 {
		t.Errorf("got %d round trips", n)
	}
}
