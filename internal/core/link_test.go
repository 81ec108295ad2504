package core_test

import (
	"testing"

	"github.com/lockstep-auth/lockstep/internal/core"
)

// TestCallbackURLs compares the targets of redirects with those that Better
// Auth makes of the same callback URLs.
func TestCallbackURLs(t *testing.T) {
	t.Parallel()
	var v struct {
		URLs []struct{ Callback, Token, Error, Append string }
	}
	load(t, "callback-urls.json", &v)
	if len(v.URLs) < 20 {
		t.Fatalf("%d URLs", len(v.URLs))
	}
	for _, tc := range v.URLs {
		if got := core.WithParam("https://auth.test", tc.Callback, "token", "T1"); got != tc.Token {
			t.Errorf("%s with a token: %s, want %s", tc.Callback, got, tc.Token)
		}
		if got := core.WithParam("https://auth.test", tc.Callback, "error", "INVALID_TOKEN"); got != tc.Error {
			t.Errorf("%s with an error: %s, want %s", tc.Callback, got, tc.Error)
		}
		if got := core.WithError(tc.Callback, "TOKEN_EXPIRED"); got != tc.Append {
			t.Errorf("%s with an error behind it: %s, want %s", tc.Callback, got, tc.Append)
		}
	}
}
