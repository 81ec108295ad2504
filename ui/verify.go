package ui

import (
	"maps"
	"net/http"
)

// verified is where the links go on to that verify or change an address.
const (
	verified      = "/verify-email?" + verifiedQuery
	verifiedQuery = "notice=verified"
)

// withVerified adds the address of that page to what an endpoint is sent that
// may mail such a link.
func (v *visit) withVerified(in map[string]any) map[string]any {
	if !v.VerifyEmail {
		return in
	}
	in = maps.Clone(in)
	in["callbackURL"] = verified
	return in
}

// verifyPage says whether the address is verified, and offers another link if
// it is not. Links lead here, with what is wrong with them if something is.
func (v *visit) verifyPage() {
	f, status := new(form), http.StatusOK
	if code := v.r.URL.Query().Get("error"); code != "" {
		f.Problem, status = explainLink(code), http.StatusBadRequest
	}
	v.showVerify(status, f)
}

// showVerify shows the page with what is wrong with f. Whoever is signed in is
// not asked for the address. Of others only the link knows what has come of it.
func (v *visit) showVerify(status int, f *form) {
	l, err := v.freshLogin()
	if err != nil {
		v.fail(err)
		return
	}
	x := view{Page: "verify-email", Title: "Confirm your email address", Form: f}
	f.Action, f.Submit = "/verify-email", "Send me a link"
	done := v.r.URL.RawQuery == verifiedQuery
	switch {
	case l != nil:
		x.User, done = &l.User, l.User.EmailVerified
	case f.Fields == nil:
		f.Fields = verifyFields()
	}
	if done {
		x.Title, x.Wrong, x.Form = "Your email address", f.mistakes(), nil
	}
	v.show(status, x)
}

func verifyFields() []field {
	return []field{
		{Name: "email", Label: "Email address", Type: "email", Autocomplete: "email", Missing: "Enter your email address."},
	}
}

// mailVerification sends a link to the address of whoever is signed in, or else
// to the one that was filled in.
func (v *visit) mailVerification() {
	l, err := v.freshLogin()
	if err != nil {
		v.fail(err)
		return
	}
	f := new(form)
	if l == nil {
		f.Fields = verifyFields()
	}
	if !f.fill(v.r.PostForm) {
		v.showVerify(http.StatusBadRequest, f)
		return
	}
	email := f.get("email")
	if l != nil {
		email = l.User.Email
	}
	err = v.post("/send-verification-email", map[string]any{"email": email, "callbackURL": verified}, nil)
	if err == nil {
		v.redirect(withQuery("/verify-email", "notice", "verify-sent"))
		return
	}
	if status, again := v.formFailed(f, err); again {
		v.showVerify(status, f)
	}
}
