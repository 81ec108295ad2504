package convex_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/lockstep-auth/lockstep/convex/convextest"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/convex"
)

// reset are the operations of a password reset: a secret pays for a change of one
// row, and others go with it.
func reset(secret, row any, text string) []store.Op {
	return []store.Op{
		{Verb: store.Delete, Table: "verification", Expect: store.One, Where: store.Is("id", secret).And("expiresAt", store.Gt, moment(-1))},
		{Verb: store.Delete, Table: "verification", Where: store.Is("value", "v").And("id", store.Ne, secret)},
		{Verb: store.Delete, Table: "session", Where: store.Is("ipAddress", "old")},
		{Verb: store.Update, Table: "odd", Expect: store.One, Where: store.Is("id", row), Set: store.Record{"text": text}},
	}
}

func testContest(t *testing.T, d *convextest.Deployment, s *convex.Store) {
	for round := range 20 {
		d.Reset(t)
		secret := create(t, s, "verification", secretRow("secret"))[0]["id"]
		row := create(t, s, "odd", thing("a", "text", "old"))[0]["id"]
		won := make([]bool, 2)
		var wg sync.WaitGroup
		for i := range won {
			wg.Go(func() {
				_, err := s.Apply(t.Context(), store.Batch{Ops: reset(secret, row, fmt.Sprint(i))})
				won[i] = err == nil
				if err != nil && !store.IsGuard(err) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		winner := slices.Index(won, true)
		if text := selected(t, s, store.Query{Table: "odd"})[0]["text"]; winner < 0 || won[0] == won[1] || text != fmt.Sprint(winner) {
			t.Fatalf("round %d: the secret paid for %v, and the row has %v", round, won, text)
		}
	}
}

func testCutOff(t *testing.T, d *convextest.Deployment, s *convex.Store) {
	secret := create(t, s, "verification", secretRow("secret"))[0]["id"]
	create(t, s, "verification", secretRow("other"))
	row := create(t, s, "odd", thing("a", "text", "old"))[0]["id"]
	d.SetFaults(t, convextest.Fault{Path: "auth:deleteOne", Action: convextest.Drop, Skip: 1}) // the other secret goes, and then nothing
	_, err := s.Apply(t.Context(), store.Batch{Ops: reset(secret, row, "first")})
	d.SetFaults(t)
	if !errors.Is(err, store.ErrUnknownOutcome) {
		t.Errorf("got %v, want ErrUnknownOutcome", err)
	}
	if secrets, text := rowsOf(t, s, "verification"), selected(t, s, store.Query{Table: "odd"})[0]["text"]; secrets != 1 || text != "first" {
		t.Errorf("got %d secrets and the text %v, want the one that paid, and the first text", secrets, text)
	}
	applied(t, s, reset(secret, row, "second")...)
	if secrets, text := rowsOf(t, s, "verification"), selected(t, s, store.Query{Table: "odd"})[0]["text"]; secrets != 0 || text != "second" {
		t.Errorf("got %d secrets and the text %v, want none, and the second text", secrets, text)
	}
	if _, err := s.Apply(t.Context(), store.Batch{Ops: reset(secret, row, "third")}); !store.IsGuard(err) {
		t.Errorf("the secret again: got %v, want a guard", err)
	}
}
