package ui_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
)

func TestSignUp(t *testing.T) {
	w := open(t, nil)
	w.signUp(t, "Ada")
	for _, tt := range []struct {
		name                  string
		person, email, secret string
		status                int
		field, says           string
	}{
		{"asks for a name", "", "bob@example.com", password, 400, "name", "Enter your name."},
		{"takes spaces for no name", "  ", "bob@example.com", password, 400, "name", "Enter your name."},
		{"asks for an address", "Bob", "", password, 400, "email", "Enter your email address."},
		{"wants an address", "Bob", "bob", password, 400, "email", "Enter an email address in the form name@example.com."},
		{"asks for a password", "Bob", "bob@example.com", "", 400, "password", "Choose a password."},
		{"wants a longer password", "Bob", "bob@example.com", "1234567", 400, "password", "This password is too short."},
		{"wants a shorter password", "Bob", "bob@example.com", strings.Repeat("x", 129), 400, "password", "This password is too long."},
		{"takes each address once", "Bob", "ada@example.com", password, 422, "email", "There is an account with this email address already."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBrowser(t, w.pages)
			p := b.must(b.post("/sign-up", "name", tt.person, "email", tt.email, "password", tt.secret), tt.status,
				"<title>Error: Create an account – Example</title>", `role="alert"`,
				`<a href="#`+tt.field+`">`+tt.says, `<p class="error" id="`+tt.field+`-error">`+tt.says,
				`value="`+tt.email+`"`, `value="`+strings.TrimSpace(tt.person)+`"`)
			if got := describedBy(p.body, tt.field); !strings.HasPrefix(got, tt.field+"-error") {
				t.Errorf("field %s is described by %q, want its error first", tt.field, got)
			}
			if tt.secret != "" && strings.Contains(p.body, tt.secret) {
				t.Error("page repeats the password")
			}
			if len(b.cookies) > 0 {
				t.Errorf("got %d cookies, want none", len(b.cookies))
			}
		})
	}
}

// describedBy returns the aria-describedby of the input with an id.
func describedBy(body, id string) string {
	_, rest, _ := strings.Cut(body, ` id="`+id+`" `)
	tag, _, _ := strings.Cut(rest, ">")
	_, rest, _ = strings.Cut(tag, `aria-describedby="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

func TestSignUpWithoutSignIn(t *testing.T) {
	w := open(t, func(c *lockstep.Config) { c.EmailAndPassword.AutoSignIn = new(false) })
	for range 2 { // the second time the address has an account, which nobody is told
		b := newBrowser(t, w.pages)
		b.mustGo(b.post("/sign-up?redirect=/docs", "name", "Ada", "email", "ada@example.com", "password", password),
			"/sign-in?notice=created&redirect=%2Fdocs")
		b.must(b.get("/sign-in?notice=created&redirect=%2Fdocs"), http.StatusOK, "there is one now")
	}
}

func TestSwitchedOff(t *testing.T) {
	w := open(t, func(c *lockstep.Config) { c.EmailAndPassword.DisableSignUp = true })
	b := newBrowser(t, w.pages)
	b.must(b.post("/sign-up", "name", "Ada", "email", "ada@example.com", "password", password), http.StatusBadRequest,
		"This server takes no new accounts at the moment.")

	w = open(t, func(c *lockstep.Config) { c.EmailAndPassword.Enabled = false })
	b = newBrowser(t, w.pages)
	b.must(b.post("/sign-in", "email", "ada@example.com", "password", password), http.StatusBadRequest,
		"This server has no sign-in with a password.")
}

func TestSignIn(t *testing.T) {
	w := open(t, nil)
	w.signUp(t, "Ada")
	for _, tt := range []struct {
		name, email, secret string
		status              int
		says                string
	}{
		{"asks for an address", "", password, 400, "Enter your email address."},
		{"asks for a password", "ada@example.com", "", 400, "Enter your password."},
		{"refuses a wrong password", "ada@example.com", "wrong horse", 401, "The email address or the password is wrong."},
		{"says the same of an unknown address", "eve@example.com", "wrong horse", 401, "The email address or the password is wrong."},
		{"wants an address", "ada", password, 400, "Enter an email address in the form name@example.com."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBrowser(t, w.pages)
			b.must(b.post("/sign-in", "email", tt.email, "password", tt.secret), tt.status, tt.says, `value="`+tt.email+`"`)
			if b.signedIn(w.auth) {
				t.Error("signed in")
			}
		})
	}
	b := w.signIn(t)
	if !b.signedIn(w.auth) {
		t.Error("not signed in with the right password")
	}
}

func TestRememberMe(t *testing.T) {
	w := open(t, nil)
	w.signUp(t, "Ada")
	b := w.signIn(t)
	if b.cookies["better-auth.session_token"].MaxAge == 0 {
		t.Error("remembered: cookie has no Max-Age, ends with the browser")
	}
	b = newBrowser(t, w.pages)
	b.mustGo(b.post("/sign-in", "email", "ada@example.com", "password", password), "/account")
	if got := b.cookies["better-auth.session_token"].MaxAge; got != 0 {
		t.Errorf("not remembered: Max-Age = %d, want none", got)
	}
	p := b.post("/sign-in", "email", "ada@example.com", "password", "wrong")
	if strings.Contains(p.body, " checked") {
		t.Error("page ticked the box again that was left off")
	}
}

func TestRedirect(t *testing.T) {
	w := open(t, nil)
	w.signUp(t, "Ada")
	for _, tt := range []struct{ name, query, want string }{
		{"goes where the user wanted to go", "?redirect=%2Fdocs%3Fpage%3D2", "/docs?page=2"},
		{"goes to the account otherwise", "", "/account"},
		{"does not leave the site", "?redirect=https%3A%2F%2Fevil.example", "/account"},
		{"does not leave the site with two slashes", "?redirect=%2F%2Fevil.example", "/account"},
		{"does not leave the site with a backslash", "?redirect=%2F%5Cevil.example", "/account"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBrowser(t, w.pages)
			p := b.must(b.get("/sign-in"+tt.query), http.StatusOK)
			if evil := "evil.example"; strings.Contains(p.body, evil) {
				t.Errorf("page contains %q", evil)
			}
			p = b.post("/sign-in"+tt.query, "email", "ada@example.com", "password", "wrong horse")
			_, rest, _ := strings.Cut(p.text, `<form class="stack" method="post" action="`)
			action, _, _ := strings.Cut(rest, `"`)
			b.mustGo(b.post(action, "email", "ada@example.com", "password", password), tt.want)
		})
	}
}

func TestRateLimit(t *testing.T) {
	w := open(t, func(c *lockstep.Config) { c.RateLimit.Enabled = new(true) })
	b := newBrowser(t, w.pages)
	var p page
	for range 4 { // upstream: 3 in 10 seconds
		p = b.post("/sign-in", "email", "ada@example.com", "password", "wrong horse")
	}
	b.must(p, http.StatusTooManyRequests, "Too many attempts. Try again in 10 seconds.", `value="ada@example.com"`)
	if got := p.Header.Get("Retry-After"); got != "10" {
		t.Errorf("Retry-After = %q, want 10", got)
	}
	other := newBrowser(t, w.pages)
	other.header.Set("X-Forwarded-For", "203.0.113.9")
	other.must(other.post("/sign-in", "email", "ada@example.com", "password", "wrong horse"), http.StatusTooManyRequests)
	w.pass(time.Minute)
	b.must(b.post("/sign-in", "email", "ada@example.com", "password", "wrong horse"), http.StatusUnauthorized)
}
