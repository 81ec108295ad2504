package jsjson

import "strconv"

// A Member is one member of an object. Value is its raw text, without white space
// around it, and aliases the text that was split; Key does not.
type Member struct {
	Key   string
	Value []byte
}

// Members splits an object into its members, appended to dst in document order. A
// repeated key keeps its first position and its last value, as in JSON.parse. It
// reports false, and returns dst as it was, unless data is one well-formed object,
// nested values and nothing but white space around it included.
func Members(dst []Member, data []byte) ([]Member, bool) {
	i := skipSpace(data, 0)
	if i >= len(data) || data[i] != '{' {
		return dst, false
	}
	i = skipSpace(data, i+1)
	if i < len(data) && data[i] == '}' {
		return dst, skipSpace(data, i+1) == len(data)
	}
	split := splitter{data: data, first: len(dst)}
	members := dst
	if len(data) <= sharedKeys {
		split.text = string(data)
	}
	for {
		keyEnd, value := scanMember(data, i)
		if value < 0 {
			return dst, false
		}
		end := scanValue(data, value, 1)
		if end < 0 {
			return dst, false
		}
		members = split.add(members, split.key(i, keyEnd), data[value:end:end])
		next, more := scanNext(data, end, '}')
		if !more {
			if next < 0 || skipSpace(data, next) != len(data) {
				return dst, false
			}
			return members, true
		}
		i = next
	}
}

// A splitter collects members, one per key. The members go in and out of its
// methods, so that a caller's array of them can stay on the stack.
type splitter struct {
	data  []byte
	text  string         // a copy of data to slice keys from, if data is small
	first int            // where the members of this object start
	index map[string]int // position by key, once there are many
}

// sharedKeys is the size of text, in bytes, up to which all keys share one copy of it:
// one allocation instead of one for each.
const sharedKeys = 4096

// manyMembers is the size from which a map finds repeated keys: comparing each with
// each would take quadratic time on hostile text.
const manyMembers = 16

// key returns the key that stands, quoted, in data[start:end].
func (s *splitter) key(start, end int) string {
	if s.text != "" && isPlain(s.data[start+1:end-1]) {
		return s.text[start+1 : end-1]
	}
	return unquote(s.data[start:end])
}

func (s *splitter) add(members []Member, key string, value []byte) []Member {
	if at, ok := s.find(members, key); ok {
		members[at].Value = value
		return members
	}
	if s.index != nil {
		s.index[key] = len(members)
	}
	return append(members, Member{Key: key, Value: value})
}

func (s *splitter) find(members []Member, key string) (at int, ok bool) {
	if s.index == nil && len(members)-s.first >= manyMembers {
		s.index = make(map[string]int, 4*manyMembers)
		for i, m := range members[s.first:] {
			s.index[m.Key] = s.first + i
		}
	}
	if s.index != nil {
		at, ok = s.index[key]
		return at, ok
	}
	for i, m := range members[s.first:] {
		if m.Key == key {
			return s.first + i, true
		}
	}
	return 0, false
}

// Number returns the value of a JSON number without white space around it. As in
// JavaScript, a number too large for a float64 is infinite.
func Number(raw []byte) (float64, bool) {
	if len(raw) == 0 || scanNumber(raw, 0) != len(raw) {
		return 0, false
	}
	return parseNumber(raw), true
}

// parseNumber returns the value of text that scanNumber has accepted.
func parseNumber(raw []byte) float64 {
	const exactDigits = 15 // any number of so many digits is exact in a float64
	if len(raw) <= exactDigits {
		n, whole := int64(0), true
		for _, c := range raw {
			whole = whole && isDigit(c)
			n = n*10 + int64(c-'0')
		}
		if whole {
			return float64(n)
		}
	}
	// The one possible error is a number out of range, and then f is what
	// JavaScript has: an infinity or zero.
	f, _ := strconv.ParseFloat(string(raw), 64)
	return f
}

// Bool returns the value of true or false.
func Bool(raw []byte) (v, ok bool) {
	return string(raw) == "true", string(raw) == "true" || string(raw) == "false"
}

// IsNull reports whether raw is null.
func IsNull(raw []byte) bool { return string(raw) == "null" }
