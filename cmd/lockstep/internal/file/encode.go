package file

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"time"

	"go.yaml.in/yaml/v4"

	lockstep "github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/schema"
)

// redacted stands for the value of a secret.
const redacted = "[redacted]"

// YAML returns the settings as a file that says the same, but for secrets,
// which are redacted. Options that are not set are left out.
func (s *Settings) YAML() ([]byte, error) {
	e := &encoder{settings: s, options: special()}
	n := e.section("", reflect.ValueOf(&s.Auth).Elem())
	if n == nil {
		return nil, nil
	}
	return yaml.Dump(n)
}

// An encoder is the reverse of a decoder.
type encoder struct {
	settings *Settings
	options  map[string]option
}

// section returns the mapping of a struct, or nil if nothing in it is set.
func (e *encoder) section(path string, v reflect.Value) *yaml.Node {
	var m mapping
	for _, f := range reflect.VisibleFields(v.Type()) {
		name := f.Tag.Get("option")
		if name == "" || name == "-" {
			continue
		}
		at := join(path, name)
		if _, special := e.options[at]; special {
			continue
		}
		value := v.FieldByIndex(f.Index)
		if isSecret(v.Type(), name) && !value.IsZero() {
			m.add(name, withoutValues(value))
			continue
		}
		m.add(name, e.value(at, value, false))
	}
	for _, at := range slices.Sorted(maps.Keys(e.options)) {
		if parent, name := cut(at); parent == path {
			m.add(name, e.options[at].encode(e.settings))
		}
	}
	return m.node()
}

// isSecret reports whether a field holds a secret.
func isSecret(section reflect.Type, name string) bool {
	switch section {
	case reflect.TypeFor[lockstep.Secret]():
		return name == "value"
	case reflect.TypeFor[SMTP](): // with some services the user is the secret
		return name == "user" || name == "password"
	}
	switch name {
	case "secret", "deployKey", "proxySecret", "clientSecret", "privateKey", "privateKeyPem", "privateKeyJwk",
		"discoveryHeaders", "authorizationHeaders", "tokenUrlParams", "refreshTokenParams":
		return true
	}
	return false
}

// withoutValues stands for a secret. Of several by name, it has the names.
func withoutValues(v reflect.Value) *yaml.Node {
	var m mapping
	switch secrets := v.Interface().(type) {
	case map[string]string:
		for _, name := range slices.Sorted(maps.Keys(secrets)) {
			m.add(name, text(redacted))
		}
	case oauth.Params:
		for _, p := range secrets {
			m.add(p.Name, text(redacted))
		}
	default:
		return text(redacted)
	}
	return m.node()
}

// value returns the node of a value, or nil for a zero value unless it counts:
// behind a pointer and in a list it does.
func (e *encoder) value(path string, v reflect.Value, counts bool) *yaml.Node {
	if v.IsZero() && !counts {
		return nil
	}
	switch value := v.Interface().(type) {
	case time.Duration:
		return number64(value.Seconds())
	case []schema.Field:
		return fieldNodes(value)
	case oauth.Params:
		var m mapping
		for _, p := range value {
			m.add(p.Name, text(p.Value))
		}
		return m.node()
	case form:
		return value.encode(e)
	}
	switch v.Kind() {
	case reflect.Pointer:
		return e.value(path, v.Elem(), true)
	case reflect.Bool:
		return boolean(v.Bool())
	case reflect.String:
		return text(v.String())
	case reflect.Int:
		return number64(float64(v.Int()))
	case reflect.Slice:
		items := make([]*yaml.Node, v.Len())
		for i := range items {
			items[i] = e.value(path, v.Index(i), true)
		}
		return sequence(items)
	case reflect.Map:
		var m mapping
		for _, key := range slices.Sorted(maps.Keys(texts(v))) {
			m.add(key, e.value(join(path, key), v.MapIndex(reflect.ValueOf(key)), true))
		}
		return m.node()
	case reflect.Struct:
		if n := e.section(path, v); n != nil || !counts {
			return n
		}
		return &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
	default:
		panic("file: option " + path + " has a type that no file can give: " + v.Type().String())
	}
}

// texts returns the keys of a map.
func texts(v reflect.Value) map[string]bool {
	keys := make(map[string]bool, v.Len())
	for _, key := range v.MapKeys() {
		keys[key.String()] = true
	}
	return keys
}

// A mapping is a list of names and values.
type mapping struct{ content []*yaml.Node }

// add adds a value, if there is one.
func (m *mapping) add(name string, value *yaml.Node) {
	if value != nil {
		m.content = append(m.content, text(name), value)
	}
}

