package convexcheck_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/schema"
)

// A server is a whole server on a deployment, with what it logs and mails.
type server struct {
	*locksteptest.Server
	link *link
	log  *logBuffer
	mail mailbox
}

// serve starts a server whose calls go over the link.
func (b *bed) serve(t testing.TB, l *link, change ...func(*lockstep.Config)) *server {
	t.Helper()
	s := &server{link: l, log: new(logBuffer), mail: make(mailbox, 100)}
	log := slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c := lockstep.Config{
		EmailAndPassword:  lockstep.EmailAndPassword{Enabled: true, SendResetPassword: s.mail.put},
		EmailVerification: lockstep.EmailVerification{SendVerificationEmail: s.mail.put, AutoSignInAfterVerification: true},
		User: lockstep.UserOptions{
			ChangeEmail: lockstep.ChangeEmail{Enabled: true},
			DeleteUser:  lockstep.DeleteUser{Enabled: true},
		},
		Session: lockstep.SessionOptions{CookieCache: lockstep.CookieCache{Enabled: true, Strategy: "jwe"}},
		Log:     log,
	}
	if b.hasTheme {
		c.Session.AdditionalFields = []schema.Field{{Name: "theme"}}
	}
	for _, f := range change {
		f(&c)
	}
	if c.Store == nil {
		c.Store = b.store(t, l)
	}
	s.Server = locksteptest.Start(t, c)
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	l.take()
	return s
}

// as returns a new browser with cookies of another.
func (s *server) as(t testing.TB, cookies string) *locksteptest.Browser {
	b := s.NewBrowser(t)
	if cookies != "" {
		b.Header.Set("Cookie", cookies)
	}
	return b
}

// signUp makes a user and returns a browser that is signed in.
func (s *server) signUp(t testing.TB, email string) *locksteptest.Browser {
	t.Helper()
	b := s.NewBrowser(t)
	want(t, b.Post("/sign-up/email", m{"name": "Ada", "email": email, "password": password(email)}), 200, "")
	return b
}

// signIn signs the user in on another device.
func (s *server) signIn(t testing.TB, email string) *locksteptest.Browser {
	t.Helper()
	b := s.NewBrowser(t)
	want(t, b.Post("/sign-in/email", credentials(email)), 200, "")
	return b
}

// Every user has a password of its own, so that it is found wherever it leaks.
func password(email string) string    { return "horse of " + email }
func newPassword(email string) string { return "staple of " + email }

func credentials(email string) m { return m{"email": email, "password": password(email)} }

// token returns the session token of a browser that is signed in.
func token(t testing.TB, b *locksteptest.Browser) string {
	t.Helper()
	var out struct{ Session struct{ Token string } }
	b.Get("/get-session").JSON(t, &out)
	return out.Session.Token
}

// want checks the status and code of an answer.
func want(t testing.TB, got *locksteptest.Response, status int, code string) {
	t.Helper()
	if got.Status != status || got.Code() != code {
		t.Fatalf("got %d %s, want %d %s", got.Status, got.Body, status, code)
	}
}

// A mailbox takes the links that a server sends.
type mailbox chan lockstep.Link

func (b mailbox) put(_ context.Context, l lockstep.Link) error {
	b <- l
	return nil
}

// next returns the token of the next link.
func (b mailbox) next(t testing.TB) string {
	t.Helper()
	select {
	case l := <-b:
		return l.Token
	case <-time.After(20 * time.Second):
		t.Fatal("no mail")
	}
	return ""
}

// A logBuffer keeps a log. It is safe for concurrent use.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
