package main

import (
	"fmt"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/declaration"
)

type typesCommand struct {
	configFlag
	Out string `placeholder:"FILE" default:"lockstep.d.ts" help:"File to write; - prints instead. Defaults to ${default}."`
}

// Help is the long help.
func (typesCommand) Help() string {
	return `Writes what the configuration makes of users and sessions: additional fields, what plugins add, and the ids of social providers. ` +
		`In a Nuxt project (--out shared/types/lockstep.d.ts) the user and session of @onmax/nuxt-better-auth have these types; ` +
		`elsewhere import LockstepUser and LockstepSession. Only a file that this command has made is replaced.`
}

// Run writes the file.
func (cmd *typesCommand) Run(p *program) error {
	s, err := p.settings(cmd.configFlag)
	if err != nil {
		return err
	}
	tables, err := tablesOf(s)
	if err != nil {
		return err
	}
	c := declaration.Config{Tables: tables}
	for _, provider := range s.Auth.Social {
		c.Providers = append(c.Providers, provider.ID)
	}
	text := declaration.Text(c)
	if cmd.Out == "-" {
		_, err := p.stdout.Write(text)
		return err
	}
	outcome, err := declaration.Write(cmd.Out, text)
	if err != nil {
		return err
	}
	words := map[declaration.Outcome]string{
		declaration.Same: "%s is up to date.\n", declaration.Made: "made     %s\n", declaration.Changed: "changed  %s\n",
	}
	_, err = fmt.Fprintf(p.stdout, words[outcome], cmd.Out)
	return err
}
