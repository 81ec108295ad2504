package ratelimit_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/internal/ratelimit"
)

// readJSON reads a file of testdata, recorded from Better Auth 1.7.25 by
// testdata/record.mjs.
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

func mustRules(t testing.TB, c ratelimit.Config) *ratelimit.Rules {
	t.Helper()
	c.Enabled = true
	rules, err := ratelimit.NewRules(c)
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

func rule(seconds, limit int) ratelimit.Rule {
	return ratelimit.Rule{Window: time.Duration(seconds) * time.Second, Max: limit}
}

func prefix(p string) func(string) bool {
	return func(path string) bool { return strings.HasPrefix(path, p) }
}

// recordedConfig is the configuration that testdata/record.mjs records.
func recordedConfig() ratelimit.Config {
	return ratelimit.Config{
		Window: 7 * time.Second,
		Max:    9,
		Plugin: []ratelimit.PluginRule{
			{Match: prefix("/plugin-a"), Rule: rule(30, 5)},
			{Match: func(path string) bool { return path == "/sign-in/magic-link" }, Rule: rule(60, 5)},
			{Match: prefix("/plugin"), Rule: rule(31, 6)},
		},
		Custom: []ratelimit.CustomRule{
			{Path: "/sign-in/email", Rule: rule(20, 2)},
			{Path: "/sign-up/*", Rule: rule(21, 4)},
			{Path: "/free", Skip: true},
			{Path: "/free/**", Skip: true},
			{Path: "/first/*", Rule: rule(22, 5)},
			{Path: "/first/x", Rule: rule(23, 6)},
			{Path: "/func/skip", Func: func(*http.Request, ratelimit.Rule) (ratelimit.Rule, bool) { return ratelimit.Rule{}, false }},
			{Path: "/func/keep", Func: func(_ *http.Request, current ratelimit.Rule) (ratelimit.Rule, bool) { return current, true }},
			{Path: "/func/set", Func: func(_ *http.Request, current ratelimit.Rule) (ratelimit.Rule, bool) {
				return ratelimit.Rule{Window: current.Window + time.Second, Max: current.Max + 1}, true
			}},
			{Path: "/plugin-a/custom", Rule: rule(24, 3)},
			{Path: "/q?", Rule: rule(25, 3)},
		},
	}
}

func TestRulesOfUpstream(t *testing.T) {
	type row struct {
		Path    string
		Limited bool
		Max     int
		Window  int // milliseconds
	}
	rules := mustRules(t, recordedConfig())
	for _, r := range readJSON[[]row](t, "rules.json") {
		want := ratelimit.Rule{Window: time.Duration(r.Window) * time.Millisecond, Max: r.Max}
		got, limited := rules.For(httptest.NewRequest(http.MethodGet, "/", http.NoBody), r.Path)
		if got != want || limited != r.Limited {
			t.Errorf("%s: got %+v, %v, want %+v, %v", r.Path, got, limited, want, r.Limited)
		}
	}
}

func TestWildcardsOfUpstream(t *testing.T) {
	type row struct {
		Pattern          string
		Matches, Differs []string
	}
	for _, r := range readJSON[[]row](t, "wildcards.json") {
		rules, err := ratelimit.NewRules(ratelimit.Config{Enabled: true, Custom: []ratelimit.CustomRule{{Path: r.Pattern, Skip: true}}})
		if err != nil {
			if r.Pattern != "*" && r.Pattern != "/a/*/" { // match no path but the root
				t.Errorf("pattern %q: %v", r.Pattern, err)
			}
			continue
		}
		check := func(paths []string, want bool) {
			for _, path := range paths {
				if _, limited := rules.For(nil, path); limited == want {
					t.Errorf("pattern %q and path %q: got a match: %v, want %v", r.Pattern, path, !limited, want)
				}
			}
		}
		check(r.Matches, true)
		check(r.Differs, false)
	}
}

func TestDefaults(t *testing.T) {
	if got, limited := mustRules(t, ratelimit.Config{}).For(nil, "/ok"); got != rule(10, 100) || !limited {
		t.Errorf("got %+v, %v, want 100 calls in 10 s", got, limited)
	}
	off, err := ratelimit.NewRules(ratelimit.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if _, limited := off.For(nil, "/sign-in/email"); limited {
		t.Error("limits are on without Enabled")
	}
}

func TestNewRulesNamesWhatIsWrong(t *testing.T) {
	custom := func(path string, r ratelimit.Rule) ratelimit.Config {
		return ratelimit.Config{Custom: []ratelimit.CustomRule{{Path: path, Rule: r}}}
	}
	for _, tt := range []struct {
		name   string
		config ratelimit.Config
		want   string
	}{
		{"negative window", ratelimit.Config{Window: -1}, "rate limit"},
		{"negative max", ratelimit.Config{Max: -1}, "rate limit"},
		{"plugin without match", ratelimit.Config{Plugin: []ratelimit.PluginRule{{Rule: rule(1, 1)}}}, "no Match"},
		{"plugin without rule", ratelimit.Config{Plugin: []ratelimit.PluginRule{{Match: prefix("/")}}}, "rule 0 of plugins"},
		{"no slash", custom("sign-in", rule(1, 1)), `"sign-in"`},
		{"empty", custom("", rule(1, 1)), "begin it with a slash"},
		{"slash at the end", custom("/sign-in/", rule(1, 1)), "without the slash"},
		{"a star alone", custom("*", rule(1, 1)), `write "/**"`},
		{"no rule", custom("/x", ratelimit.Rule{}), "set one of"},
		{"half a rule", custom("/x", ratelimit.Rule{Max: 1}), `"/x"`},
		{"less than a millisecond", custom("/x", ratelimit.Rule{Max: 1, Window: time.Microsecond}), `"/x"`},
		{"two ways", ratelimit.Config{Custom: []ratelimit.CustomRule{{Path: "/x", Rule: rule(1, 1), Skip: true}}}, "set one of"},
		{"twice", ratelimit.Config{Custom: []ratelimit.CustomRule{{Path: "/x", Skip: true}, {Path: "/x", Skip: true}}}, "two rules"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := ratelimit.NewRules(tt.config); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want %s", err, tt.want)
			}
		})
	}
}

