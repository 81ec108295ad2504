package main

import (
	"net/http"

	"github.com/lockstep-auth/lockstep"
)

// The forms below are sent to the endpoints that every client uses. So what the
// server checks of its clients holds for the forms as well: how often they try,
// and that no other site sends them.

func (s *site) signUp(w http.ResponseWriter, r *http.Request) {
	_, err := s.auth.Submit(w, r, "/sign-up/email", map[string]any{
		"name": r.PostFormValue("name"), "email": r.PostFormValue("email"), "password": r.PostFormValue("password"),
	})
	if err != nil {
		s.again(w, r, err, view{Page: "sign-up", Title: "Create an account"})
		return
	}
	http.Redirect(w, r, lockstep.SafeRedirect(r, "/account"), http.StatusSeeOther)
}

func (s *site) signIn(w http.ResponseWriter, r *http.Request) {
	_, err := s.auth.Submit(w, r, "/sign-in/email", map[string]any{
		"email": r.PostFormValue("email"), "password": r.PostFormValue("password"),
		"rememberMe": r.PostFormValue("remember") != "",
	})
	if err != nil {
		s.again(w, r, err, view{Page: "sign-in", Title: "Sign in"})
		return
	}
	http.Redirect(w, r, lockstep.SafeRedirect(r, "/account"), http.StatusSeeOther)
}

func (s *site) rename(w http.ResponseWriter, r *http.Request) {
	if _, err := s.auth.Submit(w, r, "/update-user", map[string]any{"name": r.PostFormValue("name")}); err != nil {
		s.again(w, r, err, view{Page: "account", Title: "Your account"})
		return
	}
	http.Redirect(w, r, "/account?notice=renamed", http.StatusSeeOther)
}

// again shows the page of a form that was refused, with the reason and what was
// filled in.
func (s *site) again(w http.ResponseWriter, r *http.Request, err error, v view) {
	status, problem := explain(err)
	v.Problem, v.Name, v.Email = problem, r.PostFormValue("name"), r.PostFormValue("email")
	s.show(w, r, status, v)
}
