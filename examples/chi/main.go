// Chi is a JSON API on the router chi, for a front end on another origin: public
// routes, routes for users and routes for some of them. The front end signs its
// users in with the official client of Better Auth.
package main

import (
	"cmp"
	"context"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/cors"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/store/sqlite"
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	db, err := sqlite.Open(cmp.Or(os.Getenv("DATABASE"), "auth.db"))
	if err != nil {
		return err
	}
	defer db.Close()
	addr := "localhost:" + cmp.Or(os.Getenv("PORT"), "3000")
	frontEnd := cmp.Or(os.Getenv("FRONT_END"), "http://localhost:5173")
	auth, err := lockstep.New(lockstep.Config{
		BaseURL:          "http://" + addr,
		Secret:           os.Getenv("BETTER_AUTH_SECRET"),
		Store:            db,
		TrustedOrigins:   []string{frontEnd},
		EmailAndPassword: lockstep.EmailAndPassword{Enabled: true},
	})
	if err != nil {
		return err
	}
	if err := auth.Migrate(context.Background()); err != nil {
		return err
	}
	h, err := newRouter(auth, frontEnd)
	if err != nil {
		return err
	}
	log.Println("listening on http://" + addr)
	return (&http.Server{Addr: addr, Handler: h, ReadTimeout: 10 * time.Second}).ListenAndServe()
}

// newRouter returns the endpoints of the server, and the API beside them. The
// endpoints answer the front end's preflight requests themselves and check where
// requests come from. The API has cors and sameSites for that.
func newRouter(auth *lockstep.Auth, frontEnd string) (http.Handler, error) {
	api, err := newAPI(auth, frontEnd)
	if err != nil {
		return nil, err
	}
	r := chi.NewRouter()
	r.Use(middleware.Recoverer)
	r.Mount("/api/auth", auth)
	r.Mount("/", api)
	return r, nil
}

func newAPI(auth *lockstep.Auth, frontEnd string) (http.Handler, error) {
	sameSites := http.NewCrossOriginProtection()
	if err := sameSites.AddTrustedOrigin(frontEnd); err != nil {
		return nil, err
	}
	n := &notes{list: make(map[string][]string)}
	r := chi.NewRouter()
	r.Use(cors.Handler(cors.Options{ // of the whole router: a group sees no preflight requests
		AllowedOrigins: []string{frontEnd}, AllowCredentials: true, AllowedHeaders: []string{"Content-Type"},
		AllowedMethods: []string{http.MethodGet, http.MethodPost}, MaxAge: 600,
	}), sameSites.Handler, middleware.RequestSize(maxBody))
	r.Get("/", hello)
	r.Group(func(r chi.Router) {
		r.Use(auth.RequireUserSession()) // 401 for everybody else
		r.Get("/me", me)
		r.Get("/notes", n.get)
		r.Post("/notes", n.add)
	})
	r.Group(func(r chi.Router) {
		r.Use(auth.RequireUserSession(lockstep.MatchUser(lockstep.UserMatch{"emailVerified": true}))) // 403 for other users
		r.Get("/reports", reports)
	})
	return r, nil
}
