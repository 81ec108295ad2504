package secure

import (
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/unicode/norm"
)

// normalizePassword returns a password in the form in which it is hashed, as
// JavaScript's normalize("NFKC") gives it. Bytes that are not UTF-8 are U+FFFD, as
// they are when Node.js reads a request.
func normalizePassword(password string) string {
	if !utf8.ValidString(password) {
		// This decoder cannot fail: it replaces.
		password, _ = unicode.UTF8.NewDecoder().String(password)
	}
	text := norm.NFKC.String(password)
	// Package norm breaks up more than 30 combining marks in a row with a joiner
	// (UAX #15 §13, Stream-Safe Text), JavaScript does not.
	const joiner = "\u034F"
	if strings.Count(text, joiner) == strings.Count(password, joiner) {
		return text
	}
	return composeMarks(decompose(password))
}

// decompose returns text in NFKD, with any number of combining marks in a row.
func decompose(text string) []rune {
	var runes []rune
	for _, r := range text {
		runes = append(runes, []rune(norm.NFKD.String(string(r)))...)
	}
	for start := 0; start < len(runes); start++ {
		end := start
		for end < len(runes) && markClass(runes[end]) > 0 {
			end++
		}
		slices.SortStableFunc(runes[start:end], func(a, b rune) int { return markClass(a) - markClass(b) })
		start = end
	}
	return runes
}

// composeMarks is the canonical composition algorithm (Unicode §3.11, D117).
func composeMarks(decomposed []rune) string {
	var out []rune
	starter, last := -1, 0 // where the last starter is, and the class of the last rune
	for _, r := range decomposed {
		class := markClass(r)
		if starter >= 0 && (starter == len(out)-1 || last < class) {
			pair := []rune(norm.NFC.String(string([]rune{out[starter], r})))
			if len(pair) == 1 {
				out[starter] = pair[0]
				continue
			}
		}
		if class == 0 {
			starter = len(out)
		}
		last = class
		out = append(out, r)
	}
	return string(out)
}

// markClass is the canonical combining class of r: above 0 for marks that move.
func markClass(r rune) int {
	return int(norm.NFKD.PropertiesString(string(r)).CCC())
}
