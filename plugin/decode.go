package plugin

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// A decoder checks a body, or a query, against a Go type and fills a value of it, with the
// verdicts and texts of zod 4, which upstream uses and clients show.
type decoder struct {
	root     *rule
	optional bool // the body may be absent
}

// A rule is what one value must be.
type rule struct {
	kind     reflect.Kind // Struct, Map, Slice, String, Bool, Float64, Interface
	optional bool
	check    string // "", "email", "nonempty" or "either"
	elem     *rule  // of maps and slices
	fields   []fieldRule
	rest     int // index of the field that collects other members, or -1
}

type fieldRule struct {
	name  string
	index int
	rule  *rule
}

func newDecoder[In any]() *decoder {
	t := reflect.TypeFor[In]()
	d := &decoder{}
	if t.Kind() == reflect.Pointer {
		d.optional, t = true, t.Elem()
	}
	d.root = newRule(t)
	return d
}

// newRule panics on a type that a body cannot have: a programmer's mistake that
// shows when the program starts.
func newRule(t reflect.Type) *rule {
	r := &rule{rest: -1, kind: t.Kind()}
	switch t.Kind() {
	case reflect.Pointer:
		r = newRule(t.Elem())
		r.optional = true
	case reflect.String, reflect.Bool, reflect.Float64:
	case reflect.Interface:
		r.optional = true
	case reflect.Map, reflect.Slice:
		r.elem = newRule(t.Elem())
		r.optional = t.Kind() == reflect.Slice
	case reflect.Struct:
		r.addFields(t)
	default:
		panic("plugin: a body cannot have a " + t.String())
	}
	return r
}

func (r *rule) addFields(t reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch name {
		case "", "-":
			panic("plugin: field " + t.String() + "." + f.Name + " has no json tag")
		case "*":
			r.rest = i
			continue
		}
		fr := newRule(f.Type)
		fr.check = f.Tag.Get("check")
		r.fields = append(r.fields, fieldRule{name: name, index: i, rule: fr})
	}
}

// issues collects what is wrong, in upstream's order: that of the fields.
type issues []string

func (is *issues) add(path, format string, args ...any) {
	*is = append(*is, "["+path+"] "+fmt.Sprintf(format, args...))
}

func (d *decoder) decode(in, body any, present bool, path string) error {
	v := reflect.ValueOf(in).Elem()
	if d.optional {
		if !present {
			return nil
		}
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	var is issues
	d.root.fill(v, given{body, present}, path, &is)
	if len(is) > 0 {
		return errValidation(strings.Join(is, "; "))
	}
	return nil
}

// A given is a value that a client sent, or did not send.
type given struct {
	value   any
	present bool
}

func (r *rule) fill(v reflect.Value, g given, path string, is *issues) {
	if !g.present && r.optional {
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch r.kind {
	case reflect.Struct:
		r.fillStruct(v, g, path, is)
	case reflect.Map:
		r.fillMap(v, g, path, is)
	case reflect.Slice:
		r.fillSlice(v, g, path, is)
	case reflect.String:
		r.fillString(v, g, path, is)
	case reflect.Bool:
		if b, ok := g.value.(bool); ok {
			v.SetBool(b)
			return
		}
		is.add(path, "Invalid input: expected boolean, received %s", g.kind())
	case reflect.Float64:
		if f, ok := g.value.(float64); ok && !math.IsInf(f, 0) {
			v.SetFloat(f)
			return
		}
		is.add(path, "Invalid input: expected number, received %s", g.kind())
	default: // Interface
		if g.value != nil {
			v.Set(reflect.ValueOf(g.value))
		}
	}
}

func (r *rule) fillString(v reflect.Value, g given, path string, is *issues) {
	s, ok := g.value.(string)
	if !ok && r.check == "either" {
		is.add(path, "Invalid input")
		return
	}
	if !ok {
		is.add(path, "Invalid input: expected string, received %s", g.kind())
		if list, isList := g.value.([]any); isList && len(list) == 0 && r.check == "nonempty" {
			is.add(path, "Too small: expected array to have >=1 items")
		}
		return
	}
	switch {
	case r.check == "nonempty" && s == "":
		is.add(path, "Too small: expected string to have >=1 characters")
	case r.check == "email" && !IsEmail(s):
		is.add(path, "Invalid email address")
	}
	v.SetString(s)
}

func (r *rule) fillStruct(v reflect.Value, g given, path string, is *issues) {
	m, ok := g.value.(map[string]any)
	if !ok {
		is.add(path, "Invalid input: expected object, received %s", g.kind())
		if r.rest >= 0 {
			is.add(path, "Invalid input: expected record, received %s", g.kind())
		}
		return
	}
	for _, f := range r.fields {
		value, present := m[f.name]
		f.rule.fill(v.Field(f.index), given{value, present}, path+"."+f.name, is)
	}
	if r.rest < 0 {
		return
	}
	rest := make(map[string]any)
	for name, value := range m {
		if !r.names(name) {
			rest[name] = value
		}
	}
	v.Field(r.rest).Set(reflect.ValueOf(rest))
}

func (r *rule) names(name string) bool {
	for i := range r.fields {
		if r.fields[i].name == name {
			return true
		}
	}
	return false
}

func (r *rule) fillMap(v reflect.Value, g given, path string, is *issues) {
	m, ok := g.value.(map[string]any)
	if !ok {
		is.add(path, "Invalid input: expected record, received %s", g.kind())
		return
	}
	out := reflect.MakeMapWithSize(v.Type(), len(m))
	for name, value := range m {
		e := reflect.New(v.Type().Elem()).Elem()
		r.elem.fill(e, given{value, true}, path+"."+name, is)
		out.SetMapIndex(reflect.ValueOf(name), e)
	}
	v.Set(out)
}

func (r *rule) fillSlice(v reflect.Value, g given, path string, is *issues) {
	list, ok := g.value.([]any)
	if !ok {
		is.add(path, "Invalid input: expected array, received %s", g.kind())
		return
	}
	out := reflect.MakeSlice(v.Type(), len(list), len(list))
	for i, value := range list {
		r.elem.fill(out.Index(i), given{value, true}, path+"."+strconv.Itoa(i), is)
	}
	v.Set(out)
}

// kind is zod's name of a value's type.
func (g given) kind() string {
	if !g.present {
		return "undefined"
	}
	switch v := g.value.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		if math.IsInf(v, 0) {
			return "Infinity"
		}
		return "number"
	case []any:
		return "array"
	}
	return "object"
}
