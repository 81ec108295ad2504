package file

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

// additionalFields reads fields by name, in the order of the file, which is
// that of the wire.
func (d *decoder) additionalFields(path string, n *yaml.Node, out *[]schema.Field) {
	d.each(path, n, func(key string, k, value *yaml.Node) {
		if key == "" {
			d.fail(k, "%s has a field without a name", path)
			return
		}
		*out = append(*out, d.field(join(path, key), key, value))
	})
}

// A fieldOptions is Better Auth's DBFieldAttribute, as far as a file can give
// it.
type fieldOptions struct {
	Type       *yaml.Node       `option:"type"`
	FieldName  string           `option:"fieldName"`
	Required   *bool            `option:"required"`
	Default    *yaml.Node       `option:"defaultValue"`
	Input      *bool            `option:"input"`
	Returned   *bool            `option:"returned"`
	Unique     bool             `option:"unique"`
	Index      bool             `option:"index"`
	BigInt     bool             `option:"bigint"`
	References referenceOptions `option:"references"`

	// Sortable says how MySQL and SQL Server keep text; it changes nothing in
	// the databases there are.
	Sortable bool `option:"sortable"`

	Transform code `option:"transform"`
	Validator code `option:"validator"`
	OnUpdate  code `option:"onUpdate"`
}

type referenceOptions struct {
	Model    string `option:"model"`
	Field    string `option:"field"`
	OnDelete string `option:"onDelete"`
}

// field reads one field. Required is true unless the file says otherwise, and
// means both that clients must give the value and that the database holds no
// null.
func (d *decoder) field(path, name string, n *yaml.Node) schema.Field {
	f := schema.Field{Name: name}
	var o fieldOptions
	d.section(path, n, &o)
	if n.Kind != yaml.MappingNode {
		return f
	}
	f.FieldName, f.Unique, f.Index, f.BigInt = o.FieldName, o.Unique, o.Index, o.BigInt
	f.Required = o.Required == nil || *o.Required
	f.NoInput = o.Input != nil && !*o.Input
	f.NoOutput = o.Returned != nil && !*o.Returned
	d.references(path, n, &f, &o)
	if o.Type == nil {
		d.fail(n, "%s.type is missing: %s", path, typeNames())
		return f
	}
	d.fieldType(join(path, "type"), o.Type, &f)
	if o.Default != nil {
		d.defaultValue(join(path, "defaultValue"), o.Default, &f)
	}
	return f
}

func (d *decoder) references(path string, n *yaml.Node, f *schema.Field, o *fieldOptions) {
	if !d.settings.given[join(path, "references")] {
		return
	}
	r := o.References
	if r.Model == "" || r.Field == "" {
		d.fail(n, "%s.references needs model and field", path)
	}
	if r.OnDelete != "" && r.OnDelete != "cascade" {
		d.fail(n, "%s.references.onDelete must be cascade, the only one supported", path)
	}
	f.References = &schema.Reference{Table: r.Model, Field: r.Field}
}

// fieldType reads the name of a type, or the list of texts that a field can
// have.
func (d *decoder) fieldType(path string, n *yaml.Node, f *schema.Field) {
	if n.Kind == yaml.SequenceNode {
		for _, item := range n.Content {
			var value string
			d.text(path, item, &value)
			f.Enum = append(f.Enum, value)
		}
		if len(f.Enum) == 0 {
			d.fail(n, "%s is an empty list", path)
		}
		return
	}
	var name string
	if d.text(path, n, &name); name == "" {
		return
	}
	for t := schema.String; t <= schema.Numbers; t++ {
		if t.String() == name {
			f.Type = t
			return
		}
	}
	d.fail(n, "%s must be %s", path, typeNames())
}

func typeNames() string {
	var names []string
	for t := schema.String; t <= schema.Numbers; t++ {
		names = append(names, t.String())
	}
	return "one of " + strings.Join(names, ", ") + ", or a list of texts"
}

// defaultValue makes the value anew for each row, since rows may change it.
func (d *decoder) defaultValue(path string, n *yaml.Node, f *schema.Field) {
	value, err := literal(n, f.Type)
	if err != nil {
		d.fail(n, "%s must be a %s: %v", path, f.Type, err)
		return
	}
	if text, ok := value.(string); ok && f.Enum != nil && !slices.Contains(f.Enum, text) {
		d.fail(n, "%s is not in the list of %s", path, strings.TrimSuffix(path, "defaultValue")+"type")
		return
	}
	f.Default = func() any {
		fresh, _ := literal(n, f.Type) // as just before
		return fresh
	}
}

// literal returns the value of a node as a field of type t has it.
func literal(n *yaml.Node, t schema.Type) (any, error) {
	value, err := plain(n)
	if err != nil {
		return nil, err
	}
	switch t {
	case schema.JSON:
		return value, nil
	case schema.Date:
		text, _ := value.(string)
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return nil, fmt.Errorf("write it as 2006-01-02T15:04:05Z")
		}
		return store.Millis(at), nil
	case schema.Strings:
		return items[string](value)
	case schema.Numbers:
		return items[float64](value)
	case schema.String, schema.Number, schema.Bool:
		f := schema.Field{Type: t}
		if f.Check(value) != nil {
			return nil, fmt.Errorf("it is %s", describe(n))
		}
		return value, nil
	}
	return nil, fmt.Errorf("unknown type")
}

func items[T any](value any) (any, error) {
	list, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("it is no list")
	}
	typed := make([]T, len(list))
	for i, item := range list {
		if typed[i], ok = item.(T); !ok {
			return nil, fmt.Errorf("item %d has another type", i+1)
		}
	}
	return typed, nil
}

// plain returns the value of a node as encoding/json would make it. Dates are
// text.
func plain(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, item := range n.Content {
			var err error
			if list[i], err = plain(item); err != nil {
				return nil, err
			}
		}
		return list, nil
	case yaml.MappingNode:
		return object(n)
	case yaml.ScalarNode:
		return scalar(n)
	default:
		return nil, fmt.Errorf("it has %s", describe(n))
	}
}

func object(n *yaml.Node) (any, error) {
	members := make(map[string]any, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if _, twice := members[k.Value]; twice || k.Kind != yaml.ScalarNode || k.ShortTag() == "!!merge" {
			return nil, fmt.Errorf("line %d: a name must be plain text and may not come twice", k.Line)
		}
		value, err := plain(n.Content[i+1])
		if err != nil {
			return nil, err
		}
		members[k.Value] = value
	}
	return members, nil
}

func scalar(n *yaml.Node) (any, error) {
	switch n.ShortTag() {
	case "!!null":
		return nil, nil
	case "!!str", "!!timestamp":
		return n.Value, nil
	case "!!bool":
		var b bool
		err := n.Decode(&b)
		return b, err
	}
	if f, ok := number(n); ok {
		return f, nil
	}
	return nil, fmt.Errorf("it has %s", describe(n))
}
