// Package declaration writes the types of a server's users and sessions as a
// TypeScript declaration file, for front ends.
package declaration

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/schema"
)

//go:embed types.tmpl
var source string

// A Config says what is declared.
type Config struct {
	// Tables are the tables of the server.
	Tables []schema.Table

	// Providers are the ids of the services that users can sign in with.
	Providers []string
}

// Text returns the declarations. They are what the official clients hand out: the
// fields that the server sends, with dates that are parsed. Clients get them with
// upstream's own plugin inferAdditionalFields. In Nuxt they add to the types of
// @onmax/nuxt-better-auth (its augment.d.ts), which has the fields of every server
// but not those that the configuration adds.
func Text(c Config) []byte {
	t := template.Must(template.New("").Funcs(template.FuncMap{
		"sent": sent, "known": known, "property": property, "type": typeOf, "attributes": attributes, "union": union,
	}).Parse(source))
	var out bytes.Buffer
	err := t.Execute(&out, map[string]any{
		"User": tableOf(c.Tables, identity.UserTable), "Session": tableOf(c.Tables, identity.SessionTable), "Providers": c.Providers,
	})
	if err != nil {
		panic("declaration: " + err.Error()) // the template is part of the program
	}
	return out.Bytes()
}

// A table is the fields that every server has, and those that the configuration
// adds.
type table struct{ Core, Extra []schema.Field }

func tableOf(tables []schema.Table, name string) table {
	t := table{Core: []schema.Field{{Name: "id", Required: true}}}
	i := slices.IndexFunc(tables, func(t schema.Table) bool { return t.Name == name })
	if i < 0 {
		return t
	}
	t.Extra = identity.Extra(&tables[i])
	for _, f := range tables[i].Fields {
		if !slices.ContainsFunc(t.Extra, func(x schema.Field) bool { return x.Name == f.Name }) {
			t.Core = append(t.Core, f)
		}
	}
	return t
}

// sent returns the fields that clients see.
func sent(lists ...[]schema.Field) []schema.Field {
	return slices.DeleteFunc(slices.Concat(lists...), func(f schema.Field) bool { return f.NoOutput })
}

// known returns the fields that clients see or send. The others are nobody's
// business.
func known(fields []schema.Field) []schema.Field {
	return slices.DeleteFunc(slices.Clone(fields), func(f schema.Field) bool { return f.NoInput && f.NoOutput })
}

// typeOf returns the type of a field's values. What is not there is null on the
// wire, never left out.
func typeOf(f schema.Field) string {
	name := valueType(f)
	if f.Required || f.Type == schema.JSON { // unknown may be null already
		return name
	}
	return name + " | null"
}

func valueType(f schema.Field) string {
	switch {
	case f.Type == schema.Date:
		return "Date"
	case f.Type == schema.JSON:
		return "unknown"
	case len(f.Enum) > 0:
		return union(f.Enum)
	}
	return f.Type.String() // the others have TypeScript's names
}

// attributes returns a field as upstream's DBFieldAttribute, as far as clients need
// it.
func attributes(f schema.Field) string {
	members := []string{"type: " + quote(f.Type.String())}
	if len(f.Enum) > 0 {
		members[0] = "type: [" + literals(f.Enum, ", ") + "]"
	}
	members = append(members, "required: "+strconv.FormatBool(f.Required))
	if f.NoInput {
		members = append(members, "input: false")
	}
	if f.NoOutput {
		members = append(members, "returned: false")
	}
	if f.Default != nil {
		members = append(members, "defaultValue: string") // whatever it is: sign-up can do without the field
	}
	return "{ " + strings.Join(members, ", ") + " }"
}

// union returns the type of one of some texts.
func union(texts []string) string {
	if len(texts) == 0 {
		return "never"
	}
	return literals(texts, " | ")
}

func literals(texts []string, separator string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = quote(text)
	}
	return strings.Join(quoted, separator)
}

// property returns the name of a member, in quotes unless it is plainly a name.
func property(name string) string {
	for i, c := range name {
		letter := c == '_' || c == '$' || ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z')
		if !letter && (i == 0 || c < '0' || c > '9') {
			return quote(name)
		}
	}
	return name
}

// quote returns s as a literal: all JSON is JavaScript since ECMAScript 2019.
func quote(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic("declaration: " + err.Error()) // no string fails
	}
	return string(text)
}
