package convex_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/convex"
	"github.com/lockstep-auth/lockstep/convex/convextest"
)

// user is the arguments of auth:create for a user.
func user(email string) map[string]any {
	return map[string]any{"input": map[string]any{"model": "user", "data": map[string]any{
		"name": "Ada", "email": email, "emailVerified": false, "createdAt": 1700000000000, "updatedAt": 1700000000000,
	}}}
}

func byEmail(email string) map[string]any {
	return map[string]any{"model": "user", "where": []map[string]any{{"field": "email", "value": email}}}
}

// noSleep makes retries quick.
func noSleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func connect(t *testing.T, d *convextest.Deployment) *convex.Client {
	t.Helper()
	return newClient(t, convex.Config{URL: d.URL, AdminKey: d.AdminKey, Sleep: noSleep})
}

// must returns a value, or ends the test: must(f())(t).
func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func TestDeployment(t *testing.T) {
	d := convextest.Start(t, "seed", convextest.Options{})
	c := connect(t, d)

	t.Run("values survive the way there and back", func(t *testing.T) {
		want := map[string]any{
			"null": nil, "bool": true, "float": 1700000000000.0, "fraction": 0.1, "big": 1e300, "tiny": 5e-324,
			"nan": math.NaN(), "inf": math.Inf(-1), "minus zero": math.Copysign(0, -1),
			"int64": int64(math.MinInt64), "bytes": []byte{0, 255}, "no bytes": []byte{},
			"string": "ünï \U0001F512 <\u2028>\x00", "array": []any{[]any{}, map[string]any{}},
		}
		got := must(c.Query(t.Context(), "testbed:echo", map[string]any{"value": want}))(t)
		if !same(got, want) {
			t.Errorf("got %#v, want %#v", got, want)
		}
	})
	t.Run("a mutation writes what a query reads", func(t *testing.T) {
		d.Reset(t)
		created := must(c.Mutation(t.Context(), "auth:create", user("a@example.com")))(t)
		found := must(c.Query(t.Context(), "auth:findOne", byEmail("a@example.com")))(t)
		if diff := cmp.Diff(found, created); diff != "" {
			t.Error(diff)
		}
		var doc struct {
			ID        string `json:"_id"`
			CreatedAt int64  `json:"createdAt"`
		}
		if err := convex.Scan(found, &doc); err != nil {
			t.Fatal(err)
		}
		if doc.CreatedAt != 1700000000000 || len(doc.ID) != 32 {
			t.Errorf("got %+v", doc)
		}
	})
	t.Run("an action runs", func(t *testing.T) {
		got := must(c.Action(t.Context(), "testbed:relay", map[string]any{"fn": "testbed:echo", "kind": "query", "args": map[string]any{"value": "x"}}))(t)
		if got != "x" {
			t.Errorf("got %v, want x", got)
		}
	})
	t.Run("a batch answers in order, with one error in it", func(t *testing.T) {
		results := must(c.QueryBatch(t.Context(), []convex.Call{
			{Path: "testbed:echo", Args: map[string]any{"value": 1}},
			{Path: "testbed:fail", Args: map[string]any{"message": "boom"}},
			{Path: "testbed:secretQuery"},
		}))(t)
		if len(results) != 3 || results[0].Value != 1.0 || results[2].Value != "internal query" {
			t.Fatalf("got %v", results)
		}
		checkIs(t, results[1].Err, convex.ErrFunction)
		if got := asError(t, results[1].Err).Thrown(); got != "boom" {
			t.Errorf("got %q thrown, want boom", got)
		}
	})
	t.Run("at a timestamp, a query sees the past", func(t *testing.T) {
		d.Reset(t)
		must(c.Mutation(t.Context(), "auth:create", user("a@example.com")))(t)
		before := must(c.Now(t.Context()))(t)
		must(c.Mutation(t.Context(), "auth:create", user("b@example.com")))(t)
		if got := must(c.Query(t.Context(), "auth:findOne", byEmail("b@example.com"), convex.At(before)))(t); got != nil {
			t.Errorf("got %v from before it was made", got)
		}
		if got := must(c.Query(t.Context(), "auth:findOne", byEmail("b@example.com")))(t); got == nil {
			t.Error("got nothing now")
		}
		if age := time.Since(before.Time()); age < -time.Minute || age > time.Minute {
			t.Errorf("the timestamp is %v old", age)
		}
		_, err := c.Query(t.Context(), "auth:findOne", byEmail("b@example.com"), convex.At(1))
		checkIs(t, err, convex.ErrUnavailable)
	})
}

func TestDeploymentRights(t *testing.T) {
	d := convextest.Start(t, "seed", convextest.Options{})
	c := connect(t, d)

	t.Run("component functions need the key and the component", func(t *testing.T) {
		args := map[string]any{"model": "user"}
		if got := must(c.Query(t.Context(), "adapter:findOne", args, convex.Component("betterAuth")))(t); got != nil {
			t.Errorf("got %v, want nothing", got)
		}
		_, err := c.Query(t.Context(), "adapter:findOne", args)
		checkIs(t, err, convex.ErrNotFound)
		_, err = c.Query(t.Context(), "adapter:findOne", args, convex.Component("betterAuth"), convex.Anonymous())
		checkIs(t, err, convex.ErrUnauthorized)
	})
	t.Run("internal functions need the key", func(t *testing.T) {
		if got := must(c.Mutation(t.Context(), "testbed:secretMutation", nil))(t); got != "internal mutation" {
			t.Errorf("got %v", got)
		}
		_, err := c.Mutation(t.Context(), "testbed:secretMutation", nil, convex.Anonymous())
		checkIs(t, err, convex.ErrNotFound)
	})
	t.Run("a wrong key and a key without the right are told apart by the code", func(t *testing.T) {
		d.Grant(t, "testbed|reader", "RunInternalQueries")
		for key, code := range map[string]string{"testbed|wrong": "BadAdminKey", "testbed|reader": "OperationNotPermitted"} {
			other := newClient(t, convex.Config{URL: d.URL, AdminKey: key})
			_, err := other.Mutation(t.Context(), "testbed:secretMutation", nil)
			checkIs(t, err, convex.ErrUnauthorized)
			if got := asError(t, err).Code; got != code {
				t.Errorf("got code %s, want %s", got, code)
			}
		}
	})
}

