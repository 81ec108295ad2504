package convexcheck_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/locksteptest"
)

// inCookie ends the names of what is measured with states in cookies.
const inCookie = ", state in a cookie"

// socialBudgets are those of sign-ins with services.
func socialBudgets() []budget {
	return []budget{
		{"sign-in/social", 1, cost{1, 1}, cost{1, 1}, 1, 0},
		{"callback, first sign-up", 3, cost{5, 4}, cost{6, 4}, 8, 0},
		{"callback, known account", 3, cost{4, 3}, cost{5, 3}, 7, 0},
		{"callback, link by the address", 3, cost{5, 4}, cost{7, 4}, 8, 0},
		{"link-social", 2, cost{3, 3}, cost{3, 3}, 3, 0},
		{"callback of link-social", 3, cost{3, 3}, cost{5, 3}, 7, 0},
		{"callback of link-social, linked before", 3, cost{3, 3}, cost{5, 3}, 7, 0},
		{"callback, known account with another address", 3, cost{5, 4}, cost{6, 4}, 7, 0},
		{"callback, known account, first proof of the address", 3, cost{6, 5}, cost{7, 5}, 8, 0},
		{"sign-in/social" + inCookie, 0, cost{0, 0}, cost{0, 0}, 0, 0},
		{"callback, first sign-up" + inCookie, 3, cost{6, 5}, cost{7, 5}, 5, 2},
		{"callback, known account" + inCookie, 3, cost{5, 4}, cost{6, 4}, 4, 2},
		{"callback, link by the address" + inCookie, 3, cost{6, 5}, cost{8, 5}, 5, 3}, // it is looked again, too
		{"link-social" + inCookie, 1, cost{2, 2}, cost{2, 2}, 2, 0},
		{"callback of link-social" + inCookie, 3, cost{4, 4}, cost{6, 4}, 4, 2},
		{"callback of link-social, linked before" + inCookie, 3, cost{4, 4}, cost{6, 4}, 4, 2},
		{"sign-in with an id token, new user", 2, cost{4, 3}, cost{5, 3}, 5, 0},
		{"sign-in with an id token, known account", 2, cost{3, 2}, cost{4, 2}, 4, 0},
		{"get-access-token", 2, cost{3, 3}, cost{3, 3}, 3, 0},
		{"get-access-token that renews it", 3, cost{4, 4}, cost{4, 4}, 4, 0},
		{"refresh-token", 3, cost{4, 4}, cost{4, 4}, 4, 0},
		{"account-info", 2, cost{3, 3}, cost{3, 3}, 3, 0},
		{"unlink-account", 3, cost{4, 4}, cost{4, 4}, 3, 2}, // the session is read
	}
}

// testSocialRoundTrips holds sign-ins with a service to their budgets.
func (b *bed) testSocialRoundTrips(t *testing.T) {
	isInCookie := func(w budget) bool { return strings.HasSuffix(w.endpoint, inCookie) }
	inDatabase := slices.DeleteFunc(socialBudgets(), isInCookie)
	inCookies := slices.DeleteFunc(socialBudgets(), func(w budget) bool { return !isInCookie(w) })
	calls := make(measured)
	s := b.serveCounted(t, new(service).join)
	ada := person{"ada-1", address("ada", b.name), true, "Ada"}
	b.addCallbacks(t, calls, s, ada, "")
	b.addTokens(t, calls, s, ada)
	b.hold(t, inDatabase, calls)
	s = b.serveCounted(t, new(service).join, statesInCookies)
	b.addCallbacks(t, calls, s, person{"eve-1", address("eve", b.name), true, "Eve"}, inCookie)
	b.hold(t, inCookies, calls)
}

func statesInCookies(c *lockstep.Config) { c.Account.StoreStateStrategy = "cookie" }

// addCallbacks adds the ways through a service, there and back, of one person.
// The names of the calls end with suffix.
func (b *bed) addCallbacks(t *testing.T, calls measured, s *server, who person, suffix string) {
	var to string // where the browser was sent
	start := func(path string) func() *locksteptest.Response {
		return func() *locksteptest.Response {
			got := s.Browser.Post(path, m{"provider": "fake", "callbackURL": "/in", "errorCallbackURL": "/err"})
			to = got.Header.Get("Location")
			return got
		}
	}
	prepare := func(path string) func() { return func() { want(t, start(path)(), 200, "") } }
	back := func(p person) func() *locksteptest.Response {
		return func() *locksteptest.Response {
			got := s.Browser.Get(p.callback(t, to))
			if at := got.Header.Get("Location"); at != "/in" {
				t.Errorf("%s came back to %s", p.Subject, at)
			}
			return got
		}
	}
	first, second, third, moved := who, who, who, who
	second.Subject += "-2"
	third.Subject += "-3"
	moved.Email = "moved-" + who.Email
	unproven := person{Subject: "new-" + who.Subject, Email: "new-" + who.Email, Name: "New"}
	proven := unproven
	proven.Verified = true
	calls.add(s, "sign-in/social"+suffix, nil, start("/sign-in/social"))
	calls.add(s, "callback, first sign-up"+suffix, nil, back(first))
	calls.add(s, "callback, known account"+suffix, prepare("/sign-in/social"), back(first))
	calls.add(s, "callback, link by the address"+suffix, prepare("/sign-in/social"), back(second))
	calls.add(s, "link-social"+suffix, nil, start("/link-social"))
	calls.add(s, "callback of link-social"+suffix, nil, back(third))
	calls.add(s, "callback of link-social, linked before"+suffix, prepare("/link-social"), back(third))
	calls.add(s, "callback, known account with another address"+suffix, prepare("/sign-in/social"), back(moved))
	calls.add(s, "callback, known account, first proof of the address"+suffix, func() {
		prepare("/sign-in/social")()
		back(unproven)()
		prepare("/sign-in/social")()
	}, back(proven))
}

// addTokens adds what is done with the accounts of one who has signed up, and
// sign-ins without the server's part.
func (b *bed) addTokens(t *testing.T, calls measured, s *server, who person) {
	var account string // its id
	find := func() {
		s.Browser = s.signInWith(t, who)
		var list []struct{ ID, AccountID string }
		s.Browser.Get("/list-accounts").JSON(t, &list)
		for _, a := range list {
			if a.AccountID == who.Subject {
				account = a.ID
			}
		}
	}
	post := func(path string) func() *locksteptest.Response {
		return func() *locksteptest.Response { return s.Browser.Post(path, m{"accountId": account}) }
	}
	bob := person{"bob", address("bob", b.name), true, "Bob"}
	withToken := func() *locksteptest.Response {
		return s.NewBrowser(t).Post("/sign-in/social", m{"provider": "fake", "idToken": m{"token": "e30." + bob.code(t) + ".x"}})
	}
	calls.add(s, "sign-in with an id token, new user", nil, withToken)
	calls.add(s, "sign-in with an id token, known account", nil, withToken)
	calls.add(s, "get-access-token", find, post("/get-access-token"))
	calls.add(s, "get-access-token that renews it", func() { s.Clock.Advance(time.Hour) }, post("/get-access-token"))
	calls.add(s, "refresh-token", nil, post("/refresh-token"))
	calls.add(s, "account-info", nil, func() *locksteptest.Response { return s.Browser.Get("/account-info?accountId=" + account) })
	calls.add(s, "unlink-account", nil, post("/unlink-account"))
}
