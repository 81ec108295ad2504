// Package atomicfile replaces files that other programs may be watching.
package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
)

// Replace writes a file at once: whoever reads it sees the old text or the new
// one. It makes the folder if there is none. A link stays one.
func Replace(name string, text []byte) error {
	if target, err := filepath.EvalSymlinks(name); err == nil {
		name = target
	}
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".lockstep-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails once it has its name
	_, err = f.Write(text)
	if err := errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
