package plugin

import (
	"cmp"
	"errors"
	"net/http"
	"time"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/cookie"
	"github.com/lockstep-auth/lockstep/internal/wire"
)

// A Login is a session with its user.
type Login struct {
	Session *identity.Session
	User    *identity.User

	// Cached is true if both come from a session cookie and not from the
	// database.
	Cached bool

	// NeedsRefresh is true if the session is due to be prolonged and this call
	// may not do it (session.deferSessionRefresh).
	NeedsRefresh bool

	// When the session cookie ends that it comes from.
	ends time.Time

	// Which half comes from a session cookie: it is written there again with its
	// members in the order of the cookie.
	cachedSession, cachedUser bool
}

// WithUser returns l with the user as it is now.
func (l *Login) WithUser(u *identity.User) *Login {
	return &Login{Session: l.Session, User: u, Cached: l.Cached, ends: l.ends, cachedSession: l.cachedSession}
}

// WithChange returns l with the same user, changed: in a session cookie its
// members keep their order, as upstream's do.
func (l *Login) WithChange(u *identity.User) *Login {
	next := l.WithUser(u)
	next.cachedUser = l.cachedUser
	return next
}

// WithSession returns l with the session as it is now.
func (l *Login) WithSession(s *identity.Session) *Login {
	return &Login{Session: s, User: l.User, Cached: l.Cached, ends: l.ends, cachedUser: l.cachedUser}
}

// A Lookup says how to find the session of a call.
type Lookup struct {
	NoCache   bool // do not believe the session cookie, ask the database
	NoRefresh bool // do not prolong the session
	Write     bool // the call may write although session.deferSessionRefresh is on
}

// Login returns the session of the caller. The error is Unauthorized when
// there is none. It is looked up once per call.
func (c *Call) Login() (*Login, error) { return c.require(false) }

// SensitiveLogin returns the session of the caller as the database knows it at
// this moment. The error is Unauthorized when there is none.
func (c *Call) SensitiveLogin() (*Login, error) { return c.require(!c.Host.Session.Stateless) }

func (c *Call) require(noCache bool) (*Login, error) {
	if !c.looked || (noCache && c.login != nil && c.login.Cached) {
		l, err := c.Lookup(Lookup{
			NoCache: noCache || truthy(c.Query, "disableCookieCache"), NoRefresh: truthy(c.Query, "disableRefresh"),
		})
		if err != nil {
			return nil, err
		}
		c.login, c.looked = l, true
	}
	if c.login == nil {
		return nil, Unauthorized()
	}
	return c.login, nil
}

// truthy reads a query parameter as upstream's z.coerce.boolean() does: every
// text but the empty one is true, also "false".
func truthy(q Query, name string) bool {
	v := q[name]
	return len(v) > 1 || (len(v) == 1 && v[0] != "")
}

// LookupOptions reads the options of get-session from the query.
func (c *Call) LookupOptions() Lookup {
	return Lookup{
		NoCache: truthy(c.Query, "disableCookieCache"), NoRefresh: truthy(c.Query, "disableRefresh"),
		Write: c.Method == http.MethodPost,
	}
}

// CheckGuard holds the caller to the endpoint's guard.
func (c *Call) CheckGuard() error {
	switch c.Endpoint.Guard {
	case GuardNone:
		return nil
	case GuardSession:
		_, err := c.Login()
		return err
	case GuardSensitive:
		_, err := c.SensitiveLogin()
		return err
	case GuardFresh:
		l, err := c.Login()
		if err != nil {
			return err
		}
		if !c.Fresh(l.Session) {
			return errSessionNotFresh()
		}
	}
	return nil
}

// Fresh reports whether the session began less than session.freshAge ago.
func (c *Call) Fresh(s *identity.Session) bool {
	age := c.Host.Session.FreshAge
	return age == 0 || c.now().Sub(s.CreatedAt) < age
}

