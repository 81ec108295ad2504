package convex

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// How long to wait before an attempt: a random time between minWait and a
// ceiling that starts at firstWait and doubles up to maxWait ("full jitter").
// A server that asks for more, up to maxRetryAfter, gets it.
const (
	minWait       = 50 * time.Millisecond
	firstWait     = 200 * time.Millisecond
	maxWait       = 2 * time.Second
	maxRetryAfter = 5 * time.Second
)

// send makes attempts until one succeeds or another would be unsafe or useless.
func (c *Client) send(ctx context.Context, r *request) error {
	if r.mistake != "" {
		return refused(r.op, r.path, r.mistake)
	}
	if len(r.body) > maxRequest {
		return refused(r.op, r.path, "the arguments are larger than 16 MiB")
	}
	unsettled := false // an attempt may have had its effect
	for attempt := 1; ; attempt++ {
		f, wait := c.attempt(ctx, r)
		if f == nil {
			return nil
		}
		ran := r.mayHaveRun(f)
		unsettled = (unsettled || ran) && !f.settles
		err := f.err(r)
		err.Attempts, err.unknown = attempt, unsettled
		if attempt >= min(c.config.Attempts, f.retry+1) || ran && !r.idempotent || wait > maxRetryAfter {
			return err
		}
		c.config.Logger.DebugContext(ctx, "convex: call is sent again", "path", r.path, "attempt", attempt, "error", err)
		if stopped := c.config.Sleep(ctx, max(wait, c.backoff(attempt))); stopped != nil {
			err.cause = stopped
			return err
		}
	}
}

// mayHaveRun reports whether the failed attempt may have had an effect. Queries
// have none.
func (r *request) mayHaveRun(f *failure) bool {
	if r.op == action {
		return f.ran != never
	}
	return r.op == mutation && f.ran == unknown
}

func (c *Client) backoff(attempt int) time.Duration {
	ceiling := min(maxWait, firstWait<<min(attempt-1, 8))
	return minWait + time.Duration(c.config.Jitter()*float64(ceiling-minWait))
}

// attempt sends the request once, when its turn comes. It returns nil if the
// request succeeded, and otherwise how long the server wants to be left alone.
func (c *Client) attempt(ctx context.Context, r *request) (f *failure, wait time.Duration) {
	turn, err := c.slots[r.op].take(ctx)
	if err != nil {
		return &failure{kind: ErrUnavailable, detail: "not sent", cause: err, ran: never}, 0
	}
	defer func() { turn.release(f) }()
	return c.exchange(ctx, r)
}

// exchange sends the request and reads the answer.
func (c *Client) exchange(ctx context.Context, r *request) (*failure, time.Duration) {
	if ctx.Err() != nil {
		return &failure{kind: ErrUnavailable, detail: "not sent", cause: ctx.Err(), ran: never}, 0
	}
	timed, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	var line contact
	req, err := c.newRequest(httptrace.WithClientTrace(timed, line.trace()), r)
	if err != nil {
		return &failure{kind: ErrRefused, detail: "the request cannot be made", ran: never}, 0
	}
	resp, err := c.http.Do(req)
	if err != nil {
		f := c.broken(ctx, timed, r, err)
		if line.isUntouched() {
			f.ran = never
		}
		return f, 0
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, c.config.MaxResponse+1))
	if err != nil {
		return c.broken(ctx, timed, r, err), 0
	}
	if int64(len(body)) > c.config.MaxResponse {
		return &failure{kind: ErrTooLarge, status: resp.StatusCode, detail: fmt.Sprintf("more than %d bytes", c.config.MaxResponse)}, 0
	}
	return r.judge(resp.StatusCode, body), retryAfter(resp.Header)
}

func (c *Client) newRequest(ctx context.Context, r *request) (*http.Request, error) {
	target := c.base.JoinPath("api", r.endpoint).String()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Convex-Client", clientName)
	req.Header.Set("User-Agent", clientName)
	if r.authorization != "" {
		req.Header.Set("Authorization", r.authorization)
	}
	if parent := c.config.TraceParent(ctx); isTraceParent(parent) {
		req.Header.Set("Traceparent", parent)
	}
	return req, nil
}

// judge reads a whole answer and returns what is wrong with it, or nil.
func (r *request) judge(status int, body []byte) *failure {
	if status != http.StatusOK && status != statusFunctionFailed {
		return platformFailure(status, body)
	}
	f := unreadable()
	if answer, err := parseJSON(body); err == nil {
		f = r.read(answer)
	}
	if f != nil {
		f.status = status
	}
	return f
}

// broken is the failure of an attempt without a whole answer.
func (c *Client) broken(ctx, timed context.Context, r *request, err error) *failure {
	f := &failure{kind: ErrUnavailable, retry: anyRetry}
	switch {
	case ctx.Err() != nil:
		f.cause, f.retry = ctx.Err(), 0
	case timed.Err() != nil:
		f.detail = "no answer within " + r.timeout.String()
	default:
		// The wrapper only repeats the URL.
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		f.cause = err
	}
	return f
}

// A contact observes how far a request gets. "Never sent" needs evidence: a
// transport that reports nothing proves nothing.
type contact struct {
	asked     atomic.Bool // the transport looked for a connection
	connected atomic.Bool // and had one, so bytes may have left
}

func (l *contact) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) { l.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { l.connected.Store(true) },
	}
}

// isUntouched reports that no connection came about: the host is unknown,
// refuses, does not answer, or fails the TLS handshake.
func (l *contact) isUntouched() bool {
	return l.asked.Load() && !l.connected.Load()
}

// retryAfter reads the header Retry-After (RFC 9110 §10.2.3) in seconds; 0 if
// there is none. Deployments do not send it, what stands in front of them may.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.ParseUint(h.Get("Retry-After"), 10, 16)
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// isTraceParent reports whether s is a traceparent header of version 00.
func isTraceParent(s string) bool {
	const form = "00-hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh-hhhhhhhhhhhhhhhh-hh"
	if len(s) != len(form) {
		return false
	}
	for i := range len(form) {
		isHex := strings.IndexByte("0123456789abcdef", s[i]) >= 0
		if form[i] == 'h' && !isHex || form[i] != 'h' && s[i] != form[i] {
			return false
		}
	}
	return true
}
