package convex_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-auth/lockstep/convex"
)

// A small deployment serves so many calls at once, each in 100 ms, and turns the
// rest away at once.
type small struct {
	serves int
	answer string // to those turned away
	status int

	mu     sync.Mutex
	busy   int
	most   int // calls at once since the last look
	denied int
}

func (d *small) RoundTrip(*http.Request) (*http.Response, error) {
	d.mu.Lock()
	d.busy++
	d.most = max(d.most, d.busy)
	refuses := d.busy > d.serves
	if refuses {
		d.denied++
	}
	d.mu.Unlock()
	wait, status, body := 100*time.Millisecond, http.StatusOK, success().body
	if refuses {
		wait, status, body = time.Millisecond, d.status, d.answer
	}
	time.Sleep(wait)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.busy--
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body))}, nil
}

// look returns how many calls were there at once, and how many were turned away,
// since the last look.
func (d *small) look() (most, denied int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	most, denied = d.most, d.denied
	d.most, d.denied = 0, 0
	return most, denied
}

const tooMany = `{"code":"TooManyConcurrentRequests","message":"x"}`

// crowd makes n calls at once and returns how many failed.
func crowd(t *testing.T, c *convex.Client, n int) int {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	failed := 0
	for range n {
		wg.Go(func() {
			if _, err := c.Query(t.Context(), "a:b", nil); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed++
			}
		})
	}
	wg.Wait()
	return failed
}

func TestTheLimitFollowsTheDeployment(t *testing.T) {
	tests := []struct {
		name   string
		status int
		answer string
		lower  bool
	}{
		{"too many calls", http.StatusTooManyRequests, tooMany, true},
		{"too many calls, says a proxy", http.StatusTooManyRequests, "<html>", true},
		{"an overloaded deployment", http.StatusServiceUnavailable, `{"code":"WorkerOverloaded","message":"x"}`, true},
		{"a conflict is no matter of how many", http.StatusServiceUnavailable, `{"code":"OptimisticConcurrencyControlFailure","message":"x"}`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &small{serves: 16, status: tt.status, answer: tt.answer}
				c := newClient(t, convex.Config{URL: "https://example.convex.cloud", Transport: d, Attempts: 1})
				crowd(t, c, 64)
				if most, _ := d.look(); most != 64 {
					t.Errorf("%d calls at once at first, want all 64", most)
				}
				crowd(t, c, 64)
				most, denied := d.look()
				if lower := most < 64; lower != tt.lower {
					t.Errorf("%d calls at once after %d were turned away", most, denied)
				}
			})
		})
	}
}

// TestACrowdIsServedInTheEnd: retries and the limit together bring everybody
// through, and the limit then stays near what the deployment serves.
func TestACrowdIsServedInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &small{serves: 16, status: http.StatusTooManyRequests, answer: tooMany}
		c := newClient(t, convex.Config{URL: "https://example.convex.cloud", Transport: d})
		for round := range 10 {
			if failed := crowd(t, c, 128); failed > 0 {
				t.Errorf("round %d: %d calls of 128 failed", round, failed)
			}
			most, denied := d.look()
			// Growing by one at a time, it looks a little beyond and comes back.
			if round > 0 && (most > 32 || denied > 32) {
				t.Errorf("round %d: %d calls at once, %d turned away", round, most, denied)
			}
		}
	})
}

func TestTheLimitComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &small{serves: 0, status: http.StatusTooManyRequests, answer: tooMany}
		c := newClient(t, convex.Config{URL: "https://example.convex.cloud", Transport: d, Attempts: 1})
		for range 20 {
			crowd(t, c, 16)
		}
		d.look()
		crowd(t, c, 16)
		if most, _ := d.look(); most != 4 {
			t.Errorf("%d calls at once with a deployment that serves none, want 4", most)
		}
		d.serves = 1000
		start := time.Now()
		for most := 0; most < 16; most, _ = d.look() {
			if failed := crowd(t, c, 64); failed > 0 {
				t.Fatalf("%d calls failed", failed)
			}
			if time.Since(start) > time.Minute {
				t.Fatal("the limit stays low")
			}
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("it took %v until the deployment was used again, want 5 s at most", took)
		}
	})
}

// TestCallersThatLeaveTheQueueLeaveNothing: a slot that a caller no longer waits
// for goes to the next.
func TestCallersThatLeaveTheQueueLeaveNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &small{serves: 1000}
		c := newClient(t, convex.Config{URL: "https://example.convex.cloud", Transport: d, MaxQueries: 2})
		for range 20 {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond) // the moment when slots become free
			var wg sync.WaitGroup
			for range 10 {
				wg.Go(func() { _, _ = c.Query(ctx, "a:b", nil) })
			}
			wg.Wait()
			cancel()
		}
		d.look()
		if failed := crowd(t, c, 6); failed > 0 {
			t.Errorf("%d calls failed", failed)
		}
		if most, _ := d.look(); most != 2 {
			t.Errorf("%d calls at once, want 2", most)
		}
	})
}
