package main

import (
	"context"
	"errors"
	"strings"

	lockstep "github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/store"
)

// function sets an option of GitHub that is a function; lib/callbacks.mjs has the
// same. It reports false if there is none of that name.
func function(c *lockstep.Config, name string) bool {
	for i := range c.Social {
		if p := &c.Social[i]; p.ID == "github" {
			switch strings.TrimPrefix(name, "socialProviders.github.") {
			case "mapProfileToUser":
				p.MapProfile = mapped
			case "getUserInfo":
				p.UserInfoURL, p.Profile, p.Complete = "https://github.example/me", described, nil
			case "refreshAccessToken":
				p.RefreshTokens = renewed
			case "verifyIdToken":
				p.IDToken.Verify = verified
			default:
				return false
			}
			return true
		}
	}
	return false
}

// mapped is what the server keeps of a user of GitHub: a name of its own, and
// two fields.
func mapped(_ context.Context, p oauth.Profile) (oauth.Profile, error) {
	told, err := oauth.ParseClaims(p.Data)
	if err != nil {
		return p, err
	}
	p.Name = told.Text("login") + " at GitHub"
	p.Fields = map[string]any{}
	for field, from := range map[string]string{"country": "location", "role": "role"} {
		if told.Has(from) {
			p.Fields[field] = told.Text(from)
		}
	}
	return p, nil
}

// described is a user as the program describes it, from an API of its own.
func described(c oauth.Claims) (oauth.Profile, error) {
	return oauth.Profile{
		Subject: c.Identifier("id"), Name: c.Text("nick"), Email: c.Text("mail"), EmailVerified: c.Flag("checked"),
		Fields: map[string]any{"country": c.Text("land")},
	}, nil
}

// renewed returns new tokens, of which the program makes one up.
func renewed(_ context.Context, _ *oauth.Client, refreshToken string) (oauth.Tokens, error) {
	if refreshToken != "refresh-1" {
		return oauth.Tokens{}, errors.New("the refresh token is another one")
	}
	return oauth.Tokens{AccessToken: "made up", IDToken: "made up too", Scopes: []string{"repo"}}, nil
}

// verified takes an id token that is signed in the program's own way, and asks
// for its user with the access token beside it.
func verified(ctx context.Context, client *oauth.Client, p oauth.Provider, t oauth.IDToken) (oauth.Claims, error) {
	if t.Token != "signed for "+t.Nonce {
		return oauth.Claims{}, errors.New("the token is for something else")
	}
	return client.GetClaims(ctx, oauth.Bearer(p.UserInfoURL, t.AccessToken))
}

// hook makes the hooks around the writes to a table ask the runner whether they
// refuse; name is such as "databaseHooks.user.create.before". It reports false if
// there are none.
func (t *teller) hook(c *lockstep.Config, name string) bool {
	parts := strings.Split(name, ".")
	if len(parts) != 4 || parts[0] != "databaseHooks" {
		return false
	}
	table, ok := map[string]*identity.TableHooks{
		"user": &c.DatabaseHooks.User, "session": &c.DatabaseHooks.Session, "account": &c.DatabaseHooks.Account,
	}[parts[1]]
	if !ok {
		return false
	}
	hook, ok := map[string]*identity.Hook{"create": &table.Create, "update": &table.Update}[parts[2]]
	if !ok {
		return false
	}
	ask := func(ctx context.Context, _ store.Record) error { return t.tell(ctx, told{Name: name}) }
	if parts[3] == "after" {
		hook.After = ask
	} else {
		hook.Before = func(ctx context.Context, row store.Record) (store.Record, error) { return nil, ask(ctx, row) }
	}
	return true
}
