package main

import (
	"errors"
	"log"
	"net/http"

	"github.com/lockstep-auth/lockstep/plugin"
)

// explain returns the status of a page that shows a form again, and says to a
// person why. Codes are for programs, and messages for programmers.
func explain(err error) (status int, text string) {
	e, ok := errors.AsType[*plugin.Error](err)
	if !ok {
		log.Println(err)
		return http.StatusInternalServerError, "Something went wrong here. Please try again later."
	}
	switch e.Code {
	case "INVALID_EMAIL_OR_PASSWORD":
		return e.Status, "The email address or the password is wrong."
	case "INVALID_EMAIL", "VALIDATION_ERROR":
		return e.Status, "Fill in the form, with an email address such as ada@example.com."
	case "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL":
		return e.Status, "There is an account with this email address already. Sign in, or use another address."
	case "PASSWORD_TOO_SHORT":
		return e.Status, "This password is too short: use 8 characters or more."
	case "PASSWORD_TOO_LONG":
		return e.Status, "This password is too long: use 128 characters or fewer."
	case "INVALID_ORIGIN", "MISSING_OR_NULL_ORIGIN":
		return e.Status, "The form did not come from this site. Go back, reload the page and send it again."
	}
	switch e.Status {
	case http.StatusTooManyRequests:
		return e.Status, "That was tried too often. Wait a minute, and try again."
	case http.StatusServiceUnavailable:
		return e.Status, "Sign-in is not available at the moment. Nothing was changed: please try again."
	}
	log.Println(err)
	return e.Status, "That was not accepted. Check what you filled in, and try again."
}

// notice is what a page says at its top, by a word in its address. Other words say
// nothing: anybody can write an address.
func notice(word string) string {
	switch word {
	case "signed-out":
		return "You are signed out."
	case "renamed":
		return "Your name is changed."
	}
	return ""
}

// A problem is what the page "refused" says.
type problem struct{ Title, Text string }

func problemOf(status int) problem {
	switch status {
	case http.StatusNotFound:
		return problem{"Page not found", "There is nothing at this address."}
	case http.StatusUnauthorized:
		return problem{"Please sign in", "This page is for those who are signed in."}
	case http.StatusForbidden:
		return problem{"Not for you", "Your account may not see this page. An administrator can change that."}
	case http.StatusServiceUnavailable:
		return problem{"Not available at the moment", "You are still signed in as before. Please try again in a moment."}
	}
	return problem{"That did not work", http.StatusText(status)}
}
