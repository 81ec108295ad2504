package lockstep_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/secure"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/memory"
)

// strangers are the endpoints that must not tell which addresses have an
// account, with a request for an address.
func strangers() map[string]func(email string) m {
	return map[string]func(string) m{
		"/request-password-reset":  func(email string) m { return m{"email": email} },
		"/send-verification-email": func(email string) m { return m{"email": email} },
		"/change-email":            func(email string) m { return m{"newEmail": email} },
	}
}

// TestKnownAndUnknownAddresses is EN-04: the same bytes, the same trips.
func TestKnownAndUnknownAddresses(t *testing.T) {
	t.Parallel()
	db := &countingStore{Store: memory.New()}
	s := newMailServer(t, func(c *lockstep.Config) { c.Store = db })
	s.signUp(t, "known@example.com")
	me := s.verified(t, "me@example.com")
	for path, body := range strangers() {
		b := s.NewBrowser(t)
		if path == "/change-email" {
			b = me
		}
		answer := func(email string) (string, int64) {
			db.take()
			got := b.Post(path, body(email))
			trips := db.take()
			var names []string
			for name := range got.Header {
				names = append(names, name)
			}
			slices.Sort(names)
			return fmt.Sprint(got.Status, got.Body, names, got.Cookies), trips
		}
		known, knownTrips := answer("known@example.com")
		unknown, unknownTrips := answer("unknown@example.com")
		if known != unknown || knownTrips != unknownTrips {
			t.Errorf("%s: known: %s, %d trips; unknown: %s, %d trips", path, known, knownTrips, unknown, unknownTrips)
		}
	}
}

// TestKnownAndUnknownTakeTheSameTime measures on a virtual clock, with a
// database that takes 100 ms and a mail server that takes 20 seconds or hangs:
// only work that the answer waits for counts.
func TestKnownAndUnknownTakeTheSameTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := func(ctx context.Context, _ lockstep.Link) error {
			select {
			case <-time.After(20 * time.Second):
			case <-ctx.Done():
			}
			return errors.New("mail server is away")
		}
		db := &slowStore{memory.New(), func() time.Duration { return 100 * time.Millisecond }}
		a, err := lockstep.New(lockstep.Config{
			BaseURL: "http://localhost", Secret: locksteptest.Secret, Store: db, RateLimit: lockstep.RateLimit{Enabled: new(false)},
			EmailAndPassword:  lockstep.EmailAndPassword{Enabled: true, Password: locksteptest.Passwords{}, SendResetPassword: slow, AutoSignIn: new(false)},
			EmailVerification: lockstep.EmailVerification{SendVerificationEmail: slow},
		})
		if err != nil {
			t.Fatal(err)
		}
		took := func(path string, body m) time.Duration {
			data, _ := json.Marshal(body)
			r := httptest.NewRequest(http.MethodPost, "/api/auth"+path, strings.NewReader(string(data)))
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			start := time.Now()
			a.ServeHTTP(w, r)
			if w.Code != 200 {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			return time.Since(start)
		}
		took("/sign-up/email", m{"name": "K", "email": "known@example.com", "password": "correct horse"})
		for path, want := range map[string]time.Duration{
			"/request-password-reset": 200 * time.Millisecond, "/send-verification-email": 100 * time.Millisecond,
		} {
			for _, email := range []string{"known@example.com", "unknown@example.com"} {
				for range 2000 {
					if got := took(path, m{"email": email}); got != want {
						t.Fatalf("%s for %s takes %v, want %v", path, email, got, want)
					}
				}
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := a.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close: %v", err)
		}
	})
}

