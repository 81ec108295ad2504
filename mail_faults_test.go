package lockstep_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/internal/secure"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/memory"
)

// A slowStore answers late.
type slowStore struct {
	*memory.Store
	delay func() time.Duration
}

func (s *slowStore) Read(ctx context.Context, q ...store.Query) ([]store.Result, error) {
	time.Sleep(s.delay())
	return s.Store.Read(ctx, q...)
}

func (s *slowStore) Apply(ctx context.Context, b store.Batch) ([]store.Record, error) {
	time.Sleep(s.delay())
	return s.Store.Apply(ctx, b)
}

// A lossyStore carries out batches and loses the answers of some.
type lossyStore struct {
	*memory.Store
	lose atomic.Int64 // how many of the next answers get lost

	mu   sync.Mutex
	done map[string][]store.Record // by batch
}

func newLossyStore() *lossyStore {
	return &lossyStore{Store: memory.New(), done: make(map[string][]store.Record)}
}

func (s *lossyStore) Apply(ctx context.Context, b store.Batch) ([]store.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows, known := s.done[b.ID]
	if !known || b.ID == "" {
		var err error
		if rows, err = s.Store.Apply(ctx, b); err != nil {
			return nil, err
		}
		s.done[b.ID] = rows
	}
	if s.lose.Add(-1) >= 0 {
		return nil, store.ErrUnknownOutcome
	}
	return rows, nil
}

// A redemption is one way to spend a one-time secret.
type redemption struct {
	name string

	// issue makes a user with a secret and returns what spends it.
	issue func(t *testing.T, s *mailServer, email string) *http.Request

	// spent is the status of the one that succeeds; 0 if the effect has to be
	// counted, because the others are told that it is done.
	spent int

	// mail is the kind of the mail that follows, if any.
	mail string
}

