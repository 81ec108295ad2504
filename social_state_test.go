package lockstep_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/memory"
	"github.com/lockstep-auth/lockstep/store/sqlite"
)

type (
	ctx     = context.Context
	request = http.Request
)

// postAs posts with cookies, from any goroutine, and returns the status.
func postAs(s *socialServer, cookies, path string, body m) int {
	data, _ := json.Marshal(body)
	r := httptest.NewRequest(http.MethodPost, s.URL+"/api/auth"+path, bytes.NewReader(data))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", s.URL)
	r.Header.Set("Cookie", cookies)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code
}

// backAs is the callback of "fake" with cookies, from any goroutine. It returns where the
// browser goes.
func backAs(s *socialServer, cookies string, q url.Values) string {
	r := httptest.NewRequest(http.MethodGet, s.URL+"/api/auth/callback/fake?"+q.Encode(), nil)
	r.Header.Set("Cookie", cookies)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Header().Get("Location")
}

// strategies are the two places where a sign-in waits.
func strategies() map[string]func(*lockstep.Config) {
	return map[string]func(*lockstep.Config){
		"database":  func(*lockstep.Config) {},
		"hashed":    func(c *lockstep.Config) { c.Verification.StoreIdentifier = "hashed" },
		"cookie":    func(c *lockstep.Config) { c.Account.StoreStateStrategy = "cookie" },
		"stateless": func(c *lockstep.Config) { c.Store = nil },
	}
}

// begun is a sign-in that has come as far as the callback.
func (s *socialServer) begun(t *testing.T, b *locksteptest.Browser) url.Values {
	t.Helper()
	u := s.start(t, b, "/sign-in/social", m{"provider": "fake", "callbackURL": "/in", "errorCallbackURL": "/err"})
	return s.idp.allow(u, adaAtIDP())
}

// TestStateIsBoundToTheBrowser is OA-01, OA-02, OA-03 and OA-05.
func TestStateIsBoundToTheBrowser(t *testing.T) {
	t.Parallel()
	for name, strategy := range strategies() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSocialServer(t, strategy)
			inCookie := name == "cookie" || name == "stateless"
			victim, attacker := s.NewBrowser(t), s.NewBrowser(t)
			q := s.begun(t, attacker)
			mismatch := "/err?error=state_mismatch"
			if inCookie { // nothing knows where the sign-in wanted to go
				mismatch = s.URL + "/api/auth/error?error=state_mismatch"
			}
			wantLocation(t, s.back(victim, "fake", q), mismatch)
			wantNobody(t, victim)
			// A browser with a sign-in of its own.
			own := s.begun(t, victim)
			wantLocation(t, s.back(victim, "fake", q), "/err?error=state_mismatch")
			forged := url.Values{"code": own["code"], "state": {strings.Repeat("x", 32)}}
			if got := s.back(victim, "fake", forged).Header.Get("Location"); !strings.HasSuffix(got, "error=state_mismatch") {
				t.Errorf("a forged state: %s", got)
			}
			wantNobody(t, victim)
			if exchanges, _ := s.idp.counts(); exchanges != 0 {
				t.Errorf("%d exchanges", exchanges)
			}
			// None of this has spent anything.
			wantLocation(t, s.back(victim, "fake", own), "/in")
			wantLocation(t, s.back(attacker, "fake", q), "/in")
			// The code of one service at the callback of another.
			q = s.begun(t, s.Browser)
			wantLocation(t, s.back(s.Browser, "other", q), "/err?error=state_mismatch")
			wantNobody(t, s.Browser)
			if exchanges, _ := s.idp.counts(); exchanges != 2 {
				t.Errorf("%d exchanges, want 2", exchanges)
			}
		})
	}
}

