package convex

import "github.com/lockstep-auth/lockstep/schema"

// DecodeField reads a value of a document for a field.
func DecodeField(f schema.Field, v any) (any, error) { return (&field{Field: f}).decode(v) }

// EncodeField writes a value for a document.
func EncodeField(f schema.Field, v any) (any, error) {
	bound := &field{Field: f}
	checked, err := bound.check(v, nil)
	if err != nil {
		return nil, err
	}
	return bound.encode(checked)
}
