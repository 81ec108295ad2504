// Package mail sends the server's mail: messages, the templates that make them,
// an outbox that tries again, and ways to hand them over (a webhook here, SMTP
// in package mail/smtp, a Catcher for development and tests).
//
// A program that uses package lockstep names a Mailer in its configuration and
// needs no more of this.
package mail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	netmail "net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The kinds of messages of the server itself.
const (
	KindResetPassword = "reset-password"
	KindVerifyEmail   = "verify-email"
	KindChangeEmail   = "change-email"
	KindDeleteUser    = "delete-user"
	KindExistingUser  = "existing-user" // somebody signed up with the address of an account
)

// A Message is one mail to one reader. It holds secrets and prints as
// [redacted].
type Message struct {
	// ID is the same at every attempt to send the message, so that a service
	// can tell a second attempt from a second message: letters, digits and _.
	// The outbox sets it.
	ID string `json:"id,omitempty"`

	// To is an address without a name.
	To      string `json:"to"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	HTML    string `json:"html"`

	// Kind says what the message is about, such as KindVerifyEmail.
	Kind string `json:"kind"`

	// URL, Token and OTP are the secrets in the text, for a Mailer that has
	// texts of its own. Empty if there is none.
	URL   string `json:"url"`
	Token string `json:"token"`
	OTP   string `json:"otp"`

	// Expires is when the secrets end, and with them the sense of sending the
	// message. Zero if they do not.
	Expires time.Time `json:"expires,omitzero"`
}

const redacted = "[redacted]"

// String returns "[redacted]".
func (Message) String() string { return redacted }

// GoString returns "[redacted]".
func (Message) GoString() string { return redacted }

// Format writes "[redacted]" for every verb.
func (Message) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue returns "[redacted]".
func (Message) LogValue() slog.Value { return slog.StringValue(redacted) }

// A Mailer hands messages over to who delivers them. It is safe for concurrent
// use.
type Mailer interface {
	// Send returns when the message was taken over, or not. An error that
	// wraps ErrPermanent means that it never will be. No error holds a secret
	// of the message.
	Send(ctx context.Context, m Message) error
}

// ErrPermanent means that it makes no sense to send a message again.
var ErrPermanent = errors.New("mail: refused for good")

const (
	// maxAddress is the longest address, in bytes (RFC 5321 §4.5.3.1.3).
	maxAddress = 254

	// maxID is the longest id, in bytes.
	maxID = 100

	// maxSubject is the longest subject, in bytes: what fits on a line
	// (RFC 5322 §2.1.1).
	maxSubject = 998
)

// Check reports what is wrong with a message. Mailers call it first: whatever
// is in a name or an address, a message goes to one reader and has no headers
// but those of the Mailer. The error wraps ErrPermanent.
func (m *Message) Check() error {
	switch {
	case len(m.ID) > maxID || strings.ContainsFunc(m.ID, notInID):
		return fmt.Errorf("%w: the id is none", ErrPermanent)
	case !validAddress(m.To):
		return fmt.Errorf("%w: the recipient is no address", ErrPermanent)
	case len(m.Subject) > maxSubject || !singleLine(m.Subject):
		return fmt.Errorf("%w: the subject is no line of text", ErrPermanent)
	case m.Text == "" && m.HTML == "":
		return fmt.Errorf("%w: there is no text", ErrPermanent)
	case !utf8.ValidString(m.Text) || !utf8.ValidString(m.HTML):
		return fmt.Errorf("%w: the text is not UTF-8", ErrPermanent)
	}
	return nil
}

func notInID(r rune) bool {
	return (r|0x20 < 'a' || r|0x20 > 'z') && (r < '0' || r > '9') && r != '_'
}

// validAddress reports whether s is one bare address.
func validAddress(s string) bool {
	if len(s) > maxAddress || !singleLine(s) || strings.ContainsAny(s, " ,;:<>()[]\\\"") {
		return false
	}
	a, err := netmail.ParseAddress(s)
	return err == nil && a.Address == s && a.Name == ""
}

// singleLine reports whether s has no line break and no other control, in any
// script.
func singleLine(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, breaksLine)
}

func breaksLine(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

// Line returns s as one line: line breaks and other controls become spaces, and
// what is longer than limit characters is cut off.
func Line(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if breaksLine(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit])
	}
	return s
}
