package convex_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/convex"
)

// TestFunctionErrors reads the texts of deployments that do not hide them: those of
// convex-backend, with a secret in every place where arguments are quoted.
func TestFunctionErrors(t *testing.T) {
	const secret = "hunter2"
	tests := []struct {
		name   string
		reply  reply
		is     error
		text   string // of the error, after the function; # is the request id
		thrown string
		data   any
	}{
		{"an Error keeps its first line, outside the text", threw(`Uncaught Error: user email already exists\nhunter2\n    at handler (../convex/auth.ts:1:2)\n`, ""), convex.ErrFunction, `function threw an error#`, "user email already exists", nil},
		{"a ConvexError has data", threw(`Uncaught ConvexError: {\"code\":\"UNIQUE\",\"n\":hunter2}`, `{"code":"UNIQUE","n":{"$integer":"BQAAAAAAAAA="}}`), convex.ErrFunction, `function threw an error#`, "", map[string]any{"code": "UNIQUE", "n": int64(5)}},
		{"a ConvexError with null", threw(``, `null`), convex.ErrFunction, `function threw an error#`, "", nil},
		{"data that cannot be read is no data", threw(`Uncaught Error: a`, `{"$set":1}`), convex.ErrFunction, `function threw an error#`, "a", nil},
		{"a hidden text", reply{status: 200, body: `{"status":"error","errorMessage":"[Request ID: 0123456789abcdef] Server Error"}`}, convex.ErrFunction, `function threw an error#`, "", nil},
		{"an extra field is named, its value is not", threw("ArgumentValidationError: Object contains extra field `modelKey` that is not in the validator.\\n\\nObject: {modelKey: \\\"hunter2\\\"}\\nValidator: v.object({})", ""), convex.ErrRefused, `request refused: the function does not take the field modelKey#`, "", nil},
		{"a missing field is named", threw("ArgumentValidationError: Object is missing the required field `issuer`. Consider wrapping the field validator.\\n\\nObject: {a: \\\"hunter2\\\"}", ""), convex.ErrRefused, `request refused: the function requires the field issuer#`, "", nil},
		{"another mistake in the arguments is not quoted", threw(`ArgumentValidationError: Value does not match validator.\nPath: .input\nValue: {a: \"hunter2\"}`, ""), convex.ErrRefused, `request refused: the arguments are not what the function takes#`, "", nil},
		{"a field that is no identifier is not named", threw("ArgumentValidationError: Object contains extra field `hunter2 !` that is not in the validator.", ""), convex.ErrRefused, `request refused: the arguments are not what the function takes#`, "", nil},
		{"arguments of an inner call are not quoted", threw("Uncaught Error: ArgumentValidationError: Object contains extra field `x` that is not in the validator.\\n\\nObject: {x: \\\"hunter2\\\"}", ""), convex.ErrFunction, `function threw an error#`, "ArgumentValidationError: Object contains extra field `x` that is not in the validator.", nil},
		{"no public function", threw(`Could not find public function for 'auth:x'.`, ""), convex.ErrNotFound, `function not found#`, "", nil},
		{"no function, with a key", threw("Could not find function for 'auth:x'. Did you forget to run `npx convex dev`?", ""), convex.ErrNotFound, `function not found#`, "", nil},
		{"another kind", threw(`Trying to execute auth.js:x as Mutation, but it is defined as Query.`, ""), convex.ErrRefused, `request refused: the function is of another kind#`, "", nil},
		{"a paused deployment", threw(`Cannot run functions while this deployment is paused. Resume the deployment in the dashboard settings to allow functions to run.`, ""), convex.ErrUnavailable, `deployment unavailable: the deployment is paused, disabled or over its limits#`, "", nil},
		{"a plan that is used up", reply{status: 200, body: `{"status":"error","errorMessage":"You have exceeded the free plan limits, so your deployments have been disabled."}`}, convex.ErrUnavailable, `deployment unavailable: the deployment is paused, disabled or over its limits`, "", nil},
		{"what a function throws cannot pass for the deployment's words", threw(`Uncaught Error: Could not find public function for 'auth:x'.`, ""), convex.ErrFunction, `function threw an error#`, "Could not find public function for 'auth:x'.", nil},
		{"a strange request id is dropped", reply{status: 200, body: `{"status":"error","errorMessage":"[Request ID: a\u001b[31m] Server Error"}`}, convex.ErrFunction, `function threw an error`, "", nil},
		{"a strange code is dropped", reply{status: 400, body: `{"code":"<b>hunter2</b>"}`}, convex.ErrRefused, `request refused (HTTP 400)`, "", nil},
		{"a code is named", platform(401, "BadAdminKey"), convex.ErrUnauthorized, `unauthorized (HTTP 401 BadAdminKey)`, "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := newScript(t, tt.reply)
			_, err := c.Mutation(t.Context(), "auth:x", map[string]any{"password": secret})
			checkIs(t, err, tt.is)
			e := asError(t, err)
			want := `convex: mutation "auth:x": ` + strings.Replace(tt.text, "#", " (request 0123456789abcdef)", 1)
			if got := err.Error(); got != want {
				t.Errorf("got text\n%s, want\n%s", got, want)
			}
			if got := e.Thrown(); got != tt.thrown {
				t.Errorf("got %q thrown, want %q", got, tt.thrown)
			}
			if diff := cmp.Diff(e.Data, tt.data); diff != "" {
				t.Error(diff)
			}
			if all := fmt.Sprintf("%v %+v %#v %q", err, err, err, err) + e.Thrown(); strings.Contains(all, secret) || strings.Contains(all, "UNIQUE") {
				t.Errorf("the error quotes arguments or data: %s", all)
			}
		})
	}
}

