package lockstep_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/plugin"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/memory"
	"github.com/lockstep-auth/lockstep/store/sqlite"
)

func TestDisabledPaths(t *testing.T) {
	t.Parallel()
	fetch := plugin.Plugin{ID: "files", Endpoints: []plugin.Endpoint{{
		Method: "GET", Path: "/files/:name", Handler: plugin.Plain(func(c *plugin.Call) (string, error) { return c.Param, nil }),
	}}}
	for _, tc := range []struct {
		name, disabled, request string
		ok                      bool
	}{
		{"an endpoint", "/list-accounts", "/list-accounts", true},
		{"a slash at the end", "/list-accounts/", "/list-accounts", true},
		{"no slash at the start", "list-accounts", "/list-accounts", true},
		{"a parameter's value", "/callback/google", "/callback/google", true},
		{"another parameter's value", "/reset-password/xyz", "/reset-password/xyz", true},
		{"an endpoint of a plugin", "/files/a", "/files/a", true},
		{"a misspelt path", "/list-acounts", "", false},
		{"another case", "/List-Accounts", "", false},
		{"a path with the base path", "/api/auth/list-accounts", "", false},
		{"a parameter without a value", "/callback/:id", "", false},
		{"more than a parameter's value", "/callback/google/x", "", false},
		{"nothing", "", "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := lockstep.Config{
				BaseURL: "http://localhost", Secret: locksteptest.Secret, Store: memory.New(),
				DisabledPaths: []string{tc.disabled}, Plugins: []plugin.Plugin{fetch},
			}
			if !tc.ok {
				if _, err := lockstep.New(c); err == nil || !strings.Contains(err.Error(), "DisabledPaths: no endpoint has the path") {
					t.Errorf("New: got %v, want a refusal of %q", err, tc.disabled)
				}
				return
			}
			s := locksteptest.Start(t, c)
			if got := s.Browser.Get(tc.request); got.Status != 404 || got.Body != "Not Found" {
				t.Errorf("got %d %s, want 404 of a disabled path", got.Status, got.Body)
			}
			if got := s.Browser.Get("/files/b"); got.Status != 200 {
				t.Errorf("another endpoint: got %d %s, want 200", got.Status, got.Body)
			}
		})
	}
}

// TestRenamedRateLimits: the limits count in a table with other names.
func TestRenamedRateLimits(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "auth.db")
	db, err := sqlite.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s := locksteptest.Start(t, lockstep.Config{Store: db, RateLimit: lockstep.RateLimit{
		Enabled: new(true), Max: 2, Window: time.Minute, Storage: "database",
		ModelName: "limits", Fields: map[string]string{"key": "bucket", "lastRequest": "last_request"},
	}})
	var got []int
	for range 3 {
		got = append(got, s.Browser.Get("/get-session").Status)
	}
	if diff := cmp.Diff(got, []int{200, 200, 429}); diff != "" {
		t.Errorf("statuses: got -, want +:\n%s", diff)
	}
	plan, err := s.MigrationPlan(t.Context())
	if err != nil || len(plan) != 0 {
		t.Errorf("got plan %v, %v, want none: the table is there", plan, err)
	}
	i := slices.IndexFunc(s.Tables(), func(t schema.Table) bool { return t.Name == "rateLimit" })
	if table := s.Tables()[i]; table.ModelName != "limits" || table.Field("key").FieldName != "bucket" {
		t.Errorf("got table %q with key %q", table.ModelName, table.Field("key").FieldName)
	}
}

// A lateStore answers after the deadline, with an error of its own.
type lateStore struct {
	*memory.Store
	late atomic.Bool
}

func (s *lateStore) wait(ctx context.Context) error {
	if !s.late.Load() {
		return nil
	}
	<-ctx.Done()
	return errors.New("interrupted")
}

func (s *lateStore) Read(ctx context.Context, q ...store.Query) ([]store.Result, error) {
	if err := s.wait(ctx); err != nil {
		return nil, err
	}
	return s.Store.Read(ctx, q...)
}

func (s *lateStore) Apply(ctx context.Context, b store.Batch) ([]store.Record, error) {
	if err := s.wait(ctx); err != nil {
		return nil, err
	}
	return s.Store.Apply(ctx, b)
}

func TestStoresOwnErrorAtTheDeadline(t *testing.T) {
	t.Parallel()
	db := &lateStore{Store: memory.New()}
	s := locksteptest.Start(t, lockstep.Config{EmailAndPassword: passwords(), Store: db, StoreTimeout: 20 * time.Millisecond})
	s.Browser.Post("/sign-up/email", ada())
	db.late.Store(true)
	for name, call := range map[string]func() *locksteptest.Response{
		"read":  func() *locksteptest.Response { return s.Browser.Get("/get-session") },
		"write": func() *locksteptest.Response { return s.Browser.Post("/update-user", m{"name": "B"}) },
	} {
		if got := call(); got.Status != 503 || got.Header.Get("Retry-After") == "" {
			t.Errorf("%s: got %d %s, want 503 with Retry-After", name, got.Status, got.Body)
		}
	}
}

var _ store.Store = (*lateStore)(nil)
