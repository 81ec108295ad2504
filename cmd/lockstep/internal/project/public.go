package project

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
)

// A Public is a function of the project that everybody on the internet can call
// and that has to do with a table of the server's.
type Public struct {
	File     string // as seen from the project, such as "convex/users.ts"
	Function string // its name; "createApi" for those of createApi
	Table    string // the first that it names; empty for createApi, which serves all
}

// maxSources is how many files of a project are read.
const maxSources = 2000

// PublicFunctions looks for such functions in the folder of functions. It reads
// the code without understanding it: what a function does in another file, or with
// a name that it computes, does not show, nor does a builder with a name of the
// project's own. Nothing found proves nothing.
func PublicFunctions(ctx context.Context, dir string, tables []string) ([]Public, error) {
	p, err := open(dir)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(p.path); err != nil {
		return nil, fmt.Errorf("there is no folder %s in %s", p.shown, dir)
	}
	var found []Public
	files := 0
	err = fs.WalkDir(os.DirFS(p.path), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return errors.New("there was not enough time for all files")
		case d.IsDir() && isForeign(d.Name()):
			return fs.SkipDir
		case !d.Type().IsRegular() || !isSource(name):
			return nil
		}
		if files++; files > maxSources {
			return fmt.Errorf("there are more than %d files", maxSources)
		}
		src, err := p.read(name)
		if err != nil {
			return err
		}
		for _, f := range publicIn(src, tables) {
			f.File = p.display(name)
			found = append(found, f)
		}
		return nil
	})
	return found, err
}

// isForeign reports whether a folder has no functions of the project's own.
func isForeign(name string) bool {
	return name == "_generated" || name == "node_modules" || name == "lockstepFunctions"
}

func isSource(name string) bool {
	return slices.Contains([]string{".ts", ".tsx", ".js", ".jsx", ".mjs"}, path.Ext(name)) && !strings.HasSuffix(name, ".d.ts")
}

// publicIn finds the public functions of a file. The text from one export to the
// next is taken for a function's.
func publicIn(src string, tables []string) []Public {
	code := src // comments and all, where they cannot be told apart
	if s, ok := scan(src); ok {
		code = s.quoted
	}
	builder := regexp.MustCompile(`^export\s+(?:const\s+(\w+)\s*=\s*|(default)\s+)(?:query|mutation|queryGeneric|mutationGeneric|httpAction|httpActionGeneric)\s*\(`)
	api := regexp.MustCompile(`^export\s+const\s*\{[^}]*\}\s*=\s*createApi\s*\(`)
	uses := usesOf(tables)
	var found []Public
	starts := regexp.MustCompile(`(?m)^export\b`).FindAllStringIndex(code, -1)
	for i, at := range starts {
		text := code[at[0]:]
		if i+1 < len(starts) {
			text = code[at[0]:starts[i+1][0]]
		}
		if api.MatchString(text) {
			found = append(found, Public{Function: "createApi"})
			continue
		}
		name, use := builder.FindStringSubmatch(text), uses.FindStringSubmatch(text)
		if name != nil && use != nil {
			found = append(found, Public{Function: name[1] + name[2], Table: use[1]})
		}
	}
	return found
}

// usesOf matches a call of ctx.db that names one of the tables.
func usesOf(tables []string) *regexp.Regexp {
	quoted := make([]string, len(tables))
	for i, t := range tables {
		quoted[i] = regexp.QuoteMeta(t)
	}
	return regexp.MustCompile(`\.\s*(?:query|get|insert|patch|replace|delete)\s*\(\s*['"](` + strings.Join(quoted, "|") + `)['"]`)
}
