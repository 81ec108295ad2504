package convex_test

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/convex/convextest"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/convex"
)

// A crudStep is an operation under a fault: what it does to a table that has one
// row "old" of each kind, and how often it has happened.
type crudStep struct {
	name     string
	op       store.Op
	happened func(d *convextest.Deployment, t *testing.T) int
}

func crudSteps(user string) []crudStep {
	docs := func(table, column string, value any) func(*convextest.Deployment, *testing.T) int {
		return func(d *convextest.Deployment, t *testing.T) int {
			n := 0
			for _, doc := range d.Dump(t, table) {
				if doc[column] == value {
					n++
				}
			}
			return n
		}
	}
	gone := func(table string) func(*convextest.Deployment, *testing.T) int {
		return func(d *convextest.Deployment, t *testing.T) int { return 1 - len(d.Dump(t, table)) }
	}
	account := store.Record{"accountId": "new", "providerId": "p", "userId": user, "createdAt": moment(0), "updatedAt": moment(0)}
	return []crudStep{
		{"a row with a watched value", creation("user", person("new@x")), docs("user", "email", "new@x")},
		{"a row without", creation("account", account), docs("account", "accountId", "new")},
		{"an update by id", store.Op{
			Verb: store.Update, Table: "user", Where: store.Is("id", user), Expect: store.One, Set: store.Record{"name": "new"},
		}, docs("user", "name", "new")},
		{"an exchange", store.Op{
			Verb: store.Update, Table: "odd", Where: store.Is("name", "old", "text", nil), Expect: store.One, Set: store.Record{"text": "new"},
		}, docs("odd_things", "the_text", "new")},
		{"an increment", store.Op{
			Verb: store.Update, Table: "odd", Where: store.Is("name", "old"), Expect: store.One, Add: map[string]float64{"number": 1},
		}, docs("odd_things", "number", 1.0)},
		{"a consumption", consumption("old"), gone("verification")},
		{"a deletion", store.Op{Verb: store.Delete, Table: "session", Where: store.Is("token", "old")}, gone("session")},
	}
}

// TestCrudFaults lets single operations fail in every way and checks that no
// answer lies: done means once, unavailable means not at all.
func TestCrudFaults(t *testing.T) {
	d := convextest.Start(t, "testdata/crud-internal", convextest.Options{Redact: true})
	s := bound(t, convex.Config{URL: d.URL, Key: d.AdminKey, Timeout: 200 * time.Millisecond})
	const mutation = "/^auth:(create|updateOne|deleteOne)$/"
	for _, c := range []struct {
		rule  string
		fault convextest.Fault
		want  string // how each of the steps ends: d is done, u unavailable, ? unknown
	}{
		{"a conflict", convextest.Fault{Action: convextest.Conflict, Times: 1}, "ddddddd"},
		{"conflicts, for ever", convextest.Fault{Action: convextest.Conflict}, "uuuuuuu"},
		{"a full queue, for ever", convextest.Fault{Action: convextest.Busy}, "uuuuuuu"},
		{"too many calls", convextest.Fault{Action: convextest.RateLimit, Times: 1}, "ddddddd"},
		{"a dropped call", convextest.Fault{Action: convextest.Drop, Times: 1}, "d?dd??d"},
		{"a dropped answer", convextest.Fault{Action: convextest.Drop, After: true, Times: 1}, "dddd??d"},
		{"half an answer", convextest.Fault{Action: convextest.Truncate, After: true, Times: 1}, "dddd??d"},
		{"dropped answers, for ever", convextest.Fault{Action: convextest.Drop, After: true}, "dddd???"},
		{"dropped calls, for ever", convextest.Fault{Action: convextest.Drop}, "???????"},
		{"a page from a proxy", convextest.Fault{Action: convextest.Status, Status: 502, Body: "<html>", Times: 1}, "d?dd??d"},
		{"no answer after the commit", convextest.Fault{Action: convextest.Hang, After: true, Times: 1}, "dddd??d"},
		{"a key that was rotated", convextest.Fault{Action: convextest.Status, Status: 401}, "uuuuuuu"},
		{"a function that says no, and not why", convextest.Fault{Action: convextest.Status, Status: 200, Body: redacted}, "uuuuuuu"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			for i := range crudSteps("") {
				d.Reset(t)
				user := create(t, s, "user", person("old@x"))[0]["id"]
				create(t, s, "odd", thing("old"))
				create(t, s, "verification", secretRow("old"))
				create(t, s, "session", session("old", user))
				step := crudSteps(fmt.Sprint(user))[i]
				c.fault.Path = mutation
				d.SetFaults(t, c.fault)
				_, err := s.Apply(t.Context(), store.Batch{Ops: []store.Op{step.op}})
				d.SetFaults(t)
				got, n := "?", step.happened(d, t)
				switch {
				case err == nil:
					got = "d"
				case errors.Is(err, store.ErrUnavailable) && !errors.Is(err, store.ErrUnknownOutcome):
					got = "u"
				case !errors.Is(err, store.ErrUnknownOutcome):
					t.Errorf("%s: %v", step.name, err)
				}
				if got != c.want[i:i+1] {
					t.Errorf("%s: got %s (%v), want %s", step.name, got, err, c.want[i:i+1])
				}
				if n > 1 || got == "d" && n != 1 || got == "u" && n != 0 {
					t.Errorf("%s: %d times, with %v", step.name, n, err)
				}
			}
		})
	}
}