func post(path, token string) *http.Request {
	body, _ := json.Marshal(m{"newPassword": "battery staple", "token": token})
	r := httptest.NewRequest(http.MethodPost, "/api/auth"+path, strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/json")
	return r
}

func open(link sent, cookies string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/api/auth"+link.path(), nil)
	if cookies != "" {
		r.Header.Set("Cookie", cookies)
	}
	return r
}

func redemptions() []redemption {
	return []redemption{
		{"a password reset", func(t *testing.T, s *mailServer, email string) *http.Request {
			s.signUp(t, email)
			want(t, s.Browser.Post("/request-password-reset", m{"email": email}), 200, "")
			return post("/reset-password", s.box.next(t, "reset").Token)
		}, 200, ""},
		{"a verification", func(t *testing.T, s *mailServer, email string) *http.Request {
			b := s.signUp(t, email)
			want(t, b.Post("/send-verification-email", m{"email": email}), 200, "")
			l := s.box.next(t, "verify")
			l.URL = "/api/auth/verify-email?token=" + l.Token
			return open(l, "")
		}, 0, ""},
		{"a confirmation at the old address", func(t *testing.T, s *mailServer, email string) *http.Request {
			b := s.verified(t, email)
			want(t, b.Post("/change-email", m{"newEmail": "new" + email}), 200, "")
			l := s.box.next(t, "confirm")
			l.URL = "/api/auth/verify-email?token=" + l.Token
			return open(l, "")
		}, 200, "verify"},
		{"a verification of a new address", func(t *testing.T, s *mailServer, email string) *http.Request {
			b := s.signUp(t, email)
			want(t, b.Post("/change-email", m{"newEmail": "new" + email}), 200, "")
			l := s.box.next(t, "verify")
			l.URL = "/api/auth/verify-email?token=" + l.Token
			return open(l, "")
		}, 200, ""},
		{"a change by a token of Node.js", func(t *testing.T, s *mailServer, email string) *http.Request {
			b := s.signUp(t, email)
			token := nodeToken(t, b, s.Clock.Now(), `"updateTo":"new`+email+`","requestType":"change-email-verification",`)
			return open(sent{Link: lockstep.Link{URL: "/api/auth/verify-email?token=" + token}}, "")
		}, 200, ""},
		{"a deletion", func(t *testing.T, s *mailServer, email string) *http.Request {
			b := s.signUp(t, email)
			want(t, b.Post("/delete-user", m{}), 200, "")
			return open(s.box.next(t, "delete"), b.CookieHeader())
		}, 302, ""},
	}
}

// nodeToken is a token as Better Auth on Node.js mints it for who is signed in.
func nodeToken(t *testing.T, b *locksteptest.Browser, now time.Time, members string) string {
	t.Helper()
	var out struct{ User struct{ ID, Email string } }
	b.Get("/get-session").JSON(t, &out)
	claims := fmt.Sprintf(`{"email":%q,%s"userId":%q,"iat":%d,"exp":%d}`, out.User.Email, members, out.User.ID, now.Unix(), now.Unix()+3600)
	return secure.NewSigner(locksteptest.Secret).SignJWT([]byte(claims))
}

// serve answers a copy of r.
func (s *mailServer) serve(r *http.Request, body string) *httptest.ResponseRecorder {
	c := r.Clone(context.Background())
	if body != "" {
		c = httptest.NewRequest(r.Method, r.URL.String(), strings.NewReader(body))
		c.Header = r.Header.Clone()
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, c)
	return w
}

// countVerified counts how often an address was verified.
func countVerified(n *atomic.Int64) func(*lockstep.Config) {
	return func(c *lockstep.Config) {
		c.EmailVerification.AutoSignInAfterVerification = true
		c.DatabaseHooks.User.Update.After = func(_ context.Context, row store.Record) error {
			if row["emailVerified"] == true {
				n.Add(1)
			}
			return nil
		}
	}
}

// race lets 32 clients spend one secret at the same time and checks that one of
// them does.
func (rd redemption) race(t *testing.T, s *mailServer, verified *atomic.Int64, email string) {
	t.Helper()
	r := rd.issue(t, s, email)
	body := readBody(r)
	verified.Store(0)
	var won, sessions atomic.Int64
	together(32, func() {
		w := s.serve(r, body)
		if w.Code == rd.spent && (rd.spent != 302 || !strings.Contains(w.Header().Get("Location"), "error=")) {
			won.Add(1)
		}
		if w.Code >= 500 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		for _, c := range w.Result().Cookies() {
			if c.Name == "better-auth.session_token" && c.Value != "" {
				sessions.Add(1)
			}
		}
	})
	if rd.spent == 0 {
		won.Store(verified.Load())
		if sessions.Load() != 1 {
			t.Errorf("%d sessions were started", sessions.Load())
		}
	}
	if won.Load() != 1 {
		t.Fatalf("%d of 32 succeeded, want 1", won.Load())
	}
	if rd.mail != "" {
		s.box.next(t, rd.mail)
	}
}

func readBody(r *http.Request) string {
	if r.Method == http.MethodGet {
		return ""
	}
	var b strings.Builder
	buf := make([]byte, 1024)
	for {
		n, err := r.Body.Read(buf)
		b.Write(buf[:n])
		if err != nil {
			return b.String()
		}
	}
}

// TestSecretsWorkOnce is VT-05 for the secrets of mails.
func TestSecretsWorkOnce(t *testing.T) {
	t.Parallel()
	for _, rd := range redemptions() {
		t.Run(rd.name, func(t *testing.T) {
			t.Parallel()
			var verified atomic.Int64
			s := newMailServer(t, countVerified(&verified))
			for round := range 200 {
				rd.race(t, s, &verified, fmt.Sprintf("u%d@example.com", round))
			}
		})
	}
}

func TestSecretsWorkOnceOnASlowDatabase(t *testing.T) {
	t.Parallel()
	for _, rd := range redemptions() {
		t.Run(rd.name, func(t *testing.T) {
			t.Parallel()
			var verified, slow atomic.Int64
			db := &slowStore{memory.New(), func() time.Duration {
				return time.Duration(slow.Load()) * rand.N(200*time.Millisecond)
			}}
			s := newMailServer(t, countVerified(&verified), func(c *lockstep.Config) { c.Store = db })
			r := rd.issue(t, s, "ada@example.com")
			slow.Store(1)
			fixed := rd
			fixed.issue = func(*testing.T, *mailServer, string) *http.Request { return r }
			fixed.race(t, s, &verified, "")
		})
	}
}

// TestLostAnswer: when the answer of the database gets lost after it has done
// its work, the client is told the truth, and the effect is there once.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	for _, rd := range redemptions() {
		t.Run(rd.name, func(t *testing.T) {
			t.Parallel()
			var verified atomic.Int64
			db := newLossyStore()
			s := newMailServer(t, countVerified(&verified), func(c *lockstep.Config) { c.Store = db })
			r := rd.issue(t, s, "ada@example.com")
			body := readBody(r)
			verified.Store(0)
			db.lose.Store(1)
			if w := s.serve(r, body); w.Code >= 400 {
				t.Errorf("one lost answer: %d %s", w.Code, w.Body)
			}
			db.lose.Store(0)
			if w := s.serve(r, body); rd.spent != 0 && w.Code < 400 && w.Code == rd.spent {
				t.Errorf("it works twice: %d %s", w.Code, w.Body)
			}
			if rd.spent == 0 && verified.Load() != 1 {
				t.Errorf("verified %d times", verified.Load())
			}
		})
	}
}

