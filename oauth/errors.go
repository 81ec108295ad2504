package oauth

import (
	"errors"
	"fmt"
	"strings"
)

// A Code tells a browser or a client what went wrong. The lower-case ones are the
// error parameter of a redirect, the others the code of an API error.
type Code string

// The codes of Better Auth (upstream: oauth2/errors.ts, state.ts, api/routes).
const (
	CodeStateNotFound       Code = "state_not_found"
	CodeStateMismatch       Code = "state_mismatch"
	CodeStateInvalid        Code = "state_invalid"
	CodeNoCode              Code = "no_code"
	CodeProviderNotFound    Code = "oauth_provider_not_found"
	CodeIssuerMissing       Code = "issuer_missing"
	CodeIssuerMismatch      Code = "issuer_mismatch"
	CodeInvalidCode         Code = "invalid_code"
	CodeNonceBindingMissing Code = "nonce_binding_missing"
	CodeNoUserInfo          Code = "unable_to_get_user_info"
	CodeNoCallbackURL       Code = "no_callback_url"
	CodeEmailNotFound       Code = "email_not_found"
	CodeEmailNotVerified    Code = "email_not_verified"
	CodeUnableToLink        Code = "unable_to_link_account"
	CodeEmailDoesNotMatch   Code = "email_does_not_match"
	CodeLinkedToOther       Code = "account_already_linked_to_different_user"

	CodeIDTokenNotSupported Code = "ID_TOKEN_NOT_SUPPORTED"
	CodeInvalidToken        Code = "INVALID_TOKEN"
	CodeRefreshFailed       Code = "FAILED_TO_REFRESH_ACCESS_TOKEN"
	CodeRefreshNotSupported Code = "TOKEN_REFRESH_NOT_SUPPORTED"
)

var (
	// ErrRedirect means that the service answered with a redirect. Following it
	// would carry codes and secrets to wherever it points.
	ErrRedirect = errors.New("redirects are refused: configure the final URL")

	// ErrTooLarge means that an answer was larger than Config.MaxResponse.
	ErrTooLarge = errors.New("the answer is too large")

	// ErrPrivate means that a URL leads into a private network.
	ErrPrivate = errors.New("private networks are refused: InsecureAllowPrivateNetworks permits them")

	// ErrInsecure means that a URL is plain http.
	ErrInsecure = errors.New("plain http is refused: InsecureAllowPrivateNetworks permits it")
)

// An Error is a sign-in, or a refresh, that failed at the service.
type Error struct {
	Code Code

	// Remote is the service's own error code, such as "invalid_grant", if it gave
	// one that is safe to log.
	Remote string

	Err error // for the log; never a secret
}

func (e *Error) Error() string {
	if e.Remote != "" {
		return fmt.Sprintf("%s: the service says %q", e.Code, e.Remote)
	}
	return fmt.Sprintf("%s: %v", e.Code, e.Err)
}

// Unwrap returns the error for the log.
func (e *Error) Unwrap() error { return e.Err }

func fail(code Code, err error) *Error { return &Error{Code: code, Err: err} }

// A StatusError is an answer other than 2xx.
type StatusError struct {
	Status int
	body   []byte // may hold anything
}

func (e *StatusError) Error() string { return fmt.Sprintf("the service answered %d", e.Status) }

// remoteCode returns the error member of an error response (RFC 6749 §5.2) as far
// as it can be logged: its characters and length are the service's choice.
func remoteCode(response Claims) string {
	code := response.Text("error")
	if code == "" { // VK and others send an object
		code = response.Object("error").Text("type")
	}
	if len(code) > 64 || strings.ContainsFunc(code, func(r rune) bool {
		return r != '_' && r != '-' && r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) {
		return "unreadable"
	}
	return code
}
