package cookie

import (
	"slices"
	"strconv"
	"strings"
)

const (
	// maxLine is the longest Set-Cookie line that is written, in bytes. Safari
	// drops cookies from 4093 on (upstream: session-store.ts).
	maxLine = 4050

	// maxChunks is how many slices one value may have. Their numbers have at
	// most two digits, which the size of a slice relies on.
	maxChunks = 100
)

// Split returns the cookies that carry value: one called name when it fits
// into a line, else slices called name.0, name.1 and so on. It reports false
// when there would be more than 100, or when value has a character that needs
// percent-encoding, because slices are measured before that.
func Split(name, value string, a Attributes) ([]Cookie, bool) {
	widest := Cookie{Name: name + ".99", Attributes: a}
	size := maxLine - len(widest.Append(nil))
	if size <= 0 || !isUnreserved(value) || !widest.writable() {
		return nil, false
	}
	if len(value) <= size {
		return []Cookie{{Name: name, Value: value, Attributes: a}}, true
	}
	count := (len(value) + size - 1) / size
	if count > maxChunks {
		return nil, false
	}
	chunks := make([]Cookie, 0, count)
	for i := range count {
		end := min(len(value), (i+1)*size)
		chunks = append(chunks, Cookie{Name: chunkName(name, i), Value: value[i*size : end], Attributes: a})
	}
	return chunks, true
}

// Joined returns the value that Split spread over cookies: that of the cookie
// called name, as Get finds it, or the slices in the order of their numbers.
// An empty value is as good as none. Gaps are not noticed, and slices of
// different values are not told apart: what is stored in slices must be signed
// or encrypted as a whole.
func (r *Request) Joined(name string) (string, bool) {
	if value, _ := r.Get(name); value != "" {
		return value, true
	}
	var chunks [maxChunks]string
	for key, raw := range r.strict {
		if i, ok := chunkNumber(name, key); ok {
			chunks[i] = decodeIfPossible(raw)
		}
	}
	joined := strings.Join(chunks[:], "")
	return joined, joined != ""
}

// Chunks returns the names under which the request carries name or slices of
// it, in the order of the request. A response that rewrites name must expire
// those that it does not use again.
func (r *Request) Chunks(name string) []string {
	var names []string
	for key := range r.strict {
		_, isChunk := chunkNumber(name, key)
		if (isChunk || key == name) && !slices.Contains(names, key) {
			names = append(names, key)
		}
	}
	return names
}

func chunkName(name string, i int) string {
	return name + "." + strconv.Itoa(i)
}

// chunkNumber returns the n of a key "<name>.<n>" that Split may have made:
// 0 to 99, without a sign or a leading zero. Upstream takes larger ones too, which only
// somebody else can have set.
func chunkNumber(name, key string) (int, bool) {
	suffix, ok := strings.CutPrefix(key, name)
	if !ok || len(suffix) < 2 || len(suffix) > 3 || suffix[0] != '.' {
		return 0, false
	}
	n, err := strconv.Atoi(suffix[1:])
	if err != nil || n < 0 || strconv.Itoa(n) != suffix[1:] {
		return 0, false
	}
	return n, true
}
