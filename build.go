package lockstep

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/clientip"
	"github.com/lockstep-auth/lockstep/internal/cookie"
	"github.com/lockstep-auth/lockstep/internal/core"
	"github.com/lockstep-auth/lockstep/internal/origin"
	"github.com/lockstep-auth/lockstep/internal/pipeline"
	"github.com/lockstep-auth/lockstep/internal/ratelimit"
	"github.com/lockstep-auth/lockstep/internal/secure"
	"github.com/lockstep-auth/lockstep/internal/wire"
	"github.com/lockstep-auth/lockstep/mail"
	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/plugin"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/memory"
)

const (
	day = 24 * time.Hour

	// minSecret is the shortest secret accepted, in characters. Upstream only
	// warns.
	minSecret = 32

	// maxLimitedClients bounds the memory of the rate limiter, in buckets.
	maxLimitedClients = 100_000
)

// setDefaults fills in what was left out, in this one place.
func (c *Config) setDefaults() {
	c.StoreTimeout = cmp.Or(c.StoreTimeout, 5*time.Second)
	c.Log = cmp.Or(c.Log, slog.Default())
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the one default clock
	}
	ep := &c.EmailAndPassword
	ep.MinPasswordLength = cmp.Or(ep.MinPasswordLength, 8)
	ep.MaxPasswordLength = cmp.Or(ep.MaxPasswordLength, 128)
	ep.ResetPasswordTokenExpiresIn = cmp.Or(ep.ResetPasswordTokenExpiresIn, time.Hour)
	c.EmailVerification.ExpiresIn = cmp.Or(c.EmailVerification.ExpiresIn, time.Hour)
	c.User.DeleteUser.DeleteTokenExpiresIn = cmp.Or(c.User.DeleteUser.DeleteTokenExpiresIn, day)
	s := &c.Session
	s.ExpiresIn = cmp.Or(s.ExpiresIn, 7*day)
	if c.Store == nil {
		s.CookieCache.Enabled = true
		s.CookieCache.Strategy = cmp.Or(s.CookieCache.Strategy, string(cookie.JWE))
		s.CookieCache.MaxAge = cmp.Or(s.CookieCache.MaxAge, s.ExpiresIn)
		s.CookieCache.RefreshCache = cmp.Or(s.CookieCache.RefreshCache, new(true))
	}
	s.CookieCache.MaxAge = cmp.Or(s.CookieCache.MaxAge, 5*time.Minute)
	c.RateLimit.Window = cmp.Or(c.RateLimit.Window, 10*time.Second)
	c.RateLimit.Max = cmp.Or(c.RateLimit.Max, 100)
	c.RateLimit.Storage = cmp.Or(c.RateLimit.Storage, "memory")
	c.RateLimit.MailsPerAddress = cmp.Or(c.RateLimit.MailsPerAddress, 5)
}

// A builder makes the parts of a server and collects what is wrong.
type builder struct {
	*Config
	errs     []error
	warnings []string
	plugins  []plugin.Plugin
	tables   []schema.Table

	background *background
	templates  *mail.Templates // nil without Mail.Mailer
	texts      *mailTexts      // nil without Mail.Mailer
	outbox     *mail.Outbox    // nil without Mail.Mailer, or if it has no queue
	oauth      *oauth.Client
	providers  []plugin.Provider
}

func newBuilder(c *Config) *builder { return &builder{Config: c} }

func (b *builder) fail(format string, args ...any) {
	b.errs = append(b.errs, fmt.Errorf("lockstep: "+format, args...))
}

// check adds err, if any, to what is wrong.
func (b *builder) check(err error) {
	if err != nil {
		b.errs = append(b.errs, fmt.Errorf("lockstep: %w", err))
	}
}

