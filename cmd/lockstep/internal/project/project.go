// Package project writes what a Lockstep server needs into a Convex project: the
// functions of js/convex, the tables of the server, and what connects them with
// the project's own files. It never talks to a deployment.
//
// Some files belong to Lockstep and are replaced: lockstepFunctions/ and
// lockstepSchema.ts. The others belong to the project: they are made if they are
// missing, and otherwise left alone, but for two lines in schema.ts where it is
// plain where they go. What is left for a person to do is said.
package project

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/atomicfile"
	"github.com/lockstep-auth/lockstep/schema"
)

// maxFile is the largest file of a project that is read, in bytes.
const maxFile = 1 << 20

// A Config says what the server needs.
type Config struct {
	// Tables are the tables of the server.
	Tables []schema.Table

	// KeepVerifications leaves verifications that have expired in their table.
	KeepVerifications bool

	// WithSecret makes functions that ask for a shared secret, in place of
	// internal ones.
	WithSecret bool

	// Issuer and JWKS are for auth.config.ts: who signs users in, and the
	// address of the keys of a server that signs with RS256. Convex finds those of
	// EdDSA at the issuer. Both are empty if Convex does not need to know users.
	Issuer, JWKS string
}

// A Report is what was done and what is left to do. Paths have slashes, and
// begin with the folder of the functions.
type Report struct {
	Made    []string // files that were not there
	Changed []string // files that were
	Todo    []string // for a person, in sentences and code
}

// Init puts everything into the project in dir.
func Init(dir string, c Config) (Report, error) {
	p, err := open(dir)
	if err != nil {
		return Report{}, err
	}
	p.generated(c)
	p.create("lockstep.ts", functionsText(c.WithSecret), func(name, src string) {
		p.checkFunctions(name, src)
		p.checkDoor(name, src, c.WithSecret)
	})
	p.create("schema.ts", schemaText(), p.addTables)
	p.create("crons.ts", embedded("crons.ts"), p.checkCrons)
	if c.Issuer != "" {
		text := providerText(c)
		p.create("auth.config.ts", text, func(name, src string) { p.checkProvider(name, src, c) })
	}
	return p.finish()
}

// Generate replaces what depends on the server's configuration and version, in
// a project where Init was.
func Generate(dir string, c Config) (Report, error) {
	p, err := open(dir)
	if err != nil {
		return Report{}, err
	}
	for _, module := range []string{"lockstep", "schema"} {
		name := p.own(module + ".ts")
		src, err := p.read(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return Report{}, fmt.Errorf("there is no %s: run lockstep convex init first", p.display(name))
		case err != nil:
			return Report{}, err
		case module == "lockstep":
			p.checkFunctions(name, src)
		case !spreads(src):
			p.todo(spreadTodo(p.display(name)))
		}
	}
	p.generated(c)
	return p.finish()
}

// HasConvex reports whether package.json in dir names the package convex.
func HasConvex(dir string) bool {
	data, err := readFile(filepath.Join(dir, "package.json"))
	var manifest struct {
		Dependencies    map[string]any `json:"dependencies"`
		DevDependencies map[string]any `json:"devDependencies"`
	}
	if err != nil || json.Unmarshal(data, &manifest) != nil {
		return false
	}
	return manifest.Dependencies["convex"] != nil || manifest.DevDependencies["convex"] != nil
}

// A folder is a project's folder of functions, and what will be written into it:
// nothing before it is known that all of it can be.
type folder struct {
	path   string // of the folder
	shown  string // the same, as seen from the project
	writes []write
	report Report
	errs   []error
}

type write struct {
	name string
	text []byte
}

// open finds the folder of functions, which convex.json can name.
func open(dir string) (*folder, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("there is no folder %s: name that of the Convex project with --dir", dir)
	}
	functions := "convex"
	data, err := readFile(filepath.Join(dir, "convex.json"))
	switch {
	case err == nil:
		var settings struct {
			Functions string `json:"functions"`
		}
		if err := json.Unmarshal(data, &settings); err != nil {
			return nil, errors.New("convex.json is not JSON")
		}
		if settings.Functions != "" {
			functions = path.Clean(settings.Functions)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if !filepath.IsLocal(filepath.FromSlash(functions)) {
		return nil, fmt.Errorf("convex.json names the folder %s for functions, which is not in the project", functions)
	}
	return &folder{path: filepath.Join(dir, filepath.FromSlash(functions)), shown: functions}, nil
}

func (p *folder) display(name string) string { return path.Join(p.shown, name) }

func (p *folder) fail(format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf(format, args...))
}

func (p *folder) todo(text string) { p.report.Todo = append(p.report.Todo, text) }

func (p *folder) read(name string) (string, error) {
	data, err := readFile(filepath.Join(p.path, filepath.FromSlash(name)))
	return string(data), err
}

// readFile reads a file of a person's, which should not be endless.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s is larger than %d bytes", name, maxFile)
	}
	return data, nil
}

// replace plans to write a file, unless it says this already.
func (p *folder) replace(name string, text []byte) {
	old, err := p.read(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.report.Made = append(p.report.Made, p.display(name))
	case err != nil:
		p.errs = append(p.errs, err)
		return
	case bytes.Equal([]byte(old), text):
		return
	default:
		p.report.Changed = append(p.report.Changed, p.display(name))
	}
	p.writes = append(p.writes, write{name, text})
}

// create plans to write a file that is not there; check looks at one that is.
func (p *folder) create(name string, text []byte, check func(name, src string)) {
	name = p.own(name)
	src, err := p.read(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.replace(name, text)
	case err != nil:
		p.errs = append(p.errs, err)
	default:
		check(name, src)
	}
}

// own returns the name that a file of the project's has: it can be JavaScript. A
// TypeScript file beside it would take its place.
func (p *folder) own(name string) string {
	js := strings.TrimSuffix(name, ".ts") + ".js"
	if !p.has(name) && p.has(js) {
		return js
	}
	return name
}

func (p *folder) has(name string) bool {
	_, err := os.Lstat(filepath.Join(p.path, name))
	return err == nil
}

// finish writes everything, or nothing if something was wrong.
func (p *folder) finish() (Report, error) {
	if err := errors.Join(p.errs...); err != nil {
		return Report{}, err
	}
	for _, w := range p.writes {
		if err := atomicfile.Replace(filepath.Join(p.path, filepath.FromSlash(w.name)), w.text); err != nil {
			return Report{}, err
		}
	}
	slices.Sort(p.report.Made)
	slices.Sort(p.report.Changed)
	return p.report, nil
}
