package report

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
)

// The lines around the tables in a document.
const (
	beginMark = "<!-- begin: go run ./bench -docs writes this -->"
	endMark   = "<!-- end -->"
)

// quiet is the share of the machine that others may use before the tables warn
// of it.
const quiet = 0.1

var errMarks = errors.New("the document needs these two lines, once each, in this order: " + beginMark + " " + endMark)

// Replace returns a document with the tables of the run between its marks.
func (r *Run) Replace(document []byte) ([]byte, error) {
	begin, end := []byte(beginMark+"\n"), []byte(endMark+"\n")
	if bytes.Count(document, begin) != 1 || bytes.Count(document, end) != 1 {
		return nil, errMarks
	}
	head, rest, _ := bytes.Cut(document, begin)
	_, tail, ok := bytes.Cut(rest, end)
	if !ok {
		return nil, errMarks
	}
	var b bytes.Buffer
	b.Write(head)
	b.WriteString(beginMark + "\n\n")
	r.Markdown(&b)
	b.WriteString("\n" + endMark + "\n")
	b.Write(tail)
	return b.Bytes(), nil
}

// Markdown writes the tables of what was measured. Errors of w are left to w.
func (r *Run) Markdown(w io.Writer) {
	r.environment(w)
	r.bars(w)
	r.requests(w)
	r.beside(w)
	r.storm(w)
	r.start(w)
	r.scale(w)
	r.hotPath(w)
	r.profiles(w)
}

func (r *Run) environment(w io.Writer) {
	e := &r.Environment
	if e.Quick {
		fmt.Fprint(w, "**A quick trial: these figures mean nothing.**\n\n")
	}
	fmt.Fprintf(w, "Measured on %s: %d cores of %s, %.0f GB, Linux %s.\n", e.Date.UTC().Format("2006-01-02 15:04 MST"),
		e.Cores, cmp.Or(e.CPU, "an unknown processor"), float64(e.Memory)/1e9, e.Kernel)
	fmt.Fprintf(w, "Lockstep at revision %s, built with %s. Better Auth %s on Node.js %s.\n",
		cmp.Or(e.Revision, "unknown"), e.Go, e.BetterAuth, e.Node)
	if rounds := r.rounds(); len(rounds) > 0 {
		s := times(spreadOf(rounds, others), 100)
		fmt.Fprintf(w, "Other programs used %.0f %% of the machine in the median round, %.0f %% in the worst.\n", s.Median, s.Max)
		if s.Median > 100*quiet {
			fmt.Fprint(w, "\n**The machine was not quiet: latencies and requests per second mean little here. Ratios of CPU stand.**\n")
		}
	}
}

func (r *Run) bars(w io.Writer) {
	bars := r.Bars()
	if len(bars) == 0 {
		return
	}
	head(w, "Targets", "target", "bar", "measured: median (range)", "met")
	for _, b := range bars {
		met := "yes"
		if !b.Met {
			met = "**no**"
		}
		row(w, b.What, b.Target, b.Measured, met)
	}
}

func (r *Run) requests(w io.Writer) {
	var cells []*Cell
	for _, c := range r.Cells {
		if c.ID != BesideAlone && c.ID != BesideSignUps {
			cells = append(cells, c)
		}
	}
	if len(cells) == 0 {
		return
	}
	head(w, "Requests", "request", "database", "connections", "req/s", "× Better Auth", "CPU µs/request", "× less than Better Auth",
		"p50 ms", "p99 ms", "others")
	for _, c := range cells {
		a, b := c.Sides[0].Rounds, c.Sides[1].Rounds
		row(w, c.Title, c.Database, fmt.Sprint(c.Conns),
			both(a, b, perSecond, "%.0f"), text(moreRequests(c), "%.2f"),
			both(a, b, cpu, "%.0f"), text(lessCPU(c), "%.1f"),
			both(a, b, p50, "%.2f"), both(a, b, p99, "%.2f"),
			fmt.Sprintf("%.0f %%", 100*spreadOf(append(append([]Round(nil), a...), b...), others).Median))
	}
	fmt.Fprint(w, "\nLockstep / Better Auth.\n")
}