// Lookup finds the session of the caller, or nil if there is none, and sends
// the cookies that keep the browser up to date. The order of its steps is
// upstream's (packages/better-auth/src/api/routes/session.ts). A database that
// cannot answer is an error, never "nobody": the client would sign out.
func (c *Call) Lookup(l Lookup) (*Login, error) {
	token, ok := c.signed(c.Host.cookies.token.Name)
	if c.Host.c.Cache == nil {
		c.dropCache()
	}
	if !ok || token == "" {
		return nil, nil
	}
	if c.Host.c.Cache != nil && !l.NoCache {
		if login := c.cachedLogin(identity.Token(token)); login != nil {
			return login, nil
		}
	}
	return c.storedLogin(identity.Token(token), l)
}

// dropCache expires a session cookie that nobody will read: the cache was
// switched off.
func (c *Call) dropCache() {
	for _, name := range c.sentCookies().Chunks(c.Host.cookies.data.Name) {
		c.jar.Set(cookie.Expired(name, c.Host.cookies.data.Attributes))
	}
}

// cachedLogin reads the session cookie. It returns nil, and expires the
// cookie, if it is not to be believed.
func (c *Call) cachedLogin(token identity.Token) *Login {
	value, ok := c.sentCookies().Joined(c.Host.cookies.data.Name)
	if !ok || value == "" {
		return nil
	}
	login, ends := c.decodeCache(value, token)
	if login == nil {
		c.expire(c.Host.cookies.data)
		c.dropped = true
		return nil
	}
	if due := c.Host.Session.RefreshCache; due > 0 && ends.Sub(c.now()) < due {
		c.writeCache(login, false)
		c.writeToken(login.Session.Token, c.unremembered())
	}
	return login
}

func (c *Call) decodeCache(value string, token identity.Token) (*Login, time.Time) {
	cs := CachedSession{
		Cache: c.Host.c.Cache, Shape: c.shape, Value: value, Token: token, Now: c.now(), Version: c.cacheVersion,
	}
	return cs.decode()
}

// A CachedSession is the value of a session cookie, with what is needed to
// believe it.
type CachedSession struct {
	Cache   *cookie.Cache
	Shape   *wire.Shape
	Value   string
	Token   identity.Token // of the session_token cookie
	Now     time.Time
	Version func(*identity.Session, *identity.User) string
}

// DecodeCache returns the session in a session cookie, or nil if it is not to
// be believed. It is for package lockstep.
func DecodeCache(cs CachedSession) *Login {
	login, _ := cs.decode()
	return login
}

// decode also returns when the copy ends.
func (cs *CachedSession) decode() (*Login, time.Time) {
	p, ends, ok := cs.Cache.Decode(cs.Value, cs.Now)
	if !ok {
		return nil, time.Time{}
	}
	session, ok := cs.Shape.ParseSession(p.Session)
	if !ok || session.Token != cs.Token {
		return nil, time.Time{}
	}
	user, ok := cs.Shape.ParseUser(p.User)
	if !ok || cmp.Or(p.Version, "1") != cs.Version(session, user) {
		return nil, time.Time{}
	}
	if ends.Before(cs.Now) || session.ExpiresAt.Before(cs.Now) {
		return nil, time.Time{}
	}
	return &Login{Session: session, User: user, Cached: true, ends: ends, cachedSession: true, cachedUser: true}, ends
}

func (c *Call) cacheVersion(s *identity.Session, u *identity.User) string {
	if c.Host.Session.CacheVersion == nil {
		return "1"
	}
	return c.Host.Session.CacheVersion(s, u)
}