// TestMailTrips holds the endpoints to their budgets.
func TestMailTrips(t *testing.T) {
	t.Parallel()
	db := &countingStore{Store: memory.New()}
	s := newMailServer(t, func(c *lockstep.Config) {
		c.Store = db
		c.EmailVerification.AutoSignInAfterVerification = true
	})
	b := s.signUp(t, "ada@example.com")
	visitor := s.NewBrowser(t)
	var link sent
	for _, tc := range []struct {
		name string
		call func() *locksteptest.Response
		mail string
		want int64
	}{
		{"request-password-reset", func() *locksteptest.Response {
			return visitor.Post("/request-password-reset", m{"email": "ada@example.com"})
		}, "reset", 2},
		{"reset-password/:token", func() *locksteptest.Response { return visitor.Get(link.path() + "/x") }, "", 1},
		{"reset-password", func() *locksteptest.Response {
			return visitor.Post("/reset-password", m{"newPassword": "correct horse", "token": link.Token})
		}, "", 2},
		{"send-verification-email", func() *locksteptest.Response {
			return visitor.Post("/send-verification-email", m{"email": "ada@example.com"})
		}, "verify", 1},
		{"verify-email with sign-in", func() *locksteptest.Response {
			return visitor.Get("/verify-email?token=" + link.Token)
		}, "", 2},
		{"change-email", func() *locksteptest.Response {
			return visitor.Post("/change-email", m{"newEmail": "new@example.com"})
		}, "confirm", 3},
		{"verify-email that confirms", func() *locksteptest.Response {
			return b.Get("/verify-email?token=" + link.Token)
		}, "verify", 3},
		{"verify-email that changes", func() *locksteptest.Response {
			return b.Get("/verify-email?token=" + link.Token)
		}, "", 3},
		{"delete-user", func() *locksteptest.Response { return visitor.Post("/delete-user", m{}) }, "delete", 2},
		{"delete-user/callback", func() *locksteptest.Response { return visitor.Get(link.path()) }, "", 2},
	} {
		db.take()
		got := tc.call()
		if trips := db.take(); trips != tc.want || got.Status >= 400 {
			t.Errorf("%s costs %d trips, want %d: %d %s", tc.name, trips, tc.want, got.Status, got.Body)
		}
		if tc.mail != "" {
			link = s.box.next(t, tc.mail)
		}
		if tc.name == "reset-password" { // the sessions have ended
			b.Post("/sign-in/email", m{"email": "ada@example.com", "password": "correct horse"})
		}
	}
}

// TestHashedIdentifiers: a database that is read gives away no secret, and what
// was stored before hashing was switched on still works.
func TestHashedIdentifiers(t *testing.T) {
	t.Parallel()
	db := memory.New()
	s := newMailServer(t, func(c *lockstep.Config) {
		c.Store = db
		c.Verification.StoreIdentifier = "hashed"
		c.Verification.StoreIdentifierOverrides = []lockstep.StoreIdentifierOverride{{Prefix: "delete-account-", StoreIdentifier: "plain"}}
	})
	b := s.signUp(t, "ada@example.com")
	want(t, b.Post("/request-password-reset", m{"email": "ada@example.com"}), 200, "")
	reset := s.box.next(t, "reset")
	want(t, b.Post("/delete-user", m{}), 200, "")
	deletion := s.box.next(t, "delete")
	res, err := db.Read(t.Context(), store.Query{Table: identity.VerificationTable, SortBy: "expiresAt"})
	if err != nil {
		t.Fatal(err)
	}
	var stored []any
	for _, row := range res[0].Rows {
		stored = append(stored, row["identifier"])
	}
	wantStored := []any{secure.HashIdentifier("reset-password:" + reset.Token), "delete-account-" + deletion.Token}
	if !slices.Equal(stored, wantStored) {
		t.Errorf("stored %v, want %v", stored, wantStored)
	}
	want(t, b.Post("/reset-password", m{"newPassword": "battery staple", "token": stored[0]}), 400, "INVALID_TOKEN")
	_, err = db.Apply(t.Context(), store.Batch{Ops: []store.Op{{
		Verb: store.Update, Table: identity.VerificationTable, Where: store.Is("identifier", stored[0]),
		Set: store.Record{"identifier": "reset-password:" + reset.Token},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	want(t, b.Post("/reset-password", m{"newPassword": "battery staple", "token": reset.Token}), 200, "")
}

// TestCleanUp: expired secrets go, at most once a minute.
func TestCleanUp(t *testing.T) {
	t.Parallel()
	db := &countingStore{Store: memory.New()}
	s := newMailServer(t, func(c *lockstep.Config) {
		c.Store = db
		c.Verification.DisableCleanup = false
	})
	rows := func() int {
		res, err := db.Read(t.Context(), store.Query{Table: identity.VerificationTable, Count: true})
		if err != nil {
			t.Fatal(err)
		}
		return res[0].Count
	}
	for i := range 3 {
		email := fmt.Sprintf("u%d@example.com", i)
		s.signUp(t, email)
		want(t, s.Browser.Post("/request-password-reset", m{"email": email}), 200, "")
		s.box.next(t, "reset")
	}
	if got := rows(); got != 3 {
		t.Fatalf("%d rows, want 3", got)
	}
	s.Clock.Advance(2 * time.Hour)
	want(t, s.Browser.Post("/request-password-reset", m{"email": "nobody@example.com"}), 200, "")
	want(t, s.Browser.Post("/request-password-reset", m{"email": "nobody@example.com"}), 200, "")
	s.quiet(t)
	if got := rows(); got != 0 {
		t.Errorf("%d rows are left", got)
	}
}
