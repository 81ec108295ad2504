package main

import "fmt"

type secretCommand struct{}

// Run prints a new secret.
func (secretCommand) Run(p *program) error {
	_, err := fmt.Fprintln(p.stdout, newSecret())
	return err
}
