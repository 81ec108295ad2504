package wire

import "github.com/lockstep-auth/lockstep/identity"

// An Appender writes itself as JSON. Endpoints return one where the general
// encoder is too slow or cannot know which fields to leave out.
type Appender interface {
	AppendJSON(dst []byte) []byte
}

// A User is a user as clients see it.
type User struct {
	Shape *Shape
	User  *identity.User
}

// AppendJSON implements Appender.
func (u User) AppendJSON(dst []byte) []byte { return u.Shape.AppendUser(dst, u.User) }

// MarshalJSON implements json.Marshaler.
func (u User) MarshalJSON() ([]byte, error) { return u.AppendJSON(nil), nil }

// A Session is a session as clients see it.
type Session struct {
	Shape   *Shape
	Session *identity.Session
}

// AppendJSON implements Appender.
func (s Session) AppendJSON(dst []byte) []byte { return s.Shape.AppendSession(dst, s.Session) }

// MarshalJSON implements json.Marshaler.
func (s Session) MarshalJSON() ([]byte, error) { return s.AppendJSON(nil), nil }

// An Account is an account as clients see it.
type Account struct {
	Shape   *Shape
	Account *identity.Account
}

// AppendJSON implements Appender.
func (a Account) AppendJSON(dst []byte) []byte { return a.Shape.AppendAccount(dst, a.Account) }

// MarshalJSON implements json.Marshaler.
func (a Account) MarshalJSON() ([]byte, error) { return a.AppendJSON(nil), nil }

// A Login is the answer of get-session.
type Login struct {
	Shape        *Shape
	Session      *identity.Session
	User         *identity.User
	Cached       bool  // whether both came from a session cookie
	NeedsRefresh *bool // sent if not nil
}

// AppendJSON implements Appender.
func (l Login) AppendJSON(dst []byte) []byte {
	session, user := l.Shape.AppendSession, l.Shape.AppendUser
	if l.Cached {
		session, user = l.Shape.AppendCachedSession, l.Shape.AppendCachedUser
	}
	dst = append(dst, `{"session":`...)
	dst = session(dst, l.Session)
	dst = append(dst, `,"user":`...)
	dst = user(dst, l.User)
	if l.NeedsRefresh != nil {
		dst = append(dst, `,"needsRefresh":`...)
		dst = appendBool(dst, *l.NeedsRefresh)
	}
	return append(dst, '}')
}

// MarshalJSON implements json.Marshaler.
func (l Login) MarshalJSON() ([]byte, error) { return l.AppendJSON(nil), nil }

var (
	_ Appender = User{}
	_ Appender = Session{}
	_ Appender = Account{}
	_ Appender = Login{}
)
