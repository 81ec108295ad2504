package convexcheck_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/locksteptest"
)

// testServiceRaces lets browsers come back from a service at the same moment.
func (b *bed) testServiceRaces(t *testing.T) {
	t.Run("a state works once", func(t *testing.T) { b.testStateOnce(t, nil) })
	t.Run("a state in a cookie works once", func(t *testing.T) { b.testStateOnce(t, statesInCookies) })
	t.Run("first sign-ins make one user", b.testFirstSignIns)
}

// testStateOnce: the same code and state ten times at once are one exchange and
// one session. With a state in a cookie, createApi may let none through: each then
// sees that others have come.
func (b *bed) testStateOnce(t *testing.T, states func(*lockstep.Config)) {
	v := new(service)
	change := []func(*lockstep.Config){v.join}
	if states != nil {
		change = append(change, states)
	}
	s := b.serve(t, newLink(t), change...)
	for round := range 5 {
		got := s.Browser.Post("/sign-in/social", m{"provider": "fake", "callbackURL": "/in"})
		want(t, got, 200, "")
		who := person{address(t.Name(), round), address(t.Name(), round), true, "Ada"}
		back, cookies := who.callback(t, got.Header.Get("Location")), s.Browser.CookieHeader()
		v.exchanges.Store(0)
		places := atOnce(10, func(int) *locksteptest.Response { return s.as(t, cookies).Get(back) })
		n, others := 0, 0
		for _, to := range places {
			switch {
			case to == "/in":
				n++
			case !strings.HasSuffix(to, "error=state_mismatch"):
				others++
			}
		}
		mayBeNone := states != nil && !b.isAtomic
		if n > 1 || n == 0 && !mayBeNone || others > 0 || int(v.exchanges.Load()) != n {
			t.Errorf("round %d: %d exchanges, went to %v", round, v.exchanges.Load(), places)
		}
	}
}

// testFirstSignIns: twenty browsers of one new person at once make one user, and
// all are signed in. createApi can leave more accounts than one: then the next
// sign-in leaves one.
func (b *bed) testFirstSignIns(t *testing.T) {
	for round := range 5 {
		b.Reset(t)
		l := newLink(t)
		s := b.serve(t, l, new(service).join)
		ada := person{"ada", address("first", b.name), true, "Ada"}
		browsers := make([]*locksteptest.Browser, 20)
		backs := make([]string, len(browsers))
		for i := range browsers {
			browsers[i] = s.NewBrowser(t)
			backs[i] = leave(t, browsers[i], ada)
		}
		l.set(&fault{when: every(round + 2), how: only(late)}) // so that they are at different points
		for i, to := range atOnce(len(browsers), func(i int) *locksteptest.Response { return browsers[i].Get(backs[i]) }) {
			if to != "/in" {
				t.Errorf("round %d: browser %d went to %s", round, i, to)
			}
		}
		l.set(nil)
		if to := s.Browser.Get(leave(t, s.Browser, ada)).Header.Get("Location"); to != "/in" {
			t.Errorf("round %d: the next went to %s", round, to)
		}
		ts := b.dump(t)
		if users, accounts, sessions := len(ts["user"]), len(ts["account"]), len(ts["session"]); users != 1 || accounts != 1 || sessions != 21 {
			t.Errorf("round %d: %d users, %d accounts, %d sessions", round, users, accounts, sessions)
		}
	}
}

// atOnce makes n calls at the same moment, and returns where they lead.
func atOnce(n int, call func(i int) *locksteptest.Response) []string {
	places := make([]string, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			if got := call(i); got.Status == 302 {
				places[i] = got.Header.Get("Location")
			} else {
				places[i] = got.Body
			}
		})
	}
	close(start)
	wg.Wait()
	return places
}
