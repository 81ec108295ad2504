package ratelimit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/internal/ratelimit"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/memory"
)

var start = time.UnixMilli(1_700_000_000_000)

// database returns a store with the table of rate limits.
func database(t testing.TB) *memory.Store {
	t.Helper()
	db := memory.New()
	if err := db.Bind([]schema.Table{ratelimit.Table()}); err != nil {
		t.Fatal(err)
	}
	return db
}

// limiters returns one of each kind, without a fallback that could hide a
// failure.
func limiters(t testing.TB) map[string]ratelimit.Limiter {
	return map[string]ratelimit.Limiter{
		"memory": ratelimit.NewMemory(0),
		"store":  ratelimit.NewStore(database(t), broken{}, nil),
	}
}

// broken is a Limiter and a store that always fails.
type broken struct{}

var errBroken = errors.New("broken")

func (broken) Take(context.Context, string, ratelimit.Rule, time.Time) (ratelimit.Decision, error) {
	return ratelimit.Decision{}, errBroken
}

func (broken) Read(context.Context, ...store.Query) ([]store.Result, error) {
	return nil, store.ErrUnavailable
}

func (broken) Apply(context.Context, store.Batch) ([]store.Record, error) {
	return nil, store.ErrUnavailable
}

func take(t testing.TB, l ratelimit.Limiter, key string, r ratelimit.Rule, now time.Time) ratelimit.Decision {
	t.Helper()
	d, err := l.Take(t.Context(), key, r, now)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestCountsOfUpstream(t *testing.T) {
	type row struct {
		Now         int64
		Key         string
		Window, Max int
		Allowed     bool
		RetryAfter  int
	}
	rows := readJSON[[]row](t, "windows.json")
	for name, l := range limiters(t) {
		t.Run(name, func(t *testing.T) {
			for i, r := range rows {
				got := take(t, l, r.Key, ratelimit.Rule{Window: time.Duration(r.Window) * time.Millisecond, Max: r.Max}, time.UnixMilli(r.Now))
				want := ratelimit.Decision{Allowed: r.Allowed, RetryAfter: time.Duration(r.RetryAfter) * time.Second}
				if got != want {
					t.Fatalf("call %d, of %s: got %+v, want %+v", i+1, r.Key, got, want)
				}
			}
		})
	}
}

func TestRefusedCallsDoNotProlongTheWindow(t *testing.T) {
	for name, l := range limiters(t) {
		t.Run(name, func(t *testing.T) {
			r := rule(10, 1)
			take(t, l, "k", r, start)
			for s := range 10 {
				d := take(t, l, "k", r, start.Add(time.Duration(s)*time.Second))
				if want := time.Duration(10-s) * time.Second; d.Allowed || d.RetryAfter != want {
					t.Errorf("after %d s: got %+v, want a refusal for %v", s, d, want)
				}
			}
			if d := take(t, l, "k", r, start.Add(10*time.Second)); !d.Allowed {
				t.Errorf("after the window: got %+v, want it allowed", d)
			}
		})
	}
}

func TestClockThatWasAheadDoesNotLockOut(t *testing.T) {
	for name, l := range limiters(t) {
		t.Run(name, func(t *testing.T) {
			r := rule(10, 2)
			take(t, l, "k", r, start.Add(24*time.Hour))
			for i := range 2 {
				if d := take(t, l, "k", r, start); !d.Allowed {
					t.Errorf("call %d a day before the first: got %+v, want it allowed", i+1, d)
				}
			}
			if d := take(t, l, "k", r, start.Add(-time.Second)); d.Allowed {
				t.Errorf("a call too many a second before: got %+v, want it refused", d)
			}
		})
	}
}

func TestKeysDoNotShareACount(t *testing.T) {
	long := strings.Repeat("x", 300)
	for name, l := range limiters(t) {
		t.Run(name, func(t *testing.T) {
			for _, key := range []string{ratelimit.Key("1.2.3.4", "/a"), ratelimit.Key("1.2.3.4", "/b"), ratelimit.Key("1.2.3.5", "/a"), long + "1", long + "2", "", strings.Repeat("x", 255)} {
				if d := take(t, l, key, rule(10, 1), start); !d.Allowed {
					t.Errorf("first call of %.20q: got %+v, want it allowed", key, d)
				}
				if d := take(t, l, key, rule(10, 1), start); d.Allowed {
					t.Errorf("second call of %.20q: got %+v, want it refused", key, d)
				}
			}
		})
	}
}

// RL-05: exactly as many calls pass as the rule allows.
func TestConcurrentCallsAreExact(t *testing.T) {
	for name, l := range limiters(t) {
		t.Run(name, func(t *testing.T) {
			now := start
			for round := range 20 { // the first makes the row, later ones reset it
				if got := takeAtOnce(t, l, "k", rule(10, 3), now); got != 3 {
					t.Fatalf("round %d: got %d of 50 calls allowed, want 3", round+1, got)
				}
				now = now.Add(10 * time.Second)
			}
		})
	}
}

// takeAtOnce makes 50 calls at the same time and returns how many were allowed.
func takeAtOnce(t *testing.T, l ratelimit.Limiter, key string, r ratelimit.Rule, now time.Time) int {
	t.Helper()
	var wg sync.WaitGroup
	var allowed atomic.Int32
	barrier := make(chan struct{})
	for range 50 {
		wg.Go(func() {
			<-barrier
			d, err := l.Take(t.Context(), key, r, now)
			if err != nil {
				t.Error(err)
			}
			if d.Allowed {
				allowed.Add(1)
			}
		})
	}
	close(barrier)
	wg.Wait()
	return int(allowed.Load())
}

// RL-09: keys are bounded, however many there are.
func TestMemoryIsBounded(t *testing.T) {
	m := ratelimit.NewMemory(1000)
	for i := range 1_000_000 {
		take(t, m, fmt.Sprintf("203.0.113.1|/%d", i), rule(10, 3), start)
	}
	if got := m.Len(); got > 1000 || got < 900 {
		t.Errorf("got %d keys, want at most 1000 and not many fewer", got)
	}
	for _, limit := range []int{1, 2, 63, 64, 65, 129} {
		m := ratelimit.NewMemory(limit)
		for i := range 1000 {
			take(t, m, fmt.Sprint(i), rule(10, 3), start)
		}
		if got := m.Len(); got > limit || got == 0 {
			t.Errorf("got %d keys, want at most %d", got, limit)
		}
	}
}

func TestMemoryForgetsTheExpiredFirst(t *testing.T) {
	m := ratelimit.NewMemory(3)
	take(t, m, "old but long", rule(60, 1), start)
	take(t, m, "expired", rule(2, 1), start.Add(time.Second))
	take(t, m, "short", rule(10, 1), start.Add(2*time.Second))
	now := start.Add(5 * time.Second)
	take(t, m, "new", rule(10, 1), now)
	for key, seconds := range map[string]int{"old but long": 60, "short": 10, "new": 10} {
		if d := take(t, m, key, rule(seconds, 1), now); d.Allowed {
			t.Errorf("%s: its count was forgotten", key)
		}
	}
	take(t, m, "one too many", rule(10, 1), now)
	for key, seconds := range map[string]int{"old but long": 60, "new": 10, "one too many": 10} {
		if d := take(t, m, key, rule(seconds, 1), now); d.Allowed {
			t.Errorf("%s: its count was forgotten, and another ends sooner", key)
		}
	}
	if got := m.Len(); got != 3 {
		t.Errorf("got %d keys, want 3", got)
	}
}

// Upstream forgets a count when the window it was made under has passed,
// whatever the rule is now.
func TestMemoryWindowThatGrows(t *testing.T) {
	m := ratelimit.NewMemory(0)
	take(t, m, "k", rule(1, 1), start)
	if d := take(t, m, "k", rule(60, 1), start.Add(time.Second)); !d.Allowed {
		t.Errorf("got %+v, want it allowed", d)
	}
}

func TestMemoryShrinks(t *testing.T) {
	m := ratelimit.NewMemory(0)
	for i := range 1000 {
		take(t, m, fmt.Sprint("first", i), rule(10, 1), start)
	}
	for i := range 2000 {
		take(t, m, fmt.Sprint("then", i), rule(10, 1), start.Add(time.Duration(10+i)*time.Second))
	}
	if got := m.Len(); got > 1000 {
		t.Errorf("got %d keys, want no more than are live and a few", got)
	}
}

func TestMemoryDoesNotAllocate(t *testing.T) {
	m := ratelimit.NewMemory(0)
	take(t, m, "k", rule(10, 3), start)
	if n := testing.AllocsPerRun(100, func() { take(t, m, "k", rule(10, 3), start) }); n != 0 {
		t.Errorf("got %v allocations, want none", n)
	}
}

// counting counts the round trips to a store.
type counting struct {
	store.Store
	trips atomic.Int32
}

func (c *counting) Read(ctx context.Context, q ...store.Query) ([]store.Result, error) {
	c.trips.Add(1)
	return c.Store.Read(ctx, q...)
}

func (c *counting) Apply(ctx context.Context, b store.Batch) ([]store.Record, error) {
	c.trips.Add(1)
	return c.Store.Apply(ctx, b)
}

func TestRoundTrips(t *testing.T) {
	db := &counting{Store: database(t)}
	l := ratelimit.NewStore(db, broken{}, nil)
	for _, tt := range []struct {
		call  string
		after time.Duration
		want  int32
	}{
		{"the first call makes the row", 0, 3},
		{"the usual call", 0, 1},
		{"a call too many", 0, 2},
		{"the first call of another window", 10 * time.Second, 3},
		{"the usual call again", 10 * time.Second, 1},
		{"a call that prunes and finds nothing", 70 * time.Second, 4},
		{"no other prunes in the same minute", 80 * time.Second, 3},
	} {
		db.trips.Store(0)
		take(t, l, "k", rule(10, 2), start.Add(tt.after))
		if got := db.trips.Load(); got != tt.want {
			t.Errorf("%s: got %d round trips, want %d", tt.call, got, tt.want)
		}
	}
}

func rows(t *testing.T, db store.Store) int {
	t.Helper()
	results, err := db.Read(t.Context(), store.Query{Table: ratelimit.Table().Name, Count: true})
	if err != nil {
		t.Fatal(err)
	}
	return results[0].Count
}

func TestStorePrunesOldRows(t *testing.T) {
	db := database(t)
	l := ratelimit.NewStore(db, broken{}, nil)
	for i := range 700 {
		take(t, l, fmt.Sprint(i), rule(10, 3), start)
	}
	take(t, l, "day", rule(24*60*60, 3), start)
	for _, tt := range []struct {
		when string
		at   time.Duration
		want int
	}{
		{"rows of the longest window stay", 2 * time.Hour, 702},
		{"500 at a time", 24*time.Hour + time.Minute, 203},
		{"once a minute", 24*time.Hour + 2*time.Minute - time.Second, 204},
		{"the rest", 24*time.Hour + 2*time.Minute, 4},
	} {
		take(t, l, tt.when, rule(10, 3), start.Add(tt.at))
		if got := rows(t, db); got != tt.want {
			t.Errorf("%s: got %d rows, want %d", tt.when, got, tt.want)
		}
	}
}

// RL-08: a failure of the database neither stops the server nor lifts the
// limits.
func TestStoreFallsBack(t *testing.T) {
	var log bytes.Buffer
	l := ratelimit.NewStore(broken{}, nil, slog.New(slog.NewTextHandler(&log, nil)))
	allowed := 0
	for i := range 50 {
		if take(t, l, "203.0.113.1|/secret", rule(10, 3), start.Add(time.Duration(i)*time.Millisecond)).Allowed {
			allowed++
		}
	}
	if allowed != 3 {
		t.Errorf("got %d calls allowed, want 3", allowed)
	}
	if got := strings.Count(log.String(), "level=WARN"); got != 1 {
		t.Errorf("got %d warnings, want 1 in a minute:\n%s", got, log.String())
	}
	if strings.Contains(log.String(), "secret") {
		t.Errorf("the log has the key: %s", log.String())
	}
	take(t, l, "k", rule(10, 3), start.Add(time.Minute))
	if got := strings.Count(log.String(), "level=WARN"); got != 2 {
		t.Errorf("got %d warnings after a minute, want 2", got)
	}
}

// contended is a store in which others win every race.
type contended struct{ store.Store }

func (contended) Apply(context.Context, store.Batch) ([]store.Record, error) {
	return nil, &store.GuardError{}
}

func TestStoreGivesUpOnARowThatKeepsChanging(t *testing.T) {
	db := &counting{Store: contended{database(t)}}
	l := ratelimit.NewStore(db, ratelimit.NewMemory(0), nil)
	for i := range 4 {
		if got, want := take(t, l, "k", rule(10, 3), start).Allowed, i < 3; got != want {
			t.Errorf("call %d: got allowed %v, want %v by the fallback", i+1, got, want)
		}
	}
	if got := db.trips.Load(); got > 4*15 {
		t.Errorf("got %d round trips for 4 calls, want a few for each", got)
	}
}

// racing is a store in which somebody else acts between a Read and what
// follows, once.
type racing struct {
	store.Store
	act func()
}

func (r *racing) Read(ctx context.Context, q ...store.Query) ([]store.Result, error) {
	results, err := r.Store.Read(ctx, q...)
	if act := r.act; act != nil {
		r.act = nil
		act()
	}
	return results, err
}

func TestStoreSeesCallsInBetween(t *testing.T) {
	for name, now := range map[string]time.Time{
		"when both make the row":  start,
		"when both reset the row": start.Add(10 * time.Second),
	} {
		t.Run(name, func(t *testing.T) {
			db := database(t)
			other := ratelimit.NewStore(db, broken{}, nil)
			if now.After(start) {
				take(t, other, "k", rule(10, 1), start)
			}
			l := ratelimit.NewStore(&racing{Store: db, act: func() {
				if d := take(t, other, "k", rule(10, 1), now); !d.Allowed {
					t.Errorf("the other call: got %+v, want it allowed", d)
				}
			}}, broken{}, nil)
			if d := take(t, l, "k", rule(10, 1), now); d.Allowed {
				t.Errorf("the second call: got %+v, want it refused", d)
			}
		})
	}
}

func TestStoreBoundsKeys(t *testing.T) {
	db := database(t)
	for _, n := range []int{255, 256, 1 << 20} {
		take(t, ratelimit.NewStore(db, broken{}, nil), strings.Repeat("x", n), rule(10, 3), start)
	}
	results, err := db.Read(t.Context(), store.Query{Table: "rateLimit"})
	if err != nil {
		t.Fatal(err)
	}
	if got := len(results[0].Rows); got != 3 {
		t.Errorf("got %d rows, want 3", got)
	}
	for _, row := range results[0].Rows {
		if key, ok := row["key"].(string); !ok || len(key) > 255 {
			t.Errorf("got a key of %d bytes, want at most 255", len(key))
		}
	}
}

// A process that runs Better Auth shares the rows.
func TestStoreUsesRowsOfUpstream(t *testing.T) {
	db := database(t)
	put := func(key string, count float64, last time.Time) {
		_, err := db.Apply(t.Context(), store.Batch{Ops: []store.Op{{
			Verb: store.Create, Table: "rateLimit",
			Set: store.Record{"key": key, "count": count, "lastRequest": float64(last.UnixMilli())},
		}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	put("192.0.2.1|/sign-in/email", 3, start)
	put("192.0.2.2|/sign-in/email", 2, start)
	l := ratelimit.NewStore(db, broken{}, nil)
	if d := take(t, l, ratelimit.Key("192.0.2.1", "/sign-in/email"), rule(10, 3), start.Add(time.Second)); d.Allowed || d.RetryAfter != 9*time.Second {
		t.Errorf("full: got %+v, want a refusal for 9 s", d)
	}
	if d := take(t, l, ratelimit.Key("192.0.2.2", "/sign-in/email"), rule(10, 3), start.Add(time.Second)); !d.Allowed {
		t.Errorf("room for one: got %+v, want it allowed", d)
	}
	if d := take(t, l, ratelimit.Key("192.0.2.2", "/sign-in/email"), rule(10, 3), start.Add(time.Second)); d.Allowed {
		t.Errorf("no room: got %+v, want it refused", d)
	}
}

func BenchmarkMemory(b *testing.B) {
	m := ratelimit.NewMemory(0)
	keys := make([]string, 200_000)
	for i := range keys {
		keys[i] = fmt.Sprintf("203.0.113.1|/%d", i)
	}
	i := 0
	for b.Loop() {
		take(b, m, keys[i%len(keys)], rule(10, 3), start.Add(time.Duration(i)*time.Microsecond))
		i++
	}
}