func TestDeploymentMistakes(t *testing.T) {
	d := convextest.Start(t, "seed", convextest.Options{})
	c := connect(t, d)

	t.Run("mistakes are refused, and change nothing", func(t *testing.T) {
		d.Reset(t)
		for name, call := range map[string]func() (any, error){
			"a function of another kind": func() (any, error) { return c.Mutation(t.Context(), "auth:findOne", byEmail("a")) },
			"an extra field": func() (any, error) {
				return c.Query(t.Context(), "auth:findOne", map[string]any{"model": "user", "modelKey": "hunter2"})
			},
			"a value of another type": func() (any, error) {
				return c.Mutation(t.Context(), "auth:create", user("hunter2")["input"].(map[string]any))
			},
			"a path that is none": func() (any, error) { return c.Query(t.Context(), "/abs:x", nil) },
		} {
			_, err := call()
			checkIs(t, err, convex.ErrRefused)
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: the error quotes its arguments: %v", name, err)
			}
		}
		if got := d.Dump(t, "user"); len(got) != 0 {
			t.Errorf("got %d users, want none", len(got))
		}
	})
	t.Run("ConvexError data comes with its types", func(t *testing.T) {
		want := map[string]any{"code": "UNIQUE", "op": int64(5), "b": []byte{1}}
		_, err := c.Mutation(t.Context(), "testbed:failData", map[string]any{"data": want})
		checkIs(t, err, convex.ErrFunction)
		if diff := cmp.Diff(asError(t, err).Data, any(want)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestDeploymentBackDoor(t *testing.T) {
	d := convextest.Start(t, "seed", convextest.Options{})
	c := connect(t, d)

	t.Run("the journal shows who calls", func(t *testing.T) {
		d.Reset(t)
		const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
		traced := newClient(t, convex.Config{URL: d.URL, AdminKey: d.AdminKey, TraceParent: func(context.Context) string { return parent }})
		must(traced.Query(t.Context(), "testbed:whoami", nil))(t)
		got := d.Journal(t)
		if len(got) != 1 || got[0].Auth != "Convex" || got[0].Client != "lockstep-go-0.1.0" || got[0].TraceParent != parent {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("documents can be loaded", func(t *testing.T) {
		d.Reset(t)
		data := user("z@example.com")["input"].(map[string]any)["data"]
		ids := d.Load(t, "user", json.RawMessage(must(convex.Encode(data))(t)))
		found := must(c.Query(t.Context(), "auth:findOne", byEmail("z@example.com")))(t)
		if got := found.(map[string]any)["_id"]; len(ids) != 1 || got != ids[0] {
			t.Errorf("got id %v, want one of %v", got, ids)
		}
	})
}

// TestDeploymentFaults breaks each kind of call in each way, and then counts what
// the deployment was asked and what it holds.
func TestDeploymentFaults(t *testing.T) {
	d := convextest.Start(t, "seed", convextest.Options{})
	c := newClient(t, convex.Config{URL: d.URL, Sleep: noSleep})
	const email = "a@example.com"
	unknown, unavailable := convex.ErrOutcomeUnknown, convex.ErrUnavailable
	once := func(action convextest.Action) convextest.Fault { return convextest.Fault{Action: action, Times: 1} }
	after := func(action convextest.Action) convextest.Fault {
		return convextest.Fault{Action: action, After: true, Times: 1}
	}
	always := func(action convextest.Action) convextest.Fault { return convextest.Fault{Action: action} }
	html := func(status int) convextest.Fault {
		return convextest.Fault{Action: convextest.Garbage, Status: status, Body: "<html>", Times: 1}
	}
	tests := []struct {
		name  string
		fault convextest.Fault
		calls int     // of the mutation
		users int     // in the end
		want  []error // none is success
	}{
		{"dropped before it ran", once(convextest.Drop), 1, 0, []error{unknown}},
		{"dropped after it was committed", after(convextest.Drop), 1, 1, []error{unknown}},
		{"answer cut off", after(convextest.Truncate), 1, 1, []error{unknown}},
		{"answer replaced by a page", after(convextest.Garbage), 1, 1, []error{unknown}},
		{"never answered", once(convextest.Hang), 1, 0, []error{unknown}},
		{"never answered after it was committed", after(convextest.Hang), 1, 1, []error{unknown}},
		{"a proxy's 502", html(502), 1, 0, []error{unknown}},
		{"a proxy's 504", html(504), 1, 0, []error{unknown}},
		{"internal error", once(convextest.Internal), 1, 0, []error{unknown}},
		{"unavailable", once(convextest.Unavailable), 1, 0, []error{unknown}},
		{"OCC once", once(convextest.Conflict), 2, 1, nil},
		{"OCC for ever", always(convextest.Conflict), 4, 0, []error{convex.ErrConflict, unavailable}},
		{"rejected before it ran", once(convextest.Busy), 2, 1, nil},
		{"committer full", once(convextest.CommitQueue), 2, 1, nil},
		{"too many calls", once(convextest.RateLimit), 2, 1, nil},
		{"too many writes for ever", always(convextest.WriteLimit), 4, 0, []error{convex.ErrRateLimited, unavailable}},
		{"asked to wait for longer than we do", convextest.Fault{Action: convextest.Busy, RetryAfter: "60"}, 1, 0, []error{convex.ErrOverloaded, unavailable}},
		{"slow, but in time", convextest.Fault{Action: convextest.Delay, Delay: 50 * time.Millisecond}, 1, 1, nil},
	}
	for _, tt := range tests {
		t.Run("mutation/"+tt.name, func(t *testing.T) {
			d.Reset(t)
			tt.fault.Path = "auth:create"
			d.SetFaults(t, tt.fault)
			_, err := c.Mutation(t.Context(), "auth:create", user(email), patience(tt.fault))
			if tt.want == nil && err != nil {
				t.Errorf("got error %v, want none", err)
			}
			if tt.want != nil {
				checkIs(t, err, tt.want...)
			}
			if got := len(d.Journal(t)); got != tt.calls {
				t.Errorf("got %d calls, want %d", got, tt.calls)
			}
			if got := len(d.Dump(t, "user")); got != tt.users {
				t.Errorf("got %d users, want %d", got, tt.users)
			}
		})
		t.Run("query/"+tt.name, func(t *testing.T) {
			d.Reset(t)
			tt.fault.Path = "testbed:echo"
			d.SetFaults(t, tt.fault)
			got, err := c.Query(t.Context(), "testbed:echo", map[string]any{"value": "x"}, patience(tt.fault))
			if tt.fault.Times == 1 && (err != nil || got != "x") {
				t.Errorf("got %v, %v, want x at the second attempt", got, err)
			}
			if err != nil {
				checkIs(t, err, tt.want...)
			}
		})
	}
}

// patience is short only where the deployment never answers, so that a busy
// machine fails no test.
func patience(f convextest.Fault) convex.Option {
	if f.Action == convextest.Hang {
		return convex.Timeout(500 * time.Millisecond)
	}
	return convex.Timeout(30 * time.Second)
}

func TestDeploymentBatchAndNowFaults(t *testing.T) {
	d := convextest.Start(t, "seed", convextest.Options{})
	c := connect(t, d)
	for _, action := range []convextest.Action{convextest.Drop, convextest.Busy, convextest.Garbage, convextest.Internal} {
		d.SetFaults(t, convextest.Fault{Endpoint: "query_batch", Action: action, Times: 1}, convextest.Fault{Endpoint: "query_ts", Action: action, Times: 1})
		results, err := c.QueryBatch(t.Context(), []convex.Call{{Path: "testbed:echo", Args: map[string]any{"value": "x"}}})
		if err != nil || results[0].Value != "x" {
			t.Errorf("%s: got %v, %v, want x", action, results, err)
		}
		if ts, err := c.Now(t.Context()); err != nil || ts == 0 {
			t.Errorf("%s: got %d, %v, want a timestamp", action, ts, err)
		}
	}
}

func TestDeploymentPing(t *testing.T) {
	d := convextest.Start(t, "seed", convextest.Options{})
	c := connect(t, d)
	const key = "testbed|few"
	d.Grant(t, key)
	few := newClient(t, convex.Config{URL: d.URL, AdminKey: key})
	for _, c := range []*convex.Client{c, few} { // also with a key that may do nothing
		if err := c.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	}
	d.Revoke(t, key)
	checkIs(t, few.Ping(t.Context()), convex.ErrUnauthorized)
	if err := few.Ping(t.Context(), convex.Anonymous()); err != nil {
		t.Errorf("without a key: %v", err)
	}
	d.SetFaults(t, convextest.Fault{Action: convextest.Garbage})
	checkIs(t, c.Ping(t.Context()), convex.ErrUnavailable)
	for _, call := range d.Journal(t) {
		if call.Path != "" {
			t.Errorf("got a call of %s, want none of a function", call.Path)
		}
	}
}

// TestDeploymentKeyedMutation is what Idempotent is for: a mutation that records
// a key of the caller's has its effect once, whatever happens to the answers.
func TestDeploymentKeyedMutation(t *testing.T) {
	d := convextest.Start(t, "secured", convextest.Options{Redact: true})
	c := connect(t, d)
	batch := func(key, email string) map[string]any {
		return map[string]any{"key": key, "ops": []map[string]any{{"fn": "create", "args": user(email)}}}
	}
	d.SetFaults(t, convextest.Fault{Endpoint: "mutation", Action: convextest.Drop, After: true, Times: 2})
	got := must(c.Mutation(t.Context(), "authTx:batch", batch("k1", "a@example.com"), convex.Idempotent()))(t)
	if replayed := got.(map[string]any)["replayed"]; replayed != true {
		t.Errorf("got replayed %v, want true", replayed)
	}
	if got := len(d.Journal(t)); got != 3 {
		t.Errorf("got %d calls, want 3", got)
	}
	if got := len(d.Dump(t, "user")); got != 1 {
		t.Errorf("got %d users, want 1", got)
	}

	d.SetFaults(t, convextest.Fault{Endpoint: "mutation", Action: convextest.Drop, Times: 1})
	_, err := c.Mutation(t.Context(), "authTx:batch", batch("k2", "a@example.com"), convex.Idempotent())
	checkIs(t, err, convex.ErrFunction)
	want := any(map[string]any{"code": "UNIQUE", "model": "user", "field": "email", "op": 0.0})
	if diff := cmp.Diff(asError(t, err).Data, want); diff != "" {
		t.Error(diff)
	}
	_, err = c.Query(t.Context(), "auth:nope", nil)
	checkIs(t, err, convex.ErrFunction) // the text is hidden, so it could be anything
}

func TestDeploymentOfOldStatus(t *testing.T) {
	d := convextest.Start(t, "seed", convextest.Options{LegacyStatus: true})
	_, err := connect(t, d).Query(t.Context(), "testbed:fail", map[string]any{"message": "boom"})
	checkIs(t, err, convex.ErrFunction)
	if e := asError(t, err); e.Status != 560 || e.Thrown() != "boom" || len(e.RequestID) != 16 {
		t.Errorf("got status %d, %q thrown, request %q", e.Status, e.Thrown(), e.RequestID)
	}
}

func TestDeploymentAsUser(t *testing.T) {
	d := convextest.Start(t, "seed", convextest.Options{})
	key := must(rsa.GenerateKey(rand.Reader, 2048))(t)
	const issuer = "https://auth.example.com"
	d.SetProviders(t, map[string]any{"type": "customJwt", "issuer": issuer, "jwks": jwks(t, key), "algorithm": "RS256", "applicationID": "convex"})
	c := connect(t, d)
	token := sign(t, key, map[string]any{"iss": issuer, "sub": "u1", "aud": "convex", "exp": time.Now().Add(time.Minute).Unix()})
	got := must(c.Query(t.Context(), "testbed:whoami", nil, convex.AsUser(token)))(t)
	want := any(map[string]any{"issuer": issuer, "subject": "u1", "tokenIdentifier": issuer + "|u1"})
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
	if got := must(c.Query(t.Context(), "testbed:whoami", nil))(t); got != nil {
		t.Errorf("with the key, got identity %v, want none", got)
	}
	_, err := c.Mutation(t.Context(), "testbed:secretMutation", nil, convex.AsUser(token))
	checkIs(t, err, convex.ErrNotFound)
	expired := sign(t, key, map[string]any{"iss": issuer, "sub": "u1", "aud": "convex", "exp": 1})
	_, err = c.Query(t.Context(), "testbed:whoami", nil, convex.AsUser(expired))
	checkIs(t, err, convex.ErrUnauthorized)
	if strings.Contains(err.Error(), expired) {
		t.Errorf("the error shows the token: %v", err)
	}
}

// TestDeploymentTogether makes many calls at once through few connections.
func TestDeploymentTogether(t *testing.T) {
	d := convextest.Start(t, "seed", convextest.Options{})
	c := connect(t, d)
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			email := fmt.Sprintf("u%d@example.com", i)
			if _, err := c.Mutation(t.Context(), "auth:create", user(email)); err != nil {
				t.Error(err)
			}
			if got, err := c.Query(t.Context(), "auth:findOne", byEmail(email)); err != nil || got == nil {
				t.Errorf("got %v, %v, want the user", got, err)
			}
		})
	}
	wg.Wait()
	if got := len(d.Dump(t, "user")); got != 40 {
		t.Errorf("got %d users, want 40", got)
	}
}

func jwks(t *testing.T, key *rsa.PrivateKey) string {
	t.Helper()
	set := map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "alg": "RS256", "kid": "k", "use": "sig",
		"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
	}}}
	return "data:application/json;base64," + base64.StdEncoding.EncodeToString(must(json.Marshal(set))(t))
}

// sign makes a JSON Web Token (RFC 7519) with RS256.
func sign(t *testing.T, key *rsa.PrivateKey, claims map[string]any) string {
	t.Helper()
	part := func(v any) string { return base64.RawURLEncoding.EncodeToString(must(json.Marshal(v))(t)) }
	text := part(map[string]string{"alg": "RS256", "kid": "k", "typ": "JWT"}) + "." + part(claims)
	sum := sha256.Sum256([]byte(text))
	signature := must(rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:]))(t)
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}
