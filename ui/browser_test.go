package ui_test

import (
	"context"
	"errors"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/mail"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/memory"
	"github.com/lockstep-auth/lockstep/ui"
)

const (
	origin   = "http://auth.example"
	password = "correct horse battery"
)

// A world is a server with its pages, a clock, a database that can fail, and
// the mail that was sent.
type world struct {
	pages http.Handler
	auth  *lockstep.Auth
	mail  inbox
	now   *atomic.Pointer[time.Time]
	down  *atomic.Bool
}

// open starts a server; change, if not nil, changes its configuration, and has
// that of its pages.
func open(t testing.TB, change func(*lockstep.Config), has ...func(*ui.Config)) *world {
	t.Helper()
	w := &world{now: new(atomic.Pointer[time.Time]), down: new(atomic.Bool)}
	w.now.Store(new(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)))
	c := lockstep.Config{
		BaseURL: origin, Secret: "0123456789abcdefghijklmnopqrstuvwxyz", Store: &breakable{memory.New(), w.down},
		EmailAndPassword: lockstep.EmailAndPassword{Enabled: true, Password: plainPasswords{}},
		User:             lockstep.UserOptions{DeleteUser: lockstep.DeleteUser{Enabled: true}},
		Development:      true, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return *w.now.Load() },
	}
	if change != nil {
		change(&c)
	}
	auth, err := lockstep.New(c)
	if err != nil {
		t.Fatal(err)
	}
	w.auth = auth
	w.pages = newPages(t, auth, has...)
	return w
}

// openWithMail starts a server that sends mail for all there is to send mail
// for, and has pages for it.
func openWithMail(t testing.TB, change func(*lockstep.Config), has ...func(*ui.Config)) *world {
	t.Helper()
	box := make(inbox, 100)
	w := open(t, func(c *lockstep.Config) {
		c.Mail = lockstep.Mail{Mailer: box, Queue: "none"}
		c.User.ChangeEmail.Enabled = true
		if change != nil {
			change(c)
		}
	}, append(has, func(c *ui.Config) {
		c.ResetPassword, c.VerifyEmail, c.VerifyFirst, c.ChangeEmail, c.DeleteByMail = true, true, true, true, true
	})...)
	w.mail = box
	return w
}

// An inbox gets all mail.
type inbox chan mail.Message

func (b inbox) Send(_ context.Context, m mail.Message) error {
	b <- m
	return nil
}

// next returns the next mail, which must be of a kind and to an address.
func (b inbox) next(t testing.TB, kind, to string) mail.Message {
	t.Helper()
	select {
	case m := <-b:
		if m.Kind != kind || m.To != to {
			t.Fatalf("got mail of kind %s to %s, want %s to %s", m.Kind, m.To, kind, to)
		}
		return m
	case <-time.After(10 * time.Second):
		t.Fatalf("no mail of kind %s", kind)
	}
	return mail.Message{}
}

// noMail checks that there is no mail, also none on its way. Afterwards none is
// sent.
func (w *world) noMail(t testing.TB) {
	t.Helper()
	if err := w.auth.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(w.mail); n != 0 {
		t.Errorf("%d mails were sent, want none", n)
	}
}

// visit opens the link in a mail, as a browser does that shows a page.
func (b *browser) visit(m mail.Message) page {
	b.t.Helper()
	r := httptest.NewRequest(http.MethodGet, strings.TrimPrefix(m.URL, origin), nil)
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	return b.send(r)
}

// follow opens the link in a mail and returns the page that it leads to.
func (b *browser) follow(m mail.Message) page {
	b.t.Helper()
	p := b.visit(m)
	if p.StatusCode != http.StatusFound {
		b.t.Fatalf("link answered %d, want a redirect: %s", p.StatusCode, p.body)
	}
	return b.get(strings.TrimPrefix(p.Header.Get("Location"), origin))
}

func newPages(t testing.TB, auth http.Handler, has ...func(*ui.Config)) http.Handler {
	t.Helper()
	c := ui.Config{AppName: "Example", DeleteUser: true, Log: slog.New(slog.DiscardHandler)}
	for _, change := range has {
		change(&c)
	}
	pages, err := ui.New(auth, c)
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

func (w *world) pass(d time.Duration) { w.now.Store(new(w.now.Load().Add(d))) }

// A breakable store is away while down is set.
type breakable struct {
	*memory.Store
	down *atomic.Bool
}

func (s *breakable) Read(ctx context.Context, q ...store.Query) ([]store.Result, error) {
	if s.down.Load() {
		return nil, store.ErrUnavailable
	}
	return s.Store.Read(ctx, q...)
}

func (s *breakable) Apply(ctx context.Context, b store.Batch) ([]store.Record, error) {
	if s.down.Load() {
		return nil, store.ErrUnavailable
	}
	return s.Store.Apply(ctx, b)
}

// plainPasswords makes tests fast: these are about pages.
type plainPasswords struct{}

func (plainPasswords) Hash(_ context.Context, password string) (string, error) {
	return "plain:" + password, nil
}

func (plainPasswords) Verify(_ context.Context, hash, password string) (bool, error) {
	return hash == "plain:"+password, nil
}

// A browser keeps cookies and says of itself what Chrome says. It runs no
// script and follows no redirect on its own.
type browser struct {
	t       *testing.T
	pages   http.Handler
	cookies map[string]*http.Cookie
	header  http.Header // sent with every request, besides its own
	host    string
}

func newBrowser(t *testing.T, pages http.Handler) *browser {
	return &browser{t: t, pages: pages, cookies: make(map[string]*http.Cookie), header: http.Header{
		"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"},
	}, host: "auth.example"}
}

