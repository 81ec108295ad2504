package secure_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/internal/secure"
)

// A listener keeps what it was told, and when.
type listener struct {
	start time.Time
	mu    sync.Mutex
	heard []event
}

type event struct {
	At   time.Duration
	Busy bool
}

func (l *listener) tell(busy bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard = append(l.heard, event{time.Since(l.start), busy})
}

func TestBusy(t *testing.T) {
	const ms = time.Millisecond
	tests := []struct {
		name    string
		workers int
		do      func(work func(time.Duration))
		want    []event
	}{
		{"one of two workers", 2, func(work func(time.Duration)) { work(10 * ms) }, nil},
		{"all workers", 1, func(work func(time.Duration)) { work(10 * ms) }, []event{{0, true}, {time.Second, false}}},
		{"again and again is once", 1, func(work func(time.Duration)) {
			for range 30 {
				work(50 * ms)
				time.Sleep(50 * ms)
			}
		}, []event{{0, true}, {4 * time.Second, false}}}, // in the third second they were
		{"a hash that takes long", 1, func(work func(time.Duration)) { work(2500 * ms) }, []event{{0, true}, {3 * time.Second, false}}},
		{"once more later", 1, func(work func(time.Duration)) {
			work(10 * ms)
			time.Sleep(4990 * ms)
			work(10 * ms)
		}, []event{{0, true}, {time.Second, false}, {5 * time.Second, true}, {6 * time.Second, false}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &listener{start: time.Now()}
				passwords := secure.NewPasswords(secure.PasswordConfig{Workers: tt.workers, Busy: l.tell})
				tt.do(func(d time.Duration) {
					release, err := passwords.Acquire(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					time.Sleep(d)
					release()
				})
				time.Sleep(10 * time.Second)
				l.mu.Lock()
				defer l.mu.Unlock()
				if diff := cmp.Diff(l.heard, tt.want); diff != "" {
					t.Errorf("got -, want +:\n%s", diff)
				}
			})
		})
	}
}
