package lockstep

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"net/url"
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
	// Only is "user" or "guest". Defaults to what less specific rules that are
	// literals too say, and then to "user".
	Only string

	// RedirectTo is where others are sent, if they want a page. Defaults to
	// Routes.Login for users' routes and Routes.Guest for guests' routes.
	RedirectTo string

	// User says what a user must be like. It implies Only "user". Of a field that
	// several rules name, the most specific one counts.
	User UserMatch

	whole bool // a text or false in Nuxt: is added to no other rule
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
	// and ":name" stand for one segment. Where several patterns match, the most
	// specific one decides; if it is a RouteRule literal, what it leaves out is
	// taken from the less specific literals. Patterns are decoded paths, and upper
	// case is not lower case.
	Rules map[string]RouteRule

	// Login is where a page sends those who are not signed in, with the way back
	// in the query parameter "redirect". Defaults to "/login". See SafeRedirect.
	Login string

	// Guest is where a guests' page sends signed-in users. Defaults to "/".
	Guest string
}

// RouteRules returns middleware that holds every request to the rules. People
// who may not see a page are sent elsewhere, or see Config.Refused; programs get
// 401 or 403. The server's own endpoints are always let through. It panics on a pattern or rule
// that makes no sense: one that could match no path, or says the same as another.
//
// Rules are only as good as the agreement on what a path is between them and the
// router behind them. So paths that routers read in different ways are answered
// with 400, whatever their rule: those with a "." or ".." segment, a backslash, an
// encoded slash or a NUL. Handlers that need such paths go outside, with
// RequireUserSession around them. A path with repeated slashes must satisfy the
// rules as it is and with the slashes joined.
func (a *Auth) RouteRules(routes Routes) func(http.Handler) http.Handler {
	routes.Login, routes.Guest = cmp.Or(routes.Login, "/login"), cmp.Or(routes.Guest, "/")
	table := routes.table()
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !isPlain(r.URL) {
				refusePath(w)
				return
			}
			r = a.remember(w, r)
			for _, p := range readings(r.URL.Path) {
				rule := table.match(p)
				if rule.Only == "" || a.owns(r) {
					continue
				}
				if err := a.hold(r, rule); err != nil {
					routes.turnAway(a, w, r, rule, err)
					return
				}
			}
			next.ServeHTTP(w, r)
		})
	}
}

// table returns the rules for matching.
func (routes *Routes) table() *routeTable {
	table, seen := newRouteTable(), make(map[string]bool)
	for pattern, rule := range routes.Rules {
		p, ok := normalPattern(pattern)
		switch {
		case !ok:
			panic("lockstep: route rule " + pattern + " could match no path: it must begin with a slash, \"*\" must be a " +
				"whole segment, \"**\" the last one, and nothing may be encoded")
		case rule.Only != "" && rule.Only != "user" && rule.Only != "guest":
			panic("lockstep: route rule " + pattern + " must be for \"user\" or \"guest\"")
		case rule.Only == "guest" && len(rule.User) > 0:
			panic("lockstep: route rule " + pattern + " is for guests and cannot say what a user must be like")
		case seen[p]:
			panic("lockstep: route rule " + pattern + " is there twice")
		}
		seen[p] = true
		if len(rule.User) > 0 {
			rule.Only = "user" // in Nuxt it could take over "guest", and let guests in
		}
		table.add(p, rule)
	}
	return table
}

// normalPattern returns a pattern with "*" for all free segments and without a
// slash at the end. It is not ok if it could match no path, as it would protect
// nothing. That includes what stands for more in the patterns of other routers:
// "{id}", ":path*", "*.pdf".
func normalPattern(pattern string) (string, bool) {
	decoded, err := url.PathUnescape(pattern)
	if !strings.HasPrefix(pattern, "/") || strings.ContainsAny(pattern, "?#\\{}\x00") || (err == nil && decoded != pattern) {
		return "", false
	}
	segments := strings.Split(strings.TrimSuffix(pattern, "/"), "/")[1:]
	for i, s := range segments {
		switch {
		case s == "*", s == "**" && i == len(segments)-1:
		case s == "", isDots(s), strings.Contains(s, "*"):
			return "", false
		case s[0] == ':':
			if strings.ContainsAny(s, "+(") {
				return "", false
			}
			segments[i] = "*"
		}
	}
	return "/" + strings.Join(segments, "/"), true
}

// isPlain reports whether routers agree on what the path is. Some look at it as
// it was sent and some decode it first; some resolve dot segments, but after
// they chose a handler. Servers behind a proxy may drop what follows ";".
func isPlain(u *url.URL) bool {
	escaped := strings.ToLower(u.EscapedPath()) // encodes literal backslashes
	for _, bad := range []string{"%2f", "%5c", "%00"} {
		if strings.Contains(escaped, bad) {
			return false
		}
	}
	return !slices.ContainsFunc(strings.Split(u.Path, "/"), isDots)
}

