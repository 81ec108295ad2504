package plugin

// A Handler serves an endpoint: it decodes and checks the input, and then, when
// the endpoint's guard has let the caller pass, does the work. JSON, Params and
// Plain make one.
type Handler struct {
	decode func(*Call) (any, error)
	run    func(*Call, any) (any, error)
}

// JSON returns a handler that decodes the body into In. The fields of In that
// the protocol names carry a json tag; the types say what is allowed:
//
//	string, bool, float64      required
//	*string, *bool, *float64   optional
//	[]string, map[string]string, and structs and pointers to structs of these
//	map[string]any             an object of any members
//	any                        any value, absent included
//
// The tag check:"email" asks for an address, check:"nonempty" for at least one
// character. A field with the tag json:"*" collects the members that no other
// field names. The tag check:"either" is for what upstream declares as a union,
// whose texts say less. If In is a pointer, the body may be absent. Errors have
// upstream's code and texts (VALIDATION_ERROR). An In with a method Check() error
// is checked by it too, when its types are right.
func JSON[In, Out any](fn func(*Call, In) (Out, error)) Handler {
	decoder := newDecoder[In]()
	return Handler{
		decode: func(c *Call) (any, error) {
			var in In
			if err := decoder.decode(&in, c.Body, c.HasBody, "body"); err != nil {
				return in, err
			}
			return in, check(in)
		},
		run: func(c *Call, in any) (any, error) {
			typed, _ := in.(In) // not ok for an In that is an interface, whose value is nil
			return fn(c, typed)
		},
	}
}

// Params returns a handler that decodes the query string into In, whose fields
// are string or *string. A parameter that is given more than once is an error,
// since the fields are not lists.
func Params[In, Out any](fn func(*Call, In) (Out, error)) Handler {
	decoder := newDecoder[In]()
	return Handler{
		decode: func(c *Call) (any, error) {
			var in In
			if err := decoder.decode(&in, c.Query.object(), true, "query"); err != nil {
				return in, err
			}
			return in, check(in)
		},
		run: func(c *Call, in any) (any, error) { return fn(c, in.(In)) },
	}
}

// check runs the input's own check, if it has one.
func check(in any) error {
	if c, ok := in.(interface{ Check() error }); ok {
		return c.Check()
	}
	return nil
}

// Plain returns a handler that has no body to check.
func Plain[Out any](fn func(*Call) (Out, error)) Handler {
	return Handler{
		decode: func(*Call) (any, error) { return nil, nil },
		run:    func(c *Call, _ any) (any, error) { return fn(c) },
	}
}

// Serve runs the handler for the call: input, guard, work, in upstream's order.
// It is for the pipeline.
func (h Handler) Serve(c *Call, guard func(*Call) error) (any, error) {
	in, err := h.decode(c)
	if err != nil {
		return nil, err
	}
	if err := guard(c); err != nil {
		return nil, err
	}
	return h.run(c, in)
}

// HTML is an output that is a page.
type HTML string
