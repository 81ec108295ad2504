package file

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/schema"
)

// maxName is the longest name of an option, in bytes.
const maxName = 200

// maxSeconds is the longest duration, about a century. Dates far beyond it could
// no longer be written.
const maxSeconds = 100 * 366 * 24 * 60 * 60

// A decoder fills in Settings from nodes and collects what is wrong.
type decoder struct {
	name     string
	settings *Settings
	options  map[string]option // by path: those that no option tag describes
	refused  map[string]string // by path: why not
	errs     []error
}

func (d *decoder) fail(n *yaml.Node, format string, args ...any) {
	d.errs = append(d.errs, fmt.Errorf("%s:%d: %s", d.name, max(n.Line, 1), fmt.Sprintf(format, args...)))
}

// wrong reports a node of another type than expected.
func (d *decoder) wrong(n *yaml.Node, path, expected string) {
	what := describe(n)
	if n.Kind == yaml.ScalarNode && expected == "text" {
		what += " (put it in quotes)"
	}
	d.fail(n, "%s must be %s, not %s", path, expected, what)
}

func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a section"
	case yaml.SequenceNode:
		return "a list"
	case yaml.ScalarNode:
		return describeScalar(n)
	default:
		return "an alias"
	}
}

func describeScalar(n *yaml.Node) string {
	switch n.ShortTag() {
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "true or false"
	case "!!str":
		return "text"
	case "!!timestamp":
		return "a date"
	case "!!null":
		return "empty"
	}
	return "something else"
}

// section fills in the struct that target points at.
func (d *decoder) section(path string, n *yaml.Node, target any) {
	d.fields(path, n, reflect.ValueOf(target).Elem())
}

func (d *decoder) fields(path string, n *yaml.Node, v reflect.Value) {
	known := tagged(v.Type())
	d.each(path, n, func(key string, k, value *yaml.Node) {
		at := join(path, key)
		special, isSpecial := d.options[at]
		index, isKnown := known[key]
		why, isRefused := d.refused[at]
		switch {
		case isNull(value) && (isSpecial || isKnown):
			// not given
		case isSpecial:
			special.decode(d, at, value)
		case isKnown:
			d.value(at, value, v.FieldByIndex(index))
		case isRefused:
			d.fail(k, "option %s %s", at, why)
		default:
			d.fail(k, "unknown option %s%s", at, d.suggest(path, key, v.Type()))
		}
	})
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// each calls f for the entries of a mapping, in order.
func (d *decoder) each(path string, n *yaml.Node, f func(key string, k, value *yaml.Node)) {
	if isNull(n) && path == "" {
		return // a file of comments
	}
	if n.Kind != yaml.MappingNode {
		d.wrong(n, orRoot(path), "a section of options")
		return
	}
	seen := make(map[string]int)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, value := n.Content[i], n.Content[i+1]
		if k.Kind != yaml.ScalarNode || k.ShortTag() == "!!merge" {
			d.fail(k, "a name in %s must be plain text", orRoot(path))
			continue
		}
		if len(k.Value) > maxName {
			d.fail(k, "a name in %s has more than %d bytes", orRoot(path), maxName)
			continue
		}
		at := join(path, k.Value)
		if line, twice := seen[k.Value]; twice {
			d.fail(k, "%s is given twice, first in line %d", at, line)
			continue
		}
		seen[k.Value] = k.Line
		if !isNull(value) {
			d.settings.given[at] = true
		}
		f(k.Value, k, value)
	}
}

// value fills in one field by its type.
func (d *decoder) value(path string, n *yaml.Node, v reflect.Value) {
	switch out := v.Addr().Interface().(type) {
	case *time.Duration:
		d.seconds(path, n, out)
		return
	case *[]schema.Field:
		d.additionalFields(path, n, out)
		return
	case **yaml.Node:
		*out = n
		return
	case *oauth.Params:
		d.params(path, n, out)
		return
	case reader:
		out.decode(d, path, n)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(path, n, v.Elem())
	case reflect.Bool:
		d.bool(path, n, v.Addr().Interface().(*bool))
	case reflect.String:
		text := v.String()
		d.text(path, n, &text)
		v.SetString(text)
	case reflect.Int:
		d.int(path, n, v.Addr().Interface().(*int))
	case reflect.Slice:
		d.list(path, n, v)
	case reflect.Map:
		d.named(path, n, v)
	case reflect.Struct:
		d.fields(path, n, v)
	default:
		panic("file: option " + path + " has a type that no file can give: " + v.Type().String())
	}
}

