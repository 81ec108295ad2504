package declaration

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/atomicfile"
)

// mark begins a file that may be replaced, as in types.tmpl.
const mark = `// Made by "lockstep types", which replaces it.`

// maxFile is the largest file that is read, in bytes.
const maxFile = 1 << 20

// An Outcome is what became of a file.
type Outcome int

// What can become of a file.
const (
	Same    Outcome = iota // it said this already
	Made                   // it was not there
	Changed                // it said something else
)

// Write puts the text into the file of that name, and makes its folder. A file
// that Write did not make is left alone, and an error.
func Write(name string, text []byte) (Outcome, error) {
	old, err := read(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Made, atomicfile.Replace(name, text)
	case err != nil:
		return Same, err
	case bytes.Equal(old, text):
		return Same, nil
	case !bytes.HasPrefix(old, []byte(mark)):
		return Same, fmt.Errorf("%s was not made by lockstep types, and stays: remove it, or name another file with --out", name)
	}
	return Changed, atomicfile.Replace(name, text)
}

func read(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile))
}
