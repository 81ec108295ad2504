package jwt_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/jwks"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/plugin"
	"github.com/lockstep-auth/lockstep/plugin/bearer"
	"github.com/lockstep-auth/lockstep/plugin/jwt"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/memory"
)

type server struct {
	*locksteptest.Server
	tokens *jwt.Issuer
	db     *countingStore
}

func start(t *testing.T, o jwt.Options, change ...func(*lockstep.Config)) *server {
	t.Helper()
	s := &server{tokens: jwt.New(o), db: &countingStore{Store: memory.New()}}
	c := lockstep.Config{
		Store: s.db, EmailAndPassword: lockstep.EmailAndPassword{Enabled: true}, Plugins: []plugin.Plugin{s.tokens.Plugin()},
	}
	for _, f := range change {
		f(&c)
	}
	s.Server = locksteptest.Start(t, c)
	return s
}

func cached(c *lockstep.Config) {
	c.Session.CookieCache = lockstep.CookieCache{Enabled: true, MaxAge: time.Hour}
}

// A countingStore counts trips, and can be away.
type countingStore struct {
	*memory.Store
	trips atomic.Int64
	away  atomic.Bool
}

func (s *countingStore) Read(ctx context.Context, q ...store.Query) ([]store.Result, error) {
	s.trips.Add(1)
	if s.away.Load() {
		return nil, store.ErrUnavailable
	}
	return s.Store.Read(ctx, q...)
}

func (s *countingStore) Apply(ctx context.Context, b store.Batch) ([]store.Record, error) {
	s.trips.Add(1)
	if s.away.Load() {
		return nil, store.ErrUnavailable
	}
	return s.Store.Apply(ctx, b)
}

func (s *server) signUp(t *testing.T) string {
	t.Helper()
	res := s.Browser.Post("/sign-up/email", map[string]any{"name": "Zoë <b>", "email": "a@b.co", "password": "correct horse"})
	if res.Status != http.StatusOK {
		t.Fatalf("sign up: %d %s", res.Status, res.Body)
	}
	var out struct{ User struct{ ID string } }
	res.JSON(t, &out)
	return out.User.ID
}

func (s *server) token(t *testing.T) string {
	t.Helper()
	res := s.Browser.Get("/token")
	var out struct{ Token string }
	res.JSON(t, &out)
	if res.Status != http.StatusOK || out.Token == "" {
		t.Fatalf("token: %d %s", res.Status, res.Body)
	}
	return out.Token
}

