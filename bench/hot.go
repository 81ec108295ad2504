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
	r.HotPath, err = report.ParseBenchmarks(out)
	return err
}

func (b *bench) hotPathProgram() string { return filepath.Join(b.scratch, "hotpath") }
