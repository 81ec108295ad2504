package report_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/bench/report"
)

var update = flag.Bool("update", false, "write the golden files")

// rounds have the same figures but for what differs.
func rounds(perSecond, cpu float64, factors ...float64) []report.Round {
	var all []report.Round
	for _, f := range factors {
		all = append(all, report.Round{
			Requests: 100, PerSecond: perSecond * f, CPU: cpu * f, P50: 1.5, P99: 12.25, Max: 20, Others: 0.02 * f,
		})
	}
	return all
}

func cell(id, title string, lockstep, node []report.Round) *report.Cell {
	return &report.Cell{
		ID: id, Title: title, Database: "sqlite", Conns: 16,
		Sides: [2]report.Side{{Name: "Lockstep", Rounds: lockstep}, {Name: "Better Auth", Rounds: node}},
	}
}

// sample is a run that meets every target.
func sample() *report.Run {
	storm := func(idle, peak int64, latency float64) []report.StormRound {
		return []report.StormRound{{
			Idle: idle, Peak: peak, Probe: report.Round{P50: latency / 10, P99: latency, Max: 2 * latency, Others: 0.01},
			SignIns: report.Round{PerSecond: 40},
		}}
	}
	scale := cell(report.ScaleID, "get-session", rounds(30_000, 40, 1, 1), rounds(29_000, 44, 1, 1))
	scale.Sides[0].Name, scale.Sides[1].Name = "100 sessions", "1,000,000 sessions"
	return &report.Run{
		Environment: report.Environment{
			Date: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), CPU: "Example", Cores: 2, Memory: 8e9, Kernel: "6.1",
			Go: "go1.26", Revision: "abc", Node: "20.0.0", BetterAuth: "1.7.25",
		},
		Cells: []*report.Cell{
			cell(report.CachedJWE, "get-session, cookie cache (jwe)", rounds(40_000, 30, 1, 1, 1), rounds(1000, 1200, 1, 0.9, 1.1)),
			cell(report.GetSessionSQLite, "get-session", rounds(30_000, 40, 1, 1), rounds(1000, 800, 1, 1)),
			cell(report.SignInSQLite, "sign-in", rounds(45, 43_000, 1), rounds(27, 74_000, 1)),
			cell(report.SignUpSQLite, "sign-up", rounds(45, 43_000, 1), rounds(15, 61_000, 1)),
			cell(report.BesideAlone, "get-session alone", rounds(20_000, 40, 1), rounds(1000, 800, 1)),
			cell(report.BesideSignUps, "get-session beside sign-ups", rounds(15_000, 40, 1), rounds(30, 800, 1)),
		},
		Storm: &report.Storm{Sides: [2]report.StormSide{
			{Name: "Lockstep", Rounds: storm(15e6, 90e6, 5)}, {Name: "Better Auth", Rounds: storm(90e6, 250e6, 40)},
		}},
		Overflow: &report.Overflow{Sent: 512, Refused: 382, Peak: 120e6},
		Start: &report.Start{
			Lockstep: []float64{8, 9, 10}, BetterAuth: []float64{300, 310, 290},
			Binary: report.Binary{Size: 15.3e6, Stripped: true},
		},
		Scale: scale,
		HotPath: []report.Benchmark{{
			Name: "BenchmarkGetSession/cached-jwe", Time: []float64{20_000, 21_000, 20_500}, Bytes: []float64{9000, 9001, 9000},
			Allocs: []float64{80, 80, 80},
		}},
		Profiles: []report.Profile{{
			Benchmark: "GetSession/cached-jwe", Of: "time", Functions: []report.ProfileFunction{{Name: "lockstep.(*Auth).ServeHTTP", Self: 0.5, All: 98}},
		}},
	}
}

func TestMarkdown(t *testing.T) {
	var got bytes.Buffer
	sample().Markdown(&got)
	golden := filepath.Join("testdata", "run.md")
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got.String(), string(want)); diff != "" {
		t.Errorf("-got +want (-update writes the file):\n%s", diff)
	}
}

func TestTablesWarnOfABusyMachine(t *testing.T) {
	for name, c := range map[string]struct {
		others float64
		want   bool
	}{"quiet": {0.1, false}, "busy": {0.11, true}} {
		t.Run(name, func(t *testing.T) {
			round := []report.Round{{PerSecond: 1, CPU: 1, Others: c.others}}
			var b bytes.Buffer
			(&report.Run{Cells: []*report.Cell{cell(report.SignInSQLite, "sign-in", round, round)}}).Markdown(&b)
			if got := strings.Contains(b.String(), "was not quiet"); got != c.want {
				t.Errorf("got a warning: %v, want %v", got, c.want)
			}
		})
	}
}

func TestNothingMeasuredMakesNoTables(t *testing.T) {
	var got bytes.Buffer
	new(report.Run).Markdown(&got)
	if strings.Contains(got.String(), "|") {
		t.Errorf("got a table:\n%s", got.String())
	}
}

