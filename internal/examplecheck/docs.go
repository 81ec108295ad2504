package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// checkPage builds the programs that a page of the documentation shows.
func checkPage(page string) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	programs := programsIn(string(text))
	if len(programs) == 0 {
		return errors.New("shows no program")
	}
	work, err := os.MkdirTemp("", "example")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	for i, program := range programs {
		file := filepath.Join(work, fmt.Sprintf("main%d.go", i))
		if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
			return err
		}
		if err := golang(".", "build", "-o", filepath.Join(work, "example"), file); err != nil {
			return err
		}
	}
	return nil
}

// programsIn returns the blocks of Go code that are whole programs.
func programsIn(markdown string) []string {
	var programs []string
	for rest := markdown; ; {
		_, after, found := strings.Cut(rest, "\n```go\n")
		if !found {
			return programs
		}
		var code string
		if code, rest, found = strings.Cut(after, "\n```\n"); found && strings.HasPrefix(code, "package main\n") {
			programs = append(programs, code+"\n")
		}
	}
}
