package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/sqlite"
	"github.com/lockstep-auth/lockstep/store/storetest"
)

// wantUnavailable checks that err says that the file cannot be used, and why.
func wantUnavailable(t *testing.T, err error, why string) {
	t.Helper()
	if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), why) {
		t.Errorf("got %v, want store.ErrUnavailable with %q", err, why)
	}
}

func create(ctx context.Context, s *sqlite.Store, email string) error {
	_, err := s.Apply(ctx, store.Batch{Ops: []store.Op{{Verb: store.Create, Table: "user", Set: person(email)}}})
	return err
}

func count(t *testing.T, s *sqlite.Store) int {
	t.Helper()
	r, err := s.Read(t.Context(), store.Query{Table: "user", Count: true})
	if err != nil {
		t.Fatal(err)
	}
	return r[0].Count
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	newer := filepath.Join(dir, "newer.db")
	run(t, raw(t, newer), `create table lockstep_meta ("key" text primary key, "value" text)`, `insert into lockstep_meta values ('format', '2')`)
	for _, c := range []struct{ rule, path, want string }{
		{"a text", write("text", strings.Repeat("not a database\n", 100)), "not an SQLite database"},
		{"a directory", dir, "cannot be opened"},
		{"a directory that is not there", filepath.Join(dir, "none", "auth.db"), "no such file or directory"},
		{"a file of a later version", newer, `format "2", which is newer than this program`},
	} {
		t.Run(c.rule, func(t *testing.T) {
			s, err := sqlite.Open(c.path)
			if s != nil {
				t.Error("got a store")
			}
			wantUnavailable(t, err, c.want)
			if !strings.Contains(err.Error(), c.path) {
				t.Errorf("error %q does not name the file", err)
			}
		})
	}
	for _, path := range []string{"", ":memory:"} {
		if _, err := sqlite.Open(path); err == nil {
			t.Errorf("Open(%q) succeeded", path)
		}
	}
}

// TestOpenSameFormat checks that the mark of our own format is no reason to
// refuse a file.
func TestOpenSameFormat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "auth.db")
	run(t, raw(t, path), `create table lockstep_meta ("key" text primary key, "value" text)`, `insert into lockstep_meta values ('format', '1')`)
	migrate(t, openAt(t, path), storetest.Tables())
}

func TestOpenPath(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"plain.db", "a b?c#d%20e&f=g;h'\".db", "ünï🙂", "file:x"} {
		path := filepath.Join(dir, name)
		s := openAt(t, path)
		migrate(t, s, storetest.Tables())
		if err := create(t.Context(), s, "ada@x"); err != nil {
			t.Fatal(err)
		}
		for _, suffix := range []string{"", "-wal"} {
			info, err := os.Stat(path + suffix)
			if err != nil {
				t.Errorf("%q: %v", name, err)
			} else if mode := info.Mode().Perm(); mode != 0o600 {
				t.Errorf("mode of %q: got %o, want 600", name+suffix, mode)
			}
		}
	}
}

func TestFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "auth.db")
	migrate(t, openAt(t, path), storetest.Tables())
	s, err := sqlite.OpenWith(path, "max_page_count(60)")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Bind(storetest.Tables()); err != nil {
		t.Fatal(err)
	}
	n := 0
	for ; n < 100; n++ {
		r := person(strings.Repeat("x", n+1))
		r["image"] = strings.Repeat("x", 20_000)
		_, err = s.Apply(t.Context(), store.Batch{Ops: []store.Op{
			{Verb: store.Create, Table: "user", Set: r},
			{Verb: store.Create, Table: "session", Set: session(strings.Repeat("x", n+1), store.IDOf(0))},
		}})
		if err != nil {
			break
		}
	}
	wantUnavailable(t, err, "the disk is full: make room")
	if n == 0 || count(t, s) != n {
		t.Errorf("%d rows after %d batches that succeeded", count(t, s), n)
	}
	if _, err := s.Apply(t.Context(), store.Batch{Ops: []store.Op{
		{Verb: store.Delete, Table: "user", Where: store.Is("email", "x")},
	}}); err != nil {
		t.Errorf("a deletion to make room: %v", err)
	}
	if err := create(t.Context(), s, "ada@x"); err != nil {
		t.Errorf("a row once there is room: %v", err)
	}
}

