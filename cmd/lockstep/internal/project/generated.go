package project

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/lockstep-auth/lockstep/identity"
	convexjs "github.com/lockstep-auth/lockstep/js/convex"
	"github.com/lockstep-auth/lockstep/store/convex"
)

// functionsFolder is where the functions of js/convex are.
const functionsFolder = "lockstepFunctions"

// mark begins a file that may be replaced.
const mark = `// Made by "lockstep convex", which replaces it.`

// embedded returns a file of js/convex.
func embedded(name string) []byte {
	text, err := fs.ReadFile(convexjs.Files(), name)
	if err != nil {
		panic("project: " + err.Error()) // it is part of the program
	}
	return text
}

// generated plans to write the files that belong to Lockstep.
func (p *folder) generated(c Config) {
	known := make(map[string]bool)
	entries, err := fs.ReadDir(convexjs.Files(), functionsFolder)
	if err != nil {
		panic("project: " + err.Error())
	}
	for _, e := range entries {
		known[e.Name()] = true
		name := path.Join(functionsFolder, e.Name())
		p.replace(name, embedded(name))
	}
	p.strangers(known)
	p.schema(c)
}

// strangers says which files in the folder of functions are not of this
// version: they would be deployed, too.
func (p *folder) strangers(known map[string]bool) {
	entries, err := os.ReadDir(filepath.Join(p.path, functionsFolder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		p.errs = append(p.errs, err)
	}
	for _, e := range entries {
		if name := e.Name(); !known[name] && !strings.HasPrefix(name, ".") {
			p.todo(fmt.Sprintf("Remove %s: it is not part of this version of Lockstep.", p.display(path.Join(functionsFolder, name))))
		}
	}
}

// schema plans to write lockstepSchema.ts.
func (p *folder) schema(c Config) {
	const name = "lockstepSchema.ts"
	old, err := p.read(name)
	if err == nil && !strings.HasPrefix(old, mark) {
		p.fail("%s was not made by Lockstep: give it another name", p.display(name))
		return
	}
	text, err := tablesText(c)
	if err != nil {
		p.errs = append(p.errs, err)
		return
	}
	p.replace(name, []byte(text))
}

// tablesText is lockstepSchema.ts: the tables, which of them the server may
// touch, and what the clean-up deletes.
func tablesText(c Config) (string, error) {
	definitions, err := convex.TypeScript(c.Tables)
	if err != nil {
		return "", err
	}
	var names strings.Builder
	var expiring []string
	for _, t := range c.Tables {
		fmt.Fprintf(&names, "  '%s',\n", t.Physical())
		expires := t.Name == identity.SessionTable || t.Name == identity.VerificationTable && !c.KeepVerifications
		if f := t.Field("expiresAt"); expires && f != nil {
			expiring = append(expiring, fmt.Sprintf("%s: '%s'", t.Physical(), f.Column()))
		}
	}
	return fmt.Sprintf(mark+` Your own tables, and
// your changes to these, belong in schema.ts.
import { defineTable } from 'convex/server'
import { v } from 'convex/values'
import { lockstepTables as ownTables } from './lockstepFunctions/tables'

// The tables of the server's configuration.
export const lockstepTables = {
%s  ...ownTables,
}

// What the server may touch. Other tables stay out of its reach.
export const tables: (keyof typeof lockstepTables)[] = [
%s]

// Rows that the clean-up deletes a day after the time in this field.
export const expiring = { %s }
`, definitions, &names, strings.Join(expiring, ", ")), nil
}

// functionsText is lockstep.ts.
func functionsText(withSecret bool) []byte {
	maker, who := "lockstep", `They are internal: only a caller
// with a deploy key of this deployment reaches them.`
	if withSecret {
		maker, who = "lockstepWithSecret", `Anybody reaches them, and
// they ask for the text in LOCKSTEP_SECRET of the deployment's environment.`
	}
	return fmt.Appendf(nil, `// The functions that a Lockstep server calls. %[1]s
//
// This file is yours. lockstepSchema.ts and the folder lockstepFunctions/ are
// replaced by "lockstep convex generate".
import { %[2]s } from './lockstepFunctions'
import { expiring, tables } from './lockstepSchema'
import schema from './schema'

export const { read, apply, describe, cleanUp } = %[2]s({ schema, tables, expiring })
`, who, maker)
}

// schemaText is a schema.ts without other tables.
func schemaText() []byte {
	return []byte(`import { defineSchema } from 'convex/server'
` + importLine + `

export default defineSchema({
  ` + spreadLine + `
  // Your own tables go here. One that has the name of one above takes its place.
})
`)
}

// providerText is auth.config.ts.
func providerText(c Config) []byte {
	return fmt.Appendf(nil, `// Whose users ctx.auth.getUserIdentity() knows: those of the Lockstep server.
import type { AuthConfig } from 'convex/server'

export default {
  providers: [
%s  ],
} satisfies AuthConfig
`, provider(c))
}

func provider(c Config) string {
	if c.JWKS == "" {
		return fmt.Sprintf("    { domain: %s, applicationID: 'convex' },\n", quote(c.Issuer))
	}
	return fmt.Sprintf(`    {
      type: 'customJwt',
      applicationID: 'convex',
      algorithm: 'RS256',
      issuer: %s,
      jwks: %s,
    },
`, quote(c.Issuer), quote(c.JWKS))
}

// quote writes text as TypeScript.
func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`).Replace(s) + "'"
}
