package cookie

import (
	"strings"
	"unicode/utf8"
)

// maxHeader is how much of Cookie headers is read, in bytes. HTTP servers stop
// well before by default: Node.js at 16 KiB, browsers send less.
const maxHeader = 64 << 10

// A Request holds the cookies of one request. Nothing is parsed before it is
// asked for. It is immutable and safe for concurrent use.
//
// Better Auth reads cookies in two ways, and both can be seen from outside. Get
// is the lenient one (better-call cookies.ts, parseCookies): the first of
// several cookies with one name counts. Joined and Chunks use the strict one
// (cookie-utils.ts, parseCookies): the last counts, and pairs with characters
// that RFC 6265 forbids do not exist.
type Request struct {
	header  string
	present bool
}

// Parse returns the cookies of a request's Cookie header lines. When the lines
// exceed 64 KiB together, the request has no cookies (but Any stays true).
func Parse(headers []string) *Request {
	r := &Request{present: len(headers) > 0}
	size := 0
	for _, h := range headers {
		size += len(h) + len("; ")
	}
	if size <= maxHeader {
		r.header = strings.Join(headers, "; ")
	}
	return r
}

// Any reports whether the request had a Cookie header at all, even an empty
// or an oversized one. A browser may have attached credentials then.
func (r *Request) Any() bool {
	return r.present
}

// Get returns the first cookie called name: trimmed, without a leading quote
// and its partner, and percent-decoded where that is possible.
func (r *Request) Get(name string) (string, bool) {
	for pair := range strings.SplitSeq(r.header, ";") {
		key, value, found := strings.Cut(pair, "=")
		if found && trimSpace(key) == name {
			return lenientValue(value), true
		}
	}
	return "", false
}

func lenientValue(raw string) string {
	v := trimSpace(raw)
	if strings.HasPrefix(v, `"`) {
		// Upstream cuts the last character whether or not it is a quote.
		v = v[1:max(1, len(v)-1)]
	}
	return decodeIfPossible(FromLatin1(v))
}

// trimSpace is String.prototype.trim for text read as Latin-1.
func trimSpace(s string) string {
	for s != "" && isSpace(s[0]) {
		s = s[1:]
	}
	for s != "" && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func isSpace(b byte) bool {
	return b == ' ' || '\t' <= b && b <= '\r' || b == 0xA0
}

// FromLatin1 returns the text that JavaScript sees in a header, where each byte
// is one character (Fetch §2.2.2, byte sequences are isomorphic-decoded).
func FromLatin1(s string) string {
	if isASCII(s) {
		return s
	}
	out := make([]byte, 0, 2*len(s))
	for i := range len(s) {
		out = utf8.AppendRune(out, rune(s[i]))
	}
	return string(out)
}

func isASCII(s string) bool {
	for len(s) >= 8 { // a session cache has 1 kB, and every request reads it
		if s[0]|s[1]|s[2]|s[3]|s[4]|s[5]|s[6]|s[7] >= utf8.RuneSelf {
			return false
		}
		s = s[8:]
	}
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func decodeIfPossible(s string) string {
	if decoded, ok := DecodeComponent(s); ok {
		return decoded
	}
	return s
}

// strict yields the well-formed pairs in the order of the request, repeated
// names included. Values are not percent-decoded yet.
func (r *Request) strict(yield func(name, raw string) bool) {
	for pair := range strings.SplitSeq(r.header, ";") {
		key, value, found := strings.Cut(pair, "=")
		if !found {
			continue
		}
		name := strings.Trim(key, " \t")
		raw := unquote(strings.Trim(value, " \t"))
		if isToken(name) && isCookieText(raw) && !yield(name, raw) {
			return
		}
	}
}

func unquote(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	return s[1 : len(s)-1]
}

// isCookieText reports whether s consists of cookie-octets (RFC 6265 §4.1.1),
// spaces and commas.
func isCookieText(s string) bool {
	for i := range len(s) {
		if b := s[i]; b < ' ' || b > '~' || b == '"' || b == ';' || b == '\\' {
			return false
		}
	}
	return true
}