// node returns the mapping, or nil if it is empty.
func (m *mapping) node() *yaml.Node {
	if len(m.content) == 0 {
		return nil
	}
	return &yaml.Node{Kind: yaml.MappingNode, Content: m.content}
}

// sequence returns a list in one line, unless there are sections in it.
func sequence(items []*yaml.Node) *yaml.Node {
	list := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle, Content: items}
	if slices.ContainsFunc(items, func(n *yaml.Node) bool { return n.Kind == yaml.MappingNode }) {
		list.Style = 0
	}
	return list
}

func text(s string) *yaml.Node {
	n := new(yaml.Node)
	n.SetString(s)
	return n
}

func boolean(b bool) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(b)}
}

func number64(f float64) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!float", Value: strconv.FormatFloat(f, 'f', -1, 64)}
	if f == float64(int64(f)) {
		n.Tag = "!!int"
	}
	return n
}

func encodeDatabase(s *Settings) *yaml.Node {
	e := &encoder{settings: s}
	return e.section("database", reflect.ValueOf(&s.Database).Elem())
}

func encodeBaseURL(s *Settings) *yaml.Node {
	if s.Auth.BaseURL != "" {
		return text(s.Auth.BaseURL)
	}
	e := &encoder{settings: s}
	return e.section("baseURL", reflect.ValueOf(&s.Auth.DynamicBaseURL).Elem())
}

func encodeRefreshCache(s *Settings) *yaml.Node {
	cache := &s.Auth.Session.CookieCache
	switch {
	case cache.RefreshCache == nil:
		return nil
	case cache.RefreshUpdateAge == 0:
		return boolean(*cache.RefreshCache)
	}
	var m mapping
	m.add("updateAge", number64(cache.RefreshUpdateAge.Seconds()))
	return m.node()
}

func encodeCustomRules(s *Settings) *yaml.Node {
	var m mapping
	for _, rule := range s.Auth.RateLimit.CustomRules {
		value := boolean(false)
		if !rule.Skip {
			var section mapping
			section.add("window", number64(rule.Window.Seconds()))
			section.add("max", number64(float64(rule.Max)))
			value = section.node()
		}
		m.add(rule.Path, value)
	}
	return m.node()
}

func encodeDisableOriginCheck(s *Settings) *yaml.Node {
	advanced := &s.Auth.Advanced
	switch {
	case advanced.DisableOriginCheck:
		return boolean(true)
	case len(advanced.DisableOriginCheckPaths) == 0:
		return nil
	}
	e := &encoder{settings: s}
	return e.value("", reflect.ValueOf(advanced.DisableOriginCheckPaths), true)
}

// fieldNodes is the reverse of additionalFields.
func fieldNodes(fields []schema.Field) *yaml.Node {
	var m mapping
	for i := range fields {
		m.add(fields[i].Name, fieldNode(&fields[i]))
	}
	return m.node()
}

func fieldNode(f *schema.Field) *yaml.Node {
	var m mapping
	e := new(encoder)
	set := func(name string, value any) { m.add(name, e.value(name, reflect.ValueOf(value), false)) }
	unless := func(name string, usual, value bool) {
		if value != usual {
			m.add(name, boolean(value))
		}
	}
	m.add("type", text(f.Type.String()))
	if f.Enum != nil {
		m.content[1] = e.value("type", reflect.ValueOf(f.Enum), true)
	}
	set("fieldName", f.FieldName)
	unless("required", true, f.Required)
	if f.Default != nil {
		m.add("defaultValue", plainNode(f.Default()))
	}
	unless("input", true, !f.NoInput)
	unless("returned", true, !f.NoOutput)
	set("unique", f.Unique)
	set("index", f.Index)
	set("bigint", f.BigInt)
	if f.References != nil {
		set("references", referenceOptions{Model: f.References.Table, Field: f.References.Field})
	}
	return m.node()
}

// plainNode is the reverse of literal.
func plainNode(value any) *yaml.Node {
	list := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	switch v := value.(type) {
	case string:
		return text(v)
	case bool:
		return boolean(v)
	case float64:
		return number64(v)
	case time.Time:
		return text(v.Format("2006-01-02T15:04:05.000Z"))
	case []string:
		for _, item := range v {
			list.Content = append(list.Content, text(item))
		}
		return list
	case []float64:
		for _, item := range v {
			list.Content = append(list.Content, number64(item))
		}
		return list
	case []any:
		for _, item := range v {
			list.Content = append(list.Content, plainNode(item))
		}
		return list
	case map[string]any:
		m := &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			m.Content = append(m.Content, text(key), plainNode(v[key]))
		}
		return m
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
}
