// Package proc reads from Linux's /proc what processes and the machine use.
package proc

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of times in /proc, USER_HZ: 100 per second on every
// architecture that Go has (man 5 proc).
const tick = 10 * time.Millisecond

var errFormat = errors.New("proc: not the format of Linux")

// FS reads a proc file system. It is safe for concurrent use.
type FS struct{ files fs.FS }

// New returns an FS that reads files, such as os.DirFS("/proc").
func New(files fs.FS) *FS { return &FS{files} }

// A Usage is what a process and its living children use.
type Usage struct {
	CPU  time.Duration // in user and kernel mode, with children that have ended; exact to 10 ms
	RSS  int64         // bytes in memory now
	Peak int64         // the most bytes that were in memory since the start
}

// Process returns the usage of a process and of its children, and theirs.
func (p *FS) Process(pid int) (Usage, error) {
	dir := strconv.Itoa(pid)
	stat, err := fs.ReadFile(p.files, dir+"/stat")
	if err != nil {
		return Usage{}, err
	}
	status, err := fs.ReadFile(p.files, dir+"/status")
	if err != nil {
		return Usage{}, err
	}
	var u Usage
	if u.CPU, err = ParseStat(stat); err != nil {
		return Usage{}, err
	}
	if u.RSS, u.Peak, err = ParseStatus(status); err != nil {
		return Usage{}, err
	}
	for _, child := range p.children(dir) {
		c, err := p.Process(child)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it has ended
		}
		if err != nil {
			return Usage{}, err
		}
		u.CPU, u.RSS, u.Peak = u.CPU+c.CPU, u.RSS+c.RSS, u.Peak+c.Peak
	}
	return u, nil
}

// children returns the children of all threads. Kernels that are built without
// the file (CONFIG_PROC_CHILDREN) show none.
func (p *FS) children(dir string) []int {
	files, err := fs.Glob(p.files, dir+"/task/*/children")
	if err != nil {
		return nil
	}
	var pids []int
	for _, name := range files {
		text, err := fs.ReadFile(p.files, name)
		if err != nil {
			continue // the thread has ended
		}
		for field := range bytes.FieldsSeq(text) {
			if pid, err := strconv.Atoi(string(field)); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// ParseStat returns the processor time in /proc/<pid>/stat: the fields utime,
// stime, cutime and cstime, numbers 14 to 17.
func ParseStat(stat []byte) (time.Duration, error) {
	// Field 2 is the name in parentheses, which may itself hold any of ") (".
	end := bytes.LastIndexByte(stat, ')')
	if end < 0 {
		return 0, errFormat
	}
	fields := strings.Fields(string(stat[end+1:]))
	if len(fields) < 15 {
		return 0, errFormat
	}
	return sum(fields[11:15])
}

// ParseStatus returns VmRSS and VmHWM of /proc/<pid>/status in bytes. A process
// that has ended but was not waited for has neither, which is 0.
func ParseStatus(status []byte) (rss, peak int64, err error) {
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		switch name {
		case "VmRSS":
			rss, err = kilobytes(value)
		case "VmHWM":
			peak, err = kilobytes(value)
		}
		if err != nil {
			return 0, 0, err
		}
	}
	return rss, peak, nil
}

func kilobytes(value string) (int64, error) {
	number, ok := strings.CutSuffix(strings.TrimSpace(value), " kB")
	n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 50)
	if !ok || err != nil {
		return 0, errFormat
	}
	return int64(n) << 10, nil
}

// Busy returns how long the processors of the machine have worked, all
// together, for this or for another machine on the same hardware.
func (p *FS) Busy() (time.Duration, error) {
	text, err := fs.ReadFile(p.files, "stat")
	if err != nil {
		return 0, err
	}
	return ParseBusy(text)
}

// ParseBusy adds up the first line of /proc/stat without idle and iowait, and
// without guests, which user has already.
func ParseBusy(text []byte) (time.Duration, error) {
	line, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0, errFormat
	}
	working, err := sum(fields[1:4])
	if err != nil {
		return 0, err
	}
	interrupted, err := sum(fields[6:9])
	return working + interrupted, err
}

// sum adds up numbers of ticks.
func sum(fields []string) (time.Duration, error) {
	var total time.Duration
	for _, field := range fields {
		n, err := strconv.ParseUint(field, 10, 36) // 20 years
		if err != nil {
			return 0, errFormat
		}
		total += time.Duration(n) * tick
	}
	return total, nil
}

// A Machine says what the figures were measured on.
type Machine struct {
	CPU    string // the model
	Kernel string // its version, without what a distribution adds
	Memory int64  // bytes
}

// Machine returns the machine. What /proc does not say stays empty.
func (p *FS) Machine() (Machine, error) {
	var m Machine
	kernel, err := fs.ReadFile(p.files, "sys/kernel/osrelease")
	if err != nil {
		return m, fmt.Errorf("the machine: %w", err)
	}
	m.Kernel, _, _ = strings.Cut(strings.TrimSpace(string(kernel)), "-")
	m.CPU = p.value("cpuinfo", "model name")
	if text := p.value("meminfo", "MemTotal"); text != "" {
		m.Memory, err = kilobytes(text)
	}
	return m, err
}

// value returns what follows the first "name:" in a file, or "".
func (p *FS) value(file, name string) string {
	text, err := fs.ReadFile(p.files, file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
