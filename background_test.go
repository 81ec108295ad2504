package lockstep_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/mail"
	"github.com/lockstep-auth/lockstep/plugin"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/memory"
	"github.com/lockstep-auth/lockstep/store/sqlite"
)

// A lockedBuffer is a log.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestMailServerHangs: when mails cannot be sent, the answers are the same, what
// waits is bounded, and Close ends it.
func TestMailServerHangs(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	var running, broken atomic.Int64
	s := locksteptest.Start(t, lockstep.Config{
		Log: slog.New(slog.NewTextHandler(&log, nil)),
		EmailAndPassword: lockstep.EmailAndPassword{
			Enabled: true, SendResetPassword: func(ctx context.Context, _ lockstep.Link) error {
				running.Add(1)
				<-ctx.Done()
				broken.Add(1)
				return ctx.Err()
			},
		},
	})
	s.Browser.Post("/sign-up/email", ada())
	for range 1020 {
		if got := s.Browser.Post("/request-password-reset", m{"email": "ada@example.com"}); got.Body != resetAnswer {
			t.Fatalf("got %d %s", got.Status, got.Body)
		}
	}
	if n := running.Load(); n > 8 {
		t.Errorf("%d mails are sent at the same time", n)
	}
	if !strings.Contains(log.String(), "dropped_since_start=12") || strings.Contains(log.String(), "ada@") {
		t.Errorf("log: %.500s", log.String())
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := s.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Close: %v", err)
	}
	if running.Load() != broken.Load() {
		t.Errorf("%d of %d mails are still being sent", running.Load()-broken.Load(), running.Load())
	}
	if got := s.Browser.Post("/request-password-reset", m{"email": "ada@example.com"}); got.Body != resetAnswer {
		t.Errorf("after Close: %d %s", got.Status, got.Body)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

// TestCallbacksThatFail: an error and a panic are logged and change nothing.
func TestCallbacksThatFail(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	s := newMailServer(t, func(c *lockstep.Config) {
		c.Log = slog.New(slog.NewTextHandler(&log, nil))
		c.EmailAndPassword.SendResetPassword = func(_ context.Context, l lockstep.Link) error {
			if l.User.Email == "ada@example.com" {
				panic("boom")
			}
			return fmt.Errorf("mail server is away: %v", l)
		}
	})
	s.signUp(t, "ada@example.com")
	s.signUp(t, "eve@example.com")
	for _, email := range []string{"ada@example.com", "eve@example.com"} {
		if got := s.Browser.Post("/request-password-reset", m{"email": email}); got.Body != resetAnswer {
			t.Errorf("got %d %s", got.Status, got.Body)
		}
	}
	s.quiet(t)
	for _, want := range []string{"boom", "mail server is away: [redacted]"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %q: %s", want, &log)
		}
	}
}

// A channelMailer is a mailer whose messages can be waited for.
type channelMailer chan mail.Message

func (c channelMailer) Send(_ context.Context, m mail.Message) error {
	c <- m
	return m.Check()
}

func (c channelMailer) next(t *testing.T) mail.Message {
	t.Helper()
	select {
	case m := <-c:
		return m
	case <-time.After(10 * time.Second):
		t.Fatal("no mail")
		return mail.Message{}
	}
}

// TestMail: one line of configuration sends every mail.
func TestMail(t *testing.T) {
	t.Parallel()
	for _, queue := range []string{"", "memory", "none"} {
		t.Run("queue "+queue, func(t *testing.T) {
			t.Parallel()
			c := make(channelMailer, 10)
			s := locksteptest.Start(t, lockstep.Config{
				AppName:          "Example",
				EmailAndPassword: lockstep.EmailAndPassword{Enabled: true, RequireEmailVerification: true},
				User: lockstep.UserOptions{
					ChangeEmail: lockstep.ChangeEmail{Enabled: true}, DeleteUser: lockstep.DeleteUser{Enabled: true},
				},
				Mail: lockstep.Mail{Mailer: c, Queue: queue},
			})
			b := s.Browser
			b.Header.Set("Accept-Language", "de-AT, en;q=0.5")
			next := func(kind, to string) mail.Message {
				t.Helper()
				got := c.next(t)
				if got.Kind != kind || got.To != to {
					t.Fatalf("got %s to %s, want %s to %s", got.Kind, got.To, kind, to)
				}
				return got
			}
			b.Post("/sign-up/email", ada())
			verify := next("verify-email", "ada@example.com")
			if !strings.Contains(verify.Text, verify.URL) || verify.Subject != "E-Mail-Adresse bestätigen" {
				t.Errorf("%s: %s", verify.Subject, verify.Text)
			}
			b.Post("/sign-up/email", ada())
			next("existing-user", "ada@example.com")
			want(t, b.Get("/verify-email?token="+verify.Token), 200, "")
			want(t, b.Post("/sign-in/email", ada()), 200, "")
			want(t, b.Post("/change-email", m{"newEmail": "new@example.com"}), 200, "")
			change := next("change-email", "ada@example.com")
			want(t, b.Get("/verify-email?token="+change.Token), 200, "")
			want(t, b.Get("/verify-email?token="+next("verify-email", "new@example.com").Token), 200, "")
			want(t, b.Post("/request-password-reset", m{"email": "new@example.com"}), 200, "")
			next("reset-password", "new@example.com")
			want(t, b.Post("/delete-user", m{}), 200, "")
			want(t, b.Get("/delete-user/callback?token="+next("delete-user", "new@example.com").Token), 200, "")
			if err := s.Close(t.Context()); err != nil || len(c) > 0 {
				t.Errorf("Close: %v, %d more mails", err, len(c))
			}
		})
	}
}

// A flakyMailer fails until it is repaired.
type flakyMailer struct {
	mail.Mailer
	broken atomic.Bool
	failed chan struct{}
	closed atomic.Bool
}

func (f *flakyMailer) Send(ctx context.Context, m mail.Message) error {
	if f.broken.Load() {
		f.failed <- struct{}{}
		return errors.New("mail server is away")
	}
	return f.Mailer.Send(ctx, m)
}

func (f *flakyMailer) Close() error {
	f.closed.Store(true)
	return nil
}

// TestMailSurvivesARestart: what one process could not send, the next one does;
// and who reads the database in between reads no link.
func TestMailSurvivesARestart(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	path := t.TempDir() + "/auth.db"
	open := func() *sqlite.Store {
		db, err := sqlite.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	sent := make(channelMailer, 10)
	mailer := &flakyMailer{Mailer: sent, failed: make(chan struct{}, 10)}
	mailer.broken.Store(true)
	config := lockstep.Config{
		EmailAndPassword: passwords(), Mail: lockstep.Mail{Mailer: mailer},
		Log: slog.New(slog.DiscardHandler),
	}
	first := open()
	config.Store = first
	s := locksteptest.Start(t, config)
	s.Browser.Post("/sign-up/email", ada())
	want(t, s.Browser.Post("/request-password-reset", m{"email": "ada@example.com"}), 200, "")
	<-mailer.failed
	if err := s.Close(ctx); err != nil || !mailer.closed.Load() {
		t.Fatalf("Close: %v, mailer closed: %v", err, mailer.closed.Load())
	}
	res, err := first.Read(ctx, store.Query{Table: "lockstepOutbox"})
	if err != nil || len(res[0].Rows) != 1 || res[0].One()["attempts"] != 1.0 {
		t.Fatalf("outbox: %v, %v", res, err)
	}
	if text := fmt.Sprint(res[0].One()); strings.Contains(text, "reset-password") || strings.Contains(text, "example.com") {
		t.Errorf("the outbox tells: %s", text)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}

	mailer.broken.Store(false)
	second := open()
	defer second.Close()
	config.Store = second
	s = locksteptest.Start(t, config)
	s.Clock.Advance(time.Minute)
	s.Browser.Get("/ok") // wakes the outbox
	if got := sent.next(t); got.Kind != mail.KindResetPassword || got.Token == "" {
		t.Fatalf("sent %s", got.Kind)
	}
	if err := s.Close(ctx); err != nil {
		t.Error(err)
	}
	if res, err := second.Read(ctx, store.Query{Table: "lockstepOutbox", Count: true}); err != nil || res[0].Count != 0 {
		t.Errorf("%d messages are left, %v", res[0].Count, err)
	}
}

// TestAppName: who is not told the name of the application tells people
// Lockstep's, and plugins Better Auth's default.
func TestAppName(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, mails, plugins string }{
		{"", "Lockstep", "Better Auth"},
		{"Shop", "Shop", "Shop"},
	} {
		sent := make(channelMailer, 1)
		var seen string
		s := locksteptest.Start(t, lockstep.Config{
			AppName: tc.name, Store: memory.New(), EmailAndPassword: passwords(), Mail: lockstep.Mail{Mailer: sent, Queue: "none"},
			Plugins: []plugin.Plugin{{ID: "spy", Init: func(h *plugin.Host) error {
				seen = h.AppName
				return nil
			}}},
		})
		s.Browser.Post("/sign-up/email", ada())
		want(t, s.Browser.Post("/request-password-reset", m{"email": "ada@example.com"}), 200, "")
		if got := sent.next(t).Text; !strings.Contains(got, tc.mails) {
			t.Errorf("AppName %q: the mail does not say %s: %s", tc.name, tc.mails, got)
		}
		if seen != tc.plugins {
			t.Errorf("AppName %q: plugins see %q, want %q", tc.name, seen, tc.plugins)
		}
	}
}

func TestMailOptionsAreChecked(t *testing.T) {
	t.Parallel()
	_, err := lockstep.New(lockstep.Config{
		BaseURL: "http://localhost", Secret: locksteptest.Secret,
		Mail:              lockstep.Mail{Mailer: mail.NewCatcher(time.Now), Queue: "disk"},
		Verification:      lockstep.VerificationOptions{StoreIdentifier: "sealed"},
		EmailVerification: lockstep.EmailVerification{ExpiresIn: -1},
	})
	for _, want := range []string{`"disk"`, `"sealed"`, "EmailVerification.ExpiresIn is negative"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error does not mention %s: %v", want, err)
		}
	}
}
