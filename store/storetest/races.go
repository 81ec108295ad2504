package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/store"
)

func raceCases() []testCase {
	return []testCase{
		{"ConcurrentIncrements", []Feature{Exactness}, testIncrements},
		{"ConcurrentLimit", []Feature{Exactness}, testLimit},
		{"ConcurrentConsumption", []Feature{Exactness, AtomicBatches}, testConsumption},
		{"ConcurrentUnique", []Feature{UniqueFields}, testConcurrentUnique},
		{"ConcurrentSnapshots", []Feature{Snapshots, AtomicBatches}, testSnapshots},
		{"EndingContexts", []Feature{AtomicBatches}, testEndingContexts},
	}
}

// together runs f n times at once and returns how often it said true.
func together(n int, f func(i int) bool) int {
	var wg sync.WaitGroup
	var won atomic.Int64
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			if f(i) {
				won.Add(1)
			}
		})
	}
	close(start)
	wg.Wait()
	return int(won.Load())
}

func testIncrements(t *testing.T, s store.Store) {
	mustCreate(t, s, "odd", odd("a"))
	won := together(50, func(int) bool {
		_, err := apply(t.Context(), s, store.Op{
			Verb: store.Update, Table: "odd", Where: store.Is("name", "a"), Expect: store.One, Add: map[string]float64{"number": 1},
		})
		if err != nil {
			t.Error(err)
		}
		return err == nil
	})
	equal(t, "increments that succeeded", won, 50)
	equal(t, "number", mustRead(t, s, store.Query{Table: "odd"}).One()["number"], any(50.0))
}

// testLimit checks that a guard on a number holds for concurrent increments of
// it, as a limit of attempts does.
func testLimit(t *testing.T, s store.Store) {
	mustCreate(t, s, "odd", odd("a", "number", 0.0))
	won := together(30, func(int) bool {
		_, err := apply(t.Context(), s, store.Op{
			Verb: store.Update, Table: "odd", Expect: store.One,
			Where: store.Is("name", "a").And("number", store.Lt, 5.0), Add: map[string]float64{"number": 1},
		})
		if err != nil && !store.IsGuard(err) {
			t.Error(err)
		}
		return err == nil
	})
	equal(t, "attempts within the limit", won, 5)
	equal(t, "number", mustRead(t, s, store.Query{Table: "odd"}).One()["number"], any(5.0))
}

// testConsumption checks that a secret pays once for what it pays for.
func testConsumption(t *testing.T, s store.Store) {
	mustCreate(t, s, "verification", store.Record{
		"identifier": "secret", "value": "v", "expiresAt": at(0), "createdAt": at(0), "updatedAt": at(0),
	})
	won := together(32, func(i int) bool {
		_, err := apply(t.Context(), s,
			creation("user", newUser(fmt.Sprint(i))),
			store.Op{Verb: store.Delete, Table: "verification", Where: store.Is("identifier", "secret"), Expect: store.One})
		if err != nil && !store.IsGuard(err) {
			t.Error(err)
		}
		return err == nil
	})
	equal(t, "callers that consumed it", won, 1)
	equal(t, "what it paid for", mustRead(t, s, store.Query{Table: "user", Count: true}).Count, 1)
}

func testConcurrentUnique(t *testing.T, s store.Store) {
	won := together(50, func(int) bool {
		_, err := apply(t.Context(), s, creation("user", newUser("same@x")))
		if err != nil && !store.IsUnique(err, "user") {
			t.Error(err)
		}
		return err == nil
	})
	equal(t, "rows created", won, 1)
	equal(t, "rows", mustRead(t, s, store.Query{Table: "user", Count: true}).Count, 1)
}

// testSnapshots moves a number between two rows and checks that no Read sees
// it in neither or in both.
func testSnapshots(t *testing.T, s store.Store) {
	mustCreate(t, s, "odd", odd("a", "number", 0.0), odd("b", "number", 0.0))
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(done)
		for range 60 {
			_, err := apply(t.Context(), s,
				store.Op{Verb: store.Update, Table: "odd", Where: store.Is("name", "a"), Add: map[string]float64{"number": -1}},
				store.Op{Verb: store.Update, Table: "odd", Where: store.Is("name", "b"), Add: map[string]float64{"number": 1}})
			if err != nil {
				t.Error(err)
				return
			}
		}
	})
	reads := 0
	for running := true; running; reads++ {
		select {
		case <-done:
			running = false
		default:
		}
		results, err := s.Read(t.Context(),
			store.Query{Table: "odd", Where: store.Is("name", "a")},
			store.Query{Table: "odd", Where: store.Is("name", "b")})
		if err != nil {
			t.Fatal(err)
		}
		a, _ := results[0].One()["number"].(float64)
		b, _ := results[1].One()["number"].(float64)
		if a+b != 0 {
			t.Fatalf("read %d saw %v and %v", reads, a, b)
		}
	}
	wg.Wait()
}

// testEndingContexts checks that a batch whose context ends under way has
// happened when Apply says so, has not when it says that, and leaves the store
// usable.
func testEndingContexts(t *testing.T, s store.Store) {
	const n = 200
	outcomes := make([]error, n)
	together(4, func(worker int) bool {
		for i := worker; i < n; i += 4 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%25)*40*time.Microsecond)
			email := fmt.Sprint(i)
			_, outcomes[i] = apply(ctx, s,
				creation("user", newUser(email)),
				creation("session", newSession(email, store.IDOf(0))))
			cancel()
		}
		return true
	})
	for i, err := range outcomes {
		email := fmt.Sprint(i)
		users := mustRead(t, s, store.Query{Table: "user", Where: store.Is("email", email), Count: true}).Count
		sessions := mustRead(t, s, store.Query{Table: "session", Where: store.Is("token", email), Count: true}).Count
		want := 1
		switch {
		case errors.Is(err, store.ErrUnknownOutcome):
			want = users
		case errors.Is(err, store.ErrUnavailable):
			want = 0
		case err != nil:
			t.Errorf("batch %d: %v", i, err)
		}
		if users != want || sessions != want {
			t.Errorf("batch %d ended with %v and left %d users and %d sessions", i, err, users, sessions)
		}
	}
	mustCreate(t, s, "user", newUser("after"))
}
