package wire

import (
	"strings"
	"time"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/jsjson"
	"github.com/lockstep-auth/lockstep/schema"
)

// maxMembers is how many members of an object are read without allocating.
const maxMembers = 24

// ParseUser reads a user from a session cookie. It refuses what upstream's
// cookie schema refuses: a missing or mistyped core field (upstream:
// packages/better-auth/src/cookies/cache.ts).
func (s *Shape) ParseUser(data []byte) (*identity.User, bool) {
	var buf [maxMembers]jsjson.Member
	members, ok := jsjson.Members(buf[:0], data)
	if !ok {
		return nil, false
	}
	p := parser{members: members}
	u := &identity.User{
		ID:            p.text("id"),
		Name:          p.text("name"),
		Email:         strings.ToLower(p.text("email")),
		EmailVerified: p.flag("emailVerified"),
		Image:         p.optional("image"),
		CreatedAt:     p.time("createdAt"),
		UpdatedAt:     p.time("updatedAt"),
		Fields:        p.fields(s.user),
	}
	return u, !p.bad
}

// ParseSession reads a session from a session cookie, as ParseUser does.
func (s *Shape) ParseSession(data []byte) (*identity.Session, bool) {
	var buf [maxMembers]jsjson.Member
	members, ok := jsjson.Members(buf[:0], data)
	if !ok {
		return nil, false
	}
	p := parser{members: members}
	v := &identity.Session{
		ID:        p.text("id"),
		Token:     identity.Token(p.text("token")),
		UserID:    p.text("userId"),
		ExpiresAt: p.time("expiresAt"),
		CreatedAt: p.time("createdAt"),
		UpdatedAt: p.time("updatedAt"),
		Fields:    p.fields(s.session),
	}
	if ip := p.optional("ipAddress"); ip != nil {
		v.IPAddress = *ip
	}
	if ua := p.optional("userAgent"); ua != nil {
		v.UserAgent = *ua
	}
	return v, !p.bad
}

// A parser picks members of one object and remembers whether any was wrong.
type parser struct {
	members []jsjson.Member
	bad     bool
}

func (p *parser) find(name string) []byte {
	for i := range p.members {
		if p.members[i].Key == name {
			return p.members[i].Value
		}
	}
	return nil
}

func (p *parser) text(name string) string {
	v, ok := jsjson.String(p.find(name))
	p.bad = p.bad || !ok
	return v
}

// optional reads a string that may be null or absent.
func (p *parser) optional(name string) *string {
	raw := p.find(name)
	if raw == nil || jsjson.IsNull(raw) {
		return nil
	}
	v, ok := jsjson.String(raw)
	p.bad = p.bad || !ok
	return &v
}

// flag reads a boolean; absent is false.
func (p *parser) flag(name string) bool {
	raw := p.find(name)
	if raw == nil {
		return false
	}
	v, ok := jsjson.Bool(raw)
	p.bad = p.bad || !ok
	return v
}

func (p *parser) time(name string) time.Time {
	v, ok := jsjson.Time(p.find(name))
	p.bad = p.bad || !ok
	return v
}

func (p *parser) fields(fields []schema.Field) map[string]any {
	if len(fields) == 0 {
		return nil
	}
	m := make(map[string]any, len(fields))
	for i := range fields {
		m[fields[i].Name] = p.field(&fields[i])
	}
	return m
}

func (p *parser) field(f *schema.Field) any {
	raw := p.find(f.Name)
	if raw == nil || jsjson.IsNull(raw) {
		return nil
	}
	if f.Type == schema.Date {
		return p.time(f.Name)
	}
	v, err := jsjson.Decode(raw)
	p.bad = p.bad || err != nil
	return v
}
