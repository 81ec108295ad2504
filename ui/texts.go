package ui

import (
	"net/http"
	"strconv"
	"strings"
)

// An explanation says to a person what an answer of the server means.
type explanation struct {
	text   string
	fields []string // it is about the first of these that the form has
}

// explain returns the explanation of a refusal. It never shows the text of the
// server, which is for programmers.
func explain(e *refusal) explanation {
	switch e.Status {
	case http.StatusTooManyRequests:
		return explanation{text: "Too many attempts. Try again " + wait(e.RetryAfter) + "."}
	case http.StatusServiceUnavailable:
		return explanation{text: "The service is not available right now. Try again " + wait(e.RetryAfter) + "."}
	}
	if e.Code == "VALIDATION_ERROR" {
		return explainField(e.Message)
	}
	if x, ok := explanations()[e.Code]; ok {
		return x
	}
	return explanation{text: "Something went wrong, and the form was not accepted. Try again later."}
}

// explanations returns what the error codes of these pages' endpoints mean.
func explanations() map[string]explanation {
	email, password, current := []string{"email"}, []string{"newPassword", "password"}, []string{"currentPassword", "password"}
	return map[string]explanation{
		"INVALID_EMAIL":             {"Enter an email address in the form name@example.com.", email},
		"INVALID_EMAIL_OR_PASSWORD": {"The email address or the password is wrong.", nil},
		"EMAIL_NOT_VERIFIED":        {"Confirm your email address first, with the link in the message we sent you.", email},
		"EMAIL_PASSWORD_DISABLED":   {"This server has no sign-in with a password.", nil},
		"FAILED_TO_CREATE_SESSION":  {"You could not be signed in. Try again later.", nil},

		"EMAIL_PASSWORD_SIGN_UP_DISABLED":       {"This server takes no new accounts at the moment.", nil},
		"USER_ALREADY_EXISTS":                   {"There is an account with this email address already. Sign in, or use another address.", email},
		"USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL": {"There is an account with this email address already. Sign in, or use another address.", email},
		"FAILED_TO_CREATE_USER":                 {"The account could not be created. Try again later.", nil},
		"MISSING_FIELD":                         {"This server wants to know more than this page asks. Sign up in the application instead.", nil},

		"PASSWORD_TOO_SHORT": {"This password is too short. Use a longer one.", password},
		"PASSWORD_TOO_LONG":  {"This password is too long. Use a shorter one.", password},
		"INVALID_PASSWORD":   {"This is not your current password.", current},

		"CREDENTIAL_ACCOUNT_NOT_FOUND": {"Your account has no password: you sign in another way.", nil},
		"FAILED_TO_UPDATE_USER":        {"Your change could not be saved. Try again later.", nil},
		"SESSION_EXPIRED":              {"You signed in too long ago for this. Sign out, sign in again, and come back.", nil},
		"SESSION_NOT_FRESH":            {"You signed in too long ago for this. Sign out, sign in again, and come back.", nil},
		"HOST_NOT_ALLOWED":             {"This server is not available under this address.", nil},
	}
}

// explainField explains an input that the server did not accept. Its message
// begins with the name, such as "[body.email]".
func explainField(message string) explanation {
	name, found := strings.CutPrefix(message, "[body.")
	name, _, closed := strings.Cut(name, "]")
	switch {
	case !found || !closed:
		return explanation{text: "Something in the form is not as it has to be. Check what you entered."}
	case name == "email":
		return explanations()["INVALID_EMAIL"]
	}
	return explanation{text: "This server does not accept this. Enter something else.", fields: []string{name}}
}

// isForeign reports whether the server took the form for one of another site.
func isForeign(e *refusal) bool {
	switch e.Code {
	case "INVALID_ORIGIN", "MISSING_OR_NULL_ORIGIN", "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED":
		return true
	}
	return false
}

// wait says how long to wait, from a Retry-After in seconds (RFC 9110
// §10.2.3).
func wait(seconds string) string {
	n, err := strconv.Atoi(seconds)
	switch {
	case err != nil || n < 0:
		return "in a moment"
	case n <= 1:
		return "in a second"
	case n < 120:
		return "in " + strconv.Itoa(n) + " seconds"
	case n < 7200:
		return "in " + strconv.Itoa((n-1)/60+1) + " minutes"
	}
	return "in " + strconv.Itoa((n-1)/3600+1) + " hours"
}

// notice returns what a page says at its top, by a word in its address. Other
// words say nothing: anybody can write an address.
func notice(word string) string {
	switch word {
	case "created":
		return "If there was no account with this email address, there is one now. Sign in to go on."
	case "signed-out":
		return "You are signed out."
	case "ended":
		return "You are not signed in any more. Sign in to go on."
	case "deleted":
		return "Your account is deleted."
	case "name":
		return "Your name is changed."
	case "password":
		return "Your password is changed."
	case "device":
		return "The device is signed out."
	case "others":
		return "All other devices are signed out."
	}
	return ""
}
