package convexcheck_test

import (
	"fmt"
	"os"
	"slices"
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
	createAPI cost // createApi, with a key or public
	component cost // createApi in the component, which takes no query batches

	// upstream is what Better Auth 1.7.25 calls on createApi, which has no joins:
	// counted in an adapter of its createAdapterFactory, with two sessions. It is
	// the most that createApi may cost here, but for what Better Auth does not do:
	// extra says how many calls that may take.
	upstream int
	extra    int
}

func budgets() []budget {
	return []budget{
		{"sign-up", 2, cost{4, 4}, cost{4, 4}, 4, 0},
		{"get-session from the cookie", 0, cost{0, 0}, cost{0, 0}, 0, 0},
		{"get-session", 1, cost{2, 2}, cost{2, 2}, 2, 0},
		{"get-session that prolongs it", 2, cost{3, 3}, cost{3, 3}, 3, 0},
		{"sign-in", 2, cost{3, 3}, cost{3, 3}, 3, 0},
		{"sign-in, wrong password", 1, cost{2, 2}, cost{2, 2}, 2, 0},
		{"list-accounts", 1, cost{1, 1}, cost{1, 1}, 1, 0},
		{"list-sessions", 1, cost{1, 1}, cost{1, 1}, 1, 0},
		{"update-user", 1, cost{1, 1}, cost{1, 1}, 1, 0},
		{"update-session", 1, cost{1, 1}, cost{0, 0}, 1, 0}, // the component's sessions have no fields to set
		{"verify-password", 2, cost{3, 3}, cost{3, 3}, 3, 0},
		{"revoke-session", 2, cost{3, 3}, cost{3, 3}, 6, 0},
		{"revoke-other-sessions", 2, cost{4, 4}, cost{4, 4}, 5, 0},
		{"revoke-sessions", 2, cost{4, 4}, cost{4, 4}, 4, 0},
		{"change-password", 3, cost{4, 4}, cost{4, 4}, 4, 0},
		{"change-password that ends sessions", 3, cost{7, 7}, cost{7, 7}, 7, 0},
		{"verify-email with sign-in", 2, cost{3, 3}, cost{3, 3}, 3, 0},
		{"request-password-reset", 2, cost{3, 3}, cost{3, 3}, 3, 0},
		{"reset-password link", 1, cost{2, 2}, cost{3, 2}, 3, 0},
		{"reset-password", 2, cost{6, 6}, cost{10, 6}, 10, 0},
		{"sign-out", 1, cost{1, 1}, cost{1, 1}, 5, 0},
		{"delete-user", 3, cost{8, 8}, cost{10, 8}, 11, 0},
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
	return w.createAPI
}

// testRoundTrips holds every endpoint to its budget.
func (b *bed) testRoundTrips(t *testing.T) {
	s := b.serveCounted(t)
	b.hold(t, budgets(), b.everyEndpoint(t, s, address("budget", b.name)))
}

// serveCounted starts a server whose calls can be counted.
func (b *bed) serveCounted(t *testing.T, change ...func(*lockstep.Config)) *server {
	noCleanUp := func(c *lockstep.Config) { c.Verification.DisableCleanup = true } // once a minute, in the background
	s := b.serve(t, newLink(t), append(change, noCleanUp)...)
	if !b.isAtomic {
		s.link.delay = 30 * time.Millisecond // so that calls side by side overlap, on a busy machine too
	}
	return s
}

// hold makes the calls in the order of the budgets, and holds each to its own.
func (b *bed) hold(t *testing.T, list []budget, calls measured) {
	t.Helper()
	for _, w := range list {
		var got cost
		if call := calls[w.endpoint]; call != nil {
			if status := call(&got); status >= 400 && w.endpoint != "sign-in, wrong password" {
				t.Errorf("%s: status %d", w.endpoint, status)
			}
		}
		if want := w.of(b.access); got != want {
			t.Errorf("%s costs %d calls in %d rounds, want %d in %d", w.endpoint, got.trips, got.rounds, want.trips, want.rounds)
		}
		if !b.isAtomic && got.trips > w.upstream+w.extra {
			t.Errorf("%s costs %d calls, more than the %d of Better Auth", w.endpoint, got.trips, w.upstream+w.extra)
		}
	}
}

// measured are calls of endpoints. Each measures itself and returns the status.
type measured map[string]func(*cost) int

// add adds a call. What prepares it is not measured.
func (calls measured) add(s *server, name string, prepare func(), call func() *locksteptest.Response) {
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

// everyEndpoint returns a call of each endpoint, to be made in the order of
// budgets.
func (b *bed) everyEndpoint(t *testing.T, s *server, email string) measured {
	calls := make(measured)
	add := func(name string, prepare func(), call func() *locksteptest.Response) {
		calls.add(s, name, prepare, call)
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
	for _, w := range slices.Concat(budgets(), socialBudgets()) {
		component := w.component.String()
		if w.component == (cost{}) && w.createAPI.trips > 0 {
			component = "-"
		}
		upstream := fmt.Sprint(w.upstream)
		if w.extra > 0 {
			upstream += "¹"
		}
		fmt.Fprintf(&page, "| %s | %d |%s %v | %s |%s %s |\n",
			w.endpoint, w.functions, times(w.functions), w.createAPI, component, times(w.createAPI.rounds), upstream)
	}
	page.WriteString(budgetNotes)
	return page.String()
}

// String is a cell of the page.
func (c cost) String() string {
	if c.trips == c.rounds {
		return fmt.Sprint(c.trips)
	}
	return fmt.Sprintf("%d (%d)", c.trips, c.rounds)
}

const budgetIntro = `# What a request costs on Convex

The calls to the deployment that a request makes, and the time they take on links
with a round trip of 50, 100 and 200 ms. Hashing a password, tens of milliseconds
of one processor, and the work of the deployment come on top.

The first request of a process makes up to six more, most of them at once, to
find out what the deployment offers. Once a minute, expired one-time secrets are removed when an
answer is out, with one more.

- **functions**: Lockstep's own, with a key or a secret alike.
- **createApi**: with a key, or public. Some calls are made at the same time: in
  brackets are the calls that have to wait for others; they take the time.
- **component**: createApi in the Better Auth component, where one call asks one
  question.
- **Better Auth**: what Better Auth 1.7.25 calls on createApi, from Node.js. On
  createApi, Lockstep needs more only for what Better Auth does not do¹.

The tests of internal/convexcheck hold every request to these numbers, and write
this page: ` + "`go test ./internal/convexcheck -run TestBudgetPage -update`" + `.

| request | functions | 50 ms | 100 ms | 200 ms | createApi | component | 50 ms | 100 ms | 200 ms | Better Auth |
|---|---|---|---|---|---|---|---|---|---|---|
`

const budgetNotes = `
**Sign-in with services.** On createApi, a callback takes three rounds where it
can: it spends the state, reads what is known of the user, and writes. More take:

- a first sign-up, one: the database makes the id of the user, for which the
  account and the session have to wait.
- a link by the address, one: somebody can be in the middle of signing up with the
  account, and have made the user, but not yet the account. So it is looked for
  once more before it is made.
- a state in a cookie, one: that it was used is written, and then looked at. In
  this order, one of several callbacks at the same moment comes through at most.
- an account whose address at the service is not that of the user, one: the user
  is not among what was read.
- hashed identifiers (verification.storeIdentifier), one: there are two to look for.
- what changes the user, two: the first proof of the address, or
  overrideUserInfoOnSignIn.

¹ Better Auth lets a state in a cookie be used again until it expires, does not look
for an account once more before it links it, and takes the session from the cookie
when it unlinks one.
`

// times are three cells with the time that rounds take at each latency.
func times(rounds int) string {
	var cells string
	for _, ms := range []int{50, 100, 200} {
		cells += fmt.Sprintf(" %d ms |", rounds*ms)
	}
	return cells
}
