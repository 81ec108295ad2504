package ui

import (
	"maps"
	"net/http"
	"strings"
)

// links passes on to auth what is below the base path, and all else to pages.
func (s *site) links(pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		below, found := strings.CutPrefix(r.URL.EscapedPath(), s.BasePath)
		switch {
		case !found || (below != "" && below[0] != '/'):
			pages.ServeHTTP(w, r)
		case isLink(below) && isNavigation(r):
			s.follow(w, r, "This link did not work", brokenLink)
		case strings.HasPrefix(below, "/callback/") && isNavigation(r):
			s.follow(w, r, "The sign-in did not work", brokenReturn)
		default:
			s.auth.ServeHTTP(w, r)
		}
	})
}

// isLink reports whether a path below the base path is that of a link in a
// mail.
func isLink(below string) bool {
	return below == "/verify-email" || below == "/delete-user/callback" || strings.HasPrefix(below, "/reset-password/")
}

// isNavigation reports whether a person is going to look at the answer, and not
// a program (Fetch Metadata, §2.2; old browsers only say that they take HTML).
func isNavigation(r *http.Request) bool {
	if r.Method != http.MethodGet {
		return false
	}
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// follow answers with a page where the server answers a link, or the way back from
// another service, with an error for programs. Most answers are redirects, and stay
// what they are.
func (s *site) follow(w http.ResponseWriter, r *http.Request, title, unknown string) {
	a := &answer{header: make(http.Header), status: http.StatusOK}
	s.auth.ServeHTTP(a, r)
	if a.status < http.StatusBadRequest {
		maps.Copy(w.Header(), a.header)
		w.WriteHeader(a.status)
		_, _ = a.body.WriteTo(w) // fails if the browser is gone, which needs no more
		return
	}
	relayCookies(w.Header(), a.header)
	secure(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{site: s, w: w, r: r}
		e := a.refusal()
		v.passRetry(e)
		v.problem(e.Status, title, explainOr(e, unknown).text)
	})).ServeHTTP(w, r)
}
