package convexcheck_test

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lockstep-auth/lockstep/convex/convextest"
	"github.com/lockstep-auth/lockstep/store/convex"
)

var update = flag.Bool("update", false, "rewrite docs/convex-budget.md")

// TestMain checks that nothing runs on when all servers are closed: a connection
// that leaks is two goroutines that do.
func TestMain(m *testing.M) {
	flag.Parse()
	// The cases wait for time-outs and for the deployment, not for processors.
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// secret opens the functions of the profile "functions-secret".
const secret = "a secret of at least 32 characters"

// An access is a way to reach the data.
type access struct {
	name    string
	profile string // below testdata
	config  convex.Config

	// isAtomic: a batch is one transaction, and sending it twice does it once.
	// Plain createApi has no such thing (docs/convex.md).
	isAtomic bool

	// isThorough: every fault is played, and time is measured. The other modes
	// differ from one that is in the way to call a function.
	isThorough bool

	// hasTheme: sessions have the additional field "theme". The component's
	// schema is fixed.
	hasTheme bool
}

// accesses are the four of docs/convex.md, the one with a key to createApi in
// both places where its functions can be.
func accesses() []access {
	key := convextest.AdminKey
	return []access{
		{name: "functions with a key", profile: "functions", config: convex.Config{Key: key}, isAtomic: true, isThorough: true, hasTheme: true},
		{name: "functions with a secret", profile: "functions-secret", config: convex.Config{Secret: secret}, isAtomic: true, hasTheme: true},
		{name: "createApi with a key", profile: "createapi-internal", config: convex.Config{Key: key}, isThorough: true, hasTheme: true},
		{name: "createApi in the component", profile: "createapi-internal", config: convex.Config{Key: key, Component: "betterAuth"}},
		{name: "createApi for everybody", profile: "createapi", config: convex.Config{InsecureAllowPublicFunctions: true}, hasTheme: true},
	}
}

// A bed is a running deployment and a way to reach it. It hides the texts of
// errors and answers 404 for what is not there, as deployments in production do.
type bed struct {
	access
	*convextest.Deployment
}

func (a access) start(t *testing.T) *bed {
	t.Helper()
	d := convextest.Start(t, "testdata/"+a.profile, convextest.Options{
		Redact: true, Missing404: true, Env: []string{"LOCKSTEP_SECRET=" + secret},
	})
	a.config.URL = d.URL
	return &bed{a, d}
}

// TestConvex runs every check in every access mode, with one deployment each.
func TestConvex(t *testing.T) {
	for _, a := range accesses() {
		t.Run(a.name, func(t *testing.T) {
			b := a.start(t)
			t.Run("round trips", b.testRoundTrips)
			t.Run("round trips of services", b.testSocialRoundTrips)
			if a.isAtomic && a.isThorough {
				t.Run("latency", b.testLatency)
				t.Run("limits", b.testLimits)
			}
			if !a.config.InsecureAllowPublicFunctions {
				t.Run("strangers", b.testStrangers)
			}
			if a.isThorough {
				t.Run("storm", b.testStorm)
				t.Run("races of services", b.testServiceRaces)
				t.Run("faults of services", b.testServiceFaults)
			}
			t.Run("scenarios", b.testScenarios)
			t.Run("faults", b.testFaults)
		})
	}
}

// store returns a store that reaches the deployment over the link and is closed
// with the test.
func (b *bed) store(t testing.TB, l *link, change ...func(*convex.Config)) *convex.Store {
	t.Helper()
	c := b.config
	c.Transport = l
	c.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() } // retries at once
	for _, f := range change {
		f(&c)
	}
	s, err := convex.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// address returns an address that nobody else uses, of the words.
func address(words ...any) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(fmt.Sprintln(words...)))
	return strings.Trim(name, "-") + "@example.com"
}

type m map[string]any
