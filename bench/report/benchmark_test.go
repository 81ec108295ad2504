package report_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/bench/report"
)

func TestParseBenchmarks(t *testing.T) {
	const text = `goos: linux
cpu: Example
BenchmarkGet/cached-jwe-2         	   52410	     22754 ns/op	    9342 B/op	      81 allocs/op
BenchmarkGet/sqlite-2             	   30000	     40000.5 ns/op	 12 hits/op	    5000 B/op	      60 allocs/op
BenchmarkGet/cached-jwe-2         	   52000	     22000 ns/op	    9340 B/op	      81 allocs/op
BenchmarkNoMemory-2               	   52000	     22000 ns/op
BenchmarkBroken-2                 	   52000	     x ns/op	    9340 B/op	      81 allocs/op
--- FAIL: BenchmarkGet
PASS
`
	got, err := report.ParseBenchmarks([]byte(text))
	want := []report.Benchmark{
		{Name: "BenchmarkGet/cached-jwe", Time: []float64{22754, 22000}, Bytes: []float64{9342, 9340}, Allocs: []float64{81, 81}},
		{Name: "BenchmarkGet/sqlite", Time: []float64{40000.5}, Bytes: []float64{5000}, Allocs: []float64{60}},
	}
	if diff := cmp.Diff(got, want); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if got, err := report.ParseBenchmarks([]byte("PASS\n")); err == nil {
		t.Errorf("nothing: got %v, want an error", got)
	}
}

// FuzzParseBenchmarks checks that every result has all three figures.
func FuzzParseBenchmarks(f *testing.F) {
	f.Add("BenchmarkGet-2 1 2 ns/op 3 B/op 4 allocs/op")
	f.Add("BenchmarkGet-2 1 NaN ns/op -3 B/op 4 allocs/op")
	f.Fuzz(func(t *testing.T, text string) {
		all, err := report.ParseBenchmarks([]byte(text))
		if (err == nil) != (len(all) > 0) {
			t.Errorf("got %d results and %v", len(all), err)
		}
		for _, b := range all {
			if len(b.Time) == 0 || len(b.Bytes) != len(b.Time) || len(b.Allocs) != len(b.Time) {
				t.Errorf("got %+v", b)
			}
			for i := range b.Time {
				line := fmt.Sprintf("%s-8 1 %v ns/op %v B/op %v allocs/op", b.Name, b.Time[i], b.Bytes[i], b.Allocs[i])
				again, err := report.ParseBenchmarks([]byte(line))
				want := []report.Benchmark{{Name: b.Name, Time: b.Time[i : i+1], Bytes: b.Bytes[i : i+1], Allocs: b.Allocs[i : i+1]}}
				if diff := cmp.Diff(again, want); err != nil || diff != "" {
					t.Errorf("%q: %v\n%s", line, err, diff)
				}
			}
		}
	})
}
