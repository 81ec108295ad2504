package identity

import (
	"slices"
	"time"

	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

// CredentialProvider is the provider of accounts that are a password.
const CredentialProvider = "credential"

// A User is a person who can sign in.
type User struct {
	ID            string
	Name          string
	Email         string // lower case
	EmailVerified bool
	Image         *string // URL; nil if unset
	CreatedAt     time.Time
	UpdatedAt     time.Time

	// Fields holds what plugins and additional fields add, by logical name, in
	// the types of package schema. It is nil when nothing is added.
	Fields map[string]any
}

// A Session is one device on which a user is signed in. Its Token is as good
// as a password; it prints as [redacted].
type Session struct {
	ID        string
	Token     Token
	UserID    string
	ExpiresAt time.Time
	CreatedAt time.Time
	UpdatedAt time.Time
	IPAddress string // empty if unknown
	UserAgent string // empty if unknown

	// Fields holds what plugins and additional fields add; see User.Fields.
	Fields map[string]any
}

// A Token is a secret: the token of a session or of another service, or the hash
// of a password.
type Token string

// String returns "[redacted]", so that a token does not reach a log by
// accident. Convert to string to get the token.
func (Token) String() string { return "[redacted]" }

// GoString returns "[redacted]".
func (Token) GoString() string { return "[redacted]" }

// An Account is one way a user can sign in: a password, or an identity at
// another service.
type Account struct {
	ID         string
	ProviderID string // CredentialProvider, or the name of a service
	AccountID  string // the user's id at the provider; for a password, User.ID
	UserID     string
	Password   Token  // the hash of the password, empty if there is none
	Scope      string // OAuth scopes, joined with commas
	CreatedAt  time.Time
	UpdatedAt  time.Time
	OAuthTokens

	// Fields holds what plugins and additional fields add; see User.Fields.
	Fields map[string]any
}

// core holds the names of the fields that have a place in the structs above.
func core(table string) []string {
	switch table {
	case UserTable:
		return []string{"name", "email", "emailVerified", "image", "createdAt", "updatedAt"}
	case SessionTable:
		return []string{"expiresAt", "token", "createdAt", "updatedAt", "ipAddress", "userAgent", "userId"}
	case AccountTable:
		return []string{
			"accountId", "providerId", "userId", "accessToken", "refreshToken", "idToken",
			"accessTokenExpiresAt", "refreshTokenExpiresAt", "scope", "password", "createdAt", "updatedAt",
		}
	}
	return nil
}

// Extra returns the fields of a merged table that plugins or options added to
// the core ones, in order.
func Extra(t *schema.Table) []schema.Field {
	if t == nil {
		return nil
	}
	known := core(t.Name)
	return slices.DeleteFunc(slices.Clone(t.Fields), func(f schema.Field) bool { return slices.Contains(known, f.Name) })
}

// extras picks the added fields of a row.
func extras(r store.Record, fields []schema.Field) map[string]any {
	if len(fields) == 0 {
		return nil
	}
	m := make(map[string]any, len(fields))
	for i := range fields {
		m[fields[i].Name] = r[fields[i].Name]
	}
	return m
}

func (s *Service) user(r store.Record) *User {
	return &User{
		ID:            str(r["id"]),
		Name:          str(r["name"]),
		Email:         str(r["email"]),
		EmailVerified: boolean(r["emailVerified"]),
		Image:         strPtr(r["image"]),
		CreatedAt:     date(r["createdAt"]),
		UpdatedAt:     date(r["updatedAt"]),
		Fields:        extras(r, s.extra.user),
	}
}

func (s *Service) session(r store.Record) *Session {
	return &Session{
		ID:        str(r["id"]),
		Token:     Token(str(r["token"])),
		UserID:    str(r["userId"]),
		ExpiresAt: date(r["expiresAt"]),
		CreatedAt: date(r["createdAt"]),
		UpdatedAt: date(r["updatedAt"]),
		IPAddress: str(r["ipAddress"]),
		UserAgent: str(r["userAgent"]),
		Fields:    extras(r, s.extra.session),
	}
}

func (s *Service) account(r store.Record) *Account {
	return &Account{
		ID:          str(r["id"]),
		ProviderID:  str(r["providerId"]),
		AccountID:   str(r["accountId"]),
		UserID:      str(r["userId"]),
		Password:    Token(str(r["password"])),
		Scope:       str(r["scope"]),
		CreatedAt:   date(r["createdAt"]),
		UpdatedAt:   date(r["updatedAt"]),
		OAuthTokens: oauthTokens(r),
		Fields:      extras(r, s.extra.account),
	}
}

func str(v any) string {
	s, _ := v.(string)
	return s
}

func strPtr(v any) *string {
	s, ok := v.(string)
	if !ok {
		return nil
	}
	return &s
}

func boolean(v any) bool {
	b, _ := v.(bool)
	return b
}

func date(v any) time.Time {
	t, _ := v.(time.Time)
	return t
}
