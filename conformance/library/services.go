package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	lockstep "github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/plugin/genericoauth"
	"github.com/lockstep-auth/lockstep/social"
)

// services is where the runner plays the services, and what it knows of those
// that are not built in.
type services struct {
	URL     string    `json:"url"`
	Generic []generic `json:"generic"`
}

// generic has the options of a generic OAuth provider that the scenarios set.
type generic struct {
	// Preset names one that is ready-made, and Domain, Issuer and TenantID are its
	// options.
	Preset   string `json:"preset"`
	Domain   string `json:"domain"`
	Issuer   string `json:"issuer"`
	TenantID string `json:"tenantId"`

	ProviderID             string            `json:"providerId"`
	ClientID               string            `json:"clientId"`
	ClientSecret           string            `json:"clientSecret"`
	DiscoveryURL           string            `json:"discoveryUrl"`
	AuthorizationURL       string            `json:"authorizationUrl"`
	TokenURL               string            `json:"tokenUrl"`
	UserInfoURL            string            `json:"userInfoUrl"`
	Scopes                 []string          `json:"scopes"`
	Authentication         string            `json:"authentication"`
	PKCE                   *bool             `json:"pkce"`
	ResponseMode           string            `json:"responseMode"`
	Prompt                 string            `json:"prompt"`
	AccessType             string            `json:"accessType"`
	AuthorizationURLParams map[string]string `json:"authorizationUrlParams"`
	TokenURLParams         map[string]string `json:"tokenUrlParams"`
	AuthorizationHeaders   map[string]string `json:"authorizationHeaders"`
	AllowIDPInitiated      bool              `json:"allowIdpInitiated"`
	DisableImplicitSignUp  bool              `json:"disableImplicitSignUp"`
	DisableSignUp          bool              `json:"disableSignUp"`
	OverrideUserInfo       bool              `json:"overrideUserInfo"`
	RequireVerification    bool              `json:"requireEmailVerification"`
	DisableNonce           bool              `json:"disableIdTokenNonceBinding"`
	AccessTokenExpiresIn   seconds           `json:"accessTokenExpiresIn"`
	PostLogoutRedirectURI  string            `json:"postLogoutRedirectURI"`
}

func (g generic) config() genericoauth.Config {
	if preset, ok := genericoauth.Presets()[g.Preset]; ok {
		return preset(genericoauth.Options{
			ClientID: g.ClientID, ClientSecret: g.ClientSecret, Domain: g.Domain, Issuer: g.Issuer, TenantID: g.TenantID,
			Scopes: g.Scopes, DisablePKCE: g.PKCE != nil && !*g.PKCE,
		})
	}
	c := genericoauth.Config{
		ProviderID: g.ProviderID, ClientID: g.ClientID, ClientSecret: g.ClientSecret, DiscoveryURL: g.DiscoveryURL,
		AuthorizationURL: g.AuthorizationURL, TokenURL: g.TokenURL, UserInfoURL: g.UserInfoURL, Scopes: g.Scopes,
		DisablePKCE: g.PKCE != nil && !*g.PKCE, ResponseMode: g.ResponseMode, Prompt: g.Prompt, AccessType: g.AccessType,
		AuthorizationURLParams: params(g.AuthorizationURLParams), TokenURLParams: params(g.TokenURLParams),
		AuthorizationHeaders: g.AuthorizationHeaders, AllowIDPInitiated: g.AllowIDPInitiated,
		DisableImplicitSignUp: g.DisableImplicitSignUp, DisableSignUp: g.DisableSignUp, OverrideUserInfo: g.OverrideUserInfo,
		RequireEmailVerification: g.RequireVerification, DisableIDTokenNonceBinding: g.DisableNonce,
		AccessTokenExpiresIn: g.AccessTokenExpiresIn.duration(), PostLogoutRedirectURI: g.PostLogoutRedirectURI,
	}
	if g.Authentication == "basic" {
		c.TokenEndpointAuth = oauth.AuthBasic
	}
	return c
}

// params returns the parameters, sorted: the document's order is lost.
func params(values map[string]string) oauth.Params {
	var list oauth.Params
	for name, value := range values {
		list = append(list, oauth.Param{Name: name, Value: value})
	}
	slices.SortFunc(list, func(a, b oauth.Param) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// setServices reads socialProviders, and sends what goes to services to the
// runner.
func (o *options) setServices(c *lockstep.Config) error {
	for _, entry := range social.Catalog() {
		document, ok := o.SocialProviders[entry.ID]
		if !ok {
			continue
		}
		given := entry.Options()
		if err := fill(reflect.ValueOf(given).Elem(), document); err != nil {
			return fmt.Errorf("socialProviders.%s: %w", entry.ID, err)
		}
		p, on, err := entry.Provider(given)
		if err != nil {
			return err
		}
		if on {
			c.Social = append(c.Social, p)
		}
	}
	if o.Services.URL == "" {
		return nil
	}
	to, err := url.Parse(o.Services.URL)
	if err != nil {
		return err
	}
	c.OAuth.Transport = played{to}
	var configs []genericoauth.Config
	for _, g := range o.Services.Generic {
		configs = append(configs, g.config())
	}
	if len(configs) > 0 {
		c.Plugins = append(c.Plugins, genericoauth.New(configs...))
	}
	return nil
}

// fill sets the fields of a struct by their option tags. What no field has is an
// error.
func fill(target reflect.Value, document map[string]json.RawMessage) error {
	left := maps.Clone(document)
	var ids []string
	if json.Unmarshal(left["clientId"], &ids) == nil && len(ids) > 1 {
		target.FieldByName("ClientID").SetString(ids[0])
		target.FieldByName("MoreClientIDs").Set(reflect.ValueOf(ids[1:]))
		delete(left, "clientId")
	}
	if err := fillFrom(target, left); err != nil {
		return err
	}
	for name := range left {
		return fmt.Errorf("there is no option %q", name)
	}
	return nil
}

func fillFrom(target reflect.Value, left map[string]json.RawMessage) error {
	for i := range target.NumField() {
		field := target.Type().Field(i)
		name := field.Tag.Get("option")
		if field.Anonymous {
			if err := fillFrom(target.Field(i), left); err != nil {
				return err
			}
			continue
		}
		value, ok := left[name]
		if !ok {
			continue
		}
		if err := json.Unmarshal(value, target.Field(i).Addr().Interface()); err != nil {
			return fmt.Errorf("option %q: %w", name, err)
		}
		delete(left, name)
	}
	return nil
}

// played is a transport that asks the runner in place of the internet.
type played struct{ to *url.URL }

func (p played) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := r.Clone(r.Context())
	sent.URL.Scheme, sent.URL.Host, sent.Host = p.to.Scheme, p.to.Host, ""
	sent.URL.Path = "/" + r.URL.Host + r.URL.Path
	sent.URL.RawPath = ""
	return http.DefaultTransport.RoundTrip(sent)
}

var _ http.RoundTripper = played{}
