package ui

import (
	"fmt"
	"net/http"

	"github.com/lockstep-auth/lockstep"
)

func (v *visit) signUpPage() {
	if v.DisableSignUp {
		v.problem(http.StatusNotFound, "No new accounts", explanations()["EMAIL_PASSWORD_SIGN_UP_DISABLED"].text)
		return
	}
	v.forGuests(lockstep.SafeRedirect(v.r, "/account"),
		view{Page: "sign-up", Title: "Create an account", Form: v.returned(v.signUpForm())})
}

func (v *visit) signUpForm() *form {
	return &form{Action: v.withBack("/sign-up"), Submit: "Create account", Fields: []field{
		{Name: "name", Label: "Name", Type: "text", Autocomplete: "name", Missing: "Enter your name."},
		{Name: "email", Label: "Email address", Type: "email", Autocomplete: "email", Missing: "Enter your email address."},
		v.newPassword("password", "Password"),
	}}
}

// newPassword is the field for a password that is being chosen.
func (v *visit) newPassword(name, label string) field {
	return field{
		Name: name, Label: label, Type: "password", Autocomplete: "new-password", Missing: "Choose a password.",
		Hint: fmt.Sprintf("%d to %d characters. Several words make a good one.", v.MinPasswordLength, v.MaxPasswordLength),
	}
}

func (v *visit) signUp() {
	f := v.signUpForm()
	if !f.fill(v.r.PostForm) {
		v.showSignUp(http.StatusBadRequest, f)
		return
	}
	var created struct {
		Token *string `json:"token"` // of the session, if there is one
	}
	err := v.post("/sign-up/email", v.withVerified(map[string]any{
		"name": f.get("name"), "email": f.get("email"), "password": f.get("password"),
	}), &created)
	switch {
	case err == nil && created.Token != nil:
		v.redirect(lockstep.SafeRedirect(v.r, "/account"))
	case err == nil && v.VerifyEmail && v.VerifyFirst:
		v.redirect(withQuery("/verify-email", "notice", "look"))
	case err == nil:
		v.redirect(withQuery("/sign-in", "redirect", v.back(), "notice", "created"))
	default:
		if status, again := v.formFailed(f, err); again {
			v.showSignUp(status, f)
		}
	}
}

func (v *visit) showSignUp(status int, f *form) {
	v.show(status, view{Page: "sign-up", Title: "Create an account", Form: f})
}
