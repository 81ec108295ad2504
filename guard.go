package lockstep

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/lockstep-auth/lockstep/identity"
)

// A UserMatch says what a user must be like, by the names clients see: each
// value must equal the user's, or be a list that contains it.
//
//	lockstep.UserMatch{"role": []string{"admin", "owner"}, "emailVerified": true}
type UserMatch map[string]any

// Matches reports whether the user has every value. A field that the user does
// not have matches nothing.
func (m UserMatch) Matches(u *identity.User) bool {
	for name, want := range m {
		got, ok := userField(u, name)
		if !ok || !matches(got, want) {
			return false
		}
	}
	return true
}

// userField returns the value of a field as clients see it.
func userField(u *identity.User, name string) (any, bool) {
	switch name {
	case "id":
		return u.ID, true
	case "name":
		return u.Name, true
	case "email":
		return u.Email, true
	case "emailVerified":
		return u.EmailVerified, true
	case "image":
		if u.Image == nil {
			return nil, true
		}
		return *u.Image, true
	}
	v, ok := u.Fields[name]
	return v, ok
}

// matches compares strictly: no value equals one of another kind. Numbers of Go
// are one kind, as in JSON.
func matches(got, want any) bool {
	if v := reflect.ValueOf(want); v.IsValid() && v.Kind() == reflect.Slice {
		for i := range v.Len() {
			if matches(got, v.Index(i).Interface()) {
				return true
			}
		}
		return false
	}
	return normal(got) == normal(want)
}

// normal returns v in a form that == can compare: numbers as float64, strings
// of any type as string. What cannot be compared equals nothing.
func normal(v any) any {
	r := reflect.ValueOf(v)
	switch {
	case !r.IsValid():
		return nil
	case r.CanInt():
		return float64(r.Int())
	case r.CanUint():
		return float64(r.Uint())
	case r.CanFloat():
		return r.Float()
	case r.Kind() == reflect.String:
		return r.String()
	case r.Kind() == reflect.Bool:
		return r.Bool()
	}
	return new(byte)
}

// A Requirement narrows who may pass RequireUserSession.
type Requirement func(*guard)

// A guard is all that a user must meet to pass.
type guard struct {
	users []UserMatch
	rules []func(context.Context, *Session) (bool, error)
}

// MatchUser lets users pass who are like m.
func MatchUser(m UserMatch) Requirement {
	return func(g *guard) { g.users = append(g.users, m) }
}

// Rule lets users pass for whom the function says so. It is asked only about
// users who meet every MatchUser.
func Rule(rule func(context.Context, *Session) (bool, error)) Requirement {
	return func(g *guard) { g.rules = append(g.rules, rule) }
}

// RequireUserSession returns middleware that lets signed-in users pass and
// answers 401 to others. With requirements, it answers 403 to users who do not
// meet all of them. What people see then is Config.Refused. The handler gets the
// session with SessionFrom, or Auth.Session.
func (a *Auth) RequireUserSession(requirements ...Requirement) func(http.Handler) http.Handler {
	var need guard
	for _, add := range requirements {
		add(&need)
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r = a.remember(w, r)
			s, err := a.Session(r)
			if err == nil {
				err = need.check(r.Context(), s)
			}
			if err != nil {
				a.refuse(w, r, err)
				return
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), sessionKey{}, s)))
		})
	}
}

var (
	errDenied = errors.New("lockstep: access denied")
	errGuests = errors.New("lockstep: guests only")
)

func (g *guard) check(ctx context.Context, s *Session) error {
	for _, m := range g.users {
		if !m.Matches(s.User) {
			return errDenied
		}
	}
	for _, rule := range g.rules {
		ok, err := rule(ctx, s)
		if err != nil {
			return fmt.Errorf("rule: %w", err)
		}
		if !ok {
			return errDenied
		}
	}
	return nil
}

// RequireGuest is middleware that lets those pass who are not signed in and
// answers 403 to others.
func (a *Auth) RequireGuest(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = a.remember(w, r)
		_, err := a.Session(r)
		switch {
		case errors.Is(err, ErrNoSession):
			next.ServeHTTP(w, r)
		case err == nil:
			a.refuse(w, r, errGuests)
		default:
			a.refuse(w, r, err)
		}
	})
}

type sessionKey struct{}

// SessionFrom returns the session that RequireUserSession let pass, or nil.
func SessionFrom(ctx context.Context) *Session {
	s, _ := ctx.Value(sessionKey{}).(*Session)
	return s
}

// refuse answers a request that may not pass.
func (a *Auth) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status, code, message := http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE",
		"The service is unavailable at the moment. Please try again."
	switch {
	case errors.Is(err, ErrNoSession):
		status, code, message = http.StatusUnauthorized, "UNAUTHORIZED", "Authentication required"
	case errors.Is(err, errDenied):
		status, code, message = http.StatusForbidden, "FORBIDDEN", "Access denied"
	case errors.Is(err, errGuests):
		status, code, message = http.StatusForbidden, "FORBIDDEN", "Authenticated users not allowed"
	default:
		a.pipeline.Host.Log.ErrorContext(r.Context(), "cannot tell whether a request may pass", "err", err)
		w.Header().Set("Retry-After", "1")
	}
	h := w.Header()
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if isPage(r) {
		if a.refused != nil {
			a.refused(w, r, status)
			return
		}
		h.Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(message + "\n"))
		return
	}
	h.Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"message":%q,"code":%q}`, message, code)
}

// isPage reports whether a person waits for a page, be it after a form, rather
// than a program for data.
func isPage(r *http.Request) bool {
	return slices.ContainsFunc(r.Header.Values("Accept"), func(v string) bool { return strings.Contains(v, "text/html") })
}

// isView reports whether the request only looks at something, so that a browser
// can come back to it.
func isView(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }
