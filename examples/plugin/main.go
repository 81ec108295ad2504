// Plugin adds an endpoint, a table and a hook in one value.
package main

import (
	"cmp"
	"log"
	"net/http"
	"os"
	"strings"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/plugin"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/memory"
)

// Invites lets users invite others, once per address.
func Invites() plugin.Plugin {
	return plugin.Plugin{
		ID: "invites",
		Tables: []schema.Table{{Name: "invite", Fields: []schema.Field{
			{Name: "email", Required: true, Unique: true},
			{Name: "by", Required: true, References: &schema.Reference{Table: "user", Field: "id"}},
		}}},
		Endpoints: []plugin.Endpoint{{
			Method: http.MethodPost, Path: "/invite", Guard: plugin.GuardSession, Handler: plugin.JSON(invite),
		}},
		After: []plugin.Hook{{Path: "/sign-up/email", Run: func(c *plugin.Call) error {
			c.Host.Log.InfoContext(c.Context(), "somebody joined")
			return nil
		}}},
	}
}

type inviteInput struct {
	Email string `json:"email" check:"email"`
}

type inviteOutput struct {
	Email string `json:"email"`
}

func invite(c *plugin.Call, in inviteInput) (*inviteOutput, error) {
	login, err := c.Login()
	if err != nil {
		return nil, err
	}
	email := strings.ToLower(in.Email)
	_, err = c.Host.Identity.Store().Apply(c.Context(), store.Batch{Ops: []store.Op{{
		Verb: store.Create, Table: "invite", Set: store.Record{"email": email, "by": login.User.ID},
	}}})
	if store.IsUnique(err, "invite") {
		return nil, plugin.Errorf(http.StatusConflict, "ALREADY_INVITED", "This address has been invited already.")
	}
	return &inviteOutput{email}, err
}

func main() {
	addr := "localhost:" + cmp.Or(os.Getenv("PORT"), "3000")
	auth, err := lockstep.New(lockstep.Config{
		BaseURL:          "http://" + addr,
		Secret:           os.Getenv("BETTER_AUTH_SECRET"),
		Store:            memory.New(),
		EmailAndPassword: lockstep.EmailAndPassword{Enabled: true},
		Plugins:          []plugin.Plugin{Invites()},
	})
	if err != nil {
		log.Fatal(err)
	}
	log.Println("listening on http://" + addr)
	log.Fatal(http.ListenAndServe(addr, auth))
}
