package oauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
)

// Claims is a JSON object of a service: a token response, an id token's payload,
// the description of a user. Names are matched exactly, and nothing is converted:
// a member of another type than the one asked for is as good as absent.
//
// The order of the members is kept, because the object is handed on to hooks and
// clients. The zero Claims is an empty object.
type Claims struct{ members []member }

type member struct {
	name  string
	value json.RawMessage
}

// ParseClaims reads a JSON object. An object that has a member twice is refused:
// readers would disagree about it.
func ParseClaims(data []byte) (Claims, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return Claims{}, errors.New("not a JSON object")
	}
	var c Claims
	seen := make(map[string]bool)
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return Claims{}, errors.New("not JSON")
		}
		m := member{name: name.(string)} // the decoder accepts nothing else here
		if d.Decode(&m.value) != nil {
			return Claims{}, errors.New("not JSON")
		}
		if seen[m.name] {
			return Claims{}, errors.New("a member comes twice")
		}
		seen[m.name] = true
		c.members = append(c.members, m)
	}
	if _, err := d.Token(); err != nil {
		return Claims{}, errors.New("not JSON")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Claims{}, errors.New("something follows the JSON object")
	}
	return c, nil
}

// ParseClaimsList reads a JSON array of objects. What is no object is left out.
func ParseClaimsList(data []byte) ([]Claims, error) {
	var items []json.RawMessage
	if json.Unmarshal(data, &items) != nil {
		return nil, errors.New("not a JSON array")
	}
	var list []Claims
	for _, item := range items {
		if c, err := ParseClaims(item); err == nil {
			list = append(list, c)
		}
	}
	return list, nil
}

// Raw returns a member as it was received, or nil.
func (c Claims) Raw(name string) json.RawMessage {
	for _, m := range c.members {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// Has reports whether there is a member other than null.
func (c Claims) Has(name string) bool {
	raw := c.Raw(name)
	return raw != nil && string(raw) != "null"
}

// Names returns the names of the members, in order.
func (c Claims) Names() []string {
	names := make([]string, len(c.members))
	for i, m := range c.members {
		names[i] = m.name
	}
	return names
}

// Text returns a string, or "".
func (c Claims) Text(name string) string {
	s, _ := c.text(name)
	return s
}

func (c Claims) text(name string) (string, bool) {
	var s *string
	if json.Unmarshal(c.Raw(name), &s) != nil || s == nil {
		return "", false
	}
	return *s, true
}

// FirstText returns the first of several strings that is not empty, or "".
func (c Claims) FirstText(names ...string) string {
	for _, name := range names {
		if s := c.Text(name); s != "" {
			return s
		}
	}
	return ""
}

// Flag reports whether a member is true or the string "true", which some services
// send (upstream: oauth2/utils.ts parseStringBoolean). Nothing else counts: not 1,
// not "TRUE", not "yes".
func (c Claims) Flag(name string) bool {
	raw := string(c.Raw(name))
	return raw == "true" || raw == `"true"`
}

// Number returns a finite number.
func (c Claims) Number(name string) (float64, bool) {
	var f *float64
	if json.Unmarshal(c.Raw(name), &f) != nil || f == nil {
		return 0, false
	}
	return *f, true
}

// Identifier returns a string, or a whole number as text, or "". Numbers that
// JavaScript cannot hold exactly are refused: Better Auth would store another
// number, which may be somebody else's.
func (c Claims) Identifier(name string) string {
	const maxSafe = 1<<53 - 1 // Number.MAX_SAFE_INTEGER
	if f, ok := c.Number(name); ok {
		if f != math.Trunc(f) || math.Abs(f) > maxSafe {
			return ""
		}
		return strconv.FormatInt(int64(f), 10)
	}
	return c.Text(name)
}

// Object returns an object, which is empty if there is none.
func (c Claims) Object(name string) Claims {
	o, err := ParseClaims(c.Raw(name))
	if err != nil {
		return Claims{}
	}
	return o
}

// Objects returns the objects of an array.
func (c Claims) Objects(name string) []Claims {
	list, err := ParseClaimsList(c.Raw(name))
	if err != nil {
		return nil
	}
	return list
}

// Texts returns an array of strings. It is nil if anything else is in it.
func (c Claims) Texts(name string) []string {
	var list []*string
	if json.Unmarshal(c.Raw(name), &list) != nil || slices.Contains(list, nil) {
		return nil
	}
	texts := make([]string, len(list))
	for i, s := range list {
		texts[i] = *s
	}
	return texts
}

// With returns a copy with a member replaced where it stands, or added at the
// end. The value is a string, a bool, Claims or a json.RawMessage.
func (c Claims) With(name string, value any) Claims {
	raw, err := appendJSON(nil, value)
	if err != nil {
		panic(fmt.Sprintf("oauth: member %s: %v", name, err))
	}
	members := slices.Clone(c.members)
	for i := range members {
		if members[i].name == name {
			members[i].value = raw
			return Claims{members}
		}
	}
	return Claims{append(members, member{name, raw})}
}

// JSON returns the object without white space.
func (c Claims) JSON() json.RawMessage {
	out := []byte{'{'}
	for i, m := range c.members {
		if i > 0 {
			out = append(out, ',')
		}
		out, _ = appendJSON(out, m.name) // a string can be marshalled
		out = append(append(out, ':'), m.value...)
	}
	var b bytes.Buffer
	_ = json.Compact(&b, append(out, '}')) // the members are JSON
	return b.Bytes()
}

// MarshalJSON returns the object.
func (c Claims) MarshalJSON() ([]byte, error) { return c.JSON(), nil }

// String returns "[redacted]": token responses are Claims.
func (Claims) String() string { return redacted }

// GoString returns "[redacted]".
func (Claims) GoString() string { return redacted }

// appendJSON appends a value with <, > and & as they are, as JavaScript does.
func appendJSON(dst []byte, value any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return dst, err
	}
	return append(dst, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...), nil
}