func TestForDoesNotAllocate(t *testing.T) {
	rules := mustRules(t, recordedConfig())
	// Package regexp pools its memory, and the race detector empties pools.
	for path, limit := range map[string]float64{"/sign-in/email": 0, "/sign-up/email": 0, "/free/x/y": 1} {
		if n := testing.AllocsPerRun(100, func() { rules.For(nil, path) }); n > limit {
			t.Errorf("%s: got %v allocations, want at most %v", path, n, limit)
		}
	}
}

// FuzzWildcard builds a pattern from a path by putting wildcards in place of
// one of its segments. What then matches follows from the rules of CustomRule.
func FuzzWildcard(f *testing.F) {
	f.Add("/a/b/c", byte(1), "x")
	f.Add(`/a/b\*/(c|d)`, byte(0), "**")
	f.Add("/sign-in/email", byte(7), "a/b")
	f.Fuzz(func(t *testing.T, path string, place byte, other string) {
		segments := strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune(`/\*?`, r) })
		if len(segments) == 0 || strings.ToValidUTF8(path, "") != path {
			return
		}
		i := int(place) % len(segments)
		with := func(segment ...string) string {
			all := append(append([]string(nil), segments[:i]...), segment...)
			return "/" + strings.Join(append(all, segments[i+1:]...), "/")
		}
		for _, tt := range []struct {
			pattern, path string
			want          bool
		}{
			{with("*"), with(segments[i]), true},
			{with(segments[i] + "*"), with(segments[i] + "x"), true},
			{with("*"), with(segments[i], "x"), false},
			{with("**"), with("x", segments[i], "y"), true},
			{with("*") + "/x", with(segments[i]), false},
			{with(`\*`), with("*"), true},
			{with(`\*`), with("x"), false},
		} {
			rules, err := ratelimit.NewRules(ratelimit.Config{Enabled: true, Custom: []ratelimit.CustomRule{{Path: tt.pattern, Skip: true}}})
			if err != nil {
				t.Fatalf("pattern %q: %v", tt.pattern, err)
			}
			if _, limited := rules.For(nil, tt.path); limited == tt.want {
				t.Errorf("pattern %q and path %q: got a match: %v, want %v", tt.pattern, tt.path, !limited, tt.want)
			}
		}
		// Whatever a pattern is, it is compiled or refused, and a path without
		// its first letters does not match.
		rules, err := ratelimit.NewRules(ratelimit.Config{Enabled: true, Custom: []ratelimit.CustomRule{{Path: "/start" + other, Skip: true}}})
		if err != nil {
			return
		}
		if _, limited := rules.For(nil, "/other"+other); !limited {
			t.Errorf("pattern %q matches %q", "/start"+other, "/other"+other)
		}
	})
}
