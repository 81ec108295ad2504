package convex

import (
	"fmt"
	"time"
)

// maxRequest is the largest body that a deployment reads, in bytes. Arguments
// may have 16 MiB.
const maxRequest = 16<<20 + 2000

// An operation is a kind of function. Each has its own limit of calls at once
// and its own rules for retries.
type operation int

const (
	query operation = iota
	mutation
	action
	operations // how many there are
)

// String is the kind as in the paths of the HTTP API.
func (op operation) String() string {
	return [...]string{"query", "mutation", "action"}[op]
}

// An Option varies a single call.
type Option func(*options)

type options struct {
	authorization string // header, with the credential; empty for none
	mistake       string // why the call must not be sent
	component     string
	at            *Timestamp
	idempotent    bool
	timeout       time.Duration
}

// Component calls a function inside a mounted component, such as "betterAuth"
// (or "outer/inner"); the empty path is the app itself. It needs Config.AdminKey,
// and cannot be combined with At.
func Component(path string) Option {
	return func(o *options) { o.component = path }
}

// AsUser makes the call as the user of a JSON Web Token that the deployment
// accepts (auth.config.ts), in place of the admin key.
func AsUser(token string) Option {
	return func(o *options) {
		o.authorization = "Bearer " + token
		if token == "" || !isCredential(token) {
			o.mistake = "the user token is empty or contains a character that no token has"
		}
	}
}

// Anonymous makes the call without a credential, even if the client has a key:
// what anybody who knows the URL can do.
func Anonymous() Option {
	return func(o *options) { o.authorization = "" }
}

// At runs a query on the state of the deployment at a moment that Now returned.
// Moments older than 30 seconds may be refused. Only for Query.
func At(ts Timestamp) Option {
	return func(o *options) { o.at = &ts }
}

// Idempotent promises that calling the mutation or action again with the same
// arguments changes nothing more and returns the same, so that it may be sent
// again when an answer is lost. A mutation that records a key of the caller's in
// the same transaction has this quality; most have not.
func Idempotent() Option {
	return func(o *options) { o.idempotent = true }
}

// Timeout bounds one attempt of this call, in place of Config.Timeout.
func Timeout(d time.Duration) Option {
	return func(o *options) {
		o.timeout = d
		if d <= 0 {
			o.mistake = "the timeout is not positive"
		}
	}
}

func (c *Client) options(opts []Option) options {
	o := options{timeout: c.config.Timeout}
	if c.config.AdminKey != "" {
		o.authorization = "Convex " + c.config.AdminKey
	}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// A request is a call in the form of the wire. It can be sent many times.
type request struct {
	options
	op       operation
	path     string // of the function; may be empty
	endpoint string // below /api/
	body     []byte

	// read takes the parsed body of an answer, stores the result for the caller,
	// and returns what is wrong with it or nil.
	read func(answer any) *failure
}

// prepare writes the body of a call and chooses the endpoint for it.
func (c *Client) prepare(op operation, call Call, o options) (*request, error) {
	r := &request{options: o, op: op, path: call.Path, endpoint: op.String()}
	extra := ""
	switch {
	case call.Path == "":
		return nil, refused(op, "", "no function is named")
	case o.at != nil && op != query:
		return nil, refused(op, call.Path, "only a query can run at a timestamp")
	case o.at != nil && o.component != "":
		return nil, refused(op, call.Path, "a component cannot be queried at a timestamp")
	case o.at != nil:
		r.endpoint = "query_at_ts"
		extra = `,"ts":"` + o.at.encoded() + `"`
	case o.component != "":
		r.endpoint = "function"
		component, err := appendString(nil, o.component)
		if err != nil {
			return nil, refused(op, call.Path, "component"+err.Error())
		}
		extra = `,"componentPath":` + string(component)
	}
	var err error
	if r.body, err = appendCall(nil, call, extra); err != nil {
		return nil, refused(op, call.Path, err.Error())
	}
	return r, nil
}

// appendCall writes a call as the function endpoints take it, in the format
// that loses nothing.
func appendCall(dst []byte, call Call, extra string) ([]byte, error) {
	dst = append(dst, `{"path":`...)
	dst, err := appendString(dst, call.Path)
	if err != nil {
		return nil, fmt.Errorf("path%w", err)
	}
	dst = append(dst, `,"args":`...)
	if dst, err = appendObject(dst, call.Args, 0); err != nil {
		return nil, fmt.Errorf("args%w", err)
	}
	dst = append(dst, `,"format":"convex_encoded_json"`...)
	return append(append(dst, extra...), '}'), nil
}

// refused is the error of a call that was not sent.
func refused(op operation, path, detail string) *Error {
	return &Error{op: op, Path: path, kind: ErrRefused, detail: detail}
}
