package ratelimit

import (
	"regexp"
	"strings"
)

// wildcard compiles a pattern of paths as upstream does (utils/wildcard.ts with
// its default separator), oddities included: one slash in a pattern stands for
// any number in a path and for backslashes, and "/a/**" matches "/ab". Package
// regexp takes linear time, whatever path a client sends.
func wildcard(pattern string) (*regexp.Regexp, error) {
	const slash, char = `[/\\]`, `[^/\\]`
	segments := strings.Split(pattern, "/")
	var expr strings.Builder
	for i, segment := range segments {
		if segment == "" && i > 0 {
			continue
		}
		gap := slash + "+"
		switch {
		case i == len(segments)-1:
			gap = slash + "*"
		case segments[i+1] == "**":
			gap = "" // comes with the **
		}
		switch {
		case segment != "**":
			expr.WriteString(wildcardSegment(segment, char) + gap)
		case gap == "": // one of several ** in a row
		case i == 0:
			expr.WriteString("(?:" + char + "*" + gap + ")*")
		default:
			expr.WriteString(gap + "(?:" + char + "*" + gap + ")*")
		}
	}
	return regexp.Compile(`\A(?:` + expr.String() + `)\z`)
}

// wildcardSegment translates what stands between slashes; char matches one
// character of a path.
func wildcardSegment(segment, char string) string {
	var expr strings.Builder
	plain := false // the character before was a backslash
	for _, c := range segment {
		switch {
		case plain:
			expr.WriteString(regexp.QuoteMeta(string(c)))
			plain = false
		case c == '\\':
			plain = true
		case c == '?':
			expr.WriteString(char)
		case c == '*':
			expr.WriteString(char + "*")
		default:
			expr.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	return expr.String()
}
