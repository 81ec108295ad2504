package server

import (
	"context"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"strings"
)

const (
	requestIDHeader = "X-Request-Id"
	maxRequestID    = 64 // characters
)

// ServeHTTP gives the request an id, hands it on, and logs what came of it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := s.Now()
	id := r.Header.Get(requestIDHeader)
	if !sane(id) {
		id = newID()
	}
	w.Header().Set(requestIDHeader, id)
	r = r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id))
	rec := &recorder{ResponseWriter: w}
	defer func() {
		if v := recover(); v != nil {
			s.panicked(rec, r, v)
		}
		s.log(rec, r, id, start)
	}()
	s.route(rec, r)
}

// newID returns the id of a request, in the letters of base32 (RFC 4648). It
// identifies, and is no secret.
func newID() string {
	const letters, half = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 13
	var id [2 * half]byte
	a, b := rand.Uint64(), rand.Uint64()
	for i := range half {
		id[i], id[half+i] = letters[a%32], letters[b%32]
		a, b = a/32, b/32
	}
	return string(id[:])
}

// sane reports whether a client's request id may go into the log: short, and
// nothing but letters, digits and -._
func sane(id string) bool {
	return id != "" && len(id) <= maxRequestID && !strings.ContainsFunc(id, func(r rune) bool {
		letter := r|0x20 >= 'a' && r|0x20 <= 'z'
		return !letter && (r < '0' || r > '9') && !strings.ContainsRune("-._", r)
	})
}

// panicked answers 500 if nothing has been sent. What net/http documents as a
// way to break off goes on.
func (s *Server) panicked(w *recorder, r *http.Request, v any) {
	if v == http.ErrAbortHandler { //nolint:errorlint // the value that net/http documents
		panic(v)
	}
	s.Log.ErrorContext(r.Context(), "handler panicked", "panic", v, "stack", string(debug.Stack()))
	if w.status == 0 {
		respond(w, http.StatusInternalServerError, `{"code":"INTERNAL_SERVER_ERROR","message":"Internal server error"}`)
	}
}

// publicPath is a path without what may be secret. Links of e-mails carry
// tokens in their path (/reset-password/:token), and anybody can send anything:
// two segments below the base path are kept, if they look like the names of
// endpoints.
func (s *Server) publicPath(path string) string {
	base := ""
	if below, ok := strings.CutPrefix(path, s.BasePath); ok && (below == "" || below[0] == '/') {
		base, path = s.BasePath, below
	}
	segments := strings.SplitN(strings.TrimPrefix(path, "/"), "/", 3)
	if len(segments) == 3 {
		segments[2] = "*"
	}
	for i, segment := range segments {
		if !isName(segment) || (i == 1 && segments[0] == "reset-password") {
			segments[i] = "*"
		}
	}
	if path == "" {
		return base
	}
	return base + "/" + strings.Join(segments, "/")
}

// isName reports whether a segment looks like the name of an endpoint, such as
// "oauth2" or "sign-in": words of small letters, a digit at most at the end.
func isName(segment string) bool {
	if segment == "" {
		return true
	}
	if len(segment) > 40 {
		return false
	}
	for word := range strings.SplitSeq(segment, "-") {
		letters := strings.TrimRight(word, "0123456789")
		if letters == "" || len(word)-len(letters) > 1 || strings.Trim(letters, "abcdefghijklmnopqrstuvwxyz") != "" {
			return false
		}
	}
	return true
}

// A recorder remembers what was sent.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader implements http.ResponseWriter.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *recorder) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
