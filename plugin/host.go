package plugin

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/cookie"
	"github.com/lockstep-auth/lockstep/internal/secure"
	"github.com/lockstep-auth/lockstep/schema"
)

// A Host is what the server offers to plugins. It is safe for concurrent use.
type Host struct {
	AppName  string
	Identity *identity.Service
	Log      *slog.Logger
	Now      func() time.Time
	Session  SessionPolicy
	Tables   []schema.Table // of the server and all plugins

	c       HostConfig
	signer  *secure.Signer
	account *secure.Sealer
	cookies sessionCookies
}

// A SessionPolicy says how long sessions live and how they are cached in a
// cookie. The names are Better Auth's (session.*).
type SessionPolicy struct {
	ExpiresIn      time.Duration
	UpdateAge      time.Duration
	FreshAge       time.Duration // 0: every session is fresh
	DisableRefresh bool
	DeferRefresh   bool

	// Stateless sessions live in the cookie alone.
	Stateless bool

	CacheMaxAge  time.Duration
	RefreshCache time.Duration // renew the cached session this long before it ends; 0: never

	// CacheVersion returns the version a cached session must have.
	CacheVersion func(*identity.Session, *identity.User) string
}

// A HostConfig is what package lockstep makes a Host of. Plugins do not need
// it.
type HostConfig struct {
	AppName   string
	Identity  *identity.Service
	Log       *slog.Logger
	Now       func() time.Time
	Session   SessionPolicy
	Tables    []schema.Table
	Secrets   *secure.Secrets
	Passwords Passwords
	Cookies   *cookie.Names
	Cache     *cookie.Cache // nil if sessions are not cached in a cookie
	ClientIP  func(*http.Request) string

	// AccountCookie keeps the account that a user has signed in with in a cookie,
	// StateInCookie what a sign-in with a service needs until the browser is back.
	AccountCookie bool
	StateInCookie bool

	// ValidateUserInfo refuses users; see Call.CheckUserInfo. It may be nil.
	ValidateUserInfo func(*Call, UserInfo) error

	// Background runs work after the answer; see Call.Later. AllowMail counts
	// mails; see Call.AllowMail.
	Background func(ctx context.Context, what string, run func(context.Context) error)
	AllowMail  func(purpose, recipient string) bool
}

// Passwords hashes passwords and checks them.
type Passwords interface {
	Hash(ctx context.Context, password string) (string, error)
	Verify(ctx context.Context, hash, password string) (bool, error)
}

// sessionCookies are the cookies of every session, with their attributes made
// once.
type sessionCookies struct {
	token, data, dontRemember, account cookie.Cookie
}

// NewHost returns a host. It is for package lockstep.
func NewHost(c HostConfig) *Host {
	return &Host{
		AppName: c.AppName, Identity: c.Identity, Log: c.Log, Now: c.Now, Session: c.Session, Tables: c.Tables,
		c: c, signer: secure.NewSigner(c.Secrets.Current()), account: c.Secrets.Sealer(accountSalt),
		cookies: sessionCookies{
			token:        c.Cookies.Make("session_token", seconds(c.Session.ExpiresIn)),
			data:         c.Cookies.Make("session_data", seconds(c.Session.CacheMaxAge)),
			dontRemember: c.Cookies.Make("dont_remember", nil),
			account:      c.Cookies.Make(cookie.AccountData, seconds(c.Session.CacheMaxAge)),
		},
	}
}

func seconds(d time.Duration) *int { return new(int(d / time.Second)) }

// HashPassword returns the hash to store of a password. It waits for a place
// in the server's pool of hashers; when too many wait, the error answers 503.
func (h *Host) HashPassword(ctx context.Context, password string) (string, error) {
	return h.c.Passwords.Hash(ctx, password)
}

// VerifyPassword reports whether hash is of password. It waits as HashPassword
// does.
func (h *Host) VerifyPassword(ctx context.Context, hash, password string) (bool, error) {
	return h.c.Passwords.Verify(ctx, hash, password)
}

// Encrypt seals a text for the database, for one purpose only: what was sealed
// for another purpose does not open.
func (h *Host) Encrypt(purpose, text string) string {
	return h.c.Secrets.ForPurpose(purpose).Encrypt(text)
}

// Decrypt opens what Encrypt sealed for the same purpose.
func (h *Host) Decrypt(purpose, sealed string) (string, error) {
	return h.c.Secrets.ForPurpose(purpose).Decrypt(sealed)
}

// SignToken returns a JWT (HS256) of the claims, the text of a JSON object with
// iat and exp, as upstream's signJWT makes it.
func (h *Host) SignToken(claims []byte) string { return h.signer.SignJWT(claims) }

// ErrTokenExpired and ErrTokenInvalid are why a token does not verify.
var (
	ErrTokenExpired = errors.New("plugin: token expired")
	ErrTokenInvalid = errors.New("plugin: token invalid")
)

// VerifyToken returns the claims of a token that SignToken, or upstream's
// signJWT, made with the same secret. Nothing in it says what it is for: check
// the claims. The error is ErrTokenExpired or ErrTokenInvalid.
func (h *Host) VerifyToken(token string) (claims []byte, err error) {
	claims, ok := h.signer.VerifyJWT(token, h.Now())
	if ok {
		return claims, nil
	}
	// What was valid at some time has expired since.
	if _, ok := h.signer.VerifyJWT(token, time.Unix(0, 0)); ok {
		return nil, ErrTokenExpired
	}
	return nil, ErrTokenInvalid
}

// Token returns n random characters from [a-zA-Z0-9], for links and keys.
func Token(n int) string { return secure.Token(n) }
