// Package bundle looks for secrets in a folder that everybody can download, such
// as the output of a front end's build.
package bundle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
)

const (
	// maxFiles and maxBytes bound what is read of a folder.
	maxFiles = 50_000
	maxBytes = 1 << 30

	// maxFindings bounds what is reported; a few are enough to act.
	maxFindings = 20

	// minSecret is the length of the shortest text that is looked for, in bytes:
	// shorter ones are everywhere.
	minSecret = 16

	// chunk is how much of a file is searched at once, and overlap how much of it
	// again with the next chunk.
	chunk   = 1 << 20
	overlap = 8 << 10
)

// A Secret is a text that must not be in a bundle.
type Secret struct {
	Name  string // what people call it, such as "CONVEX_DEPLOY_KEY"
	Value string
}

// String returns the name.
func (s Secret) String() string { return s.Name }

// GoString returns the name.
func (s Secret) GoString() string { return s.Name }

// A Finding is a secret in a file. It does not quote the secret.
type Finding struct {
	File string // below the folder, with slashes
	Name string // of the secret
}

// Scan returns what it finds in the files below dir, at most 20 findings. It
// also finds Convex keys that it was not told of. Links are not followed. The
// error says that some of the folder was not read.
func Scan(ctx context.Context, dir string, secrets []Secret) ([]Finding, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("there is no folder %s", dir)
	}
	s := &scanner{root: os.DirFS(dir), patterns: patterns(secrets), buffer: make([]byte, chunk+overlap)}
	err := fs.WalkDir(s.root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return errors.New("there was not enough time for all files")
		case !d.Type().IsRegular():
			return nil
		}
		return s.file(ctx, name)
	})
	return s.findings, err
}

// A pattern is something to look for.
type pattern struct {
	name  string
	texts [][]byte       // any of these
	form  *regexp.Regexp // or what has this form
}

// patterns are what to look for. A key can be written in several ways; the part
// after its name is always the same.
func patterns(secrets []Secret) []pattern {
	var list []pattern
	for _, s := range secrets {
		value := strings.TrimSpace(s.Value)
		if _, after, ok := strings.Cut(value, "|"); ok && len(after) >= minSecret {
			value = after
		}
		if len(value) >= minSecret && len(value) <= overlap {
			list = append(list, pattern{name: s.Name, texts: [][]byte{[]byte(value)}})
		}
	}
	// https://docs.convex.dev/cli/deploy-key-types: the type, the deployment or
	// the project, and a token.
	return append(list, pattern{
		name: "a Convex deploy key",
		form: regexp.MustCompile(`\b(?:prod|dev|preview|project):[a-z0-9:_-]{1,100}(?:\||\\u007[cC]|\\x7[cC]|%7[cC])[A-Za-z0-9+/=_-]{20}`),
	})
}

func (p *pattern) in(text []byte) bool {
	if p.form != nil && p.form.Match(text) {
		return true
	}
	return slices.ContainsFunc(p.texts, func(t []byte) bool { return bytes.Contains(text, t) })
}

type scanner struct {
	root     fs.FS
	patterns []pattern
	buffer   []byte
	files    int
	bytes    int64
	findings []Finding
}

func (s *scanner) file(ctx context.Context, name string) error {
	if s.files++; s.files > maxFiles {
		return fmt.Errorf("there are more than %d files", maxFiles)
	}
	f, err := s.root.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	found := make([]bool, len(s.patterns))
	kept := 0 // bytes at the start of the buffer that were searched before
	for ctx.Err() == nil {
		n, err := io.ReadFull(f, s.buffer[kept:kept+chunk])
		if s.bytes += int64(n); s.bytes > maxBytes {
			return fmt.Errorf("there is more than %d MiB", maxBytes>>20)
		}
		text := s.buffer[:kept+n]
		if err := s.search(name, text, found); err != nil {
			return err
		}
		if err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return nil
			}
			return err
		}
		kept = copy(s.buffer, text[max(0, len(text)-overlap):])
	}
	return errors.New("there was not enough time for all files")
}

// search looks for what was not found in the file before.
func (s *scanner) search(name string, text []byte, found []bool) error {
	for i := range s.patterns {
		p := &s.patterns[i]
		if found[i] || !p.in(text) {
			continue
		}
		found[i] = true
		s.findings = append(s.findings, Finding{name, p.name})
		if len(s.findings) == maxFindings {
			return errors.New("there may be more than these")
		}
	}
	return nil
}
