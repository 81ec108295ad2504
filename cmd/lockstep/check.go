package main

type checkCommand struct {
	configFlag
}

// Run checks.
func (cmd *checkCommand) Run(p *program) error {
	_, err := p.settings(cmd.configFlag)
	return err
}
