package ui

import "cmp"

const brokenReturn = "The sign-in with the other service did not work. Try again, or sign in another way."

// explainReturn explains the code with which a sign-in with another service comes
// back. The server makes some of the codes and the service others; the description
// that comes with them is for programmers, and anybody can write an address.
func explainReturn(code string) string {
	return cmp.Or(ofServer(code), ofService(code), explanations()[code].text, brokenReturn)
}

// ofServer explains the codes of the server (upstream: oauth2/errors.ts, state.ts,
// oauth2/link-account.ts, api/routes/callback.ts), or returns nothing.
func ofServer(code string) string {
	switch code {
	case "state_not_found", "state_mismatch", "state_invalid", "state_security_mismatch", "invalid_callback_request":
		return "This sign-in took too long, was finished already, or began in another browser. Start again here."
	case "no_code", "invalid_code", "issuer_missing", "issuer_mismatch", "nonce_binding_missing", "unable_to_get_user_info":
		return "The other service gave no usable answer. Try again, or sign in another way."
	case "no_callback_url", "state_generation_error", "internal_server_error":
		return "Something went wrong on this server. Try again later, or sign in another way."
	case "oauth_provider_not_found":
		return "This server does not offer this service any more. Sign in another way."
	case "email_not_found":
		return "The other service did not tell us an email address, and there is no account without one. Add an address there, or sign in another way."
	case "email_not_verified":
		return "Confirm your email address first. If we sent you a message, open the link in it; otherwise confirm the address at the other service."
	case "account_not_linked":
		return "There is an account with this email address already. Sign in to it the way you did before; " +
			"then you can link the other service to it, on the page of your account."
	case "unable_to_link_account":
		return "The other service could not be linked to your account. It has to confirm that your email address is yours, " +
			"and you have to stay signed in here meanwhile."
	case "email_does_not_match", "email_doesn't_match": // of older servers
		return "The account at the other service has another email address than the one here, so it was not linked."
	case "account_already_linked_to_different_user":
		return "This account at the other service belongs to another account here, so it was not linked."
	case "signup_disabled":
		return "You have no account here yet, and this way of signing in does not make one."
	case "unable_to_create_user":
		return "The account could not be created. Try again later."
	case "unable_to_create_session", "unable_to_update_account":
		return "You could not be signed in. Try again later."
	}
	return ""
}

// ofService explains the codes of services (RFC 6749 §4.1.2.1, OpenID Connect Core
// §3.1.2.6; GitHub, Apple and LinkedIn have their own), or returns nothing.
func ofService(code string) string {
	switch code {
	case "access_denied", "user_cancelled_authorize", "user_cancelled_login":
		return "You have not agreed at the other service, so nothing was changed here."
	case "server_error", "temporarily_unavailable":
		return "The other service is not available right now. Try again later."
	case "login_required", "interaction_required", "consent_required", "account_selection_required":
		return "The other service wants to ask you something first. Sign in there, and try again here."
	case "invalid_request", "invalid_scope", "unauthorized_client", "unsupported_response_type",
		"redirect_uri_mismatch", "application_suspended":
		return "The other service does not work with this server, which is not set up right for it. " +
			"Sign in another way, and tell those who run this server."
	}
	return ""
}
