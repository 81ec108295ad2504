package sqlite_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/sqlite"
	"github.com/lockstep-auth/lockstep/store/storetest"
)

// BenchmarkSession is the read behind every request with a session: by token,
// with the user. Its cost does not grow with the table.
func BenchmarkSession(b *testing.B) {
	for _, n := range []int{100, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := filled(b, n)
			q := store.Query{
				Table: "session", Where: store.Is("token", fmt.Sprint("token-", n/2)), Limit: 1,
				With: &store.Join{Table: "user", Local: "userId", Foreign: "id"},
			}
			b.ReportAllocs()
			for b.Loop() {
				r, err := s.Read(b.Context(), q)
				if err != nil || r[0].RelatedOne(0) == nil {
					b.Fatal(r, err)
				}
			}
		})
	}
}

// BenchmarkSignIn is the batch of a sign-in: one row, one commit.
func BenchmarkSignIn(b *testing.B) {
	s := filled(b, 100)
	user, err := s.Read(b.Context(), store.Query{Table: "user", Limit: 1})
	if err != nil {
		b.Fatal(err)
	}
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		i++
		op := store.Op{Verb: store.Create, Table: "session", Set: session(fmt.Sprint("new-", i), user[0].One()["id"])}
		if _, err := s.Apply(b.Context(), store.Batch{Ops: []store.Op{op}}); err != nil {
			b.Fatal(err)
		}
	}
}

// filled returns a store with n sessions of n/10 users.
func filled(tb testing.TB, n int) *sqlite.Store {
	tb.Helper()
	return filledAt(tb, filepath.Join(tb.TempDir(), "auth.db"), n)
}

func filledAt(tb testing.TB, path string, n int) *sqlite.Store {
	tb.Helper()
	s := openAt(tb, path)
	migrate(tb, s, storetest.Tables())
	var user any
	var ops []store.Op
	for i := range n {
		if i%10 == 0 {
			user = fmt.Sprint("user-", i)
			r := person(fmt.Sprint(i, "@example.com"))
			r["id"] = user
			ops = append(ops, store.Op{Verb: store.Create, Table: "user", Set: r})
		}
		ops = append(ops, store.Op{Verb: store.Create, Table: "session", Set: session(fmt.Sprint("token-", i), user)})
		if len(ops) > 5000 || i == n-1 {
			if _, err := s.Apply(tb.Context(), store.Batch{Ops: ops}); err != nil {
				tb.Fatal(err)
			}
			ops = nil
		}
	}
	return s
}
