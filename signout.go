package lockstep

import "net/http"

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
		_, err := a.Submit(w, r, "/sign-out", nil)
		switch status := statusOf(err); {
		case err == nil:
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusSeeOther)
		case status == http.StatusMisdirectedRequest:
			http.Error(w, "This host is not served here.", status)
		default:
			http.Error(w, "You could not be signed out. Please go back and try again.", status)
		}
	})
}
