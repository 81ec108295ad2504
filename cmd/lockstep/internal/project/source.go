package project

import (
	"fmt"
	"regexp"
	"strings"
)

// What schema.ts needs.
const (
	importLine = `import { lockstepTables } from './lockstepSchema'`
	spreadLine = `...lockstepTables,`
)

// A source is TypeScript, as far as it has to be understood here: it is known
// what is a comment and what is in quotes. Everything keeps its place.
type source struct {
	quoted string // without comments
	plain  string // also without what is in quotes
}

// scan reads TypeScript. It gives up on what it cannot tell apart without
// parsing: regular expressions from divisions, and code in template literals.
func scan(src string) (source, bool) {
	quoted, plain := []byte(src), []byte(src)
	blank := func(text []byte, from, to int) {
		for i := from; i < to; i++ {
			if text[i] != '\n' && text[i] != '\r' {
				text[i] = ' '
			}
		}
	}
	for i := 0; i < len(src); {
		end, isComment, ok := token(src, i)
		if !ok {
			return source{}, false
		}
		switch {
		case isComment:
			blank(quoted, i, end)
			blank(plain, i, end)
		case end > i+1: // between the quotes
			blank(plain, i+1, end-1)
		}
		i = end
	}
	return source{string(quoted), string(plain)}, true
}

// token returns where the comment or the text in quotes ends that begins at i,
// or i+1 for any other character.
func token(src string, i int) (end int, isComment, ok bool) {
	rest := src[i:]
	switch {
	case strings.HasPrefix(rest, "//"):
		if n := strings.IndexAny(rest, "\r\n"); n >= 0 {
			return i + n, true, true
		}
		return len(src), true, true
	case strings.HasPrefix(rest, "/*"):
		n := strings.Index(rest[2:], "*/")
		return i + 2 + n + 2, true, n >= 0
	case rest[0] == '/':
		return 0, false, false
	case rest[0] == '\'' || rest[0] == '"' || rest[0] == '`':
		n := closing(rest)
		return i + n, false, n > 0
	}
	return i + 1, false, true
}

// closing returns the length of the text in quotes that s begins with, or 0.
func closing(s string) int {
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case c == s[0]:
			return i + 1
		case c == '\n' && s[0] != '`', c == '$' && s[0] == '`':
			return 0
		}
	}
	return 0
}

// patterns of code that are looked for.
type patterns struct{ imports, spread, name, call, open, first *regexp.Regexp }

func newPatterns() patterns {
	return patterns{
		imports: regexp.MustCompile(`import\s*\{[^}]*\blockstepTables\b[^}]*\}\s*from\s*['"]\./lockstepSchema(\.[jt]s)?['"]`),
		spread:  regexp.MustCompile(`\.\.\.\s*lockstepTables\b`),
		name:    regexp.MustCompile(`\blockstepTables\b`),
		call:    regexp.MustCompile(`\bdefineSchema\s*\(`),
		open:    regexp.MustCompile(`\bdefineSchema\s*\(\s*\{`),
		first:   regexp.MustCompile(`(?m)^import\b`),
	}
}

// spreads reports whether schema.ts has the tables of lockstepSchema.ts. Where
// comments cannot be told apart, whoever wrote the two lines is believed.
func spreads(src string) bool {
	s, ok := scan(src)
	if !ok {
		s = source{quoted: src, plain: src}
	}
	p := newPatterns()
	return p.imports.MatchString(s.quoted) && p.spread.MatchString(s.plain)
}

// withTables returns schema.ts with the tables of lockstepSchema.ts, if it is
// plain where they go. They go first, so that the project's own tables of the
// same names stay what they are.
func withTables(src string) (string, bool) {
	s, ok := scan(src)
	p := newPatterns()
	if !ok || p.name.MatchString(s.plain) || len(p.call.FindAllString(s.plain, 2)) != 1 {
		return "", false
	}
	open := p.open.FindStringIndex(s.plain)
	if open == nil {
		return "", false
	}
	newline := "\n"
	if strings.Contains(src, "\r\n") {
		newline = "\r\n"
	}
	top := 0
	if first := p.first.FindStringIndex(s.plain); first != nil {
		top = first[0]
	}
	if top > open[0] {
		return "", false
	}
	return src[:top] + importLine + newline + src[top:open[1]] + newline + "  " + spreadLine + src[open[1]:], true
}

// addTables plans the change of a schema.ts that is there.
func (p *folder) addTables(name, src string) {
	if spreads(src) {
		return
	}
	text, ok := withTables(src)
	if !ok {
		p.todo(spreadTodo(p.display(name)))
		return
	}
	p.replace(name, []byte(text))
	p.todo(fmt.Sprintf("Look at the two new lines in %s. Tables that it defines itself count more than Lockstep's of the same names; "+
		"what they lack, lockstep convex doctor says after the next deployment.", p.display(name)))
}

func spreadTodo(name string) string {
	return fmt.Sprintf("Add two lines to %s: at the top,\n\n  %s\n\nand as the first member of the object that defineSchema takes,\n\n  %s\n",
		name, importLine, spreadLine)
}

// checkFunctions looks at a lockstep.ts that is there.
func (p *folder) checkFunctions(name, src string) {
	s, ok := scan(src)
	if ok && regexp.MustCompile(`from\s*['"]\./lockstepSchema(\.[jt]s)?['"]`).MatchString(s.quoted) {
		return
	}
	p.todo(fmt.Sprintf("Look at %s, which was left alone: tables and expiring should be those of './lockstepSchema', as in\n\n"+
		"  import { expiring, tables } from './lockstepSchema'\n"+
		"  export const { read, apply, describe, cleanUp } = lockstep({ schema, tables, expiring })\n", p.display(name)))
}

// checkDoor looks whether a lockstep.ts that is there asks for what the server
// will show: a key, or a secret.
func (p *folder) checkDoor(name, src string, withSecret bool) {
	s, ok := scan(src)
	if !ok || regexp.MustCompile(`\blockstepWithSecret\b`).MatchString(s.plain) == withSecret {
		return
	}
	have, want := "lockstepWithSecret", "lockstep"
	if withSecret {
		have, want = want, have
	}
	p.todo(fmt.Sprintf("Put %s in the place of %s in %s, which was left alone.", want, have, p.display(name)))
}

// checkCrons looks at a crons.ts that is there.
func (p *folder) checkCrons(name, src string) {
	if regexp.MustCompile(`\blockstep\s*[:.]\s*cleanUp\b`).MatchString(src) {
		return
	}
	p.todo(fmt.Sprintf("Add to %s, or sessions and verifications that have expired stay for ever:\n\n"+
		"  import { internal } from './_generated/api'\n"+
		"  crons.interval('delete what has expired', { minutes: 10 }, internal.lockstep.cleanUp, {})\n", p.display(name)))
}

// checkProvider looks at an auth.config.ts that is there.
func (p *folder) checkProvider(name, src string, c Config) {
	if strings.Contains(src, c.Issuer) {
		return
	}
	p.todo(fmt.Sprintf("Add to the providers in %s:\n\n%s", p.display(name), provider(c)))
}
