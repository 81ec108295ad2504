package cookie_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/internal/cookie"
	"github.com/lockstep-auth/lockstep/internal/secure"
)

const testSecret = "better-auth-test-secret-0123456789abcdefghij"

// The moment at which vectors.json was made.
func vectorTime() time.Time { return time.UnixMilli(1767323045678) }

func strategies() []cookie.Strategy {
	return []cookie.Strategy{cookie.Compact, cookie.JWT, cookie.JWE}
}

func newCache(t testing.TB, s cookie.Strategy, secrets *secure.Secrets) *cookie.Cache {
	t.Helper()
	c, err := cookie.NewCache(cookie.CacheConfig{Strategy: s, Secrets: secrets})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func testPayload() cookie.Payload {
	return cookie.Payload{
		Session:   []byte(`{"id":"sess1","expiresAt":"2026-01-09T03:04:05.678Z","token":"Zt3kV9q1mC2xR7pL0sYdW8eBnHfGuJ4a","createdAt":"2026-01-02T03:04:05.678Z","updatedAt":"2026-01-02T03:04:05.678Z","ipAddress":"127.0.0.1","userAgent":"vec/1.0","userId":"user1"}`),
		User:      []byte(`{"id":"user1","name":"Zoë <b>","email":"a@b.co","emailVerified":false,"image":null,"createdAt":"2026-01-02T03:04:05.678Z","updatedAt":"2026-01-02T03:04:05.678Z"}`),
		UpdatedAt: 1767323045678,
		Version:   "1",
	}
}

func TestCompactVector(t *testing.T) {
	v := load[struct{ Compact struct{ CookieValue string } }](t, "vectors.json")
	c := newCache(t, "", secure.NewSecrets(testSecret))
	if got := c.Encode(testPayload(), vectorTime(), 300); got != v.Compact.CookieValue {
		t.Errorf("got %s, want %s", got, v.Compact.CookieValue)
	}
	got, expiresAt, ok := c.Decode(v.Compact.CookieValue, vectorTime())
	if !ok || !expiresAt.Equal(time.UnixMilli(1767323345678)) {
		t.Errorf("got %t, %v", ok, expiresAt)
	}
	if diff := cmp.Diff(got, testPayload()); diff != "" {
		t.Error(diff)
	}
}

func TestJWEVector(t *testing.T) {
	v := load[struct{ JWE []struct{ Token string } }](t, "vectors.json")
	c := newCache(t, cookie.JWE, secure.NewSecrets(testSecret))
	got, expiresAt, ok := c.Decode(v.JWE[0].Token, vectorTime())
	if !ok || !expiresAt.Equal(time.Unix(1767323345, 0)) {
		t.Fatalf("got %t, %v", ok, expiresAt)
	}
	want := cookie.Payload{
		Session:   []byte(`{"id":"s1","token":"tok","userId":"u1","expiresAt":"2026-01-09T03:04:05.678Z"}`),
		User:      []byte(`{"id":"u1","email":"a@b.co"}`),
		UpdatedAt: 1767323045678,
		Version:   "1",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
}

// recordedSession is a sign-in at a Better Auth server, and what that server
// then answered to get-session.
type recordedSession struct {
	Title      string
	Strategy   cookie.Strategy
	Secret     string
	Now        int64
	Version    string
	RememberMe bool
	Lines      []string
	Answer     string
}

func TestSessionsOfBetterAuth(t *testing.T) {
	for _, tt := range load[[]recordedSession](t, "sessions.json") {
		t.Run(tt.Title+" "+string(tt.Strategy), func(t *testing.T) {
			c := newCache(t, tt.Strategy, secure.NewSecrets(tt.Secret))
			lines := tt.dataLines()
			var pairs []string
			for _, line := range lines {
				pair, _, _ := strings.Cut(line, ";")
				pairs = append(pairs, pair)
			}
			value, ok := cookie.Parse(pairs).Joined("better-auth.session_data")
			if !ok {
				t.Fatal("no session_data")
			}
			now := time.UnixMilli(tt.Now)
			p, expiresAt, ok := c.Decode(value, now)
			if !ok {
				t.Fatal("not decoded")
			}
			var got, want any
			if err := json.Unmarshal(fmt.Appendf(nil, `{"session":%s,"user":%s}`, p.Session, p.User), &got); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(tt.Answer), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, want); diff != "" {
				t.Error(diff)
			}
			if p.Version != tt.Version {
				t.Errorf("version: got %q, want %q", p.Version, tt.Version)
			}
			issued := expiresAt.Add(-time.Duration(tt.life()) * time.Second)
			if late := issued.Sub(now); late < -time.Second || late > 2*time.Second {
				t.Errorf("issued %v after it was asked for", late)
			}
			if tt.Strategy != cookie.JWE { // which is never the same twice
				tt.compareLines(t, c.Encode(p, issued, tt.maxAge()), lines)
			}
		})
	}
}

func (s recordedSession) dataLines() (lines []string) {
	for _, line := range s.Lines {
		if strings.HasPrefix(line, "better-auth.session_data") {
			lines = append(lines, line)
		}
	}
	return lines
}

// maxAge is that of the cookie, 0 for none.
func (s recordedSession) maxAge() int {
	if s.RememberMe {
		return 300
	}
	return 0
}

// life is how long the cache is good, in seconds.
func (s recordedSession) life() int {
	if !s.RememberMe && s.Strategy == cookie.Compact {
		return 60
	}
	return 300
}

func (s recordedSession) compareLines(t *testing.T, value string, want []string) {
	t.Helper()
	names, err := cookie.NewNames(cookie.Config{})
	if err != nil {
		t.Fatal(err)
	}
	made := names.Make(cookie.SessionData, new(s.maxAge()))
	if !s.RememberMe {
		made.MaxAge = nil
	}
	cookies, ok := cookie.Split(made.Name, value, made.Attributes)
	if !ok {
		t.Fatal("does not fit")
	}
	var got []string
	for _, c := range cookies {
		got = append(got, c.String())
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
}

// Text that JavaScript would write anew differently has no valid signature there,
// so it must have none here.
func TestCompactVerdictsAreUpstreams(t *testing.T) {
	type recorded struct {
		Text, Value string
		Accepted    bool
	}
	c := newCache(t, cookie.Compact, secure.NewSecrets(testSecret))
	for _, tt := range load[[]recorded](t, "compact.json") {
		if _, _, got := c.Decode(tt.Value, vectorTime()); got != tt.Accepted {
			t.Errorf("got %t, want %t: %s", got, tt.Accepted, tt.Text)
		}
	}
}

func TestEncodeAndDecode(t *testing.T) {
	for _, s := range strategies() {
		for _, maxAge := range []int{0, 1, 300, 604800} {
			t.Run(fmt.Sprintf("%s %d", s, maxAge), func(t *testing.T) {
				c := newCache(t, s, secure.NewSecrets(testSecret))
				p, expiresAt, ok := c.Decode(c.Encode(testPayload(), vectorTime(), maxAge), vectorTime())
				if !ok {
					t.Fatal("not decoded")
				}
				if diff := cmp.Diff(p, testPayload()); diff != "" {
					t.Error(diff)
				}
				life := maxAge
				if maxAge == 0 {
					life = map[cookie.Strategy]int{cookie.Compact: 60, cookie.JWT: 300, cookie.JWE: 300}[s]
				}
				want := vectorTime().Add(time.Duration(life) * time.Second)
				if s != cookie.Compact {
					want = want.Truncate(time.Second)
				}
				if !expiresAt.Equal(want) {
					t.Errorf("got %v, want %v", expiresAt, want)
				}
			})
		}
	}
}

func TestDecodeAfterTheEnd(t *testing.T) {
	tests := []struct {
		strategy cookie.Strategy
		after    time.Duration // since the value was made, for 300 seconds
		want     bool
	}{
		{cookie.Compact, time.Hour, true}, // left to the caller
		{cookie.JWT, 299 * time.Second, true},
		{cookie.JWT, 301 * time.Second, false},
		{cookie.JWE, 314 * time.Second, true},
		{cookie.JWE, 316 * time.Second, false},
	}
	for _, tt := range tests {
		c := newCache(t, tt.strategy, secure.NewSecrets(testSecret))
		value := c.Encode(testPayload(), vectorTime(), 300)
		if _, _, got := c.Decode(value, vectorTime().Add(tt.after)); got != tt.want {
			t.Errorf("%s after %v: got %t, want %t", tt.strategy, tt.after, got, tt.want)
		}
	}
}

func TestDecodeRefusesOtherText(t *testing.T) {
	changes := []struct {
		name   string
		change func(value string) string
	}{
		{"nothing", func(string) string { return "" }},
		{"a dot", func(string) string { return "." }},
		{"the first half", func(v string) string { return v[:len(v)/2] }},
		{"one character less", func(v string) string { return v[:len(v)-1] }},
		{"one character more", func(v string) string { return v + "A" }},
		{"padding", func(v string) string { return v + "=" }},
		{"a line break within", func(v string) string { return v[:9] + "\n" + v[9:] }},
		{"a line break at the end", func(v string) string { return v + "\r" }},
		{"a space at the end", func(v string) string { return v + " " }},
		{"the other base64 alphabet", func(v string) string { return strings.NewReplacer("-", "+", "_", "/").Replace(v) }},
		{"twice", func(v string) string { return v + v }},
	}
	for _, s := range strategies() {
		c := newCache(t, s, secure.NewSecrets(testSecret))
		p := testPayload()
		p.Version = "???????" // any three aligned give "Pz8_", which is not standard base64
		value := c.Encode(p, vectorTime(), 300)
		for _, tt := range changes {
			other := tt.change(value)
			if _, _, ok := c.Decode(other, vectorTime()); ok || other == value {
				t.Errorf("%s takes %s", s, tt.name)
			}
		}
		theirs := newCache(t, s, secure.NewSecrets(testSecret+"x")).Encode(p, vectorTime(), 300)
		if _, _, ok := c.Decode(theirs, vectorTime()); ok {
			t.Errorf("%s takes another secret's", s)
		}
		for i := range len(value) {
			for _, b := range []byte{value[i] ^ 1, 'A', '=', '.'} {
				other := value[:i] + string(rune(b)) + value[i+1:]
				if _, _, ok := c.Decode(other, vectorTime()); ok && other != value {
					t.Errorf("%s takes %q at %d", s, b, i)
				}
			}
		}
	}
}

func TestDecodeRefusesOtherStrategies(t *testing.T) {
	secrets := secure.NewSecrets(testSecret)
	for _, written := range strategies() {
		value := newCache(t, written, secrets).Encode(testPayload(), vectorTime(), 300)
		for _, read := range strategies() {
			if _, _, ok := newCache(t, read, secrets).Decode(value, vectorTime()); ok != (written == read) {
				t.Errorf("%s read as %s: got %t", written, read, ok)
			}
		}
	}
}

// What else is signed with the same secret must not pass for a session.
func TestDecodeRefusesOtherClaims(t *testing.T) {
	secrets := secure.NewSecrets(testSecret)
	const end = `,"exp":1767323345}`
	claims := []string{
		`{"email":"a@b.co"` + end,
		`{"session":{},"user":{},"updatedAt":1}`,
		`{"session":{},"user":null,"updatedAt":1` + end,
		`{"session":[],"user":{},"updatedAt":1` + end,
		`{"session":"{}","user":{},"updatedAt":1` + end,
		`{"session":{},"user":{}` + end,
		`{"session":{},"user":{},"updatedAt":1.5` + end,
		`{"session":{},"user":{},"updatedAt":1e300` + end,
		`{"session":{},"user":{},"updatedAt":1,"version":2` + end,
		`{"session":{},"user":{},"updatedAt":1,"version":null` + end,
		`{"Session":{},"user":{},"updatedAt":1` + end,
	}
	jwt, jwe := newCache(t, cookie.JWT, secrets), newCache(t, cookie.JWE, secrets)
	sealer := secrets.Sealer("better-auth-session")
	for _, c := range claims {
		if _, _, ok := jwt.Decode(secure.NewSigner(testSecret).SignJWT([]byte(c)), vectorTime()); ok {
			t.Errorf("jwt takes %s", c)
		}
		if _, _, ok := jwe.Decode(sealer.Seal([]byte(c)), vectorTime()); ok {
			t.Errorf("jwe takes %s", c)
		}
	}
	account := secrets.Sealer("better-auth-account").Seal([]byte(`{"session":{},"user":{},"updatedAt":1` + end))
	if _, _, ok := jwe.Decode(account, vectorTime()); ok {
		t.Error("jwe takes a value sealed for another cookie")
	}
	if _, _, ok := jwt.Decode(secure.NewSigner(testSecret).SignJWT([]byte(`{"session":{},"user":{},"updatedAt":1`+end)), vectorTime()); !ok {
		t.Error("jwt refuses a session without version, as older servers wrote it")
	}
}

// Upstream signs compact values and HS256 tokens with the current secret only.
func TestRotation(t *testing.T) {
	old := secure.Secret{Version: 1, Value: testSecret}
	next := secure.Secret{Version: 2, Value: testSecret + "-2"}
	rotation := func(list ...secure.Secret) *secure.Secrets {
		s, err := secure.NewRotation(list, "")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, s := range strategies() {
		value := newCache(t, s, rotation(old)).Encode(testPayload(), vectorTime(), 300)
		if _, _, ok := newCache(t, s, rotation(next, old)).Decode(value, vectorTime()); ok != (s == cookie.JWE) {
			t.Errorf("%s of an earlier secret: got %t", s, ok)
		}
		if _, _, ok := newCache(t, s, rotation(next)).Decode(value, vectorTime()); ok {
			t.Errorf("%s of a removed secret is taken", s)
		}
	}
}

func TestNewCacheRefuses(t *testing.T) {
	if _, err := cookie.NewCache(cookie.CacheConfig{}); err == nil {
		t.Error("no secrets: no error")
	}
	_, err := cookie.NewCache(cookie.CacheConfig{Strategy: "JWT", Secrets: secure.NewSecrets(testSecret)})
	if err == nil || !strings.Contains(err.Error(), `"JWT"`) {
		t.Errorf("unknown strategy: got %v", err)
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	const token = "Zt3kV9q1mC2xR7pL0sYdW8eBnHfGuJ4a"
	c := cookie.Cookie{Name: "n", Value: token}
	jar := new(cookie.Jar)
	jar.Set(c)
	printed := []any{jar, cookie.Parse([]string{"n=" + token}), testPayload(), new(testPayload())}
	for _, s := range strategies() {
		printed = append(printed, newCache(t, s, secure.NewSecrets(testSecret)))
	}
	for _, v := range printed {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
			if got := fmt.Sprintf(verb, v); strings.Contains(got, token) || strings.Contains(got, testSecret) {
				t.Errorf("%s of %T prints a secret", verb, v)
			}
		}
	}
	var log strings.Builder
	for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		for _, v := range append(printed, c) {
			slog.New(h).InfoContext(t.Context(), "message", "value", v)
		}
	}
	if strings.Contains(log.String(), token) || strings.Contains(log.String(), testSecret) {
		t.Errorf("a secret is logged:\n%s", log.String())
	}
}

// signCompact makes a compact value of any text, as someone with the secret could.
func signCompact(text string, end int64) string {
	expiry := `,"expiresAt":` + strconv.FormatInt(end, 10)
	mac := hmac.New(sha256.New, []byte(testSecret))
	mac.Write([]byte(strings.TrimSuffix(text, "}") + expiry + "}"))
	signature := base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	return base64.RawURLEncoding.EncodeToString([]byte(`{"session":` + text + expiry + `,"signature":"` + signature + `"}`))
}

func FuzzCompactGivesWhatWasSigned(f *testing.F) {
	type recorded struct{ Text string }
	for _, tt := range load[[]recorded](f, "compact.json") {
		f.Add(tt.Text)
	}
	f.Add(`{"session":{},"user":{},"updatedAt":1,"updatedAt":2,"version":"1"}`)
	f.Add(`{"session":{},"expiresAt":5},"expiresAt":6}`)
	c := newCache(f, cookie.Compact, secure.NewSecrets(testSecret))
	f.Fuzz(func(t *testing.T, text string) {
		const end = 1767323345678
		value := signCompact(text, end)
		p, expiresAt, ok := c.Decode(value, vectorTime())
		if !ok {
			return
		}
		if !json.Valid([]byte(text)) || !strings.Contains(text, string(p.Session)) || !strings.Contains(text, string(p.User)) {
			t.Fatalf("payload that was not signed: %s, %s", p.Session, p.User)
		}
		if got := expiresAt.UnixMilli(); got != end {
			t.Fatalf("ends at %d, want %d", got, end)
		}
		again := c.Encode(p, expiresAt.Add(-time.Minute), 60)
		p2, _, ok := c.Decode(again, vectorTime())
		if !ok || !cmp.Equal(p2, p) {
			t.Fatalf("does not come back: %t\n%s", ok, cmp.Diff(p2, p))
		}
		canonical := fmt.Sprintf(`{"session":%s,"user":%s,"updatedAt":%d,"version":%q}`, p.Session, p.User, p.UpdatedAt, p.Version)
		if text == canonical && again != value {
			t.Fatalf("written differently: %s", again)
		}
	})
}

func FuzzDecodeTakesOnlyWhatWasMade(f *testing.F) {
	v := load[struct{ JWE []struct{ Token string } }](f, "vectors.json")
	var caches []*cookie.Cache
	made := make(map[string]bool)
	for _, s := range strategies() {
		c := newCache(f, s, secure.NewSecrets(testSecret))
		caches = append(caches, c)
		value := c.Encode(testPayload(), vectorTime(), 300)
		if s == cookie.JWE {
			value = v.JWE[0].Token // the same in each process of the fuzzer
		}
		made[value] = true
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, c := range caches {
			if _, _, ok := c.Decode(value, vectorTime()); ok && !made[value] {
				t.Fatalf("takes %q", value)
			}
		}
	})
}
