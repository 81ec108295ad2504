package lockstep_test

import (
	"context"
	"fmt"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/plugin"
	"github.com/lockstep-auth/lockstep/plugin/genericoauth"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/social"
)

// Users sign in with GitHub, and with a Keycloak of one's own. What GitHub says of
// their company is kept. The callback URLs to register are
// http://localhost:3000/api/auth/callback/github and …/keycloak.
func Example_social() {
	github := social.GitHub(social.GitHubOptions{Options: social.Options{
		ClientID: "Iv1.8a61f9b3a7aba766", ClientSecret: "from GITHUB_CLIENT_SECRET",
		MapProfileToUser: func(_ context.Context, p oauth.Profile) (oauth.Profile, error) {
			said, err := oauth.ParseClaims(p.Data)
			p.Fields = map[string]any{"company": said.Text("company")}
			return p, err
		},
	}})
	keycloak := genericoauth.Keycloak(genericoauth.Options{
		ClientID: "app", ClientSecret: "from KEYCLOAK_CLIENT_SECRET", Issuer: "https://id.example.com/realms/main",
	})
	auth, err := lockstep.New(lockstep.Config{
		BaseURL: "http://localhost:3000",
		Secret:  "0123456789abcdef0123456789abcdef", // lockstep secret
		Social:  []oauth.Provider{github},
		Plugins: []plugin.Plugin{genericoauth.New(keycloak)},
		User:    lockstep.UserOptions{TableOptions: lockstep.TableOptions{AdditionalFields: []schema.Field{{Name: "company"}}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(auth.SocialProviders())
	// Output: [{keycloak Keycloak} {github GitHub}]
}
