package sqlite_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/sqlite"
	"github.com/lockstep-auth/lockstep/store/storetest"
)

// childVar names the variable that makes this program write to a file instead
// of running the tests. Its value is the path.
const childVar = "STORE_SQLITE_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childVar); path != "" {
		if err := child(path, os.Args[1], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child writes rows whose names start with prefix, increments the count of key
// "shared" beside each, and prints each name when it is stored. It stops after
// 100 rows, or never if prefix is "endless".
func child(path, prefix string, out io.Writer) error {
	s, err := sqlite.Open(path)
	if err != nil {
		return err
	}
	if err := s.Bind(storetest.Tables()); err != nil {
		return err
	}
	ctx := context.Background()
	if err := s.Migrate(ctx); err != nil {
		return err
	}
	if err := seedShared(ctx, s); err != nil {
		return err
	}
	for i := 0; i < 100 || prefix == "endless"; i++ {
		name := prefix + "-" + strconv.Itoa(i)
		if err := addShared(ctx, s, name); err != nil {
			return err
		}
		fmt.Fprintln(out, name)
	}
	return s.Close()
}

// seedShared makes the row that addShared counts in, unless it is there.
func seedShared(ctx context.Context, s *sqlite.Store) error {
	_, err := s.Apply(ctx, store.Batch{Ops: []store.Op{{
		Verb: store.Create, Table: "rateLimit", Set: store.Record{"key": "shared", "count": 0.0, "lastRequest": 0.0},
	}}})
	if store.IsUnique(err, "rateLimit") {
		return nil
	}
	return err
}

// addShared adds a row and counts it, in one batch.
func addShared(ctx context.Context, s *sqlite.Store, name string) error {
	_, err := s.Apply(ctx, store.Batch{Ops: []store.Op{
		{Verb: store.Create, Table: "user", Set: person(name)},
		{
			Verb: store.Update, Table: "rateLimit", Where: store.Is("key", "shared"), Expect: store.One,
			Add: map[string]float64{"count": 1},
		},
	}})
	return err
}

// startChild starts this program again to write to path.
func startChild(t *testing.T, path, prefix string) (*exec.Cmd, io.Reader) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, prefix)
	cmd.Env = append(os.Environ(), childVar+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, out
}
