package convexcheck_test

import (
	"fmt"
	"testing"
)

// callbackCalls are more calls than any callback takes.
const callbackCalls = 7

// testServiceFaults lets a server die before and after each of its calls of a
// callback. Nobody is signed in who was not told so, and whoever comes again to
// another server gets in, as the one user with the one account.
func (b *bed) testServiceFaults(t *testing.T) {
	for k := 1; k <= callbackCalls; k++ {
		for name, last := range map[string]breakage{"before": dropped, "after": lost} {
			for _, isKnown := range []bool{false, true} {
				when, how := dies(k, last)
				t.Run(fmt.Sprintf("the server dies %s its call %d, known account: %v", name, k, isKnown), func(t *testing.T) {
					b.testCallbackDies(t, &fault{when: when, how: how}, isKnown)
				})
			}
		}
	}
}

func (b *bed) testCallbackDies(t *testing.T, f *fault, isKnown bool) {
	b.Reset(t)
	l := newLink(t)
	s := b.serve(t, l, new(service).join)
	ada := person{"ada", address(t.Name()), true, "Ada"}
	if isKnown {
		s.signInWith(t, ada)
	}
	back := leave(t, s.Browser, ada)
	l.set(f)
	got := s.Browser.Get(back)
	hits := l.set(nil)
	switch isIn := got.Header.Get("Location") == "/in"; {
	case !isIn && got.Status != 503:
		t.Errorf("got %d %s, to %s", got.Status, got.Body, got.Header.Get("Location"))
	case !isIn:
		wantNoSession(t, s.Browser)
	case hits > 0 && b.isAtomic:
		t.Errorf("%d calls failed, and the answer is a success", hits)
	}
	if to := s.Browser.Get(back).Header.Get("Location"); to == "/in" && hits == 0 {
		t.Error("the state works twice")
	}
	other := b.serve(t, newLink(t), new(service).join)
	wantSession(t, other.signInWith(t, ada), ada.Email)
	ts := b.dump(t)
	if users, accounts := len(ts["user"]), len(ts["account"]); users != 1 || accounts != 1 {
		t.Errorf("%d users, %d accounts", users, accounts)
	}
}
