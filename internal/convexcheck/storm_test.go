package convexcheck_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lockstep-auth/lockstep/locksteptest"
)

const (
	// visits of five requests each make a storm of 10,000 operations. With -short
	// there is a tenth of it.
	visits       = 2000
	visitLen     = 5
	stormWorkers = 16 // visits at the same moment

	// oneIn is how many mutations there are for each whose answer is lost.
	oneIn = 10
)

// testStorm lets users come and go while every tenth answer to a mutation is
// lost after the commit. None of them notices, and in the end nothing is there
// twice and nothing is missing.
func (b *bed) testStorm(t *testing.T) {
	b.Reset(t)
	n := visits
	if testing.Short() {
		n /= 10
	}
	l := newLink(t)
	s := b.serve(t, l)
	l.set(&fault{only: "mutation", when: every(oneIn), how: only(lost)})
	tokens := make([]string, n) // of the session that each visitor keeps
	var next atomic.Int64
	var wg sync.WaitGroup
	for range stormWorkers {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && !t.Failed(); i = int(next.Add(1)) - 1 {
				tokens[i] = visit(t, s, address("storm", i))
			}
		})
	}
	wg.Wait()
	hits := l.set(nil)
	t.Logf("%d operations, %d answers lost", n*visitLen, hits)
	if least := n * visitLen / oneIn; hits < least { // the calls that were sent again are more
		t.Errorf("%d answers were lost, want %d and more", hits, least)
	}
	if !t.Failed() {
		b.dump(t).checkVisitors(t, tokens)
	}
}

// visit is one user's: who signs up on one device and in on another, changes name
// and password there, and ends the first session. It returns the token of the
// second.
func visit(t *testing.T, s *server, email string) string {
	t.Helper()
	first, second := s.NewBrowser(t), s.NewBrowser(t)
	var kept struct{ Token string }
	for i, step := range []func() *locksteptest.Response{
		func() *locksteptest.Response {
			return first.Post("/sign-up/email", m{"name": "Ada", "email": email, "password": password(email)})
		},
		func() *locksteptest.Response {
			got := second.Post("/sign-in/email", credentials(email))
			if got.Status == 200 {
				got.JSON(t, &kept)
			}
			return got
		},
		func() *locksteptest.Response { return second.Post("/update-user", m{"name": "Countess"}) },
		func() *locksteptest.Response { return first.Post("/sign-out", m{}) },
		func() *locksteptest.Response {
			return second.Post("/change-password", m{"currentPassword": password(email), "newPassword": newPassword(email)})
		},
	} {
		if got := step(); got.Status != 200 || got.Body == "null" {
			t.Errorf("%s, step %d: got %d %s; the log is\n%s", email, i+1, got.Status, got.Body, s.log)
			return ""
		}
	}
	return kept.Token
}

// checkVisitors checks that each visitor is there once, with the new name and
// password, one account and the one session that is kept.
func (ts tables) checkVisitors(t *testing.T, tokens []string) {
	t.Helper()
	ts.checkAll(t, "storm")
	for _, table := range []string{"user", "account", "session"} {
		if got := len(ts[table]); got != len(tokens) {
			t.Errorf("got %d rows of %s, want %d", got, table, len(tokens))
		}
	}
	users, owners, passwords := make(map[any]map[string]any), make(map[any]any), make(map[any]any)
	for _, row := range ts["user"] {
		users[row["email"]] = row
	}
	for _, row := range ts["account"] {
		passwords[row["userId"]] = row["password"]
	}
	for _, row := range ts["session"] {
		owners[row["token"]] = row["userId"]
	}
	for i, token := range tokens {
		email := address("storm", i)
		user := users[email]
		if user == nil || user["name"] != "Countess" || passwords[user["_id"]] != hash(newPassword(email)) {
			t.Errorf("visitor %d: got %v with the password %v, want the new name and password", i, user, passwords[user["_id"]])
			continue
		}
		if owners[token] != user["_id"] {
			t.Errorf("visitor %d: the session that is kept belongs to %v, want %v", i, owners[token], user["_id"])
		}
	}
}