func (d *decoder) bool(path string, n *yaml.Node, out *bool) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" || n.Decode(out) != nil {
		d.wrong(n, path, "true or false")
	}
}

func (d *decoder) text(path string, n *yaml.Node, out *string) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" {
		d.wrong(n, path, "text")
		return
	}
	*out = n.Value
}

func (d *decoder) int(path string, n *yaml.Node, out *int) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" || n.Decode(out) != nil {
		d.wrong(n, path, "a whole number")
	}
}

// seconds reads a number of seconds, as every duration of Better Auth is.
func (d *decoder) seconds(path string, n *yaml.Node, out *time.Duration) {
	f, ok := number(n)
	if !ok {
		d.wrong(n, path, "a number of seconds")
		return
	}
	if f < 0 || f > maxSeconds {
		d.fail(n, "%s must be a number of seconds from 0 to %d", path, int64(maxSeconds))
		return
	}
	*out = time.Duration(math.Round(f*1000)) * time.Millisecond
}

// number reads a finite number.
func number(n *yaml.Node) (float64, bool) {
	var f float64
	tag := n.ShortTag()
	if n.Kind != yaml.ScalarNode || (tag != "!!int" && tag != "!!float") || n.Decode(&f) != nil {
		return 0, false
	}
	return f, !math.IsInf(f, 0) && !math.IsNaN(f)
}

func (d *decoder) list(path string, n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.SequenceNode {
		d.wrong(n, path, "a list")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, item := range n.Content {
		d.value(fmt.Sprintf("%s[%d]", path, i), item, v.Index(i))
	}
}

func (d *decoder) named(path string, n *yaml.Node, v reflect.Value) {
	v.Set(reflect.MakeMap(v.Type()))
	known := namesIn(path)
	d.each(path, n, func(key string, k, value *yaml.Node) {
		if known != nil && !slices.Contains(known, key) {
			d.fail(k, "unknown option %s%s", join(path, key), meant(path, key, known, known))
			return
		}
		element := reflect.New(v.Type().Elem()).Elem()
		d.value(join(path, key), value, element)
		v.SetMapIndex(reflect.ValueOf(key), element)
	})
}

// namesIn returns the names that the map at path can have, or nil if it can have
// any: the cookies of the core and of the plugins that a file can have.
func namesIn(path string) []string {
	if path != "advanced.cookies" {
		return nil
	}
	return []string{"account_data", "convex_jwt", "dont_remember", "oauth_state", "session_data", "session_token", "state"}
}

// tagged returns the fields of a struct by their option tag, with those of
// embedded structs.
func tagged(t reflect.Type) map[string][]int {
	fields := make(map[string][]int)
	for _, f := range reflect.VisibleFields(t) {
		if name := f.Tag.Get("option"); name != "" && name != "-" {
			fields[name] = f.Index
		}
	}
	return fields
}

// join returns the path of key below path, with keys that are no plain names in
// brackets.
func join(path, key string) string {
	plain := key != "" && !strings.ContainsFunc(key, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z')
	})
	if !plain {
		return path + "[" + strconv.Quote(key) + "]"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

func orRoot(path string) string {
	if path == "" {
		return "the file"
	}
	return path
}

// names returns the names of the options of a section, sorted. Those that are
// refused are not among them.
func (d *decoder) names(path string, t reflect.Type) []string {
	var names []string
	for name := range tagged(t) {
		names = append(names, name)
	}
	for at := range d.options {
		if parent, name := cut(at); parent == path {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// cut splits a path before its last name.
func cut(path string) (parent, name string) {
	i := strings.LastIndexByte(path, '.')
	return path[:max(i, 0)], path[i+1:]
}
