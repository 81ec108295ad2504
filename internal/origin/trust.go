package origin

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Trust is the set of origins that may send requests and receive redirects.
// It never changes and is safe for concurrent use.
type Trust struct {
	web      []webPattern
	app      []appPattern
	warnings []string
}

// NewTrust compiles patterns, which take these forms:
//
//   - "https://example.com", "http://localhost:3000": an origin
//   - "https://*.example.com", "http://192.168.*.*:3000": origins; * is any
//     text, dots included, and ? one character
//   - "*.example.com", "localhost:*": hosts, with http and https
//   - "myapp://", "myapp://callback", "exp://192.168.*.*:*/**": URLs of an
//     app's own scheme, below the path if there is one
//
// The error names every pattern that can match nothing, or more than its
// writer can want, and says what to write in its place.
func NewTrust(patterns []string) (*Trust, error) {
	return (&Trust{}).With(patterns...)
}

// With returns a Trust that holds the patterns too. It does not change t.
func (t *Trust) With(patterns ...string) (*Trust, error) {
	more := &Trust{
		web:      slices.Clip(t.web),
		app:      slices.Clip(t.app),
		warnings: slices.Clip(t.warnings),
	}
	var errs []error
	for _, text := range patterns {
		if err := more.add(text); err != nil {
			errs = append(errs, fmt.Errorf("origin: trusted origin %s: %w", show(text), err))
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return more, nil
}

func (t *Trust) add(text string) error {
	if err := checkText(text); err != nil {
		return err
	}
	scheme, _, hasScheme := strings.Cut(text, "://")
	isHost := !hasScheme && strings.ContainsAny(text, "*?")
	if !isHost && isAppScheme(text) {
		p, err := newAppPattern(text)
		if err != nil {
			return err
		}
		t.app = append(t.app, p)
		return nil
	}
	p, err := newWebPattern(text)
	if err != nil {
		return err
	}
	if (isHost || scheme != "http" && glob(scheme, "http")) && !isLoopback(p.host) {
		t.warnings = append(t.warnings,
			fmt.Sprintf("trusted origin %q also trusts http, which anybody on the way can change: write %q", text, "https://"+p.authority))
	}
	t.web = append(t.web, p)
	return nil
}

// checkText refuses what no kind of pattern has.
func checkText(text string) error {
	switch {
	case text == "":
		return errors.New("is empty: remove it")
	case strings.TrimSpace(text) != text:
		return fmt.Errorf("has space around it: write %q", strings.TrimSpace(text))
	case !plain(text) || !only(text, isASCII):
		return errors.New(`can never match: write it in ASCII (hosts as "xn--…"), without spaces and backslashes`)
	case strings.Contains(text, "#"):
		return errors.New(`can never match: write it without "#"`)
	}
	return nil
}

// show quotes a configured value for an error, unless it may hold a password.
func show(text string) string {
	if strings.Contains(text, "@") {
		return "[redacted]"
	}
	return fmt.Sprintf("%q", text)
}

// Warnings returns remarks on patterns that work but trust more than they seem
// to, for the log at the start.
func (t *Trust) Warnings() []string { return slices.Clone(t.warnings) }

// Origin reports whether value, an Origin header or a whole Referer, is of a
// trusted origin.
func (t *Trust) Origin(value string) bool {
	if o, ok := Of(value); ok {
		return slices.ContainsFunc(t.web, func(p webPattern) bool { return p.match(o) })
	}
	u, ok := parseAppURL(value)
	return ok && slices.ContainsFunc(t.app, func(p appPattern) bool { return p.match(u) })
}

// Redirect reports whether a browser may be sent to value: a path that passes
// SafeRedirect, or a URL of a trusted origin.
func (t *Trust) Redirect(value string) bool {
	return SafeRedirect(value) || serialised(value) && t.Origin(value)
}
