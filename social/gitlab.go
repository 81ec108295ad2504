package social

import (
	"cmp"
	"errors"
	"strings"

	"github.com/lockstep-auth/lockstep/oauth"
)

// GitLabOptions are the options of GitLab.
type GitLabOptions struct {
	Options

	// Issuer is the URL of an installation. Defaults to https://gitlab.com.
	Issuer string `option:"issuer"`
}

// GitLab signs users in with GitLab. Blocked and locked users are refused.
//
// https://docs.gitlab.com/api/oauth2/
func GitLab(o GitLabOptions) oauth.Provider {
	issuer := strings.TrimRight(cmp.Or(o.Issuer, "https://gitlab.com"), "/")
	return o.apply(oauth.Provider{
		ID:          "gitlab",
		Name:        "Gitlab",
		AuthURL:     issuer + "/oauth/authorize",
		TokenURL:    issuer + "/oauth/token",
		UserInfoURL: issuer + "/api/v4/user",
		Scopes:      []string{"read_user"},
		LoginHint:   true,
		Profile:     gitlabProfile,
	})
}

func gitlabProfile(c oauth.Claims) (oauth.Profile, error) {
	if c.Text("state") != "active" || c.Has("locked") && string(c.Raw("locked")) != "false" {
		return oauth.Profile{}, errors.New("the user is blocked or locked")
	}
	return oauth.Profile{
		Subject:       c.Identifier("id"),
		Name:          c.FirstText("name", "username"),
		Email:         c.Text("email"),
		EmailVerified: c.Flag("email_verified"),
		Image:         c.Text("avatar_url"),
	}, nil
}
