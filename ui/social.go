package ui

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/lockstep-auth/lockstep"
)

// An away is a page that sends the browser on to another service.
type away struct {
	Name string // of the service
	URL  string
}

func (v *visit) signInSocial() {
	err := v.leave("/sign-in/social", map[string]any{
		"callbackURL": lockstep.SafeRedirect(v.r, "/account"), "errorCallbackURL": v.withBack("/sign-in"),
	})
	if err == nil {
		return
	}
	f := v.signInForm()
	if status, again := v.formFailed(f, err); again {
		v.showSignIn(status, f)
	}
}

// signUpSocial is signInSocial for those who say that they have no account yet,
// which some services want to be told.
func (v *visit) signUpSocial() {
	err := v.leave("/sign-in/social", map[string]any{
		"callbackURL": lockstep.SafeRedirect(v.r, "/account"), "errorCallbackURL": v.withBack("/sign-up"), "requestSignUp": true,
	})
	if err == nil {
		return
	}
	f := v.signUpForm()
	if status, again := v.formFailed(f, err); again {
		v.showSignUp(status, f)
	}
}

// leave asks the server for the way to the service that the form names, and sends
// the browser there.
//
// It does so from a page of its own and not with a redirect: where a form may lead,
// Chromium holds every redirect to that follows (CSP Level 3, §6.4.1), and which
// sites the service sends the browser over, such as that of the user's employer,
// nobody can know before.
func (v *visit) leave(endpoint string, in map[string]any) error {
	id := v.r.PostForm.Get("provider")
	in["provider"] = id
	var out struct {
		URL string `json:"url"`
	}
	if err := v.post(endpoint, in, &out); err != nil {
		return err
	}
	u, err := url.Parse(out.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("the address of service %q is not one of the web", id)
	}
	v.w.Header().Set("Refresh", "0;url="+u.String())
	name := v.serviceName(id)
	v.show(http.StatusOK, view{Page: "away", Title: "On to " + name, Unknown: true, Away: &away{name, u.String()}})
	return nil
}

// returned adds to a form why a sign-in with another service, which began on its
// page, was not successful. The service and the server say so in the address of
// the page.
func (v *visit) returned(f *form) *form {
	if code := v.r.URL.Query().Get("error"); code != "" {
		f.Problem = explainReturn(code)
	}
	return f
}

// statusOfReturn is the status of a page with a form that may be returned.
func statusOfReturn(f *form) int {
	if f.Problem != "" {
		return http.StatusBadRequest
	}
	return http.StatusOK
}
