package convexcheck_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/store/convex"
)

// How long a call may take in a scene: one attempt, and all attempts of a call
// to the store. Where the link hangs they are short.
const (
	shortAttempt = 500 * time.Millisecond
	storeTimeout = 5 * time.Second

	// deadline is for a request: three calls to the store and some patience
	// with a busy machine.
	deadline = 3*storeTimeout + 5*time.Second
)

// A scene is one operation under one fault, with a user of its own.
type scene struct {
	t   *testing.T
	bed *bed
	fault
	operation

	server *server
	email  string
	userID string
	me     *locksteptest.Browser // signed in with the session "mine"
	secret string                // of the last mail

	mine, other device
	answers     []*locksteptest.Response
	problems    []string
}

// A device is where the user is signed in.
type device struct {
	cookies, token string
	expires        float64 // Unix milliseconds
}

// newScene sets the scene. The link still works.
func (b *bed) newScene(t *testing.T, f fault, op operation) *scene {
	t.Helper()
	c := &scene{t: t, bed: b, fault: f, operation: op, email: address(b.name, f.rule, op.name)}
	c.server = c.newServer()
	c.me = c.server.signUp(t, c.email)
	other := c.server.signIn(t, c.email)
	c.mine, c.other = c.device(c.me), c.device(other)
	ts := c.dump()
	c.userID, _ = ts.user(c.email)["_id"].(string)
	c.mine.expires, _ = ts.session(c.mine.token)["expiresAt"].(float64)
	if op.prepare != nil {
		op.prepare(c)
	}
	return c
}

func (c *scene) newServer() *server {
	l := newLink(c.t)
	db := c.bed.store(c.t, l, func(config *convex.Config) {
		if c.hangs {
			config.Timeout = shortAttempt
		}
	})
	return c.bed.serve(c.t, l, func(config *lockstep.Config) {
		config.Store, config.StoreTimeout = db, storeTimeout
	})
}

// restart puts another server in the place of one that died, at the same time of
// day.
func (c *scene) restart() {
	now := c.server.Clock.Now()
	c.server = c.newServer()
	c.server.Clock.Advance(now.Sub(c.server.Clock.Now()))
	c.me = c.server.as(c.t, c.mine.cookies)
}

func (c *scene) device(b *locksteptest.Browser) device {
	return device{cookies: b.CookieHeader(), token: token(c.t, b)}
}

// play lets the operation happen under the fault, and again when it is over, and
// checks the invariants after each.
func (c *scene) play() {
	c.server.link.set(&c.fault)
	start := time.Now()
	got := c.call(c)
	took := time.Since(start)
	hits := c.server.link.set(nil)
	c.checkAnswer(got, took, hits)
	happened := c.checkEffect(got)
	c.checkLog()
	if c.restarts {
		c.restart()
	}
	again := c.call(c)
	c.checkSecondTry(again, happened)
	c.checkEnd()
	c.checkLog()
	c.report()
}

// errorf notes what is wrong in the scene.
func (c *scene) errorf(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

// report fails the test if something was wrong, or if nothing was where the
// access mode is known to fall short.
func (c *scene) report() {
	c.t.Helper()
	if c.bed.fallsShort(c.fault, c.operation) {
		if len(c.problems) == 0 {
			c.t.Error("nothing is wrong any more: remove the case from shortfalls")
		}
		c.problems = nil
		c.recover(c)
	}
	for _, p := range c.problems {
		c.t.Error(p)
	}
}

// isAlive reports whether a session is good, whatever the cookie cache says.
func (c *scene) isAlive(d device) bool {
	c.t.Helper()
	got := c.server.as(c.t, d.cookies).Get("/get-session?disableCookieCache=true")
	if got.Status != 200 {
		c.errorf("get-session when the fault is over: %d %s", got.Status, got.Body)
	}
	return got.Body != "null"
}

// wantSignIn checks what a sign-in is answered.
func (c *scene) wantSignIn(password string, status int) {
	c.t.Helper()
	got := c.server.NewBrowser(c.t).Post("/sign-in/email", m{"email": c.email, "password": password})
	if got.Status != status {
		c.errorf("sign-in: got %d %s, want %d", got.Status, got.Body, status)
	}
}

// tables are the rows of the deployment, by table.
type tables map[string][]map[string]any

// dump returns the tables that the operations touch.
func (c *scene) dump() tables {
	c.t.Helper()
	return c.bed.dump(c.t)
}

// user returns the user with the address, or nil.
func (ts tables) user(email string) map[string]any {
	for _, row := range ts["user"] {
		if row["email"] == email {
			return row
		}
	}
	return nil
}

// session returns the session with the token, or nil.
func (ts tables) session(token string) map[string]any {
	for _, row := range ts["session"] {
		if row["token"] == token {
			return row
		}
	}
	return nil
}

// of returns the rows of a table that belong to a user.
func (ts tables) of(table, userID string) []map[string]any {
	var rows []map[string]any
	for _, row := range ts[table] {
		if row["userId"] == userID {
			rows = append(rows, row)
		}
	}
	return rows
}

// secrets returns the live secrets that reset the password of a user.
func (ts tables) secrets(userID string) []map[string]any {
	var rows []map[string]any
	for _, row := range ts["verification"] {
		identifier, _ := row["identifier"].(string)
		if row["value"] == userID && strings.HasPrefix(identifier, "reset-password:") {
			rows = append(rows, row)
		}
	}
	return rows
}
