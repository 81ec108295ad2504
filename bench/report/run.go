// Package report holds what a run has measured, and writes it as tables.
package report

import (
	"slices"
	"time"
)

// The ids of what can be measured. The tables and bars find it by them.
const (
	CachedCompact    = "get-session/compact"
	CachedJWT        = "get-session/jwt"
	CachedJWE        = "get-session/jwe"
	GetSessionSQLite = "get-session/sqlite"
	GetSessionMemory = "get-session/memory"
	SignInSQLite     = "sign-in/sqlite"
	SignInMemory     = "sign-in/memory"
	SignUpSQLite     = "sign-up/sqlite"
	SignUpMemory     = "sign-up/memory"
	BesideID         = "beside"
	BesideAlone      = "beside/alone"
	BesideSignUps    = "beside/sign-ups"
	StormID          = "storm"
	OverflowID       = "overflow"
	StartID          = "start"
	ScaleID          = "scale"
	HotPathID        = "hot-path"
)

// A Run is everything that one run has measured. What it left out is nil.
type Run struct {
	Environment Environment `json:"environment"`
	Cells       []*Cell     `json:"cells"`
	Storm       *Storm      `json:"storm,omitempty"`
	Overflow    *Overflow   `json:"overflow,omitempty"`
	Start       *Start      `json:"start,omitempty"`
	Scale       *Cell       `json:"scale,omitempty"` // few sessions, then many
	HotPath     []Benchmark `json:"hot_path,omitempty"`
	Profiles    []Profile   `json:"profiles,omitempty"`
}

// An Environment says what was measured, and on what.
type Environment struct {
	Date       time.Time `json:"date"`
	Quick      bool      `json:"quick"` // a trial whose figures mean nothing
	CPU        string    `json:"cpu"`
	Cores      int       `json:"cores"`
	Memory     int64     `json:"memory"` // bytes
	Kernel     string    `json:"kernel"`
	Go         string    `json:"go"`
	Revision   string    `json:"revision"` // of Lockstep; "" if the binary does not say
	Node       string    `json:"node"`
	BetterAuth string    `json:"better_auth"`
}

// A Cell is one kind of request, measured on two servers in turn.
type Cell struct {
	ID       string  `json:"id"`
	Title    string  `json:"title"`
	Database string  `json:"database"`
	Conns    int     `json:"conns"`
	Sides    [2]Side `json:"sides"` // Lockstep, then the other
}

// A Side is one server of a Cell. Round i of both sides belong together.
type Side struct {
	Name   string  `json:"name"`
	Rounds []Round `json:"rounds"`
}

// A Round is one measurement.
type Round struct {
	Requests  int     `json:"requests"`
	PerSecond float64 `json:"per_second"`
	CPU       float64 `json:"cpu_us"` // of the server, per request
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
	Max       float64 `json:"max_ms"`

	// Others is the share of the machine that neither the server nor the
	// generator used, but somebody else.
	Others float64 `json:"others"`
}

// A Storm is get-session while 64 sign-ins are always under way.
type Storm struct {
	Sides [2]StormSide `json:"sides"`
}

// A StormSide is one server of a Storm.
type StormSide struct {
	Name   string       `json:"name"`
	Rounds []StormRound `json:"rounds"`
}

// A StormRound begins with a server that has just started.
type StormRound struct {
	Idle    int64 `json:"idle_rss"` // bytes, 2 seconds after the start
	Peak    int64 `json:"peak_rss"` // bytes
	Probe   Round `json:"probe"`    // get-session
	SignIns Round `json:"sign_ins"`
}

// An Overflow is what became of more sign-ins at once than may wait.
type Overflow struct {
	Sent    int   `json:"sent"`
	Refused int   `json:"refused"` // with 503 and Retry-After; the others succeeded
	Peak    int64 `json:"peak_rss"`
}

// A Start is how long servers take from the start of the program to the first
// right answer, with a database that has its tables.
type Start struct {
	Lockstep   []float64 `json:"lockstep_ms"`
	BetterAuth []float64 `json:"better_auth_ms"`
	Binary     Binary    `json:"binary"`
}

// A Binary is the lockstep program.
type Binary struct {
	Size     int64 `json:"size"` // bytes
	Stripped bool  `json:"stripped"`
	CGO      bool  `json:"cgo"`
}

// cell returns a cell by its id, or nil.
func (r *Run) cell(id string) *Cell {
	for _, c := range r.Cells {
		if c.ID == id {
			return c
		}
	}
	return nil
}

// rounds returns all rounds of all cells.
func (r *Run) rounds() []Round {
	var all []Round
	cells := r.Cells
	if r.Scale != nil {
		cells = append(slices.Clip(cells), r.Scale)
	}
	for _, c := range cells {
		all = append(all, c.Sides[0].Rounds...)
		all = append(all, c.Sides[1].Rounds...)
	}
	if r.Storm != nil {
		for _, s := range r.Storm.Sides {
			for _, round := range s.Rounds {
				all = append(all, round.Probe)
			}
		}
	}
	return all
}

// Spread is the median of values, and the smallest and largest of them.
type Spread struct{ Median, Min, Max float64 }

// NewSpread returns the spread of values, or zeros if there are none.
func NewSpread(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return Spread{(sorted[(n-1)/2] + sorted[n/2]) / 2, sorted[0], sorted[n-1]}
}

// spreadOf returns the spread of one figure of many rounds.
func spreadOf[T any](rounds []T, figure func(T) float64) Spread {
	values := make([]float64, len(rounds))
	for i, r := range rounds {
		values[i] = figure(r)
	}
	return NewSpread(values)
}

// ratio returns the spread of a's figure by b's, round by round: what drifts
// from one round to the next drifts in both.
func ratio(a, b []Round, figure func(Round) float64) Spread {
	var values []float64
	for i := range min(len(a), len(b)) {
		if d := figure(b[i]); d > 0 {
			values = append(values, figure(a[i])/d)
		}
	}
	return NewSpread(values)
}

func perSecond(r Round) float64 { return r.PerSecond }
func cpu(r Round) float64       { return r.CPU }
func p50(r Round) float64       { return r.P50 }
func p99(r Round) float64       { return r.P99 }
func others(r Round) float64    { return r.Others }