// build makes the server. It goes on after a failure, to find them all; the
// result is only good if there was none.
func (b *builder) build() *Auth {
	base, err := origin.NewBase(b.base())
	b.check(err)
	b.checkOptions()
	secrets := b.secrets()
	b.tables = b.mergeTables()
	db := b.bind()
	names, err := cookie.NewNames(b.cookieConfig(base))
	b.check(err)
	clients, err := clientip.New(clientip.Config{
		Headers: b.Advanced.IPAddress.IPAddressHeaders, TrustedProxies: b.Advanced.IPAddress.TrustedProxies,
		IPv6Subnet: b.Advanced.IPAddress.IPv6Subnet, Disabled: b.Advanced.IPAddress.DisableIPTracking,
		ProxySecret: b.Advanced.IPAddress.ProxySecret, Now: b.Now,
	})
	b.check(err)
	trust := b.trust(base)
	rules, err := ratelimit.NewRules(b.rateLimits())
	b.check(err)
	b.fillMail()
	b.addPlugins()
	disabled := b.disabledPaths()
	if len(b.errs) > 0 {
		return nil
	}
	b.background = newBackground(b.Log)
	b.startMail(secrets, db)
	host := b.host(secrets, names, clients, db)
	b.initPlugins(host)
	p, err := pipeline.New(pipeline.Config{
		Host: host, Shape: wire.NewShape(b.tables), Plugins: b.plugins,
		Base: base, Trust: trust, TrustMore: b.TrustedOriginsFunc,
		Rules: rules, Limiter: b.limiter(db), Clients: clients,
		DisabledPaths: disabled, SkipTrailingSlashes: b.Advanced.SkipTrailingSlashes,
		SkipCSRF: b.Advanced.DisableCSRFCheck, SkipOrigin: b.Advanced.DisableOriginCheck,
		SkipOriginPaths: b.Advanced.DisableOriginCheckPaths, OnError: b.OnAPIError.OnError,
		CallInContext: len(b.Plugins) > 0 || !reflect.ValueOf(b.DatabaseHooks).IsZero(),
	})
	b.check(err)
	return &Auth{
		pipeline: p, tables: b.tables, store: b.Store, background: b.background, outbox: b.outbox, mailer: b.Mail.Mailer,
		oauth: b.oauth, providers: b.providers, refused: b.Refused,
	}
}

func (b *builder) base() origin.BaseConfig {
	if b.BaseURL == "" && len(b.DynamicBaseURL.AllowedHosts) == 0 {
		b.fail("BaseURL is empty: set it to the address users see, such as \"https://example.com\"")
	}
	return origin.BaseConfig{
		URL: b.BaseURL, BasePath: b.BasePath, AllowedHosts: b.DynamicBaseURL.AllowedHosts,
		Fallback: b.DynamicBaseURL.Fallback, Protocol: b.DynamicBaseURL.Protocol,
		TrustProxyHeaders: b.Advanced.TrustedProxyHeaders,
	}
}

func (b *builder) checkOptions() {
	ep := b.EmailAndPassword
	if ep.MinPasswordLength < 1 || ep.MaxPasswordLength < ep.MinPasswordLength {
		b.fail("EmailAndPassword: MinPasswordLength is %d and MaxPasswordLength is %d: the first must be 1 or more, and not above the second",
			ep.MinPasswordLength, ep.MaxPasswordLength)
	}
	if b.RateLimit.Storage != "memory" && b.RateLimit.Storage != "database" {
		b.fail("RateLimit.Storage is %q, must be \"memory\" or \"database\"", b.RateLimit.Storage)
	}
	if b.RateLimit.Storage == "database" && b.Store == nil {
		b.fail("RateLimit.Storage is \"database\", but there is no Store")
	}
	for _, o := range []struct {
		name string
		life time.Duration
	}{
		{"Session.ExpiresIn", b.Session.ExpiresIn},
		{"Session.UpdateAge", or(b.Session.UpdateAge, day)},
		{"Session.FreshAge", or(b.Session.FreshAge, day)},
		{"Session.CookieCache.MaxAge", b.Session.CookieCache.MaxAge},
		{"EmailAndPassword.ResetPasswordTokenExpiresIn", ep.ResetPasswordTokenExpiresIn},
		{"EmailVerification.ExpiresIn", b.EmailVerification.ExpiresIn},
		{"User.DeleteUser.DeleteTokenExpiresIn", b.User.DeleteUser.DeleteTokenExpiresIn},
	} {
		if o.life < 0 {
			b.fail("%s is negative: leave it out for the default", o.name)
		}
	}
	if b.Session.CookieCache.Enabled {
		b.check(cookie.Strategy(b.Session.CookieCache.Strategy).Check())
	}
	b.checkVerification()
	b.checkMail()
	b.checkSocial()
	if b.Store != nil && or(b.Session.CookieCache.RefreshCache, false) {
		b.warnings = append(b.warnings, "session.cookieCache.refreshCache is for servers without a database and was ignored")
	}
}

