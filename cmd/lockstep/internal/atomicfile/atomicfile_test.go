package atomicfile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/atomicfile"
)

func TestReplace(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "yet", "there")
	file, link := filepath.Join(dir, "a"), filepath.Join(dir, "link")
	check := func(name, want string) {
		t.Helper()
		if err := atomicfile.Replace(name, []byte(want)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	check(file, "one")
	check(file, "two")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	check(link, "three")
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is one no more: %v, %v", info, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
		t.Errorf("got %d files, %v, want the file and the link", len(left), err)
	}
}