// verifier is what another service would have.
func (s *server) verifier(t *testing.T, issuer string, audience ...string) *jwks.Verifier {
	t.Helper()
	v, err := jwks.NewVerifier(jwks.VerifierConfig{URL: s.URL + "/api/auth/jwks", Issuer: issuer, Audience: audience, Now: s.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func payload(t *testing.T, token string) string {
	t.Helper()
	data, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// The claims are upstream's in upstream's order.
func TestToken(t *testing.T) {
	t.Parallel()
	s := start(t, jwt.Options{})
	id := s.signUp(t)
	now := s.Clock.Now()
	token := s.token(t)
	at := now.Format("2006-01-02T15:04:05.000Z")
	want := fmt.Sprintf(`{"iat":%d,"name":"Zoë <b>","email":"a@b.co","emailVerified":false,"image":null,"createdAt":%q,"updatedAt":%q,`+
		`"id":%q,"sub":%q,"exp":%d,"iss":%q,"aud":%q}`, now.Unix(), at, at, id, id, now.Unix()+900, s.URL, s.URL)
	if got := payload(t, token); got != want {
		t.Errorf("claims\ngot  %s\nwant %s", got, want)
	}
	v := s.verifier(t, s.URL, s.URL)
	claims, err := v.Verify(t.Context(), token)
	if err != nil || claims.Subject() != id {
		t.Errorf("another service: %s, %v", claims, err)
	}
	s.Clock.Advance(15 * time.Minute)
	if _, err := v.Verify(t.Context(), token); !errors.Is(err, jwks.ErrInvalid) {
		t.Errorf("after 15 minutes: %v", err)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	s := start(t, jwt.Options{
		Issuer: "https://issuer.example", Audience: []string{"api", "web"}, ExpirationTime: time.Hour, JWKSPath: "/.well-known/jwks.json",
		Algorithm: jwks.RS256, ModulusLength: 3072,
		DefinePayload: func(_ *plugin.Call, l *plugin.Login) (any, error) {
			return map[string]any{"role": "admin", "email": l.User.Email, "aud": nil}, nil
		},
		GetSubject: func(_ *plugin.Call, l *plugin.Login) (string, error) { return "u:" + l.User.Email, nil },
	})
	s.signUp(t)
	now := s.Clock.Now().Unix()
	want := fmt.Sprintf(`{"iat":%d,"aud":["api","web"],"email":"a@b.co","role":"admin","sub":"u:a@b.co","exp":%d,"iss":"https://issuer.example"}`,
		now, now+3600)
	token := s.token(t)
	if got := payload(t, token); got != want {
		t.Errorf("claims\ngot  %s\nwant %s", got, want)
	}
	if res := s.Browser.Get("/jwks"); res.Status != http.StatusNotFound {
		t.Errorf("the default path: %d", res.Status)
	}
	res := s.Browser.Get("/.well-known/jwks.json")
	v, err := jwks.NewVerifier(jwks.VerifierConfig{Keys: []byte(res.Body), Issuer: "https://issuer.example", Audience: []string{"web"}, Now: s.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), token); err != nil || len(res.Body) < 512+50 {
		t.Errorf("%v with %s", err, res.Body)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]jwt.Options{
		"path without a slash": {JWKSPath: "jwks"}, "path with dots": {JWKSPath: "/../jwks"}, "symmetric": {Algorithm: "HS256"},
		"weak RSA": {Algorithm: jwks.RS256, ModulusLength: 1024}, "no time": {ExpirationTime: time.Millisecond}, "negative": {GracePeriod: -1},
	} {
		_, err := lockstep.New(lockstep.Config{
			BaseURL: "https://example.com", Secret: locksteptest.Secret, Plugins: []plugin.Plugin{jwt.New(o).Plugin()},
		})
		if err == nil || !strings.Contains(err.Error(), `plugin "jwt"`) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTokenNeedsSession(t *testing.T) {
	t.Parallel()
	s := start(t, jwt.Options{})
	res := s.Browser.Get("/token")
	if res.Status != http.StatusUnauthorized || res.Body != `{"message":"Unauthorized","code":"UNAUTHORIZED"}` {
		t.Errorf("%d %s", res.Status, res.Body)
	}
	if res := s.Browser.Post("/token", struct{}{}); res.Status != http.StatusNotFound {
		t.Errorf("POST: %d", res.Status)
	}
	if res := s.Browser.Get("/get-session"); res.Body != "null" || res.Header.Get("set-auth-jwt") != "" {
		t.Errorf("get-session: %s, %v", res.Body, res.Header)
	}
}

// A session that was ended elsewhere gets no token, also where a session cookie
// still tells of it.
func TestEndedSessionGetsNoToken(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*lockstep.Config){"database": func(*lockstep.Config) {}, "session cookie": cached} {
		s := start(t, jwt.Options{}, change)
		s.signUp(t)
		thief := s.NewBrowser(t)
		thief.Header.Set("Cookie", s.Browser.CookieHeader())
		if res := thief.Get("/token"); res.Status != http.StatusOK {
			t.Fatalf("%s: %d %s", name, res.Status, res.Body)
		}
		if res := s.Browser.Post("/sign-out", struct{}{}); res.Status != http.StatusOK {
			t.Fatal(res.Body)
		}
		if res := thief.Get("/token"); res.Status != http.StatusUnauthorized {
			t.Errorf("%s: token after sign-out: %d %s", name, res.Status, res.Body)
		}
		res := thief.Get("/get-session")
		if res.Header.Get("set-auth-jwt") != "" || res.Body != "null" {
			t.Errorf("%s: get-session after sign-out: %s, %v", name, res.Body, res.Header)
		}
		if c := res.Cookie("better-auth.session_token"); c == nil || c.MaxAge >= 0 {
			t.Errorf("%s: the dead session cookie stays: %v", name, c)
		}
	}
}

func TestSetAuthJWT(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*lockstep.Config){"database": func(*lockstep.Config) {}, "session cookie": cached} {
		s := start(t, jwt.Options{}, change)
		id := s.signUp(t)
		res := s.Browser.Get("/get-session")
		claims, err := s.verifier(t, s.URL, s.URL).Verify(t.Context(), res.Header.Get("set-auth-jwt"))
		if err != nil || claims.Subject() != id || claims.Text("email") != "a@b.co" {
			t.Errorf("%s: %s, %v", name, claims, err)
		}
		if got := res.Header.Get("Access-Control-Expose-Headers"); got != "set-auth-jwt" {
			t.Errorf("%s: exposed %q", name, got)
		}
		if res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: cached: %v", name, res.Header)
		}
	}
	s := start(t, jwt.Options{DisableSettingJWTHeader: true}, cached)
	s.signUp(t)
	s.db.trips.Store(0)
	if res := s.Browser.Get("/get-session"); res.Header.Get("set-auth-jwt") != "" || s.db.trips.Load() != 0 {
		t.Errorf("switched off: %v, %d trips", res.Header, s.db.trips.Load())
	}
}

// A database that is away is 503 for a token, and costs a cached get-session
// the header only.
func TestOutage(t *testing.T) {
	t.Parallel()
	s := start(t, jwt.Options{}, cached)
	s.signUp(t)
	s.token(t)
	s.db.away.Store(true)
	if res := s.Browser.Get("/token"); res.Status != http.StatusServiceUnavailable {
		t.Errorf("token: %d %s", res.Status, res.Body)
	}
	res := s.Browser.Get("/get-session")
	if res.Status != http.StatusOK || !strings.Contains(res.Body, "a@b.co") || res.Header.Get("set-auth-jwt") != "" || len(res.Cookies) != 0 {
		t.Errorf("get-session: %d %s %v", res.Status, res.Body, res.Header)
	}
	fresh := start(t, jwt.Options{})
	fresh.db.away.Store(true)
	if res := fresh.Browser.Get("/jwks"); res.Status != http.StatusServiceUnavailable {
		t.Errorf("jwks: %d %s", res.Status, res.Body)
	}
}

func TestTrips(t *testing.T) {
	t.Parallel()
	s := start(t, jwt.Options{})
	s.signUp(t)
	s.token(t)
	for path, want := range map[string]int64{"/token": 1, "/jwks": 0, "/get-session": 1} {
		s.db.trips.Store(0)
		s.Browser.Get(path)
		if got := s.db.trips.Load(); got != want {
			t.Errorf("%s: %d trips, want %d", path, got, want)
		}
	}
}

func TestFirstRequestsAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t, jwt.Options{})
	s.signUp(t)
	cookie := s.Browser.CookieHeader()
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			b := s.NewBrowser(t)
			b.Header.Set("Cookie", cookie)
			if res := b.Get("/token"); res.Status != http.StatusOK {
				t.Errorf("%d %s", res.Status, res.Body)
			}
		})
	}
	wg.Wait()
	results, err := s.db.Read(t.Context(), store.Query{Table: jwks.TableName})
	if err != nil || len(results[0].Rows) != 1 {
		t.Errorf("%d keys, %v, want 1", len(results[0].Rows), err)
	}
}

