package wire

import (
	"time"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/jsjson"
)

// AppendStoredAccount appends the members of a with its tokens, which are for
// the account cookie only: it is encrypted. The password is left out. The claims
// of the cookie follow, so that there is no closing brace.
func (s *Shape) AppendStoredAccount(dst []byte, a *identity.Account) []byte {
	text := func(name, value string) { dst = append(appendText(appendName(dst, name), value), ',') }
	at := func(name string, t time.Time) { dst = append(appendTime(appendName(dst, name), t), ',') }
	dst = append(dst, '{')
	text("accountId", a.AccountID)
	text("providerId", a.ProviderID)
	text("userId", a.UserID)
	text("accessToken", string(a.AccessToken))
	text("refreshToken", string(a.RefreshToken))
	text("idToken", string(a.IDToken))
	at("accessTokenExpiresAt", a.AccessTokenExpiresAt)
	at("refreshTokenExpiresAt", a.RefreshTokenExpiresAt)
	text("scope", a.Scope)
	at("createdAt", a.CreatedAt)
	at("updatedAt", a.UpdatedAt)
	dst = append(dst, `"id":`...)
	dst = jsjson.AppendString(dst, a.ID)
	return appendFields(dst, s.account, a.Fields)
}

func appendName(dst []byte, name string) []byte {
	dst = append(dst, '"')
	dst = append(dst, name...)
	return append(dst, '"', ':')
}

func appendText(dst []byte, s string) []byte {
	if s == "" {
		return append(dst, "null"...)
	}
	return jsjson.AppendString(dst, s)
}

func appendTime(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(dst, "null"...)
	}
	return jsjson.AppendTime(dst, t)
}

// ParseStoredAccount reads an account from the account cookie. Ids, provider and
// user are required; what is null or absent otherwise is empty.
func (s *Shape) ParseStoredAccount(data []byte) (*identity.Account, bool) {
	var buf [maxMembers]jsjson.Member
	members, ok := jsjson.Members(buf[:0], data)
	if !ok {
		return nil, false
	}
	p := parser{members: members}
	a := &identity.Account{
		ID:         p.text("id"),
		ProviderID: p.text("providerId"),
		AccountID:  p.text("accountId"),
		UserID:     p.text("userId"),
		Scope:      p.orEmpty("scope"),
		CreatedAt:  p.optionalTime("createdAt"),
		UpdatedAt:  p.optionalTime("updatedAt"),
		OAuthTokens: identity.OAuthTokens{
			AccessToken:           identity.Token(p.orEmpty("accessToken")),
			RefreshToken:          identity.Token(p.orEmpty("refreshToken")),
			IDToken:               identity.Token(p.orEmpty("idToken")),
			AccessTokenExpiresAt:  p.optionalTime("accessTokenExpiresAt"),
			RefreshTokenExpiresAt: p.optionalTime("refreshTokenExpiresAt"),
		},
		Fields: p.fields(s.account),
	}
	return a, !p.bad && a.ID != "" && a.ProviderID != "" && a.UserID != ""
}

// orEmpty reads a string that may be null or absent.
func (p *parser) orEmpty(name string) string {
	if v := p.optional(name); v != nil {
		return *v
	}
	return ""
}

// optionalTime reads a time that may be null or absent.
func (p *parser) optionalTime(name string) time.Time {
	raw := p.find(name)
	if raw == nil || jsjson.IsNull(raw) {
		return time.Time{}
	}
	return p.time(name)
}
