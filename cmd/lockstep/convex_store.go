package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	lockstep "github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/convex"
)

// startTimeout is how long a deployment may take to answer when a server starts.
const startTimeout = 15 * time.Second

// openConvex returns a store in a deployment. It does not connect.
func openConvex(c file.Convex, log *slog.Logger) (*convex.Store, error) {
	s, err := convex.New(convex.Config{
		URL: c.URL, Key: c.DeployKey, Secret: c.Secret, Component: c.Component,
		InsecureAllowPublicFunctions: c.InsecureAllowPublicFunctions, Log: log,
		MaxQueries: c.MaxQueries, MaxMutations: c.MaxMutations,
	})
	return s, inWords(err)
}

// A convexStore is a store whose errors, which the log shows, speak of the
// configuration as the operator knows it.
type convexStore struct{ *convex.Store }

// Read implements store.Store.
func (s convexStore) Read(ctx context.Context, queries ...store.Query) ([]store.Result, error) {
	results, err := s.Store.Read(ctx, queries...)
	return results, inWords(err)
}

// Apply implements store.Store.
func (s convexStore) Apply(ctx context.Context, b store.Batch) ([]store.Record, error) {
	rows, err := s.Store.Apply(ctx, b)
	return rows, inWords(err)
}

// Ping is the Ping of the store.
func (s convexStore) Ping(ctx context.Context) error { return inWords(s.Store.Ping(ctx)) }

// checkConvex finds what openConvex would fail with.
func checkConvex(c file.Convex) error {
	s, err := openConvex(c, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	return s.Close()
}

// convexUpToDate fails if the deployment cannot be used as it is: it is out of
// reach, open to strangers, or lacks something. Only its owner changes it.
func convexUpToDate(ctx context.Context, auth *lockstep.Auth) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	plan, err := auth.MigrationPlan(ctx)
	if err != nil {
		return fmt.Errorf("%w\n%s", inWords(err), `run "lockstep convex doctor" for more`)
	}
	if len(plan) > 0 {
		return errors.New(convexLacks + "\n" + strings.Join(plan, "\n"))
	}
	return nil
}

const convexLacks = `the deployment lacks what follows: run "lockstep convex generate" (what convex/schema.ts itself defines, change there) and "npx convex deploy"`

// convexPlan says what the deployment lacks.
func (p *program) convexPlan(ctx context.Context, s *file.Settings) (err error) {
	standIn(&s.Auth)
	s.Auth.Log = slog.New(p.textLog())
	db, closer, err := openStore(s.Database, s.Auth.Log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closer.Close()) }()
	s.Auth.Store = db
	auth, err := newAuth(&s.Auth, s.Plugins)
	if err != nil {
		return err
	}
	if err := convexUpToDate(ctx, auth); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "The %s is up to date.\n", databaseName(s.Database))
	return err
}

// inWords returns an error of package convex in the words of the configuration.
func inWords(err error) error {
	if err == nil {
		return nil
	}
	return worded{err}
}

type worded struct{ error }

// Interface guards.
var (
	_ store.Store    = convexStore{}
	_ store.Binder   = convexStore{}
	_ store.Migrator = convexStore{}
)

func (w worded) Error() string { return optionNames().Replace(w.error.Error()) }

func (w worded) Unwrap() error { return w.error }

// optionNames puts the names of the configuration in place of those of
// convex.Config.
func optionNames() *strings.Replacer {
	const key, secret = "CONVEX_DEPLOY_KEY (database.convex.deployKey)", "LOCKSTEP_SECRET (database.convex.secret)"
	return strings.NewReplacer(
		"convex: Config has a Key and a Secret", "there is a deploy key and a secret for Convex (CONVEX_DEPLOY_KEY, LOCKSTEP_SECRET, database.convex)",
		"Config.URL", "CONVEX_URL (database.convex.url)",
		"Config.AdminKey", key,
		"Config.Key", key,
		"use AdminKey", "use CONVEX_DEPLOY_KEY",
		"Config.Secret", secret,
		"Config.MaxQueries", "database.convex.maxQueries",
		"Config.MaxMutations", "database.convex.maxMutations",
		"in place of Key", "in place of the key",
		"Config.Component needs a Key", "database.convex.component needs CONVEX_DEPLOY_KEY (database.convex.deployKey)",
		"set InsecureAllowPublicFunctions", "set database.convex.insecureAllowPublicFunctions",
	)
}
