package core

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/plugin"
)

// logoutTimeout is how long a sign-out waits for a service to say where it wants
// the browser to sign out. The session here has ended by then.
const logoutTimeout = 3 * time.Second

func (c *core) signOut() plugin.Plugin {
	return plugin.Plugin{ID: "sign-out", Endpoints: []plugin.Endpoint{{
		Method: http.MethodPost, Path: "/sign-out", Handler: plugin.JSON(c.endSession),
	}}}
}

type signOutInput struct {
	CallbackURL     *string `json:"callbackURL"`
	DisableRedirect *bool   `json:"disableRedirect"`
	State           *string `json:"state"`
}

type signOutOutput struct {
	Success  bool   `json:"success"`
	URL      string `json:"url,omitempty"`
	Redirect *bool  `json:"redirect,omitempty"`
}

// endSession ends the session, and says where to sign out of the service that the
// user has signed in with last, if it wants that. Upstream clears the cookies even
// if the database cannot end it; here the client is told, since its session would
// live on.
func (c *core) endSession(call *plugin.Call, in *signOutInput) (*signOutOutput, error) {
	in = cmp.Or(in, &signOutInput{})
	var accounts []*identity.Account
	if token, ok := call.SessionToken(); ok {
		if slices.ContainsFunc(c.Social.Providers, func(p plugin.Provider) bool { return p.Logout != nil }) {
			var err error
			if accounts, err = call.Host.Identity.FindSessionAccounts(call.Context(), token); err != nil {
				return nil, err
			}
		}
		err := call.Host.Identity.EndSession(call.Context(), token)
		if err != nil && !errors.Is(err, identity.ErrRefused) { // a hook may keep the row
			return nil, err
		}
	}
	call.ForgetSession()
	out := &signOutOutput{Success: true}
	if out.URL = c.logoutURL(call, accounts, in); out.URL != "" {
		out.Redirect = new(!deref(in.DisableRedirect))
		if *out.Redirect {
			call.SetHeader("Location", out.URL)
		}
	}
	return out, nil
}

// logoutURL returns where the first of the services signs out, newest account
// first, or "".
func (c *core) logoutURL(call *plugin.Call, accounts []*identity.Account, in *signOutInput) string {
	slices.SortStableFunc(accounts, func(a, b *identity.Account) int { return b.UpdatedAt.Compare(a.UpdatedAt) })
	ctx, cancel := context.WithTimeout(call.Context(), logoutTimeout)
	defer cancel()
	asked := make(map[string]bool)
	for _, a := range accounts {
		i := slices.IndexFunc(c.Social.Providers, func(p plugin.Provider) bool { return p.ID == a.ProviderID })
		if i < 0 || c.Social.Providers[i].Logout == nil || asked[a.ProviderID] {
			continue
		}
		asked[a.ProviderID] = true
		url, err := c.Social.Providers[i].Logout(ctx, c.Social.Client, plugin.Logout{
			IDToken: string(a.IDToken), CallbackURL: absolute(call, deref(in.CallbackURL)), State: deref(in.State), BaseURL: call.BaseURL,
		})
		if err != nil {
			call.Host.Log.WarnContext(ctx, "no logout at a provider", "provider", a.ProviderID, "err", err)
		}
		if url != "" && err == nil {
			return url
		}
	}
	return ""
}

// absolute returns a trusted callback URL with its origin.
func absolute(call *plugin.Call, url string) string {
	if strings.HasPrefix(url, "/") {
		return call.Origin + url
	}
	return url
}