func TestBars(t *testing.T) {
	for _, b := range sample().Bars() {
		if !b.Met {
			t.Errorf("%s: got %s, which is not %s", b.What, b.Measured, b.Target)
		}
	}
	if got := len(sample().Bars()); got != 12 {
		t.Errorf("got %d bars, want 12", got)
	}
	for name, c := range map[string]struct {
		change func(*report.Run)
		bar    string // the one that is missed
	}{
		"too much CPU":              {func(r *report.Run) { r.Cells[0].Sides[0].Rounds = rounds(40_000, 41, 1, 1, 1) }, "jwe"},
		"slower sign-in":            {func(r *report.Run) { r.Cells[2].Sides[0].Rounds = rounds(26, 43_000, 1) }, "sign-in on SQLite"},
		"sign-up not fast enough":   {func(r *report.Run) { r.Cells[3].Sides[0].Rounds = rounds(26, 43_000, 1) }, "sign-up on SQLite"},
		"reads that wait":           {func(r *report.Run) { r.Cells[5].Sides[0].Rounds = rounds(9000, 40, 1) }, "beside"},
		"slow reads in the storm":   {func(r *report.Run) { r.Storm.Sides[0].Rounds[0].Probe.P99 = 10 }, "p99"},
		"memory in the storm":       {func(r *report.Run) { r.Storm.Sides[0].Rounds[0].Peak = 300e6 }, "most memory"},
		"memory when idle":          {func(r *report.Run) { r.Storm.Sides[0].Rounds[0].Idle = 30e6 }, "idle"},
		"nobody was refused":        {func(r *report.Run) { r.Overflow.Refused = 0 }, "may wait"},
		"everybody was refused":     {func(r *report.Run) { r.Overflow.Refused = 512 }, "may wait"},
		"a slow start":              {func(r *report.Run) { r.Start.Lockstep = []float64{60, 50, 10} }, "first 200"},
		"a large binary":            {func(r *report.Run) { r.Start.Binary.Size = 25e6 }, "binary"},
		"a binary with symbols":     {func(r *report.Run) { r.Start.Binary.Stripped = false }, "binary"},
		"a binary with cgo":         {func(r *report.Run) { r.Start.Binary.CGO = true }, "binary"},
		"costs grow with the rows":  {func(r *report.Run) { r.Scale.Sides[1].Rounds = rounds(29_000, 49, 1, 1) }, "1,000,000"},
		"no CPU could be measured":  {func(r *report.Run) { r.Cells[1].Sides[0].Rounds = rounds(30_000, 0, 1, 1) }, "from SQLite: times"},
		"no growth can be measured": {func(r *report.Run) { r.Scale.Sides[0].Rounds = nil }, "1,000,000"},
	} {
		t.Run(name, func(t *testing.T) {
			r := sample()
			c.change(r)
			var missed []string
			for _, b := range r.Bars() {
				if !b.Met {
					missed = append(missed, b.What)
				}
			}
			if len(missed) != 1 || !strings.Contains(missed[0], c.bar) {
				t.Errorf("missed: got %q, want %q only", missed, c.bar)
			}
		})
	}
}

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		name   string
		values []float64
		want   report.Spread
	}{
		{"nothing is zero", nil, report.Spread{}},
		{"the middle of three", []float64{9, 1, 2}, report.Spread{Median: 2, Min: 1, Max: 9}},
		{"between the two of four", []float64{4, 1, 3, 2}, report.Spread{Median: 2.5, Min: 1, Max: 4}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := report.NewSpread(c.values); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

const (
	begin = "<!-- begin: go run ./bench -docs writes this -->\n"
	end   = "<!-- end -->\n"
)

func TestReplaceRefusesADocumentWithoutItsMarks(t *testing.T) {
	for name, document := range map[string]string{
		"none":            "# Title\n",
		"no end":          begin,
		"the wrong order": end + begin,
		"twice":           begin + end + begin + end,
		"two ends":        begin + end + end,
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := sample().Replace([]byte(document)); err == nil {
				t.Errorf("got %q, want an error", got)
			}
		})
	}
}

// FuzzReplace checks that only what is between the marks changes, and that to
// write the same again changes nothing.
func FuzzReplace(f *testing.F) {
	f.Add("# Title\n", "old\n", "\nThe end.\n")
	f.Add("", "", "")
	f.Add(end, begin, end)
	f.Fuzz(func(t *testing.T, head, old, tail string) {
		got, err := sample().Replace([]byte(head + begin + old + end + tail))
		if err != nil {
			if !strings.Contains(head+old+tail, "<!--") {
				t.Fatal(err)
			}
			return
		}
		again, err := sample().Replace(got)
		if err != nil || !bytes.Equal(again, got) {
			t.Errorf("a second time: got %q, %v", again, err)
		}
		if !strings.Contains(head+old+tail, "<!--") && (!bytes.HasPrefix(got, []byte(head+begin)) || !bytes.HasSuffix(got, []byte(end+tail))) {
			t.Errorf("got %q, want what was around the marks", got)
		}
	})
}
