package lockstep

import (
	"cmp"
	"errors"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/lockstep-auth/lockstep/internal/cookie"
	"github.com/lockstep-auth/lockstep/internal/origin"
)

// A RouteRule says who may see a route, in the grammar of Nuxt's routeRules
// (auth: 'user' | 'guest' | false | {only, redirectTo, user}). Make the simple
// ones with UserOnly, GuestOnly and Everyone.
type RouteRule struct {
	// Only is "user" or "guest"; empty lets everybody pass.
	Only string

	// RedirectTo is where others are sent, if they want a page. Defaults to
	// Routes.Login for users' routes and Routes.Guest for guests' routes.
	RedirectTo string

	// User says what a user must be like. It implies Only "user".
	User UserMatch

	whole bool // replaces less specific rules in place of adding to them
}

// UserOnly lets signed-in users pass (Nuxt: 'user').
func UserOnly() RouteRule { return RouteRule{Only: "user", whole: true} }

// GuestOnly lets those pass who are not signed in (Nuxt: 'guest').
func GuestOnly() RouteRule { return RouteRule{Only: "guest", whole: true} }

// Everyone lets everybody pass, whatever a less specific rule says (Nuxt:
// false).
func Everyone() RouteRule { return RouteRule{whole: true} }

// Routes are the rules of an application's routes.
type Routes struct {
	// Rules are the rules by pattern: "/app/**" is "/app" and all below it, "*"
	// and ":name" stand for one segment. Where several patterns match, the more
	// specific one decides, and a RouteRule literal adds to less specific ones.
	Rules map[string]RouteRule

	// Login is where a page sends those who are not signed in, with the way back
	// in the query parameter "redirect". Defaults to "/login". See SafeRedirect.
	Login string

	// Guest is where a guests' page sends signed-in users. Defaults to "/".
	Guest string
}

