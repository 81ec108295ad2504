package lockstep_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep"
)

// TestSecretsAreRedacted: who logs a configuration, or what goes in and out of a
// call, logs no secret.
func TestSecretsAreRedacted(t *testing.T) {
	t.Parallel()
	ip := lockstep.IPAddress{ProxySecret: "canary"}
	c := lockstep.Config{
		Secret: "canary", Secrets: []lockstep.Secret{{Version: 1, Value: "canary"}}, Advanced: lockstep.Advanced{IPAddress: ip},
	}
	for _, v := range []any{
		c, &c, c.Advanced, &c.Advanced, ip, c.Secrets,
		lockstep.VerifierConfig{Secret: "canary", Secrets: c.Secrets},
		lockstep.SignUpEmail{Password: "canary"},
		lockstep.ChangePassword{CurrentPassword: "canary", NewPassword: "canary"},
		&lockstep.Result{Header: http.Header{"Set-Cookie": {"canary"}}, Body: json.RawMessage(`{"token":"canary"}`)},
		lockstep.AccessToken{AccessToken: "canary", IDToken: "canary"},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			if got := fmt.Sprintf(verb, v); strings.Contains(got, "canary") || !strings.Contains(got, "redacted") {
				t.Errorf("%s of a %T: got %s", verb, v, got)
			}
		}
	}
}
