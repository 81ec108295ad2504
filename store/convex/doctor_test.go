package convex_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/convex/convextest"
	"github.com/lockstep-auth/lockstep/store/convex"
)

// names returns what was looked at, and what of it is wrong.
func names(t *testing.T, s *convex.Store) (all, wrong []string) {
	t.Helper()
	for _, c := range must(s.Examine(t.Context()))(t) {
		all = append(all, c.Name)
		if c.Err != nil {
			wrong = append(wrong, c.Name)
			if c.Fix == "" {
				t.Errorf("%s: %v: nothing says what to do", c.Name, c.Err)
			}
			if text := c.Err.Error() + c.Fix; strings.Contains(text, "hush") {
				t.Errorf("%s shows a secret: %s", c.Name, text)
			}
		}
	}
	return all, wrong
}

// TestExamine checks what is looked at; the command's tests have a case for each
// mistake.
func TestExamine(t *testing.T) {
	d := convextest.Start(t, "functions", convextest.Options{Redact: true})
	bare := convextest.Start(t, "testdata/crud-internal", convextest.Options{Redact: true})
	d.Grant(t, "testbed|reader-hush", "RunInternalQueries")
	for _, c := range []struct {
		rule       string
		config     convex.Config
		all, wrong []string
	}{
		{"functions", convex.Config{URL: d.URL, Key: d.AdminKey}, []string{"reachable", "private", "access", "writes", "schema"}, nil},
		{"createApi does not tell its schema", convex.Config{URL: bare.URL, Key: bare.AdminKey}, []string{"reachable", "private", "access", "writes"}, nil},
		{"a key that may only read", convex.Config{URL: d.URL, Key: "testbed|reader-hush"}, []string{"reachable", "private", "access", "writes", "schema"}, []string{"writes"}},
		{"who is not let in sees no more", convex.Config{URL: d.URL, Key: "testbed|hush"}, []string{"reachable", "private", "access"}, []string{"access"}},
		{"nobody there", convex.Config{URL: "http://127.0.0.1:1", Key: "hush"}, []string{"reachable"}, []string{"reachable"}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			all, wrong := names(t, bound(t, c.config))
			if diff := cmp.Diff([][]string{all, wrong}, [][]string{c.all, c.wrong}); diff != "" {
				t.Errorf("got -, want +:\n%s", diff)
			}
		})
	}
	for _, table := range []string{"user", "lockstepBatch"} {
		if n := len(d.Dump(t, table)) + len(bare.Dump(t, table)); n != 0 {
			t.Errorf("got %d rows in table %s, want none", n, table)
		}
	}
	if _, err := open(t, convex.Config{URL: d.URL}).Examine(t.Context()); err == nil {
		t.Error("Examine before Bind succeeded")
	}
}

// TestExamineEnds: the end of the context ends every call, and is reported.
func TestExamineEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := newTap(t)
	p.before = func(tapped) (*http.Response, error) {
		cancel()
		<-ctx.Done()
		return nil, errors.New("cut off")
	}
	checks, err := bound(t, convex.Config{URL: "http://127.0.0.1:1", Key: "hush", Transport: p}).Examine(ctx)
	if err != nil || len(checks) != 1 || !errors.Is(checks[0].Err, context.Canceled) {
		t.Errorf("got %v, %v, want that the deployment does not answer", checks, err)
	}
}

// TestExamineOfBrokenAnswers: a check that could not be made is a problem, never
// a clean bill.
func TestExamineOfBrokenAnswers(t *testing.T) {
	d := convextest.Start(t, "functions", convextest.Options{})
	for _, endpoint := range []string{"query_ts", "query_batch", "query", "mutation"} {
		t.Run(endpoint, func(t *testing.T) {
			p := newTap(t)
			p.before = func(c tapped) (*http.Response, error) {
				if c.endpoint == endpoint {
					return nil, errors.New("network is down")
				}
				return nil, nil
			}
			s := bound(t, convex.Config{URL: d.URL, Key: d.AdminKey, Transport: p})
			if _, wrong := names(t, s); len(wrong) == 0 {
				t.Error("nothing was found wrong")
			}
			for _, c := range must(s.Examine(t.Context()))(t) {
				if c.Err != nil && strings.Contains(c.Fix, "convex init") {
					t.Errorf("%s: %v: the fix is no new functions: %s", c.Name, c.Err, c.Fix)
				}
			}
		})
	}
}
