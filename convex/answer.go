package convex

import (
	"encoding/binary"
	"net/http"
	"strings"
	"unicode/utf8"
)

// statusFunctionFailed is what deployments before 2024 answered when a function
// threw; now they answer 200.
const statusFunctionFailed = 560

// statusClientClosed is a proxy's answer when it gave up waiting (nginx).
const statusClientClosed = 499

// A failure is an attempt without a result, and what follows from it.
type failure struct {
	kind   error
	detail string
	cause  error
	code   string
	status int

	requestID string
	data      any
	thrown    string

	ran     effect // what is known of the function
	retry   int    // how many more attempts make sense, whatever Config allows
	settles bool   // the function answered: earlier attempts are settled too
}

// An effect says whether the function of a failed attempt can have had one.
type effect int

const (
	unknown effect = iota
	// turnedAway: the deployment says that it did not run or was rolled back. An
	// action can pass on what happened to a mutation that it called, so for an
	// action this is not certain.
	turnedAway
	// never: it did not run, or it was undone.
	never
)

// Values of failure.retry; zero is for failures that stay.
const (
	oneMore  = 1
	anyRetry = 1 << 30
)

// unreadable is the failure of an answer that is not in the deployment's form:
// from something in between, or cut off.
func unreadable() *failure {
	return &failure{kind: ErrUnavailable, detail: "the answer is not a Convex deployment's", retry: anyRetry}
}

// readOutcome reads the answer of one function: {status, value} or
// {status, errorMessage, errorData}.
func readOutcome(answer any) (any, *failure) {
	fields, _ := answer.(map[string]any)
	switch fields["status"] {
	case "success":
		raw, ok := fields["value"]
		if !ok {
			return nil, unreadable()
		}
		value, err := fromJSON(raw, 0)
		if err != nil {
			return nil, unreadable()
		}
		return value, nil
	case "error":
		text, ok := fields["errorMessage"].(string)
		if !ok {
			return nil, unreadable()
		}
		f := functionFailure(text)
		raw, ok := fields["errorData"]
		if !ok {
			return nil, f
		}
		if data, err := fromJSON(raw, 0); err == nil {
			*f = failure{kind: ErrFunction, requestID: f.requestID, data: data, ran: never, settles: true}
		}
		return nil, f
	}
	return nil, unreadable()
}

// readBatch reads {results}, which has an outcome for each call.
func readBatch(answer any, calls []Call) ([]Result, *failure) {
	fields, _ := answer.(map[string]any)
	outcomes, ok := fields["results"].([]any)
	if !ok || len(outcomes) != len(calls) {
		return nil, unreadable()
	}
	results := make([]Result, len(calls))
	for i, outcome := range outcomes {
		value, f := readOutcome(outcome)
		switch {
		case f == nil:
			results[i].Value = value
		case f.retry != 0:
			return nil, f
		default:
			f.status = http.StatusOK
			results[i].Err = f.err(&request{op: query, path: calls[i].Path})
		}
	}
	return results, nil
}

// readTimestamp reads {ts}: 8 bytes, little endian, in base64.
func readTimestamp(answer any) (Timestamp, bool) {
	fields, _ := answer.(map[string]any)
	b, ok := fromBase64(fields["ts"])
	if !ok || len(b) != 8 {
		return 0, false
	}
	return Timestamp(binary.LittleEndian.Uint64(b)), true
}

// functionFailure reads an errorMessage:
//
//	[Request ID: 0123456789abcdef] Server Error
//	Uncaught Error: user email already exists
//	    at handler (../convex/auth.ts:1:2)
//
// Deployments in production send the first line only. What a function throws
// stands behind "Uncaught", so it cannot pass for one of the other texts. None
// of the text is kept but names and, apart from the error's own text, the first
// line of the function's: the rest quotes arguments.
func functionFailure(text string) *failure {
	f := &failure{kind: ErrFunction, ran: never}
	head, detail, _ := strings.Cut(text, "\n")
	if id, ok := strings.CutPrefix(head, "[Request ID: "); ok {
		f.requestID = name(strings.TrimSuffix(id, "] Server Error"))
	} else {
		detail = text
	}
	switch {
	case strings.HasPrefix(detail, "ArgumentValidationError: "):
		f.kind, f.detail = ErrRefused, argumentMistake(detail)
	case strings.HasPrefix(detail, "Could not find public function for "), strings.HasPrefix(detail, "Could not find function for "):
		f.kind = ErrNotFound
	case strings.HasPrefix(detail, "Trying to execute "):
		f.kind, f.detail = ErrRefused, "the function is of another kind"
	case strings.HasPrefix(detail, "Cannot run functions while "), strings.HasPrefix(detail, "You have exceeded "):
		f.kind, f.detail = ErrUnavailable, "the deployment is paused, disabled or over its limits"
	default:
		thrown, _ := strings.CutPrefix(detail, "Uncaught Error: ")
		if thrown != detail {
			f.thrown = firstLine(thrown)
		}
	}
	return f
}

