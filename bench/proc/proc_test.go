package proc_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/bench/proc"
)

// statLine is /proc/<pid>/stat with the times utime, stime, cutime and cstime.
func statLine(name string, utime, stime, cutime, cstime int) string {
	return fmt.Sprintf("42 (%s) S 1 42 42 0 -1 4194560 5281 0 12 0 %d %d %d %d 20 0 9 0 8311 2508 1630 18446\n",
		name, utime, stime, cutime, cstime)
}

func statusFile(rss, peak int) string {
	return fmt.Sprintf("Name:\tnode\nVmPeak:\t  999999 kB\nVmHWM:\t%8d kB\nVmRSS:\t%8d kB\nThreads:\t9\n", peak, rss)
}

func files(contents map[string]string) *proc.FS {
	all := make(fstest.MapFS)
	for name, text := range contents {
		all[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return proc.New(all)
}

func TestProcessAddsUpItsChildren(t *testing.T) {
	p := files(map[string]string{
		"10/stat":             statLine("node", 100, 20, 3, 1),
		"10/status":           statusFile(1000, 2000),
		"10/task/10/children": "11 ",
		"10/task/14/children": "12 13",
		"11/stat":             statLine("a", 1, 1, 0, 0),
		"11/status":           statusFile(10, 20),
		"11/task/11/children": "",
		"12/stat":             statLine("b", 2, 0, 0, 0),
		"12/status":           "Name:\tb\nState:\tZ (zombie)\n",
		// 13 has ended since.
	})
	got, err := p.Process(10)
	want := proc.Usage{CPU: 1280 * time.Millisecond, RSS: 1010 << 10, Peak: 2020 << 10}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestProcessFailsRatherThanReportNothing(t *testing.T) {
	for name, contents := range map[string]map[string]string{
		"no such process":     {},
		"a stat cut short":    {"10/stat": "10 (node) S 1 2", "10/status": statusFile(1, 1)},
		"a stat without name": {"10/stat": "10 node", "10/status": statusFile(1, 1)},
		"a time with a sign":  {"10/stat": statLine("node", -5, 0, 0, 0), "10/status": statusFile(1, 1)},
		"memory in pages":     {"10/stat": statLine("node", 5, 0, 0, 0), "10/status": "VmRSS:\t5 pages\n"},
		"a child that is odd": {
			"10/stat": statLine("node", 5, 0, 0, 0), "10/status": statusFile(1, 1), "10/task/10/children": "11",
			"11/stat": "11 ()", "11/status": statusFile(1, 1),
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := files(contents).Process(10); err == nil {
				t.Errorf("got %+v, want an error", got)
			}
		})
	}
}

func TestBusyLeavesOutIdleAndGuests(t *testing.T) {
	p := files(map[string]string{"stat": "cpu  100 10 30 9999 8888 5 4 1 70 7\ncpu0 1 2 3 4 5 6 7 8 9 10\n"})
	got, err := p.Busy()
	if want := 1500 * time.Millisecond; err != nil || got != want {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	for _, text := range []string{"", "cpu 1 2 3", "cpu0 1 2 3 4 5 6 7 8 9\n", "cpu a b c d e f g h i\n"} {
		if got, err := files(map[string]string{"stat": text}).Busy(); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
}

func TestMachine(t *testing.T) {
	p := files(map[string]string{
		"sys/kernel/osrelease": "6.1.0-13-amd64\n",
		"cpuinfo":              "processor\t: 0\nmodel name\t: Fast: 3 GHz\n\nprocessor\t: 1\nmodel name\t: Slow\n",
		"meminfo":              "MemFree: 1 kB\nMemTotal:       4000 kB\n",
	})
	got, err := p.Machine()
	want := proc.Machine{CPU: "Fast: 3 GHz", Kernel: "6.1.0", Memory: 4000 << 10}
	if diff := cmp.Diff(got, want); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

// TestThisProcess reads the real files.
func TestThisProcess(t *testing.T) {
	p := proc.New(os.DirFS("/proc"))
	before, err := p.Busy()
	if err != nil {
		t.Fatal(err)
	}
	// Work for two ticks, as the kernel counts them.
	began, err := p.Process(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	now := began
	for now.CPU < began.CPU+20*time.Millisecond {
		if now, err = p.Process(os.Getpid()); err != nil {
			t.Fatal(err)
		}
	}
	if now.RSS < 1<<20 || now.Peak < now.RSS {
		t.Errorf("got %d bytes in memory and at most %d, want more than a million, and no more than the most", now.RSS, now.Peak)
	}
	if after, err := p.Busy(); err != nil || after <= before {
		t.Errorf("busy: got %v, %v after work, want more than %v", after, err, before)
	}
}

// FuzzParseStat checks that the name of a process changes nothing, whatever it
// is: a program can call itself anything.
func FuzzParseStat(f *testing.F) {
	f.Add("node", uint16(1), uint16(2))
	f.Add("a) S 1 2 3 (b", uint16(0), uint16(9))
	f.Fuzz(func(t *testing.T, name string, utime, stime uint16) {
		got, err := proc.ParseStat([]byte(statLine(name, int(utime), int(stime), 0, 0)))
		want := (time.Duration(utime) + time.Duration(stime)) * 10 * time.Millisecond
		if err != nil || got != want {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	})
}

// FuzzParseStatus checks that figures are what the lines say, and never negative.
func FuzzParseStatus(f *testing.F) {
	f.Add(statusFile(5, 6))
	f.Add("VmRSS: 18446744073709551615 kB")
	f.Fuzz(func(t *testing.T, text string) {
		rss, peak, err := proc.ParseStatus([]byte(text))
		if rss < 0 || peak < 0 || (err != nil && rss+peak != 0) {
			t.Errorf("got %d, %d, %v", rss, peak, err)
		}
		if rss > 0 && !strings.Contains(text, "VmRSS") {
			t.Errorf("got %d bytes, but there is no VmRSS", rss)
		}
	})
}

// FuzzParseBusy checks that what idles does not count.
func FuzzParseBusy(f *testing.F) {
	f.Add(uint32(1), uint32(2), uint32(3))
	f.Fuzz(func(t *testing.T, user, idle, steal uint32) {
		got, err := proc.ParseBusy(fmt.Appendf(nil, "cpu  %d 0 0 %d 0 0 0 %d 0 0\ncpu0", user, idle, steal))
		want := (time.Duration(user) + time.Duration(steal)) * 10 * time.Millisecond
		if err != nil || got != want {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	})
}
