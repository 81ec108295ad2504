package sqlite_test

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/lockstep-auth/lockstep/store/sqlite"
	"github.com/lockstep-auth/lockstep/store/storetest"
)

// TestReadOnly checks a file and a directory that may not be written. File
// modes do not stop root, so for root the thread of the test takes the file
// access rights of another user.
func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "auth.db")
	s := openAt(t, path)
	migrate(t, s, storetest.Tables())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, open := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(open, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		rule string
		file os.FileMode
		dir  os.FileMode
		path string
		want string
	}{
		{"file", 0o444, 0o777, path, "read-only"},
		{"directory", 0o666, 0o555, path, "writable"},
		{"file and directory", 0o444, 0o555, path, "writable"},
		{"directory of a new file", 0o666, 0o555, path + "2", "permission denied"},
		{"unreadable file", 0o000, 0o777, path, "cannot be opened"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			for _, suffix := range []string{"-wal", "-shm"} { // of the case before
				if err := os.RemoveAll(path + suffix); err != nil {
					t.Fatal(err)
				}
			}
			for name, mode := range map[string]os.FileMode{path: c.file, dir: c.dir} {
				if err := os.Chmod(name, mode); err != nil {
					t.Fatal(err)
				}
			}
			err := openAsOther(c.path)
			wantUnavailable(t, err, c.want)
		})
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
}

func openAsOther(path string) error {
	result := make(chan error)
	go func() {
		if os.Geteuid() == 0 {
			runtime.LockOSThread() // and never unlock: the thread ends with the goroutine
			syscall.Setfsuid(65534)
		}
		s, err := sqlite.Open(path)
		if err == nil {
			s.Close()
		}
		result <- err
	}()
	return <-result
}