func isDots(segment string) bool {
	name, _, _ := strings.Cut(segment, ";")
	return name == "." || name == ".."
}

// refusePath answers for a path that is not plain. It is 400 and not 404: the
// request is at fault, and nothing is said about what exists.
func refusePath(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "private, no-store")
	http.Error(w, "The path is ambiguous.", http.StatusBadRequest)
}

// readings returns a plain path in each way that a router may read it: with
// repeated slashes joined, and with them as they are. A slash at the end does not
// count.
func readings(p string) []string {
	joined, asIs := path.Clean("/"+p), cmp.Or(strings.TrimRight(p, "/"), "/")
	if asIs == joined {
		return []string{joined}
	}
	return []string{joined, asIs}
}

// owns reports whether the request, whose path is plain, is for an endpoint of
// the server. It compares as the server does.
func (a *Auth) owns(r *http.Request) bool {
	base, err := a.pipeline.Locate(r)
	return err == nil && base.Path != "" && strings.HasPrefix(r.URL.EscapedPath(), base.Path+"/")
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
	if at, _ := cutPath(target); target == "" || at == r.URL.Path { // which would send it here again, for ever
		a.refuse(w, r, err)
		return
	}
	status := http.StatusFound
	if !isView(r) {
		status = http.StatusSeeOther // the form is not sent along (RFC 9110 §15.4.4)
	}
	w.Header().Set("Cache-Control", "private, no-store")
	w.Header().Set("Location", target)
	w.WriteHeader(status)
}

// withRedirect adds the way back to a login path, unless that leads elsewhere or
// has one already. There is no way back to where a form was sent.
func withRedirect(login string, r *http.Request) string {
	at, rest := cutPath(login)
	query, fragment, _ := strings.Cut(strings.TrimPrefix(rest, "?"), "#")
	if !isView(r) || !origin.SafeRedirect(at) || strings.Contains("&"+query, "&redirect=") {
		return login
	}
	if query != "" {
		query += "&"
	}
	if fragment != "" {
		fragment = "#" + fragment
	}
	return at + "?" + query + "redirect=" + cookie.EncodeComponent(r.URL.RequestURI()) + fragment
}

// cutPath cuts the query and the fragment off a target.
func cutPath(target string) (at, rest string) {
	if i := strings.IndexAny(target, "?#"); i >= 0 {
		return target[:i], target[i:]
	}
	return target, ""
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
	t.static[pattern] = rule
}

// cutFree cuts a pattern around its first free segment: "/a/*/b" into "/a" and
// "/b".
func cutFree(pattern string) (prefix, rest string, ok bool) {
	segments := strings.Split(pattern, "/")
	i := slices.IndexFunc(segments, func(s string) bool { return s == "*" })
	if i < 0 {
		return "", "", false
	}
	return strings.Join(segments[:i], "/"), "/" + strings.Join(segments[i+1:], "/"), true
}

// match returns the most specific rule that matches. If it is a literal, it gets
// what it lacks from the less specific literals, as defu does for Nuxt; what lies
// between them does not count.
func (t *routeTable) match(p string) RouteRule {
	found := t.matches(p)
	if len(found) == 0 {
		return RouteRule{}
	}
	merged := found[len(found)-1]
	if merged.whole {
		return merged
	}
	for _, rule := range slices.Backward(found[:len(found)-1]) {
		if rule.whole {
			continue
		}
		merged.Only = cmp.Or(merged.Only, rule.Only)
		merged.RedirectTo = cmp.Or(merged.RedirectTo, rule.RedirectTo)
		merged.User = rule.User.with(merged.User)
	}
	merged.Only = cmp.Or(merged.Only, "user")
	return merged
}

// with returns m and more, which has the last word.
func (m UserMatch) with(more UserMatch) UserMatch {
	if len(m)+len(more) == 0 {
		return nil
	}
	all := make(UserMatch, len(m)+len(more))
	maps.Copy(all, m)
	maps.Copy(all, more)
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
		if !ok {
			continue
		}
		_, below, _ := strings.Cut(rest, "/")
		rules := t.dynamic[prefix].matches("/" + below)
		if rest == "" {
			// radix3 takes "/*" for "/" too. Here it only ever protects more.
			rules = slices.DeleteFunc(rules, func(r RouteRule) bool { return r.Only == "guest" || r.whole && r.Only == "" })
		}
		found = append(found, rules...)
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
