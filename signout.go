package lockstep

import (
	"net/http"
	"strings"

	"github.com/lockstep-auth/lockstep/internal/cookie"
)

// SignOut returns a handler for the sign-out form of a page without JavaScript:
//
//	http.Handle("POST /sign-out", a.SignOut("/"))
//
//	<form method="post" action="/sign-out"><button>Sign out</button></form>
//
// It is an ordinary client of the endpoint /sign-out and passes its checks, so
// that another site cannot sign a user out. It then sends the browser to the
// path to.
func (a *Auth) SignOut(to string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "Sign out with a form (POST).", http.StatusMethodNotAllowed)
			return
		}
		base, err := a.pipeline.Locate(r)
		if err != nil {
			http.Error(w, "This host is not served here.", http.StatusMisdirectedRequest)
			return
		}
		if a.pipeline.CheckSite(r, "/sign-out") != nil { // the endpoint looks at requests with cookies only
			http.Error(w, "You could not be signed out. Please go back and try again.", http.StatusForbidden)
			return
		}
		call := r.Clone(r.Context())
		call.URL.Path, call.URL.RawPath, call.URL.RawQuery = base.Path+"/sign-out", "", ""
		call.Header.Del("Content-Type")
		call.Body, call.ContentLength = http.NoBody, 0
		answer := &answer{header: make(http.Header), status: http.StatusOK}
		a.ServeHTTP(answer, call)
		cookie.WriteLines(w.Header(), answer.header["Set-Cookie"])
		w.Header().Set("Cache-Control", "private, no-store")
		if answer.status != http.StatusOK {
			http.Error(w, "You could not be signed out. Please go back and try again.", answer.status)
			return
		}
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusSeeOther)
	})
}

// An answer keeps what an endpoint writes.
type answer struct {
	header http.Header
	status int
	body   strings.Builder
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) { a.status = status }

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }
