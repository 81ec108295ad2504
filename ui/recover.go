package ui

import "net/http"

// forgotPage asks for the address to send a link to, for a new password. Those
// who are signed in may ask as well: they may not know their password either.
func (v *visit) forgotPage() { v.showForgot(http.StatusOK, v.forgotForm()) }

func (v *visit) forgotForm() *form {
	return &form{Action: "/forgot-password", Submit: "Send me a link", Fields: []field{
		{Name: "email", Label: "Email address", Type: "email", Autocomplete: "email", Missing: "Enter your email address."},
	}}
}

func (v *visit) showForgot(status int, f *form) {
	v.showToAll(status, view{Page: "forgot-password", Title: "Forgotten password", Form: f})
}

func (v *visit) forgot() {
	f := v.forgotForm()
	if !f.fill(v.r.PostForm) {
		v.showForgot(http.StatusBadRequest, f)
		return
	}
	err := v.post("/request-password-reset", map[string]any{"email": f.get("email"), "redirectTo": "/reset-password"}, nil)
	if err == nil {
		v.redirect(withQuery("/forgot-password", "notice", "reset-sent"))
		return
	}
	if status, again := v.formFailed(f, err); again {
		v.showForgot(status, f)
	}
}

// resetPage is where a link from a mail leads: with the token that changes the
// password, or with what is wrong with the link.
func (v *visit) resetPage() {
	q := v.r.URL.Query()
	switch {
	case q.Get("error") != "":
		f := v.forgotForm()
		f.Problem = explainLink(q.Get("error"))
		v.showForgot(http.StatusBadRequest, f)
	case q.Get("token") != "":
		v.showReset(http.StatusOK, v.resetForm(q.Get("token")))
	default:
		v.redirect("/forgot-password")
	}
}

func (v *visit) resetForm(token string) *form {
	return &form{Action: "/reset-password", Submit: "Set password", Fields: []field{
		{Name: "token", Type: "carried", Value: token},
		v.newPassword("newPassword", "New password"),
	}}
}

func (v *visit) showReset(status int, f *form) {
	v.showToAll(status, view{Page: "reset-password", Title: "Choose a new password", Form: f})
}

func (v *visit) reset() {
	f := v.resetForm("")
	if !f.fill(v.r.PostForm) {
		v.showReset(http.StatusBadRequest, f)
		return
	}
	err := v.post("/reset-password", map[string]any{"newPassword": f.get("newPassword"), "token": f.get("token")}, nil)
	if err == nil {
		v.redirect(withQuery("/sign-in", "notice", "reset"))
		return
	}
	if status, again := v.formFailed(f, err); again {
		v.showReset(status, f)
	}
}

// showToAll shows a page to those who are signed in and to others.
func (v *visit) showToAll(status int, x view) {
	l, err := v.login()
	if err != nil {
		v.fail(err)
		return
	}
	if l != nil {
		x.User = &l.User
	}
	v.show(status, x)
}
