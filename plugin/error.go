package plugin

import (
	"fmt"
	"net/http"
)

// An Error is a failure that the client is meant to see. It is sent as
// {"message": Message, "code": Code} with the HTTP status; without Code as
// {"message": Message}, and without both with an empty body, where upstream
// does so. Any other error becomes a bare 500 and is only logged.
type Error struct {
	Status  int
	Code    string // for programs, such as "INVALID_TOKEN"
	Message string // for people
	Err     error  // for the log; never sent
}

// Errorf returns an Error with a formatted message.
func Errorf(status int, code, format string, args ...any) *Error {
	return &Error{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%d %s: %v", e.Status, e.Code, e.Err)
	}
	return fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Message)
}

// Unwrap returns the error for the log.
func (e *Error) Unwrap() error { return e.Err }

// Unauthorized is the error of endpoints that need a session and have none.
func Unauthorized() *Error {
	return Errorf(http.StatusUnauthorized, "UNAUTHORIZED", "Unauthorized")
}

func errSessionNotFresh() *Error {
	return Errorf(http.StatusForbidden, "SESSION_NOT_FRESH", "Session is not fresh")
}

func errFailedToGetSession() *Error {
	return Errorf(http.StatusUnauthorized, "FAILED_TO_GET_SESSION", "Failed to get session")
}

func errValidation(issues string) *Error {
	return Errorf(http.StatusBadRequest, "VALIDATION_ERROR", "%s", issues)
}
