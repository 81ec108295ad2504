package convexcheck_test

import (
	"slices"
	"strings"
	"time"

	"github.com/lockstep-auth/lockstep/locksteptest"
)

// An operation is what a client wants while the link fails. The user of the
// scene is signed in on two devices, "mine" and "other".
type operation struct {
	name string

	// reads and writes say what of the deployment it needs.
	reads, writes bool

	// prepare sets the scene before the link fails.
	prepare func(*scene)

	// call makes the request. It is called again when the fault is over.
	call func(*scene) *locksteptest.Response

	// code is the code of the right answer, which is a success if it is empty.
	code string

	// happened reports whether the tables show the effect; nil for what has none.
	happened func(*scene, tables) bool

	// spent is the code that the second try gets if the first had its effect;
	// empty if it succeeds as well.
	spent string

	// endsMine and endsOther say which sessions the operation ends.
	endsMine, endsOther bool

	// after checks what holds in the end.
	after func(*scene)

	// recover is what the user does where the access mode falls short.
	recover func(*scene)
}

func operations() []operation {
	return slices.Concat(sessionOperations(), endingOperations(), userOperations(), mailOperations())
}

func sessionOperations() []operation {
	return []operation{
		{
			name: "sign-up", reads: true, writes: true, spent: "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
			prepare: func(c *scene) { c.email = address("new", c.email) },
			call: func(c *scene) *locksteptest.Response {
				return c.server.NewBrowser(c.t).Post("/sign-up/email", m{"name": "Ada", "email": c.email, "password": password(c.email)})
			},
			happened: func(c *scene, ts tables) bool { return ts.user(c.email) != nil },
			after:    func(c *scene) { c.wantSignIn(password(c.email), 200) },
			recover: func(c *scene) { // only who reads the mails of the address gets in
				c.resetPassword()
				c.wantSignIn(password(c.email), 401)
			},
		},
		{
			name: "sign-in", reads: true, writes: true,
			call: func(c *scene) *locksteptest.Response {
				return c.server.NewBrowser(c.t).Post("/sign-in/email", credentials(c.email))
			},
			happened: func(c *scene, ts tables) bool { return len(ts.of("session", c.userID)) > 2 },
		},
		{
			name: "sign-in with a wrong password", reads: true, code: "INVALID_EMAIL_OR_PASSWORD",
			call: func(c *scene) *locksteptest.Response {
				return c.server.NewBrowser(c.t).Post("/sign-in/email", m{"email": c.email, "password": "wrong horse"})
			},
		},
		{
			name: "get-session from the cookie",
			call: func(c *scene) *locksteptest.Response { return c.me.Get("/get-session") },
		},
		{
			name: "get-session", reads: true,
			call: func(c *scene) *locksteptest.Response { return c.me.Get("/get-session?disableCookieCache=true") },
		},
		{
			name: "get-session that prolongs it", reads: true, writes: true,
			prepare: func(c *scene) { c.server.Clock.Advance(48 * time.Hour) },
			call:    func(c *scene) *locksteptest.Response { return c.me.Get("/get-session?disableCookieCache=true") },
			happened: func(c *scene, ts tables) bool {
				expires, _ := ts.session(c.mine.token)["expiresAt"].(float64)
				return expires > c.mine.expires
			},
		},
		{
			name: "list-sessions", reads: true,
			call: func(c *scene) *locksteptest.Response { return c.me.Get("/list-sessions") },
		},
		{
			name: "update-session", writes: true,
			call:     func(c *scene) *locksteptest.Response { return c.me.Post("/update-session", m{"theme": "dark"}) },
			happened: func(c *scene, ts tables) bool { return ts.session(c.mine.token)["theme"] == "dark" },
		},
	}
}

func endingOperations() []operation {
	const unauthorized = "UNAUTHORIZED"
	return []operation{
		{
			name: "sign-out", writes: true, endsMine: true,
			call:     func(c *scene) *locksteptest.Response { return c.me.Post("/sign-out", m{}) },
			happened: func(c *scene, ts tables) bool { return ts.session(c.mine.token) == nil },
		},
		{
			name: "revoke-session", reads: true, writes: true, endsOther: true,
			call: func(c *scene) *locksteptest.Response {
				return c.me.Post("/revoke-session", m{"token": c.other.token})
			},
			happened: func(c *scene, ts tables) bool { return ts.session(c.other.token) == nil },
		},
		{
			name: "revoke-sessions", reads: true, writes: true, endsMine: true, endsOther: true, spent: unauthorized,
			call:     func(c *scene) *locksteptest.Response { return c.me.Post("/revoke-sessions", m{}) },
			happened: func(c *scene, ts tables) bool { return len(ts.of("session", c.userID)) == 0 },
		},
		{
			name: "revoke-other-sessions", reads: true, writes: true, endsOther: true,
			call:     func(c *scene) *locksteptest.Response { return c.me.Post("/revoke-other-sessions", m{}) },
			happened: func(c *scene, ts tables) bool { return ts.session(c.other.token) == nil },
		},
		{
			name: "delete-user", reads: true, writes: true, endsMine: true, endsOther: true, spent: unauthorized,
			call: func(c *scene) *locksteptest.Response {
				return c.me.Post("/delete-user", m{"password": password(c.email)})
			},
			happened: func(c *scene, ts tables) bool { return ts.user(c.email) == nil },
			after:    func(c *scene) { c.wantSignIn(password(c.email), 401) },
			recover: func(c *scene) {
				known := password(c.email)
				if len(c.dump().of("account", c.userID)) == 0 {
					c.resetPassword()
					known = newPassword(c.email)
				}
				again := c.server.NewBrowser(c.t)
				want(c.t, again.Post("/sign-in/email", m{"email": c.email, "password": known}), 200, "")
				want(c.t, again.Post("/delete-user", m{"password": known}), 200, "")
				c.checkUser(c.dump())
				c.wantSignIn(known, 401)
			},
		},
	}
}

