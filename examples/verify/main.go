// Verify is another service behind the same domain: it knows the secret, and
// reads the session from the cookie without asking the server or its database.
package main

import (
	"cmp"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/lockstep-auth/lockstep"
)

func main() {
	verifier, err := lockstep.NewVerifier(lockstep.VerifierConfig{
		Secret:   os.Getenv("BETTER_AUTH_SECRET"),
		Strategy: "jwe", // as session.cookieCache.strategy of the server
	})
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		session, err := verifier.Session(r)
		if err != nil {
			http.Error(w, "You are not signed in.", http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(w, "Hello, %s\n", session.User.Name)
	})
	addr := "localhost:" + cmp.Or(os.Getenv("PORT"), "3001")
	log.Println("listening on http://" + addr)
	log.Fatal(http.ListenAndServe(addr, nil))
}
