package plugin

import (
	"context"
	"net/http"

	"github.com/lockstep-auth/lockstep/identity"
)

// A Link is a link to be sent by mail, to the address of its User. Whoever has
// it can use it: it prints as [redacted].
type Link struct {
	// User is the user, with the address that the mail goes to.
	User *identity.User

	// URL is what the user opens. Token is the secret in it.
	URL   string
	Token string

	// NewEmail is the address that the user wants, when the mail goes to the
	// present one.
	NewEmail string

	// Request is the request that led to the mail, without its body: for the
	// language of the reader, or their address.
	Request *http.Request
}

// String returns "[redacted]".
func (Link) String() string { return "[redacted]" }

// GoString returns "[redacted]".
func (Link) GoString() string { return "[redacted]" }

// A task is work for after the answer.
type task struct {
	what string
	run  func(context.Context) error
}

// Later runs work in the background once the call has been answered, such as
// sending mail, so that it changes neither the answer nor the time it takes.
// The context of run carries the values of the request and ends when the work
// takes too long or the server closes. An error is logged together with what,
// a constant text. When too much work is waiting, it is dropped and logged.
func (c *Call) Later(what string, run func(context.Context) error) {
	c.later = append(c.later, task{what, run})
}

// RunLater hands what Later was given to the background. It is for the
// pipeline, after the answer.
func (c *Call) RunLater() {
	for _, t := range c.later {
		c.Host.c.Background(c.Context(), t.what, t.run)
	}
	c.later = nil
}

// AllowMail counts one mail for a purpose to an address and reports whether it
// may be sent. Clients cannot have one address flooded: ask before making the
// secret that the mail would carry, for known and unknown addresses alike.
// Calls from Go are not counted.
func (c *Call) AllowMail(purpose, recipient string) bool {
	return c.fromGo || c.Host.c.AllowMail(purpose, recipient)
}

// MailRequest returns the request for a Link.
func (c *Call) MailRequest() *http.Request {
	r := c.Clone(context.WithoutCancel(c.Context()))
	r.Body = http.NoBody
	return r
}
