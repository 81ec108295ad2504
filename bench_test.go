package lockstep_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/store/sqlite"
)

// discard is a response that nobody reads.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }

// BenchmarkGetSession measures the hot path without the network: each cookie
// cache, and SQLite.
func BenchmarkGetSession(b *testing.B) {
	for _, strategy := range []string{"compact", "jwt", "jwe"} {
		b.Run("cached-"+strategy, func(b *testing.B) {
			s := locksteptest.Start(b, lockstep.Config{
				EmailAndPassword: passwords(),
				Session: lockstep.SessionOptions{
					CookieCache: lockstep.CookieCache{Enabled: true, Strategy: strategy},
				},
			})
			benchGetSession(b, s)
		})
	}
	b.Run("sqlite", func(b *testing.B) {
		db, err := sqlite.Open(filepath.Join(b.TempDir(), "auth.db"))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { db.Close() })
		benchGetSession(b, locksteptest.Start(b, lockstep.Config{EmailAndPassword: passwords(), Store: db}))
	})
}

func benchGetSession(b *testing.B, s *locksteptest.Server) {
	b.Helper()
	if got := s.Browser.Post("/sign-up/email", ada()); got.Status != 200 {
		b.Fatal(got.Body)
	}
	r := httptest.NewRequest(http.MethodGet, s.URL+"/api/auth/get-session", nil)
	r.Header.Set("Cookie", s.Browser.CookieHeader())
	b.ReportAllocs()
	for b.Loop() {
		w := &discard{header: make(http.Header), status: 200}
		s.ServeHTTP(w, r)
		if w.status != 200 || len(w.header["Set-Cookie"]) > 0 {
			b.Fatalf("status %d, cookies %v", w.status, w.header["Set-Cookie"])
		}
	}
}