// TestCrudDroppedAnswers loses the answer of every tenth mutation of many sign-ups
// and sign-ins. None may be lost or happen twice. LOCKSTEP_CRUD_STEPS says how
// many; it defaults to 1,000 and is meant for 10,000.
func TestCrudDroppedAnswers(t *testing.T) {
	steps, err := strconv.Atoi(cmp.Or(os.Getenv("LOCKSTEP_CRUD_STEPS"), "1000"))
	if err != nil {
		t.Fatal(err)
	}
	d := convextest.Start(t, "testdata/crud-internal", convextest.Options{Redact: true})
	p := newTap(t)
	var mutations atomic.Int64
	p.after = func(c tapped, resp *http.Response) (*http.Response, error) {
		if c.endpoint == "mutation" && mutations.Add(1)%10 == 0 {
			resp.Body.Close()
			return nil, errors.New("connection reset")
		}
		return resp, nil
	}
	s := bound(t, convex.Config{URL: d.URL, Key: d.AdminKey, Transport: p})
	var wg sync.WaitGroup
	const workers = 8
	for worker := range workers {
		wg.Go(func() {
			for i := worker; i < steps/4; i += workers { // four operations each
				name := fmt.Sprint(i)
				account := store.Record{"accountId": store.IDOf(0), "providerId": "p", "userId": store.IDOf(0), "createdAt": moment(0), "updatedAt": moment(0)}
				rows, err := s.Apply(t.Context(), store.Batch{Ops: []store.Op{
					creation("user", person(name)), creation("account", account), creation("session", session(name, store.IDOf(0))),
				}})
				if err != nil {
					t.Errorf("sign up %d: %v", i, err)
					return
				}
				if _, err := s.Apply(t.Context(), store.Batch{Ops: creations("session", session(name+"b", rows[0]["id"]))}); err != nil {
					t.Errorf("sign in %d: %v", i, err)
				}
			}
		})
	}
	wg.Wait()
	if mutations.Load() < int64(steps) {
		t.Errorf("mutations: got %d, want %d and more", mutations.Load(), steps)
	}
	for table, want := range map[string]int{"user": steps / 4, "account": steps / 4, "session": steps / 2} {
		if n := len(d.Dump(t, table)); n != want {
			t.Errorf("rows of table %s: got %d, want %d", table, n, want)
		}
	}
}