func TestDamaged(t *testing.T) {
	for rule, damage := range map[string]func(file []byte) []byte{
		"pages overwritten": func(b []byte) []byte {
			for i := 4096; i < len(b); i++ {
				b[i] = 0xff
			}
			return b
		},
		"cut off": func(b []byte) []byte { return b[:len(b)/2] },
	} {
		t.Run(rule, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "auth.db")
			s := filledAt(t, path, 2000)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			file, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, damage(file), 0o600); err != nil {
				t.Fatal(err)
			}
			s, err = sqlite.Open(path)
			if err == nil { // the first page may be enough to open it
				defer s.Close()
				if err = s.Bind(storetest.Tables()); err == nil {
					_, err = s.Read(t.Context(), store.Query{Table: "session"})
				}
			}
			wantUnavailable(t, err, "the file is damaged: stop the server and restore a backup")
		})
	}
}

func TestLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "auth.db")
	s, err := sqlite.OpenWith(path, "busy_timeout(20)")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	migrate(t, s, storetest.Tables())
	patient := openAt(t, path)
	migrate(t, patient, storetest.Tables())
	db := raw(t, path)
	db.SetMaxOpenConns(1)
	run(t, db, "begin immediate")

	wantUnavailable(t, create(t.Context(), s, "ada@x"), "another program keeps the file locked")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	start := time.Now()
	wantUnavailable(t, create(ctx, patient, "ada@x"), context.DeadlineExceeded.Error())
	if waited := time.Since(start); waited > 3*time.Second {
		t.Errorf("a call whose context ended waited %v", waited)
	}
	if n := count(t, s); n != 0 {
		t.Errorf("%d rows", n)
	}
	run(t, db, "rollback")
	for i, s := range []*sqlite.Store{s, patient} {
		if err := create(t.Context(), s, fmt.Sprint(i)); err != nil {
			t.Errorf("after the lock: %v", err)
		}
	}
}

func TestClosed(t *testing.T) {
	s := newStore(t)
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("Ping: %v", err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	_, err := s.Read(t.Context(), store.Query{Table: "user"})
	wantUnavailable(t, err, "closed")
	wantUnavailable(t, create(t.Context(), s, "ada@x"), "closed")
	wantUnavailable(t, s.Ping(t.Context()), "closed")
}

func TestUnbound(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "auth.db"))
	if _, err := s.Read(t.Context(), store.Query{Table: "user"}); err == nil || errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Read: %v", err)
	}
	if err := create(t.Context(), s, "ada@x"); err == nil || errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Apply: %v", err)
	}
	if _, err := s.Plan(t.Context()); err == nil {
		t.Error("Plan succeeded")
	}
	if err := s.Bind(storetest.Tables()); err != nil {
		t.Fatal(err)
	}
	if err := s.Bind(storetest.Tables()); err == nil {
		t.Error("a second Bind succeeded")
	}
	_, err := s.Read(t.Context(), store.Query{Table: "user"})
	wantUnavailable(t, err, "run the migration")
	wantUnavailable(t, create(t.Context(), s, "ada@x"), "run the migration")
}

// TestCountTrue checks the columns that other programs have added.
func TestCountTrue(t *testing.T) {
	path := filepath.Join(t.TempDir(), "auth.db")
	s := openAt(t, path)
	migrate(t, s, storetest.Tables())
	for _, email := range []string{"ada@x", "bob@x", "eve@x"} {
		if err := create(t.Context(), s, email); err != nil {
			t.Fatal(err)
		}
	}
	run(t, raw(t, path), `alter table "user" add column "od""d" integer`, `update "user" set "od""d" = email <> 'eve@x'`)
	for column, want := range map[string]int{`od"d`: 2, "nothing": 0} {
		if got, err := s.CountTrue(t.Context(), "user", column); got != want || err != nil {
			t.Errorf("%s: got %d, %v, want %d", column, got, err, want)
		}
	}
	if got, err := s.CountTrue(t.Context(), "nobody", "x"); err == nil {
		t.Errorf("a table that nobody has: got %d, want an error", got)
	}
}
