package lockstep_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/memory"
)

// A countingStore counts the round trips to a store.
type countingStore struct {
	store.Store
	reads, writes atomic.Int64
}

func (s *countingStore) Bind(tables []schema.Table) error {
	return s.Store.(store.Binder).Bind(tables)
}

func (s *countingStore) Read(ctx context.Context, q ...store.Query) ([]store.Result, error) {
	s.reads.Add(1)
	return s.Store.Read(ctx, q...)
}

func (s *countingStore) Apply(ctx context.Context, b store.Batch) ([]store.Record, error) {
	s.writes.Add(1)
	return s.Store.Apply(ctx, b)
}

func (s *countingStore) take() int64 { return s.reads.Swap(0) + s.writes.Swap(0) }

// TestRoundTrips holds every endpoint to its budget (DESIGN: the store).
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	db := &countingStore{Store: memory.New()}
	s := locksteptest.Start(t, lockstep.Config{
		EmailAndPassword: passwords(), Store: db, Session: lockstep.SessionOptions{
			CookieCache:  lockstep.CookieCache{Enabled: true, Strategy: "jwe"},
			TableOptions: lockstep.TableOptions{AdditionalFields: themeField()},
		},
		User: lockstep.UserOptions{DeleteUser: lockstep.DeleteUser{Enabled: true}},
	})
	b := s.Browser
	for _, tc := range []struct {
		name string
		call func() *locksteptest.Response
		want int64
	}{
		{"sign-up", func() *locksteptest.Response { return b.Post("/sign-up/email", ada()) }, 2},
		{"cached get-session", func() *locksteptest.Response { return b.Get("/get-session") }, 0},
		{"get-session", func() *locksteptest.Response { return b.Get("/get-session?disableCookieCache=true") }, 1},
		{"sign-in", func() *locksteptest.Response { return b.Post("/sign-in/email", ada()) }, 2},
		{"list-accounts", func() *locksteptest.Response { return b.Get("/list-accounts") }, 1},
		{"list-sessions", func() *locksteptest.Response { return b.Get("/list-sessions") }, 1},
		{"update-user", func() *locksteptest.Response { return b.Post("/update-user", m{"name": "B"}) }, 1},
		{"update-session", func() *locksteptest.Response { return b.Post("/update-session", m{"theme": "dark"}) }, 1},
		{"revoke-other-sessions", func() *locksteptest.Response { return b.Post("/revoke-other-sessions", m{}) }, 2},
		{"verify-password", func() *locksteptest.Response {
			return b.Post("/verify-password", m{"password": "correct horse"})
		}, 2},
		{"change-password", func() *locksteptest.Response {
			return b.Post("/change-password", m{"currentPassword": "correct horse", "newPassword": "correct horses"})
		}, 3},
		{"sign-out", func() *locksteptest.Response { return b.Post("/sign-out", m{}) }, 1},
	} {
		db.take()
		if got := tc.call(); got.Status != 200 {
			t.Errorf("%s: %d %s", tc.name, got.Status, got.Body)
		}
		if got := db.take(); got != tc.want {
			t.Errorf("%s costs %d trips, want %d", tc.name, got, tc.want)
		}
	}
}

func TestUnknownAddressCostsTheSameTrips(t *testing.T) {
	t.Parallel()
	db := &countingStore{Store: memory.New()}
	off := false
	s := locksteptest.Start(t, lockstep.Config{Store: db, EmailAndPassword: lockstep.EmailAndPassword{
		Enabled: true, AutoSignIn: &off,
	}})
	s.Browser.Post("/sign-up/email", ada())
	trips := func(path string, body m) int64 {
		db.take()
		s.Browser.Post(path, body)
		return db.take()
	}
	known := m{"name": "N", "email": "ada@example.com", "password": "wrong horse"}
	unknown := m{"name": "N", "email": "eve@example.com", "password": "wrong horse"}
	if got, want := trips("/sign-in/email", known), trips("/sign-in/email", unknown); got != want {
		t.Errorf("sign-in: %d trips for a known address, %d for an unknown one", got, want)
	}
	if got, want := trips("/sign-up/email", known), trips("/sign-up/email", unknown); got != want {
		t.Errorf("sign-up: %d trips for a known address, %d for an unknown one", got, want)
	}
}

func themeField() []schema.Field { return []schema.Field{{Name: "theme"}} }

// A brokenStore answers with an error, or not at all.
type brokenStore struct {
	*memory.Store
	broken atomic.Bool
	hang   bool
}

func (s *brokenStore) fail(ctx context.Context) error {
	if !s.broken.Load() {
		return nil
	}
	if s.hang {
		<-ctx.Done()
		return ctx.Err()
	}
	return fmt.Errorf("dial tcp: connection refused: %w", store.ErrUnavailable)
}

func (s *brokenStore) Read(ctx context.Context, q ...store.Query) ([]store.Result, error) {
	if err := s.fail(ctx); err != nil {
		return nil, err
	}
	return s.Store.Read(ctx, q...)
}

func (s *brokenStore) Apply(ctx context.Context, b store.Batch) ([]store.Record, error) {
	if err := s.fail(ctx); err != nil {
		return nil, err
	}
	return s.Store.Apply(ctx, b)
}