// TestLostAnswers: when no answer comes through, the client is told to try
// again, and never that the secret is wrong before it is spent.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	for _, rd := range redemptions() {
		t.Run(rd.name, func(t *testing.T) {
			t.Parallel()
			var verified atomic.Int64
			db := newLossyStore()
			s := newMailServer(t, countVerified(&verified), func(c *lockstep.Config) { c.Store = db })
			r := rd.issue(t, s, "ada@example.com")
			body := readBody(r)
			db.lose.Store(1000)
			if w := s.serve(r, body); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
				t.Errorf("got %d %s", w.Code, w.Body)
			}
			db.lose.Store(0)
			if w := s.serve(r, body); w.Code >= 500 || (rd.spent != 0 && w.Code == rd.spent) {
				t.Errorf("again: %d %s", w.Code, w.Body)
			}
		})
	}
}

// TestUnavailableDatabaseSpendsNothing: a secret that could not be used works
// when the database is back.
func TestUnavailableDatabaseSpendsNothing(t *testing.T) {
	t.Parallel()
	for _, rd := range redemptions() {
		t.Run(rd.name, func(t *testing.T) {
			t.Parallel()
			var verified atomic.Int64
			db := &writeFailure{Store: memory.New()}
			s := newMailServer(t, countVerified(&verified), func(c *lockstep.Config) { c.Store = db })
			r := rd.issue(t, s, "ada@example.com")
			body := readBody(r)
			db.broken.Store(true)
			if w := s.serve(r, body); w.Code != http.StatusServiceUnavailable {
				t.Errorf("got %d %s", w.Code, w.Body)
			}
			db.broken.Store(false)
			if w := s.serve(r, body); w.Code >= 400 || (rd.spent != 0 && w.Code != rd.spent) {
				t.Errorf("later: %d %s", w.Code, w.Body)
			}
		})
	}
}

// A writeFailure reads and does not write.
type writeFailure struct {
	*memory.Store
	broken atomic.Bool
}

func (s *writeFailure) Apply(ctx context.Context, b store.Batch) ([]store.Record, error) {
	if s.broken.Load() {
		return nil, store.ErrUnavailable
	}
	return s.Store.Apply(ctx, b)
}
