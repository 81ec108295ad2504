package file

import (
	"reflect"

	"go.yaml.in/yaml/v4"

	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/plugin/genericoauth"
	"github.com/lockstep-auth/lockstep/social"
)

// socialPath is the section of the services that users can sign in with.
const socialPath = "socialProviders"

// A Social is a service that users can sign in with.
type Social struct {
	Entry social.Entry

	// Options are what Entry.Options has made, filled in.
	Options any
}

// Common returns the options that every service has, to be read and changed.
func (s Social) Common() *social.Options { return s.Entry.Common(s.Options) }

// String returns the service's id.
func (s Social) String() string { return s.Entry.ID }

// GoString returns the service's id.
func (s Social) GoString() string { return s.Entry.ID }

// Service returns the service with the id, or nil if the settings have none.
func (s *Settings) Service(id string) *Social {
	for i := range s.Social {
		if s.Social[i].Entry.ID == id {
			return &s.Social[i]
		}
	}
	return nil
}

// Providers returns the services that are switched on, in their order. They may
// lack what they need: see oauth.Provider.Validate.
func (s *Settings) Providers() []oauth.Provider {
	var providers []oauth.Provider
	for _, service := range s.Social {
		p, on, err := service.Entry.Provider(service.Options)
		if err != nil {
			panic("file: " + err.Error()) // the options are the entry's own
		}
		if on {
			providers = append(providers, p)
		}
	}
	return providers
}

// socialOptions adds the sections of the services to options that no option tag
// describes.
func socialOptions(options map[string]option) {
	options[socialPath] = option{(*decoder).social, encodeSocial}
	for _, e := range social.Catalog() {
		at := join(socialPath, e.ID)
		options[at] = option{service(e), encodedAbove}
		options[join(at, "clientId")] = option{clientIDs(e.ID), encodeClientIDs(e.ID)}
	}
}

// refusedSocial adds the options of services that a file cannot give.
func refusedSocial(options map[string]string) {
	for _, e := range social.Catalog() {
		at := join(socialPath, e.ID)
		for _, name := range []string{"getUserInfo", "mapProfileToUser", "refreshAccessToken", "verifyIdToken"} {
			options[join(at, name)] = isCode
		}
		options[join(at, "responseMode")] = isIdle
	}
	for name := range genericoauth.Presets() {
		if at := join(socialPath, name); options[at+".getUserInfo"] == "" {
			options[at] = isGeneric
		}
	}
	options[socialPath+".paypal.requestShippingAddress"] = isIdle
	options[socialPath+".vk.scheme"] = isIdle
	options[socialPath+".wechat.platformType"] = isIdle
}

func (d *decoder) social(path string, n *yaml.Node) { d.section(path, n, new(struct{})) }

func service(e social.Entry) func(*decoder, string, *yaml.Node) {
	return func(d *decoder, path string, n *yaml.Node) {
		o := e.Options()
		d.settings.Social = append(d.settings.Social, Social{e, o})
		d.section(path, n, o)
	}
}

// clientIDs reads one id, or a list with those of the application's other
// platforms.
func clientIDs(service string) func(*decoder, string, *yaml.Node) {
	return func(d *decoder, path string, n *yaml.Node) {
		o := d.settings.Service(service).Common()
		switch {
		case n.Kind == yaml.ScalarNode:
			d.text(path, n, &o.ClientID)
		case n.Kind != yaml.SequenceNode:
			d.wrong(n, path, "text, or a list of texts")
		case len(n.Content) == 0:
			d.fail(n, "%s is an empty list", path)
		default:
			var ids []string
			d.list(path, n, reflect.ValueOf(&ids).Elem())
			o.ClientID, o.MoreClientIDs = ids[0], ids[1:]
		}
	}
}

func encodeSocial(s *Settings) *yaml.Node {
	e := &encoder{settings: s, options: special()}
	var m mapping
	for _, p := range s.Social {
		n := e.section(join(socialPath, p.Entry.ID), reflect.ValueOf(p.Options).Elem())
		if n == nil {
			n = &yaml.Node{Kind: yaml.MappingNode}
		}
		m.add(p.Entry.ID, n)
	}
	return m.node()
}

func encodeClientIDs(service string) func(*Settings) *yaml.Node {
	return func(s *Settings) *yaml.Node {
		o := s.Service(service).Common()
		switch {
		case len(o.MoreClientIDs) > 0:
			ids := append([]string{o.ClientID}, o.MoreClientIDs...)
			return new(encoder).value("", reflect.ValueOf(ids), true)
		case o.ClientID != "":
			return text(o.ClientID)
		}
		return nil
	}
}

// encodedAbove leaves it to the section around it.
func encodedAbove(*Settings) *yaml.Node { return nil }
