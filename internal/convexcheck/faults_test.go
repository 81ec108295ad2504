package convexcheck_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/convex/convextest"
	"github.com/lockstep-auth/lockstep/locksteptest"
)

// testFaults plays every fault with every operation. After each it checks, in the
// tables and the answers, that
//
//   - I1: nobody is signed in without a password or a secret of a mail
//   - I2: a secret works once
//   - I3: what is answered is what happened, and what was not answered can be
//     tried again
//   - I4: no half user is left, and no session of nobody
//   - I5: a session that was ended is refused
//   - I7: an answer comes in time
//   - I8: the first request after the fault works
//   - I9: a failure is a plain 503, and signs nobody out
//   - I10: no secret is in the log, nor in the answer to a failure
//
// I6, the counters, is testLimits, and TestMain looks for what still runs.
func (b *bed) testFaults(t *testing.T) {
	for _, f := range b.catalogue() {
		b.Reset(t)
		t.Run(f.rule, func(t *testing.T) {
			for _, op := range operations() {
				if op.name == "update-session" && !b.hasTheme {
					continue
				}
				t.Run(op.name, func(t *testing.T) {
					t.Parallel()
					b.newScene(t, f, op).play()
				})
			}
		})
		if !b.leavesHalves(f) {
			b.dump(t).checkAll(t, f.rule)
		}
	}
}

// isRight reports whether the answer is the one that the operation gives when
// nothing fails.
func (c *scene) isRight(got *locksteptest.Response) bool {
	if c.code != "" {
		return got.Code() == c.code
	}
	return got.Status == 200 && got.Body != "null"
}

// expected returns what the client may hear at first.
func (c *scene) expected() outcome {
	isHit := c.only == "mutation" && c.writes || c.only == "query" && c.reads || c.only == "" && (c.reads || c.writes)
	switch {
	case !isHit:
		return hidden
	case c.isUnclear && !c.bed.isAtomic:
		return either
	}
	return c.want
}

// checkAnswer checks the first answer: it is right, or it says that the service
// is unavailable and changes nothing for the client (I9), and it comes in time
// (I7).
func (c *scene) checkAnswer(got *locksteptest.Response, took time.Duration, hits int) {
	c.t.Helper()
	c.answers = append(c.answers, got)
	want := c.expected()
	switch needsNone := !c.reads && !c.writes; {
	case needsNone && hits > 0:
		c.errorf("the answer does not come from the cookie alone")
	case want == visible && hits == 0:
		c.errorf("the fault hit no call")
	}
	if took > deadline {
		c.errorf("the answer took %v, want %v at most", took, deadline)
	}
	if c.isRight(got) {
		if want == visible {
			c.errorf("got %d %s, want 503", got.Status, got.Body)
		}
		return
	}
	if want == hidden {
		c.errorf("got %d %s, want the right answer", got.Status, got.Body)
	}
	if got.Status != 503 || got.Code() != "SERVICE_UNAVAILABLE" || got.Header.Get("Retry-After") == "" || !keepsCookies(got) {
		c.errorf("got %d %s, Retry-After %q, cookies %v, want a plain 503", got.Status, got.Body, got.Header.Get("Retry-After"), got.Cookies)
	}
}

// keepsCookies reports whether the answer leaves the client as it was. A copy of
// the session that was read just before the failure may come with it.
func keepsCookies(got *locksteptest.Response) bool {
	for _, k := range got.Cookies {
		if !strings.HasPrefix(k.Name, "better-auth.session_data") || k.Value == "" || k.MaxAge < 0 {
			return false
		}
	}
	return true
}

// checkEffect checks the tables against the first answer and returns whether
// the operation had its effect.
func (c *scene) checkEffect(got *locksteptest.Response) bool {
	c.t.Helper()
	ts := c.dump()
	c.checkUser(ts)
	happened := c.happened != nil && c.happened(c, ts)
	if c.isRight(got) && c.happened != nil && !happened {
		c.errorf("got %d %s, but the tables do not show it", got.Status, got.Body)
	}
	if n := len(ts.of("session", c.userID)); c.code != "" && n != 2 {
		c.errorf("got %d sessions after a sign-in that was refused, want 2", n)
	}
	return happened
}

