package load

import (
	"math"
	"slices"
	"time"
)

// A Sample is what was measured.
type Sample struct {
	Requests int // that were answered, all as they should be
	Elapsed  time.Duration

	// P50, P99 and Max are latencies: half of all answers, 99 %, and all of
	// them took no longer. They are 0 if there was no answer.
	P50, P99, Max time.Duration
}

// PerSecond returns the requests per second.
func (s Sample) PerSecond() float64 {
	if s.Elapsed <= 0 {
		return 0
	}
	return float64(s.Requests) / s.Elapsed.Seconds()
}

func newSample(latencies []time.Duration, elapsed time.Duration) Sample {
	slices.Sort(latencies)
	return Sample{
		Requests: len(latencies), Elapsed: elapsed,
		P50: Quantile(latencies, 0.5), P99: Quantile(latencies, 0.99), Max: Quantile(latencies, 1),
	}
}

// Quantile returns the smallest value of sorted that is not below a share q of
// them, or 0 if there are none.
func Quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	i := int(math.Ceil(q*float64(len(sorted)))) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}
