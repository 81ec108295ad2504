package convexcheck_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"path"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A link carries the calls of one server to the deployment. It counts them, and
// it fails as it is told. It is safe for concurrent use.
type link struct {
	wire  *http.Transport
	dead  *http.Transport          // nobody listens at the other end
	delay time.Duration            // of each call, one way for both
	slots map[string]chan struct{} // of the deployment, by the kind of call; nil for any number

	mu     sync.Mutex
	fault  *fault
	seen   int // calls that the fault could have hit
	hits   int // calls that it did hit
	trips  int
	rounds int // trips that began when no other was under way
	under  int // trips under way
}

func newLink(t testing.TB) *link {
	l := &link{
		wire: &http.Transport{MaxIdleConnsPerHost: 64},
		dead: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
		}},
	}
	t.Cleanup(l.wire.CloseIdleConnections)
	return l
}

// RoundTrip implements http.RoundTripper.
func (l *link) RoundTrip(req *http.Request) (*http.Response, error) {
	how := l.begin(req)
	defer l.end()
	if l.delay > 0 && !wait(req.Context(), l.delay) {
		return nil, closed(req, req.Context().Err())
	}
	if how == nil {
		return l.arrive(req)
	}
	return how(l, req)
}

// smallest makes the deployment one of the smallest: calls wait there for a
// slot. No call may be under way.
func (l *link) smallest() {
	l.slots = map[string]chan struct{}{"query": make(chan struct{}, slots), "mutation": make(chan struct{}, slots)}
}

// arrive hands the call to the deployment.
func (l *link) arrive(req *http.Request) (*http.Response, error) {
	if free := l.slots[kind(req)]; free != nil {
		free <- struct{}{}
		defer func() { <-free }()
		if !wait(req.Context(), work) {
			return nil, closed(req, req.Context().Err())
		}
	}
	return l.wire.RoundTrip(req)
}

// begin counts a call and returns how it fails; nil if it does not.
func (l *link) begin(req *http.Request) breakage {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.trips++
	if l.under == 0 {
		l.rounds++
	}
	l.under++
	f := l.fault
	if f == nil || f.only != "" && f.only != kind(req) {
		return nil
	}
	l.seen++
	if !f.when(l.seen) {
		return nil
	}
	l.hits++
	return f.how(l.seen)
}

func (l *link) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.under--
}

// set starts a fault, or ends it with nil. It returns how often the last one
// hit.
func (l *link) set(f *fault) (hits int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	hits = l.hits
	l.fault, l.seen, l.hits = f, 0, 0
	return hits
}

// take returns the trips and rounds since the last time.
func (l *link) take() (trips, rounds int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	trips, rounds = l.trips, l.rounds
	l.trips, l.rounds = 0, 0
	return trips, rounds
}

// kind returns "query" or "mutation". Calls into a component do not tell: they
// are "function".
func kind(req *http.Request) string {
	name, _, _ := strings.Cut(path.Base(req.URL.Path), "_")
	return name
}

// A breakage is a way for a call to fail. It closes the body of the request, as
// every http.RoundTripper does.
type breakage func(*link, *http.Request) (*http.Response, error)

// refused: no connection comes about.
func refused(l *link, req *http.Request) (*http.Response, error) { return l.dead.RoundTrip(req) }

// dropped: the connection breaks before the call arrives. The client cannot know
// that it did not.
func dropped(_ *link, req *http.Request) (*http.Response, error) { return nil, closed(req, io.EOF) }

// hanging: the call does not arrive, and nothing says so.
func hanging(_ *link, req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, closed(req, req.Context().Err())
}

// lost: the function runs and commits, and the connection breaks before the
// answer.
func lost(l *link, req *http.Request) (*http.Response, error) {
	if err := l.run(req); err != nil {
		return nil, err
	}
	return nil, syscall.ECONNRESET
}

// silent: the function runs and commits, and no answer comes.
func silent(l *link, req *http.Request) (*http.Response, error) {
	if err := l.run(req); err != nil {
		return nil, err
	}
	<-req.Context().Done()
	return nil, req.Context().Err()
}

// run sends the call and throws the answer away.
func (l *link) run(req *http.Request) error {
	resp, err := l.wire.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// truncated: the answer ends in the middle.
func truncated(l *link, req *http.Request) (*http.Response, error) {
	resp, err := l.wire.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(string(body[:len(body)/2])), broken{}))
	return resp, nil
}

// broken is the rest of an answer that does not come.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// twice: something on the way delivers the call two times.
func twice(l *link, req *http.Request) (*http.Response, error) {
	again := req.Clone(req.Context())
	if body, err := req.GetBody(); err == nil {
		again.Body = body
	}
	if err := l.run(req); err != nil {
		return nil, err
	}
	return l.wire.RoundTrip(again)
}

// late: the call takes its time, but not too much of it.
func late(l *link, req *http.Request) (*http.Response, error) {
	if !wait(req.Context(), 50*time.Millisecond) {
		return nil, closed(req, req.Context().Err())
	}
	return l.wire.RoundTrip(req)
}

// answer: something answers in the deployment's place, and nothing runs.
func answer(status int, body string) breakage {
	return func(_ *link, req *http.Request) (*http.Response, error) {
		kind := "application/json"
		if strings.HasPrefix(body, "<") {
			kind = "text/html"
		}
		return &http.Response{
			StatusCode: status, Header: http.Header{"Content-Type": {kind}}, ContentLength: int64(len(body)),
			Body: io.NopCloser(strings.NewReader(body)), Request: req, ProtoMajor: 1, ProtoMinor: 1,
		}, closed(req, nil)
	}
}

// closed closes the body of a request that is not sent.
func closed(req *http.Request, err error) error {
	req.Body.Close()
	return err
}

// wait waits for d; it is false if the context ended first.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
