package file

import (
	"go.yaml.in/yaml/v4"

	lockstep "github.com/lockstep-auth/lockstep"
)

// A storeIdentifierOptions is verification.storeIdentifier as a section.
type storeIdentifierOptions struct {
	Default   string     `option:"default"`
	Overrides *yaml.Node `option:"overrides"`
}

// storeIdentifier is a word, or a section with others for some prefixes.
func (d *decoder) storeIdentifier(path string, n *yaml.Node) {
	v := &d.settings.Auth.Verification
	switch n.Kind {
	case yaml.ScalarNode:
		d.text(path, n, &v.StoreIdentifier)
		return
	case yaml.MappingNode:
	default:
		d.wrong(n, path, "plain, hashed, or a section with default and overrides")
		return
	}
	var o storeIdentifierOptions
	d.section(path, n, &o)
	if v.StoreIdentifier = o.Default; o.Default == "" {
		d.fail(n, "%s.default is missing: plain or hashed", path)
	}
	if o.Overrides == nil {
		return
	}
	at := join(path, "overrides")
	d.each(at, o.Overrides, func(prefix string, _, value *yaml.Node) {
		override := lockstep.StoreIdentifierOverride{Prefix: prefix}
		d.text(join(at, prefix), value, &override.StoreIdentifier)
		v.StoreIdentifierOverrides = append(v.StoreIdentifierOverrides, override)
	})
}

func encodeStoreIdentifier(s *Settings) *yaml.Node {
	v := &s.Auth.Verification
	switch {
	case len(v.StoreIdentifierOverrides) > 0:
	case v.StoreIdentifier == "":
		return nil
	default:
		return text(v.StoreIdentifier)
	}
	var m, overrides mapping
	for _, o := range v.StoreIdentifierOverrides {
		overrides.add(o.Prefix, text(o.StoreIdentifier))
	}
	m.add("default", text(v.StoreIdentifier))
	m.add("overrides", overrides.node())
	return m.node()
}
