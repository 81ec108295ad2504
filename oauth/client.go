package oauth

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// A Config says how a Client talks to services. Now is required.
type Config struct {
	// Now is the clock.
	Now func() time.Time

	// Transport sends the requests, for tests and for networks where everything
	// leaves through a proxy. It takes the place of the check that a name does
	// not lead into a private network. If it is nil, the client connects by
	// itself and makes that check.
	Transport http.RoundTripper

	// Timeout is how long one request may take, with its answer. Defaults to 10
	// seconds.
	Timeout time.Duration

	// MaxResponse is the largest answer, in bytes. Defaults to 1 MiB.
	MaxResponse int64

	// InsecureAllowPrivateNetworks permits services in private networks and on
	// this machine, and plain http to services: for development and for identity
	// services of one's own.
	InsecureAllowPrivateNetworks bool
}

// A Client talks to services. It is safe for concurrent use; one is enough for
// all providers of a server.
type Client struct {
	now     func() time.Time
	http    *http.Client
	own     *http.Transport // nil if Config brought one
	timeout time.Duration
	max     int64
	private bool // private networks are permitted
	keys    keyCache
}

// New returns a client.
func New(cfg Config) (*Client, error) {
	if cfg.Now == nil {
		return nil, errors.New("oauth: Now is required")
	}
	c := &Client{
		now:     cfg.Now,
		timeout: cmp.Or(cfg.Timeout, 10*time.Second),
		max:     cmp.Or(cfg.MaxResponse, 1<<20),
		private: cfg.InsecureAllowPrivateNetworks,
		keys:    newKeyCache(),
	}
	if c.timeout < 0 || c.max < 0 {
		return nil, errors.New("oauth: Timeout and MaxResponse must not be negative")
	}
	transport := cfg.Transport
	if transport == nil {
		c.own = NewTransport(c.private)
		transport = c.own
	}
	c.http = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// Close ends idle connections. A transport that Config brought is left alone.
func (c *Client) Close() {
	if c.own != nil {
		c.own.CloseIdleConnections()
	}
}

// A Request goes to an API of a service.
type Request struct {
	Method string // defaults to GET
	URL    string
	Header map[string]string
	Body   string
}

// String returns "[redacted]": the header and sometimes the URL hold secrets.
func (Request) String() string { return redacted }

// GoString returns "[redacted]".
func (Request) GoString() string { return redacted }

// Bearer returns a GET request with an access token (RFC 6750 §2.1).
func Bearer(endpoint, accessToken string) Request {
	return Request{URL: endpoint, Header: map[string]string{"Authorization": "Bearer " + accessToken}}
}

// Do sends a request and returns the body of the answer. Other answers than 2xx
// are a *StatusError; ErrRedirect, ErrTooLarge, ErrPrivate and ErrInsecure say
// what else was refused. No error holds more of the URL than its host.
func (c *Client) Do(ctx context.Context, r Request) ([]byte, error) {
	u, err := parseEndpoint(r.URL)
	if err != nil {
		return nil, err
	}
	body, err := c.do(ctx, u, r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", u.Host, err)
	}
	return body, nil
}

// GetClaims sends a request and reads the JSON object that comes back.
func (c *Client) GetClaims(ctx context.Context, r Request) (Claims, error) {
	body, err := c.Do(ctx, r)
	if err != nil {
		return Claims{}, err
	}
	claims, err := ParseClaims(body)
	if err != nil {
		return Claims{}, fmt.Errorf("read the answer: %w", err)
	}
	return claims, nil
}

func (c *Client) do(ctx context.Context, u *url.URL, r Request) ([]byte, error) {
	if !c.private {
		if err := checkPublic(u); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, fmt.Errorf("no answer within %v", c.timeout))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, cmp.Or(r.Method, http.MethodGet), r.URL, bytes.NewReader([]byte(r.Body)))
	if err != nil {
		return nil, errors.New("the request cannot be sent")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "lockstep") // GitHub and Reddit refuse requests without one
	for name, value := range r.Header {
		req.Header.Set(name, value)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, reason(ctx, err)
	}
	defer resp.Body.Close()
	return c.read(ctx, resp)
}

func (c *Client) read(ctx context.Context, resp *http.Response) ([]byte, error) {
	if resp.StatusCode/100 == 3 {
		return nil, ErrRedirect
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, c.max+1))
	if err != nil {
		return nil, reason(ctx, err)
	}
	if int64(len(body)) > c.max {
		return nil, ErrTooLarge
	}
	if resp.StatusCode/100 != 2 {
		return nil, &StatusError{Status: resp.StatusCode, body: body}
	}
	return body, nil
}

// reason returns why a request failed, without the URL that net/http puts into
// its errors: WeChat's has the client secret in it.
func reason(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}