// endSessions ends all sessions but a new one.
func (c *scene) endSessions() {
	c.t.Helper()
	b := c.server.NewBrowser(c.t)
	want(c.t, b.Post("/sign-in/email", m{"email": c.email, "password": newPassword(c.email)}), 200, "")
	want(c.t, b.Post("/revoke-other-sessions", m{}), 200, "")
	if c.isAlive(c.mine) || c.isAlive(c.other) {
		c.errorf("the sessions do not end")
	}
}

// resetPassword gives the user the new password, with a link in a mail.
func (c *scene) resetPassword() {
	c.t.Helper()
	b := c.server.NewBrowser(c.t)
	want(c.t, b.Post("/request-password-reset", m{"email": c.email}), 200, "")
	want(c.t, b.Post("/reset-password", m{"newPassword": newPassword(c.email), "token": c.server.mail.next(c.t)}), 200, "")
	c.wantSignIn(newPassword(c.email), 200)
}

func userOperations() []operation {
	return []operation{
		{
			name: "update-user", writes: true,
			call:     func(c *scene) *locksteptest.Response { return c.me.Post("/update-user", m{"name": "Countess"}) },
			happened: func(c *scene, ts tables) bool { return ts.user(c.email)["name"] == "Countess" },
		},
		{
			name: "change-password", reads: true, writes: true, spent: "INVALID_PASSWORD",
			call: func(c *scene) *locksteptest.Response {
				return c.me.Post("/change-password", m{"currentPassword": password(c.email), "newPassword": newPassword(c.email)})
			},
			happened: hasNewPassword, after: onlyNewPassword,
		},
		{
			name: "change-password that ends sessions", reads: true, writes: true, endsMine: true, endsOther: true, spent: "UNAUTHORIZED",
			call: func(c *scene) *locksteptest.Response {
				b := c.server.as(c.t, c.mine.cookies) // whose session does not survive
				return b.Post("/change-password", m{
					"currentPassword": password(c.email), "newPassword": newPassword(c.email), "revokeOtherSessions": true,
				})
			},
			happened: hasNewPassword, after: onlyNewPassword,
			recover: (*scene).endSessions,
		},
	}
}

// mailOperations begin or end with a mail.
func mailOperations() []operation {
	return []operation{
		{
			name: "request-password-reset", reads: true, writes: true,
			call: func(c *scene) *locksteptest.Response {
				got := c.server.NewBrowser(c.t).Post("/request-password-reset", m{"email": c.email})
				if got.Status == 200 {
					c.secret = c.server.mail.next(c.t)
				}
				return got
			},
			happened: func(c *scene, ts tables) bool { return len(ts.secrets(c.userID)) > 0 },
			after: func(c *scene) {
				got := c.server.NewBrowser(c.t).Get("/reset-password/" + c.secret + "?callbackURL=/new")
				if !strings.Contains(got.Header.Get("Location"), "token=") {
					c.errorf("the last link that was sent does not work: %d %v", got.Status, got.Header.Get("Location"))
				}
				if n := len(c.dump().secrets(c.userID)); n != 1 {
					c.errorf("got %d live secrets, want the last", n)
				}
			},
		},
		{
			name: "reset-password", reads: true, writes: true, endsMine: true, endsOther: true, spent: "INVALID_TOKEN",
			prepare: func(c *scene) {
				want(c.t, c.server.NewBrowser(c.t).Post("/request-password-reset", m{"email": c.email}), 200, "")
				c.secret = c.server.mail.next(c.t)
			},
			call: func(c *scene) *locksteptest.Response {
				return c.server.NewBrowser(c.t).Post("/reset-password", m{"newPassword": newPassword(c.email), "token": c.secret})
			},
			happened: func(c *scene, ts tables) bool { return hasNewPassword(c, ts) && len(ts.secrets(c.userID)) == 0 },
			after:    onlyNewPassword,
		},
		{
			name: "verify-email", reads: true, writes: true,
			prepare: func(c *scene) {
				want(c.t, c.server.NewBrowser(c.t).Post("/send-verification-email", m{"email": c.email}), 200, "")
				c.secret = c.server.mail.next(c.t)
			},
			call: func(c *scene) *locksteptest.Response {
				return c.server.NewBrowser(c.t).Get("/verify-email?token=" + c.secret)
			},
			happened: func(c *scene, ts tables) bool { return ts.user(c.email)["emailVerified"] == true },
			after: func(c *scene) {
				if n := len(c.dump().of("session", c.userID)); n > 3 {
					c.errorf("the link signed in %d times, want once at most", n-2)
				}
			},
		},
	}
}

// hasNewPassword reports whether the user has one account, with the new password.
func hasNewPassword(c *scene, ts tables) bool {
	accounts := ts.of("account", c.userID)
	return len(accounts) == 1 && accounts[0]["password"] == hash(newPassword(c.email))
}

func onlyNewPassword(c *scene) {
	c.wantSignIn(password(c.email), 401)
	c.wantSignIn(newPassword(c.email), 200)
}

// hash is what locksteptest.Passwords makes of a password.
func hash(password string) string { return "test:" + password }
