package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
)

type migrateCommand struct {
	configFlag
	Yes bool `help:"Carry out the plan."`
}

// Help is the long help.
func (migrateCommand) Help() string {
	return `Only adds tables, columns and indexes; never removes or rewrites anything. Needs no secret and no base URL. ` +
		`For Convex it only says what is missing: deployments change with "npx convex deploy".`
}

// isMissing reports whether the file of a database is yet to be made, in a folder
// that there is. A plan does not make it.
func isMissing(db file.Database) bool {
	_, err := os.Stat(sqlitePath(db))
	return errors.Is(err, fs.ErrNotExist) && checkStore(db) == nil
}

// Run prints the plan, and carries it out if it was told to.
func (cmd *migrateCommand) Run(ctx context.Context, p *program) (err error) {
	s, err := p.settings(cmd.configFlag)
	if err != nil {
		return err
	}
	if s.Database.Convex.URL != "" {
		return p.convexPlan(ctx, s)
	}
	standIn(&s.Auth)
	at := s.Database
	if !cmd.Yes && isMissing(at) {
		dir, err := os.MkdirTemp("", "lockstep-plan-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		at.SQLite = filepath.Join(dir, defaultDatabase)
	}
	db, closer, err := openStore(at, slog.New(p.textLog()))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closer.Close()) }()
	s.Auth.Store = db
	auth, err := newAuth(&s.Auth, s.Plugins)
	if err != nil {
		return err
	}
	plan, err := auth.MigrationPlan(ctx)
	if err != nil {
		return err
	}
	for _, statement := range plan {
		fmt.Fprintln(p.stdout, statement+";")
	}
	name := databaseName(s.Database)
	switch {
	case len(plan) == 0:
		fmt.Fprintf(p.stdout, "The %s is up to date.\n", name)
	case cmd.Yes:
		if err := auth.Migrate(ctx); err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "\nDone: the %s is up to date.\n", name)
	default:
		fmt.Fprintf(p.stdout, "\nNothing was changed. Add --yes to do this to the %s.\n", name)
	}
	return nil
}
