package convexcheck_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/locksteptest"
)

// A cost is what an endpoint costs: calls to the deployment, and how many of
// them come one after the other.
type cost struct{ trips, rounds int }

// A budget is what an endpoint may cost, exactly.
type budget struct {
	endpoint string

	functions int  // Lockstep's functions; one after the other
	createAPI int  // createApi, with a key or public; one after the other
	component cost // createApi in the component, which takes no query batches

	// upstream is what Better Auth 1.7.25 calls on createApi, which has no joins:
	// counted in an adapter of its createAdapterFactory, with two sessions. It is
	// the most that createApi may cost here.
	upstream int
}

func budgets() []budget {
	return []budget{
		{"sign-up", 2, 4, cost{4, 4}, 4},
		{"get-session from the cookie", 0, 0, cost{0, 0}, 0},
		{"get-session", 1, 2, cost{2, 2}, 2},
		{"get-session that prolongs it", 2, 3, cost{3, 3}, 3},
		{"sign-in", 2, 3, cost{3, 3}, 3},
		{"sign-in, wrong password", 1, 2, cost{2, 2}, 2},
		{"list-accounts", 1, 1, cost{1, 1}, 1},
		{"list-sessions", 1, 1, cost{1, 1}, 1},
		{"update-user", 1, 1, cost{1, 1}, 1},
		{"update-session", 1, 1, cost{0, 0}, 1}, // the component's sessions have no fields to set
		{"verify-password", 2, 3, cost{3, 3}, 3},
		{"revoke-session", 2, 3, cost{3, 3}, 6},
		{"revoke-other-sessions", 2, 4, cost{4, 4}, 5},
		{"revoke-sessions", 2, 4, cost{4, 4}, 4},
		{"change-password", 3, 4, cost{4, 4}, 4},
		{"change-password that ends sessions", 3, 7, cost{7, 7}, 7},
		{"verify-email with sign-in", 2, 3, cost{3, 3}, 3},
		{"request-password-reset", 2, 3, cost{3, 3}, 3},
		{"reset-password link", 1, 2, cost{3, 2}, 3},
		{"reset-password", 2, 6, cost{10, 6}, 10},
		{"sign-out", 1, 1, cost{1, 1}, 5},
		{"delete-user", 3, 8, cost{10, 8}, 11},
	}
}

// of returns the budget in an access mode.
func (w budget) of(a access) cost {
	switch {
	case a.isAtomic:
		return cost{w.functions, w.functions}
	case a.config.Component != "":
		return w.component
	}
	return cost{w.createAPI, w.createAPI}
}

// testRoundTrips holds every endpoint to its budget.
func (b *bed) testRoundTrips(t *testing.T) {
	s := b.serve(t, newLink(t), func(c *lockstep.Config) { c.Verification.DisableCleanup = true }) // once a minute, in the background
	if b.config.Component != "" {
		s.link.delay = 30 * time.Millisecond // so that calls side by side overlap, on a busy machine too
	}
	calls := b.everyEndpoint(t, s, address("budget", b.name))
	for _, w := range budgets() {
		var got cost
		if call := calls[w.endpoint]; call != nil {
			if status := call(&got); status >= 400 && w.endpoint != "sign-in, wrong password" {
				t.Errorf("%s: status %d", w.endpoint, status)
			}
		}
		if want := w.of(b.access); got != want {
			t.Errorf("%s costs %d calls in %d rounds, want %d in %d", w.endpoint, got.trips, got.rounds, want.trips, want.rounds)
		}
		if !b.isAtomic && got.trips > w.upstream {
			t.Errorf("%s costs %d calls, more than the %d of Better Auth", w.endpoint, got.trips, w.upstream)
		}
	}
}

