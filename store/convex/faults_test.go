package convex_test

import (
	"cmp"
	"context"
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

// A faultCase is a way to fail, and what a caller hears of it.
type faultCase struct {
	rule  string
	fault convextest.Fault

	read   error // what Read returns
	apply  error // what Apply returns of a batch with an ID
	anonym error // what Apply returns of a batch without
}

func faultCases() []faultCase {
	unavailable, unknown := store.ErrUnavailable, store.ErrUnknownOutcome
	return []faultCase{
		{"a conflict", convextest.Fault{Action: convextest.Conflict, Times: 1}, nil, nil, nil},
		{"conflicts, three times", convextest.Fault{Action: convextest.Conflict, Times: 3}, nil, nil, nil},
		{"conflicts, for ever", convextest.Fault{Action: convextest.Conflict}, unavailable, unavailable, unavailable},
		{"a full queue", convextest.Fault{Action: convextest.Busy, Times: 1}, nil, nil, nil},
		{"a full queue, for ever", convextest.Fault{Action: convextest.Busy}, unavailable, unavailable, unavailable},
		{"too many commits", convextest.Fault{Action: convextest.CommitQueue, Times: 2}, nil, nil, nil},
		{"too many calls, for ever", convextest.Fault{Action: convextest.RateLimit}, unavailable, unavailable, unavailable},
		{"too many writes", convextest.Fault{Action: convextest.WriteLimit, Times: 1}, nil, nil, nil},
		{"to be left alone for long", convextest.Fault{Action: convextest.RateLimit, RetryAfter: "3600"}, unavailable, unavailable, unavailable},
		{"an internal error", convextest.Fault{Action: convextest.Internal, Times: 1}, nil, nil, unknown},
		{"an internal error after the commit", convextest.Fault{Action: convextest.Internal, After: true, Times: 1}, nil, nil, unknown},
		{"internal errors, for ever", convextest.Fault{Action: convextest.Unavailable}, unavailable, unknown, unknown},
		{"a dropped call", convextest.Fault{Action: convextest.Drop, Times: 1}, nil, nil, unknown},
		{"a dropped answer", convextest.Fault{Action: convextest.Drop, After: true, Times: 1}, nil, nil, unknown},
		{"dropped answers, three times", convextest.Fault{Action: convextest.Drop, After: true, Times: 3}, nil, nil, unknown},
		{"dropped answers, for ever", convextest.Fault{Action: convextest.Drop, After: true}, unavailable, unknown, unknown},
		{"half an answer", convextest.Fault{Action: convextest.Truncate, After: true, Times: 1}, nil, nil, unknown},
		{"half answers, for ever", convextest.Fault{Action: convextest.Truncate, After: true}, unavailable, unknown, unknown},
		{"a page from a proxy", convextest.Fault{Action: convextest.Status, Status: 502, Body: "<html>", Times: 1}, nil, nil, unknown},
		{"pages from a proxy, for ever", convextest.Fault{Action: convextest.Status, Status: 504, Body: "<html>"}, unavailable, unknown, unknown},
		{"a page with status 200", convextest.Fault{Action: convextest.Garbage, After: true, Times: 1}, nil, nil, unknown},
		{"no answer", convextest.Fault{Action: convextest.Hang, Times: 1}, nil, nil, unknown},
		{"no answer after the commit", convextest.Fault{Action: convextest.Hang, After: true, Times: 1}, nil, nil, unknown},
		{"a slow answer", convextest.Fault{Action: convextest.Delay, Delay: 50 * time.Millisecond}, nil, nil, nil},
		{"a key that was rotated", convextest.Fault{Action: convextest.Status, Status: 401, Body: `{"code":"BadAdminKey"}`}, unavailable, unavailable, unavailable},
		{"a right that was taken away", convextest.Fault{Action: convextest.Status, Status: 403, Body: `{"code":"OperationNotPermitted"}`}, unavailable, unavailable, unavailable},
		{"a function that is gone", convextest.Fault{Action: convextest.Status, Status: 404, Body: `{"code":"FunctionPathNotFound"}`}, unavailable, unavailable, unavailable},
		{"a function that takes other arguments", convextest.Fault{Action: convextest.Status, Status: 200, Body: otherArguments}, unavailable, unavailable, unavailable},
		{"a function that fails, and nobody says why", convextest.Fault{Action: convextest.Status, Status: 200, Body: redacted}, unavailable, unavailable, unavailable},
		{"mutations down", convextest.Fault{Action: convextest.Unavailable, Endpoint: "mutation"}, nil, unknown, unknown},
		{"queries down", convextest.Fault{Action: convextest.Unavailable, Endpoint: "query"}, unavailable, nil, nil},
	}
}

// TestFaults lets the link fail in every way and checks after each case that no
// answer lies about what happened.
func TestFaults(t *testing.T) {
	d := convextest.Start(t, "functions", convextest.Options{})
	s := bound(t, convex.Config{URL: d.URL, Key: d.AdminKey, Timeout: 400 * time.Millisecond})
	for _, c := range faultCases() {
		t.Run(c.rule, func(t *testing.T) {
			d.Reset(t)
			create(t, s, "odd", thing("counter", "number", 0.0))
			query := store.Query{Table: "odd", Where: store.Is("name", "counter")}
			batch := func(id, name string) store.Batch {
				return store.Batch{ID: id, Ops: []store.Op{
					{Verb: store.Create, Table: "odd", Set: thing(name)},
					{Verb: store.Update, Table: "odd", Where: store.Is("name", "counter"), Add: map[string]float64{"number": 1}, Expect: store.One},
				}}
			}

			d.SetFaults(t, c.fault)
			results, err := s.Read(t.Context(), query)
			checkOutcome(t, "Read", err, c.read)
			if err == nil && results[0].One()["number"] != 0.0 {
				t.Errorf("got counter %v, want 0", results[0].One()["number"])
			}
			d.SetFaults(t, c.fault)
			named := batch("id", "named")
			_, err = s.Apply(t.Context(), named)
			checkOutcome(t, "Apply with an ID", err, c.apply)
			checkEffect(t, d, "named", err)
			d.SetFaults(t, c.fault)
			_, err = s.Apply(t.Context(), batch("", "anonym"))
			checkOutcome(t, "Apply without an ID", err, c.anonym)
			checkEffect(t, d, "anonym", err)

			// The fault ends: the next call works, and the batch happens once.
			d.SetFaults(t)
			before := len(d.Dump(t, "odd_things"))
			rows := must(s.Apply(t.Context(), named))(t)
			checkEffect(t, d, "named", nil)
			if after := len(d.Dump(t, "odd_things")); after-before > 1 || rows[0]["name"] != "named" {
				t.Errorf("got %d more rows for a batch that is sent again, and %v", after-before, rows[0])
			}
			counter := must(s.Read(t.Context(), query))(t)[0].One()["number"]
			if want := float64(len(d.Dump(t, "odd_things")) - 1); counter != want {
				t.Errorf("got counter %v beside %v rows", counter, want)
			}
		})
	}
}

// Bodies of deployments that were deployed again, or that hide their errors.
const (
	otherArguments = `{"status":"error","errorMessage":"[Request ID: 1] Server Error\nArgumentValidationError: Object contains extra field ` + "`x`" + ` that is not in the validator.\n\nObject: {\"password\": \"hush\"}"}`
	redacted       = `{"status":"error","errorMessage":"[Request ID: 1] Server Error"}`
)

// checkOutcome checks that err is exactly the outcome wanted.
func checkOutcome(t *testing.T, what string, err, want error) {
	t.Helper()
	isUnavailable, isUnknown := errors.Is(err, store.ErrUnavailable), errors.Is(err, store.ErrUnknownOutcome)
	if (err != nil) != (want != nil) || isUnavailable != errors.Is(want, store.ErrUnavailable) || isUnknown != errors.Is(want, store.ErrUnknownOutcome) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

// checkEffect checks what is in the database against what the caller was told:
// success is one row, ErrUnavailable none, ErrUnknownOutcome either.
func checkEffect(t *testing.T, d *convextest.Deployment, name string, err error) {
	t.Helper()
	n := 0
	for _, doc := range d.Dump(t, "odd_things") {
		if doc["name"] == name {
			n++
		}
	}
	if n > 1 || err == nil && n != 1 || errors.Is(err, store.ErrUnavailable) && n != 0 {
		t.Errorf("got %d rows %q after %v", n, name, err)
	}
}

// TestDroppedAnswers performs many operations while every tenth answer to a
// mutation is lost after its commit. Nothing may be missing or there twice. Set
// LOCKSTEP_FAULT_OPERATIONS for more operations than the 2,000 of a quick run.
func TestDroppedAnswers(t *testing.T) {
	const workers = 16
	n, err := strconv.Atoi(cmp.Or(os.Getenv("LOCKSTEP_FAULT_OPERATIONS"), "2000"))
	if err != nil {
		t.Fatal(err)
	}
	rounds := n / 4 // of four operations each
	d := convextest.Start(t, "functions", convextest.Options{Redact: true})
	p := newTap(t)
	s := bound(t, convex.Config{URL: d.URL, Key: d.AdminKey, Transport: p})
	for i := range workers {
		create(t, s, "odd", thing(fmt.Sprint("counter", i), "number", 0.0))
	}
	var answers, dropped atomic.Int64
	p.after = func(c tapped, resp *http.Response) (*http.Response, error) {
		if c.endpoint != "mutation" || answers.Add(1)%10 != 0 {
			return resp, nil
		}
		dropped.Add(1)
		resp.Body.Close()
		return nil, errors.New("connection reset by peer")
	}

	var next atomic.Int64
	var wg sync.WaitGroup
	for worker := range workers {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(rounds) && !t.Failed(); i = next.Add(1) - 1 {
				round(t, s, worker, int(i))
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	t.Logf("%d answers, %d of them lost", answers.Load(), dropped.Load())
	if dropped.Load() < int64(n)/20 {
		t.Errorf("got %d answers lost of %d, want every tenth", dropped.Load(), answers.Load())
	}
	checkRounds(t, d, rounds)
}

// round signs a user up, counts, issues a secret and redeems it.
func round(t *testing.T, s *convex.Store, worker, i int) {
	name := fmt.Sprint("u", i)
	rows := resend(t, s, "sign-up "+name,
		store.Op{Verb: store.Check, Table: "user", Where: store.Is("email", name), Expect: store.None},
		store.Op{Verb: store.Create, Table: "user", Set: person(name)},
		store.Op{Verb: store.Create, Table: "account", Set: store.Record{"accountId": name, "providerId": "credential", "userId": store.IDOf(1), "createdAt": moment(0), "updatedAt": moment(0)}},
		store.Op{Verb: store.Create, Table: "session", Set: session("first "+name, store.IDOf(1))})
	if t.Failed() {
		return
	}
	resend(t, s, "count "+name, store.Op{
		Verb: store.Update, Table: "odd", Where: store.Is("name", fmt.Sprint("counter", worker)), Add: map[string]float64{"number": 1}, Expect: store.One,
	})
	resend(t, s, "issue "+name, store.Op{Verb: store.Create, Table: "verification", Set: store.Record{
		"identifier": name, "value": "v", "expiresAt": moment(0), "createdAt": moment(0), "updatedAt": moment(0),
	}})
	resend(t, s, "redeem "+name,
		store.Op{Verb: store.Delete, Table: "verification", Where: store.Is("identifier", name), Expect: store.One},
		store.Op{Verb: store.Create, Table: "session", Set: session("second "+name, rows[1]["id"])})
}

// resend applies a batch until its outcome is known, as a client would. Any
// other failure ends the test: also a guard or unique value that fails because
// the batch has happened before.
func resend(t *testing.T, s *convex.Store, id string, ops ...store.Op) []store.Record {
	for range 20 {
		rows, err := s.Apply(context.Background(), store.Batch{ID: id, Ops: ops})
		if errors.Is(err, store.ErrUnknownOutcome) {
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", id, err)
		}
		return rows
	}
	t.Errorf("%s: outcome still unknown", id)
	return nil
}

// checkRounds checks the tables after all rounds.
func checkRounds(t *testing.T, d *convextest.Deployment, rounds int) {
	t.Helper()
	owners := make(map[any]bool)
	for _, table := range []struct {
		name, unique string
		want         int
	}{
		{"user", "email", rounds},
		{"account", "accountId", rounds},
		{"session", "token", 2 * rounds},
		{"lockstepBatch", "batch", 4 * rounds},
		{"verification", "identifier", 0},
	} {
		docs := d.Dump(t, table.name)
		seen := make(map[any]bool)
		for _, doc := range docs {
			seen[doc[table.unique]] = true
			if table.name == "user" {
				owners[doc["_id"]] = true
			} else if owner, ok := doc["userId"]; ok && !owners[owner] {
				t.Errorf("a row of %s belongs to nobody", table.name)
			}
		}
		if len(docs) != table.want || len(seen) != table.want {
			t.Errorf("got %d rows of %s, %d of them different, want %d", len(docs), table.name, len(seen), table.want)
		}
	}
	var counted float64
	for _, doc := range d.Dump(t, "odd_things") {
		n, _ := doc["number"].(float64)
		counted += n
	}
	if counted != float64(rounds) {
		t.Errorf("got %v counted, want %d", counted, rounds)
	}
}
