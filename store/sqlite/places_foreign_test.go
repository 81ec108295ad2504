package sqlite_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/sqlite"
	"github.com/lockstep-auth/lockstep/store/storetest"
)

// A program that remembers places answers what one that has just started does,
// whatever others do to the file, and whatever types they gave its columns.
func TestPlacesAreNoAnswer(t *testing.T) {
	const text = `"id" text not null primary key`
	for name, change := range map[string]*strings.Replacer{
		"as we make them":    strings.NewReplacer(),
		"tokens ignore case": strings.NewReplacer(`"token" text`, `"token" text collate nocase`),
		"ids ignore case":    strings.NewReplacer(text, text+` collate nocase`, `"userId" text`, `"userId" text collate nocase`),
		"users by number":    strings.NewReplacer(text+`, "name"`, `"id" integer primary key, "name"`, `"userId" text`, `"userId" integer`),
		"columns of no type": strings.NewReplacer(`"token" text`, `"token"`, `"userId" text`, `"userId"`),
		"tokens are numbers": strings.NewReplacer(`"token" text`, `"token" integer`),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "auth.db")
			warm := openAt(t, path)
			migrate(t, warm, storetest.Tables())
			remake(t, path, change)
			r := rand.New(rand.NewPCG(1, 2))
			found := 0
			for n := range 100 {
				meddle(t, path, r, n)
				cold := openAt(t, path)
				if err := cold.Bind(storetest.Tables()); err != nil {
					t.Fatal(err)
				}
				for _, token := range []string{"a", "A", "b", "1", "01", "1.0", "2"} {
					got, want := look(t, warm, token), look(t, cold, token)
					if diff := cmp.Diff(got, want); diff != "" {
						t.Fatalf("after %d changes, token %q: got -, want +:\n%s", n, token, diff)
					}
					found += len(got)
				}
			}
			if found < 100 {
				t.Errorf("only %d rows were found", found)
			}
		})
	}
}

// remake makes the tables of users and sessions anew, without what is in them.
func remake(t *testing.T, path string, change *strings.Replacer) {
	t.Helper()
	db := openSQL(t, path)
	statements := "pragma foreign_keys = off; drop table account;"
	for _, table := range []string{"user", "session"} {
		var made string
		if err := db.QueryRowContext(t.Context(), "select sql from sqlite_master where name = ?", table).Scan(&made); err != nil {
			t.Fatal(err)
		}
		if table == "session" {
			made, _, _ = strings.Cut(made, " references")
			made += ")"
		}
		statements += "drop table " + table + ";" + change.Replace(made) + ";"
	}
	execSQL(t, path, statements)
}

// meddle changes a row as another program could, or breaks a rule of the database
// and changes nothing.
func meddle(t *testing.T, path string, r *rand.Rand, n int) {
	t.Helper()
	values := []any{"a", "A", "b", "1", "01", "1.0", 1, 2, "2", []byte("a")}
	value := func() any { return values[r.IntN(len(values))] }
	row := func() int { return 1 + r.IntN(4) }
	const times = "'2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z'"
	db := openSQL(t, path)
	do := []struct {
		sql  string
		args []any
	}{
		{
			"insert or ignore into session (rowid, id, token, userId, expiresAt, createdAt, updatedAt) values (?, ?, ?, ?, '2026-01-01T00:00:00.000Z', " + times + ")",
			[]any{row(), fmt.Sprint("s", n), value(), value()},
		},
		{
			"insert or ignore into user (rowid, id, name, email, emailVerified, createdAt, updatedAt) values (?, ?, ?, ?, 1, " + times + ")",
			[]any{row(), value(), fmt.Sprint("n", n), fmt.Sprint("e", n)},
		},
		{"delete from session where rowid = ?", []any{row()}},
		{"delete from user where rowid = ?", []any{row()}},
		{"update or ignore session set token = ?, userId = ? where rowid = ?", []any{value(), value(), row()}},
		{"update or ignore session set rowid = ? where rowid = ?", []any{row(), row()}},
	}[r.IntN(6)]
	_, err := db.ExecContext(t.Context(), do.sql, do.args...)
	if err != nil && !strings.Contains(err.Error(), "constraint") && !strings.Contains(err.Error(), "mismatch") {
		t.Fatal(err)
	}
}

// look reads a session with its user, and without. It is empty if the row cannot
// be read.
func look(t *testing.T, s *sqlite.Store, token string) []store.Result {
	t.Helper()
	alone := bySession(token)
	alone.With = nil
	var found []store.Result
	for _, q := range []store.Query{bySession(token), alone} {
		if got, err := s.Read(t.Context(), q); err == nil && len(got[0].Rows) > 0 {
			found = append(found, got[0])
		}
	}
	return found
}
