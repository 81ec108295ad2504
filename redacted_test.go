package lockstep_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep"
)

// TestConfigIsRedacted: who logs the configuration, or a part of it, logs no
// secret.
func TestConfigIsRedacted(t *testing.T) {
	t.Parallel()
	ip := lockstep.IPAddress{ProxySecret: "canary"}
	c := lockstep.Config{
		Secret: "canary", Secrets: []lockstep.Secret{{Version: 1, Value: "canary"}}, Advanced: lockstep.Advanced{IPAddress: ip},
	}
	for _, v := range []any{c, &c, c.Advanced, &c.Advanced, ip, c.Secrets} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			if got := fmt.Sprintf(verb, v); strings.Contains(got, "canary") || !strings.Contains(got, "redacted") {
				t.Errorf("%s of a %T: got %s", verb, v, got)
			}
		}
	}
}
