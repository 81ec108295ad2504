package convex_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep/convex"
)

// platform is a failure in the deployment's name.
func platform(status int, code string) reply {
	return reply{status: status, body: `{"code":"` + code + `","message":"password hunter2"}`}
}

// threw is a function's error on a deployment that does not hide texts.
func threw(text, data string) reply {
	if data != "" {
		data = `,"errorData":` + data
	}
	return reply{status: 200, body: `{"status":"error","errorMessage":"[Request ID: 0123456789abcdef] Server Error\n` + text + `"` + data + `}`}
}

// An outcome is how often a call is sent to a deployment that always gives the
// same answer, and what the error then is.
type outcome struct {
	sent int
	is   []error
}

// A verdict is what an answer means for each kind of call.
type verdict struct {
	name                    string
	reply                   reply
	query, mutation, action outcome
}

// alike is a verdict that is the same for all.
func alike(name string, r reply, sent int, is ...error) verdict {
	o := outcome{sent, is}
	return verdict{name, r, o, o, o}
}

// lost is a verdict on an answer that leaves the outcome unknown.
func lost(name string, r reply) verdict {
	unknown := outcome{1, []error{convex.ErrOutcomeUnknown}}
	return verdict{name, r, outcome{4, []error{convex.ErrUnavailable}}, unknown, unknown}
}

// turnedAway is a verdict on an answer that says that the function did not run.
// An action may pass it on from a mutation that it called.
func turnedAway(name string, r reply, is error) verdict {
	again := outcome{4, []error{convex.ErrUnavailable, is}}
	return verdict{name, r, again, again, outcome{1, []error{is, convex.ErrOutcomeUnknown}}}
}

// doubtful is a verdict on an answer that is final, but not clear.
func doubtful(name string, r reply, is error) verdict {
	unknown := outcome{1, []error{is, convex.ErrOutcomeUnknown}}
	return verdict{name, r, outcome{1, []error{is}}, unknown, unknown}
}

func verdicts() []verdict {
	return []verdict{
		alike("the function threw", threw(`Uncaught Error: no`, ""), 1, convex.ErrFunction),
		alike("the function threw, on an old deployment", reply{status: 560, body: `{"status":"error","errorMessage":"x"}`}, 1, convex.ErrFunction),
		alike("bad request", platform(400, "BadJsonBody"), 1, convex.ErrRefused),
		alike("bad key", platform(401, "BadAdminKey"), 1, convex.ErrUnauthorized),
		alike("no right", platform(403, "OperationNotPermitted"), 1, convex.ErrUnauthorized),
		alike("method not allowed", reply{status: 405}, 1, convex.ErrRefused),
		alike("conflict that stays", platform(409, "Conflict"), 1, convex.ErrRefused),
		alike("too large for a proxy", reply{status: 413, body: "<html>"}, 1, convex.ErrRefused),
		alike("no such deployment, or not yet", reply{status: 404}, 2, convex.ErrNotFound),
		alike("no such function", platform(404, "FunctionPathNotFound"), 1, convex.ErrNotFound),
		alike("function of another kind", platform(404, "FunctionPathWrongType"), 1, convex.ErrRefused),
		alike("misdirected", reply{status: 421}, 4, convex.ErrUnavailable),
		alike("too early", reply{status: 425}, 4, convex.ErrUnavailable),
		turnedAway("too many calls", platform(429, "TooManyConcurrentRequests"), convex.ErrRateLimited),
		turnedAway("too many writes", platform(429, "TooManyWrites"), convex.ErrRateLimited),
		turnedAway("OCC", platform(503, "OptimisticConcurrencyControlFailure"), convex.ErrConflict),
		turnedAway("expired in the queue", platform(503, "ExpiredInQueue"), convex.ErrOverloaded),
		turnedAway("worker overloaded", platform(503, "WorkerOverloaded"), convex.ErrOverloaded),
		turnedAway("executor full", platform(503, "ExecuteFullError"), convex.ErrOverloaded),
		turnedAway("no permit in time", platform(503, "InitialPermitTimeoutError"), convex.ErrOverloaded),
		turnedAway("isolate not clean", platform(503, "IsolateNotClean"), convex.ErrOverloaded),
		turnedAway("committer full", platform(503, "CommitterFullError"), convex.ErrOverloaded),
		lost("server timeout", reply{status: 408}),
		lost("a proxy gave up", reply{status: 499}),
		lost("503 for any other reason", platform(503, "InternalServerError")),
		lost("503 of a proxy", reply{status: 503, body: "<html>"}),
		lost("500", platform(500, "InternalServerError")),
		lost("500 with a code of another status", platform(500, "ExpiredInQueue")),
		lost("502 of a proxy", reply{status: 502, body: "<html>"}),
		lost("504 of a proxy", reply{status: 504}),
		lost("an error page with status 200", reply{status: 200, body: "<html>"}),
		lost("half a body", reply{status: 200, body: `{"status":"succ`}),
		lost("JSON of another service", reply{status: 200, body: `{"status":"error","message":"x"}`}),
		lost("success without a value", reply{status: 200, body: `{"status":"success"}`}),
		lost("success with an impossible value", reply{status: 200, body: `{"status":"success","value":{"$set":[]}}`}),
		lost("a list", reply{status: 200, body: `[]`}),
		lost("no content", reply{status: 204}),
		lost("a success that another status carries", reply{status: 502, body: `{"status":"success","value":null}`}),
		lost("the connection broke, for all we know after sending", reply{err: io.ErrUnexpectedEOF}),
		doubtful("a redirect", reply{status: 303}, convex.ErrRefused),
		doubtful("an answer above the limit", reply{status: 200, body: strings.Repeat(" ", 20<<20+1)}, convex.ErrTooLarge),
	}
}

func TestRetryTable(t *testing.T) {
	for _, v := range verdicts() {
		t.Run(v.name, func(t *testing.T) {
			t.Run("query", func(t *testing.T) { checkOutcome(t, v.reply, (*convex.Client).Query, v.query) })
			t.Run("mutation", func(t *testing.T) { checkOutcome(t, v.reply, (*convex.Client).Mutation, v.mutation) })
			t.Run("action", func(t *testing.T) { checkOutcome(t, v.reply, (*convex.Client).Action, v.action) })
		})
	}
}

// A sender is Query, Mutation or Action.
type sender func(*convex.Client, context.Context, string, map[string]any, ...convex.Option) (any, error)

func checkOutcome(t *testing.T, r reply, send sender, want outcome) {
	t.Helper()
	c, s := newScript(t, r)
	value, err := send(c, t.Context(), "auth:x", map[string]any{"password": "hunter2"})
	checkIs(t, err, want.is...)
	if value != nil {
		t.Errorf("got value %v with an error", value)
	}
	if got := len(s.requests); got != want.sent {
		t.Errorf("got %d attempts, want %d", got, want.sent)
	}
	if got := asError(t, err).Attempts; got != want.sent {
		t.Errorf("error speaks of %d attempts, want %d", got, want.sent)
	}
	if s.unclosed != 0 {
		t.Errorf("%d bodies were not closed", s.unclosed)
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error quotes the arguments: %v", err)
	}
}
