package social

import (
	"cmp"
	"context"
	"slices"

	"github.com/lockstep-auth/lockstep/oauth"
)

// GitHubOptions are the options of GitHub. For GitHub Enterprise Server, set the
// three endpoints to those of the server; the addresses are then looked up below
// UserInfoEndpoint.
type GitHubOptions struct {
	Options

	// UserEmailsEndpoint lists the user's addresses. Defaults to the user info
	// endpoint with "/emails".
	UserEmailsEndpoint string `option:"userEmailsEndpoint"`
}

// GitHub signs users in with GitHub. The user's addresses come from a second API
// (ExtraURL), which alone says whether they are verified.
//
// https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
func GitHub(o GitHubOptions) oauth.Provider {
	p := o.apply(oauth.Provider{
		ID:          "github",
		Name:        "GitHub",
		AuthURL:     "https://github.com/login/oauth/authorize",
		TokenURL:    "https://github.com/login/oauth/access_token",
		UserInfoURL: "https://api.github.com/user",
		Scopes:      []string{"read:user", "user:email"},
		LoginHint:   true,
		Prompt:      o.Prompt,
		Profile:     githubProfile,
		Complete:    githubEmail,
	})
	p.ExtraURL = cmp.Or(o.UserEmailsEndpoint, p.UserInfoURL+"/emails")
	return p
}

func githubProfile(c oauth.Claims) (oauth.Profile, error) {
	return oauth.Profile{
		Subject: c.Identifier("id"),
		Name:    c.FirstText("name", "login"),
		Email:   c.Text("email"),
		Image:   c.Text("avatar_url"),
	}, nil
}

// githubEmail finds the primary address of users who do not show one, and
// whether the address is verified. Without an answer it is not.
func githubEmail(ctx context.Context, l oauth.Lookup, p *oauth.Profile) error {
	body, err := l.Client.Do(ctx, oauth.Bearer(l.Provider.ExtraURL, l.Tokens.AccessToken))
	if err != nil {
		return ctx.Err()
	}
	emails, err := oauth.ParseClaimsList(body)
	if err != nil || len(emails) == 0 {
		return nil //nolint:nilerr // no answer: not verified
	}
	if p.Email == "" {
		primary := max(0, slices.IndexFunc(emails, func(e oauth.Claims) bool { return e.Flag("primary") }))
		p.Email = emails[primary].Text("email")
		p.Data = l.Claims.With("email", p.Email).JSON()
	}
	p.EmailVerified = slices.ContainsFunc(emails, func(e oauth.Claims) bool {
		return e.Text("email") == p.Email && e.Flag("verified")
	})
	return nil
}
