// Go-templates is a site whose pages the server renders: sign-up, sign-in, an
// account for users and a page for admins. It needs no JavaScript.
//
//	BETTER_AUTH_SECRET=… go run .                    serves it
//	BETTER_AUTH_SECRET=… go run . ada@example.com    makes this user an admin
package main

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/sqlite"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(args []string) error {
	db, err := sqlite.Open(cmp.Or(os.Getenv("DATABASE"), "auth.db"))
	if err != nil {
		return err
	}
	defer db.Close()
	addr := "localhost:" + cmp.Or(os.Getenv("PORT"), "3000")
	c := config()
	c.BaseURL, c.Secret, c.Store = "http://"+addr, os.Getenv("BETTER_AUTH_SECRET"), db
	auth, err := lockstep.New(c)
	if err != nil {
		return err // every problem of the configuration, one per line
	}
	if err := auth.Migrate(context.Background()); err != nil {
		return err
	}
	if len(args) == 1 {
		return makeAdmin(db, args[0])
	}
	srv := &http.Server{Addr: addr, Handler: newSite(auth), ReadTimeout: 10 * time.Second}
	log.Println("listening on " + c.BaseURL)
	return srv.ListenAndServe()
}

// config is what the program and its test have in common. Users have a role, which
// they are not asked for and cannot change.
func config() lockstep.Config {
	return lockstep.Config{
		EmailAndPassword: lockstep.EmailAndPassword{Enabled: true},
		User: lockstep.UserOptions{TableOptions: lockstep.TableOptions{AdditionalFields: []schema.Field{
			{Name: "role", Required: true, NoInput: true, Default: func() any { return "user" }},
		}}},
		Refused: refused,
	}
}

// makeAdmin gives a user the role that the page for admins asks for.
func makeAdmin(db store.Store, email string) error {
	_, err := db.Apply(context.Background(), store.Batch{Ops: []store.Op{{
		Verb: store.Update, Table: "user", Where: store.Is("email", strings.ToLower(email)), Expect: store.One,
		Set: store.Record{"role": "admin"},
	}}})
	if store.IsGuard(err) {
		return fmt.Errorf("there is no user with the address %s", email)
	}
	return err
}
