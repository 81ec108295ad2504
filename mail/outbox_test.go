package mail_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-auth/lockstep/mail"
)

// A recorder is a mailer that records when it was called, and fails as told.
type recorder struct {
	mu    sync.Mutex
	fail  func(n int) error // of the nth attempt, from 1
	times []time.Time
	ids   []string
}

func (r *recorder) Send(_ context.Context, m mail.Message) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.times = append(r.times, time.Now())
	r.ids = append(r.ids, m.ID)
	if r.fail == nil {
		return nil
	}
	return r.fail(len(r.times))
}

func (r *recorder) attempts() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.times)
}

// outbox runs f with an outbox on a virtual clock. The log must not have a
// secret.
func outbox(t *testing.T, m mail.Mailer, q mail.Queue, f func(*testing.T, *mail.Outbox)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		o := mail.NewOutbox(mail.OutboxConfig{
			Mailer: m, Queue: q, Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil)),
		})
		f(t, o)
		synctest.Wait()
		if err := o.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if strings.Contains(log.String(), "secret") || strings.Contains(log.String(), "ada@") {
			t.Errorf("the log tells: %s", &log)
		}
	})
}

func send(t *testing.T, o *mail.Outbox, m mail.Message) {
	t.Helper()
	if err := o.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

func empty(t *testing.T, q mail.Queue) {
	t.Helper()
	if next, err := q.Next(t.Context()); err != nil || !next.IsZero() {
		t.Errorf("the queue is not empty: %v, %v", next, err)
	}
}

func TestOutboxTriesAgain(t *testing.T) {
	t.Parallel()
	r := &recorder{fail: func(n int) error {
		if n < 4 {
			return errors.New("busy")
		}
		return nil
	}}
	q := mail.NewMemoryQueue(10)
	outbox(t, r, q, func(t *testing.T, o *mail.Outbox) {
		send(t, o, message())
		time.Sleep(time.Hour)
		if r.attempts() != 4 {
			t.Fatalf("%d attempts, want 4", r.attempts())
		}
		for i, upper := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second} {
			if d := r.times[i+1].Sub(r.times[i]); d < upper/2 || d > upper {
				t.Errorf("attempt %d after %v, want %v to %v", i+2, d, upper/2, upper)
			}
		}
		if r.ids[0] == "" || len(slices.Compact(r.ids)) != 1 {
			t.Errorf("ids %v, want one", r.ids)
		}
		empty(t, q)
	})
}

func TestOutboxGivesUp(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		err     error
		expires time.Duration
		want    int
	}{
		{"a message that is refused for good", fmt.Errorf("%w: unknown user", mail.ErrPermanent), 0, 1},
		{"a message that never gets through", errors.New("busy"), 0, 15},
		{"a message whose secret has expired", errors.New("busy"), 6 * time.Second, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := &recorder{fail: func(int) error { return tc.err }}
			q := mail.NewMemoryQueue(10)
			outbox(t, r, q, func(t *testing.T, o *mail.Outbox) {
				m := message()
				if tc.expires > 0 {
					m.Expires = time.Now().Add(tc.expires)
				}
				send(t, o, m)
				time.Sleep(24 * time.Hour)
				if r.attempts() > tc.want || r.attempts() == 0 || (tc.expires == 0 && r.attempts() != tc.want) {
					t.Errorf("%d attempts, want %d", r.attempts(), tc.want)
				}
				empty(t, q)
			})
		})
	}
}

func TestOutboxSurvivesAPanic(t *testing.T) {
	t.Parallel()
	n := 0
	q := mail.NewMemoryQueue(10)
	outbox(t, mailerFunc(func(context.Context, mail.Message) error {
		n++
		panic("boom")
	}), q, func(t *testing.T, o *mail.Outbox) {
		send(t, o, message())
		synctest.Wait()
		send(t, o, message())
		synctest.Wait()
		if n != 2 {
			t.Errorf("%d calls", n)
		}
		empty(t, q)
	})
}

