package convexcheck_test

import (
	"testing"

	"github.com/lockstep-auth/lockstep"
)

// testLimits is I6: two servers count together, and one that cannot reach the
// database counts alone. Nobody gets more tries because something is broken.
func (b *bed) testLimits(t *testing.T) {
	limited := func(c *lockstep.Config) {
		c.RateLimit = lockstep.RateLimit{Enabled: new(true), Storage: "database"}
	}
	email := address("limits", b.name)
	b.serve(t, newLink(t)).signUp(t, email)
	first, second := b.serve(t, newLink(t), limited), b.serve(t, newLink(t), limited)
	second.Clock.Advance(first.Clock.Now().Sub(second.Clock.Now()))
	try := func(s *server, want int) {
		t.Helper()
		if got := s.NewBrowser(t).Post("/sign-in/email", credentials(email)); got.Status != want {
			t.Errorf("got %d %s, want %d", got.Status, got.Body, want)
		}
	}
	for i, s := range []*server{first, second, first, second, first} {
		try(s, map[bool]int{true: 429, false: 200}[i >= 3])
	}
	alone := b.serve(t, newLink(t), limited)
	alone.link.set(&fault{when: always, how: only(refused)})
	for i := range 5 {
		try(alone, map[bool]int{true: 429, false: 503}[i >= 3])
	}
}
