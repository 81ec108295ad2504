// Package server runs the handlers of the lockstep program: probes, request
// ids, one log line per request, limits, and an orderly end.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// What a client may take.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 32 << 10

	// grace is how long requests under way may go on when the server ends.
	grace = 10 * time.Second

	// readyTimeout is how long the database may take to answer a probe.
	readyTimeout = 2 * time.Second
)

// A Config describes a Server. All fields but Pages and Lines are required.
type Config struct {
	// Auth serves BasePath and everything below it.
	Auth     http.Handler
	BasePath string

	// Pages serves all other paths. Without it they are not found.
	Pages http.Handler

	// Ready says whether the database can be reached.
	Ready func(context.Context) error

	// ClientIP returns the address of a client for the log, or "".
	ClientIP func(*http.Request) string

	// Log receives a line per request. Make its handler with LogHandler, so
	// that every line of a request has the request's id.
	Log *slog.Logger

	// Lines, the buffer of a Log that writes JSON at the level info, takes the
	// lines of requests by a shorter way.
	Lines *Buffer

	// Now is the clock.
	Now func() time.Time
}

// A Server answers requests. It is safe for concurrent use.
type Server struct {
	Config
	stopping atomic.Bool
}

// New returns a Server.
func New(c Config) *Server {
	c.BasePath = strings.TrimRight(c.BasePath, "/")
	return &Server{Config: c}
}

// Run serves l until ctx ends, and then lets the requests under way finish: at
// most for 10 seconds. It closes l.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	s.stopping.Store(true)
	s.Log.InfoContext(ctx, "shutting down")
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := srv.Shutdown(late); err != nil {
		return errors.Join(fmt.Errorf("requests were still running after %v: %w", grace, err), srv.Close())
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// route hands a request to who serves its path.
func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	switch below, ok := strings.CutPrefix(path, s.BasePath); {
	case path == "/healthz":
		s.probe(w, r, "")
	case path == "/readyz":
		s.probe(w, r, s.notReady(r))
	case ok && (below == "" || below[0] == '/'):
		s.Auth.ServeHTTP(w, r)
	case s.Pages != nil:
		s.Pages.ServeHTTP(w, r)
	default:
		respond(w, http.StatusNotFound, `{"code":"NOT_FOUND","message":"Not found"}`)
	}
}

// notReady says in one word why the server should get no requests, or "".
func (s *Server) notReady(r *http.Request) string {
	if s.stopping.Load() {
		return "stopping"
	}
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if err := s.Ready(ctx); err != nil {
		s.Log.WarnContext(r.Context(), "not ready", "err", err)
		return "database"
	}
	return ""
}

func (*Server) probe(w http.ResponseWriter, r *http.Request, reason string) {
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		respond(w, http.StatusMethodNotAllowed, `{"code":"METHOD_NOT_ALLOWED","message":"Use GET"}`)
	case reason != "":
		respond(w, http.StatusServiceUnavailable, `{"status":"unavailable","reason":"`+reason+`"}`)
	default:
		respond(w, http.StatusOK, `{"status":"ok"}`)
	}
}

func respond(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write([]byte(body))
}
