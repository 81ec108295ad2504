// Package wire writes users, sessions and accounts as the JSON that clients of
// Better Auth read, and reads them back from a session cookie.
//
// The order of members is upstream's: the order of the schema with the id last
// for what came from the database, and the order of its cookie schema for what
// came from a session cookie. Fields that are not for clients never appear.
package wire

import (
	"slices"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/jsjson"
	"github.com/lockstep-auth/lockstep/schema"
)

// A Shape knows which fields plugins and options add to the core ones, and
// which of them clients see. It is immutable.
type Shape struct {
	user, session, account []schema.Field
}

// NewShape returns the shape of the merged tables.
func NewShape(tables []schema.Table) *Shape {
	s := &Shape{}
	for i := range tables {
		visible := slices.DeleteFunc(identity.Extra(&tables[i]), func(f schema.Field) bool { return f.NoOutput })
		switch tables[i].Name {
		case identity.UserTable:
			s.user = visible
		case identity.SessionTable:
			s.session = visible
		case identity.AccountTable:
			s.account = visible
		}
	}
	return s
}

// AppendUser appends u as it comes from the database.
func (s *Shape) AppendUser(dst []byte, u *identity.User) []byte {
	dst = append(dst, `{"name":`...)
	dst = jsjson.AppendString(dst, u.Name)
	dst = append(dst, `,"email":`...)
	dst = jsjson.AppendString(dst, u.Email)
	dst = append(dst, `,"emailVerified":`...)
	dst = appendBool(dst, u.EmailVerified)
	dst = append(dst, `,"image":`...)
	dst = appendOptional(dst, u.Image)
	dst = append(dst, `,"createdAt":`...)
	dst = jsjson.AppendTime(dst, u.CreatedAt)
	dst = append(dst, `,"updatedAt":`...)
	dst = jsjson.AppendTime(dst, u.UpdatedAt)
	dst = appendFields(dst, s.user, u.Fields)
	dst = append(dst, `,"id":`...)
	dst = jsjson.AppendString(dst, u.ID)
	return append(dst, '}')
}

// AppendCachedUser appends u as it comes from a session cookie.
func (s *Shape) AppendCachedUser(dst []byte, u *identity.User) []byte {
	dst = append(dst, `{"id":`...)
	dst = jsjson.AppendString(dst, u.ID)
	dst = append(dst, `,"createdAt":`...)
	dst = jsjson.AppendTime(dst, u.CreatedAt)
	dst = append(dst, `,"updatedAt":`...)
	dst = jsjson.AppendTime(dst, u.UpdatedAt)
	dst = append(dst, `,"email":`...)
	dst = jsjson.AppendString(dst, u.Email)
	dst = append(dst, `,"emailVerified":`...)
	dst = appendBool(dst, u.EmailVerified)
	dst = append(dst, `,"name":`...)
	dst = jsjson.AppendString(dst, u.Name)
	dst = append(dst, `,"image":`...)
	dst = appendOptional(dst, u.Image)
	dst = appendFields(dst, s.user, u.Fields)
	return append(dst, '}')
}

// AppendSession appends v as it comes from the database.
func (s *Shape) AppendSession(dst []byte, v *identity.Session) []byte {
	dst = append(dst, `{"expiresAt":`...)
	dst = jsjson.AppendTime(dst, v.ExpiresAt)
	dst = append(dst, `,"token":`...)
	dst = jsjson.AppendString(dst, string(v.Token))
	dst = append(dst, `,"createdAt":`...)
	dst = jsjson.AppendTime(dst, v.CreatedAt)
	dst = append(dst, `,"updatedAt":`...)
	dst = jsjson.AppendTime(dst, v.UpdatedAt)
	dst = append(dst, `,"ipAddress":`...)
	dst = jsjson.AppendString(dst, v.IPAddress)
	dst = append(dst, `,"userAgent":`...)
	dst = jsjson.AppendString(dst, v.UserAgent)
	dst = append(dst, `,"userId":`...)
	dst = jsjson.AppendString(dst, v.UserID)
	dst = appendFields(dst, s.session, v.Fields)
	dst = append(dst, `,"id":`...)
	dst = jsjson.AppendString(dst, v.ID)
	return append(dst, '}')
}

// AppendCachedSession appends v as it comes from a session cookie.
func (s *Shape) AppendCachedSession(dst []byte, v *identity.Session) []byte {
	dst = append(dst, `{"id":`...)
	dst = jsjson.AppendString(dst, v.ID)
	dst = append(dst, `,"createdAt":`...)
	dst = jsjson.AppendTime(dst, v.CreatedAt)
	dst = append(dst, `,"updatedAt":`...)
	dst = jsjson.AppendTime(dst, v.UpdatedAt)
	dst = append(dst, `,"userId":`...)
	dst = jsjson.AppendString(dst, v.UserID)
	dst = append(dst, `,"expiresAt":`...)
	dst = jsjson.AppendTime(dst, v.ExpiresAt)
	dst = append(dst, `,"token":`...)
	dst = jsjson.AppendString(dst, string(v.Token))
	dst = append(dst, `,"ipAddress":`...)
	dst = jsjson.AppendString(dst, v.IPAddress)
	dst = append(dst, `,"userAgent":`...)
	dst = jsjson.AppendString(dst, v.UserAgent)
	dst = appendFields(dst, s.session, v.Fields)
	return append(dst, '}')
}

// AppendAccount appends a without its secrets, and with its scopes as a list.
func (s *Shape) AppendAccount(dst []byte, a *identity.Account) []byte {
	dst = append(dst, `{"accountId":`...)
	dst = jsjson.AppendString(dst, a.AccountID)
	dst = append(dst, `,"providerId":`...)
	dst = jsjson.AppendString(dst, a.ProviderID)
	dst = append(dst, `,"userId":`...)
	dst = jsjson.AppendString(dst, a.UserID)
	dst = append(dst, `,"createdAt":`...)
	dst = jsjson.AppendTime(dst, a.CreatedAt)
	dst = append(dst, `,"updatedAt":`...)
	dst = jsjson.AppendTime(dst, a.UpdatedAt)
	dst = appendFields(dst, s.account, a.Fields)
	dst = append(dst, `,"id":`...)
	dst = jsjson.AppendString(dst, a.ID)
	dst = append(dst, `,"scopes":`...)
	dst = jsjson.AppendValue(dst, a.Scopes())
	return append(dst, '}')
}

func appendFields(dst []byte, fields []schema.Field, values map[string]any) []byte {
	for i := range fields {
		dst = append(dst, ',')
		dst = jsjson.AppendString(dst, fields[i].Name)
		dst = append(dst, ':')
		dst = jsjson.AppendValue(dst, values[fields[i].Name])
	}
	return dst
}

func appendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, "true"...)
	}
	return append(dst, "false"...)
}

func appendOptional(dst []byte, s *string) []byte {
	if s == nil {
		return append(dst, "null"...)
	}
	return jsjson.AppendString(dst, *s)
}
