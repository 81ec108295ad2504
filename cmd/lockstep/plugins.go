package main

import (
	"net/http"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
	"github.com/lockstep-auth/lockstep/plugin/convex"
)

// discoveryPath is where Convex looks for a provider that auth.config.ts names
// by its domain.
const discoveryPath = "/.well-known/openid-configuration"

// besidePages puts what plugins serve outside of the endpoints in front of the
// pages, which may be nil.
func besidePages(s *file.Settings, pages http.Handler) http.Handler {
	at, err := location(&s.Auth)
	if err != nil || !s.HasPlugin("convex") {
		return pages
	}
	return discovery{convex.Discovery(at.Path), pages}
}

type discovery struct {
	redirect http.Handler
	pages    http.Handler // or nil
}

func (d discovery) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.EscapedPath() == discoveryPath && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		d.redirect.ServeHTTP(w, r)
	case d.pages != nil:
		d.pages.ServeHTTP(w, r)
	default:
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusNotFound)
		w.Write([]byte(`{"code":"NOT_FOUND","message":"Not found"}`))
	}
}
