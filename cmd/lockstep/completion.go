package main

type completionCommand struct{}

// Run prints.
func (completionCommand) Run(p *program) error { return nil }

type completeCommand struct{}

// Run prints.
func (completeCommand) Run(p *program) error { return nil }
