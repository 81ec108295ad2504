package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	gomail "github.com/wneessen/go-mail"
	gosmtp "github.com/wneessen/go-mail/smtp"

	"github.com/lockstep-auth/lockstep/mail"
)

// errGone means that the server has hung up, before it was told anything of the
// message.
var errGone = errors.New("connection lost")

// A conn is a connection that is signed in. It belongs to one message at a time.
type conn struct {
	client  *gomail.Client
	session *gosmtp.Client
	net     net.Conn
	timeout time.Duration
	since   time.Time // when it became idle
}

// dial connects and signs in. The library neither closes a connection on which
// that fails nor ends a command with the context, so both is done here.
func dial(ctx context.Context, c *Config) (*conn, error) {
	opened, err := open(ctx, c)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = opened.Close() })
	defer stop()
	client, err := newClient(c, opened)
	if err != nil {
		_ = opened.Close()
		return nil, err
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		_ = opened.Close()
		return nil, err
	}
	return &conn{client: client, session: session, net: opened, timeout: c.Timeout}, nil
}

// open opens the connection, with TLS if that is from the start.
func open(ctx context.Context, c *Config) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	if c.Security == TLS {
		return (&tls.Dialer{Config: tlsConfig(c)}).DialContext(ctx, "tcp", c.address())
	}
	return new(net.Dialer).DialContext(ctx, "tcp", c.address())
}

func tlsConfig(c *Config) *tls.Config {
	t := c.TLS.Clone()
	if t == nil {
		t = new(tls.Config)
	}
	if t.ServerName == "" {
		t.ServerName = c.Host
	}
	t.MinVersion = max(t.MinVersion, tls.VersionTLS12)
	return t
}

// newClient returns the library's client for a connection that is open.
func newClient(c *Config, opened net.Conn) (*gomail.Client, error) {
	policy := map[Security]gomail.TLSPolicy{
		StartTLS: gomail.TLSMandatory,
		None:     gomail.NoTLS,
		// The policy that lets the library see that there is TLS already.
		TLS: gomail.TLSOpportunistic,
	}[c.Security]
	options := []gomail.Option{
		gomail.WithPort(c.Port), gomail.WithTimeout(c.Timeout), gomail.WithTLSConfig(tlsConfig(c)),
		gomail.WithTLSPolicy(policy),
		gomail.WithDialContextFunc(func(context.Context, string, string) (net.Conn, error) { return opened, nil }),
	}
	if c.Hello != "" {
		options = append(options, gomail.WithHELO(c.Hello))
	}
	if c.Username != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(c.Username), gomail.WithPassword(c.Password))
	}
	return gomail.NewClient(c.Host, options...)
}

// send hands one message over.
func (c *conn) send(ctx context.Context, m *gomail.Msg) error {
	stop := context.AfterFunc(ctx, func() { _ = c.net.Close() })
	defer stop()
	if c.session.UpdateDeadline(c.timeout) != nil {
		return errGone
	}
	err := c.client.SendWithSMTPClient(c.session, m)
	if err == nil {
		return nil
	}
	if m.IsDelivered() { // and only then something went wrong
		c.close()
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("broken off: %w", ctx.Err())
	}
	return verdict(err)
}

// verdict says what to make of a failure. What the server said of the message
// stays out: it may quote the message.
func verdict(err error) error {
	e, ok := errors.AsType[*gomail.SendError](err)
	switch {
	case !ok:
		return errors.New("mail server failed")
	case e.Reason == gomail.ErrConnCheck:
		return errGone
	case e.ErrorCode() >= 500:
		return fmt.Errorf("%w: %s: mail server answered %d %s", mail.ErrPermanent, e.Reason, e.ErrorCode(), e.EnhancedStatusCode())
	}
	return fmt.Errorf("%s: mail server answered %d %s", e.Reason, e.ErrorCode(), e.EnhancedStatusCode())
}

// close hangs up without waiting for an answer.
func (c *conn) close() { _ = c.net.Close() }
