package file

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/plugin"
	"github.com/lockstep-auth/lockstep/plugin/genericoauth"
	"github.com/lockstep-auth/lockstep/social"
)

// genericOptions are upstream's GenericOAuthOptions.
type genericOptions struct {
	Config []Generic `option:"config"`
}

func (o *genericOptions) make() (plugin.Plugin, error) {
	configs := make([]genericoauth.Config, len(o.Config))
	var errs []error
	for i := range o.Config {
		var err error
		if configs[i], err = o.Config[i].config(); err != nil {
			errs = append(errs, fmt.Errorf("config[%d]: %w", i, err))
		}
	}
	return genericoauth.New(configs...), errors.Join(errs...)
}

// A Generic is a service of the plugin genericOAuth. In a file it is a section of
// options, or one in another with the name of a ready-made service:
//
//	config:
//	  - {providerId: shop, clientId: app, discoveryUrl: …}
//	  - keycloak: {clientId: app, issuer: …}
type Generic struct {
	preset string // empty: any service
	own    anyService
	ready  readyService
}

// String returns "[redacted]".
func (Generic) String() string { return redacted }

// GoString returns "[redacted]".
func (Generic) GoString() string { return redacted }

type anyService struct {
	genericoauth.Config
	clientOptions

	// Authentication is the older form of tokenEndpointAuth.
	Authentication string `option:"authentication"`

	AccountSubject   code `option:"accountSubject"`
	GetToken         code `option:"getToken"`
	GetUserInfo      code `option:"getUserInfo"`
	MapProfileToUser code `option:"mapProfileToUser"`
}

type readyService struct {
	genericoauth.Options
	clientOptions
}

// clientOptions are what the options of package genericoauth have in another
// form.
type clientOptions struct {
	PKCE *bool            `option:"pkce"`
	Auth social.TokenAuth `option:"tokenEndpointAuth"`
}

// Service returns the provider's id, and where its credentials are.
func (g *Generic) Service() (id string, clientID, secret *string) {
	if g.preset == "" {
		return g.own.ProviderID, &g.own.ClientID, &g.own.ClientSecret
	}
	o := &g.ready.Options
	return genericoauth.Presets()[g.preset](*o).ProviderID, &o.ClientID, &o.ClientSecret
}

// Generic returns the services of the plugin genericOAuth.
func (s *Settings) Generic() []Generic {
	for _, p := range s.Plugins {
		if o, ok := p.Options.(*genericOptions); ok {
			return o.Config
		}
	}
	return nil
}

// config returns the service as the plugin takes it.
func (g *Generic) config() (c genericoauth.Config, err error) {
	var client clientOptions
	if g.preset == "" {
		c, client = g.own.Config, g.own.clientOptions
		switch g.own.Authentication {
		case "basic":
			c.TokenEndpointAuth = oauth.AuthBasic
		case "post":
			c.TokenEndpointAuth = oauth.AuthPost
		}
	} else {
		c, client = genericoauth.Presets()[g.preset](g.ready.Options), g.ready.clientOptions
	}
	c.DisablePKCE = client.PKCE != nil && !*client.PKCE
	if client.Auth.Method != "" {
		c.TokenEndpointAuth = oauth.ClientAuth(client.Auth.Method)
	}
	if client.Auth.PrivateKey != (oauth.PrivateKey{}) {
		c.Assertion, err = client.Auth.Signer()
	}
	return c, err
}

func (g *Generic) decode(d *decoder, path string, n *yaml.Node) {
	presets := genericoauth.Presets()
	if n.Kind == yaml.MappingNode && len(n.Content) == 2 {
		if name := n.Content[0].Value; presets[name] != nil {
			g.preset = name
			d.section(join(path, name), n.Content[1], &g.ready)
			return
		}
	}
	d.section(path, n, &g.own)
	if n.Kind == yaml.MappingNode && g.own.ProviderID == "" {
		d.fail(n, "%s.providerId is missing, or the name of a ready-made service around the rest: %s",
			path, strings.Join(slices.Sorted(maps.Keys(presets)), ", "))
	}
	if a := g.own.Authentication; a != "" && a != "basic" && a != "post" {
		d.fail(n, "%s.authentication must be basic or post", path)
	}
}

func (g Generic) encode(e *encoder) *yaml.Node {
	if g.preset == "" {
		return e.section("", reflect.ValueOf(g.own))
	}
	n := e.section("", reflect.ValueOf(g.ready))
	if n == nil {
		n = &yaml.Node{Kind: yaml.MappingNode}
	}
	return &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{text(g.preset), n}}
}
