// Package file reads the configuration file of the lockstep program: YAML with
// exactly Better Auth's option names, and database, mail and oauth beside them.
//
//	baseURL: https://example.com
//	trustedOrigins: [https://app.example.com]
//	emailAndPassword:
//	  enabled: true
//	session:
//	  expiresIn: 604800 # seconds
//	database:
//	  sqlite: ./lockstep.db
//	mail:
//	  from: Example <no-reply@example.com>
//	  smtp:
//	    host: smtp.example.com
//	    user: example
//
// Nothing is guessed: an option that is unknown, of another type or given twice
// is an error that names the line. Errors never show the value of an option,
// because it may be a secret.
package file

import (
	"errors"
	"fmt"
	"io"
	"os"

	"go.yaml.in/yaml/v4"

	lockstep "github.com/lockstep-auth/lockstep"
)

// maxSize is the largest file that is read, in bytes.
const maxSize = 1 << 20

// Settings are what a configuration file says. They are not checked beyond
// their types: lockstep.New does that.
type Settings struct {
	// Source is the name of the file; empty if there is none.
	Source string

	Auth     lockstep.Config
	Database Database
	Mail     Mail

	// Plugins are in the order of the file.
	Plugins []Plugin

	// Social are the services that users can sign in with, in the order of the
	// file.
	Social []Social

	// Warnings say what is allowed but hardly meant.
	Warnings []string

	given map[string]bool
}

// Given reports whether the file has an option, such as
// "emailAndPassword.enabled". An option without a value is not given.
func (s *Settings) Given(option string) bool { return s.given[option] }

// String returns "[redacted]".
func (Settings) String() string { return "[redacted]" }

// GoString returns "[redacted]".
func (Settings) GoString() string { return "[redacted]" }

// A Database says where the data is. At most one field is set; the zero
// Database leaves the choice to the program.
type Database struct {
	// SQLite is the path of a file.
	SQLite string `option:"sqlite"`

	Convex Convex `option:"convex"`
}

// Convex is a deployment of Convex and what opens it; see package store/convex. A
// file can leave the URL to the environment.
type Convex struct {
	URL       string `option:"url"`
	DeployKey string `option:"deployKey"`

	// Secret is LOCKSTEP_SECRET of the deployment. It takes the place of a key.
	Secret string `option:"secret"`

	// Component is where the Better Auth component is mounted, if the data is
	// in it.
	Component string `option:"component"`

	// InsecureAllowPublicFunctions accepts tables that anybody can read and
	// change.
	InsecureAllowPublicFunctions bool `option:"insecureAllowPublicFunctions"`

	// MaxQueries and MaxMutations are how many calls of a kind are on their way
	// at once; 0 leaves them to package convex.
	MaxQueries   int `option:"maxQueries"`
	MaxMutations int `option:"maxMutations"`
}

// String returns the URL.
func (c Convex) String() string { return c.URL }

// GoString returns the URL.
func (c Convex) GoString() string { return c.URL }

// Load reads the file at path.
func Load(path string) (*Settings, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxSize {
		return nil, fmt.Errorf("%s: larger than %d bytes", path, maxSize)
	}
	return Parse(path, data)
}

// Parse reads data; errors call it name. The error lists everything that is
// wrong, one problem per line.
func Parse(name string, data []byte) (*Settings, error) {
	d := &decoder{name: name, settings: &Settings{Source: name, given: make(map[string]bool)}}
	d.options, d.refused = special(), refused()
	root, err := d.parse(data)
	if err != nil {
		return nil, err
	}
	if root != nil {
		d.anchors(root)
		d.section("", root, &d.settings.Auth)
	}
	if err := errors.Join(d.errs...); err != nil {
		return nil, err
	}
	return d.settings, nil
}

// parse returns the node of the one document, or nil if there is nothing in it.
func (d *decoder) parse(data []byte) (*yaml.Node, error) {
	var documents []yaml.Node
	if err := yaml.Load(data, &documents, yaml.WithAllDocuments()); err != nil {
		return nil, d.syntax(err)
	}
	switch {
	case len(documents) == 0:
		return nil, nil
	case len(documents) > 1:
		return nil, fmt.Errorf("%s:%d: a second document begins here, but only one is read", d.name, documents[1].Line)
	}
	n := &documents[0]
	if n.Kind == yaml.DocumentNode && len(n.Content) == 1 {
		n = n.Content[0]
	}
	return n, nil
}

// syntax says where the file is not YAML. Later stages than these put names of
// the file into their messages, and a secret that begins with * looks like one.
func (d *decoder) syntax(err error) error {
	e, ok := errors.AsType[*yaml.LoadError](err)
	if !ok {
		return fmt.Errorf("%s:1: not YAML", d.name)
	}
	message := e.Message
	if e.Stage != "reader" && e.Stage != "scanner" && e.Stage != "parser" {
		message = needsQuotes
	}
	return fmt.Errorf("%s:%d: not YAML: %s", d.name, max(e.Mark.Line, 1), message)
}

const needsQuotes = "text that begins with one of * & ! needs quotes, and anchors are not supported"

// anchors refuses anchors, and thereby aliases. Nobody misses them in so short
// a file, and a secret that begins with & would be lost as one.
func (d *decoder) anchors(n *yaml.Node) {
	if n.Anchor != "" {
		d.fail(n, needsQuotes)
	}
	for _, child := range n.Content {
		d.anchors(child)
	}
}
