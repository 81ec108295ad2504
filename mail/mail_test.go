package mail_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/mail"
)

func message() mail.Message {
	return mail.Message{
		To: "ada@example.com", Subject: "Hello", Text: "Open https://example.com/?token=secret\n", Kind: mail.KindVerifyEmail,
		URL: "https://example.com/?token=secret", Token: "secret",
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(*mail.Message)
		want   bool
	}{
		{"a message", func(*mail.Message) {}, true},
		{"signs in an address", func(m *mail.Message) { m.To = "o'neil+x@mail.example.co.uk" }, true},
		{"letters of other scripts", func(m *mail.Message) { m.To, m.Subject = "jürgen@exämple.de", "Grüße 😀" }, true},
		{"no recipient", func(m *mail.Message) { m.To = "" }, false},
		{"a name with the address", func(m *mail.Message) { m.To = "Ada <ada@example.com>" }, false},
		{"an address in brackets", func(m *mail.Message) { m.To = "<ada@example.com>" }, false},
		{"two recipients", func(m *mail.Message) { m.To = "ada@example.com, eve@example.com" }, false},
		{"two recipients and no space", func(m *mail.Message) { m.To = "ada@example.com,eve@example.com" }, false},
		{"a header in the address", func(m *mail.Message) { m.To = "ada@example.com\r\nBcc: eve@example.com" }, false},
		{"a line feed at the end", func(m *mail.Message) { m.To = "ada@example.com\n" }, false},
		{"a quoted local part", func(m *mail.Message) { m.To = `"a b"@example.com` }, false},
		{"a comment", func(m *mail.Message) { m.To = "ada@example.com(x)" }, false},
		{"a parameter of RCPT", func(m *mail.Message) { m.To = "ada@example.com NOTIFY=SUCCESS" }, false},
		{"an address that is too long", func(m *mail.Message) { m.To = strings.Repeat("a", 250) + "@b.co" }, false},
		{"a header in the subject", func(m *mail.Message) { m.Subject = "x\r\nBcc: eve@example.com" }, false},
		{"a NUL in the subject", func(m *mail.Message) { m.Subject = "x\x00" }, false},
		{"a line separator in the subject", func(m *mail.Message) { m.Subject = "x\u2028y" }, false},
		{"no text", func(m *mail.Message) { m.Text = "" }, false},
		{"a text that is not UTF-8", func(m *mail.Message) { m.Text = "\xff" }, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m := message()
			tc.change(&m)
			err := m.Check()
			if (err == nil) != tc.want || (err != nil && !errors.Is(err, mail.ErrPermanent)) {
				t.Errorf("got %v, want ok = %v", err, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error tells: %v", err)
			}
		})
	}
}

// FuzzCheck: a message that passes has one recipient and a subject of one line,
// for whoever reads it.
func FuzzCheck(f *testing.F) {
	f.Add("ada@example.com", "Hello")
	f.Add("ada@example.com\r\nBcc: x@y.co", "a\nb")
	f.Add(`"a,b"@example.com`, "\u0085")
	f.Fuzz(func(t *testing.T, to, subject string) {
		m := message()
		m.To, m.Subject = to, subject
		if m.Check() != nil {
			return
		}
		list, err := netmail.ParseAddressList(to)
		if err != nil || len(list) != 1 || list[0].Address != to || strings.ContainsAny(to, " \t\r\n<>,;") {
			t.Fatalf("recipient %q", to)
		}
		if strings.ContainsFunc(to+subject, unicode.IsControl) || len(subject) > 998 {
			t.Fatalf("subject %q", subject)
		}
	})
}

// FuzzLine: what comes out is one line, and no longer than asked for.
func FuzzLine(f *testing.F) {
	f.Add("a\r\nb", 10)
	f.Add("\xff\u2029", 1)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		if limit < 0 || limit > 1000 {
			return
		}
		got := mail.Line(s, limit)
		m := message()
		if m.Subject = got; m.Check() != nil && len(got) < 998 {
			t.Fatalf("%q", got)
		}
		if len([]rune(got)) > limit {
			t.Fatalf("%d characters, want at most %d", len([]rune(got)), limit)
		}
	})
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	for _, v := range []any{
		message(), new(message()),
		mail.Data{URL: "secret"},
		mail.WebhookConfig{Secret: "secret"},
		[]mail.Message{message()},
		struct{ M mail.Message }{message()},
	} {
		if got := fmt.Sprintf("%v %+v %#v %s", v, v, v, v); strings.Contains(got, "secret") {
			t.Errorf("%T prints %s", v, got)
		}
	}
}

func TestCatcher(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, time.UTC)
	c := mail.NewCatcher(func() time.Time { return at })
	if got := c.Caught(); got == nil || len(got) != 0 {
		t.Errorf("at first: %v", got)
	}
	for i := range 201 {
		m := message()
		m.Subject = fmt.Sprint(i)
		if err := c.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Send(t.Context(), mail.Message{To: "x"}); !errors.Is(err, mail.ErrPermanent) {
		t.Errorf("a message that is none: %v", err)
	}
	got := c.Caught()
	if len(got) != 200 || got[0].Subject != "200" || got[199].Subject != "1" {
		t.Errorf("%d messages, from %s to %s", len(got), got[0].Subject, got[len(got)-1].Subject)
	}
	data, err := json.Marshal(got[0])
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"to":"ada@example.com","subject":"200","kind":"verify-email","url":"https://example.com/?token=secret",` +
		`"token":"secret","otp":"","at":"2026-01-02T03:04:05.678Z"}`
	if diff := cmp.Diff(string(data), want); diff != "" {
		t.Error(diff)
	}
	c.Clear()
	if len(c.Caught()) != 0 {
		t.Error("messages are left")
	}
}

// mailerFunc is a mail.Mailer.
type mailerFunc func(context.Context, mail.Message) error

func (f mailerFunc) Send(ctx context.Context, m mail.Message) error { return f(ctx, m) }
