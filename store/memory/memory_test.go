package memory_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/memory"
	"github.com/lockstep-auth/lockstep/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T, []schema.Table) store.Store { return memory.New() },
		storetest.Without(storetest.BatchIDs))
}

func TestUnbound(t *testing.T) {
	s := memory.New()
	if _, err := s.Read(t.Context(), store.Query{Table: "user"}); err == nil {
		t.Error("Read before Bind succeeded")
	}
	if _, err := s.Apply(t.Context(), store.Batch{Ops: []store.Op{{Verb: store.Create, Table: "user"}}}); err == nil {
		t.Error("Apply before Bind succeeded")
	}
	if err := s.Bind(storetest.Tables()); err != nil {
		t.Fatal(err)
	}
	if err := s.Bind(storetest.Tables()); err == nil {
		t.Error("a second Bind succeeded")
	}
}

func TestBindRefuses(t *testing.T) {
	field := schema.Field{Name: "b"}
	for rule, c := range map[string]struct {
		tables []schema.Table
		want   string
	}{
		"a table twice":                  {[]schema.Table{{Name: "a"}, {Name: "a"}}, `table "a" is there twice`},
		"a field twice":                  {[]schema.Table{{Name: "a", Fields: []schema.Field{field, field}}}, `has field "b" twice`},
		"a field that is the id":         {[]schema.Table{{Name: "a", Fields: []schema.Field{{Name: "id"}}}}, `has field "id" twice`},
		"a reference to nothing":         {storetest.Tables()[1:], "points at user.id, which is not bound"},
		"an index over an unknown field": {[]schema.Table{{Name: "a", Indexes: []schema.Index{{Fields: []string{"b"}}}}}, "unknown field"},
	} {
		t.Run(rule, func(t *testing.T) {
			s := memory.New()
			if err := s.Bind(c.tables); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
			if _, err := s.Read(t.Context(), store.Query{Table: "a"}); err == nil {
				t.Error("the store can be used all the same")
			}
		})
	}
}

// BenchmarkSession is the read behind every request with a session. Its cost
// does not grow with the table.
func BenchmarkSession(b *testing.B) {
	for _, n := range []int{100, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := memory.New()
			if err := s.Bind([]schema.Table{{Name: "session", Fields: []schema.Field{
				{Name: "token", Unique: true},
				{Name: "userId", Index: true},
			}}}); err != nil {
				b.Fatal(err)
			}
			for i := range n {
				r := store.Record{"token": fmt.Sprint(i), "userId": fmt.Sprint(i / 10)}
				if _, err := s.Apply(b.Context(), store.Batch{Ops: []store.Op{{Verb: store.Create, Table: "session", Set: r}}}); err != nil {
					b.Fatal(err)
				}
			}
			q := store.Query{Table: "session", Where: store.Is("token", "7")}
			b.ReportAllocs()
			for b.Loop() {
				if r, err := s.Read(b.Context(), q); err != nil || len(r[0].Rows) != 1 {
					b.Fatal(r, err)
				}
			}
		})
	}
}
