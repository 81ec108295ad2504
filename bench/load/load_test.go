package load_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/bench/load"
)

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// serve is a server behind net.Pipe: answer returns what goes over the wire,
// or "" for no answer at all.
func serve(answer func(*http.Request) string) func(context.Context) (net.Conn, error) {
	return func(context.Context) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			r := bufio.NewReader(server)
			for {
				request, err := http.ReadRequest(r)
				if err != nil {
					return
				}
				text := answer(request)
				if text == "" {
					continue
				}
				if _, err := io.WriteString(server, text); err != nil {
					return
				}
			}
		}()
		return client, nil
	}
}

// after answers ok after a time.
func after(d time.Duration) func(*http.Request) string {
	return func(*http.Request) string {
		time.Sleep(d)
		return ok
	}
}

func never(*http.Request) string { return "" }

func get(n int) load.Request {
	return load.Request{
		Raw: fmt.Appendf(nil, "GET /%d HTTP/1.1\r\nHost: x\r\n\r\n", n),
		Check: func(a *load.Answer) error {
			if a.Status != 200 || string(a.Body) != "ok" {
				return fmt.Errorf("status %d, body %q", a.Status, a.Body)
			}
			return nil
		},
	}
}

func TestMeasuresWhatEndsBetweenBeginAndEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := load.Start(t.Context(), load.Config{Dial: serve(after(100 * time.Millisecond)), Conns: 3, Next: get, Now: time.Now})
		time.Sleep(450 * time.Millisecond) // answers at 100, 200, 300 and 400
		g.Begin()
		time.Sleep(300 * time.Millisecond) // at 500, 600 and 700
		g.End()
		time.Sleep(300 * time.Millisecond)
		got, err := g.Stop()
		want := load.Sample{
			Requests: 9, Elapsed: 300 * time.Millisecond,
			P50: 100 * time.Millisecond, P99: 100 * time.Millisecond, Max: 100 * time.Millisecond,
		}
		if diff := cmp.Diff(got, want); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
		if got := got.PerSecond(); got != 30 {
			t.Errorf("per second: got %v, want 30", got)
		}
	})
}

func TestAwaitWaitsForAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := load.Start(t.Context(), load.Config{Dial: serve(after(time.Second)), Conns: 2, Next: get, Now: time.Now})
		time.Sleep(1500 * time.Millisecond) // the first answers are from before
		g.Begin()
		began := time.Now()
		err := g.Await(t.Context())
		took := time.Since(began)
		g.End()
		got, err2 := g.Stop()
		if err != nil || err2 != nil || took != 500*time.Millisecond || got.Requests < 1 || got.Requests > 2 {
			t.Errorf("got %d answers, %v, %v after %v, want 1 or 2 after 500ms", got.Requests, err, err2, took)
		}
	})
}

func TestAwaitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := func(*http.Request) string { return "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n" }
		g := load.Start(t.Context(), load.Config{Dial: serve(broken), Conns: 1, Next: get, Now: time.Now})
		err := g.Await(t.Context())
		if _, err2 := g.Stop(); err != nil || err2 == nil {
			t.Errorf("a wrong answer: got %v and %v, want an error of Stop", err, err2)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		g = load.Start(ctx, load.Config{Dial: serve(never), Conns: 1, Next: get, Now: time.Now})
		if err := g.Await(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the end of the context: got %v", err)
		}
		_, _ = g.Stop()
	})
}

func TestStopWaitsForRequestsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := load.Start(t.Context(), load.Config{Dial: serve(after(time.Second)), Conns: 2, Next: get, Now: time.Now})
		synctest.Wait()
		began := time.Now()
		got, err := g.Stop()
		if took := time.Since(began); err != nil || got.Requests != 2 || took != time.Second {
			t.Errorf("got %d answers, %v after %v, want 2 after 1s", got.Requests, err, took)
		}
	})
}

func TestLimitIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var served atomic.Int64
		g := load.Start(t.Context(), load.Config{Dial: serve(func(*http.Request) string {
			served.Add(1)
			return ok
		}), Conns: 7, Limit: 50, Next: get, Now: time.Now})
		got, err := g.Wait()
		if err != nil || got.Requests != 50 || served.Load() != 50 {
			t.Errorf("got %d of %d answers, %v, want 50", got.Requests, served.Load(), err)
		}
	})
}

// TestRateChargesForWaiting has one connection, ten requests per second and a
// first answer that takes a second: the requests that were due meanwhile waited
// too, although they were not sent.
func TestRateChargesForWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := load.Start(t.Context(), load.Config{Dial: serve(func(r *http.Request) string {
			if r.URL.Path == "/0" {
				time.Sleep(time.Second)
			}
			return ok
		}), Conns: 1, Rate: 10, Limit: 20, Next: get, Now: time.Now})
		got, err := g.Wait()
		// Request n of the first ten is answered 1 s - n·100 ms after it was due.
		want := load.Sample{Requests: 20, Elapsed: 1900 * time.Millisecond, P50: 0, P99: time.Second, Max: time.Second}
		if diff := cmp.Diff(got, want); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
	})
}

