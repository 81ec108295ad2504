package ratelimit

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A Config says which calls are limited.
type Config struct {
	// Enabled turns the limits on.
	Enabled bool

	// Window and Max are the rule for paths that have no other. They default to
	// 10 seconds and 100 calls.
	Window time.Duration
	Max    int

	// Plugin are the rules of plugins. The first that matches goes before the
	// built-in ones.
	Plugin []PluginRule

	// Custom are the rules of the user. The first that matches goes before all
	// others.
	Custom []CustomRule
}

// A PluginRule limits the paths that Match holds for.
type PluginRule struct {
	Match func(path string) bool
	Rule  Rule
}

// A CustomRule limits a path, in one of three ways: by Rule, by Func, or not at
// all (Skip).
type CustomRule struct {
	// Path is without the base path, such as "/sign-in/email". With a * in it,
	// it is a pattern: * is any text and ? any character within a segment, the
	// segment ** any number of segments, and \ makes the next character plain.
	Path string

	Rule Rule
	Skip bool

	// Func chooses the rule for a request; current is the one that would apply
	// without it. The call is not limited unless limited is true.
	Func func(r *http.Request, current Rule) (rule Rule, limited bool)
}

// Rules finds the rule for a call. It never changes and is safe for concurrent
// use, as far as the functions in its Config are.
type Rules struct {
	enabled bool
	global  Rule
	plugin  []PluginRule
	custom  []customRule
}

type customRule struct {
	CustomRule
	pattern *regexp.Regexp // nil if Path is no pattern
}

// NewRules checks the configuration. The error names every rule that is wrong.
func NewRules(c Config) (*Rules, error) {
	r := &Rules{
		enabled: c.Enabled,
		global:  Rule{Window: cmp.Or(c.Window, 10*time.Second), Max: cmp.Or(c.Max, 100)},
		plugin:  slices.Clone(c.Plugin),
	}
	errs := []error{checkRule("rate limit", r.global)}
	for i, p := range c.Plugin {
		if p.Match == nil {
			errs = append(errs, fmt.Errorf("ratelimit: rule %d of plugins has no Match", i))
		}
		errs = append(errs, checkRule(fmt.Sprintf("rule %d of plugins", i), p.Rule))
	}
	for i, custom := range c.Custom {
		errs = append(errs, checkCustom(custom))
		if slices.ContainsFunc(c.Custom[:i], func(first CustomRule) bool { return first.Path == custom.Path }) {
			errs = append(errs, fmt.Errorf("ratelimit: two rules for path %q: remove one", custom.Path))
		}
		compiled := customRule{CustomRule: custom}
		if strings.Contains(custom.Path, "*") {
			var err error
			compiled.pattern, err = wildcard(custom.Path)
			errs = append(errs, err)
		}
		r.custom = append(r.custom, compiled)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return r, nil
}

func checkRule(name string, rule Rule) error {
	if rule.Window < time.Millisecond || rule.Max < 1 {
		return fmt.Errorf("ratelimit: %s: %d calls in %v: write at least one call and one millisecond", name, rule.Max, rule.Window)
	}
	return nil
}

func checkCustom(c CustomRule) error {
	name := fmt.Sprintf("rule for path %q", c.Path)
	ways := 0
	for _, set := range []bool{c.Rule != Rule{}, c.Skip, c.Func != nil} {
		if set {
			ways++
		}
	}
	isPattern := strings.Contains(c.Path, "*")
	switch {
	case !strings.HasPrefix(c.Path, "/") && !isPattern:
		return fmt.Errorf("ratelimit: %s can never match: begin it with a slash", name)
	case c.Path == "*":
		return errors.New(`ratelimit: rule for path "*" matches only the root: write "/**" for every path`)
	case len(c.Path) > 1 && strings.HasSuffix(c.Path, "/"):
		return fmt.Errorf("ratelimit: %s can never match: write it without the slash at its end", name)
	case ways != 1:
		return fmt.Errorf("ratelimit: %s: set one of Rule, Skip and Func", name)
	case c.Rule != Rule{}:
		return checkRule(name, c.Rule)
	}
	return nil
}

// For returns the rule for a call; limited is false if it is not limited. The
// path is the one that is routed, without the base path and slashes at its end.
// Later rules replace earlier ones: the global, the built-in, those of plugins,
// those of the user.
func (r *Rules) For(req *http.Request, path string) (rule Rule, limited bool) {
	if !r.enabled {
		return Rule{}, false
	}
	rule = r.standard(path)
	for i := range r.custom {
		if c := &r.custom[i]; c.matches(path) {
			return c.apply(req, rule)
		}
	}
	return rule, true
}

// standard returns the rule for a path without those of the user.
func (r *Rules) standard(path string) Rule {
	for _, p := range r.plugin {
		if p.Match(path) {
			return p.Rule
		}
	}
	if special, ok := builtIn(path); ok {
		return special
	}
	return r.global
}

// ForEndpoint is For for an endpoint whose path has a parameter, such as
// "/callback/:id". A rule of the user for the concrete path counts too. The rule
// counts by bucket in place of the path, and there are no more buckets than paths
// of endpoints and rules, whatever clients put into the parameter.
func (r *Rules) ForEndpoint(req *http.Request, path, concrete string) (bucket string, rule Rule, limited bool) {
	if r.enabled && concrete != path {
		for i := range r.custom {
			c := &r.custom[i]
			if c.matches(path) {
				break
			}
			if c.matches(concrete) {
				rule, limited = c.apply(req, r.standard(path))
				return c.Path, rule, limited
			}
		}
	}
	rule, limited = r.For(req, path)
	return path, rule, limited
}

func (c *customRule) matches(path string) bool {
	if c.pattern != nil {
		return c.pattern.MatchString(path)
	}
	return c.Path == path
}

func (c *customRule) apply(req *http.Request, current Rule) (rule Rule, limited bool) {
	switch {
	case c.Skip:
		return Rule{}, false
	case c.Func != nil:
		return c.Func(req, current)
	}
	return c.Rule, true
}

// builtIn returns the rule for paths that try passwords or send mail (upstream
// getDefaultSpecialRules).
func builtIn(path string) (rule Rule, ok bool) {
	for _, prefix := range [...]string{"/sign-in", "/sign-up", "/change-password", "/change-email"} {
		if strings.HasPrefix(path, prefix) {
			return Rule{Window: 10 * time.Second, Max: 3}, true
		}
	}
	switch path {
	case "/request-password-reset", "/send-verification-email",
		"/email-otp/send-verification-otp", "/email-otp/request-password-reset":
		return Rule{Window: time.Minute, Max: 3}, true
	}
	if strings.HasPrefix(path, "/forget-password") {
		return Rule{Window: time.Minute, Max: 3}, true
	}
	return Rule{}, false
}
