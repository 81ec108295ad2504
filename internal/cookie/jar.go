package cookie

import (
	"net/http"
	"slices"
	"strings"
)

// A Jar collects the cookies of one response, at most one per name: with two,
// the earlier could be read from the response although it was taken back. The
// zero value is empty and ready. A Jar is not safe for concurrent use.
type Jar struct {
	cookies []Cookie
}

// Set adds c, or puts it in the place of the cookie with the same name. A
// cookie that cannot be written (see Cookie.String) is not kept.
func (j *Jar) Set(c Cookie) {
	if !c.writable() {
		return
	}
	i := slices.IndexFunc(j.cookies, func(other Cookie) bool { return other.Name == c.Name })
	if i < 0 {
		j.cookies = append(j.cookies, c)
		return
	}
	j.cookies[i] = c
}

// Remove takes back name and all slices of it.
func (j *Jar) Remove(name string) {
	j.cookies = slices.DeleteFunc(j.cookies, func(c Cookie) bool {
		_, isChunk := chunkNumber(name, c.Name)
		return isChunk || c.Name == name
	})
}

// All returns the cookies in the order in which their names were first set.
func (j *Jar) All() []Cookie {
	return slices.Clone(j.cookies)
}

// Len returns how many cookies there are.
func (j *Jar) Len() int {
	return len(j.cookies)
}

// WriteLines adds Set-Cookie lines to the header of a response. They replace the
// lines there for the same cookies, slices of them included: an answer that is
// written in two steps must not keep a session that the second step has ended.
func WriteLines(h http.Header, lines []string) {
	const setCookie = "Set-Cookie"
	if len(lines) == 0 {
		return
	}
	var names []string
	for _, line := range lines {
		names = append(names, wholeName(line))
	}
	kept := slices.DeleteFunc(slices.Clone(h[setCookie]), func(line string) bool {
		return slices.Contains(names, wholeName(line))
	})
	h[setCookie] = append(kept, lines...)
}

// Follow returns the Cookie header that a browser sends which sent these before and
// has been answered with Set-Cookie lines for the same site, as Append writes them.
func Follow(sent, lines []string) string {
	var names, pairs []string
	for _, line := range lines {
		names = append(names, wholeName(line))
	}
	for _, header := range sent {
		for pair := range strings.SplitSeq(header, ";") {
			if pair = strings.TrimSpace(pair); pair != "" && !slices.Contains(names, wholeName(pair)) {
				pairs = append(pairs, pair)
			}
		}
	}
	for _, line := range lines {
		parts := strings.Split(line, "; ")
		if !slices.Contains(parts[1:], "Max-Age=0") {
			pairs = append(pairs, parts[0])
		}
	}
	return strings.Join(pairs, "; ")
}

// wholeName returns the name of the cookie that a Set-Cookie line sets, or, for a
// slice that Split has made, of the cookie that it is a slice of.
func wholeName(line string) string {
	name, _, _ := strings.Cut(line, "=")
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		if _, ok := chunkNumber(name[:i], name); ok {
			return name[:i]
		}
	}
	return name
}
