package origin_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep/internal/origin"
)

// readJSON reads a file of testdata. origins.json and paths.json are verdicts
// of Better Auth 1.7.25, recorded by testdata/record.mjs.
func readJSON[T any](t testing.TB, name string) T {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

type recordedOrigins struct {
	URLs     []string
	Patterns []struct {
		Pattern string
		Accepts []string
	}
}

// unsafePatterns are patterns that upstream matches something with and that
// NewTrust refuses, with a part of the reason.
func unsafePatterns() map[string]string {
	const (
		names   = "names that anybody can register"
		browser = "browsers run or open such URLs"
	)
	return map[string]string{
		"*": names, "**": names, "*.com": names, "https://*": names, "https://*.com": names,
		"https://*example.com": names, "https://app.*": names, "http://localhost*": names,
		"http://1*":   "addresses of other networks",
		"javascript:": browser, "javascript://*": browser, "javascript://x.example.com": browser,
		"data:": browser, "file://": browser, "blob:": browser, "intent://": browser,
	}
}

func TestVerdictsOfUpstream(t *testing.T) {
	recorded := readJSON[recordedOrigins](t, "origins.json")
	refused := make(map[verdict]bool) // what upstream accepts and we do not
	for _, p := range recorded.Patterns {
		trust, err := origin.NewTrust([]string{p.Pattern})
		if err != nil {
			reason, listed := unsafePatterns()[p.Pattern]
			if len(p.Accepts) > 0 && (!listed || !strings.Contains(err.Error(), reason)) {
				t.Errorf("pattern %q: got error %q, want a reason listed in unsafePatterns", p.Pattern, err)
			}
			continue
		}
		if _, listed := unsafePatterns()[p.Pattern]; listed {
			t.Errorf("pattern %q: got no error, want one", p.Pattern)
		}
		for _, url := range recorded.URLs {
			got, want := trust.Origin(url), slices.Contains(p.Accepts, url)
			if got && !want {
				t.Errorf("pattern %q accepts %q, upstream refuses it", p.Pattern, url)
			}
			if want && !got {
				refused[verdict{url, p.Pattern}] = true
			}
		}
	}
	checkStricter(t, refused)
}

type verdict struct{ url, pattern string }

// checkStricter compares what only we refuse with stricter.json, which lists
// what we mean to refuse: by reason and URL, the patterns.
func checkStricter(t *testing.T, refused map[verdict]bool) {
	t.Helper()
	listed := make(map[verdict]bool)
	for reason, urls := range readJSON[map[string]map[string][]string](t, "stricter.json") {
		for url, patterns := range urls {
			for _, pattern := range patterns {
				v := verdict{url, pattern}
				listed[v] = true
				if !refused[v] {
					t.Errorf("stricter.json lists %q with pattern %q (%s), but the verdicts are equal", url, pattern, reason)
				}
			}
		}
	}
	for v := range refused {
		if !listed[v] {
			t.Errorf("upstream accepts %q with pattern %q, and stricter.json has no reason to refuse it", v.url, v.pattern)
		}
	}
}

// unserialised matches local paths that upstream accepts and SafeRedirect does
// not: characters that serialisers escape, and in the path controls, doubly
// escaped separators and dot segments.
var unserialised = regexp.MustCompile(
	`[ "<>]|^[^?#]*(%(25)*(0[0-9a-fA-F]|1[0-9a-fA-F]|7[fF])|%(25)+(2[fF]|5[cC])|/(\.|%2[eE]){1,2}(/|\?|#|$))`)

func TestPathsOfUpstream(t *testing.T) {
	type row struct {
		Path  string
		Local bool
	}
	trust := mustTrust(t, "https://app.test")
	for _, r := range readJSON[[]row](t, "paths.json") {
		if got := origin.LocalPath(r.Path); got != r.Local {
			t.Errorf("LocalPath(%q): got %v, want %v", r.Path, got, r.Local)
		}
		want := r.Local && !unserialised.MatchString(r.Path)
		if got := origin.SafeRedirect(r.Path); got != want {
			t.Errorf("SafeRedirect(%q): got %v, want %v", r.Path, got, want)
		}
		if got := trust.Redirect(r.Path); got != want {
			t.Errorf("Redirect(%q): got %v, want %v", r.Path, got, want)
		}
		if trust.Origin(r.Path) {
			t.Errorf("Origin(%q): a path is no origin", r.Path)
		}
	}
}

func mustTrust(t testing.TB, patterns ...string) *origin.Trust {
	t.Helper()
	trust, err := origin.NewTrust(patterns)
	if err != nil {
		t.Fatal(err)
	}
	return trust
}
