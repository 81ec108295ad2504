// Server is the smallest server: e-mail and password on an SQLite file, and one
// page that only signed-in users see.
package main

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/store/sqlite"
)

func main() {
	addr := "localhost:" + cmp.Or(os.Getenv("PORT"), "3000")
	db, err := sqlite.Open(cmp.Or(os.Getenv("DATABASE"), "auth.db"))
	if err != nil {
		log.Fatal(err)
	}
	auth, err := lockstep.New(lockstep.Config{
		BaseURL:          "http://" + addr,
		Secret:           os.Getenv("BETTER_AUTH_SECRET"),
		Store:            db,
		EmailAndPassword: lockstep.EmailAndPassword{Enabled: true},
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := auth.Migrate(context.Background()); err != nil {
		log.Fatal(err)
	}
	http.Handle("/api/auth/", auth)
	http.Handle("/", auth.RequireUserSession()(http.HandlerFunc(hello)))
	log.Println("listening on http://" + addr)
	log.Fatal(http.ListenAndServe(addr, nil))
}

func hello(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "Hello, %s\n", lockstep.SessionFrom(r.Context()).User.Name)
}
