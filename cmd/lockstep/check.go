package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
)

type checkCommand struct {
	configFlag
}

// Help is the long help.
func (checkCommand) Help() string {
	return `Finds everything that "lockstep serve" would refuse, without opening ports or the database. ` +
		`Prints the file and the environment as one file, with secrets redacted.`
}

// Run checks the configuration and prints it.
func (cmd *checkCommand) Run(ctx context.Context, p *program) error {
	s, err := p.settings(cmd.configFlag)
	if err != nil {
		return err
	}
	c := &s.Auth
	c.Log = slog.New(p.textLog())
	if err := errors.Join(validate(s, c.Log), checkStore(s.Database)); err != nil {
		return err
	}
	warn(ctx, s)
	at, err := location(c)
	if err != nil {
		return err
	}
	options, err := s.YAML()
	if err != nil {
		return err
	}
	from := "the environment"
	if s.Source != "" {
		from = s.Source + " and the environment"
	}
	_, err = fmt.Fprintf(p.stdout, "# From %s. All other options have Better Auth's defaults.\n# Endpoints below %s, data in the %s.\n%s",
		from, cmp.Or(at.Path, "/"), databaseName(s.Database), options)
	return err
}
