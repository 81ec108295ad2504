package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/lockstep-auth/lockstep/internal/secure"
	"github.com/lockstep-auth/lockstep/internal/wire"
	"github.com/lockstep-auth/lockstep/plugin"
	"github.com/lockstep-auth/lockstep/store"
)

// retryAfter is what a client is told to wait, in seconds, when the server is
// overloaded or its database is away.
const retryAfter = "1"

// notFound answers as upstream's router: no body, no content type.
func notFound(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound) }

// disabled answers for a path in disabledPaths, as upstream.
func disabled(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain;charset=UTF-8")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write([]byte("Not Found"))
}

// respond writes the answer of a call: cookies, headers, body.
func (p *Pipeline) respond(w http.ResponseWriter, r *http.Request, c *plugin.Call) {
	maps.Copy(w.Header(), c.Header)
	c.WriteCookies(w.Header())
	if c.Err != nil {
		if p.OnError != nil {
			p.OnError(c, c.Err)
		}
		p.respondError(w, r, c.Err)
		return
	}
	if c.RedirectTo != "" {
		p.protect(w.Header())
		w.Header().Set("Location", c.RedirectTo)
		if _, set := c.Header["Content-Type"]; !set {
			w.Header().Set("Content-Type", mediaJSON)
		}
		w.WriteHeader(http.StatusFound)
		return
	}
	switch out := c.Output.(type) {
	case plugin.HTML:
		p.protect(w.Header())
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
		p.write(w, r, []byte(out))
	case string:
		p.protect(w.Header())
		w.Header().Set("Content-Type", "text/plain")
		p.write(w, r, []byte(out))
	default:
		p.respondJSON(w, r, http.StatusOK, out)
	}
}

// protect adds the headers that every answer with content carries.
func (p *Pipeline) protect(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	if _, set := h["Cache-Control"]; !set {
		h.Set("Cache-Control", "no-store")
	}
}

func (p *Pipeline) respondJSON(w http.ResponseWriter, r *http.Request, status int, v any) {
	body, err := Encode(v)
	if err != nil {
		p.log().ErrorContext(r.Context(), "answer not encodable", "path", p.logged(r), "err", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	p.protect(w.Header())
	w.Header().Set("Content-Type", mediaJSON)
	w.WriteHeader(status)
	p.write(w, r, body)
}

// Encode writes v as JavaScript would: no HTML escapes, no newline.
func Encode(v any) ([]byte, error) {
	if a, ok := v.(wire.Appender); ok {
		return a.AppendJSON(make([]byte, 0, 1024)), nil
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

func (p *Pipeline) write(w http.ResponseWriter, r *http.Request, body []byte) {
	if _, err := w.Write(body); err != nil {
		p.log().DebugContext(r.Context(), "client went away", "err", err)
	}
}

// errorBody is what clients get; the order of its members is part of the wire.
type errorBody struct {
	Message string `json:"message"`
	Code    string `json:"code,omitempty"`
}

// respondError writes what went wrong. Only a *plugin.Error says what; a
// database that is away and a full queue are 503, never 401, so that clients do
// not sign their users out; all else is a bare 500.
func (p *Pipeline) respondError(w http.ResponseWriter, r *http.Request, err error) {
	e, meant := errors.AsType[*plugin.Error](err)
	switch {
	case meant:
	case errors.Is(err, secure.ErrBusy):
		p.log().WarnContext(r.Context(), "too many passwords to hash, request refused", "path", p.logged(r))
		e = unavailable()
	case isUnavailable(err):
		p.log().ErrorContext(r.Context(), "database unavailable", "path", p.logged(r), "err", err)
		e = unavailable()
	default:
		p.log().ErrorContext(r.Context(), "endpoint failed", "path", p.logged(r), "err", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	if e.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter)
	}
	if e.Message == "" && e.Code == "" {
		w.Header().Set("Content-Type", mediaJSON)
		w.WriteHeader(e.Status)
		return
	}
	p.respondJSON(w, r, e.Status, errorBody{Message: e.Message, Code: e.Code})
}

func isUnavailable(err error) bool {
	return errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrUnknownOutcome) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

func unavailable() *plugin.Error {
	return plugin.Errorf(http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE",
		"The service is unavailable at the moment. Please try again.")
}

// respondLimited writes upstream's answer to a client that asks too often. The
// standard Retry-After stands beside upstream's X-Retry-After.
func (p *Pipeline) respondLimited(w http.ResponseWriter, r *http.Request, retry time.Duration) {
	seconds := strconv.Itoa(int((retry + time.Second - 1) / time.Second))
	w.Header().Set("X-Retry-After", seconds)
	w.Header().Set("Retry-After", seconds)
	p.respondJSON(w, r, http.StatusTooManyRequests, errorBody{Message: "Too many requests. Please try again later."})
}