func (b *builder) secrets() *secure.Secrets {
	for _, s := range b.Secrets {
		b.checkSecret(fmt.Sprintf("Secrets, version %d,", s.Version), s.Value)
	}
	if len(b.Secrets) == 0 {
		if b.Secret == "" {
			b.fail("Secret is empty: set it to 32 random characters or more (run \"lockstep secret\")")
			return nil
		}
		b.checkSecret("Secret", b.Secret)
		return secure.NewSecrets(b.Secret)
	}
	list := make([]secure.Secret, len(b.Secrets))
	for i, s := range b.Secrets {
		list[i] = secure.Secret{Version: s.Version, Value: s.Value}
	}
	secrets, err := secure.NewRotation(list, b.Secret)
	b.check(err)
	return secrets
}

func (b *builder) checkSecret(name, value string) {
	n := len([]rune(value))
	if n < minSecret {
		b.fail("%s has %d characters, needs %d (run \"lockstep secret\")", name, n, minSecret)
		return
	}
	if secure.IsPublished(value) && !b.Development {
		b.fail("%s is the one that is published in Better Auth's source: run \"lockstep secret\" for a new one", name)
		return
	}
	if why := secure.Weakness(value); why != "" {
		b.warnings = append(b.warnings, strings.ToLower(name)+" is weak: "+why)
	}
}

// mergeTables joins the core tables, those of plugins and the options, in
// upstream's order.
func (b *builder) mergeTables() []schema.Table {
	lists := [][]schema.Table{identity.Tables()}
	for _, p := range b.Plugins {
		lists = append(lists, p.Tables)
	}
	options := map[string]TableOptions{
		identity.UserTable: b.User.TableOptions, identity.SessionTable: b.Session.TableOptions,
		identity.AccountTable: b.Account.TableOptions, identity.VerificationTable: b.Verification.TableOptions,
	}
	for _, t := range identity.Tables() {
		o := options[t.Name]
		lists = append(lists, []schema.Table{{Name: t.Name, ModelName: o.ModelName, Fields: o.AdditionalFields}})
	}
	if b.RateLimit.Storage == "database" {
		t := ratelimit.Table()
		t.ModelName = b.RateLimit.ModelName
		options[t.Name] = TableOptions{Fields: b.RateLimit.Fields}
		lists = append(lists, []schema.Table{t})
	}
	if b.keepsMail() {
		lists = append(lists, []schema.Table{outboxTable()})
	}
	tables, err := schema.Merge(lists...)
	b.check(err)
	for i := range tables {
		b.rename(&tables[i], options[tables[i].Name].Fields)
	}
	return tables
}

func (b *builder) rename(t *schema.Table, names map[string]string) {
	for field, column := range names {
		f := t.Field(field)
		if f == nil {
			b.fail("table %q has no field %q to rename", t.Name, field)
			continue
		}
		f.FieldName = column
	}
}

func (b *builder) trust(base *origin.Base) *origin.Trust {
	var patterns []string
	if base != nil {
		patterns = base.Origins()
	}
	patterns = append(patterns, b.TrustedOrigins...)
	for _, p := range b.Plugins {
		patterns = append(patterns, p.TrustedOrigins...)
	}
	t, err := origin.NewTrust(patterns)
	b.check(err)
	if err == nil {
		b.warnings = append(b.warnings, t.Warnings()...)
	}
	return t
}

