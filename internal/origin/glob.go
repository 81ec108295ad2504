package origin

import "strings"

// isWild reports whether c stands for other text in a pattern.
func isWild(c byte) bool { return c == '*' || c == '?' }

// glob reports whether s matches pattern, in which * stands for any text, dots
// included, and ? for one byte. It is for text without slashes, or for origins.
// Upstream: utils/wildcard.ts.
func glob(pattern, s string) bool {
	return match(len(pattern), len(s),
		func(p int) bool { return pattern[p] == '*' },
		func(p, i int) bool { return pattern[p] == '?' || pattern[p] == s[i] })
}

// globPath is glob for paths, segment by segment: a segment "**" stands for any
// number of segments, and other wildcards do not cross a slash.
func globPath(pattern, path string) bool {
	want := strings.Split(pattern[1:], "/")
	have := strings.Split(path[1:], "/")
	return match(len(want), len(have),
		func(p int) bool { return want[p] == "**" },
		func(p, i int) bool { return glob(want[p], have[i]) })
}

// match compares a pattern with a subject, element by element: isStar tells
// which elements of the pattern stand for any number of elements, and equal
// compares the others with an element of the subject. When elements differ, the
// last star takes one element more; earlier ones need not. The time is at worst
// the product of the lengths.
func match(pattern, subject int, isStar func(p int) bool, equal func(p, i int) bool) bool {
	p, i := 0, 0
	star, next := -1, 0 // the last star, and the subject after what it stands for
	for i < subject {
		switch {
		case p < pattern && isStar(p):
			star, next = p, i
			p++
		case p < pattern && equal(p, i):
			p++
			i++
		case star >= 0:
			next++
			p, i = star+1, next
		default:
			return false
		}
	}
	for p < pattern && isStar(p) {
		p++
	}
	return p == pattern
}
