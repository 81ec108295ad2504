package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// The defaults of an outbox.
const (
	// defaultWorkers is how many messages are sent at the same time.
	defaultWorkers = 4

	// sendTimeout bounds one attempt. A message whose sender has died is due
	// again when leaseFor has passed.
	sendTimeout = 30 * time.Second
	leaseFor    = 2 * time.Minute

	// An attempt follows the one before after firstDelay, then twice as long,
	// and so on up to maxDelay, each shortened by up to half at random, so
	// that many messages do not come back at once.
	firstDelay = 5 * time.Second
	maxDelay   = 10 * time.Minute

	// maxAttempts is when a message is given up that has no Expires: after
	// about an hour and a half.
	maxAttempts = 15

	// maxPerRecipient is how many messages one address gets in recipientWindow.
	maxPerRecipient = 20
	recipientWindow = time.Hour
)

// An Item is a message in a Queue.
type Item struct {
	ID       string
	Message  Message
	Attempts int // that failed
	Due      time.Time
}

// A Queue keeps messages until they are sent. It is safe for concurrent use,
// and several servers may share one.
type Queue interface {
	// Put adds an item. The error is ErrFull if there is no room.
	Put(ctx context.Context, i Item) error

	// Take returns up to n items that are due at now and makes each of them due
	// at lease: to nobody else until then.
	Take(ctx context.Context, now, lease time.Time, n int) ([]Item, error)

	// Retry gives the item a new number of attempts and a new time.
	Retry(ctx context.Context, i Item) error

	// Remove removes the item, if it is there.
	Remove(ctx context.Context, id string) error

	// Next returns when the next item is due, or the zero time if there is
	// none.
	Next(ctx context.Context) (time.Time, error)
}

// ErrFull means that a queue holds as many messages as it can.
var ErrFull = errors.New("mail: queue full")

// An OutboxConfig describes an Outbox. Mailer, Queue, Now and Log are required.
type OutboxConfig struct {
	Mailer Mailer
	Queue  Queue
	Now    func() time.Time
	Log    *slog.Logger

	// Workers is how many messages are sent at the same time. Defaults to 4.
	Workers int

	// PerRecipient is how many messages one address gets in an hour from this
	// process; more are dropped. Defaults to 20; below 0 there is no limit.
	PerRecipient int
}

// An Outbox is a Mailer that takes messages at once and sends them in the
// background, again and again until it works, they expire, or they are refused
// for good. A message is sent at least once: if a server dies after sending it
// and before saying so, it is sent twice.
//
// It runs no goroutine while it has nothing to send. It is safe for concurrent
// use.
type Outbox struct {
	OutboxConfig
	recipients *recipients

	mu      sync.Mutex
	running bool
	again   bool // something was put since the runner looked
	closed  bool
	abort   context.CancelFunc // breaks off what the runner does
	idle    chan struct{}      // closed when the runner ends
	wake    chan struct{}      // tells the runner of again
	stop    chan struct{}      // tells the runner of closed
}

// NewOutbox returns an outbox.
func NewOutbox(c OutboxConfig) *Outbox {
	if c.Workers <= 0 {
		c.Workers = defaultWorkers
	}
	if c.PerRecipient == 0 {
		c.PerRecipient = maxPerRecipient
	}
	return &Outbox{
		OutboxConfig: c, recipients: newRecipients(c.PerRecipient),
		wake: make(chan struct{}, 1), stop: make(chan struct{}),
	}
}

// Send puts the message into the queue. It is dropped, with a line in the log,
// if its recipient got too many.
func (o *Outbox) Send(ctx context.Context, m Message) error {
	if err := m.Check(); err != nil {
		return err
	}
	now := o.Now()
	if !o.recipients.allow(strings.ToLower(m.To), now) {
		o.Log.WarnContext(ctx, "too much mail to one address, message dropped", "kind", m.Kind)
		return nil
	}
	if m.ID == "" {
		m.ID = newID()
	}
	if err := o.Queue.Put(ctx, Item{ID: m.ID, Message: m, Due: now}); err != nil {
		return fmt.Errorf("queue mail: %w", err)
	}
	o.Wake()
	return nil
}

// Wake looks for messages to send, such as those that an earlier process left
// behind. It does not wait, and does nothing when the outbox is closed.
func (o *Outbox) Wake() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	o.again = true
	if o.running {
		select {
		case o.wake <- struct{}{}:
		default:
		}
		return
	}
	ctx, abort := context.WithCancel(context.Background())
	o.running, o.abort, o.idle = true, abort, make(chan struct{})
	go o.run(ctx, o.idle)
}

