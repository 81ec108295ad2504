package main

import (
	"context"
	"errors"
	"fmt"

	lockstep "github.com/lockstep-auth/lockstep"
)

type migrateCommand struct {
	configFlag
	Yes bool `help:"Carry out the plan."`
}

// Run prints the plan, and carries it out if it was told to.
func (cmd *migrateCommand) Run(ctx context.Context, p *program) (err error) {
	s, err := p.settings(cmd.configFlag)
	if err != nil {
		return err
	}
	standIn(&s.Auth)
	db, closer, err := openStore(s.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closer.Close()) }()
	s.Auth.Store = db
	auth, err := lockstep.New(s.Auth)
	if err != nil {
		return err
	}
	plan, err := auth.MigrationPlan(ctx)
	if err != nil {
		return err
	}
	if len(plan) == 0 {
		fmt.Fprintf(p.stdout, "%s is up to date\n", databaseName(s.Database))
		return nil
	}
	for _, statement := range plan {
		fmt.Fprintln(p.stdout, statement+";")
	}
	if !cmd.Yes {
		fmt.Fprintf(p.stdout, "\nNothing was changed. Run \"lockstep migrate --yes\" to carry this out on the %s.\n", databaseName(s.Database))
		return nil
	}
	if err := auth.Migrate(ctx); err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "\nDone: %s is up to date\n", databaseName(s.Database))
	return nil
}

// standIn fills in what a server needs but tables do not depend on.
func standIn(c *lockstep.Config) {
	if c.BaseURL == "" && len(c.DynamicBaseURL.AllowedHosts) == 0 {
		c.BaseURL = "http://localhost"
	}
	if c.Secret == "" && len(c.Secrets) == 0 {
		c.Secret = newSecret()
	}
}
