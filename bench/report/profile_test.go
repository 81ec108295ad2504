package report_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/bench/report"
)

func TestParseProfile(t *testing.T) {
	const text = `File: hotpath
Type: cpu
Showing nodes accounting for 2.50s, 62% of 4s total
      flat  flat%   sum%        cum   cum%
     1.50s 37.50% 37.50%      1.75s 43.75%  internal/runtime/syscall/linux.Syscall6
         0     0% 37.50%      1.00s 25.00%  github.com/lockstep-auth/lockstep.(*Auth).ServeHTTP
     0.25s  6.25% 43.75%      0.25s  6.25%  runtime.nanotime (inline)
     0.25s  6.25% 43.75%      0.25s  6.25%  github.com/lockstep-auth/lockstep/internal/core..session.Plain[go.shape.interface {}].func2
`
	got, err := report.ParseProfile([]byte(text))
	want := []report.ProfileFunction{
		{Name: "internal/runtime/syscall/linux.Syscall6", Self: 37.5, All: 43.75},
		{Name: "lockstep.(*Auth).ServeHTTP", Self: 0, All: 25},
		{Name: "runtime.nanotime", Self: 6.25, All: 6.25},
		{Name: "lockstep/internal/core..session.Plain[go.shape.interface {}].func2", Self: 6.25, All: 6.25},
	}
	if diff := cmp.Diff(got, want); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if got, err := report.ParseProfile([]byte("Type: cpu\n")); err == nil {
		t.Errorf("no table: got %v, want an error", got)
	}
}

// FuzzParseProfile checks that every line that is taken up has a name.
func FuzzParseProfile(f *testing.F) {
	f.Add("flat flat% sum% cum cum%\n1s 2% 3% 4s 5% a.b")
	f.Add("flat flat% sum% cum cum%\n1s x 3% 4s 5% a.b (inline)")
	f.Fuzz(func(t *testing.T, text string) {
		all, err := report.ParseProfile([]byte(text))
		if err != nil && len(all) > 0 {
			t.Errorf("got %d lines and %v", len(all), err)
		}
		for _, p := range all {
			if p.Name == "" {
				t.Errorf("got %+v", p)
			}
		}
	})
}
