package sqlite_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/sqlite"
	"github.com/lockstep-auth/lockstep/store/storetest"
)

// A row that was found once is looked for at the same place again. Whatever
// happens to it in between must show.
func TestRowIsNeverTakenFromWhereItWas(t *testing.T) {
	for _, tc := range []struct {
		name string
		// after the row was read, by another program
		change string

		want     bool
		wantUser string
	}{
		{"unchanged", ``, true, "Ada"},
		{"deleted", `delete from session where token = 't'`, false, ""},
		{"another token", `update session set token = 'u' where token = 't'`, false, ""},
		{
			"another row in its place", `delete from session where token = 't';
			insert into session (rowid, id, token, userId, expiresAt, createdAt, updatedAt)
			select 1, 'x', 'u', id, createdAt, createdAt, createdAt from user where name = 'Bob'`, false, "",
		},
		{"moved", `update session set rowid = 77 where token = 't'`, true, "Ada"},
		{"of another user", `update session set userId = (select id from user where name = 'Bob') where token = 't'`, true, "Bob"},
		{"user moved", `update user set rowid = 99 where name = 'Ada'`, true, "Ada"},
		{
			"users change places", `update user set rowid = 99 where name = 'Ada';
			update user set rowid = 1 where name = 'Bob'; update user set rowid = 2 where name = 'Ada'`, true, "Ada",
		},
		{"user gone", `pragma foreign_keys = off; delete from user where name = 'Ada'`, true, ""},
		{"file rewritten", `vacuum`, true, "Ada"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "auth.db")
			s := openAt(t, path)
			migrate(t, s, storetest.Tables())
			users := apply(t, s, creates("user", person("ada@example.com")), creates("user", named("Bob", "bob@example.com")))
			apply(t, s, creates("session", session("t", users[0]["id"])))
			for range 2 { // so that the place is used, too
				checkSession(t, s, "t", true, "Ada")
			}
			execSQL(t, path, tc.change)
			for range 2 {
				checkSession(t, s, "t", tc.want, tc.wantUser)
			}
		})
	}
}

// Two values never answer for each other, however many there are.
func TestPlacesAreByValue(t *testing.T) {
	s := newStore(t)
	const n = 300
	var ops []store.Op
	for i := range n {
		r := named(fmt.Sprint("name-", i), fmt.Sprint(i, "@example.com"))
		r["id"] = fmt.Sprint("user-", i)
		ops = append(ops, creates("user", r), creates("session", session(fmt.Sprint("token-", i), r["id"])))
	}
	apply(t, s, ops...)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 2 * n {
				checkSession(t, s, fmt.Sprint("token-", i%n), true, fmt.Sprint("name-", i%n))
				checkSession(t, s, fmt.Sprint("user-", i%n), false, "")
			}
		})
	}
	wg.Wait()
}

// The second way to a row must not go over the indexes: it would cost as much
// as the first.
func TestPlacesNeedNoIndex(t *testing.T) {
	path := filepath.Join(t.TempDir(), "auth.db")
	s := openAt(t, path)
	migrate(t, s, storetest.Tables())
	users := apply(t, s, creates("user", person("ada@example.com")))
	apply(t, s, creates("session", session("t", users[0]["id"])))
	checkSession(t, s, "t", true, "Ada")
	db := openSQL(t, path)
	rows, err := db.QueryContext(t.Context(), "explain query plan "+s.NearSQL(bySession("t")), 1, 1, "t")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, detail)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if len(plan) != 2 || !strings.Contains(plan[0], "INTEGER PRIMARY KEY") || !strings.Contains(plan[1], "INTEGER PRIMARY KEY") {
		t.Errorf("got the plan %q, want two searches by rowid", plan)
	}
}

func bySession(token string) store.Query {
	return store.Query{
		Table: "session", Where: store.Is("token", token), Limit: 1,
		With: &store.Join{Table: "user", Local: "userId", Foreign: "id"},
	}
}

// checkSession reads a session with its user, and without.
func checkSession(tb testing.TB, s *sqlite.Store, token string, want bool, user string) {
	tb.Helper()
	alone := bySession(token)
	alone.With = nil
	results, err := s.Read(tb.Context(), bySession(token))
	if err != nil {
		tb.Error(err)
		return
	}
	single, err := s.Read(tb.Context(), alone)
	if err != nil {
		tb.Error(err)
		return
	}
	for _, r := range []*store.Result{&results[0], &single[0]} {
		if got := r.One() != nil; got != want {
			tb.Errorf("session %q: got %v, want %v", token, got, want)
		} else if got && r.One()["token"] != token {
			tb.Errorf("session %q: got the token %v", token, r.One()["token"])
		}
	}
	name, _ := results[0].RelatedOne(0)["name"].(string)
	if name != user {
		tb.Errorf("session %q: got the user %q, want %q", token, name, user)
	}
}

func creates(table string, r store.Record) store.Op {
	return store.Op{Verb: store.Create, Table: table, Set: r}
}

func named(name, email string) store.Record {
	r := person(email)
	r["name"] = name
	return r
}

func apply(tb testing.TB, s *sqlite.Store, ops ...store.Op) []store.Record {
	tb.Helper()
	rows, err := s.Apply(tb.Context(), store.Batch{Ops: ops})
	if err != nil {
		tb.Fatal(err)
	}
	return rows
}

func openSQL(tb testing.TB, path string) *sql.DB {
	tb.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return db
}

// execSQL changes a file as another program would.
func execSQL(tb testing.TB, path, statements string) {
	tb.Helper()
	db := openSQL(tb, path)
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(tb.Context(), statements); err != nil {
		tb.Fatal(err)
	}
}
