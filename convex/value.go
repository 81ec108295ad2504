package convex

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// What Convex allows in a value (https://docs.convex.dev/database/types). The
// sizes of arrays, objects and documents are left for the deployment to judge.
const (
	maxDepth     = 64   // levels of arrays and objects
	maxFieldName = 1024 // bytes
	maxExactInt  = 1 << 53
)

// canonicalNaN is the NaN that JavaScript writes.
const canonicalNaN = 0x7ff8000000000000

// Encode returns a value as Convex encodes it in JSON: the format that requests
// use, which can hold int64, bytes, NaN, the infinities and -0. The package
// comment lists the Go types. Keys are sorted, so equal values have equal text.
func Encode(value any) ([]byte, error) {
	out, err := appendValue(nil, value, 0)
	if err != nil {
		return nil, fmt.Errorf("convex: encode: value%w", err)
	}
	return out, nil
}

// Decode reads a value that Encode or a deployment wrote. Numbers come back as
// float64, whether they were written as 1 or 1.0.
func Decode(data []byte) (any, error) {
	raw, err := parseJSON(data)
	if err != nil {
		return nil, fmt.Errorf("convex: decode: %w", err)
	}
	value, err := fromJSON(raw, 0)
	if err != nil {
		return nil, fmt.Errorf("convex: decode: %w", err)
	}
	return value, nil
}

// Scan stores a result in the value that into points to, by the rules and field
// tags of encoding/json; whole numbers fit integer fields, and bytes fit []byte.
// NaN and the infinities fit nothing. Unknown keys are ignored.
func Scan(value, into any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("convex: scan: %w", err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("convex: scan: %w", err)
	}
	return nil
}

// A valueError is a mistake at a place inside a value, such as
// ".input.data.createdAt: time.Time is no Convex value". It names fields, and
// never quotes what they hold.
type valueError struct {
	place string
	what  string
}

func (e *valueError) Error() string { return e.place + ": " + e.what }

// at adds the step that leads to the place of a mistake.
func at(step string, err error) error {
	if e, ok := errors.AsType[*valueError](err); ok {
		return &valueError{step + e.place, e.what}
	}
	return err
}

func appendValue(dst []byte, value any, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, &valueError{"", fmt.Sprintf("more than %d levels deep", maxDepth)}
	}
	switch v := value.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case float64:
		return appendFloat(dst, v), nil
	case int:
		if int64(v) < -maxExactInt || int64(v) > maxExactInt {
			return nil, &valueError{"", "int is not exact as a float64; use int64 if the function takes one"}
		}
		return strconv.AppendInt(dst, int64(v), 10), nil
	case int64:
		return appendSpecial(dst, "$integer", binary.LittleEndian.AppendUint64(nil, uint64(v))), nil //nolint:gosec // the bits, not the number
	case string:
		return appendString(dst, v)
	case []byte:
		return appendSpecial(dst, "$bytes", v), nil
	case []any:
		return appendArray(dst, v, depth)
	case []string:
		return appendArray(dst, v, depth)
	case []map[string]any:
		return appendArray(dst, v, depth)
	case map[string]any:
		return appendObject(dst, v, depth)
	}
	return nil, &valueError{"", fmt.Sprintf("%T is no Convex value", value)}
}

// appendFloat writes ordinary numbers as JSON and the four others by their bits.
func appendFloat(dst []byte, f float64) []byte {
	bits := math.Float64bits(f)
	if math.IsNaN(f) {
		bits = canonicalNaN
	}
	if isSpecial(f) {
		return appendSpecial(dst, "$float", binary.LittleEndian.AppendUint64(nil, bits))
	}
	text, _ := json.Marshal(f) // as JavaScript prints numbers; finite, so without error
	return append(dst, text...)
}

// isSpecial reports whether JSON has no number for f.
func isSpecial(f float64) bool {
	return math.IsNaN(f) || math.IsInf(f, 0) || f == 0 && math.Signbit(f)
}

