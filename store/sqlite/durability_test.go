package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/sqlite"
	"github.com/lockstep-auth/lockstep/store/storetest"
)

// TestKill checks that rows which Apply answered survive kill -9.
func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "auth.db")
	for round := range 3 {
		cmd, out := startChild(t, path, "endless")
		lines := bufio.NewScanner(out)
		var stored []string
		for lines.Scan() {
			stored = append(stored, lines.Text())
			if len(stored) == 20+7*round {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		cmd.Wait() // an error, as it was killed
		if len(stored) < 20 {
			t.Fatalf("the child stored %d rows", len(stored))
		}
		s := openAt(t, path)
		migrate(t, s, storetest.Tables())
		got, err := s.Read(t.Context(), store.Query{Table: "user", Count: true, Where: store.Is().And("email", store.In, stored)})
		if err != nil {
			t.Fatal(err)
		}
		if got[0].Count != len(stored) {
			t.Errorf("round %d: %d of %d rows survived", round, got[0].Count, len(stored))
		}
		if _, err := s.Apply(t.Context(), store.Batch{Ops: []store.Op{
			{Verb: store.Delete, Table: "user", Where: store.Is().And("email", store.Ne, nil)},
		}}); err != nil {
			t.Errorf("writing after the kill: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestProcesses checks that programs which create, migrate and write one file
// at once do not fail, and lose no increment.
func TestProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "auth.db")
	var wg sync.WaitGroup
	for i := range 3 {
		cmd, out := startChild(t, path, fmt.Sprint("child", i))
		wg.Go(func() {
			n, err := io.Copy(io.Discard, out)
			if err := cmd.Wait(); err != nil {
				t.Errorf("child %d: %v", i, err)
			}
			if n == 0 || err != nil {
				t.Errorf("child %d printed nothing: %v", i, err)
			}
		})
	}
	s := openAt(t, path)
	migrate(t, s, storetest.Tables())
	if err := seedShared(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	read := func(q store.Query) store.Result {
		t.Helper()
		r, err := s.Read(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		return r[0]
	}
	for i := range 100 {
		if err := addShared(t.Context(), s, fmt.Sprint("parent-", i)); err != nil {
			t.Fatal(err)
		}
		read(store.Query{Table: "user", Limit: 10})
	}
	wg.Wait()
	if n := read(store.Query{Table: "user", Count: true}).Count; n != 400 {
		t.Errorf("%d rows of 4 programs, want 400", n)
	}
	if got := read(store.Query{Table: "rateLimit"}).Rows[0]["count"]; got != 400.0 {
		t.Errorf("%v increments of 4 programs, want 400", got)
	}
}

// TestManyReadersOneWriter checks that readers and writers of two stores on
// one file never see an error.
func TestManyReadersOneWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "auth.db")
	a, b := openAt(t, path), openAt(t, path)
	migrate(t, a, storetest.Tables())
	migrate(t, b, storetest.Tables())
	if err := seedShared(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	running, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer cancel()
	var wg sync.WaitGroup
	var writes, reads atomic.Int64
	loop := func(f func(i int) error) {
		wg.Go(func() {
			for i := 0; running.Err() == nil; i++ {
				if err := f(i); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for w, s := range []*sqlite.Store{a, b, a} {
		loop(func(i int) error {
			writes.Add(1)
			return addShared(t.Context(), s, fmt.Sprintf("%d-%d", w, i))
		})
	}
	for i := range 8 {
		s := []*sqlite.Store{a, b}[i%2]
		loop(func(int) error {
			reads.Add(1)
			r, err := s.Read(t.Context(),
				store.Query{Table: "rateLimit"},
				store.Query{Table: "user", Count: true})
			if err != nil {
				return err
			}
			if n := r[0].One()["count"].(float64); int(n) != r[1].Count {
				return fmt.Errorf("a snapshot has %v increments and %d rows", n, r[1].Count)
			}
			return nil
		})
	}
	wg.Wait()
	r, err := a.Read(t.Context(), store.Query{Table: "rateLimit"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := r[0].One()["count"].(float64), float64(writes.Load()); got != want {
		t.Errorf("%v increments, want %v", got, want)
	}
	t.Logf("%d writes, %d reads", writes.Load(), reads.Load())
}
