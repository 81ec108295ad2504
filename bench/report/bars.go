package report

import "fmt"

// mega is the M of MB here: a million.
const mega = 1e6

// A Bar is a target, and whether a run has reached it.
type Bar struct {
	What, Target, Measured string
	Met                    bool
}

// Bars compares the run with the targets of what it has measured. A figure of
// several rounds counts by its median.
func (r *Run) Bars() []Bar {
	var bars []Bar
	cells := []struct {
		id, what string
		least    float64
		figure   func(*Cell) Spread
	}{
		{CachedJWE, "get-session from the jwe cache: times less CPU than Better Auth", 30, lessCPU},
		{GetSessionSQLite, "get-session from SQLite: times less CPU than Better Auth", 16, lessCPU},
		{SignInSQLite, "sign-in on SQLite: throughput by Better Auth's", 1, moreRequests},
		{SignUpSQLite, "sign-up on SQLite: throughput by Better Auth's", 1.8, moreRequests},
	}
	for _, b := range cells {
		if c := r.cell(b.id); c != nil {
			s := b.figure(c)
			bars = append(bars, Bar{b.what, fmt.Sprintf("≥ %g", b.least), text(s, "%.2f"), s.Median >= b.least})
		}
	}
	if kept, ok := r.kept(0); ok {
		bars = append(bars, Bar{
			"get-session beside a loop of sign-ups: share of its throughput that is left", "≥ 50 %",
			text(times(kept, 100), "%.0f") + " %", kept.Median >= 0.5,
		})
	}
	bars = append(bars, r.stormBars()...)
	bars = append(bars, r.startBars()...)
	if c := r.Scale; c != nil {
		s := ratio(c.Sides[1].Rounds, c.Sides[0].Rounds, cpu)
		bars = append(bars, Bar{
			"get-session from SQLite: CPU with " + c.Sides[1].Name + " by CPU with " + c.Sides[0].Name, "≤ 1.2",
			text(s, "%.2f"), s.Median > 0 && s.Median <= 1.2,
		})
	}
	return bars
}

func (r *Run) stormBars() []Bar {
	var bars []Bar
	if r.Storm != nil {
		rounds := r.Storm.Sides[0].Rounds
		latency := spreadOf(rounds, func(s StormRound) float64 { return s.Probe.P99 })
		peak := spreadOf(rounds, func(s StormRound) float64 { return float64(s.Peak) / mega })
		idle := spreadOf(rounds, func(s StormRound) float64 { return float64(s.Idle) / mega })
		bars = append(bars,
			Bar{"64 sign-ins queue: p99 of get-session", "< 10 ms", text(latency, "%.1f") + " ms", latency.Median < 10},
			Bar{"64 sign-ins queue: most memory (RSS)", "< 300 MB", text(peak, "%.0f") + " MB", peak.Median < 300},
			Bar{"memory when idle (RSS)", "< 30 MB", text(idle, "%.1f") + " MB", idle.Median < 30})
	}
	if o := r.Overflow; o != nil {
		bars = append(bars, Bar{
			"more sign-ins at once than may wait", "503 with Retry-After",
			fmt.Sprintf("%d of %d got it, all others succeeded", o.Refused, o.Sent), o.Refused > 0 && o.Refused < o.Sent,
		})
	}
	return bars
}

func (r *Run) startBars() []Bar {
	if r.Start == nil {
		return nil
	}
	took, b := NewSpread(r.Start.Lockstep), r.Start.Binary
	size := fmt.Sprintf("%.1f MB", float64(b.Size)/mega)
	if !b.Stripped {
		size += ", not stripped"
	}
	if b.CGO {
		size += ", with cgo"
	}
	return []Bar{
		{"from the start of the program to the first 200", "< 50 ms", text(took, "%.0f") + " ms", took.Median < 50},
		{"binary, stripped, without cgo", "< 25 MB", size, b.Size < 25*mega && b.Stripped && !b.CGO},
	}
}

// kept returns how much of its throughput get-session keeps beside sign-ups, on
// one side.
func (r *Run) kept(side int) (Spread, bool) {
	alone, beside := r.cell(BesideAlone), r.cell(BesideSignUps)
	if alone == nil || beside == nil {
		return Spread{}, false
	}
	return ratio(beside.Sides[side].Rounds, alone.Sides[side].Rounds, perSecond), true
}

// lessCPU is Better Auth's CPU per request by Lockstep's.
func lessCPU(c *Cell) Spread { return ratio(c.Sides[1].Rounds, c.Sides[0].Rounds, cpu) }

// moreRequests is Lockstep's throughput by Better Auth's.
func moreRequests(c *Cell) Spread { return ratio(c.Sides[0].Rounds, c.Sides[1].Rounds, perSecond) }

func times(s Spread, factor float64) Spread {
	return Spread{s.Median * factor, s.Min * factor, s.Max * factor}
}

// text is the median, and the range if there is one.
func text(s Spread, format string) string {
	if s.Min == s.Max {
		return fmt.Sprintf(format, s.Median)
	}
	return fmt.Sprintf(format+" ("+format+"–"+format+")", s.Median, s.Min, s.Max)
}
