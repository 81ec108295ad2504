package core

import (
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-auth/lockstep/internal/jsjson"
	"github.com/lockstep-auth/lockstep/plugin"
	"github.com/lockstep-auth/lockstep/schema"
)

// newFields picks the additional fields of a new row from what a client sent:
// what is not declared is left out, what is missing gets its default (upstream:
// parseInputData, packages/better-auth/src/db/schema.ts).
func newFields(fields []schema.Field, sent map[string]any) (map[string]any, error) {
	out := make(map[string]any)
	for i := range fields {
		f := &fields[i]
		value, present := sent[f.Name]
		if present && f.NoInput && f.Default == nil && jsjson.Truthy(value) {
			return nil, errNotAllowed(f)
		}
		if !present || f.NoInput || (value == nil && f.Required) {
			if f.Default != nil {
				out[f.Name] = f.Default()
				continue
			}
			if f.Required && (!present || !f.NoInput) {
				return nil, plugin.Errorf(http.StatusBadRequest, "MISSING_FIELD", "%s is required", f.Name)
			}
			continue
		}
		checked, err := checkField(f, value)
		if err != nil {
			return nil, err
		}
		out[f.Name] = checked
	}
	return out, nil
}

// changedFields picks the additional fields that a client wants to change.
func changedFields(fields []schema.Field, sent map[string]any) (map[string]any, error) {
	out := make(map[string]any)
	for i := range fields {
		f := &fields[i]
		value, present := sent[f.Name]
		if !present {
			continue
		}
		if f.NoInput {
			if jsjson.Truthy(value) {
				return nil, errNotAllowed(f)
			}
			continue
		}
		checked, err := checkField(f, value)
		if err != nil {
			return nil, err
		}
		out[f.Name] = checked
	}
	return out, nil
}

func errNotAllowed(f *schema.Field) error {
	return plugin.Errorf(http.StatusBadRequest, "FIELD_NOT_ALLOWED", "%s is not allowed to be set", f.Name)
}

// checkField turns a decoded JSON value into one of the field's type. Upstream
// hands any value to the database, which then fails or stores nonsense.
func checkField(f *schema.Field, value any) (any, error) {
	if value == nil {
		if f.Required {
			return nil, errType(f, "null")
		}
		return nil, nil
	}
	if f.Validate != nil {
		checked, err := f.Validate(value)
		if err != nil {
			return nil, plugin.Errorf(http.StatusBadRequest, "VALIDATION_ERROR", "%s", err.Error())
		}
		return checked, nil
	}
	if !finite(value) {
		return nil, errType(f, "Infinity")
	}
	typed, ok := convert(f.Type, value)
	if !ok {
		return nil, errType(f, kindOf(value))
	}
	if s, isString := typed.(string); isString && len(f.Enum) > 0 && !slices.Contains(f.Enum, s) {
		return nil, plugin.Errorf(http.StatusBadRequest, "VALIDATION_ERROR",
			`[body.%s] Invalid option: expected one of "%s"`, f.Name, strings.Join(f.Enum, `"|"`))
	}
	return typed, nil
}

func errType(f *schema.Field, got string) error {
	return plugin.Errorf(http.StatusBadRequest, "VALIDATION_ERROR",
		"[body.%s] Invalid input: expected %s, received %s", f.Name, f.Type, got)
}

// finite reports whether JSON can write a decoded JSON value again: 1e400 is read
// as infinity.
func finite(value any) bool {
	switch v := value.(type) {
	case float64:
		return !math.IsInf(v, 0)
	case []any:
		return !slices.ContainsFunc(v, func(e any) bool { return !finite(e) })
	case map[string]any:
		for _, e := range v {
			if !finite(e) {
				return false
			}
		}
	}
	return true
}

func convert(t schema.Type, value any) (any, bool) {
	switch t {
	case schema.String:
		s, ok := value.(string)
		return s, ok
	case schema.Number:
		n, ok := value.(float64)
		return n, ok
	case schema.Bool:
		b, ok := value.(bool)
		return b, ok
	case schema.Date:
		s, ok := value.(string)
		if !ok {
			return nil, false
		}
		at, err := time.Parse(time.RFC3339Nano, s)
		at = at.UTC().Truncate(time.Millisecond)
		return at, err == nil && at.Year() >= 0 && at.Year() <= 9999 // what RFC 3339 can write
	case schema.Strings:
		return convertList[string](value)
	case schema.Numbers:
		return convertList[float64](value)
	case schema.JSON:
		return value, true
	}
	return nil, false
}

func convertList[T any](value any) (any, bool) {
	list, ok := value.([]any)
	if !ok {
		return nil, false
	}
	out := make([]T, len(list))
	for i := range list {
		if out[i], ok = list[i].(T); !ok {
			return nil, false
		}
	}
	return out, true
}

// kindOf is zod's name of the type of a decoded JSON value.
func kindOf(value any) string {
	switch value.(type) {
	case string:
		return "string"
	case float64:
		return "number"
	case bool:
		return "boolean"
	case []any:
		return "array"
	}
	return "object"
}
