package social

import (
	"net/http"

	"github.com/lockstep-auth/lockstep/oauth"
)

// linearQuery is the body of the request for the user.
const linearQuery = `{"query":"query { viewer { id name email avatarUrl active createdAt updatedAt } }"}`

// Linear signs users in with Linear, whose API is GraphQL.
//
// https://linear.app/developers/oauth-2-0-authentication
func Linear(o Options) oauth.Provider {
	return o.apply(oauth.Provider{
		ID:          "linear",
		Name:        "Linear",
		AuthURL:     "https://linear.app/oauth/authorize",
		TokenURL:    "https://api.linear.app/oauth/token",
		UserInfoURL: "https://api.linear.app/graphql",
		Scopes:      []string{"read"},
		NoPKCE:      true,
		LoginHint:   true,
		UserInfoRequest: func(l oauth.Lookup) (oauth.Request, error) {
			r := oauth.Bearer(l.Provider.UserInfoURL, l.Tokens.AccessToken)
			r.Method, r.Body = http.MethodPost, linearQuery
			r.Header["Content-Type"] = "application/json"
			return r, nil
		},
		Profile: linearProfile,
	})
}

func linearProfile(c oauth.Claims) (oauth.Profile, error) {
	u := c.Object("data").Object("viewer")
	return oauth.Profile{
		Subject: u.Identifier("id"),
		Name:    u.Text("name"),
		Email:   u.Text("email"),
		Image:   u.Text("avatarUrl"),
		Data:    u.JSON(),
	}, nil
}
