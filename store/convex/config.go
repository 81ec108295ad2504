package convex

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/lockstep-auth/lockstep/convex"
)

// minSecret is the shortest Config.Secret in characters. The functions refuse a
// shorter one too (js/convex/src/lockstepFunctions/secret.ts).
const minSecret = 32

// A Config says where the data is and what opens the door to it. URL is
// required, and Key or Secret unless the deployment lets everybody in.
type Config struct {
	// URL is where the deployment serves functions, as in package convex:
	// "https://NAME.convex.cloud" or "http://127.0.0.1:3210".
	URL string

	// Key is a deploy key or an admin key. It needs the rights to run internal
	// queries and mutations, or to view and write data for a Component.
	Key string

	// Secret is the text that the public variant of Lockstep's functions asks
	// for (LOCKSTEP_SECRET in the deployment's environment), at least 32
	// characters. It takes the place of Key.
	Secret string

	// Component is where the Better Auth component is mounted, such as
	// "betterAuth", if the data is in it. It needs a Key.
	Component string

	// InsecureAllowPublicFunctions accepts a deployment whose tables anybody on
	// the internet can read and write: the functions of createApi, public as in
	// the integration guide.
	InsecureAllowPublicFunctions bool

	// Log hears about what an operator should change. Defaults to silence.
	Log *slog.Logger

	// Timeout bounds one attempt of a call. Defaults to 10 seconds.
	Timeout time.Duration

	// MaxQueries and MaxMutations are how many calls of a kind are on their way at
	// once; see convex.Config.
	MaxQueries, MaxMutations int

	// Transport carries the requests; see convex.Config.
	Transport http.RoundTripper

	// TraceParent returns the header "traceparent" of a call; see convex.Config.
	TraceParent func(context.Context) string

	// Sleep waits between two attempts of a call. Defaults to a timer.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Format prints the URL and what there is, whatever the verb: a Config holds
// secrets.
func (c Config) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "convex.Config{%v secret=%t component=%q}", c.client(), c.Secret != "", c.Component)
}

// client is the configuration of the client underneath.
func (c Config) client() convex.Config {
	return convex.Config{
		URL: c.URL, AdminKey: c.Key,
		MaxQueries: c.MaxQueries, MaxMutations: c.MaxMutations,
		Logger: c.Log, Timeout: c.Timeout, Transport: c.Transport, TraceParent: c.TraceParent, Sleep: c.Sleep,
	}
}

func (c Config) withDefaults() Config {
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	return c
}

func (c Config) check() error {
	var errs []error
	if c.Key != "" && c.Secret != "" {
		errs = append(errs, errors.New("convex: Config has a Key and a Secret: one of them opens the functions, remove the other"))
	}
	if c.Secret != "" && len(c.Secret) < minSecret {
		errs = append(errs, fmt.Errorf("convex: Config.Secret is shorter than %d characters", minSecret))
	}
	if c.Component != "" && c.Key == "" {
		errs = append(errs, errors.New("convex: Config.Component needs a Key: a component cannot be called without"))
	}
	return errors.Join(errs...)
}

var _ fmt.Formatter = Config{}
