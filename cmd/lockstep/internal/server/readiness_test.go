package server_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/server"
)

func TestRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pings int
		var result error
		ping := server.Remembered(func(context.Context) error { pings++; return result }, time.Now)
		check := func(when string, want error, wantPings int) {
			t.Helper()
			if err := ping(t.Context()); !errors.Is(err, want) || pings != wantPings {
				t.Errorf("%s: got %v after %d pings, want %v after %d", when, err, pings, want, wantPings)
			}
		}
		check("at first", nil, 1)
		result = errors.New("down")
		time.Sleep(999 * time.Millisecond)
		check("within the second", nil, 1)
		time.Sleep(time.Millisecond)
		check("after it", result, 2)
		was := result
		result = nil
		check("a failure is remembered, too", was, 2)
		time.Sleep(time.Second)
		check("and no longer", nil, 3)
	})
}

func TestRememberedMakesOnePingForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pings atomic.Int32
		ping := server.Remembered(func(context.Context) error {
			pings.Add(1)
			time.Sleep(time.Second / 2)
			return nil
		}, time.Now)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if err := ping(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := pings.Load(); got != 1 {
			t.Errorf("got %d pings, want 1", got)
		}
	})
}

// TestRememberedBelongsToNoProber: one that goes away spoils nothing for the
// others, and none waits longer than it wants to.
func TestRememberedBelongsToNoProber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ping := server.Remembered(func(ctx context.Context) error {
			<-ctx.Done()
			return context.Cause(ctx)
		}, time.Now)
		start := time.Now()
		impatient, cancel := context.WithTimeout(t.Context(), time.Second/4)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			gone, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			defer cancel()
			if err := ping(gone); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 2*time.Second {
				t.Errorf("the first: got %v after %v, want the end of its ping after 2s", err, time.Since(start))
			}
		})
		synctest.Wait()
		if err := ping(impatient); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second/4 {
			t.Errorf("another: got %v after %v, want the end of its patience", err, time.Since(start))
		}
		wg.Wait()
	})
}