// RouteRules returns middleware that holds every request to the rules. People
// who may not see a page are sent elsewhere; programs get 401 or 403. The
// server's own endpoints are always let through. It panics on a pattern or rule
// that makes no sense.
func (a *Auth) RouteRules(routes Routes) func(http.Handler) http.Handler {
	routes.Login, routes.Guest = cmp.Or(routes.Login, "/login"), cmp.Or(routes.Guest, "/")
	table := newRouteTable()
	for pattern, rule := range routes.Rules {
		if !strings.HasPrefix(pattern, "/") || (rule.Only != "" && rule.Only != "user" && rule.Only != "guest") {
			panic("lockstep: route rule " + pattern + " must begin with a slash and be for \"user\" or \"guest\"")
		}
		table.add(pattern, rule)
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r = a.remember(w, r)
			rule := table.match(canonical(r.URL.Path))
			if rule.Only == "" || a.owns(r) {
				next.ServeHTTP(w, r)
				return
			}
			if err := a.hold(r, rule); err != nil {
				routes.turnAway(a, w, r, rule, err)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// canonical is the path that a router will see, so that no other spelling of a
// path slips past its rule.
func canonical(p string) string { return path.Clean("/" + p) }

// owns reports whether the request is for an endpoint of the server.
func (a *Auth) owns(r *http.Request) bool {
	base, err := a.pipeline.Locate(r)
	return err == nil && base.Path != "" && strings.HasPrefix(canonical(r.URL.Path), base.Path+"/")
}

func (a *Auth) hold(r *http.Request, rule RouteRule) error {
	s, err := a.Session(r)
	switch {
	case rule.Only == "guest" && err == nil:
		return errGuests
	case rule.Only == "guest" && errors.Is(err, ErrNoSession):
		return nil
	case err != nil:
		return err
	case !rule.User.Matches(s.User):
		return errDenied
	}
	return nil
}

func (routes *Routes) turnAway(a *Auth, w http.ResponseWriter, r *http.Request, rule RouteRule, err error) {
	var target string
	switch {
	case !isPage(r):
	case errors.Is(err, ErrNoSession):
		target = withRedirect(cmp.Or(rule.RedirectTo, routes.Login), r)
	case errors.Is(err, errGuests):
		target = cmp.Or(rule.RedirectTo, routes.Guest)
	}
	if target == "" {
		a.refuse(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "private, no-store")
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusFound)
}

// withRedirect adds the way back to a login path, unless it leads elsewhere or
// has one already.
func withRedirect(login string, r *http.Request) string {
	bare, query, _ := strings.Cut(login, "?")
	if !origin.SafeRedirect(bare) || strings.Contains("&"+query, "&redirect=") {
		return login
	}
	sep := "?"
	if query != "" {
		sep = "&"
	}
	return login + sep + "redirect=" + cookie.EncodeComponent(r.URL.RequestURI())
}

// SafeRedirect returns where to go after signing in: the query parameter
// "redirect" if it is a path on this site, or else fallback.
func SafeRedirect(r *http.Request, fallback string) string {
	if to := r.URL.Query().Get("redirect"); origin.SafeRedirect(to) {
		return to
	}
	return fallback
}

// A routeTable finds the rules of a path in the order of specificity, as
// radix3's matcher does, which Nuxt uses: "**" patterns from short to long,
// then patterns with one free segment, then the exact path.
type routeTable struct {
	wildcard map[string]RouteRule   // prefix of a "/**" pattern
	dynamic  map[string]*routeTable // prefix before a free segment
	static   map[string]RouteRule
}

func newRouteTable() *routeTable {
	return &routeTable{
		wildcard: make(map[string]RouteRule), dynamic: make(map[string]*routeTable), static: make(map[string]RouteRule),
	}
}

func (t *routeTable) add(pattern string, rule RouteRule) {
	if prefix, rest, ok := cutFree(pattern); ok {
		if t.dynamic[prefix] == nil {
			t.dynamic[prefix] = newRouteTable()
		}
		t.dynamic[prefix].add(rest, rule)
		return
	}
	if prefix, ok := strings.CutSuffix(pattern, "/**"); ok {
		t.wildcard[prefix] = rule
		return
	}
	t.static[cmp.Or(strings.TrimRight(pattern, "/"), "/")] = rule
}

// cutFree cuts a pattern around its first free segment: "/a/*/b" into "/a" and
// "/b".
func cutFree(pattern string) (prefix, rest string, ok bool) {
	segments := strings.Split(pattern, "/")
	i := slices.IndexFunc(segments, func(s string) bool { return s == "*" || strings.HasPrefix(s, ":") })
	if i < 0 {
		return "", "", false
	}
	return strings.Join(segments[:i], "/"), "/" + strings.Join(segments[i+1:], "/"), true
}

// match merges every rule that matches, the more specific ones last.
func (t *routeTable) match(p string) RouteRule {
	var merged RouteRule
	for _, rule := range t.matches(p) {
		if rule.whole {
			merged = rule
			continue
		}
		merged.Only = cmp.Or(rule.Only, merged.Only)
		merged.RedirectTo = cmp.Or(rule.RedirectTo, merged.RedirectTo)
		merged.User = merged.User.with(rule.User)
	}
	if len(merged.User) > 0 {
		merged.Only = "user"
	}
	return merged
}

// with returns m and more, which has the last word.
func (m UserMatch) with(more UserMatch) UserMatch {
	if len(m)+len(more) == 0 {
		return nil
	}
	all := make(UserMatch, len(m)+len(more))
	for k, v := range m {
		all[k] = v
	}
	for k, v := range more {
		all[k] = v
	}
	return all
}

func (t *routeTable) matches(p string) []RouteRule {
	var found []RouteRule
	for _, prefix := range byLength(t.wildcard) {
		if p == prefix || strings.HasPrefix(p, prefix+"/") {
			found = append(found, t.wildcard[prefix])
		}
	}
	for _, prefix := range byLength(t.dynamic) {
		rest, ok := strings.CutPrefix(p, prefix+"/")
		if !ok || rest == "" {
			continue
		}
		_, rest, _ = strings.Cut(rest, "/")
		found = append(found, t.dynamic[prefix].matches("/"+rest)...)
	}
	if rule, ok := t.static[p]; ok {
		found = append(found, rule)
	}
	return found
}

func byLength[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	return keys
}