// storedLogin asks the database, and prolongs the session when it is due.
func (c *Call) storedLogin(token identity.Token, l Lookup) (*Login, error) {
	ctx, policy := c.Context(), &c.Host.Session
	session, user, err := c.Host.Identity.FindSession(ctx, token)
	if errors.Is(err, identity.ErrNotFound) {
		c.ForgetSession()
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	now := c.now()
	if session.ExpiresAt.Before(now) {
		c.ForgetSession()
		if !policy.DeferRefresh || l.Write {
			return nil, c.Host.Identity.EndSession(ctx, token)
		}
		return nil, nil
	}
	login := &Login{Session: session, User: user}
	if l.NoRefresh || c.unremembered() {
		return login, nil
	}
	due := session.ExpiresAt.Add(policy.UpdateAge - policy.ExpiresIn)
	login.NeedsRefresh = !due.After(now) && !policy.DisableRefresh
	if !login.NeedsRefresh || (policy.DeferRefresh && !l.Write) {
		c.writeCache(login, false)
		return login, nil
	}
	return c.refresh(login)
}

func (c *Call) refresh(l *Login) (*Login, error) {
	session, err := c.Host.Identity.RefreshSession(c.Context(), l.Session.Token)
	if errors.Is(err, identity.ErrNotFound) || errors.Is(err, identity.ErrRefused) {
		c.ForgetSession() // ended by somebody else just now, or a hook wants it so
		return nil, errFailedToGetSession()
	}
	if err != nil {
		return nil, err
	}
	login := &Login{Session: session, User: l.User}
	c.SetSession(login, new(false))
	return login, nil
}

// unremembered reports whether the caller asked not to be remembered when
// signing in.
func (c *Call) unremembered() bool {
	v, ok := c.signed(c.Host.cookies.dontRemember.Name)
	return ok && v != ""
}

// SignIn starts a session for u and sends its cookies. With unremembered they
// end with the browser, and the session after a day.
func (c *Call) SignIn(u *identity.User, unremembered bool) (*Login, error) {
	device := c.Device()
	device.Unremembered = unremembered
	session, err := c.Host.Identity.StartSession(c.Context(), u.ID, device)
	if err != nil {
		return nil, err
	}
	login := &Login{Session: session, User: u}
	c.SetSession(login, &unremembered)
	return login, nil
}

// SetSession sends the cookies of a session that was started or changed. A nil
// unremembered keeps what the browser has.
func (c *Call) SetSession(l *Login, unremembered *bool) {
	had := c.unremembered()
	forget := had
	if unremembered != nil {
		forget = *unremembered
	}
	c.writeToken(l.Session.Token, forget)
	switch {
	case forget:
		k := c.Host.cookies.dontRemember
		k.Value = c.Host.signer.Sign("true")
		c.jar.Set(k)
	case had:
		c.expire(c.Host.cookies.dontRemember)
	}
	c.writeCache(l, forget)
	c.NewLogin = l
	c.login, c.looked = l, true
}

func (c *Call) writeToken(token identity.Token, untilBrowserEnds bool) {
	k := c.Host.cookies.token
	k.Value = c.Host.signer.Sign(string(token))
	k.MaxAge = seconds(c.Host.Session.ExpiresIn) // whatever advanced.cookies says, as upstream
	if untilBrowserEnds {
		k.MaxAge = nil
	}
	c.jar.Set(k)
}

// maxCacheCookies is how many cookies a cached session may take: 32 kB, the most
// that a browser could send back before servers refuse its requests for their
// header (Node.js 16 kB, nginx 32 kB). Upstream has no limit. A larger session is
// read from the database each time, and where there is none it cannot be kept.
const maxCacheCookies = 8

// writeCache sends the session cookie, in chunks if it is large, if sessions
// are cached. A copy of a copy ends when the first does, or a session that was
// revoked could renew itself for ever. Upstream lets it.
func (c *Call) writeCache(l *Login, untilBrowserEnds bool) {
	if c.Host.c.Cache == nil {
		return
	}
	k := c.Host.cookies.data
	life := int(c.Host.Session.CacheMaxAge / time.Second)
	if untilBrowserEnds {
		k.MaxAge, life = nil, 0
	}
	made := c.now()
	if l.Cached && !c.Host.Session.Stateless {
		left := l.ends.Sub(made)
		if left <= 0 {
			c.dropCache()
			return
		}
		life = int((left + time.Second - 1) / time.Second)
		made = l.ends.Add(-time.Duration(life) * time.Second)
	}
	value := c.Host.c.Cache.Encode(c.cachePayload(l), made, life)
	parts, ok := c.split(k, value)
	if !ok || len(parts) > maxCacheCookies {
		parts = nil
		c.Host.Log.WarnContext(c.Context(), "session too large for a cookie, not cached", "bytes", len(value))
	}
	if c.dropped && len(parts) > 1 {
		c.jar.Set(cookie.Expired(k.Name, k.Attributes))
	}
	for _, part := range parts {
		c.jar.Set(part)
	}
	c.renewAccountCookie(l.User.ID)
}

// split returns the cookies that carry value in place of k and its chunks, which
// it expires. It reports false if there would be too many.
func (c *Call) split(k cookie.Cookie, value string) ([]cookie.Cookie, bool) {
	c.jar.Remove(k.Name)
	for _, name := range c.sentCookies().Chunks(k.Name) {
		c.jar.Set(cookie.Expired(name, k.Attributes))
	}
	return cookie.Split(k.Name, value, k.Attributes)
}

func (c *Call) cachePayload(l *Login) cookie.Payload {
	session, user := c.shape.AppendSession, c.shape.AppendUser
	if l.cachedSession {
		session = c.shape.AppendCachedSession
	}
	if l.cachedUser {
		user = c.shape.AppendCachedUser
	}
	return cookie.Payload{
		Session: session(nil, l.Session), User: user(nil, l.User),
		UpdatedAt: c.now().UnixMilli(), Version: c.cacheVersion(l.Session, l.User),
	}
}

// ForgetSession removes the cookies of the session from the browser. It does
// not end the session; see SignOut.
func (c *Call) ForgetSession() {
	c.expire(c.Host.cookies.token)
	c.expire(c.Host.cookies.data)
	if c.Host.c.AccountCookie {
		c.expire(c.Host.cookies.account)
		c.accountSet = true
	}
	if c.Host.c.StateInCookie {
		c.ExpireCookie(cookie.OAuthState)
	}
	c.expire(c.Host.cookies.dontRemember)
	for _, key := range c.bound {
		c.ExpireCookie(key)
	}
	c.dropSessionHeaders()
	c.NewLogin = nil
	c.login, c.looked = nil, true
}

// SessionToken returns the token of the caller's session cookie, if its
// signature is right. Nobody has checked that the session is alive.
func (c *Call) SessionToken() (identity.Token, bool) {
	token, ok := c.signed(c.Host.cookies.token.Name)
	return identity.Token(token), ok && token != ""
}

// TakeBack undoes SignIn: it ends the new session and leaves no trace of it in
// the answer. After hooks use it to ask for another factor.
func (c *Call) TakeBack() error {
	if c.NewLogin == nil {
		return nil
	}
	token := c.NewLogin.Session.Token
	c.ForgetSession()
	return c.Host.Identity.EndSession(c.Context(), token)
}

// PublicLogin returns l as get-session sends it.
func (c *Call) PublicLogin(l *Login) wire.Login {
	out := wire.Login{Shape: c.shape, Session: l.Session, User: l.User, Cached: l.Cached}
	if c.Host.Session.DeferRefresh && !l.Cached && c.NewLogin == nil && c.Method == http.MethodGet && !c.plain() {
		out.NeedsRefresh = new(l.NeedsRefresh)
	}
	return out
}

// plain reports whether get-session answers without needsRefresh: the caller
// asked for no refresh or is not to be remembered.
func (c *Call) plain() bool { return truthy(c.Query, "disableRefresh") || c.unremembered() }
