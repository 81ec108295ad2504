package oauth

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

// A Param is a parameter of a query or a form.
type Param struct{ Name, Value string }

// Params are parameters in the order in which they are sent. They behave like
// the URLSearchParams of JavaScript.
type Params []Param

// Has reports whether there is a parameter.
func (ps Params) Has(name string) bool { return ps.index(name) >= 0 }

// Get returns the first value of a parameter, or "".
func (ps Params) Get(name string) string {
	if i := ps.index(name); i >= 0 {
		return ps[i].Value
	}
	return ""
}

// Set replaces a parameter where it stands, or adds it at the end.
func (ps *Params) Set(name, value string) {
	if i := ps.index(name); i >= 0 {
		(*ps)[i].Value = value
		return
	}
	*ps = append(*ps, Param{name, value})
}

// setIf sets a parameter that has a value.
func (ps *Params) setIf(name, value string) {
	if value != "" {
		ps.Set(name, value)
	}
}

func (ps Params) index(name string) int {
	return slices.IndexFunc(ps, func(p Param) bool { return p.Name == name })
}

// String returns "[redacted]": forms hold codes and secrets.
func (ps Params) String() string { return redacted }

// GoString returns "[redacted]".
func (ps Params) GoString() string { return redacted }

// Encode returns application/x-www-form-urlencoded as browsers and JavaScript
// write it (https://url.spec.whatwg.org/#urlencoded-serializing). It differs from
// url.Values: the order is kept, ~ is escaped and * is not.
func (ps Params) Encode() string {
	var b strings.Builder
	for i, p := range ps {
		if i > 0 {
			b.WriteByte('&')
		}
		writeForm(&b, p.Name)
		b.WriteByte('=')
		writeForm(&b, p.Value)
	}
	return b.String()
}

func formEncode(s string) string {
	var b strings.Builder
	writeForm(&b, s)
	return b.String()
}

func writeForm(b *strings.Builder, s string) {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		switch c := s[i]; {
		case c == ' ':
			b.WriteByte('+')
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '*', c == '-', c == '.', c == '_':
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
}

// AppendQuery returns endpoint with params in its query. Parameters of the
// endpoint that have the same name are removed; the rest of its query keeps its
// text (upstream: oauth2/create-authorization-url.ts).
func AppendQuery(endpoint string, params Params) (string, error) {
	u, err := parseEndpoint(endpoint)
	if err != nil {
		return "", err
	}
	if u.Fragment != "" {
		return "", errors.New("the endpoint has a fragment")
	}
	base, query, _ := strings.Cut(strings.TrimSuffix(endpoint, "#"), "?")
	pairs := slices.DeleteFunc(strings.Split(query, "&"), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		decoded, err := url.QueryUnescape(name)
		return pair == "" || err != nil || params.Has(decoded)
	})
	if len(params) > 0 {
		pairs = append(pairs, params.Encode())
	}
	if u.Path == "" {
		base += "/"
	}
	if len(pairs) == 0 {
		return base, nil
	}
	return base + "?" + strings.Join(pairs, "&"), nil
}