// TestStateWorksOnce is OA-08: the same code and state ten times at once, and once
// more, are one exchange and one session.
func TestStateWorksOnce(t *testing.T) {
	t.Parallel()
	for name, strategy := range strategies() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSocialServer(t, strategy)
			q := s.begun(t, s.Browser)
			cookies := s.Browser.CookieHeader()
			went := make(map[string]int)
			var mu sync.Mutex
			var wg sync.WaitGroup
			for range 10 {
				wg.Go(func() {
					to := backAs(s, cookies, q)
					mu.Lock()
					defer mu.Unlock()
					went[to]++
				})
			}
			wg.Wait()
			again := backAs(s, cookies, q)
			if went["/in"] != 1 || len(went) != 2 || !strings.HasSuffix(again, "error=state_mismatch") {
				t.Errorf("went to %v, then to %s", went, again)
			}
			if exchanges, _ := s.idp.counts(); exchanges != 1 {
				t.Errorf("%d exchanges", exchanges)
			}
			if s.db != nil {
				if sessions := s.rows(t, identity.SessionTable); len(sessions) != 1 {
					t.Errorf("%d sessions", len(sessions))
				}
			}
		})
	}
}

// TestSkipStateCookieCheck: the option does what it says, and no more.
func TestSkipStateCookieCheck(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t, func(c *lockstep.Config) { c.Account.SkipStateCookieCheck = true })
	q := s.begun(t, s.Browser)
	b := s.NewBrowser(t)
	wantLocation(t, s.back(b, "fake", q), "/in")
	wantLocation(t, s.back(b, "fake", q), s.URL+"/api/auth/error?error=state_mismatch")
}

// TestStateCookie: what is in it, that it is not for anything else, and that
// nothing else is for it (VT-04).
func TestStateCookie(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t, func(c *lockstep.Config) { c.Store = nil })
	b := s.Browser
	got := b.Post("/sign-in/social", m{"provider": "fake", "callbackURL": "/in"})
	c := got.Cookie("better-auth.oauth_state")
	if c == nil || c.MaxAge != 600 || strings.Trim(c.Value, "0123456789abcdef") != "" || got.Cookie("better-auth.state") != nil {
		t.Fatalf("cookies = %v", got.Cookies)
	}
	var out struct{ URL string }
	got.JSON(t, &out)
	q := s.idp.allow(out.URL, adaAtIDP())
	invalid := s.URL + "/api/auth/error?error=state_invalid"
	for _, value := range []string{"x", c.Value[:len(c.Value)-2] + "00", strings.ToUpper(c.Value), c.Value + "00"} {
		if to := backAs(s, "better-auth.oauth_state="+value, q); to != invalid {
			t.Errorf("state %s…: %s", value[:1], to)
		}
	}
	wantLocation(t, s.back(b, "fake", q), "/in")
	for sealed := range strings.SplitSeq(b.CookieHeader(), "; ") {
		name, value, _ := strings.Cut(sealed, "=")
		if to := backAs(s, "better-auth.oauth_state="+value, q); to != invalid {
			t.Errorf("cookie %s as a state: %s", name, to)
		}
	}
	want(t, b.Post("/sign-in/social", m{"provider": "fake", "additionalData": m{"x": strings.Repeat("x", 2000)}}), 400, "VALIDATION_ERROR")
}

