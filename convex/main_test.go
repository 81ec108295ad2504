package convex_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/lockstep-auth/lockstep/convex"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// A reply is what a script answers to one request.
type reply struct {
	status int
	body   string
	header http.Header
	err    error
}

// success is the answer of a function that returns null.
func success() reply { return reply{status: 200, body: `{"status":"success","value":null}`} }

// A script is a deployment that gives prepared answers; the last one for ever.
type script struct {
	mu       sync.Mutex
	replies  []reply
	requests []*http.Request
	unclosed int // bodies of answers
	bodies   []string
	waits    []time.Duration
}

func (s *script) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.replies[min(len(s.requests), len(s.replies)-1)]
	s.requests = append(s.requests, req)
	s.bodies = append(s.bodies, string(body))
	if r.err != nil {
		return nil, r.err
	}
	s.unclosed++
	return &http.Response{StatusCode: r.status, Header: r.header, Body: scriptBody{strings.NewReader(r.body), s}, Request: req}, nil
}

type scriptBody struct {
	io.Reader
	script *script
}

func (b scriptBody) Close() error {
	b.script.mu.Lock()
	defer b.script.mu.Unlock()
	b.script.unclosed--
	return nil
}

// sleep records how long the client wanted to wait, and does not.
func (s *script) sleep(ctx context.Context, d time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waits = append(s.waits, d)
	return ctx.Err()
}

// newScript returns a client of a scripted deployment.
func newScript(t *testing.T, replies ...reply) (*convex.Client, *script) {
	t.Helper()
	s := &script{replies: replies}
	return newClient(t, convex.Config{URL: "https://example.convex.cloud", AdminKey: "prod:example|k3y", Transport: s, Sleep: s.sleep}), s
}

func newClient(t *testing.T, config convex.Config) *convex.Client {
	t.Helper()
	c, err := convex.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// checkIs fails the test if err is not, as errors.Is has it, each of the wanted
// errors, or if it is another of the package's.
func checkIs(t *testing.T, err error, want ...error) {
	t.Helper()
	if err == nil {
		t.Fatalf("got no error, want %v", want)
	}
	all := []error{
		convex.ErrOutcomeUnknown, convex.ErrUnavailable, convex.ErrConflict, convex.ErrOverloaded, convex.ErrRateLimited,
		convex.ErrUnauthorized, convex.ErrNotFound, convex.ErrRefused, convex.ErrFunction, convex.ErrTooLarge,
	}
	var got []string
	for _, target := range all {
		if errors.Is(err, target) {
			got = append(got, target.Error())
		}
	}
	var wanted []string
	for _, target := range all {
		if slices.Contains(want, target) {
			wanted = append(wanted, target.Error())
		}
	}
	if diff := cmp.Diff(got, wanted); diff != "" {
		t.Errorf("%v: %s", err, diff)
	}
}

func asError(t *testing.T, err error) *convex.Error {
	t.Helper()
	e, ok := errors.AsType[*convex.Error](err)
	if !ok {
		t.Fatalf("got error %v of type %T, want a *convex.Error", err, err)
	}
	return e
}