// TestRateForgetsNobody stops while a server stalls: the requests that were due
// by then are sent and measured all the same, and no others.
func TestRateForgetsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var served atomic.Int64
		g := load.Start(t.Context(), load.Config{Dial: serve(func(r *http.Request) string {
			served.Add(1)
			if r.URL.Path == "/0" {
				time.Sleep(time.Second)
			}
			return ok
		}), Conns: 1, Rate: 10, Next: get, Now: time.Now})
		time.Sleep(250 * time.Millisecond)
		g.Begin()
		time.Sleep(300 * time.Millisecond)
		g.End()
		got, err := g.Stop()
		// Due at 300, 400 and 500 ms, answered at 1 s.
		want := load.Sample{
			Requests: 3, Elapsed: 300 * time.Millisecond,
			P50: 600 * time.Millisecond, P99: 700 * time.Millisecond, Max: 700 * time.Millisecond,
		}
		if diff := cmp.Diff(got, want); err != nil || diff != "" || served.Load() != 6 {
			t.Errorf("%v, %d served, want 6\n%s", err, served.Load(), diff)
		}
	})
}

func TestWrongAnswerEndsEverything(t *testing.T) {
	for name, c := range map[string]struct{ answer, want string }{
		"a check that fails":      {"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", "request 3: status 500"},
		"no HTTP":                 {"hello\r\n\r\n", "malformed HTTP"},
		"a connection that ends":  {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", "closes the connection"},
		"a body that is too long": {"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + strings.Repeat("x", 2_000_000), "more than 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := load.Start(t.Context(), load.Config{Dial: serve(func(r *http.Request) string {
					time.Sleep(time.Millisecond)
					if r.URL.Path == "/3" {
						return c.answer
					}
					return ok
				}), Conns: 2, Next: get, Now: time.Now})
				if _, err := g.Wait(); err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want %q", err, c.want)
				}
				time.Sleep(time.Second) // the server ends too
			})
		})
	}
}

// TestFailureAfterStop: a request that is under way at the end counts too.
func TestFailureAfterStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := load.Start(t.Context(), load.Config{Dial: serve(func(*http.Request) string {
			time.Sleep(time.Second)
			return "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"
		}), Conns: 1, Next: get, Now: time.Now})
		synctest.Wait()
		if _, err := g.Stop(); err == nil {
			t.Error("got no error")
		}
	})
}

func TestServerThatIsNotThere(t *testing.T) {
	refused := errors.New("refused")
	g := load.Start(t.Context(), load.Config{
		Dial:  func(context.Context) (net.Conn, error) { return nil, refused },
		Conns: 2, Next: get, Now: time.Now,
	})
	if _, err := g.Stop(); !errors.Is(err, refused) {
		t.Errorf("got %v, want %v", err, refused)
	}
}

func TestEndOfContextBreaksOff(t *testing.T) {
	for name, c := range map[string]load.Config{
		"a request under way": {Dial: serve(never)},
		"a wait for the next": {Dial: serve(after(0)), Rate: 0.001},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				c.Conns, c.Next, c.Now = 1, get, time.Now
				g := load.Start(ctx, c)
				synctest.Wait()
				cancel()
				if _, err := g.Wait(); !errors.Is(err, context.Canceled) {
					t.Errorf("got %v, want %v", err, context.Canceled)
				}
			})
		})
	}
}

func TestAnswerThatNeverComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		g := load.Start(t.Context(), load.Config{Dial: serve(never), Conns: 1, Next: get, Now: time.Now})
		_, err := g.Wait()
		if took := time.Since(began); err == nil || took != 30*time.Second {
			t.Errorf("got %v after %v, want an error after 30s", err, took)
		}
	})
}

func TestSend(t *testing.T) {
	chunked := "HTTP/1.1 201 Created\r\nX-A: 1\r\nX-A: 2\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n"
	r := get(0)
	r.Check = func(*load.Answer) error { return nil }
	got, err := load.Send(t.Context(), serve(func(*http.Request) string { return chunked }), r)
	want := &load.Answer{Status: 201, Header: http.Header{"X-A": {"1", "2"}}, Body: []byte("ok")}
	if diff := cmp.Diff(got, want); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestQuantile(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(i + 1)
	}
	for _, c := range []struct {
		name   string
		sorted []time.Duration
		q      float64
		want   time.Duration
	}{
		{"nothing", nil, 0.5, 0},
		{"one value is every quantile", hundred[:1], 0.01, 1},
		{"half of them took no longer", hundred, 0.5, 50},
		{"99 of 100 took no longer", hundred, 0.99, 99},
		{"the 99th of few is the largest", hundred[:10], 0.99, 10},
		{"all", hundred, 1, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := load.Quantile(c.sorted, c.q); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}
