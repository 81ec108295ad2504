package plugin_test

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/plugin"
)

type input struct {
	Name   string            `json:"name" check:"nonempty"`
	Email  *string           `json:"email" check:"email"`
	Age    *float64          `json:"age"`
	Agree  bool              `json:"agree"`
	Tags   []string          `json:"tags"`
	Params map[string]string `json:"params"`
	Nested *nested           `json:"nested"`
	Rest   map[string]any    `json:"*"`
}

type nested struct {
	Token string `json:"token"`
}

// decode runs a handler of input on a body and returns what it got, or the
// message of its error.
func decode(body string) (input, string) {
	var got input
	h := plugin.JSON(func(_ *plugin.Call, in input) (any, error) {
		got = in
		return nil, nil
	})
	c := &plugin.Call{Endpoint: &plugin.Endpoint{}}
	if body != "" {
		c.HasBody = true
		if err := json.Unmarshal([]byte(body), &c.Body); err != nil {
			panic(err)
		}
	}
	_, err := h.Serve(c, (*plugin.Call).CheckGuard)
	if e, ok := errors.AsType[*plugin.Error](err); ok {
		return got, e.Message
	}
	return got, ""
}

// The texts are those of zod 4 for the same schema.
func TestJSONTexts(t *testing.T) {
	t.Parallel()
	const object = "[body] Invalid input: expected object, received "
	const record = "; [body] Invalid input: expected record, received "
	for _, tc := range []struct{ name, body, want string }{
		{"absent", ``, object + "undefined" + record + "undefined"},
		{"null", `null`, object + "null" + record + "null"},
		{"list", `[]`, object + "array" + record + "array"},
		{"text", `"x"`, object + "string" + record + "string"},
		{"missing members, in order", `{"params":{}}`, "[body.name] Invalid input: expected string, received undefined; " +
			"[body.agree] Invalid input: expected boolean, received undefined"},
		{
			"wrong types", `{"name":1,"agree":"true","email":null,"age":"1","params":{"a":1},"tags":{}}`,
			"[body.name] Invalid input: expected string, received number; " +
				"[body.email] Invalid input: expected string, received null; " +
				"[body.age] Invalid input: expected number, received string; " +
				"[body.agree] Invalid input: expected boolean, received string; " +
				"[body.tags] Invalid input: expected array, received object; " +
				"[body.params.a] Invalid input: expected string, received number",
		},
		{
			"checks", `{"name":"","agree":true,"email":"x","params":{}}`,
			"[body.name] Too small: expected string to have >=1 characters; [body.email] Invalid email address",
		},
		{
			"empty list for text", `{"name":[],"agree":true,"params":{}}`,
			"[body.name] Invalid input: expected string, received array; [body.name] Too small: expected array to have >=1 items",
		},
		{
			"nested", `{"name":"n","agree":true,"params":{},"nested":{},"tags":[1]}`,
			"[body.tags.0] Invalid input: expected string, received number; " +
				"[body.nested.token] Invalid input: expected string, received undefined",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if _, got := decode(tc.body); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestJSONValues(t *testing.T) {
	t.Parallel()
	got, message := decode(`{"name":"n","email":"a@b.co","age":1.5,"agree":true,"tags":["x"],"params":{"a":"b"},` +
		`"nested":{"token":"t","more":1},"other":{"x":[1]},"Name":"not the name"}`)
	if message != "" {
		t.Fatal(message)
	}
	want := input{
		Name: "n", Email: new("a@b.co"), Age: new(1.5), Agree: true, Tags: []string{"x"}, Params: map[string]string{"a": "b"},
		Nested: &nested{"t"}, Rest: map[string]any{"other": map[string]any{"x": []any{1.0}}, "Name": "not the name"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestOptionalBody(t *testing.T) {
	t.Parallel()
	h := plugin.JSON(func(_ *plugin.Call, in *nested) (bool, error) { return in == nil, nil })
	absent, err := h.Serve(&plugin.Call{Endpoint: &plugin.Endpoint{}}, (*plugin.Call).CheckGuard)
	if err != nil || absent != true {
		t.Errorf("got %v, %v", absent, err)
	}
}

// zodEmail is the expression that zod 4.5 uses for z.email().
const zodEmail = `^(?:[A-Za-z0-9_'+\-]+\.)*[A-Za-z0-9_'+\-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$`

func TestIsEmail(t *testing.T) {
	t.Parallel()
	for email, want := range map[string]bool{
		"a@b.co": true, "a.b+c_d'e-f@x-y.example.com": true, "A@B.CO": true, "a'b@c.de": true,
		"": false, "a": false, "@b.co": false, "a@": false, "a@b": false, ".a@b.co": false, "a.@b.co": false, "a..b@c.de": false,
		"a'@b.co": false, "a@b.c": false, "a@-b.co": false, "a@b..co": false, "a@b.co1": false, "a b@c.de": false,
		"a@b.co\n": false, "a@b@c.de": false, "ä@b.co": false, "a@ü.co": false, "a@b.co\x00": false,
		strings.Repeat("a", 5000) + "@b.co": false,
	} {
		if got := plugin.IsEmail(email); got != want {
			t.Errorf("IsEmail(%q) = %v, want %v", email, got, want)
		}
	}
}

func FuzzIsEmail(f *testing.F) {
	zod := regexp.MustCompile(zodEmail)
	for _, seed := range []string{"a@b.co", "a.b'@c.de", "x@y.z1", "a@b-.co", "'a@b.co"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 4096 {
			return
		}
		if got, want := plugin.IsEmail(s), zod.MatchString(s); got != want {
			t.Errorf("IsEmail(%q) = %v, zod says %v", s, got, want)
		}
	})
}

// FuzzJSON: whatever a client sends, a handler runs only with what its type
// allows, and nothing panics.
func FuzzJSON(f *testing.F) {
	f.Add(`{"name":"n","agree":true,"params":{}}`)
	f.Add(`{"name":[],"nested":[1,{"token":null}],"tags":[[[]]]}`)
	f.Add(`1e700`)
	f.Fuzz(func(t *testing.T, body string) {
		if json.Unmarshal([]byte(body), new(any)) != nil {
			return // also of numbers that have no value, such as 1e700
		}
		got, message := decode(body)
		if message == "" && got.Name == "" {
			t.Errorf("%s was accepted without a name", body)
		}
		if message != "" && !strings.HasPrefix(message, "[body") {
			t.Errorf("message %q", message)
		}
	})
}

// An endpoint that takes any value takes null.
func TestJSONAny(t *testing.T) {
	t.Parallel()
	h := plugin.JSON(func(_ *plugin.Call, in any) (any, error) { return in, nil })
	for _, body := range []any{nil, "x", map[string]any{"a": true}} {
		c := &plugin.Call{Endpoint: &plugin.Endpoint{}, Body: body, HasBody: true}
		if got, err := h.Serve(c, (*plugin.Call).CheckGuard); err != nil || !cmp.Equal(got, body) {
			t.Errorf("got %v, %v, want %v", got, err, body)
		}
	}
}
