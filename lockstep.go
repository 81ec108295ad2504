// Package lockstep is an authentication server that speaks the protocol of
// Better Auth. An *Auth is an http.Handler; mount it at its base path:
//
//	a, err := lockstep.New(lockstep.Config{
//		BaseURL:          "http://localhost:3000",
//		Secret:           os.Getenv("BETTER_AUTH_SECRET"),
//		Store:            db,
//		EmailAndPassword: lockstep.EmailAndPassword{Enabled: true},
//	})
//	http.Handle("/api/auth/", a)
//	http.Handle("/dashboard", a.RequireUserSession()(dashboard))
//
// Plugins (package plugin) add endpoints, tables and hooks; stores (package
// store) keep the data. A program that shares the secret can verify sessions
// without a server of its own; see NewVerifier.
package lockstep

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/lockstep-auth/lockstep/internal/pipeline"
	"github.com/lockstep-auth/lockstep/mail"
	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/plugin"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

// An Auth is a running server. It is safe for concurrent use.
type Auth struct {
	pipeline   *pipeline.Pipeline
	tables     []schema.Table
	store      store.Store
	background *background
	outbox     *mail.Outbox // or nil
	mailer     mail.Mailer  // or nil
	wake       sync.Once
	oauth      *oauth.Client
	providers  []plugin.Provider
	refused    func(w http.ResponseWriter, r *http.Request, status int) // or nil
}

// New checks config and returns a server for it. The error lists everything
// that is wrong, one problem per line.
func New(config Config) (*Auth, error) {
	config.setDefaults()
	b := newBuilder(&config)
	a := b.build()
	if err := errors.Join(b.errs...); err != nil {
		return nil, err
	}
	for _, w := range b.warnings {
		config.Log.Warn(w) //nolint:sloglint // the texts are written in this package
	}
	return a, nil
}

// ServeHTTP serves the endpoints.
func (a *Auth) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.wakeOutbox()
	a.pipeline.ServeHTTP(w, r)
}

// Close waits for the work that requests have left for the background, such as
// sending mail, until ctx ends; then it breaks it off. Afterwards nothing of the
// server runs any more, and new work is dropped. Stop serving first. The error
// is that of ctx, if there was not enough time.
func (a *Auth) Close(ctx context.Context) error {
	err := a.background.close(ctx)
	a.oauth.Close()
	if a.outbox != nil {
		err = errors.Join(err, a.outbox.Close(ctx))
	}
	if c, ok := a.mailer.(io.Closer); ok {
		err = errors.Join(err, c.Close())
	}
	return err
}

// Tables returns the tables of the server and its plugins.
func (a *Auth) Tables() []schema.Table { return append([]schema.Table(nil), a.tables...) }

// Migrate creates what the database lacks of the server's tables, if the store
// can. It never removes or rewrites anything.
func (a *Auth) Migrate(ctx context.Context) error {
	m, ok := a.store.(store.Migrator)
	if !ok {
		return nil
	}
	if err := m.Migrate(ctx); err != nil {
		return fmt.Errorf("lockstep: migrate: %w", err)
	}
	return nil
}

// MigrationPlan returns the statements that Migrate would run.
func (a *Auth) MigrationPlan(ctx context.Context) ([]string, error) {
	m, ok := a.store.(store.Migrator)
	if !ok {
		return nil, nil
	}
	return m.Plan(ctx)
}

// or returns *p, or fallback if p is nil.
func or[T any](p *T, fallback T) T { return *cmp.Or(p, &fallback) }
