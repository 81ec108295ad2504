// Package schema describes tables as values: their fields, indexes and the
// rules a field carries onto the wire. It knows no database and no HTTP.
//
// Names are logical: the ones of Better Auth ("user", "emailVerified"). A
// store maps them to what the database calls them (Table.Physical,
// Field.Column). Every table has an "id" field of type String that is not
// listed in Fields.
package schema

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"
)

// A Type is the type of a field's value. Each has one Go type.
type Type int

// The types a field can have.
const (
	String  Type = iota // string
	Number              // float64
	Bool                // bool
	Date                // time.Time, UTC, whole milliseconds
	JSON                // any value that encoding/json can make: map[string]any, []any, string, float64, bool
	Strings             // []string
	Numbers             // []float64
)

// String returns Better Auth's name of the type.
func (t Type) String() string {
	names := [...]string{"string", "number", "boolean", "date", "json", "string[]", "number[]"}
	if t < 0 || int(t) >= len(names) {
		return fmt.Sprintf("schema.Type(%d)", int(t))
	}
	return names[t]
}

// A Table is a set of rows with the same fields.
type Table struct {
	// Name is the logical name, such as "user".
	Name string

	// ModelName is what the database calls the table. Defaults to Name.
	ModelName string

	// Fields are the fields without "id", in the order of the wire.
	Fields []Field

	// Indexes are the indexes over more than one field; single-field indexes
	// are said by Field.Index and Field.Unique.
	Indexes []Index
}

// An Index is an index over several fields, in order.
type Index struct {
	Fields []string // logical names
	Unique bool
}

// A Field is one column of a table. The zero value is an optional string that
// clients may set and see.
type Field struct {
	// Name is the logical name, such as "emailVerified".
	Name string

	// FieldName is what the database calls the column. Defaults to Name.
	FieldName string

	// Type is the type of the values.
	Type Type

	// Required fields are never null.
	Required bool

	// Unique fields hold each value at most once. Null is no value.
	Unique bool

	// Index asks for an index on the field. Unique fields have one anyway.
	Index bool

	// BigInt says that a Number needs 64 bits in the database.
	BigInt bool

	// References is the field that the values are taken from, if any.
	References *Reference

	// NoInput fields are never taken from a client (Better Auth: input: false).
	NoInput bool

	// NoOutput fields are never sent to a client (Better Auth: returned: false).
	NoOutput bool

	// Default makes the value of a new row that has none. It is called once
	// per row.
	Default func() any

	// Enum, if not empty, lists the values that clients may set.
	Enum []string

	// Validate checks a value from a client and returns the one to keep. The
	// text of its error is sent to the client.
	Validate func(value any) (any, error)
}

// A Reference points at a field of another table. A row goes when the row it
// points at goes (on delete cascade).
type Reference struct {
	Table string
	Field string
}

// Physical returns the name of the table in the database.
func (t *Table) Physical() string {
	if t.ModelName != "" {
		return t.ModelName
	}
	return t.Name
}

// Field returns the field with the logical name, or nil.
func (t *Table) Field(name string) *Field {
	for i := range t.Fields {
		if t.Fields[i].Name == name {
			return &t.Fields[i]
		}
	}
	return nil
}

// Column returns the name of the field in the database.
func (f *Field) Column() string {
	if f.FieldName != "" {
		return f.FieldName
	}
	return f.Name
}

// Check reports whether value has the Go type of the field, or is nil. It does
// not look at Required.
func (f *Field) Check(value any) error {
	if value == nil {
		return nil
	}
	var ok bool
	switch f.Type {
	case String:
		_, ok = value.(string)
	case Number:
		_, ok = value.(float64)
	case Bool:
		_, ok = value.(bool)
	case Date:
		_, ok = value.(time.Time)
	case Strings:
		_, ok = value.([]string)
	case Numbers:
		_, ok = value.([]float64)
	case JSON:
		ok = true
	}
	if !ok {
		return fmt.Errorf("schema: field %q is a %s, not a %T", f.Name, f.Type, value)
	}
	return nil
}

// Merge joins lists of tables into one. A table that appears again adds its
// fields and indexes to the first. Tables keep the order of first appearance. A
// field may be declared again in the same words, as by two plugins that share a
// table; the error lists every field that was declared in two ways.
func Merge(lists ...[]Table) ([]Table, error) {
	var merged []Table
	var errs []error
	for _, list := range lists {
		for _, t := range list {
			i := slices.IndexFunc(merged, func(have Table) bool { return have.Name == t.Name })
			if i < 0 {
				t.Fields = slices.Clone(t.Fields)
				t.Indexes = slices.Clone(t.Indexes)
				merged = append(merged, t)
				continue
			}
			errs = append(errs, merged[i].add(t))
		}
	}
	return merged, errors.Join(errs...)
}

func (t *Table) add(more Table) error {
	var errs []error
	for _, f := range more.Fields {
		have := t.Field(f.Name)
		if have != nil && reflect.DeepEqual(*have, f) {
			continue
		}
		if f.Name == "id" || have != nil {
			errs = append(errs, fmt.Errorf("schema: table %q has field %q twice", t.Name, f.Name))
			continue
		}
		t.Fields = append(t.Fields, f)
	}
	t.Indexes = append(t.Indexes, more.Indexes...)
	if more.ModelName != "" {
		t.ModelName = more.ModelName
	}
	return errors.Join(errs...)
}