// A page is an answer. Text is its body with the escapes of HTML undone.
type page struct {
	*http.Response
	body, text string
}

func (b *browser) get(path string) page {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Sec-Fetch-Site", "none")
	return b.send(r)
}

func (b *browser) post(path string, fields ...string) page {
	form := make(url.Values)
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", origin)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Sec-Fetch-Dest", "document")
	return b.send(r)
}

func (b *browser) send(r *http.Request) page {
	b.t.Helper()
	r.Host = b.host
	for name, values := range b.header {
		r.Header.Del(name)
		for _, value := range values {
			if value != "" {
				r.Header.Add(name, value)
			}
		}
	}
	for _, c := range b.cookies {
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	w := httptest.NewRecorder()
	b.pages.ServeHTTP(w, r)
	p := page{Response: w.Result()}
	data, err := io.ReadAll(p.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	p.body, p.text = string(data), html.UnescapeString(string(data))
	b.check(r, p)
	b.keep(p)
	return p
}

// check holds every page to what must be true of all of them.
func (b *browser) check(r *http.Request, p page) {
	b.t.Helper()
	if p.StatusCode == http.StatusFound { // of an endpoint: pages redirect with 303
		return
	}
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
		"Referrer-Policy":         "same-origin",
		"X-Content-Type-Options":  "nosniff",
		"Cache-Control":           "private, no-store",
	} {
		if got := p.Header.Get(name); got != want {
			b.t.Errorf("%s %s: header %s = %q, want %q", r.Method, r.URL, name, got, want)
		}
	}
	// The one address of another site that a page may have, once, is where it sends the browser.
	away := strings.ReplaceAll(html.EscapeString(strings.TrimPrefix(p.Header.Get("Refresh"), "0;url=")), "+", "&#43;")
	lower := strings.ToLower(strings.Replace(p.body, away, "", 1))
	for _, bad := range []string{"<script", "<style", " style=", "javascript:", "http://", "https://", "zgotmplz", password} {
		if strings.Contains(lower, bad) {
			b.t.Errorf("%s %s: page contains %q", r.Method, r.URL, bad)
		}
	}
	seen := make(map[string]bool)
	for _, c := range p.Cookies() {
		if seen[c.Name] {
			b.t.Errorf("%s %s: cookie %s is set twice", r.Method, r.URL, c.Name)
		}
		seen[c.Name] = true
	}
	token, _, _ := strings.Cut(b.token(), ".")
	if token != "" && strings.Contains(p.body, token) {
		b.t.Errorf("%s %s: page contains the session's token", r.Method, r.URL)
	}
}

func (b *browser) keep(p page) {
	for _, c := range p.Cookies() {
		if c.MaxAge < 0 || c.Value == "" {
			delete(b.cookies, c.Name)
			continue
		}
		b.cookies[c.Name] = c
	}
}

// token returns the value of the session cookie.
func (b *browser) token() string {
	if c := b.cookies["better-auth.session_token"]; c != nil {
		return c.Value
	}
	return ""
}

// must fails the test unless the page has the status and all of the texts.
func (b *browser) must(p page, status int, texts ...string) page {
	b.t.Helper()
	if p.StatusCode != status {
		b.t.Fatalf("status = %d (to %q), want %d; page:\n%s", p.StatusCode, p.Header.Get("Location"), status, p.body)
	}
	for _, text := range texts {
		if !strings.Contains(p.text, text) {
			b.t.Fatalf("page does not say %q:\n%s", text, p.body)
		}
	}
	return p
}

// mustGo fails the test unless the answer sends the browser to a page.
func (b *browser) mustGo(p page, to string) {
	b.t.Helper()
	b.must(p, http.StatusSeeOther)
	if got := p.Header.Get("Location"); got != to {
		b.t.Fatalf("sent to %q, want %q", got, to)
	}
}

// signUp makes an account through the form and leaves the browser signed in.
func (w *world) signUp(t *testing.T, name string) *browser {
	t.Helper()
	b := newBrowser(t, w.pages)
	b.mustGo(b.post("/sign-up", "name", name, "email", strings.ToLower(name)+"@example.com", "password", password), "/account")
	return b
}

// signIn signs another browser of Ada in.
func (w *world) signIn(t *testing.T) *browser {
	t.Helper()
	b := newBrowser(t, w.pages)
	b.mustGo(b.post("/sign-in", "email", "ada@example.com", "password", password, "rememberMe", "on"), "/account")
	return b
}

// signedIn reports whether the server knows the browser.
func (b *browser) signedIn(auth *lockstep.Auth) bool {
	b.t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, c := range b.cookies {
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	_, err := auth.Session(r)
	if err != nil && !errors.Is(err, lockstep.ErrNoSession) {
		b.t.Fatal(err)
	}
	return err == nil
}

var _ store.Store = (*breakable)(nil)
