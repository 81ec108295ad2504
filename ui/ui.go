// Package ui is the pages that the binary serves: sign up, sign in, account.
package ui

import (
	"errors"
	"log/slog"
	"net/http"
)

// A Config describes the pages.
type Config struct {
	// AppName is the name of the application in titles. Defaults to "Lockstep".
	AppName string

	// BasePath is where the endpoints are. Defaults to "/api/auth".
	BasePath string

	// Log receives what an operator can act on. Defaults to slog.Default().
	Log *slog.Logger
}

// New returns the pages for the server behind auth.
func New(auth http.Handler, _ Config) (http.Handler, error) {
	if auth == nil {
		return nil, errors.New("ui: no server")
	}
	return http.NotFoundHandler(), nil
}
