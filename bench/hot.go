package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"

	"github.com/lockstep-auth/lockstep/bench/report"
)

// hotPath runs the Go benchmarks of get-session: no network, no log, and every
// allocation counted.
func (b *bench) hotPath(ctx context.Context, r *report.Run) error {
	if !b.wants(report.HotPathID) {
		return nil
	}
	fmt.Fprintln(b.log, report.HotPathID)
	cmd := exec.CommandContext(ctx, b.hotPathProgram(), "-test.run", "^$", "-test.bench", "^BenchmarkGetSession$", "-test.benchmem",
		"-test.count", fmt.Sprint(b.hashRounds), "-test.benchtime", b.benchTime.String())
	cmd.Dir = b.scratch
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", report.HotPathID, err, out)
	}
	if r.HotPath, err = report.ParseBenchmarks(out); err != nil {
		return err
	}
	for _, name := range []string{"cached-jwe", sqlite} {
		profiles, err := b.profile(ctx, name)
		if err != nil {
			return err
		}
		r.Profiles = append(r.Profiles, profiles...)
	}
	return nil
}

// A profile is one that a Go benchmark keeps.
type profile struct {
	of, flag, sample, focus string
}

// profile runs a benchmark once more, and says where its time and memory go.
// What came before, a sign-up, is left out.
func (b *bench) profile(ctx context.Context, benchmark string) ([]report.Profile, error) {
	var all []report.Profile
	for _, p := range []profile{
		{"time", "-test.cpuprofile", "cpu", "."},
		{"memory", "-test.memprofile", "alloc_space", "benchGetSession"},
	} {
		file := filepath.Join(b.scratch, "profile")
		for _, args := range [][]string{
			{
				b.hotPathProgram(), "-test.run", "^$", "-test.bench", "^BenchmarkGetSession$/^" + benchmark + "$",
				"-test.benchtime", (10 * b.benchTime).String(), p.flag, file,
			},
			{
				"go", "tool", "pprof", "-top", "-nodecount", "20", "-relative_percentages",
				"-focus", p.focus, "-ignore", "signUp|scrypt", "-sample_index", p.sample, b.hotPathProgram(), file,
			},
		} {
			cmd := exec.CommandContext(ctx, args[0], args[1:]...)
			cmd.Dir = b.scratch
			out, err := cmd.Output()
			if err != nil {
				return nil, fmt.Errorf("%s: profile of %s: %w\n%s", report.HotPathID, benchmark, err, out)
			}
			if args[0] != "go" {
				continue
			}
			functions, err := report.ParseProfile(out)
			if err != nil {
				return nil, err
			}
			all = append(all, report.Profile{Benchmark: "GetSession/" + benchmark, Of: p.of, Functions: functions})
		}
	}
	return all, nil
}

func (b *bench) hotPathProgram() string { return filepath.Join(b.scratch, "hotpath") }
