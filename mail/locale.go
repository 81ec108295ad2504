package mail

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// maxLanguages is how many languages of a header are looked at.
const maxLanguages = 20

// Match returns the language that suits an Accept-Language header best
// (RFC 9110 §12.5.4), or "en": the one that is asked for, or else the one that it
// is a variety of.
func (t *Templates) Match(acceptLanguage string) string {
	have := t.Locales()
	for _, tag := range languages(acceptLanguage) {
		for tag != "" {
			if slices.Contains(have, tag) {
				return tag
			}
			tag = tag[:max(strings.LastIndexByte(tag, '-'), 0)]
		}
	}
	return defaultLocale
}

// languages returns the languages of a header in lower case, the ones that are
// preferred first.
func languages(header string) []string {
	type choice struct {
		tag    string
		weight float64
	}
	var choices []choice
	for part := range strings.SplitSeq(header, ",") {
		if len(choices) == maxLanguages {
			break
		}
		tag, params, _ := strings.Cut(part, ";")
		weight := 1.0
		if q, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			weight, _ = strconv.ParseFloat(q, 64) // 0 if it is no number
		}
		if tag = strings.ToLower(strings.TrimSpace(tag)); tag != "" && weight > 0 && weight <= 1 {
			choices = append(choices, choice{tag, weight})
		}
	}
	slices.SortStableFunc(choices, func(a, b choice) int { return cmp.Compare(b.weight, a.weight) })
	tags := make([]string, len(choices))
	for i, c := range choices {
		tags[i] = c.tag
	}
	return tags
}
