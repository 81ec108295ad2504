package ui

import (
	"cmp"
	"maps"
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
	return explainOr(e, "Something went wrong, and the form was not accepted. Try again later.")
}

// explainOr is explain with a text for refusals that nothing is known of.
func explainOr(e *refusal, unknown string) explanation {
	switch e.Status {
	case http.StatusTooManyRequests:
		return explanation{text: "Too many attempts. Try again " + wait(e.RetryAfter) + "."}
	case http.StatusServiceUnavailable:
		return explanation{text: "The service is not available right now. Try again " + wait(e.RetryAfter) + "."}
	}
	if e.Code == "VALIDATION_ERROR" {
		return explainField(e.Message)
	}
	if x, ok := explanations()[cmp.Or(e.Code, e.Message)]; ok { // some refusals of the server have no code
		return x
	}
	return explanation{text: unknown}
}

const brokenLink = "Something went wrong. Try again later, or ask for a new link."

// explainLink explains the code with which a link from a mail leads to a page.
func explainLink(code string) string { return explainOr(&refusal{Code: code}, brokenLink).text }

// explanations returns what the error codes of these pages' endpoints mean.
func explanations() map[string]explanation {
	all := accountExplanations()
	maps.Copy(all, linkExplanations())
	return all
}

func accountExplanations() map[string]explanation {
	email, password, current := []string{"email", "newEmail"}, []string{"newPassword", "password"}, []string{"currentPassword", "password"}
	return map[string]explanation{
		"INVALID_EMAIL":             {"Enter an email address in the form name@example.com.", email},
		"INVALID_EMAIL_OR_PASSWORD": {"The email address or the password is wrong.", nil},
		"EMAIL_NOT_VERIFIED":        {"Confirm your email address first, with the link in the message we sent you.", email},
		"EMAIL_PASSWORD_DISABLED":   {"This server has no sign-in with a password.", nil},
		"FAILED_TO_CREATE_SESSION":  {"You could not be signed in. Try again later.", nil},

		"EMAIL_PASSWORD_SIGN_UP_DISABLED": {"This server takes no new accounts at the moment.", nil},
		"USER_ALREADY_EXISTS":             {taken, email},
		"FAILED_TO_CREATE_USER":           {"The account could not be created. Try again later.", nil},
		"MISSING_FIELD":                   {"This server wants to know more than this page asks. Sign up in the application instead.", nil},

		"PASSWORD_TOO_SHORT": {"This password is too short. Use a longer one.", password},
		"PASSWORD_TOO_LONG":  {"This password is too long. Use a shorter one.", password},
		"INVALID_PASSWORD":   {"This is not your current password.", current},

		"PROVIDER_NOT_FOUND":            {"This server does not offer this service. Sign in another way.", nil},
		"ACCOUNT_NOT_FOUND":             {"This is not linked to your account any more.", nil},
		"FAILED_TO_UNLINK_LAST_ACCOUNT": {"This is your only way to sign in, so it cannot be removed.", nil},

		"CREDENTIAL_ACCOUNT_NOT_FOUND": {"Your account has no password: you sign in another way.", nil},
		"FAILED_TO_UPDATE_USER":        {"Your change could not be saved. Try again later.", nil},
		"SESSION_EXPIRED":              {"You signed in too long ago for this. Sign out, sign in again, and come back.", nil},
		"SESSION_NOT_FRESH":            {"You signed in too long ago for this. Sign out, sign in again, and come back.", nil},
		"HOST_NOT_ALLOWED":             {"This server is not available under this address.", nil},

		"Email is the same":              {"This is the address that your account has already.", email},
		"CHANGE_EMAIL_DISABLED":          {"On this server people cannot change their email address themselves.", nil},
		"RESET_PASSWORD_DISABLED":        {"This server cannot send links for a new password. Ask those who run it.", nil},
		"VERIFICATION_EMAIL_NOT_ENABLED": {"This server cannot send links to confirm an address. Ask those who run it.", nil},
		"Verification email isn't enabled": {
			"This server cannot send links to confirm an address. Ask those who run it.", nil,
		},
		"EMAIL_MISMATCH":         {"This is not the address of the account that you are signed in to.", email},
		"EMAIL_ALREADY_VERIFIED": {"Your email address is confirmed already. There is nothing left to do.", nil},
		"INVALID_CALLBACK_URL":   {notTrusted, nil},
		"INVALID_REDIRECT_URL":   {notTrusted, nil},
	}
}

const (
	taken      = "There is an account with this email address already. Sign in, or use another address."
	notTrusted = "The link would lead to an address that this server does not trust."
)

// linkExplanations returns what can be wrong with a link from a mail.
func linkExplanations() map[string]explanation {
	return map[string]explanation{
		"INVALID_TOKEN":        {"This link does not work: it was used already, it is too old, or something is missing from it. Ask for a new one.", nil},
		"TOKEN_EXPIRED":        {"This link is too old. Ask for a new one.", nil},
		"INVALID_USER":         {"This link is for another account than the one that you are signed in to. Sign out, and open it again.", nil},
		"USER_NOT_FOUND":       {"The account that this link is for is gone.", nil},
		"PREFETCH_NOT_ALLOWED": {"The link was not used yet: something looked at it ahead of you. Open it again.", nil},
		"FAILED_TO_GET_USER_INFO": {
			"This link only works where you are signed in. Sign in with this browser, and open the link in the message again.", nil,
		},
		"USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL": {taken, []string{"email"}},
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
	case name == "email" || name == "newEmail":
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
	case "look":
		return "We sent a message to your email address. Open the link in it to go on."
	case "reset-sent":
		return "If there is an account with this email address, a message with a link is on its way to it."
	case "reset":
		return "Your password is changed. Sign in with the new one."
	case "verify-sent":
		return "If the address is not confirmed yet, a message with a link is on its way to it."
	case "verified":
		return "Thank you, the link has worked."
	case "signed-out":
		return "You are signed out."
	case "ended":
		return "You are not signed in any more. Sign in to go on."
	case "delete-sent":
		return "We sent you a message. To delete your account, open the link in it with this browser."
	case "deleted":
		return "Your account is deleted."
	case "name":
		return "Your name is changed."
	case "email-sent":
		return "If no other account has this address, a message with a link is on its way: " +
			"to the address you have now if it is confirmed, otherwise to the new one. Your address changes when the link is opened."
	case "email-changed":
		return "If no other account has this address, it is yours now."
	case "password":
		return "Your password is changed."
	case "device":
		return "The device is signed out."
	case "linked":
		return "The service is linked to your account: from now on you can sign in with it."
	case "unlinked":
		return "This way to sign in is removed from your account."
	case "others":
		return "All other devices are signed out."
	}
	return ""
}
