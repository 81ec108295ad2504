package main

import (
	"bytes"
	"encoding/json"

	"github.com/lockstep-auth/lockstep/schema"
)

// fields are additional fields, texts, in the order of the document: it is that
// of the columns.
type fields []schema.Field

// UnmarshalJSON reads an object whose names are those of the fields.
func (f *fields) UnmarshalJSON(document []byte) error {
	d := json.NewDecoder(bytes.NewReader(document))
	d.DisallowUnknownFields()
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var given struct {
			Type     string `json:"type"`
			Required bool   `json:"required"`
			Input    *bool  `json:"input"`
		}
		if err := d.Decode(&given); err != nil {
			return err
		}
		text, _ := name.(string)
		*f = append(*f, schema.Field{
			Name: text, Type: schema.String, Required: given.Required, NoInput: given.Input != nil && !*given.Input,
		})
	}
	return nil
}