func (r *Run) beside(w io.Writer) {
	alone, beside := r.cell(BesideAlone), r.cell(BesideSignUps)
	if alone == nil || beside == nil {
		return
	}
	head(w, "Get-session beside sign-ups", "server, SQLite", "alone req/s", "beside sign-ups req/s", "left", "p50 ms alone", "p50 ms beside")
	for i, s := range alone.Sides {
		kept, _ := r.kept(i)
		a, b := s.Rounds, beside.Sides[i].Rounds
		row(w, s.Name, median(a, perSecond, "%.0f"), median(b, perSecond, "%.0f"), text(times(kept, 100), "%.0f")+" %",
			median(a, p50, "%.2f"), median(b, p50, "%.2f"))
	}
}

func (r *Run) storm(w io.Writer) {
	if r.Storm == nil {
		return
	}
	head(w, "64 sign-ins under way", "server, SQLite", "idle RSS MB", "peak RSS MB", "sign-ins/s", "get-session p50 ms", "p99 ms", "max ms")
	for _, s := range r.Storm.Sides {
		figure := func(format string, f func(StormRound) float64) string { return text(spreadOf(s.Rounds, f), format) }
		row(w, s.Name,
			figure("%.1f", func(s StormRound) float64 { return float64(s.Idle) / mega }),
			figure("%.0f", func(s StormRound) float64 { return float64(s.Peak) / mega }),
			figure("%.1f", func(s StormRound) float64 { return s.SignIns.PerSecond }),
			figure("%.2f", func(s StormRound) float64 { return s.Probe.P50 }),
			figure("%.1f", func(s StormRound) float64 { return s.Probe.P99 }),
			figure("%.1f", func(s StormRound) float64 { return s.Probe.Max }))
	}
}

func (r *Run) start(w io.Writer) {
	if r.Start == nil {
		return
	}
	head(w, "Start", "server, SQLite", "first 200 after ms")
	row(w, "Lockstep", text(NewSpread(r.Start.Lockstep), "%.0f"))
	row(w, "Better Auth", text(NewSpread(r.Start.BetterAuth), "%.0f"))
}

func (r *Run) scale(w io.Writer) {
	if r.Scale == nil {
		return
	}
	head(w, "Size of the database", "Lockstep, SQLite", "req/s", "CPU µs/request", "p50 ms", "p99 ms")
	for _, s := range r.Scale.Sides {
		row(w, s.Name, text(spreadOf(s.Rounds, perSecond), "%.0f"), text(spreadOf(s.Rounds, cpu), "%.1f"),
			median(s.Rounds, p50, "%.2f"), median(s.Rounds, p99, "%.2f"))
	}
}

func (r *Run) hotPath(w io.Writer) {
	if r.HotPath == nil {
		return
	}
	head(w, "Without the network", "Go benchmark", "µs/op", "bytes/op", "allocations/op")
	for _, b := range r.HotPath {
		row(w, strings.TrimPrefix(b.Name, "Benchmark"), text(times(NewSpread(b.Time), 1e-3), "%.1f"),
			fmt.Sprintf("%.0f", NewSpread(b.Bytes).Median), fmt.Sprintf("%.0f", NewSpread(b.Allocs).Median))
	}
}

func (r *Run) profiles(w io.Writer) {
	for _, p := range r.Profiles {
		head(w, "Where "+p.Benchmark+" spends "+p.Of, "% by itself", "% with what it calls", "function")
		for _, f := range p.Functions {
			row(w, fmt.Sprintf("%.1f", f.Self), fmt.Sprintf("%.1f", f.All), "`"+f.Name+"`")
		}
	}
}

func head(w io.Writer, title string, columns ...string) {
	fmt.Fprintf(w, "\n### %s\n\n", title)
	row(w, columns...)
	fmt.Fprintln(w, "|"+strings.Repeat("---|", len(columns)))
}

func row(w io.Writer, cells ...string) { fmt.Fprintln(w, "| "+strings.Join(cells, " | ")+" |") }

func median(rounds []Round, figure func(Round) float64, format string) string {
	return fmt.Sprintf(format, spreadOf(rounds, figure).Median)
}

// both is a figure of Lockstep and of Better Auth.
func both(a, b []Round, figure func(Round) float64, format string) string {
	return median(a, figure, format) + " / " + median(b, figure, format)
}
