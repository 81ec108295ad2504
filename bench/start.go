package main

import (
	"context"
	"debug/buildinfo"
	"debug/elf"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/lockstep-auth/lockstep/bench/report"
)

// start measures how long servers take to start, in turn, with a database that
// an earlier start has made.
func (b *bench) start(ctx context.Context, r *report.Run) error {
	if !b.wants(report.StartID) {
		return nil
	}
	fmt.Fprintln(b.log, report.StartID)
	r.Start = new(report.Start)
	var err error
	if r.Start.Binary, err = binary(b.lockstep); err != nil {
		return err
	}
	sides := []struct {
		start func(context.Context, setup) (*server, error)
		took  *[]float64
		setup setup
	}{
		{b.lockstepServer, &r.Start.Lockstep, setup{db: sqlite, cache: off, file: filepath.Join(b.scratch, "start-lockstep.db")}},
		{b.betterAuthServer, &r.Start.BetterAuth, setup{db: sqlite, cache: off, file: filepath.Join(b.scratch, "start-node.db")}},
	}
	for n := range b.starts + 1 {
		for _, side := range sides {
			s, err := side.start(ctx, side.setup)
			if err != nil {
				return err
			}
			if n > 0 {
				*side.took = append(*side.took, ms(s.Start))
			}
			if err := s.Stop(); err != nil {
				return err
			}
		}
	}
	return nil
}

// binary looks at the lockstep program.
func binary(path string) (report.Binary, error) {
	info, err := os.Stat(path)
	if err != nil {
		return report.Binary{}, err
	}
	build, err := buildinfo.ReadFile(path)
	if err != nil {
		return report.Binary{}, err
	}
	b := report.Binary{Size: info.Size(), CGO: true}
	for _, s := range build.Settings {
		if s.Key == "CGO_ENABLED" {
			b.CGO = s.Value != "0"
		}
	}
	program, err := elf.Open(path)
	if err != nil {
		return report.Binary{}, err
	}
	defer program.Close()
	b.Stripped = program.Section(".symtab") == nil && program.Section(".debug_info") == nil && program.Section(".zdebug_info") == nil
	return b, nil
}

// environment says what is measured, and on what.
func (b *bench) environment(ctx context.Context) (report.Environment, error) {
	e := report.Environment{Date: time.Now(), Quick: b.quick, Cores: runtime.NumCPU()}
	machine, err := b.proc.Machine()
	if err != nil {
		return e, err
	}
	e.CPU, e.Kernel, e.Memory = machine.CPU, machine.Kernel, machine.Memory
	build, err := buildinfo.ReadFile(b.lockstep)
	if err != nil {
		return e, fmt.Errorf("%s: %w", filepath.Base(b.lockstep), err)
	}
	e.Go, e.Revision = build.GoVersion, revision(ctx, build)
	node, err := exec.CommandContext(ctx, "node", "--version").Output()
	if err != nil {
		return e, fmt.Errorf("node --version: %w", err)
	}
	e.Node = strings.TrimPrefix(strings.TrimSpace(string(node)), "v")
	text, err := os.ReadFile(filepath.Join(b.node, "node_modules", "better-auth", "package.json"))
	if err != nil {
		return e, err
	}
	var pkg struct {
		Version string `json:"version"`
	}
	err = json.Unmarshal(text, &pkg)
	e.BetterAuth = pkg.Version
	return e, err
}

// revision is the commit that a program was built from. One that was built
// without it (-buildvcs=false) is taken to be of the working tree, since make
// bench builds it just before. Without git it is "".
func revision(ctx context.Context, build *buildinfo.BuildInfo) string {
	settings := make(map[string]string)
	for _, s := range build.Settings {
		settings[s.Key] = s.Value
	}
	if commit := settings["vcs.revision"]; commit != "" {
		if settings["vcs.modified"] == "true" {
			return commit[:min(7, len(commit))] + "-dirty"
		}
		return commit[:min(7, len(commit))]
	}
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--exclude", "*").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