// argumentMistake says what the validator of a function did not like, as far as
// that can be told without quoting a value.
func argumentMistake(text string) string {
	line := firstLine(text)
	_, rest, _ := strings.Cut(line, "`")
	field, _, _ := strings.Cut(rest, "`")
	switch field = name(field); {
	case field == "":
	case strings.Contains(line, "extra field"):
		return "the function does not take the field " + field
	case strings.Contains(line, "missing the required field"):
		return "the function requires the field " + field
	}
	return "the arguments are not what the function takes"
}

// firstLine returns the first line of s, at most 256 bytes of it.
func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	const limit = 256
	if len(line) <= limit {
		return line
	}
	end := limit
	for !utf8.RuneStart(line[end]) {
		end--
	}
	return line[:end]
}

// name returns s if it has the form of an identifier, else "". It guards what
// goes from an answer into an error's text.
func name(s string) string {
	if len(s) > 64 || strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '_' && r != '-'
	}) {
		return ""
	}
	return s
}

// platformFailure judges an answer that is not a function's: an HTTP status and,
// from the deployment itself, {code, message}. The message is dropped: some of
// them quote the request. The codes are those of convex-backend, crates/errors.
func platformFailure(status int, body []byte) *failure {
	code := ""
	if raw, err := parseJSON(body); err == nil {
		fields, _ := raw.(map[string]any)
		text, _ := fields["code"].(string)
		code = name(text)
	}
	f := verdict(status, code)
	f.status, f.code = status, code
	return &f
}

// verdict is the table of what an HTTP status says.
func verdict(status int, code string) failure {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return failure{kind: ErrUnauthorized, ran: never}
	case http.StatusNotFound:
		return verdictNotFound(code)
	case http.StatusMisdirectedRequest, http.StatusTooEarly:
		return failure{kind: ErrUnavailable, ran: never, retry: anyRetry}
	case http.StatusTooManyRequests:
		return failure{kind: ErrRateLimited, ran: turnedAway, retry: anyRetry}
	case http.StatusServiceUnavailable:
		return verdictUnavailable(code)
	case http.StatusRequestTimeout, statusClientClosed:
		return failure{kind: ErrUnavailable, ran: unknown, retry: anyRetry}
	}
	switch {
	case status >= 500 || status < 300:
		return failure{kind: ErrUnavailable, ran: unknown, retry: anyRetry}
	case status < 400: // a See Other can follow an effect
		return failure{kind: ErrRefused, detail: "the answer is a redirect: check the URL", ran: unknown}
	}
	return failure{kind: ErrRefused, ran: never}
}

// verdictNotFound is the part of the table for status 404.
func verdictNotFound(code string) failure {
	switch code {
	case "FunctionPathWrongType":
		return failure{kind: ErrRefused, detail: "the function is of another kind", ran: never}
	case "": // no deployment of that name, or one that is just being made
		return failure{kind: ErrNotFound, ran: never, retry: oneMore}
	}
	return failure{kind: ErrNotFound, ran: never}
}

// verdictUnavailable is the part of the table for status 503.
func verdictUnavailable(code string) failure {
	switch code {
	case "OptimisticConcurrencyControlFailure":
		return failure{kind: ErrConflict, ran: turnedAway, retry: anyRetry}
	case "ExpiredInQueue", "WorkerOverloaded", "ExecuteFullError", "InitialPermitTimeoutError", "IsolateNotClean", "CommitterFullError":
		return failure{kind: ErrOverloaded, ran: turnedAway, retry: anyRetry}
	}
	return failure{kind: ErrUnavailable, ran: unknown, retry: anyRetry}
}

// err is the failure as the caller sees it.
func (f *failure) err(r *request) *Error {
	return &Error{
		Path: r.path, Status: f.status, Code: f.code, RequestID: f.requestID, Data: f.data,
		op: r.op, kind: f.kind, detail: f.detail, thrown: f.thrown, cause: f.cause,
	}
}
