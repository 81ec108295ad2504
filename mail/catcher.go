package mail

import (
	"context"
	"slices"
	"sync"
	"time"
)

// maxCaught is how many messages a Catcher keeps.
const maxCaught = 200

// A Catcher is a Mailer that delivers nothing and keeps the last 200 messages:
// for development and tests. It is safe for concurrent use. NewCatcher makes one.
type Catcher struct {
	now func() time.Time

	mu     sync.Mutex
	caught []Caught
}

// A Caught is a message that a Catcher caught. Its JSON form is what tests read.
type Caught struct {
	To      string    `json:"to"`
	Subject string    `json:"subject"`
	Kind    string    `json:"kind"`
	URL     string    `json:"url"`
	Token   string    `json:"token"`
	OTP     string    `json:"otp"`
	At      time.Time `json:"at"`

	// Message is the whole of it.
	Message Message `json:"-"`
}

// NewCatcher returns a Catcher that takes the times of its messages from now.
func NewCatcher(now func() time.Time) *Catcher { return &Catcher{now: now} }

// Send keeps the message.
func (c *Catcher) Send(_ context.Context, m Message) error {
	if err := m.Check(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.caught) == maxCaught {
		c.caught = slices.Delete(c.caught, 0, 1)
	}
	c.caught = append(c.caught, Caught{
		To: m.To, Subject: m.Subject, Kind: m.Kind, URL: m.URL, Token: m.Token, OTP: m.OTP,
		At: c.now().UTC().Truncate(time.Millisecond), Message: m,
	})
	return nil
}

// Caught returns the messages, the newest first. The list is never nil.
func (c *Catcher) Caught() []Caught {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := append(make([]Caught, 0, len(c.caught)), c.caught...)
	slices.Reverse(list)
	return list
}

// Clear forgets all messages.
func (c *Catcher) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.caught = nil
}

var _ Mailer = (*Catcher)(nil)