// addPlugins puts the core endpoints, the hooks of the configuration and the
// plugins in their order.
func (b *builder) addPlugins() {
	b.plugins = []plugin.Plugin{{ID: "config", Before: b.Hooks.Before, After: b.Hooks.After}}
	b.plugins = append(b.plugins, core.Plugins(b.coreConfig())...)
	b.plugins = append(b.plugins, b.Plugins...)
}

func (b *builder) extra(table string) []schema.Field {
	for i := range b.tables {
		if b.tables[i].Name == table {
			return identity.Extra(&b.tables[i])
		}
	}
	return nil
}

func (b *builder) initPlugins(host *plugin.Host) {
	ids := make(map[string]bool)
	for _, p := range b.plugins {
		if p.ID == "" || ids[p.ID] {
			b.fail("plugin id %q is empty or used twice", p.ID)
		}
		ids[p.ID] = true
		if p.Init == nil {
			continue
		}
		if err := p.Init(host); err != nil {
			b.fail("plugin %q: %w", p.ID, err)
		}
	}
}

// disabledPaths returns DisabledPaths in the form of the paths of endpoints. One
// that no endpoint has would disable nothing; upstream takes it silently.
func (b *builder) disabledPaths() []string {
	var paths []string
	for _, p := range b.DisabledPaths {
		path := "/" + strings.Trim(p, "/")
		if !slices.ContainsFunc(b.plugins, func(pl plugin.Plugin) bool { return slices.ContainsFunc(pl.Endpoints, serves(path)) }) {
			b.fail("DisabledPaths: no endpoint has the path %q: write it as below the base path, with a value for each parameter, "+
				"such as \"/callback/google\", or remove it", p)
		}
		paths = append(paths, path)
	}
	return paths
}

// serves reports whether an endpoint has a path, which may be its own with a
// value for the parameter.
func serves(path string) func(plugin.Endpoint) bool {
	return func(e plugin.Endpoint) bool {
		dir, param, ok := strings.Cut(e.Path, "/:")
		if !ok {
			return e.Path == path
		}
		value, below := strings.CutPrefix(path, dir+"/")
		return below && value != "" && value != ":"+param && !strings.Contains(value, "/")
	}
}

// bind tells the store its tables.
func (b *builder) bind() store.Store {
	db := b.Store
	if db == nil {
		db = memory.New()
	}
	if binder, ok := db.(store.Binder); ok {
		b.check(binder.Bind(b.tables))
	}
	return &deadlineStore{store: db, timeout: b.StoreTimeout}
}

// A deadlineStore bounds how long a call to the store may take.
type deadlineStore struct {
	store   store.Store
	timeout time.Duration
}

func (s *deadlineStore) Read(ctx context.Context, queries ...store.Query) ([]store.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	results, err := s.store.Read(ctx, queries...)
	return results, s.explain(ctx, err)
}

// Apply sends a batch whose outcome is unknown once more, which is safe for one
// with an ID: a client must not be told that a one-time secret is spent when it
// was this very request that spent it.
func (s *deadlineStore) Apply(ctx context.Context, batch store.Batch) ([]store.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	rows, err := s.store.Apply(ctx, batch)
	if errors.Is(err, store.ErrUnknownOutcome) && batch.ID != "" && ctx.Err() == nil {
		batch.Again = true
		rows, err = s.store.Apply(ctx, batch)
	}
	return rows, s.explain(ctx, err)
}

// explain marks an error after the deadline, which clients are told as 503. Some
// drivers have an error of their own for it, such as "interrupted".
func (s *deadlineStore) explain(ctx context.Context, err error) error {
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		if !errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("%w: %w", ctx.Err(), err)
		}
		return fmt.Errorf("no answer within %v: %w", s.timeout, err)
	}
	return err
}

var _ store.Store = (*deadlineStore)(nil)
