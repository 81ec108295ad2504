package main

import (
	"bytes"
	"embed"
	"html/template"
	"log"
	"net/http"

	"github.com/lockstep-auth/lockstep"
)

//go:embed pages style.css
var files embed.FS

// maxForm is the largest request that is read, in bytes.
const maxForm = 1 << 20

// A site is the pages of the application.
type site struct {
	auth  *lockstep.Auth
	pages *template.Template // cloned for each request, never executed
}

// newSite returns the application: the pages, and the endpoints of the server for
// whoever also wants to use the official client. Who may see what is decided in
// one place, before any handler runs.
func newSite(auth *lockstep.Auth) http.Handler {
	s := &site{auth, template.Must(template.New("").Funcs(auth.TemplateFuncs(nil)).ParseFS(files, "pages/*.html"))}
	admins := auth.RequireUserSession(lockstep.MatchUser(lockstep.UserMatch{"role": "admin"}))
	mux := http.NewServeMux()
	mux.Handle("/api/auth/", auth)
	mux.Handle("GET /style.css", http.FileServerFS(files))
	mux.HandleFunc("GET /{$}", s.page("home", "Welcome"))
	mux.HandleFunc("GET /sign-up", s.page("sign-up", "Create an account"))
	mux.HandleFunc("POST /sign-up", s.signUp)
	mux.HandleFunc("GET /sign-in", s.page("sign-in", "Sign in"))
	mux.HandleFunc("POST /sign-in", s.signIn)
	mux.Handle("POST /sign-out", auth.SignOut("/?notice=signed-out"))
	mux.HandleFunc("GET /account", s.page("account", "Your account"))
	mux.HandleFunc("POST /account", s.rename)
	mux.Handle("GET /admin", admins(s.page("admin", "Administration")))
	mux.HandleFunc("/", notFound)
	rules := auth.RouteRules(lockstep.Routes{
		Login: "/sign-in", Guest: "/account",
		Rules: map[string]lockstep.RouteRule{
			"/account/**": lockstep.UserOnly(),
			"/admin/**":   lockstep.UserOnly(), // who is signed in but no admin sees "refused"
			"/sign-in":    lockstep.GuestOnly(),
			"/sign-up":    lockstep.GuestOnly(),
		},
	})
	return http.MaxBytesHandler(secure(rules(mux)), maxForm)
}

// secure sets headers that tell browsers what pages without scripts never do.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy",
			"default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// A view is what a page shows besides the user, whom templates ask for themselves.
type view struct {
	Page, Title string
	Next        string // where the forms lead on to, if not to the account
	Notice      string
	Problem     string
	Name, Email string // filled in already; passwords never are
}

// page returns a handler that shows a page.
func (s *site) page(name, title string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.show(w, r, http.StatusOK, view{Page: name, Title: title, Notice: notice(r.FormValue("notice"))})
	}
}

// show writes a page at once, or none if it fails in the middle.
func (s *site) show(w http.ResponseWriter, r *http.Request, status int, v view) {
	v.Next = lockstep.SafeRedirect(r, "")
	t := template.Must(s.pages.Clone()).Funcs(s.auth.TemplateFuncs(r))
	var out bytes.Buffer
	if err := t.ExecuteTemplate(&out, v.Page+".html", v); err != nil {
		log.Println(err) // the database could not say who is signed in
		refused(w, r, http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	out.WriteTo(w)
}

func notFound(w http.ResponseWriter, r *http.Request) { refused(w, r, http.StatusNotFound) }

// refused is the page of those who do not get what they asked for. It needs
// neither the database nor a session: either may be what is wrong.
func refused(w http.ResponseWriter, _ *http.Request, status int) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	t := template.Must(template.ParseFS(files, "pages/refused.html", "pages/frame.html"))
	t.ExecuteTemplate(w, "refused.html", problemOf(status))
}