// TestOutboxBreaksOffSlowMailers: a mail server that hangs keeps no message from
// being sent, nor the program from ending.
func TestOutboxBreaksOffSlowMailers(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var took []time.Duration
	m := mailerFunc(func(ctx context.Context, _ mail.Message) error {
		start := time.Now()
		<-ctx.Done()
		mu.Lock()
		took = append(took, time.Since(start))
		mu.Unlock()
		return ctx.Err()
	})
	synctest.Test(t, func(t *testing.T) {
		q := mail.NewMemoryQueue(10)
		o := mail.NewOutbox(mail.OutboxConfig{Mailer: m, Queue: q, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
		start := time.Now()
		send(t, o, message())
		if d := time.Since(start); d != 0 {
			t.Errorf("Send takes %v", d)
		}
		time.Sleep(31 * time.Second)
		mu.Lock()
		if len(took) != 1 || took[0] != 30*time.Second {
			t.Errorf("attempts took %v, want 30s", took)
		}
		mu.Unlock()
		time.Sleep(5 * time.Second) // the second attempt hangs
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := o.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close: %v", err)
		}
		if next, _ := q.Next(t.Context()); next.IsZero() {
			t.Error("the message is lost")
		}
		send(t, o, message()) // is kept, and sent by nobody
	})
}

// TestOutboxClose sends what is due before it ends, and runs nothing without
// messages.
func TestOutboxClose(t *testing.T) {
	t.Parallel()
	r := &recorder{}
	outbox(t, r, mail.NewMemoryQueue(100), func(t *testing.T, o *mail.Outbox) {
		for range 10 {
			send(t, o, message())
		}
		if err := o.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if err := o.Close(t.Context()); err != nil {
			t.Errorf("second: %v", err)
		}
		o.Wake()
		if r.attempts() != 10 {
			t.Errorf("%d of 10 were sent", r.attempts())
		}
	})
}

func TestOutboxBounds(t *testing.T) {
	t.Parallel()
	r := &recorder{}
	outbox(t, r, mail.NewMemoryQueue(1000), func(t *testing.T, o *mail.Outbox) {
		m := message()
		for i := range 30 {
			if m.To = "ADA@example.com"; i%2 == 0 {
				m.To = "ada@example.com"
			}
			send(t, o, m)
		}
		m.To = "eve@example.com"
		send(t, o, m)
		synctest.Wait()
		if r.attempts() != 21 {
			t.Errorf("%d messages, want 20 and 1", r.attempts())
		}
		time.Sleep(time.Hour)
		send(t, o, message())
		synctest.Wait()
		if r.attempts() != 22 {
			t.Errorf("%d messages, want one more after an hour", r.attempts())
		}
		if err := o.Send(t.Context(), mail.Message{To: "x"}); !errors.Is(err, mail.ErrPermanent) {
			t.Errorf("a message that is none: %v", err)
		}
	})
	full := mail.NewOutbox(mail.OutboxConfig{
		Mailer: r, Queue: mail.NewMemoryQueue(0), Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err := full.Send(t.Context(), message()); !errors.Is(err, mail.ErrFull) {
		t.Errorf("a full queue: %v", err)
	}
}

// TestMemoryQueue holds the queue to its contract.
func TestMemoryQueue(t *testing.T) {
	t.Parallel()
	ctx, q := t.Context(), mail.NewMemoryQueue(3)
	at := func(s int) time.Time { return time.Unix(int64(1000+s), 0) }
	for i, id := range []string{"late", "first", "second"} {
		if err := q.Put(ctx, mail.Item{ID: id, Due: at([]int{9, 1, 1}[i])}); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.Put(ctx, mail.Item{ID: "more"}); !errors.Is(err, mail.ErrFull) {
		t.Errorf("a fourth: %v", err)
	}
	ids := func(now int) (ids []string) {
		items, err := q.Take(ctx, at(now), at(100), 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range items {
			ids = append(ids, i.ID)
		}
		return ids
	}
	if got := ids(0); got != nil {
		t.Errorf("before anything is due: %v", got)
	}
	if got := ids(1); !slices.Equal(got, []string{"first", "second"}) {
		t.Errorf("due: %v", got)
	}
	if got := ids(1); got != nil {
		t.Errorf("leased twice: %v", got)
	}
	q.Remove(ctx, "first")
	q.Retry(ctx, mail.Item{ID: "second", Attempts: 1, Due: at(5)})
	q.Retry(ctx, mail.Item{ID: "first", Due: at(5)})
	if next, _ := q.Next(ctx); !next.Equal(at(5)) {
		t.Errorf("next is %v", next)
	}
	if got := ids(9); !slices.Equal(got, []string{"second", "late"}) {
		t.Errorf("after a retry: %v", got)
	}
}
