package report

import (
	"errors"
	"strconv"
	"strings"
)

// A Profile says in which functions a Go benchmark spends something.
type Profile struct {
	Benchmark string            `json:"benchmark"`
	Of        string            `json:"of"` // what is spent
	Functions []ProfileFunction `json:"functions"`
}

// A ProfileFunction is a line of a profile.
type ProfileFunction struct {
	Name string  `json:"name"`
	Self float64 `json:"self"` // percent of the whole, spent by itself
	All  float64 `json:"all"`  // with what it calls
}

// ours is what the names of this module's functions begin with.
const ours = "github.com/lockstep-auth/lockstep"

var errNoProfile = errors.New(`report: no table in the output of "go tool pprof -top"`)

// ParseProfile reads what "go tool pprof -top" prints: lines after a head, with
// the columns flat, flat%, sum%, cum, cum% and the function.
func ParseProfile(text []byte) ([]ProfileFunction, error) {
	var all []ProfileFunction
	headed := false
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if !headed {
			headed = len(fields) == 5 && fields[0] == "flat" && fields[4] == "cum%"
			continue
		}
		if len(fields) < 6 {
			continue
		}
		self, errSelf := percent(fields[1])
		with, errAll := percent(fields[4])
		if errSelf != nil || errAll != nil {
			continue
		}
		name := strings.TrimSuffix(strings.Join(fields[5:], " "), " (inline)")
		if below, ok := strings.CutPrefix(name, ours); ok {
			name = "lockstep" + below
		}
		all = append(all, ProfileFunction{Name: name, Self: self, All: with})
	}
	if !headed {
		return nil, errNoProfile
	}
	return all, nil
}

func percent(s string) (float64, error) {
	digits, ok := strings.CutSuffix(s, "%")
	if !ok {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(digits, 64)
}