// everyEndpoint returns a call of each endpoint, to be made in the order of
// budgets. A call measures itself and returns the status.
func (b *bed) everyEndpoint(t *testing.T, s *server, email string) map[string]func(*cost) int {
	calls := make(map[string]func(*cost) int)
	add := func(name string, prepare func(), call func() *locksteptest.Response) {
		calls[name] = func(c *cost) int {
			if prepare != nil {
				prepare()
			}
			s.link.take()
			got := call()
			c.trips, c.rounds = s.link.take()
			return got.Status
		}
	}
	me := s.NewBrowser(t)
	post := func(path string, body m) func() *locksteptest.Response {
		return func() *locksteptest.Response { return me.Post(path, body) }
	}
	get := func(path string) func() *locksteptest.Response {
		return func() *locksteptest.Response { return me.Get(path) }
	}
	again := func() { want(t, me.Post("/sign-in/email", credentials(email)), 200, "") }
	var mailed string
	mail := func(path string) func() {
		return func() {
			want(t, me.Post(path, m{"email": email}), 200, "")
			mailed = s.mail.next(t)
		}
	}
	change := m{"currentPassword": password(email), "newPassword": password(email)}
	add("sign-up", nil, post("/sign-up/email", m{"name": "Ada", "email": email, "password": password(email)}))
	add("get-session from the cookie", nil, get("/get-session"))
	add("get-session", nil, get("/get-session?disableCookieCache=true"))
	add("get-session that prolongs it", func() { s.Clock.Advance(48 * time.Hour) }, get("/get-session?disableCookieCache=true"))
	add("sign-in", nil, post("/sign-in/email", credentials(email)))
	add("sign-in, wrong password", nil, post("/sign-in/email", m{"email": email, "password": "wrong horse"}))
	add("list-accounts", nil, get("/list-accounts"))
	add("list-sessions", nil, get("/list-sessions"))
	add("update-user", nil, post("/update-user", m{"name": "Countess"}))
	if b.hasTheme {
		add("update-session", nil, post("/update-session", m{"theme": "dark"}))
	}
	add("verify-password", nil, post("/verify-password", m{"password": password(email)}))
	add("revoke-session", nil, func() *locksteptest.Response {
		return me.Post("/revoke-session", m{"token": token(t, me)})
	})
	add("revoke-other-sessions", again, post("/revoke-other-sessions", m{}))
	add("revoke-sessions", nil, post("/revoke-sessions", m{}))
	add("change-password", again, post("/change-password", change))
	change = m{"currentPassword": password(email), "newPassword": password(email), "revokeOtherSessions": true}
	add("change-password that ends sessions", nil, post("/change-password", change))
	add("verify-email with sign-in", func() {
		mail("/send-verification-email")()
		me = s.NewBrowser(t)
	}, func() *locksteptest.Response { return me.Get("/verify-email?token=" + mailed) })
	add("request-password-reset", nil, post("/request-password-reset", m{"email": email}))
	add("reset-password link", func() { mailed = s.mail.next(t) }, func() *locksteptest.Response {
		return me.Get("/reset-password/" + mailed + "?callbackURL=/new")
	})
	add("reset-password", nil, func() *locksteptest.Response {
		return me.Post("/reset-password", m{"newPassword": password(email), "token": mailed})
	})
	add("sign-out", again, post("/sign-out", m{}))
	add("delete-user", again, post("/delete-user", m{"password": password(email)}))
	return calls
}

// TestBudgetPage compares the budgets with what is published.
func TestBudgetPage(t *testing.T) {
	const path = "../../docs/convex-budget.md"
	page := budgetPage()
	if *update {
		if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	published, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(published) != page {
		t.Errorf("docs/convex-budget.md is not what the tests hold the endpoints to: run go test ./internal/convexcheck -run TestBudgetPage -update")
	}
}

func budgetPage() string {
	var page strings.Builder
	page.WriteString(budgetIntro)
	for _, w := range budgets() {
		component := fmt.Sprint(w.component.trips)
		switch {
		case w.component == cost{} && w.createAPI > 0:
			component = "-"
		case w.component.rounds != w.component.trips:
			component += fmt.Sprintf(" (%d)", w.component.rounds)
		}
		fmt.Fprintf(&page, "| %s | %d |%s %d | %s |%s %d |\n",
			w.endpoint, w.functions, times(w.functions), w.createAPI, component, times(w.createAPI), w.upstream)
	}
	return page.String()
}

const budgetIntro = `# What a request costs on Convex

The calls to the deployment that a request makes, and the time they take on links
with a round trip of 50, 100 and 200 ms. Hashing a password, tens of milliseconds
of one processor, and the work of the deployment come on top.

The first request of a process makes two or three more, to find out what the
deployment offers. Once a minute, expired one-time secrets are removed when an
answer is out, with one more.

- **functions**: Lockstep's own, with a key or a secret alike.
- **createApi**: with a key, or public.
- **component**: createApi in the Better Auth component, where one call asks one
  question. Calls that have to wait for others are in brackets; they take the time.
- **Better Auth**: what Better Auth 1.7.25 calls on createApi, from Node.js. On
  createApi, Lockstep never needs more.

The tests of internal/convexcheck hold every request to these numbers, and write
this page: ` + "`go test ./internal/convexcheck -run TestBudgetPage -update`" + `.

| request | functions | 50 ms | 100 ms | 200 ms | createApi | component | 50 ms | 100 ms | 200 ms | Better Auth |
|---|---|---|---|---|---|---|---|---|---|---|
`

// times are three cells with the time that rounds take at each latency.
func times(rounds int) string {
	var cells string
	for _, ms := range []int{50, 100, 200} {
		cells += fmt.Sprintf(" %d ms |", rounds*ms)
	}
	return cells
}
