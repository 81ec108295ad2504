package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/sqlite"
	"github.com/lockstep-auth/lockstep/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T, _ []schema.Table) store.Store {
		return openAt(t, filepath.Join(t.TempDir(), "auth.db"))
	}, storetest.Without(storetest.BatchIDs))
}

// openAt opens a file for the length of a test.
func openAt(tb testing.TB, path string) *sqlite.Store {
	tb.Helper()
	s, err := sqlite.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// newStore returns a store with the tables of storetest in a new file.
func newStore(tb testing.TB) *sqlite.Store {
	tb.Helper()
	s := openAt(tb, filepath.Join(tb.TempDir(), "auth.db"))
	migrate(tb, s, storetest.Tables())
	return s
}

func migrate(tb testing.TB, s *sqlite.Store, tables []schema.Table) {
	tb.Helper()
	if err := s.Bind(tables); err != nil {
		tb.Fatal(err)
	}
	if err := s.Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

func now() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC) }

func person(email string) store.Record {
	return store.Record{"name": "Ada", "email": email, "createdAt": now(), "updatedAt": now()}
}

func session(token string, userID any) store.Record {
	return store.Record{
		"token": token, "userId": userID, "expiresAt": now(), "createdAt": now(), "updatedAt": now(),
		"ipAddress": "203.0.113.7", "userAgent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
	}
}
