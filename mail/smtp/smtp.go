// Package smtp is a mail.Mailer that hands messages to a mail server (RFC 5321).
package smtp

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/lockstep-auth/lockstep/mail"
)

const (
	defaultTimeout = 15 * time.Second

	// maxIdle is how many connections wait for the next message, and idleFor
	// how long: servers hang up on longer silence.
	maxIdle = 2
	idleFor = 30 * time.Second
)

// A Security says how the connection is protected.
type Security string

// The securities.
const (
	// StartTLS begins in clear text and insists on TLS before anything else is
	// said (RFC 3207), by default at port 587.
	StartTLS Security = "starttls"

	// TLS is TLS from the start (RFC 8314), by default at port 465.
	TLS Security = "tls"

	// None is clear text, by default at port 25: only to this machine, unless
	// Config.InsecureAllowPlaintext is set.
	None Security = "none"
)

// A Config describes a Mailer. Host, From and Now are required.
type Config struct {
	Host string
	Port int // defaults to that of Security

	// Security defaults to StartTLS.
	Security Security

	// InsecureAllowPlaintext allows None to other machines: whoever is on the
	// way reads every link and can use it.
	InsecureAllowPlaintext bool

	// Username and Password sign in, with the best way that the server knows,
	// and in clear text never without TLS. Empty for servers that ask for none.
	Username string
	Password string

	// From is the sender, such as "Example <no-reply@example.com>".
	From string

	// Hello is what this machine calls itself. Defaults to its host name.
	Hello string

	// Timeout bounds each of connecting and sending. Defaults to 15 seconds.
	Timeout time.Duration

	// TLS changes how TLS is spoken, such as the authorities to trust.
	TLS *tls.Config

	// Now is the clock.
	Now func() time.Time
}

// String returns "[redacted]".
func (Config) String() string { return "[redacted]" }

// GoString returns "[redacted]".
func (Config) GoString() string { return "[redacted]" }

// A Mailer sends messages through one mail server, and keeps connections for
// the next message. It is safe for concurrent use. Close it.
type Mailer struct {
	c      Config
	from   *netmail.Address
	domain string // of the sender, for message ids

	mu     sync.Mutex
	idle   []*conn // the one that was used last at the end
	closed bool
}

// New returns a Mailer. It does not connect yet. The error lists everything that
// is wrong.
func New(c Config) (*Mailer, error) {
	c.Security = cmp.Or(c.Security, StartTLS)
	c.Timeout = cmp.Or(c.Timeout, defaultTimeout)
	c.Port = cmp.Or(c.Port, map[Security]int{StartTLS: 587, TLS: 465, None: 25}[c.Security])
	from, err := netmail.ParseAddress(c.From)
	var errs []error
	if err != nil {
		errs = append(errs, errors.New(`the sender (From) is no address, such as "Example <no-reply@example.com>"`))
	}
	if c.Host == "" {
		errs = append(errs, errors.New("there is no host (Host)"))
	}
	if c.Security != StartTLS && c.Security != TLS && c.Security != None {
		errs = append(errs, fmt.Errorf("the security is %q, must be %q, %q or %q", c.Security, StartTLS, TLS, None))
	}
	if c.Security == None && !isLoopback(c.Host) && !c.InsecureAllowPlaintext {
		errs = append(errs, errors.New("without security every link would cross the network in clear text"))
	}
	if (c.Username == "") != (c.Password == "") {
		errs = append(errs, errors.New("user name and password belong together"))
	}
	if c.Port < 1 || c.Port > 65535 || c.Timeout < 0 || c.Now == nil {
		errs = append(errs, errors.New("a port, a timeout and a clock are needed"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("smtp: %w", err)
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	return &Mailer{c: c, from: from, domain: domain}, nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && ip.IsLoopback())
}

// Send hands the message to the server.
func (m *Mailer) Send(ctx context.Context, msg mail.Message) error {
	if err := msg.Check(); err != nil {
		return err
	}
	out, err := m.compose(&msg)
	if err != nil {
		return fmt.Errorf("%w: %w", mail.ErrPermanent, err)
	}
	for {
		c, used, err := m.connect(ctx)
		if err != nil {
			return fmt.Errorf("connect to mail server: %w", err)
		}
		err = c.send(ctx, out)
		if err == nil {
			m.keep(c)
			return nil
		}
		c.close()
		if used && errors.Is(err, errGone) {
			continue // the server had hung up in the meantime
		}
		return err
	}
}

// compose writes the message with its headers. Auto-Submitted keeps holiday
// replies away (RFC 3834 §5).
func (m *Mailer) compose(msg *mail.Message) (*gomail.Msg, error) {
	out := gomail.NewMsg()
	out.FromMailAddress(m.from)
	if err := out.To(msg.To); err != nil {
		return nil, errors.New("the recipient is no address")
	}
	out.Subject(msg.Subject)
	out.SetDateWithValue(m.c.Now())
	if msg.ID != "" {
		out.SetMessageIDWithValue(msg.ID + "@" + m.domain)
	} else {
		out.SetMessageID()
	}
	out.SetGenHeader("Auto-Submitted", "auto-generated")
	switch {
	case msg.Text == "":
		out.SetBodyString(gomail.TypeTextHTML, msg.HTML)
	case msg.HTML == "":
		out.SetBodyString(gomail.TypeTextPlain, msg.Text)
	default:
		out.SetBodyString(gomail.TypeTextPlain, msg.Text)
		out.AddAlternativeString(gomail.TypeTextHTML, msg.HTML)
	}
	return out, nil
}

// connect returns a connection, and whether it was used before.
func (m *Mailer) connect(ctx context.Context) (c *conn, used bool, err error) {
	if c := m.pick(); c != nil {
		return c, true, nil
	}
	c, err = dial(ctx, &m.c)
	return c, false, err
}

// pick takes an idle connection, and closes those that have waited too long.
func (m *Mailer) pick() *conn {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.idle) > 0 {
		c := m.idle[len(m.idle)-1]
		m.idle = m.idle[:len(m.idle)-1]
		if m.c.Now().Sub(c.since) < idleFor {
			return c
		}
		c.close()
	}
	return nil
}

// keep puts a connection aside for the next message.
func (m *Mailer) keep(c *conn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed || len(m.idle) >= maxIdle {
		c.close()
		return
	}
	c.since = m.c.Now()
	m.idle = append(m.idle, c)
}

// Close ends the connections that wait. Messages on their way are not broken
// off, and their connections end after them.
func (m *Mailer) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	for _, c := range m.idle {
		c.close()
	}
	m.idle = nil
	return nil
}

// address is where the server is.
func (c *Config) address() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) }

var _ mail.Mailer = (*Mailer)(nil)
