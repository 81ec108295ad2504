package ui

import (
	"slices"
	"time"

	"github.com/lockstep-auth/lockstep"
)

// passwordMethod is the id of the "service" of users with a password.
const passwordMethod = "credential"

// A method is a way to sign in that a user has.
type method struct {
	ID         string // of the account at the server
	Name       string
	Since      moment
	IsPassword bool
}

// listMethods fills in the ways to sign in. It reports false if it has answered. A
// server without other services is not asked: there is one way.
func (v *visit) listMethods(a *account) bool {
	if len(v.Social) == 0 {
		return true
	}
	var list []struct {
		ID         string    `json:"id"`
		ProviderID string    `json:"providerId"`
		CreatedAt  time.Time `json:"createdAt"`
	}
	if err := v.get("/list-accounts", &list); err != nil {
		v.fail(err)
		return false
	}
	has := make(map[string]bool)
	for _, x := range list {
		has[x.ProviderID] = true
		a.Methods = append(a.Methods, method{
			ID: x.ID, Name: v.serviceName(x.ProviderID), Since: moment{x.CreatedAt}, IsPassword: x.ProviderID == passwordMethod,
		})
	}
	slices.SortStableFunc(a.Methods, func(x, y method) int { return x.Since.Compare(y.Since.Time) })
	a.NoPassword = !has[passwordMethod]
	for _, p := range v.Social {
		if !v.DisableLinking && !has[p.ID] {
			a.Links = append(a.Links, p)
		}
	}
	return true
}

// serviceName is what people call a service.
func (v *visit) serviceName(id string) string {
	if id == passwordMethod {
		return "Password"
	}
	i := slices.IndexFunc(v.Social, func(p lockstep.SocialProvider) bool { return p.ID == id })
	if i < 0 {
		return id
	}
	return v.Social[i].Name
}

// linkMethod adds a service to the account, if its user comes back and is let.
func (v *visit) linkMethod() {
	err := v.leave("/link-social", map[string]any{
		"callbackURL": withQuery("/account", "notice", "linked"), "errorCallbackURL": "/account",
	})
	if err == nil {
		return
	}
	f := new(form)
	if status, again := v.formFailed(f, err); again {
		v.showAccount(status, f)
	}
}

func (v *visit) unlinkMethod() {
	v.submit(new(form), "unlinked", func() error {
		return v.post("/unlink-account", map[string]any{"accountId": v.r.PostForm.Get("id")}, nil)
	})
}
