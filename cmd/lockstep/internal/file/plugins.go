package file

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/lockstep-auth/lockstep/plugin"
)

// A Plugin is a plugin that the file names, with what it says of it.
type Plugin struct {
	Name    string
	Options PluginOptions
}

// PluginOptions are a pointer to the options of a plugin, which have Better
// Auth's names as option tags.
type PluginOptions interface {
	// make returns a new plugin, since some belong to the one server that they
	// are given to.
	make() (plugin.Plugin, error)
}

// String returns the name.
func (p Plugin) String() string { return p.Name }

// GoString returns the name.
func (p Plugin) GoString() string { return p.Name }

// NewPlugins makes the plugins, in their order.
func NewPlugins(plugins []Plugin) ([]plugin.Plugin, error) {
	made := make([]plugin.Plugin, len(plugins))
	var errs []error
	for i, p := range plugins {
		var err error
		if made[i], err = p.Options.make(); err != nil {
			errs = append(errs, fmt.Errorf("plugin %s: %w", p.Name, err))
		}
	}
	return made, errors.Join(errs...)
}

// HasPlugin reports whether the settings name a plugin.
func (s *Settings) HasPlugin(name string) bool {
	return slices.ContainsFunc(s.Plugins, func(p Plugin) bool { return p.Name == name })
}

// pluginNames are the plugins that a file can name, as Better Auth calls the
// functions that make them.
func pluginNames() []string { return []string{"bearer", "convex", "genericOAuth", "jwt"} }

func newPluginOptions(name string) PluginOptions {
	switch name {
	case "bearer":
		return new(bearerOptions)
	case "convex":
		return new(convexOptions)
	case "genericOAuth":
		return new(genericOptions)
	case "jwt":
		return new(jwtOptions)
	}
	return nil
}

// plugins is a list of names, in the order in which the plugins run. A name can
// be a section with options.
func (d *decoder) plugins(path string, n *yaml.Node) {
	if n.Kind != yaml.SequenceNode {
		d.wrong(n, path, "a list")
		return
	}
	for i, item := range n.Content {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch {
		case item.Kind != yaml.MappingNode:
			var name string
			if d.text(at, item, &name); name != "" {
				d.plugin(at, name, item, nil)
			}
		case len(item.Content) != 2:
			d.fail(item, "%s must be one name, with its options indented below it", at)
		default:
			d.each(at, item, func(name string, k, value *yaml.Node) { d.plugin(at, name, k, value) })
		}
	}
}

// plugin adds the plugin that is named in n, with options if they are not nil.
func (d *decoder) plugin(path, name string, n, options *yaml.Node) {
	o := newPluginOptions(name)
	switch {
	case o == nil:
		d.fail(n, "%s is not the name of a plugin that a file can have: there is %s", path, strings.Join(pluginNames(), ", "))
		return
	case d.settings.HasPlugin(name):
		d.fail(n, "%s is there twice", path)
		return
	}
	d.settings.Plugins = append(d.settings.Plugins, Plugin{name, o})
	if options != nil && !isNull(options) {
		d.section(join(path, name), options, o)
	}
	if o, ok := o.(*genericOptions); ok && len(o.Config) == 0 {
		d.fail(n, "%s needs a list of services: config", join(path, name))
	}
}

func encodePlugins(s *Settings) *yaml.Node {
	if len(s.Plugins) == 0 {
		return nil
	}
	e := &encoder{settings: s}
	items := make([]*yaml.Node, len(s.Plugins))
	for i, p := range s.Plugins {
		items[i] = text(p.Name)
		if options := e.section(p.Name, reflect.ValueOf(p.Options).Elem()); options != nil {
			items[i] = &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{items[i], options}}
		}
	}
	return sequence(items)
}