func appendSpecial(dst []byte, key string, b []byte) []byte {
	dst = append(dst, `{"`+key+`":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, b)
	return append(dst, `"}`...)
}

func appendString(dst []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return nil, &valueError{"", "string is not valid UTF-8; use []byte for bytes"}
	}
	text, _ := json.Marshal(s) // valid UTF-8, so without error
	return append(dst, text...), nil
}

func appendArray[T any](dst []byte, items []T, depth int) ([]byte, error) {
	dst = append(dst, '[')
	for i, item := range items {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendValue(dst, item, depth+1); err != nil {
			return nil, at(fmt.Sprintf("[%d]", i), err)
		}
	}
	return append(dst, ']'), nil
}

func appendObject(dst []byte, fields map[string]any, depth int) ([]byte, error) {
	dst = append(dst, '{')
	for i, name := range slices.Sorted(maps.Keys(fields)) {
		if err := checkFieldName(name); err != nil {
			return nil, &valueError{"", err.Error()}
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		dst, _ = appendString(dst, name) // ASCII
		dst = append(dst, ':')
		var err error
		if dst, err = appendValue(dst, fields[name], depth+1); err != nil {
			return nil, at("."+name, err)
		}
	}
	return append(dst, '}'), nil
}

// checkFieldName refuses what no object of Convex can have as a key.
func checkFieldName(name string) error {
	switch {
	case len(name) > maxFieldName:
		return fmt.Errorf("a field name is longer than %d characters", maxFieldName)
	case strings.HasPrefix(name, "$"):
		return errors.New("a field name starts with $, which Convex reserves")
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r > '~' }):
		return errors.New("a field name contains a character that is not printable ASCII")
	}
	return nil
}

// parseJSON reads one JSON text. Numbers stay as they are written.
func parseJSON(data []byte) (any, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("not valid UTF-8") // encoding/json would replace the bytes
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var raw any
	if err := dec.Decode(&raw); err != nil {
		return nil, errors.New("not valid JSON")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return raw, nil
}

// fromJSON turns what parseJSON returns into a value.
func fromJSON(raw any, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("value is more than %d levels deep", maxDepth)
	}
	switch v := raw.(type) {
	case json.Number:
		f, err := v.Float64()
		if err != nil {
			return nil, errors.New("number does not fit a float64")
		}
		return f, nil
	case []any:
		for i := range v {
			var err error
			if v[i], err = fromJSON(v[i], depth+1); err != nil {
				return nil, err
			}
		}
		return v, nil
	case map[string]any:
		return objectFromJSON(v, depth)
	}
	return raw, nil // nil, bool and string
}

func objectFromJSON(fields map[string]any, depth int) (any, error) {
	if len(fields) == 1 {
		for name, raw := range fields {
			if strings.HasPrefix(name, "$") {
				return specialFromJSON(name, raw)
			}
		}
	}
	for name, raw := range fields {
		if err := checkFieldName(name); err != nil {
			return nil, err
		}
		var err error
		if fields[name], err = fromJSON(raw, depth+1); err != nil {
			return nil, err
		}
	}
	return fields, nil
}

// specialFromJSON reads the objects that stand for what JSON cannot say.
func specialFromJSON(name string, raw any) (any, error) {
	b, ok := fromBase64(raw)
	if ok && name == "$bytes" {
		return b, nil
	}
	if !ok || len(b) != 8 || name != "$integer" && name != "$float" {
		return nil, errors.New("unknown or malformed special value")
	}
	bits := binary.LittleEndian.Uint64(b)
	if name == "$integer" {
		return int64(bits), nil //nolint:gosec // the bits, not the number
	}
	f := math.Float64frombits(bits)
	if !isSpecial(f) && f != 0 { // the backend takes 0 in either form
		return nil, errors.New("ordinary number in a special value")
	}
	return f, nil
}

// fromBase64 reads bytes in the one form that Convex writes.
func fromBase64(raw any) ([]byte, bool) {
	text, ok := raw.(string)
	if !ok || strings.ContainsAny(text, "\r\n") { // which the decoder skips
		return nil, false
	}
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	return b, err == nil
}
