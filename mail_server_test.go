package lockstep_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/memory"
)

// A sent is a link that a server wanted sent.
type sent struct {
	kind string
	lockstep.Link
}

// A mailbox takes what a server sends.
type mailbox chan sent

func newMailbox() mailbox { return make(mailbox, 10_000) }

func (b mailbox) take(kind string) lockstep.SendLink {
	return func(_ context.Context, l lockstep.Link) error {
		b <- sent{kind, l}
		return nil
	}
}

// next returns the next link, which must be of a kind.
func (b mailbox) next(t testing.TB, kind string) sent {
	t.Helper()
	select {
	case s := <-b:
		if s.kind != kind {
			t.Fatalf("got a mail of kind %s, want %s", s.kind, kind)
		}
		return s
	case <-time.After(10 * time.Second):
		t.Fatalf("no mail of kind %s", kind)
	}
	return sent{}
}

// path is the URL below the base path.
func (s sent) path() string {
	_, path, _ := strings.Cut(s.URL, "/api/auth")
	return path
}

// A mailServer is a server that sends all its mail to a box.
type mailServer struct {
	*locksteptest.Server
	box mailbox
	db  store.Store
}

// newMailServer starts a server with every feature that sends mail, which
// change then changes.
func newMailServer(t testing.TB, change ...func(*lockstep.Config)) *mailServer {
	t.Helper()
	box := newMailbox()
	c := lockstep.Config{
		EmailAndPassword: lockstep.EmailAndPassword{
			Enabled: true, SendResetPassword: box.take("reset"),
			OnExistingUserSignUp: func(_ context.Context, u *identity.User, r *http.Request) error {
				box <- sent{"existing", lockstep.Link{User: u, Request: r}}
				return nil
			},
		},
		EmailVerification: lockstep.EmailVerification{SendVerificationEmail: box.take("verify"), SendOnSignIn: true},
		User: lockstep.UserOptions{
			ChangeEmail: lockstep.ChangeEmail{Enabled: true, SendChangeEmailConfirmation: box.take("confirm")},
			DeleteUser:  lockstep.DeleteUser{Enabled: true, SendDeleteAccountVerification: box.take("delete")},
		},
		Verification: lockstep.VerificationOptions{DisableCleanup: true},
	}
	for _, f := range change {
		f(&c)
	}
	if c.Store == nil {
		c.Store = memory.New()
	}
	s := &mailServer{locksteptest.Start(t, c), box, c.Store}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// dropAccounts leaves all users without a password.
func (s *mailServer) dropAccounts(t testing.TB) {
	t.Helper()
	_, err := s.db.Apply(t.Context(), store.Batch{Ops: []store.Op{{
		Verb: store.Delete, Table: identity.AccountTable, Where: store.Is("providerId", identity.CredentialProvider),
	}}})
	if err != nil {
		t.Fatal(err)
	}
}

// quiet checks that nothing more is sent. The server sends nothing afterwards.
func (s *mailServer) quiet(t testing.TB) {
	t.Helper()
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-s.box:
		t.Errorf("a mail of kind %s was sent to %s", got.kind, got.User.Email)
	default:
	}
}

// signUp makes a user and returns a browser that is signed in.
func (s *mailServer) signUp(t testing.TB, email string) *locksteptest.Browser {
	t.Helper()
	b := s.NewBrowser(t)
	want(t, b.Post("/sign-up/email", m{"name": "Ada", "email": email, "password": "correct horse"}), 200, "")
	return b
}

// verified makes a user with a verified address.
func (s *mailServer) verified(t testing.TB, email string) *locksteptest.Browser {
	t.Helper()
	b := s.signUp(t, email)
	want(t, b.Post("/send-verification-email", m{"email": email}), 200, "")
	want(t, s.NewBrowser(t).Get("/verify-email?token="+s.box.next(t, "verify").Token), 200, "")
	return b
}

// want checks the status and code of an answer.
func want(t testing.TB, got *locksteptest.Response, status int, code string) {
	t.Helper()
	if got.Status != status || got.Code() != code {
		t.Fatalf("got %d %s, want %d %s", got.Status, got.Body, status, code)
	}
}

// wantLocation checks that an answer is a redirect.
func wantLocation(t testing.TB, got *locksteptest.Response, location string) {
	t.Helper()
	if got.Status != 302 || got.Header.Get("Location") != location {
		t.Fatalf("got %d %q %s, want a redirect to %q", got.Status, got.Header.Get("Location"), got.Body, location)
	}
}

func (s *mailServer) signIn(t testing.TB, email, password string) *locksteptest.Response {
	t.Helper()
	return s.NewBrowser(t).Post("/sign-in/email", m{"email": email, "password": password})
}
