package jwks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
	"unicode/utf8"
)

// Claims is the payload of a token: the members of a JSON object, in their
// order, each name once.
type Claims []Claim

// A Claim is one member of a payload.
type Claim struct {
	Name  string
	Value json.RawMessage
}

// NewClaims returns the claims that v, which encodes as a JSON object, holds.
func NewClaims(v any) (Claims, error) {
	data, err := encode(v)
	if err != nil {
		return nil, fmt.Errorf("jwks: claims: %w", err)
	}
	return parseObject(data)
}

// Get returns the value of a claim as JSON, or nil.
func (c Claims) Get(name string) json.RawMessage {
	if i := c.index(name); i >= 0 {
		return c[i].Value
	}
	return nil
}

func (c Claims) index(name string) int {
	return slices.IndexFunc(c, func(m Claim) bool { return m.Name == name })
}

// Text returns the value of a claim that is a string, or "".
func (c Claims) Text(name string) string {
	var s string
	if json.Unmarshal(c.Get(name), &s) != nil {
		return ""
	}
	return s
}

// Subject returns the claim "sub": whom the token is about, the id of a user.
func (c Claims) Subject() string { return c.Text("sub") }

// ExpiresAt returns the claim "exp", or the zero time.
func (c Claims) ExpiresAt() time.Time {
	seconds, err := c.number("exp")
	if err != nil {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}

// Set gives a claim a value: in its place if it is there, else at the end, as
// an assignment does in JavaScript.
func (c *Claims) Set(name string, value any) error {
	data, err := encode(value)
	if err != nil {
		return fmt.Errorf("jwks: claim %q: %w", name, err)
	}
	if i := c.index(name); i >= 0 {
		(*c)[i].Value = data
		return nil
	}
	*c = append(*c, Claim{name, data})
	return nil
}

// Delete removes claims.
func (c *Claims) Delete(names ...string) {
	*c = slices.DeleteFunc(*c, func(m Claim) bool { return slices.Contains(names, m.Name) })
}

// Decode stores the claims in v, as json.Unmarshal does.
func (c Claims) Decode(v any) error {
	data, err := c.MarshalJSON()
	if err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}

// MarshalJSON implements json.Marshaler. The members keep their order.
func (c Claims) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, m := range c {
		if i > 0 {
			out = append(out, ',')
		}
		name, err := encode(m.Name)
		if err != nil {
			return nil, err
		}
		out = append(append(out, name...), ':')
		out = append(out, m.Value...)
	}
	return append(out, '}'), nil
}

// errNoClaim means that a claim is absent.
var errNoClaim = errors.New("absent")

// number returns a claim that is a NumericDate (RFC 7519 §2): seconds since
// 1970, not always whole.
func (c Claims) number(name string) (float64, error) {
	raw := c.Get(name)
	if raw == nil {
		return 0, errNoClaim
	}
	var f *float64
	if err := json.Unmarshal(raw, &f); err != nil || f == nil || math.IsInf(*f, 0) {
		return 0, errors.New("no number")
	}
	return *f, nil
}

// audience returns the claim "aud", which is one text or a list of texts.
func (c Claims) audience() []string {
	raw := c.Get("aud")
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		return list
	}
	if one := c.Text("aud"); one != "" {
		return []string{one}
	}
	return nil
}

// encode writes v as JavaScript would: no HTML escapes, no newline.
func encode(v any) (json.RawMessage, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// parseObject splits the text of a JSON object in UTF-8 into its members. A name
// that comes twice is refused, since readers disagree on which one counts.
func parseObject(data []byte) (Claims, error) {
	if !utf8.Valid(data) || !json.Valid(data) {
		return nil, errors.New("jwks: no JSON")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil, errors.New("jwks: no JSON object")
	}
	object, seen := Claims{}, make(map[string]bool)
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, err
		}
		m := Claim{}
		m.Name, _ = name.(string) // names of valid JSON are strings
		if err := dec.Decode(&m.Value); err != nil {
			return nil, err
		}
		if seen[m.Name] {
			return nil, errors.New("jwks: a member comes twice")
		}
		seen[m.Name] = true
		object = append(object, m)
	}
	return object, nil
}

// parseList splits the text of a JSON array of objects into these.
func parseList(data []byte) ([]Claims, error) {
	var raw []json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil || raw == nil {
		return nil, errors.New("jwks: key set has no list of keys")
	}
	if len(raw) > maxKeys {
		return nil, fmt.Errorf("jwks: key set has more than %d keys", maxKeys)
	}
	list := make([]Claims, len(raw))
	for i, text := range raw {
		object, err := parseObject(text)
		if err != nil {
			return nil, err
		}
		list[i] = object
	}
	return list, nil
}
