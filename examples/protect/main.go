// Protect holds a whole application to route rules, in the grammar of Nuxt, and
// renders a page for the user.
package main

import (
	"cmp"
	"html/template"
	"log"
	"net/http"
	"os"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/store/memory"
)

const page = `<!DOCTYPE html>
<title>Example</title>
{{if loggedIn}}
<p>Hello, {{user.Name}}.</p>
<form method="post" action="/sign-out"><button>Sign out</button></form>
{{else}}
<p>You are not signed in.</p>
{{end}}
<script>window.session = {{hydration}}</script>
`

func main() {
	addr := "localhost:" + cmp.Or(os.Getenv("PORT"), "3000")
	auth, err := lockstep.New(lockstep.Config{
		BaseURL:          "http://" + addr,
		Secret:           os.Getenv("BETTER_AUTH_SECRET"),
		Store:            memory.New(),
		EmailAndPassword: lockstep.EmailAndPassword{Enabled: true},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/api/auth/", auth)
	mux.Handle("/sign-out", auth.SignOut("/"))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		t, err := template.New("page").Funcs(auth.TemplateFuncs(r)).Parse(page)
		if err != nil {
			http.Error(w, "template", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if err := t.Execute(w, nil); err != nil {
			log.Println(err)
		}
	})
	rules := auth.RouteRules(lockstep.Routes{Rules: map[string]lockstep.RouteRule{
		"/app/**":   lockstep.UserOnly(),
		"/admin/**": {Only: "user", User: lockstep.UserMatch{"emailVerified": true}},
		"/login":    lockstep.GuestOnly(),
	}})
	log.Println("listening on http://" + addr)
	log.Fatal(http.ListenAndServe(addr, rules(mux)))
}