// Both plugins' headers can be read by scripts.
func TestBesideBearer(t *testing.T) {
	t.Parallel()
	s := start(t, jwt.Options{}, func(c *lockstep.Config) { c.Plugins = append(c.Plugins, bearer.New(bearer.Options{})) })
	s.signUp(t)
	s.Clock.Advance(25 * time.Hour)
	res := s.Browser.Get("/get-session")
	if got := res.Header.Get("Access-Control-Expose-Headers"); got != "set-auth-jwt, set-auth-token" {
		t.Errorf("exposed %q", got)
	}
	b := s.NewBrowser(t)
	b.Header.Set("Authorization", "Bearer "+res.Header.Get("set-auth-token"))
	if res := b.Get("/token"); res.Status != http.StatusOK {
		t.Errorf("token for a bearer: %d %s", res.Status, res.Body)
	}
}

func TestSignFromGo(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	o := jwt.Options{Issuer: "https://issuer.example", Audience: []string{"api"}}
	if _, err := jwt.New(o).Sign(ctx, map[string]any{"sub": "x"}); err == nil {
		t.Error("signed without a server")
	}
	s := start(t, o)
	token, err := s.tokens.Sign(ctx, map[string]any{"sub": "machine", "scope": "read"})
	if err != nil {
		t.Fatal(err)
	}
	now := s.Clock.Now().Unix()
	want := fmt.Sprintf(`{"scope":"read","sub":"machine","exp":%d,"iss":"https://issuer.example","aud":"api"}`, now+900)
	if got := payload(t, token); got != want {
		t.Errorf("claims\ngot  %s\nwant %s", got, want)
	}
	if claims, err := s.tokens.Verify(ctx, token); err != nil || claims.Text("scope") != "read" {
		t.Errorf("%s, %v", claims, err)
	}
	kept, err := s.tokens.Sign(ctx, map[string]any{"sub": "x", "iat": now - 800, "aud": "other", "exp": now + 5})
	if err != nil || payload(t, kept) != fmt.Sprintf(`{"aud":"other","exp":%d,"iat":%d,"sub":"x","iss":"https://issuer.example"}`, now+5, now-800) {
		t.Errorf("own claims: %s, %v", payload(t, kept), err)
	}
	if _, err := s.tokens.Verify(ctx, kept); !errors.Is(err, jwks.ErrInvalid) {
		t.Errorf("for another audience: %v", err)
	}
	if err := s.tokens.Rotate(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := s.tokens.Verify(ctx, token); err != nil {
		t.Errorf("after a rotation: %v", err)
	}
	for name, payload := range map[string]any{"no object": 1, "iat is a text": map[string]any{"iat": "x"}} {
		if token, err := s.tokens.Sign(ctx, payload); err == nil {
			t.Errorf("%s: signed %s", name, token)
		}
	}
	open := start(t, jwt.Options{})
	if token, err := open.tokens.Sign(ctx, map[string]any{"sub": "x"}); err == nil {
		t.Errorf("signed without issuer and audience: %s", token)
	}
	if _, err := open.tokens.Verify(ctx, token); err == nil || errors.Is(err, jwks.ErrInvalid) {
		t.Errorf("verified without issuer and audience: %v", err)
	}
}

// What the caller defines can fail; then there is no token, and get-session
// answers without one.
func TestDefinePayloadFails(t *testing.T) {
	t.Parallel()
	s := start(t, jwt.Options{DefinePayload: func(*plugin.Call, *plugin.Login) (any, error) {
		return nil, plugin.Errorf(http.StatusForbidden, "NO_TOKEN_FOR_YOU", "No token for you")
	}})
	s.signUp(t)
	if res := s.Browser.Get("/token"); res.Status != http.StatusForbidden || res.Code() != "NO_TOKEN_FOR_YOU" {
		t.Errorf("%d %s", res.Status, res.Body)
	}
	if res := s.Browser.Get("/get-session"); res.Status != http.StatusOK || res.Header.Get("set-auth-jwt") != "" {
		t.Errorf("%d %v", res.Status, res.Header)
	}
}

// Without a database the session is the cookie, and the key lives as long as
// the process.
func TestStateless(t *testing.T) {
	t.Parallel()
	tokens := jwt.New(jwt.Options{})
	s := locksteptest.StartStateless(t, lockstep.Config{
		EmailAndPassword: lockstep.EmailAndPassword{Enabled: true}, Plugins: []plugin.Plugin{tokens.Plugin()},
	})
	s.Browser.Post("/sign-up/email", map[string]any{"name": "A", "email": "a@b.co", "password": "correct horse"})
	if res := s.Browser.Get("/token"); res.Status != http.StatusOK {
		t.Errorf("%d %s", res.Status, res.Body)
	}
}
