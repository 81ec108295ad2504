package origin

import "strings"

// LocalPath reports whether value is a path that every browser keeps on the
// origin it is on: it begins with one slash, has no backslash and no control,
// and no escaped slash or backslash before the query. Verdicts are those of
// isSafeRelativeURL (upstream auth/trusted-origins.ts).
func LocalPath(value string) bool {
	if !strings.HasPrefix(value, "/") || strings.HasPrefix(value, "//") {
		return false
	}
	if strings.Contains(value, `\`) || hasControl(value) {
		return false
	}
	path, _ := cutAny(value, "?#")
	return !hasEscape(path, isSeparator)
}

// SafeRedirect reports whether value is a LocalPath that is also safe with
// software less careful than a browser. It is written as URL serialisers write
// it, so that "/.//evil.example" cannot become "//evil.example", and its path
// has no separator and no control in up to three layers of escapes.
func SafeRedirect(value string) bool {
	if !LocalPath(value) || !serialised(value) {
		return false
	}
	path, _ := cutAny(value, "?#")
	for range 3 {
		if hasEscape(path, func(c byte) bool { return isSeparator(c) || c < ' ' || c == 0x7f }) {
			return false
		}
		path, _ = unescape(path)
	}
	return !hasDotSegment(path)
}

// serialised reports whether s is free of the characters that a URL serialiser
// escapes wherever they stand (URL Standard, "query percent-encode set").
func serialised(s string) bool { return !strings.ContainsAny(s, ` "<>`) }

func isSeparator(c byte) bool { return c == '/' || c == '\\' }

// hasDotSegment reports whether a decoded path has a segment "." or "..".
func hasDotSegment(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

// hasEscape reports whether s has a percent-encoded byte that bad holds for.
func hasEscape(s string, bad func(byte) bool) bool {
	for i := range len(s) {
		if c, ok := escaped(s[i:]); ok && bad(c) {
			return true
		}
	}
	return false
}

// escaped returns the byte that s begins with in percent-encoding.
func escaped(s string) (c byte, ok bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	high, ok1 := unhex(s[1])
	low, ok2 := unhex(s[2])
	return high<<4 | low, ok1 && ok2
}

func unhex(c byte) (byte, bool) {
	switch {
	case isDigit(c):
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// unescape decodes percent-encoding. Malformed escapes stay as they are, and
// are not ok.
func unescape(s string) (decoded string, ok bool) {
	if !strings.Contains(s, "%") {
		return s, true
	}
	out := make([]byte, 0, len(s))
	ok = true
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' {
			if b, valid := escaped(s[i:]); valid {
				c = b
				i += 2
			} else {
				ok = false
			}
		}
		out = append(out, c)
	}
	return string(out), ok
}
