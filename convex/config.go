package convex

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// A Config describes a deployment and how to call it. URL is required.
type Config struct {
	// URL is where the deployment serves functions: "https://NAME.convex.cloud",
	// a custom domain, or "http://127.0.0.1:3210" for a local one. It may have a
	// path prefix.
	URL string

	// AdminKey is a deploy key or an admin key, as the dashboard or the command
	// line shows it. With it, a call reaches internal and component functions.
	// Without it, a call is anonymous unless it is made AsUser.
	AdminKey string

	// Transport carries the requests. Defaults to a transport that keeps as many
	// connections open as the client makes calls at once; Close closes those.
	// What a transport of the caller's sends again by itself, the client cannot
	// see: it must not repeat a POST that was sent.
	Transport http.RoundTripper

	// Timeout bounds one attempt, from sending to the last byte of the answer.
	// Defaults to 10 seconds. The context of a call bounds all of its attempts.
	Timeout time.Duration

	// Attempts is how often a call is sent at most. Defaults to 4.
	Attempts int

	// MaxQueries, MaxMutations and MaxActions are how many calls of each kind are
	// on their way at once; more wait their turn. They default to 64 each. When
	// the deployment turns calls away because there are too many, the client sends
	// fewer at once for a while, down to 4.
	MaxQueries   int
	MaxMutations int
	MaxActions   int

	// MaxResponse is the size of the largest answer that is read, in bytes.
	// Defaults to 20 MiB; a deployment's own limit for a result is 16 MiB.
	MaxResponse int64

	// TraceParent returns the W3C Trace Context header "traceparent" to send
	// (https://www.w3.org/TR/trace-context/#traceparent-header). Nil, or a result
	// that is not such a header, sends none.
	TraceParent func(context.Context) string

	// Logger hears about a URL without TLS at the start, and about retries at
	// debug level. Defaults to silence.
	Logger *slog.Logger

	// Sleep waits between two attempts; it returns early, with the context's
	// error, when the context ends. Defaults to a timer.
	Sleep func(ctx context.Context, d time.Duration) error

	// Jitter returns a random number in [0, 1) that spreads retries over time.
	// Defaults to the system's random numbers.
	Jitter func() float64
}

// Format prints the URL and whether there is a key, whatever the verb: a Config
// holds a secret.
func (c Config) Format(f fmt.State, _ rune) {
	key := ""
	if c.AdminKey != "" {
		key = " key=[redacted]"
	}
	_, _ = fmt.Fprintf(f, "convex.Config{%s%s}", printable(c.URL), key)
}

// printable is a URL without what must not be printed, such as a password.
func printable(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "[unreadable URL]"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

func (c Config) withDefaults() Config {
	c.Timeout = cmp.Or(c.Timeout, 10*time.Second)
	c.Attempts = cmp.Or(c.Attempts, 4)
	c.MaxQueries = cmp.Or(c.MaxQueries, 64)
	c.MaxMutations = cmp.Or(c.MaxMutations, 64)
	c.MaxActions = cmp.Or(c.MaxActions, 64)
	c.MaxResponse = cmp.Or(c.MaxResponse, 20<<20)
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	if c.TraceParent == nil {
		c.TraceParent = func(context.Context) string { return "" }
	}
	if c.Sleep == nil {
		c.Sleep = sleep
	}
	if c.Jitter == nil {
		c.Jitter = jitter
	}
	return c
}

func (c Config) check() error {
	var errs []error
	positive := func(name string, n int64) {
		if n < 0 {
			errs = append(errs, fmt.Errorf("convex: Config.%s is negative", name))
		}
	}
	positive("Timeout", int64(c.Timeout))
	positive("Attempts", int64(c.Attempts))
	positive("MaxQueries", int64(c.MaxQueries))
	positive("MaxMutations", int64(c.MaxMutations))
	positive("MaxActions", int64(c.MaxActions))
	positive("MaxResponse", c.MaxResponse)
	if !isCredential(c.AdminKey) {
		errs = append(errs, errors.New("convex: Config.AdminKey contains a space, a line break, a quote or another character that no key has"))
	}
	return errors.Join(errs...)
}

// isCredential reports whether s can stand in an Authorization header after
// its scheme: visible ASCII without quotes. The usual mistakes are a line break,
// from a key read from a file, and the quotes of a shell, from a file that is not
// for one, as of docker run --env-file.
func isCredential(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\'' })
}

// parseBase reads Config.URL and returns it without a trailing slash. The rules
// are loose on purpose: deployments have regional, custom and local names.
func parseBase(raw string) (*url.URL, error) {
	if raw == "" {
		return nil, errors.New("convex: Config.URL is required, such as https://NAME.convex.cloud or http://127.0.0.1:3210")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("convex: Config.URL is not a URL") // the parser's error quotes it
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("convex: Config.URL must start with https:// or http://")
	case u.Hostname() == "":
		return nil, errors.New("convex: Config.URL has no host")
	case u.User != nil:
		return nil, errors.New("convex: Config.URL must not contain a user or password; use AdminKey")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(raw, "#"):
		return nil, errors.New("convex: Config.URL must not contain a query or fragment")
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if name, ok := strings.CutSuffix(host, ".convex.site"); ok {
		return nil, fmt.Errorf("convex: Config.URL is where the deployment serves HTTP actions; functions are at https://%s.convex.cloud", name)
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = strings.TrimRight(u.RawPath, "/")
	return u, nil
}

// isExposed reports whether requests to u, and the key in them, cross a network
// in the clear.
func isExposed(u *url.URL) bool {
	host := strings.ToLower(u.Hostname())
	if u.Scheme == "https" || host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return false
	}
	addr, err := netip.ParseAddr(host)
	return err != nil || !addr.IsLoopback()
}

// newTransport returns a transport for n calls at once. Go keeps two idle
// connections per host by default, which makes busy clients dial all the time.
func newTransport(n int) *http.Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dialer.DialContext,
		ForceAttemptHTTP2:   true,
		TLSHandshakeTimeout: 5 * time.Second,
		MaxIdleConnsPerHost: n,
		// Shorter than what servers allow (60 s and more): a request sent on a
		// connection that is just being closed has an unknown outcome.
		IdleConnTimeout: 30 * time.Second,
	}
}

// sleep waits for d or the end of the context.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// jitter returns a random number in [0, 1), of 53 bits as a float64 holds.
func jitter() float64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return float64(binary.LittleEndian.Uint64(b[:])>>11) / (1 << 53)
}

var _ fmt.Formatter = Config{}
