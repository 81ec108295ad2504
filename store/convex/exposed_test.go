package convex_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/convex/convextest"
	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/convex"
)

// TestExposedInTheCloud: deployments of the cloud answer 404 to a whole batch for a
// function in it that is missing or internal.
func TestExposedInTheCloud(t *testing.T) {
	t.Parallel()
	key := convex.Config{Key: convextest.AdminKey}
	core := []string{"user", "session", "account", "verification"}
	for _, c := range []struct {
		rule, profile string
		access        convex.Config
		want          []string
		refused       string
	}{
		{"nothing of Lockstep's functions", "functions", key, nil, ""},
		{"nor with a secret", "functions-secret", convex.Config{Secret: secret}, nil, ""},
		{"nothing of createApi, internal", "testdata/crud-internal", key, nil, ""},
		{"nothing of the component", "functions", convex.Config{Key: convextest.AdminKey, Component: "betterAuth"}, nil, ""},
		{"everything of createApi, public", "seed", convex.Config{}, core, "anybody on the internet can read"},
		{"whoever else has a key", "seed", key, core, "anybody on the internet can read"},
		{"nothing without a key", "functions", convex.Config{}, nil, "neither the functions of Lockstep nor those of createApi"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			d := convextest.Start(t, c.profile, convextest.Options{Redact: true, Missing404: true, Env: []string{"LOCKSTEP_SECRET=" + secret}})
			c.access.URL = d.URL
			s := open(t, c.access)
			if err := s.Bind(identity.Tables()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(must(s.Exposed(t.Context()))(t), c.want); diff != "" {
				t.Errorf("got -, want +:\n%s", diff)
			}
			_, err := s.Read(t.Context(), store.Query{Table: "user"})
			if (err != nil) != (c.refused != "") || err != nil && !strings.Contains(err.Error(), c.refused) {
				t.Errorf("got %v, want %q", err, c.refused)
			}
		})
	}
}
