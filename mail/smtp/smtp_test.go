package smtp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lockstep-auth/lockstep/mail"
	"github.com/lockstep-auth/lockstep/mail/smtp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func message() mail.Message {
	return mail.Message{
		ID: "msg_1", To: "ada@example.com", Subject: "Grüße, Ada: 你好", Kind: "verify-email",
		Text: "Öffnen: https://example.com/x?token=secret\n.\nQUIT\n" + strings.Repeat("long line ", 200) + "\n",
		HTML: `<p>Öffnen: <a href="https://example.com/x?token=secret">hier</a></p>`,
	}
}

// config is for a server of the test.
func config(s *server, security smtp.Security) smtp.Config {
	return smtp.Config{
		Host: "127.0.0.1", Port: s.port(), Security: security, Username: "user", Password: "pass word",
		From: "Example Ü <no-reply@example.org>", Hello: "test.example", TLS: s.clientTLS(),
		Timeout: 5 * time.Second, Now: func() time.Time { return time.Unix(1_700_000_000, 0) },
	}
}

func newMailer(t *testing.T, c smtp.Config) *smtp.Mailer {
	t.Helper()
	m, err := smtp.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// parts returns the bodies of a message by their content type.
func parts(t *testing.T, m *netmail.Message) map[string]string {
	t.Helper()
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	bodies := make(map[string]string)
	r := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return bodies
		}
		if err != nil {
			t.Fatal(err)
		}
		var body io.Reader = p
		if p.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
			body = quotedprintable.NewReader(p)
		}
		data, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := strings.Cut(p.Header.Get("Content-Type"), ";")
		bodies[kind] = strings.ReplaceAll(string(data), "\r\n", "\n")
	}
}

func TestSend(t *testing.T) {
	t.Parallel()
	for _, security := range []smtp.Security{smtp.StartTLS, smtp.TLS} {
		t.Run(string(security), func(t *testing.T) {
			t.Parallel()
			s := startServer(t, security == smtp.TLS)
			m := newMailer(t, config(s, security))
			want := message()
			for range 3 {
				if err := m.Send(t.Context(), want); err != nil {
					t.Fatal(err)
				}
			}
			got := s.received()
			if len(got) != 3 || s.connections() != 1 {
				t.Fatalf("%d messages over %d connections, want 3 over 1", len(got), s.connections())
			}
			if !got[0].secure || got[0].user != "user" || got[0].from != "no-reply@example.org" || got[0].to != "ada@example.com" {
				t.Errorf("envelope %+v", got[0])
			}
			parsed, err := netmail.ReadMessage(strings.NewReader(got[0].data))
			if err != nil {
				t.Fatal(err)
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject"))
			if err != nil || subject != want.Subject {
				t.Errorf("subject %q, %v", subject, err)
			}
			for name, value := range map[string]string{
				"To": "<ada@example.com>", "Message-Id": "<msg_1@example.org>", "Auto-Submitted": "auto-generated",
				"Date": time.Unix(1_700_000_000, 0).Format(time.RFC1123Z),
			} {
				if got := parsed.Header.Get(name); got != value {
					t.Errorf("%s is %q, want %q", name, got, value)
				}
			}
			bodies := parts(t, parsed)
			if bodies["text/plain"] != want.Text || strings.TrimSpace(bodies["text/html"]) != want.HTML {
				t.Errorf("bodies %q", bodies)
			}
		})
	}
}

// TestNoHeaderInjection: what would be a header or another recipient is not
// sent at all.
func TestNoHeaderInjection(t *testing.T) {
	t.Parallel()
	s := startServer(t, false)
	m := newMailer(t, config(s, smtp.StartTLS))
	for _, change := range []func(*mail.Message){
		func(m *mail.Message) { m.To = "ada@example.com\r\nBcc: eve@example.com" },
		func(m *mail.Message) { m.To = "ada@example.com>\r\nRCPT TO:<eve@example.com" },
		func(m *mail.Message) { m.To = "ada@example.com,eve@example.com" },
		func(m *mail.Message) { m.Subject = "x\r\nBcc: eve@example.com" },
		func(m *mail.Message) { m.Subject = "x\n\nbody" },
		func(m *mail.Message) { m.ID = "msg_1>\r\nBcc: eve@example.com\r\nX: <" },
	} {
		msg := message()
		change(&msg)
		if err := m.Send(t.Context(), msg); !errors.Is(err, mail.ErrPermanent) {
			t.Errorf("%q %q %q: %v", msg.To, msg.Subject, msg.ID, err)
		}
	}
	if s.connections() != 0 {
		t.Errorf("%d connections", s.connections())
	}
}

// TestVerdicts: what a server says decides whether to try again, and is not
// repeated, since it may quote the message.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, command, answer string
		permanent             bool
	}{
		{"an unknown recipient", "RCPT", "550 5.1.1 no such user secret", true},
		{"a full mailbox", "RCPT", "452 4.2.2 mailbox full secret", false},
		{"a text that is refused", "DATA.", "554 5.7.1 spam: https://example.com/x?token=secret", true},
		{"a busy server", "DATA.", "451 4.3.0 later secret", false},
		{"a sender that is refused", "MAIL", "550 5.7.1 secret", true},
		{"a password that is wrong", "AUTH", "535 5.7.8 wrong", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, false)
			s.answer(tc.command, tc.answer)
			m := newMailer(t, config(s, smtp.StartTLS))
			err := m.Send(t.Context(), message())
			if err == nil || errors.Is(err, mail.ErrPermanent) != tc.permanent {
				t.Errorf("got %v, want permanent = %v", err, tc.permanent)
			}
			if err != nil && (strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "pass word")) {
				t.Errorf("the error tells: %v", err)
			}
			s.answer(tc.command, "")
			if err := m.Send(t.Context(), message()); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

