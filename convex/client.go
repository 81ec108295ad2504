package convex

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// clientName is what the deployment's dashboard shows as the caller. The form
// is NAME-SEMVER (header Convex-Client).
const clientName = "lockstep-go-0.1.0"

// A Client calls the functions of one deployment. It is safe for concurrent
// use, and meant to be made once: it holds the connections and the limits on
// how many calls are on their way.
type Client struct {
	config Config
	base   *url.URL
	http   *http.Client
	owned  *http.Transport // nil if the transport is the caller's
	slots  [operations]*slots
}

// New returns a client for a deployment. It does not connect: a deployment that
// is down is found by the first call.
func New(config Config) (*Client, error) {
	base, err := parseBase(config.URL)
	if err := errors.Join(err, config.check()); err != nil {
		return nil, err
	}
	config = config.withDefaults()
	c := &Client{config: config, base: base}
	for op, n := range [operations]int{config.MaxQueries, config.MaxMutations, config.MaxActions} {
		c.slots[op] = newSlots(n)
	}
	if config.Transport == nil {
		c.owned = newTransport(config.MaxQueries + config.MaxMutations + config.MaxActions)
		config.Transport = c.owned
	}
	c.http = &http.Client{
		Transport: config.Transport,
		// A deployment never redirects, and the key must not follow one.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if isExposed(base) {
		config.Logger.Warn("convex: the deployment is called without TLS, and keys and data can be read on the way", "host", base.Host)
	}
	return c, nil
}

// Close closes the idle connections. Calls under way end by themselves, and the
// client can still be used.
func (c *Client) Close() {
	if c.owned != nil {
		c.owned.CloseIdleConnections()
	}
}

// Format prints the URL and whether there is a key, whatever the verb.
func (c *Client) Format(f fmt.State, verb rune) {
	c.config.Format(f, verb)
}

// Query calls a query. Without At it sees all mutations that have finished. Nil
// args are an empty object.
//
// The deployment does not check the kind of a function in a component: there,
// Query on a mutation carries it out, perhaps more than once.
func (c *Client) Query(ctx context.Context, path string, args map[string]any, opts ...Option) (any, error) {
	return c.call(ctx, query, Call{path, args}, opts)
}

// Mutation calls a mutation: a transaction that happens whole or not at all. It
// is sent again only if it certainly did not happen; see Idempotent.
func (c *Client) Mutation(ctx context.Context, path string, args map[string]any, opts ...Option) (any, error) {
	return c.call(ctx, mutation, Call{path, args}, opts)
}

// Action calls an action, which can have effects outside the deployment and is
// not undone when it fails. It is sent again only if it never started; see
// Idempotent. Actions are slow: consider Timeout.
func (c *Client) Action(ctx context.Context, path string, args map[string]any, opts ...Option) (any, error) {
	return c.call(ctx, action, Call{path, args}, opts)
}

// A Call is a function and its arguments. Nil Args are an empty object.
type Call struct {
	Path string
	Args map[string]any
}

// A Result is what one query of a batch returned: a value, or an *Error.
type Result struct {
	Value any
	Err   error
}

// QueryBatch calls several queries on one snapshot, in one round trip. The
// results are in the order of the calls; a query that fails by itself is an
// entry, and everything else fails the batch. It cannot be combined with At or
// Component.
func (c *Client) QueryBatch(ctx context.Context, calls []Call, opts ...Option) ([]Result, error) {
	if len(calls) == 0 {
		return nil, nil
	}
	o := c.options(opts)
	if o.component != "" || o.at != nil {
		return nil, refused(query, "", "a query batch cannot be combined with At or Component")
	}
	body := []byte(`{"queries":[`)
	for i, call := range calls {
		if i > 0 {
			body = append(body, ',')
		}
		var err error
		if body, err = appendCall(body, call, ""); err != nil {
			return nil, refused(query, call.Path, err.Error())
		}
	}
	body = append(body, "]}"...)
	var results []Result
	err := c.send(ctx, &request{op: query, endpoint: "query_batch", body: body, options: o, read: func(answer any) *failure {
		var f *failure
		results, f = readBatch(answer, calls)
		return f
	}})
	return results, err
}

// Ping reports whether the deployment answers and accepts the credential of the
// call. It runs no function: it is a batch of no queries, which the deployment
// authenticates as any other (convex-backend, public_query_batch_post).
func (c *Client) Ping(ctx context.Context, opts ...Option) error {
	return c.send(ctx, &request{op: query, endpoint: "query_batch", body: []byte(`{"queries":[]}`), options: c.options(opts), read: func(answer any) *failure {
		_, f := readBatch(answer, nil)
		return f
	}})
}

// A Timestamp is a moment in the history of a deployment, in nanoseconds since
// 1970.
type Timestamp uint64

// Time returns the moment in UTC.
func (ts Timestamp) Time() time.Time {
	return time.Unix(int64(ts/1e9), int64(ts%1e9)).UTC() //nolint:gosec // both quotients fit
}

// encoded is how requests write a timestamp: 8 bytes, little endian.
func (ts Timestamp) encoded() string {
	return base64.StdEncoding.EncodeToString(binary.LittleEndian.AppendUint64(nil, uint64(ts)))
}

// Now returns the latest moment that queries can see, for At.
func (c *Client) Now(ctx context.Context, opts ...Option) (Timestamp, error) {
	var ts Timestamp
	err := c.send(ctx, &request{op: query, endpoint: "query_ts", options: c.options(opts), read: func(answer any) *failure {
		var ok bool
		if ts, ok = readTimestamp(answer); !ok {
			return unreadable()
		}
		return nil
	}})
	return ts, err
}

// call sends one function call and returns its value.
func (c *Client) call(ctx context.Context, op operation, call Call, opts []Option) (any, error) {
	r, err := c.prepare(op, call, c.options(opts))
	if err != nil {
		return nil, err
	}
	var value any
	r.read = func(answer any) *failure {
		var f *failure
		value, f = readOutcome(answer)
		return f
	}
	if err := c.send(ctx, r); err != nil {
		return nil, err
	}
	return value, nil
}

var _ fmt.Formatter = (*Client)(nil)
