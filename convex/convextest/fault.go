package convextest

import (
	"net/http"
	"testing"
	"time"
)

// An Action is what a fault does to a call.
type Action string

// The actions of a Fault. Those with a status answer in the deployment's name,
// and the function does not run unless the fault is After.
const (
	Delay       Action = "none"        // only wait, see Fault.Delay
	Conflict    Action = "occ"         // 503, lost against other mutations
	Busy        Action = "busy"        // 503, expired in the queue
	CommitQueue Action = "committer"   // 503, too many commits at once
	RateLimit   Action = "ratelimit"   // 429, too many calls at once
	WriteLimit  Action = "writes"      // 429, too many bytes written
	Internal    Action = "internal"    // 500, says nothing about the outcome
	Unavailable Action = "unavailable" // 503, says nothing about the outcome
	Status      Action = "status"      // Fault.Status and Fault.Body
	Drop        Action = "drop"        // close the connection without an answer
	Hang        Action = "hang"        // never answer
	Truncate    Action = "truncate"    // half of the answer, then close
	Garbage     Action = "garbage"     // 200 with a page of HTML
)

// A Fault makes calls fail. The zero value of a field matches or does nothing.
type Fault struct {
	Endpoint string // calls to this endpoint only: "query", "mutation", "function", …
	Path     string // calls of this function only; "/…/" is a regular expression

	Action Action
	After  bool          // the function runs and commits first
	Delay  time.Duration // wait before acting
	Times  int           // how often; 0 is always
	Skip   int           // how many matching calls to let pass first

	Status     int    // for Status and Garbage
	Body       string // for Status and Garbage
	RetryAfter string // header of the answer
}

// SetFaults replaces the faults of the deployment; none removes them. The first
// fault that matches a call acts.
func (d *Deployment) SetFaults(t testing.TB, faults ...Fault) {
	t.Helper()
	rules := make([]map[string]any, 0, len(faults))
	for _, f := range faults {
		rules = append(rules, f.rule())
	}
	d.backDoor(t, http.MethodPut, "faults", rules, nil)
}

// rule is the fault in the form of the test bed.
func (f Fault) rule() map[string]any {
	match := map[string]any{}
	rule := map[string]any{"match": match, "when": "before", "skip": f.Skip, "delayMs": f.Delay.Milliseconds()}
	if f.After {
		rule["when"] = "after"
	}
	if f.RetryAfter != "" {
		rule["headers"] = map[string]string{"retry-after": f.RetryAfter}
	}
	set := func(m map[string]any, name string, value any, isSet bool) {
		if isSet {
			m[name] = value
		}
	}
	set(match, "endpoint", f.Endpoint, f.Endpoint != "")
	set(match, "path", f.Path, f.Path != "")
	set(rule, "action", f.Action, f.Action != "")
	set(rule, "times", f.Times, f.Times != 0)
	set(rule, "status", f.Status, f.Status != 0)
	set(rule, "body", f.Body, f.Body != "")
	return rule
}
