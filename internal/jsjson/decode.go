package jsjson

import (
	"bytes"
	"errors"
)

var (
	errInvalid = errors.New("json: invalid text")
	errTooDeep = errors.New("json: nested deeper than 512 levels")
)

// Decode returns the value of a JSON text as Request.json does: a byte order mark at
// the start is skipped, the last of several equal keys wins, keys keep their case,
// numbers are float64 and infinite when too large, lone surrogates and bytes that are
// not UTF-8 become U+FFFD. Objects are map[string]any, arrays []any. Anything behind
// the value is an error. Errors do not quote the text.
func Decode(data []byte) (any, error) {
	d := decoder{data: bytes.TrimPrefix(data, []byte("\uFEFF"))}
	d.at = skipSpace(d.data, 0)
	v, err := d.value(0)
	if err != nil {
		return nil, err
	}
	if skipSpace(d.data, d.at) != len(d.data) {
		return nil, errInvalid
	}
	return v, nil
}

// A decoder reads values from data, the next one at position at.
type decoder struct {
	data []byte
	at   int
}

// value reads a value that has depth levels of nesting around it.
func (d *decoder) value(depth int) (any, error) {
	if d.at < len(d.data) {
		switch d.data[d.at] {
		case '{':
			return d.object(depth + 1)
		case '[':
			return d.array(depth + 1)
		}
	}
	start := d.at
	end := scanValue(d.data, start, depth)
	if end < 0 {
		return nil, errInvalid
	}
	d.at = end
	switch raw := d.data[start:end]; raw[0] {
	case '"':
		return unquote(raw), nil
	case 't', 'f':
		return raw[0] == 't', nil
	case 'n':
		return nil, nil
	default:
		return parseNumber(raw), nil
	}
}

func (d *decoder) object(depth int) (any, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	object := map[string]any{}
	d.at = skipSpace(d.data, d.at+1)
	if d.at < len(d.data) && d.data[d.at] == '}' {
		d.at++
		return object, nil
	}
	for {
		keyEnd, start := scanMember(d.data, d.at)
		if start < 0 {
			return nil, errInvalid
		}
		key := unquote(d.data[d.at:keyEnd])
		d.at = start
		v, err := d.value(depth)
		if err != nil {
			return nil, err
		}
		object[key] = v
		next, more := scanNext(d.data, d.at, '}')
		if next < 0 {
			return nil, errInvalid
		}
		d.at = next
		if !more {
			return object, nil
		}
	}
}

func (d *decoder) array(depth int) (any, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	array := []any{}
	d.at = skipSpace(d.data, d.at+1)
	if d.at < len(d.data) && d.data[d.at] == ']' {
		d.at++
		return array, nil
	}
	for {
		v, err := d.value(depth)
		if err != nil {
			return nil, err
		}
		array = append(array, v)
		next, more := scanNext(d.data, d.at, ']')
		if next < 0 {
			return nil, errInvalid
		}
		d.at = next
		if !more {
			return array, nil
		}
	}
}

// Truthy reports whether JavaScript takes a value that Decode returned for true.
func Truthy(value any) bool {
	switch v := value.(type) {
	case nil:
		return false
	case string:
		return v != ""
	case float64:
		return v != 0
	case bool:
		return v
	}
	return true // objects and arrays, empty ones too
}