// TestCallbackLeadsNowhere: a state without a callback URL, which only a broken
// database has, lets nobody in.
func TestCallbackLeadsNowhere(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t)
	q := s.begun(t, s.Browser)
	state := s.rows(t, identity.VerificationTable)[0]
	broken := strings.Replace(state["value"].(string), `"callbackURL":"/in"`, `"callbackURL":""`, 1)
	_, err := s.db.Apply(t.Context(), store.Batch{Ops: []store.Op{{
		Verb: store.Update, Table: identity.VerificationTable, Where: store.Is("id", state["id"]), Expect: store.One,
		Set: store.Record{"value": broken},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	wantLocation(t, s.back(s.Browser, "fake", q), "/err?error=no_callback_url")
	wantNobody(t, s.Browser)
}

// TestStateIsForNothingElse is VT-02: a state is no other one-time secret, and
// still works for what it is for.
func TestStateIsForNothingElse(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t, func(c *lockstep.Config) {
		c.EmailAndPassword.SendResetPassword = func(ctx, lockstep.Link) error { return nil }
		c.User.DeleteUser.Enabled = true
	})
	b := s.signedUp(t, "victim@example.com")
	u := s.start(t, b, "/sign-in/social", m{
		"provider": "fake", "callbackURL": "/in", "additionalData": m{"email": "victim@example.com", "type": "magic-link", "name": "x"},
	})
	q := s.idp.allow(u, adaAtIDP())
	state := q.Get("state")
	for _, token := range []string{state, "auth-state:" + state} {
		want(t, b.Post("/reset-password", m{"token": token, "newPassword": "battery staple"}), 400, "INVALID_TOKEN")
		want(t, b.Post("/delete-user", m{"token": token}), 404, "INVALID_TOKEN")
		want(t, b.Get("/verify-email?token="+url.QueryEscape(token)), 401, "INVALID_TOKEN")
	}
	wantLocation(t, s.back(b, "fake", q), "/in")
}

// TestFirstCallbacksTogether is LK-11: twenty browsers of one new person at once
// make one user with one account, and all are signed in.
func TestFirstCallbacksTogether(t *testing.T) {
	t.Parallel()
	for round := range 5 {
		slow := &slowStore{memory.New(), func() time.Duration { return time.Duration(round) * time.Millisecond }}
		s := newSocialServer(t, func(c *lockstep.Config) { c.Store = slow })
		type flow struct {
			cookies string
			q       url.Values
		}
		var flows []flow
		for range 20 {
			b := s.NewBrowser(t)
			q := s.begun(t, b)
			flows = append(flows, flow{b.CookieHeader(), q})
		}
		var wg sync.WaitGroup
		for _, f := range flows {
			wg.Go(func() {
				if to := backAs(s, f.cookies, f.q); to != "/in" {
					t.Errorf("went to %s", to)
				}
			})
		}
		wg.Wait()
		users, accounts := len(s.rows(t, identity.UserTable)), len(s.rows(t, identity.AccountTable))
		if sessions := len(s.rows(t, identity.SessionTable)); users != 1 || accounts != 1 || sessions != 20 {
			t.Errorf("round %d: %d users, %d accounts, %d sessions", round, users, accounts, sessions)
		}
	}
}

// TestSocialTrips holds the endpoints to their budgets. Those on Convex are in
// internal/convexcheck.
func TestSocialTrips(t *testing.T) {
	t.Parallel()
	for _, strategy := range []string{"database", "cookie"} {
		t.Run(strategy+", in memory", func(t *testing.T) {
			t.Parallel()
			testSocialTrips(t, &countingStore{Store: memory.New()}, strategy)
		})
		t.Run(strategy+", SQLite", func(t *testing.T) {
			t.Parallel()
			db, err := sqlite.Open(t.TempDir() + "/test.db")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
			testSocialTrips(t, &countingStore{Store: db}, strategy)
		})
	}
}

func testSocialTrips(t *testing.T, db *countingStore, strategy string) {
	s := newSocialServer(t, func(c *lockstep.Config) {
		c.Store = db
		c.Account.StoreStateStrategy = strategy
	})
	if m, ok := db.Store.(store.Migrator); ok {
		if err := m.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b := s.Browser
	begin := func(path string, trips int64) func(who person) int64 {
		db.take()
		u := s.start(t, b, path, m{"provider": "fake", "callbackURL": "/in"})
		if strategy == "cookie" {
			trips--
		}
		if got := db.take(); got != trips {
			t.Errorf("%s costs %d trips, want %d", path, got, trips)
		}
		return func(who person) int64 {
			q := s.idp.allow(u, who)
			db.take()
			wantLocation(t, s.back(b, "fake", q), "/in")
			return db.take()
		}
	}
	for _, tc := range []struct {
		name string
		call func() int64
	}{
		{"sign-up", func() int64 { return begin("/sign-in/social", 1)(adaAtIDP()) }},
		{"sign-in", func() int64 { return begin("/sign-in/social", 1)(adaAtIDP()) }},
		{"sign-in with another identity of the same address", func() int64 {
			who := adaAtIDP()
			who.sub = "ada-2"
			return begin("/sign-in/social", 1)(who)
		}},
		{"link", func() int64 {
			who := adaAtIDP()
			who.sub = "ada-3"
			return begin("/link-social", 2)(who)
		}},
	} {
		if got := tc.call(); got != 3 {
			t.Errorf("callback of a %s costs %d trips, want 3", tc.name, got)
		}
	}
	q := s.begun(t, s.NewBrowser(t))
	db.take()
	s.back(b, "fake", q)
	if got := db.take(); got > 1 {
		t.Errorf("a callback from another browser costs %d trips", got)
	}
}

// TestSocialOnSQLite goes through the operations of sign-up, sign-in, links and
// tokens on a real database, with twenty first callbacks at once.
func TestSocialOnSQLite(t *testing.T) {
	t.Parallel()
	db, err := sqlite.Open(t.TempDir() + "/test.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s := newSocialServer(t, func(c *lockstep.Config) {
		c.Store = db
		c.Account.AccountLinking.RequireLocalEmailVerified = new(false)
		c.Account.AccountLinking.UpdateUserInfoOnLink = true
		c.Account.EncryptOAuthTokens = true
	})
	b := s.signedUp(t, "ada@example.com")
	var wg sync.WaitGroup
	for range 20 {
		browser := s.NewBrowser(t)
		q := s.begun(t, browser)
		cookies := browser.CookieHeader()
		wg.Go(func() {
			if to := backAs(s, cookies, q); to != "/in" {
				t.Errorf("went to %s", to)
			}
		})
	}
	wg.Wait()
	wantNobody(t, b) // the password was nobody's
	wantLocation(t, s.signIn(t, b, adaAtIDP(), nil), "/in")
	wantLocation(t, s.link(t, b, person{sub: "2", email: "ada@example.com", verified: true}, m{"provider": "other"}), "/linked")
	if users, accounts := len(s.rows(t, identity.UserTable)), len(s.rows(t, identity.AccountTable)); users != 1 || accounts != 2 {
		t.Fatalf("%d users, %d accounts", users, accounts)
	}
	id := s.rows(t, identity.AccountTable, "providerId", "fake")[0]["id"]
	s.Clock.Advance(time.Hour)
	want(t, b.Post("/get-access-token", m{"accountId": id}), 200, "")
	want(t, b.Post("/unlink-account", m{"accountId": id}), 200, "")
	want(t, b.Post("/sign-out", m{}), 200, "")
	if left := s.rows(t, identity.VerificationTable); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// TestDatabaseFailsInACallback: 503, and no session.
func TestDatabaseFailsInACallback(t *testing.T) {
	t.Parallel()
	db := &failingStore{Store: memory.New()}
	s := newSocialServer(t, func(c *lockstep.Config) { c.Store = db })
	for trip := range 3 {
		q := s.begun(t, s.Browser)
		db.after(trip)
		want(t, s.back(s.Browser, "fake", q), 503, "SERVICE_UNAVAILABLE")
		db.after(-1)
		wantNobody(t, s.Browser)
	}
	if n := len(s.rows(t, identity.UserTable)); n != 0 {
		t.Errorf("%d users", n)
	}
}

// A failingStore fails for ever after some trips.
type failingStore struct {
	*memory.Store
	mu   sync.Mutex
	left int // trips; below 0 all succeed
	on   bool
}

func (s *failingStore) after(trips int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left, s.on = trips, trips >= 0
}

func (s *failingStore) fail() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left--; s.on && s.left < 0 {
		return fmt.Errorf("gone: %w", store.ErrUnavailable)
	}
	return nil
}

func (s *failingStore) Read(ctx context.Context, q ...store.Query) ([]store.Result, error) {
	if err := s.fail(); err != nil {
		return nil, err
	}
	return s.Store.Read(ctx, q...)
}

func (s *failingStore) Apply(ctx context.Context, b store.Batch) ([]store.Record, error) {
	if err := s.fail(); err != nil {
		return nil, err
	}
	return s.Store.Apply(ctx, b)
}
