package file

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// pluginNames are the plugins that a file can name, by their id.
func pluginNames() []string { return []string{"bearer", "convex", "jwt"} }

// plugins is a list of names, in the order in which the plugins run.
func (d *decoder) plugins(path string, n *yaml.Node) {
	if n.Kind != yaml.SequenceNode {
		d.wrong(n, path, "a list")
		return
	}
	for i, item := range n.Content {
		at := fmt.Sprintf("%s[%d]", path, i)
		if item.Kind == yaml.MappingNode {
			d.fail(item, "%s must be the name of a plugin: a file cannot give options of plugins yet", at)
			continue
		}
		var name string
		if d.text(at, item, &name); name == "" {
			continue
		}
		switch {
		case !slices.Contains(pluginNames(), name):
			d.fail(item, "%s is not the name of a plugin that a file can have: there is %s", at, strings.Join(pluginNames(), ", "))
		case slices.Contains(d.settings.Plugins, name):
			d.fail(item, "%s is there twice", at)
		default:
			d.settings.Plugins = append(d.settings.Plugins, name)
		}
	}
}

func encodePlugins(s *Settings) *yaml.Node {
	if len(s.Plugins) == 0 {
		return nil
	}
	e := &encoder{settings: s}
	return e.value("plugins", reflect.ValueOf(s.Plugins), true)
}