// TestServerHangsUp: a connection that the server has closed while it waited is
// replaced.
func TestServerHangsUp(t *testing.T) {
	t.Parallel()
	s := startServer(t, false)
	m := newMailer(t, config(s, smtp.StartTLS))
	for i := range 3 {
		if err := m.Send(t.Context(), message()); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
		s.hangUp()
	}
	if got := len(s.received()); got != 3 {
		t.Errorf("%d messages", got)
	}
}

// TestDeadServer: a server that hangs at any step ends with the context.
func TestDeadServer(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"greeting", "EHLO", "STARTTLS", "AUTH", "MAIL", "DATA."} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, false)
			s.answer(command, "hang")
			m := newMailer(t, config(s, smtp.StartTLS))
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			start := time.Now()
			if err := m.Send(ctx, message()); err == nil || errors.Is(err, mail.ErrPermanent) {
				t.Errorf("got %v", err)
			}
			if d := time.Since(start); d > 2*time.Second {
				t.Errorf("it takes %v", d)
			}
		})
	}
}

// TestNoPasswordInTheClear: without TLS, nothing is said beyond the greeting.
func TestNoPasswordInTheClear(t *testing.T) {
	t.Parallel()
	s := startServer(t, false)
	s.answer("no STARTTLS", "on")
	m := newMailer(t, config(s, smtp.StartTLS))
	if err := m.Send(t.Context(), message()); err == nil {
		t.Error("it sends without TLS")
	}
	c := config(s, smtp.StartTLS)
	c.TLS = nil // the authority of the test is unknown
	s.answer("no STARTTLS", "")
	if err := newMailer(t, c).Send(t.Context(), message()); err == nil {
		t.Error("it trusts anybody")
	}
	if got := s.commands(); strings.Contains(got, "AUTH") || strings.Contains(got, "MAIL") {
		t.Errorf("it said %s", got)
	}
}

func TestPlaintextOnThisMachine(t *testing.T) {
	t.Parallel()
	s := startServer(t, false)
	c := config(s, smtp.None)
	c.Username, c.Password = "", ""
	m := newMailer(t, c)
	html := message()
	html.Text, html.ID = "", ""
	if err := m.Send(t.Context(), html); err != nil {
		t.Fatal(err)
	}
	text := message()
	text.HTML = ""
	if err := m.Send(t.Context(), text); err != nil {
		t.Fatal(err)
	}
	if got := s.received(); len(got) != 2 || got[0].secure || !strings.Contains(got[0].data, "text/html") ||
		strings.Contains(got[1].data, "text/html") || !strings.Contains(got[0].data, "Message-ID: <") {
		t.Errorf("got %+v", got)
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	now := time.Now
	for name, tc := range map[string]struct {
		c    smtp.Config
		want string
	}{
		"a server":             {smtp.Config{Host: "mail.example.com", From: "a@b.co", Now: now}, ""},
		"no host":              {smtp.Config{From: "a@b.co", Now: now}, "no host"},
		"no sender":            {smtp.Config{Host: "x", From: "a@b.co, c@d.co", Now: now}, "sender"},
		"a header as sender":   {smtp.Config{Host: "x", From: "a@b.co\r\nBcc: c@d.co", Now: now}, "sender"},
		"unknown security":     {smtp.Config{Host: "x", From: "a@b.co", Security: "ssl", Now: now}, `"ssl"`},
		"clear text":           {smtp.Config{Host: "10.0.0.1", From: "a@b.co", Security: smtp.None, Now: now}, "clear text"},
		"clear text on demand": {smtp.Config{Host: "10.0.0.1", From: "a@b.co", Security: smtp.None, InsecureAllowPlaintext: true, Now: now}, ""},
		"half a login":         {smtp.Config{Host: "x", From: "a@b.co", Password: "hunter2", Now: now}, "belong together"},
		"no clock":             {smtp.Config{Host: "x", From: "a@b.co"}, "clock"},
	} {
		_, err := smtp.New(tc.c)
		if (err == nil) != (tc.want == "") || (err != nil && !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
		if text := fmt.Sprintf("%v %+v %#v", err, tc.c, tc.c); strings.Contains(text, "hunter2") {
			t.Errorf("%s prints the password", name)
		}
	}
}
