package lockstep

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/plugin"
)

// ErrNoSession means that nobody is signed in.
var ErrNoSession = errors.New("lockstep: no session")

var errUnread = errors.New("lockstep: reading the session panicked")

// A Session is a signed-in user on one device.
type Session struct {
	*identity.Session
	User *identity.User
}

// Session returns the session of a request to the application, or ErrNoSession.
// Any other error means that the database could not say: answer 503, not 401.
//
// It reads the session once per request below RequireUserSession, RequireGuest,
// RouteRules or LoadSession, and at every call elsewhere. It believes the
// session cookie, if sessions are cached in one (Config.Session.CookieCache).
//
// Below these it may write headers of the answer. So call it on the goroutine
// that serves the request, and before the body is written.
func (a *Auth) Session(r *http.Request) (*Session, error) {
	if m, ok := r.Context().Value(memoKey{a}).(*memo); ok {
		return m.session(a, r)
	}
	c := a.pipeline.NewCall(r)
	l, err := c.Lookup(plugin.Lookup{NoRefresh: true})
	return newSession(l), orNone(l, err)
}

func newSession(l *plugin.Login) *Session {
	if l == nil {
		return nil
	}
	return &Session{Session: l.Session, User: l.User}
}

func orNone(l *plugin.Login, err error) error {
	if err == nil && l == nil {
		return ErrNoSession
	}
	if e, ok := errors.AsType[*plugin.Error](err); ok && e.Status == http.StatusUnauthorized {
		return ErrNoSession
	}
	return err
}

// LoadSession lets Session read the session once per request, and sends the
// cookies of a session that is prolonged. The other middleware does the same.
func (a *Auth) LoadSession(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, a.remember(w, r))
	})
}

// remember returns r with a place for its session.
func (a *Auth) remember(w http.ResponseWriter, r *http.Request) *http.Request {
	if _, ok := r.Context().Value(memoKey{a}).(*memo); ok {
		return r
	}
	return r.WithContext(context.WithValue(r.Context(), memoKey{a}, &memo{header: w.Header()}))
}

// memoKey is a context key. A program with two servers has two memos.
type memoKey struct{ a *Auth }

// A memo is the session of one request, once it has been read.
type memo struct {
	header http.Header // of the answer
	once   sync.Once
	found  *Session
	err    error
}

func (m *memo) session(a *Auth, r *http.Request) (*Session, error) {
	m.once.Do(func() {
		m.err = errUnread // stays, if the lookup panics and the handler recovers
		c := a.pipeline.NewCall(r)
		l, err := c.Lookup(plugin.Lookup{})
		c.WriteCookies(m.header)
		if len(m.header["Set-Cookie"]) > 0 || l != nil {
			m.header.Set("Cache-Control", "private, no-store")
		}
		m.found, m.err = newSession(l), orNone(l, err)
	})
	return m.found, m.err
}
