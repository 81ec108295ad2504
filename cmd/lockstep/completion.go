package main

import (
	"embed"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

//go:embed completion
var scripts embed.FS

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"One of bash, zsh and fish."`
}

// Help is the long help.
func (completionCommand) Help() string {
	return `Load it at the start of the shell: source <(lockstep completion bash), the same with zsh, or lockstep completion fish | source.`
}

// Run prints the script of a shell.
func (cmd *completionCommand) Run(p *program) error {
	script, err := scripts.ReadFile("completion/lockstep." + cmd.Shell)
	if err != nil {
		return err
	}
	_, err = p.stdout.Write(script)
	return err
}

// A completeCommand is what the scripts call.
type completeCommand struct {
	Words []string `arg:"" optional:""`
}

// Run prints what can stand for the last word, one candidate a line. Nothing
// leaves it to the shell, which knows files.
func (cmd *completeCommand) Run(k *kong.Kong, p *program) error {
	var text strings.Builder
	for _, candidate := range complete(k.Model.Node, cmd.Words) {
		text.WriteString(candidate + "\n")
	}
	_, err := io.WriteString(p.stdout, text.String())
	return err
}

// complete follows the words before the last one through the commands.
func complete(node *kong.Node, words []string) []string {
	if len(words) == 0 {
		words = []string{""}
	}
	last := words[len(words)-1]
	waiting := false // for the value of a flag
	for _, word := range words[:len(words)-1] {
		switch {
		case waiting:
			waiting = false
		case strings.HasPrefix(word, "-"):
			waiting = takesValue(node, word)
		default:
			node = child(node, word)
		}
	}
	if waiting {
		return nil
	}
	var candidates []string
	for _, candidate := range candidatesOf(node, strings.HasPrefix(last, "-")) {
		if strings.HasPrefix(candidate, last) {
			candidates = append(candidates, candidate)
		}
	}
	return candidates
}

// candidatesOf returns the flags of a command, or else its commands and the
// values of its argument.
func candidatesOf(node *kong.Node, flags bool) []string {
	var names []string
	if flags {
		for _, group := range node.AllFlags(true) {
			for _, flag := range group {
				names = append(names, "--"+flag.Name)
			}
		}
		return names
	}
	for _, c := range node.Children {
		if !c.Hidden {
			names = append(names, c.Name)
		}
	}
	for _, argument := range node.Positional {
		names = append(names, argument.EnumSlice()...)
	}
	return names
}

// takesValue reports whether a flag is followed by its value.
func takesValue(node *kong.Node, word string) bool {
	for _, group := range node.AllFlags(false) {
		for _, flag := range group {
			if "--"+flag.Name == word {
				return !flag.IsBool()
			}
		}
	}
	return false
}

// child returns the command of that name below node, or node.
func child(node *kong.Node, name string) *kong.Node {
	for _, c := range node.Children {
		if c.Name == name {
			return c
		}
	}
	return node
}