func TestErrorNamesAttemptsAndDoubt(t *testing.T) {
	c, _ := newScript(t, reply{err: io.EOF})
	_, err := c.Mutation(t.Context(), "auth:x", nil, convex.Idempotent())
	if got, want := err.Error(), `convex: mutation "auth:x": deployment unavailable: EOF (4 attempts); it may have been carried out`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTransportErrorsArePlain(t *testing.T) {
	c, _ := newScript(t, reply{err: errors.New("malformed \x1b[31mheader: é" + strings.Repeat("x", 300) + "\nlevel=ERROR")})
	_, err := c.Mutation(t.Context(), "auth:x", nil)
	want := `convex: mutation "auth:x": deployment unavailable: malformed ?[31mheader: ?` + strings.Repeat("x", 231) + `; it may have been carried out`
	if got := err.Error(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestThrownIsShort(t *testing.T) {
	c, _ := newScript(t, threw("Uncaught Error: "+strings.Repeat("x", 255)+"éé", ""))
	_, err := c.Mutation(t.Context(), "auth:x", nil)
	if got, want := asError(t, err).Thrown(), strings.Repeat("x", 255); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzAnswer checks that no answer, whatever it is, gets its text into an error,
// or makes an action, which must not be repeated, be sent twice.
func FuzzAnswer(f *testing.F) {
	for _, r := range []reply{success(), threw("Uncaught Error: a", `{"a":1}`), threw("ArgumentValidationError: Object contains extra field `x` y", ""), platform(503, "ExpiredInQueue"), {status: 404}, {status: 302}, {status: 502, body: "<html>"}} {
		f.Add(r.status, r.body)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status == 404 || status == 421 || status == 425 { // certainly not run
			return
		}
		c, s := newScript(t, reply{status: status, body: body})
		value, err := c.Action(t.Context(), "a:b", nil)
		if len(s.requests) != 1 {
			t.Errorf("got %d attempts, want 1", len(s.requests))
		}
		if err == nil {
			if _, err := convex.Encode(value); err != nil {
				t.Errorf("got a value that cannot be encoded: %v", err)
			}
			return
		}
		if value != nil {
			t.Errorf("got value %v with error %v", value, err)
		}
		if text := err.Error(); len(text) > 300 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("got error %q", text)
		}
	})
}