// checkSecondTry checks the answer when the fault is over (I3, I8): the client
// can finish what it began, and what works once does not work again (I2).
func (c *scene) checkSecondTry(got *locksteptest.Response, happened bool) {
	c.t.Helper()
	c.answers = append(c.answers, got)
	if happened && c.spent != "" {
		if got.Code() != c.spent {
			c.errorf("second try: got %d %s, want %s, since the first had its effect", got.Status, got.Body, c.spent)
		}
		return
	}
	if !c.isRight(got) {
		c.errorf("second try: got %d %s, want the right answer", got.Status, got.Body)
	}
}

// checkEnd checks that all is as if nothing had failed: the effect is there, the
// sessions that end have ended (I5), and nobody else was signed out.
func (c *scene) checkEnd() {
	c.t.Helper()
	ts := c.dump()
	c.checkUser(ts)
	if c.happened != nil && !c.happened(c, ts) {
		c.errorf("the effect is not there after the second try")
	}
	if got := c.isAlive(c.mine); got == c.endsMine {
		c.errorf("my session is alive: %v", got)
	}
	if got := c.isAlive(c.other); got == c.endsOther {
		c.errorf("the other session is alive: %v", got)
	}
	if c.after != nil {
		c.after(c)
	}
}

// checkUser checks the rows of the scene's user: all or none (I1, I4).
func (c *scene) checkUser(ts tables) {
	c.t.Helper()
	var users []string
	for _, row := range ts["user"] {
		if row["email"] == c.email {
			id, _ := row["_id"].(string)
			users = append(users, id)
		}
	}
	if len(users) > 1 {
		c.errorf("got %d users with one address", len(users))
	}
	for _, row := range ts["account"] {
		owner, _ := row["userId"].(string)
		isMine := row["password"] == hash(password(c.email)) || row["password"] == hash(newPassword(c.email))
		if isMine && !slices.Contains(users, owner) {
			c.errorf("an account without its user is left")
		}
	}
	for _, id := range users {
		accounts := ts.of("account", id)
		if len(accounts) != 1 || accounts[0]["accountId"] != id || accounts[0]["providerId"] != "credential" {
			c.errorf("got %d accounts of the user, want one with a password", len(accounts))
		}
	}
	isThere := slices.ContainsFunc(ts["user"], func(row map[string]any) bool { return row["_id"] == c.userID })
	if n := len(ts.of("session", c.userID)); !isThere && n > 0 {
		c.errorf("%d sessions without their user are left", n)
	}
}

// checkLog checks that no secret is in the log, nor in an answer that reports a
// failure (I10).
func (c *scene) checkLog() {
	c.t.Helper()
	log := c.server.log.String()
	secrets := []string{
		password(c.email), newPassword(c.email), "wrong horse", c.mine.token, c.other.token, c.secret,
		locksteptest.Secret, secret, convextest.AdminKey,
	}
	for _, row := range c.dump().of("session", c.userID) {
		token, _ := row["token"].(string)
		secrets = append(secrets, token)
	}
	for _, s := range secrets {
		if s == "" {
			continue
		}
		if strings.Contains(log, s) {
			c.errorf("the log tells %q: %s", s, log)
		}
		for _, got := range c.answers {
			if got.Status >= 400 && strings.Contains(got.Body, s) {
				c.errorf("an answer tells %q: %s", s, got.Body)
			}
		}
	}
}

// checkAll checks the tables as a whole: nothing is there twice, and nothing
// belongs to nobody (I4).
func (ts tables) checkAll(t *testing.T, rule string) {
	t.Helper()
	owners := make(map[any]int)
	emails, tokens := make(map[any]bool), make(map[any]bool)
	for _, row := range ts["user"] {
		if emails[row["email"]] {
			t.Errorf("%s: two users have the address %v", rule, row["email"])
		}
		emails[row["email"]] = true
		owners[row["_id"]] = 0
	}
	for _, row := range ts["account"] {
		if _, ok := owners[row["userId"]]; !ok {
			t.Errorf("%s: an account belongs to nobody: %v", rule, row["password"])
		}
		owners[row["userId"]]++
	}
	for _, row := range ts["session"] {
		if _, ok := owners[row["userId"]]; !ok {
			t.Errorf("%s: a session belongs to nobody", rule)
		}
		if tokens[row["token"]] {
			t.Errorf("%s: two sessions have one token", rule)
		}
		tokens[row["token"]] = true
	}
	for _, row := range ts["user"] {
		if n := owners[row["_id"]]; n != 1 {
			t.Errorf("%s: %v has %d accounts, want 1", rule, row["email"], n)
		}
	}
}
