package convexcheck_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/locksteptest"
)

const (
	// latency is that of the link, in the bars of docs/bench.md.
	latency = 100 * time.Millisecond

	// patience is for how long times are measured anew that are too long. The best
	// counts: a machine that is busy makes a measurement longer, and none shorter.
	patience = 2 * time.Minute

	// crowd is how many users sign in at the same moment.
	crowd = 32

	// slots is how many calls of a kind the smallest deployments serve at once
	// (https://docs.convex.dev/production/state/limits), and work how long they
	// keep one busy.
	slots = 16
	work  = 5 * time.Millisecond
)

// testLatency measures requests over a link with latency. The passwords are
// those of locksteptest, which cost nothing to hash: what scrypt takes, tens of
// milliseconds of one processor, comes on top of each sign-in and sign-up.
func (b *bed) testLatency(t *testing.T) {
	l := newLink(t)
	s := b.serve(t, l, func(c *lockstep.Config) { c.Session.CookieCache.Enabled = false })
	email := address("latency", b.name)
	me := s.signUp(t, email)
	l.delay = latency
	giveUp := time.Now().Add(patience)
	signIn := func() *locksteptest.Response { return s.NewBrowser(t).Post("/sign-in/email", credentials(email)) }
	round := 0
	for _, c := range []struct {
		name  string
		call  func() *locksteptest.Response
		trips int
	}{
		{"get-session", func() *locksteptest.Response { return me.Get("/get-session") }, 1},
		{"sign-in", signIn, 2},
		{"sign-up", func() *locksteptest.Response {
			round++
			email := address("latency", b.name, round)
			return s.NewBrowser(t).Post("/sign-up/email", m{"name": "Ada", "email": email, "password": password(email)})
		}, 2},
	} {
		least := time.Duration(c.trips) * latency
		best := fastest(giveUp, least+latency/2, func() time.Duration { return timed(t, c.call) })
		if best < least || best > least+latency/2 {
			t.Errorf("%s takes %v, want %d trips of %v", c.name, best, c.trips, latency)
		}
	}
	l.smallest()
	for _, n := range []int{1, crowd} {
		most := 2 * latency * 3 / 2
		p95 := fastest(giveUp, most, func() time.Duration { return together(t, n, signIn) })
		if p95 > most {
			t.Errorf("%d sign-ins at once: the 95th percentile is %v, want %v at most", n, p95, most)
		}
		t.Logf("%d sign-ins at once over %v: 95th percentile %v", n, latency, p95)
	}
}

// fastest returns the first measurement that is short enough, or the best until
// giveUp.
func fastest(giveUp time.Time, enough time.Duration, measure func() time.Duration) time.Duration {
	best := measure()
	for best > enough && time.Now().Before(giveUp) {
		best = min(best, measure())
	}
	return best
}

// timed returns how long a call takes that succeeds.
func timed(t *testing.T, call func() *locksteptest.Response) time.Duration {
	t.Helper()
	start := time.Now()
	got := call()
	took := time.Since(start)
	if got.Status != 200 || got.Body == "null" {
		t.Errorf("got %d %s", got.Status, got.Body)
	}
	return took
}

// together makes n calls at the same moment and returns the 95th percentile of
// their times.
func together(t *testing.T, n int, call func() *locksteptest.Response) time.Duration {
	t.Helper()
	start := make(chan struct{})
	times := make([]time.Duration, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			times[i] = timed(t, call)
		})
	}
	close(start)
	wg.Wait()
	slices.Sort(times)
	return times[(n*95+99)/100-1]
}