func TestDatabaseFailure(t *testing.T) {
	t.Parallel()
	for _, hang := range []bool{false, true} {
		t.Run(fmt.Sprintf("hang=%v", hang), func(t *testing.T) {
			t.Parallel()
			db := &brokenStore{Store: memory.New(), hang: hang}
			s := locksteptest.Start(t, lockstep.Config{
				EmailAndPassword: passwords(), Store: db, StoreTimeout: 20 * time.Millisecond,
				User: lockstep.UserOptions{DeleteUser: lockstep.DeleteUser{Enabled: true}},
			})
			b := s.Browser
			b.Post("/sign-up/email", ada())
			db.broken.Store(true)
			for _, call := range []func() *locksteptest.Response{
				func() *locksteptest.Response { return b.Get("/get-session") },
				func() *locksteptest.Response { return b.Post("/sign-up/email", ada()) },
				func() *locksteptest.Response { return b.Post("/sign-in/email", ada()) },
				func() *locksteptest.Response { return b.Post("/sign-out", m{}) },
				func() *locksteptest.Response { return b.Get("/list-sessions") },
				func() *locksteptest.Response { return b.Get("/list-accounts") },
				func() *locksteptest.Response { return b.Post("/revoke-session", m{"token": "x"}) },
				func() *locksteptest.Response { return b.Post("/revoke-sessions", m{}) },
				func() *locksteptest.Response { return b.Post("/revoke-other-sessions", m{}) },
				func() *locksteptest.Response { return b.Post("/update-user", m{"name": "x"}) },
				func() *locksteptest.Response { return b.Post("/delete-user", m{}) },
				func() *locksteptest.Response {
					return b.Post("/change-password", m{"currentPassword": "correct horse", "newPassword": "correct horses"})
				},
				func() *locksteptest.Response { return b.Post("/verify-password", m{"password": "x"}) },
			} {
				got := call()
				if got.Status != http.StatusServiceUnavailable || got.Code() != "SERVICE_UNAVAILABLE" || got.Header.Get("Retry-After") == "" {
					t.Errorf("got %d %s, Retry-After %q", got.Status, got.Body, got.Header.Get("Retry-After"))
				}
				if len(got.Cookies) > 0 {
					t.Errorf("a failure changes cookies: %v", got.Cookies)
				}
				if strings.Contains(got.Body, "dial") {
					t.Errorf("the answer tells why: %s", got.Body)
				}
			}
			db.broken.Store(false)
			if got := b.Get("/get-session"); got.Status != 200 || got.Body == "null" {
				t.Errorf("after the failure: %d %s, want the session", got.Status, got.Body)
			}
		})
	}
}

func TestValidCookieOutlivesDatabase(t *testing.T) {
	t.Parallel()
	db := &brokenStore{Store: memory.New()}
	s := locksteptest.Start(t, lockstep.Config{
		EmailAndPassword: passwords(), Store: db,
		Session: lockstep.SessionOptions{CookieCache: lockstep.CookieCache{Enabled: true}},
	})
	s.Browser.Post("/sign-up/email", ada())
	db.broken.Store(true)
	if got := s.Browser.Get("/get-session"); got.Status != 200 || got.Body == "null" {
		t.Errorf("cached session: %d %s", got.Status, got.Body)
	}
	if got := s.Browser.Get("/get-session?disableCookieCache=true"); got.Status != 503 {
		t.Errorf("uncached session: %d %s", got.Status, got.Body)
	}
}

func TestOneAddressSignsUpOnce(t *testing.T) {
	t.Parallel()
	s := locksteptest.Start(t, lockstep.Config{EmailAndPassword: passwords()})
	var done, refused atomic.Int64
	together(50, func() {
		switch got := s.NewBrowser(t).Post("/sign-up/email", ada()); got.Status {
		case 200:
			done.Add(1)
		case 422:
			refused.Add(1)
		default:
			t.Errorf("got %d %s", got.Status, got.Body)
		}
	})
	if done.Load() != 1 || refused.Load() != 49 {
		t.Errorf("%d signed up, %d refused", done.Load(), refused.Load())
	}
}

// TestRevokeBeatsRefresh: after a session is revoked, no refresh that ran at the
// same time brings it back.
func TestRevokeBeatsRefresh(t *testing.T) {
	t.Parallel()
	every := time.Duration(0)
	s := locksteptest.Start(t, lockstep.Config{
		EmailAndPassword: passwords(), Session: lockstep.SessionOptions{UpdateAge: &every},
	})
	s.Browser.Post("/sign-up/email", ada())
	for range 50 {
		victim := s.NewBrowser(t)
		victim.Post("/sign-in/email", ada())
		cookies := victim.CookieHeader()
		together(8, func() {
			b := s.NewBrowser(t)
			b.Header.Set("Cookie", cookies)
			if got := b.Get("/get-session"); got.Status != 200 && got.Status != 401 {
				t.Errorf("refresh: %d %s", got.Status, got.Body)
			}
		}, func() {
			b := s.NewBrowser(t)
			b.Header.Set("Cookie", cookies)
			if got := b.Post("/revoke-sessions", m{}); got.Status != 200 && got.Status != 401 {
				t.Errorf("revoke: %d %s", got.Status, got.Body)
			}
		})
		if got := victim.Get("/get-session").Body; got != "null" {
			t.Fatalf("the session lives on: %s", got)
		}
		s.Browser.Post("/sign-in/email", ada())
	}
}

// together runs f n times and each of more once, all at the same moment.
func together(n int, f func(), more ...func()) {
	start := make(chan struct{})
	var wg sync.WaitGroup
	run := func(f func()) {
		wg.Go(func() {
			<-start
			f()
		})
	}
	for range n {
		run(f)
	}
	for _, f := range more {
		run(f)
	}
	close(start)
	wg.Wait()
}
