package ui

import (
	"net/http"

	"github.com/lockstep-auth/lockstep"
)

// welcome is the first page for those who are not signed in. The server leads here
// if a sign-in with another service fails and it does not know where that began.
func (v *visit) welcome() {
	v.forGuests(withQuery("/account", "error", v.r.URL.Query().Get("error")),
		view{Page: "welcome", Title: "Welcome", Form: v.returned(new(form))})
}

func (v *visit) signInPage() {
	v.forGuests(lockstep.SafeRedirect(v.r, "/account"),
		view{Page: "sign-in", Title: "Sign in", Form: v.returned(v.signInForm())})
}

// forGuests shows a page, which has a form, to those who are not signed in and
// sends others on.
func (v *visit) forGuests(elsewhere string, x view) {
	l, err := v.login()
	switch {
	case err != nil:
		v.fail(err)
	case l != nil:
		v.redirect(elsewhere)
	default:
		v.show(statusOfReturn(x.Form), x)
	}
}

func (v *visit) signInForm() *form {
	return &form{Action: v.withBack("/sign-in"), Submit: "Sign in", Fields: []field{
		{Name: "email", Label: "Email address", Type: "email", Autocomplete: "email", Missing: "Enter your email address."},
		{
			Name: "password", Label: "Password", Type: "password", Autocomplete: "current-password",
			Missing: "Enter your password.",
		},
		{
			Name: "rememberMe", Label: "Keep me signed in", Type: "checkbox", Checked: true,
			Hint: "Leave this off on a device that others use: closing the browser then signs you out.",
		},
	}}
}

func (v *visit) signIn() {
	f := v.signInForm()
	if !f.fill(v.r.PostForm) {
		v.showSignIn(http.StatusBadRequest, f)
		return
	}
	err := v.post("/sign-in/email", v.withVerified(map[string]any{
		"email": f.get("email"), "password": f.get("password"), "rememberMe": f.checked("rememberMe"),
	}), nil)
	if err == nil {
		v.redirect(lockstep.SafeRedirect(v.r, "/account"))
		return
	}
	if status, again := v.formFailed(f, err); again {
		v.showSignIn(status, f)
	}
}

func (v *visit) showSignIn(status int, f *form) {
	v.show(status, view{Page: "sign-in", Title: "Sign in", Form: f})
}

// signOut ends the session. Those who were on the way to a page, such as one
// that wants a fresh session, sign in next.
func (v *visit) signOut() {
	if err := v.post("/sign-out", map[string]any{}, nil); err != nil {
		v.fail(err)
		return
	}
	if v.back() != "" {
		v.redirect(v.withBack("/sign-in"))
		return
	}
	v.redirect(withQuery("/", "notice", "signed-out"))
}
