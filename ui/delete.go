package ui

import "net/http"

// deletePage asks whether the account really is to be deleted.
func (v *visit) deletePage() { v.showDelete(http.StatusOK, nil) }

func (v *visit) deleteForm(email string) *form {
	if v.DeleteByMail {
		return &form{Action: "/account/delete", Submit: "Send me a link to delete it", Danger: true}
	}
	f := &form{Action: "/account/delete", Submit: "Delete my account", Danger: true}
	if !v.DisablePassword {
		f.Fields = []field{
			usernameField(email),
			{
				Name: "password", Label: "Password", Type: "password", Autocomplete: "current-password",
				Missing: "Enter your password.",
			},
		}
	}
	return f
}

// showDelete shows the page, with a form that failed if there is one.
func (v *visit) showDelete(status int, failed *form) {
	l, err := v.login()
	if err != nil {
		v.fail(err)
		return
	}
	if l == nil {
		v.redirect(withQuery("/sign-in", "redirect", "/account/delete"))
		return
	}
	f := failed
	if f == nil {
		f = v.deleteForm(l.User.Email)
	}
	v.show(status, view{Page: "delete", Title: "Delete your account", User: &l.User, Form: f})
}

// deleteAccount asks for the password, unless the server sends a link or has no
// passwords. The server would do without either while a session is fresh, but
// whoever finds a browser open must not be able to destroy what is in the account.
func (v *visit) deleteAccount() {
	f := v.deleteForm("")
	if !f.fill(v.r.PostForm) {
		v.showDelete(http.StatusBadRequest, f)
		return
	}
	deleted := withQuery("/", "notice", "deleted")
	in := map[string]any{"callbackURL": deleted}
	if f.field("password") != nil {
		in = map[string]any{"password": f.get("password")}
	}
	var out struct {
		Message string `json:"message"`
	}
	err := v.post("/delete-user", in, &out)
	switch {
	case err == nil && out.Message == "User deleted":
		v.redirect(deleted)
		return
	case err == nil: // whatever DeleteByMail says, the server has sent a link
		v.redirect(withQuery("/account/delete", "notice", "delete-sent"))
		return
	}
	if status, again := v.formFailed(f, err); again {
		if status == http.StatusNotFound && f.Problem != "" {
			f.Problem = "On this server people cannot delete their account themselves."
		}
		v.showDelete(status, f)
	}
}
