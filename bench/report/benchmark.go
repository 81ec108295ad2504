package report

import (
	"errors"
	"strconv"
	"strings"
)

// A Benchmark is what "go test -bench" has measured, once for every -count.
type Benchmark struct {
	Name   string    `json:"name"`      // without the number of processors
	Time   []float64 `json:"ns_per_op"` // per operation
	Bytes  []float64 `json:"bytes_per_op"`
	Allocs []float64 `json:"allocs_per_op"`
}

var errNoBenchmark = errors.New("report: no benchmark with ns/op, B/op and allocs/op in the output")

// ParseBenchmarks reads what "go test -bench -benchmem" prints
// (https://go.dev/design/14313-benchmark-format), in the order of first
// appearance. Lines that are no results are skipped.
func ParseBenchmarks(text []byte) ([]Benchmark, error) {
	var all []Benchmark
	index := make(map[string]int)
	for line := range strings.Lines(string(text)) {
		name, result, ok := parseBenchmark(strings.Fields(line))
		if !ok {
			continue
		}
		i, known := index[name]
		if !known {
			i = len(all)
			index[name] = i
			all = append(all, Benchmark{Name: name})
		}
		b := &all[i]
		b.Time, b.Bytes, b.Allocs = append(b.Time, result[0]), append(b.Bytes, result[1]), append(b.Allocs, result[2])
	}
	if len(all) == 0 {
		return nil, errNoBenchmark
	}
	return all, nil
}

// parseBenchmark reads a line: a name, a count, then values and units in turn.
func parseBenchmark(fields []string) (name string, result [3]float64, ok bool) {
	if len(fields) < 8 || !strings.HasPrefix(fields[0], "Benchmark") {
		return "", result, false
	}
	found := 0
	for i := 2; i+1 < len(fields); i += 2 {
		for unit, place := range map[string]int{"ns/op": 0, "B/op": 1, "allocs/op": 2} {
			if fields[i+1] != unit {
				continue
			}
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil || !(value >= 0) || value > 1e15 {
				return "", result, false
			}
			result[place] = value
			found |= 1 << place
		}
	}
	name = fields[0]
	if i := strings.LastIndexByte(name, '-'); i > 0 {
		if _, err := strconv.ParseUint(name[i+1:], 10, 16); err == nil {
			name = name[:i]
		}
	}
	return name, result, found == 0b111
}
