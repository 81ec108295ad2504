package lockstep_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
)

// A stopwatch is a transport that notes how long each service may take.
type stopwatch struct {
	mu    sync.Mutex
	limit map[string]time.Duration // by path
}

func (s *stopwatch) RoundTrip(r *http.Request) (*http.Response, error) {
	ends, ok := r.Context().Deadline()
	if !ok {
		ends = time.Now().Add(time.Hour)
	}
	s.mu.Lock()
	s.limit[r.URL.Path] = time.Until(ends)
	s.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}

// TestPatienceWithServices: whatever the timeout of one request is, the browser
// gets its answer before it, a proxy or the HTTP server gives up.
func TestPatienceWithServices(t *testing.T) {
	t.Parallel()
	watch := &stopwatch{limit: make(map[string]time.Duration)}
	s := newSocialServer(t, func(c *lockstep.Config) {
		c.OAuth.Timeout, c.OAuth.Transport = time.Hour, watch
	})
	wantLocation(t, s.signIn(t, s.NewBrowser(t), adaAtIDP(), m{"provider": "oidc"}), "/in")
	watch.check(t, "/.well-known/openid-configuration", "/token", "/jwks")

	bob := person{sub: "bob-1", email: "bob@example.com", verified: true}
	wantLocation(t, s.signIn(t, s.Browser, bob, nil), "/in")
	watch.check(t, "/token", "/userinfo")

	var accounts []struct{ ID string }
	s.Browser.Get("/list-accounts").JSON(t, &accounts)
	want(t, s.Browser.Get("/account-info?accountId="+accounts[0].ID), 200, "")
	want(t, s.Browser.Post("/refresh-token", m{"accountId": accounts[0].ID}), 200, "")
	watch.check(t, "/token", "/userinfo")
}

// check forgets what it has noted.
func (s *stopwatch) check(t *testing.T, paths ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, path := range paths {
		if got, asked := s.limit[path]; !asked || got > 25*time.Second {
			t.Errorf("%s: got %v, asked %v, want at most 25s", path, got, asked)
		}
	}
	clear(s.limit)
}
