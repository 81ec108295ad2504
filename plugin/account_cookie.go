package plugin

import (
	"strconv"
	"time"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/secure"
)

const (
	// accountSalt separates the key of the account cookie from that of the
	// session cookie.
	accountSalt = "better-auth-account"

	// maxAccountCookie is the longest value that is read back, in bytes.
	maxAccountCookie = 16 << 10
)

// SetAccount sends the cookie that keeps the account a user has signed in with,
// tokens included, encrypted (account.storeAccountCookie). It does nothing if
// accounts are not kept in one.
func (c *Call) SetAccount(a *identity.Account) {
	if !c.Host.c.AccountCookie {
		return
	}
	c.accountSet = true
	k, now := c.Host.cookies.account, c.now().Unix()
	life := int64(c.Host.Session.CacheMaxAge / time.Second)
	if k.MaxAge != nil {
		life = int64(*k.MaxAge)
	}
	claims := c.shape.AppendStoredAccount(make([]byte, 0, 2048), a)
	claims = strconv.AppendInt(append(claims, `,"iat":`...), now, 10)
	claims = strconv.AppendInt(append(claims, `,"exp":`...), now+life, 10)
	claims = append(claims, `,"jti":"`+secure.UUID()+`"}`...)
	value := c.Host.account.Seal(claims)
	parts, ok := c.split(k, value)
	if !ok || len(value) > maxAccountCookie {
		c.Host.Log.WarnContext(c.Context(), "account too large for a cookie, not kept", "bytes", len(value))
		c.expire(k)
		return
	}
	for _, part := range parts {
		c.jar.Set(part)
	}
}

// SentAccount returns the account in the caller's cookie if it is of the user,
// or nil.
func (c *Call) SentAccount(userID string) *identity.Account {
	if !c.Host.c.AccountCookie {
		return nil
	}
	value, ok := c.sentCookies().Joined(c.Host.cookies.account.Name)
	if !ok {
		return nil
	}
	claims, ok := c.Host.account.Open(value, c.now())
	if !ok {
		return nil
	}
	a, ok := c.shape.ParseStoredAccount(claims)
	if !ok || a.UserID != userID {
		return nil
	}
	return a
}

// renewAccountCookie prolongs the account cookie together with the session
// cookie, or drops one of another user.
func (c *Call) renewAccountCookie(userID string) {
	k := c.Host.cookies.account
	if !c.Host.c.AccountCookie || c.accountSet || len(c.sentCookies().Chunks(k.Name)) == 0 {
		return
	}
	if a := c.SentAccount(userID); a != nil {
		c.SetAccount(a)
		return
	}
	c.expire(k)
}

// StateInCookie reports whether what a sign-in with a service needs waits for the
// browser in a cookie, and not in the database.
func (h *Host) StateInCookie() bool { return h.c.StateInCookie }

// AccountCookie reports whether accounts are kept in a cookie.
func (h *Host) AccountCookie() bool { return h.c.AccountCookie }