// Close sends what is due, once, and waits for that until ctx ends; then it
// breaks off what is still on its way, waits for that too, and returns the
// error of ctx. What was not sent stays in the queue.
func (o *Outbox) Close(ctx context.Context) error {
	o.mu.Lock()
	if !o.closed {
		o.closed = true
		close(o.stop)
	}
	idle, abort := o.idle, o.abort
	o.mu.Unlock()
	if idle == nil {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
	}
	abort()
	<-idle
	return fmt.Errorf("mail: not all was sent: %w", ctx.Err())
}

// run sends what is due, waits for what will be, and ends when there is nothing
// left or the outbox is closed.
func (o *Outbox) run(ctx context.Context, idle chan struct{}) {
	defer close(idle)
	for {
		next := o.round(ctx)
		if o.ends(next) {
			return
		}
		o.rest(next)
	}
}

// round sends what is due. It returns when to look again; the zero time is
// never.
func (o *Outbox) round(ctx context.Context) time.Time {
	o.mu.Lock()
	o.again = false
	o.mu.Unlock()
	for ctx.Err() == nil {
		now := o.Now()
		items, err := o.Queue.Take(ctx, now, now.Add(leaseFor), o.Workers)
		if err != nil {
			return o.unreadable(ctx, err)
		}
		if len(items) == 0 {
			break
		}
		var wg sync.WaitGroup
		for _, i := range items {
			wg.Go(func() { o.attempt(ctx, i) })
		}
		wg.Wait()
	}
	next, err := o.Queue.Next(ctx)
	if err != nil {
		return o.unreadable(ctx, err)
	}
	return next
}

func (o *Outbox) unreadable(ctx context.Context, err error) time.Time {
	if ctx.Err() == nil {
		o.Log.ErrorContext(ctx, "mail queue not readable", "err", err)
	}
	return o.Now().Add(maxDelay)
}

// ends reports whether the runner has nothing more to do.
func (o *Outbox) ends(next time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closed && (o.again || !next.IsZero()) {
		return false
	}
	o.running = false
	o.abort()
	return true
}

// rest waits until next, until there is something new, or for Close. It waits
// for a second at least, in case next has come but another server is at it.
func (o *Outbox) rest(next time.Time) {
	wait := maxDelay
	if !next.IsZero() {
		wait = max(next.Sub(o.Now()), time.Second)
	}
	timer := time.NewTimer(min(wait, maxDelay))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-o.wake:
	case <-o.stop:
	}
}

// attempt sends one message, and says what becomes of it.
func (o *Outbox) attempt(ctx context.Context, i Item) {
	now := o.Now()
	if expired(i.Message, now) {
		o.giveUp(ctx, i, errors.New("it has expired"))
		return
	}
	err := o.deliver(ctx, i)
	switch {
	case err == nil:
		o.settle(ctx, i, o.Queue.Remove(ctx, i.ID))
	case ctx.Err() != nil: // broken off: it stays in the queue
	case errors.Is(err, ErrPermanent):
		o.giveUp(ctx, i, err)
	default:
		o.retry(ctx, i, err)
	}
}

func (o *Outbox) deliver(ctx context.Context, i Item) (err error) {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: mailer panicked: %v", ErrPermanent, v)
		}
	}()
	return o.Mailer.Send(ctx, i.Message)
}

func (o *Outbox) retry(ctx context.Context, i Item, cause error) {
	i.Attempts++
	i.Due = o.Now().Add(backOff(i.Attempts))
	if i.Attempts >= maxAttempts || expired(i.Message, i.Due) {
		o.giveUp(ctx, i, cause)
		return
	}
	o.Log.WarnContext(ctx, "mail not sent, will try again", "kind", i.Message.Kind, "id", i.ID,
		"attempts", i.Attempts, "err", cause)
	o.settle(ctx, i, o.Queue.Retry(ctx, i))
}

func (o *Outbox) giveUp(ctx context.Context, i Item, cause error) {
	o.Log.ErrorContext(ctx, "mail not sent, given up", "kind", i.Message.Kind, "id", i.ID,
		"attempts", i.Attempts, "err", cause)
	o.settle(ctx, i, o.Queue.Remove(ctx, i.ID))
}

// settle logs that the queue could not be told what became of a message: it
// will be sent again.
func (o *Outbox) settle(ctx context.Context, i Item, err error) {
	if err != nil {
		o.Log.ErrorContext(ctx, "mail queue not writable", "kind", i.Message.Kind, "id", i.ID, "err", err)
	}
}

func expired(m Message, at time.Time) bool { return !m.Expires.IsZero() && !at.Before(m.Expires) }

// backOff is how long to wait after so many failures.
func backOff(attempts int) time.Duration {
	delay := min(firstDelay<<min(attempts-1, 10), maxDelay)
	return delay/2 + rand.N(delay/2) //nolint:gosec // spreads load, no secret
}

var _ Mailer = (*Outbox)(nil)
