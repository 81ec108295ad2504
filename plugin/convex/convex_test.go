package convex_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/jwks"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/plugin"
	"github.com/lockstep-auth/lockstep/plugin/convex"
	"github.com/lockstep-auth/lockstep/plugin/jwt"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/memory"
)

const cookieName = "better-auth.convex_jwt"

type server struct {
	*locksteptest.Server
	tokens *convex.Issuer
	db     *countingStore
}

func start(t *testing.T, o convex.Options, change ...func(*lockstep.Config)) *server {
	t.Helper()
	s := &server{tokens: convex.New(o), db: &countingStore{Store: memory.New()}}
	c := lockstep.Config{
		Store: s.db, EmailAndPassword: lockstep.EmailAndPassword{Enabled: true}, Plugins: []plugin.Plugin{s.tokens.Plugin()},
		User: lockstep.UserOptions{DeleteUser: lockstep.DeleteUser{Enabled: true}},
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

func (s *server) signUp(t *testing.T) (*locksteptest.Response, string) {
	t.Helper()
	res := s.Browser.Post("/sign-up/email", map[string]any{"name": "Zoë", "email": "a@b.co", "password": "correct horse"})
	if res.Status != http.StatusOK {
		t.Fatalf("sign up: %d %s", res.Status, res.Body)
	}
	var out struct{ User struct{ ID string } }
	res.JSON(t, &out)
	return res, out.User.ID
}

func (s *server) token(t *testing.T) (string, *locksteptest.Response) {
	t.Helper()
	res := s.Browser.Get("/convex/token")
	var out struct{ Token string }
	res.JSON(t, &out)
	if res.Status != http.StatusOK || out.Token == "" {
		t.Fatalf("token: %d %s", res.Status, res.Body)
	}
	return out.Token, res
}

// deployment is Convex: it has the key set of the URL or the text, and checks
// tokens.
func (s *server) deployment(t *testing.T, issuer string, set []byte) *jwks.Verifier {
	t.Helper()
	c := jwks.VerifierConfig{Keys: set, Issuer: issuer, Audience: []string{"convex"}, Now: s.Clock.Now}
	if set == nil {
		c.URL = s.URL + "/api/auth/convex/jwks"
	}
	v, err := jwks.NewVerifier(c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func part(t *testing.T, token string, i int) string {
	t.Helper()
	data, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[i])
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// The token is that of @convex-dev/better-auth 0.12, claim by claim.
func TestToken(t *testing.T) {
	t.Parallel()
	for _, alg := range []jwks.Algorithm{jwks.RS256, jwks.EdDSA} {
		s := start(t, convex.Options{Algorithm: alg})
		_, id := s.signUp(t)
		var session struct{ Session struct{ ID string } }
		s.Browser.Get("/get-session").JSON(t, &session)
		token, res := s.token(t)
		now := s.Clock.Now()
		at := now.Format("2006-01-02T15:04:05.000Z")
		want := fmt.Sprintf(`{"iat":%d,"name":"Zoë","email":"a@b.co","emailVerified":false,"createdAt":%q,"updatedAt":%q,`+
			`"sessionId":%q,"sub":%q,"exp":%d,"iss":%q,"aud":"convex"}`, now.Unix(), at, at, session.Session.ID, id, now.Unix()+900, s.URL)
		if got := part(t, token, 1); got != want {
			t.Errorf("%s: claims\ngot  %s\nwant %s", alg, got, want)
		}
		if got := part(t, token, 0); !strings.HasPrefix(got, `{"alg":"`+string(alg)+`","kid":"`) {
			t.Errorf("%s: header %s", alg, got)
		}
		k := res.Cookie(cookieName)
		if k == nil || k.Value != token || k.MaxAge != 900 || !k.HttpOnly || k.Path != "/" || k.SameSite != http.SameSiteLaxMode {
			t.Errorf("%s: cookie %v", alg, k)
		}
		if claims, err := s.deployment(t, s.URL, nil).Verify(t.Context(), token); err != nil || claims.Subject() != id {
			t.Errorf("%s: deployment: %s, %v", alg, claims, err)
		}
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	s := start(t, convex.Options{
		Issuer: "https://app.example", ExpirationTime: time.Minute,
		DefinePayload: func(_ *plugin.Call, l *plugin.Login) (any, error) {
			return map[string]any{"iat": 1, "role": "admin", "sessionId": "forged", "sub": "forged"}, nil
		},
	})
	_, id := s.signUp(t)
	token, res := s.token(t)
	claims, err := s.deployment(t, "https://app.example", nil).Verify(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if claims.Subject() != id || claims.Text("role") != "admin" || claims.Text("sessionId") == "forged" || string(claims.Get("iat")) == "1" {
		t.Errorf("claims %s", part(t, token, 1))
	}
	if k := res.Cookie(cookieName); k.MaxAge != 60 {
		t.Errorf("cookie %v", k)
	}
	for name, o := range map[string]convex.Options{
		"algorithm": {Algorithm: jwks.ES256}, "slash": {Issuer: "https://app.example/"}, "no address": {Issuer: "app.example"}, "time": {ExpirationTime: 1}, "rotation": {RotationInterval: time.Minute},
	} {
		_, err := lockstep.New(lockstep.Config{
			BaseURL: "https://example.com", Secret: locksteptest.Secret, Plugins: []plugin.Plugin{convex.New(o).Plugin()},
		})
		if err == nil || !strings.Contains(err.Error(), `plugin "convex"`) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeySetAndDiscovery(t *testing.T) {
	t.Parallel()
	s := start(t, convex.Options{Issuer: "https://app.example", Algorithm: jwks.EdDSA})
	res := s.Browser.Get("/convex/jwks")
	if res.Status != http.StatusOK || res.Header.Get("Content-Type") != "application/json" || !strings.HasPrefix(res.Body, `{"keys":[{"alg":"EdDSA","crv":"Ed25519","x":"`) {
		t.Errorf("key set: %d %v %s", res.Status, res.Header, res.Body)
	}
	if got := res.Header.Get("Cache-Control"); got != "public, max-age=60" {
		t.Errorf("Cache-Control: %q", got)
	}
	res = s.Browser.Get("/convex/.well-known/openid-configuration")
	want := `{"issuer":"https://app.example","authorization_endpoint":"https://app.example/api/auth/oauth2/authorize",` +
		`"jwks_uri":"https://app.example/api/auth/convex/jwks","response_types_supported":["code"],` +
		`"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["EdDSA"]}`
	if res.Status != http.StatusOK || res.Body != want {
		t.Errorf("discovery: %d\ngot  %s\nwant %s", res.Status, res.Body, want)
	}
	for _, base := range []string{"/api/auth", "/api/auth/"} {
		rec := httptest.NewRecorder()
		convex.Discovery(base).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/.well-known/openid-configuration", nil))
		if got := rec.Header().Get("Location"); rec.Code != http.StatusFound || got != "/api/auth/convex/.well-known/openid-configuration" {
			t.Errorf("root of %s: %d %s", base, rec.Code, got)
		}
	}
}

// Convex takes no key set with a key of an algorithm that it does not know, as the
// plugin "jwt" makes one in the same table.
func TestKeySetHasOneAlgorithm(t *testing.T) {
	t.Parallel()
	for own, other := range map[jwks.Algorithm]jwks.Algorithm{jwks.RS256: jwks.EdDSA, jwks.EdDSA: jwks.RS256} {
		s := start(t, convex.Options{Algorithm: own}, func(c *lockstep.Config) {
			c.Plugins = append(c.Plugins, jwt.New(jwt.Options{Algorithm: other}).Plugin())
		})
		_, id := s.signUp(t)
		if res := s.Browser.Get("/token"); res.Status != http.StatusOK {
			t.Fatalf("a token of jwt: %d %s", res.Status, res.Body)
		}
		s.Clock.Advance(2 * time.Minute) // until the new key counts
		uri, err := s.tokens.DataURI(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		text, _ := base64.StdEncoding.DecodeString(uri[strings.Index(uri, ",")+1:])
		for name, set := range map[string]string{"endpoint": s.Browser.Get("/convex/jwks").Body, "text": string(text)} {
			if strings.Count(set, `"kid"`) != 1 || !strings.Contains(set, fmt.Sprintf(`"alg":%q`, own)) {
				t.Errorf("%s, %s: %s", own, name, set)
			}
		}
		if set := s.Browser.Get("/jwks").Body; strings.Count(set, `"kid"`) != 2 {
			t.Errorf("the key set of jwt has all keys: %s", set)
		}
		token, _ := s.token(t)
		if claims, err := s.deployment(t, s.URL, text).Verify(t.Context(), token); err != nil || claims.Subject() != id {
			t.Errorf("%s: %s, %v", own, claims, err)
		}
	}
}

// The cookie comes and goes with the answers that upstream puts it on.
func TestCookie(t *testing.T) {
	t.Parallel()
	s := start(t, convex.Options{}, func(c *lockstep.Config) {
		c.Session.AdditionalFields = []schema.Field{{Name: "theme"}}
	})
	v := s.deployment(t, s.URL, nil)
	res, id := s.signUp(t)
	steps := []struct {
		name string
		do   func() *locksteptest.Response
		want string // "set", "cleared" or "untouched"
	}{
		{"sign-up", func() *locksteptest.Response { return res }, "set"},
		{"get-session", func() *locksteptest.Response { return s.Browser.Get("/get-session") }, "set"},
		{"update-session", func() *locksteptest.Response {
			return s.Browser.Post("/update-session", map[string]any{"theme": "dark"})
		}, "set"},
		{"update-session without fields", func() *locksteptest.Response { return s.Browser.Post("/update-session", map[string]any{}) }, "untouched"},
		{"update-user", func() *locksteptest.Response { return s.Browser.Post("/update-user", map[string]any{"name": "Z"}) }, "untouched"},
		{"wrong password", func() *locksteptest.Response {
			return s.Browser.Post("/sign-in/email", map[string]any{"email": "a@b.co", "password": "wrong horse"})
		}, "untouched"},
		{"delete-user with a wrong password", func() *locksteptest.Response {
			return s.Browser.Post("/delete-user", map[string]any{"password": "wrong horse"})
		}, "untouched"},
		{"sign-out", func() *locksteptest.Response { return s.Browser.Post("/sign-out", struct{}{}) }, "cleared"},
		{"get-session of nobody", func() *locksteptest.Response { return s.Browser.Get("/get-session") }, "cleared"},
		{"token of nobody", func() *locksteptest.Response { return s.Browser.Get("/convex/token") }, "cleared"},
		{"sign-in", func() *locksteptest.Response {
			return s.Browser.Post("/sign-in/email", map[string]any{"email": "a@b.co", "password": "correct horse"})
		}, "set"},
		{"delete-user", func() *locksteptest.Response {
			return s.Browser.Post("/delete-user", map[string]any{"password": "correct horse"})
		}, "cleared"},
	}
	for _, step := range steps {
		res := step.do()
		k := res.Cookie(cookieName)
		got := "untouched"
		switch {
		case k != nil && k.MaxAge < 0 && k.Value == "":
			got = "cleared"
		case k != nil:
			got = "set"
			if claims, err := v.Verify(t.Context(), k.Value); err != nil || claims.Subject() != id {
				t.Errorf("%s: %s, %v", step.name, claims, err)
			}
		}
		if got != step.want {
			t.Errorf("%s: %d %s: the cookie is %s, want %s", step.name, res.Status, res.Body, got, step.want)
		}
	}
}

// Browsers drop a cookie that is too long, and a proxy the whole answer.
func TestLongTokenIsNoCookie(t *testing.T) {
	t.Parallel()
	s := start(t, convex.Options{})
	in := map[string]any{"name": strings.Repeat("x", 5000), "email": "a@b.co", "password": "correct horse"}
	check := func(name string, res *locksteptest.Response) {
		t.Helper()
		if k := res.Cookie(cookieName); res.Status != http.StatusOK || k == nil || k.Value != "" || k.MaxAge >= 0 {
			t.Errorf("%s: %d, cookie %.40v", name, res.Status, k)
		}
	}
	check("sign-up", s.Browser.Post("/sign-up/email", in))
	check("get-session", s.Browser.Get("/get-session"))
	token, res := s.token(t)
	check("token", res)
	if _, err := s.deployment(t, s.URL, nil).Verify(t.Context(), token); err != nil {
		t.Errorf("the token itself: %v", err)
	}
}

// A session that was ended elsewhere gets no token, also where a session cookie
// still tells of it.
func TestEndedSessionGetsNoToken(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*lockstep.Config){"database": func(*lockstep.Config) {}, "session cookie": cached} {
		s := start(t, convex.Options{Algorithm: jwks.EdDSA}, change)
		s.signUp(t)
		sent := s.Browser.CookieHeader()
		withoutToken := ""
		for pair := range strings.SplitSeq(sent, "; ") {
			if !strings.HasPrefix(pair, cookieName) {
				withoutToken += pair + "; "
			}
		}
		if res := s.Browser.Post("/sign-out", struct{}{}); res.Status != http.StatusOK {
			t.Fatal(res.Body)
		}
		thief := s.NewBrowser(t)
		for _, header := range []string{sent, withoutToken} {
			thief.Header.Set("Cookie", header)
			res := thief.Get("/convex/token")
			if k := res.Cookie(cookieName); res.Status != http.StatusUnauthorized || k == nil || k.MaxAge >= 0 {
				t.Errorf("%s: %d %s, cookie %v", name, res.Status, res.Body, k)
			}
			if res := thief.Get("/get-session"); res.Cookie(cookieName) != nil && res.Cookie(cookieName).Value != "" {
				t.Errorf("%s: get-session gave a token: %s", name, res.Body)
			}
		}
		if res := thief.Get("/get-session"); res.Body != "null" {
			t.Errorf("%s: get-session without a token: %s", name, res.Body)
		}
	}
}

// A second factor that takes the new session back, listed before this plugin,
// leaves no token.
func TestSessionTakenBack(t *testing.T) {
	t.Parallel()
	second := plugin.Plugin{ID: "second", After: []plugin.Hook{{Path: "/sign-in/email", Run: func(c *plugin.Call) error { return c.TakeBack() }}}}
	s := start(t, convex.Options{Algorithm: jwks.EdDSA}, func(c *lockstep.Config) { c.Plugins = append([]plugin.Plugin{second}, c.Plugins...) })
	s.signUp(t)
	b := s.NewBrowser(t)
	res := b.Post("/sign-in/email", map[string]any{"email": "a@b.co", "password": "correct horse"})
	if res.Status != http.StatusOK || res.Cookie(cookieName) != nil {
		t.Errorf("%d, %v", res.Status, res.Cookie(cookieName))
	}
}

func TestTrips(t *testing.T) {
	t.Parallel()
	s := start(t, convex.Options{Algorithm: jwks.EdDSA}, cached)
	s.signUp(t)
	in := map[string]any{"email": "a@b.co", "password": "correct horse"}
	for _, tc := range []struct {
		name string
		call func() *locksteptest.Response
		want int64
	}{
		{"cached get-session with a token", func() *locksteptest.Response { return s.Browser.Get("/get-session") }, 0},
		{"token", func() *locksteptest.Response { return s.Browser.Get("/convex/token") }, 1},
		{"key set", func() *locksteptest.Response { return s.Browser.Get("/convex/jwks") }, 0},
		{"sign-in", func() *locksteptest.Response { return s.Browser.Post("/sign-in/email", in) }, 2},
		{"sign-out", func() *locksteptest.Response { return s.Browser.Post("/sign-out", struct{}{}) }, 1},
	} {
		s.db.trips.Store(0)
		res := tc.call()
		if got := s.db.trips.Load(); got != tc.want || res.Status != http.StatusOK {
			t.Errorf("%s: %d, %d trips, want %d", tc.name, res.Status, got, tc.want)
		}
	}
}

// A database or a key that is away costs the cookie, never the session.
func TestOutage(t *testing.T) {
	t.Parallel()
	s := start(t, convex.Options{Algorithm: jwks.EdDSA}, cached)
	s.signUp(t)
	s.db.away.Store(true)
	res := s.Browser.Get("/get-session")
	if res.Status != http.StatusOK || !strings.Contains(res.Body, "a@b.co") || len(res.Cookies) != 0 {
		t.Errorf("get-session: %d %s %v", res.Status, res.Body, res.Cookies)
	}
	if res := s.Browser.Get("/convex/token"); res.Status != http.StatusServiceUnavailable || len(res.Cookies) != 0 {
		t.Errorf("token: %d %s %v", res.Status, res.Body, res.Cookies)
	}
	broken := start(t, convex.Options{DefinePayload: func(*plugin.Call, *plugin.Login) (any, error) { return nil, errors.New("no claims") }})
	if res, _ := broken.signUp(t); res.Cookie(cookieName) == nil || res.Cookie(cookieName).MaxAge >= 0 {
		t.Errorf("sign-up must remove the token of the user before: %v", res.Cookies)
	}
	if res := broken.Browser.Get("/convex/token"); res.Status != http.StatusInternalServerError || strings.Contains(res.Body, "no claims") {
		t.Errorf("token: %d %s", res.Status, res.Body)
	}
}

// A deployment with the key set as text accepts tokens through a rotation, if
// it gets the new text within PublishAhead.
func TestRotationWithText(t *testing.T) {
	t.Parallel()
	s := start(t, convex.Options{PublishAhead: time.Hour})
	text := func() []byte {
		uri, err := s.tokens.DataURI(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		encoded, ok := strings.CutPrefix(uri, "data:text/plain;charset=utf-8;base64,")
		set, err := base64.StdEncoding.DecodeString(encoded)
		if !ok || err != nil {
			t.Fatalf("%s: %v", uri, err)
		}
		return set
	}
	s.signUp(t)
	old := s.deployment(t, s.URL, text())
	s.Clock.Advance(2 * time.Hour)
	if err := s.tokens.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	deployed := s.deployment(t, s.URL, text())
	before, _ := s.token(t)
	for name, v := range map[string]*jwks.Verifier{"old text": old, "new text": deployed} {
		if _, err := v.Verify(t.Context(), before); err != nil {
			t.Errorf("%s, before the new key signs: %v", name, err)
		}
	}
	s.Clock.Advance(time.Hour)
	after, _ := s.token(t)
	if part(t, before, 0) == part(t, after, 0) {
		t.Error("the old key still signs")
	}
	if _, err := deployed.Verify(t.Context(), after); err != nil {
		t.Errorf("new text, new key: %v", err)
	}
	if strings.Contains(string(text()), `"d"`) {
		t.Error("the text holds private keys")
	}
}

func TestWithoutServer(t *testing.T) {
	t.Parallel()
	tokens := convex.New(convex.Options{})
	if _, err := tokens.DataURI(t.Context()); err == nil {
		t.Error("a key set without a server")
	}
	if err := tokens.Rotate(t.Context()); err == nil {
		t.Error("rotated without a server")
	}
}
