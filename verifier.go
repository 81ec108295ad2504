package lockstep

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/cookie"
	"github.com/lockstep-auth/lockstep/internal/secure"
	"github.com/lockstep-auth/lockstep/internal/wire"
	"github.com/lockstep-auth/lockstep/plugin"
	"github.com/lockstep-auth/lockstep/schema"
)

// A VerifierConfig describes the session cookies of a server. Its values are
// those of the server's Config.
type VerifierConfig struct {
	Secret  string
	Secrets []Secret

	// Strategy is Session.CookieCache.Strategy. Defaults to "compact".
	Strategy string

	// Secure says that the server's cookies have the __Secure- prefix, as they
	// do when its BaseURL is https.
	Secure bool

	CookiePrefix string
	Cookies      map[string]CookieOptions

	// Version is Session.CookieCache.Version.
	Version string

	// UserFields and SessionFields are the additional fields to read.
	UserFields, SessionFields []schema.Field

	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
}

// String returns "[redacted]": it holds the secret.
func (VerifierConfig) String() string { return "[redacted]" }

// GoString returns "[redacted]".
func (VerifierConfig) GoString() string { return "[redacted]" }

// A Verifier reads sessions from the session cookie of a server that caches
// them there (Session.CookieCache), without asking the server or its database.
// It is for other services behind the same domain. A session that was ended is
// believed until the cookie's copy ends. A Verifier is safe for concurrent use.
type Verifier struct {
	signer      *secure.Signer
	cache       *cookie.Cache
	shape       *wire.Shape
	token, data string // names of cookies
	version     string
	now         func() time.Time
}

// NewVerifier checks c and returns a verifier for it.
func NewVerifier(c VerifierConfig) (*Verifier, error) {
	b := newBuilder(&Config{Secret: c.Secret, Secrets: c.Secrets, Log: slog.Default()})
	secrets := b.secrets()
	if err := errors.Join(b.errs...); err != nil {
		return nil, err
	}
	custom := make(map[string]cookie.Custom, len(c.Cookies))
	for key, o := range c.Cookies {
		custom[key] = cookie.Custom{Name: o.Name, Attributes: overrides(o.Attributes)}
	}
	names, err := cookie.NewNames(cookie.Config{Secure: c.Secure, Prefix: c.CookiePrefix, Cookies: custom})
	if err != nil {
		return nil, fmt.Errorf("lockstep: %w", err)
	}
	cache, err := cookie.NewCache(cookie.CacheConfig{Strategy: cookie.Strategy(c.Strategy), Secrets: secrets})
	if err != nil {
		return nil, fmt.Errorf("lockstep: %w", err)
	}
	tables, err := schema.Merge(identity.Tables(), []schema.Table{
		{Name: identity.UserTable, Fields: c.UserFields}, {Name: identity.SessionTable, Fields: c.SessionFields},
	})
	if err != nil {
		return nil, fmt.Errorf("lockstep: %w", err)
	}
	v := &Verifier{
		signer: secure.NewSigner(secrets.Current()), cache: cache, shape: wire.NewShape(tables),
		token: names.Make(cookie.SessionToken, nil).Name, data: names.Make(cookie.SessionData, nil).Name,
		version: cmp.Or(c.Version, "1"), now: c.Now,
	}
	if v.now == nil {
		v.now = time.Now //nolint:forbidigo // the default clock
	}
	return v, nil
}

// Session returns the session of a request, or ErrNoSession. It never fails
// otherwise.
func (v *Verifier) Session(r *http.Request) (*Session, error) {
	sent := cookie.Parse(r.Header["Cookie"])
	signed, _ := sent.Get(v.token)
	token, ok := v.signer.Verify(signed)
	if !ok {
		return nil, ErrNoSession
	}
	data, ok := sent.Joined(v.data)
	if !ok {
		return nil, ErrNoSession
	}
	login := plugin.DecodeCache(plugin.CachedSession{
		Cache: v.cache, Shape: v.shape, Value: data, Token: identity.Token(token), Now: v.now(),
		Version: func(*identity.Session, *identity.User) string { return v.version },
	})
	if login == nil {
		return nil, ErrNoSession
	}
	return newSession(login), nil
}
