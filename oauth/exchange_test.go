package oauth_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/oauth"
)

// ask sends a request to a token endpoint and returns its form and header.
func ask(t *testing.T, p oauth.Provider, send func(c *oauth.Client, p oauth.Provider) error) (string, http.Header) {
	t.Helper()
	var body string
	var header http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		body, header = string(raw), r.Header
		io.WriteString(w, `{"access_token":"at"}`)
	}))
	defer server.Close()
	p.TokenURL = server.URL + "/token"
	if err := send(newClient(t, nil), p); err != nil {
		t.Fatal(err)
	}
	return body, header
}

func exchange(c *oauth.Client, p oauth.Provider) error {
	_, err := c.Exchange(context.Background(), p, oauth.ExchangeRequest{Code: "c", Verifier: "v", RedirectURI: "https://app.test/cb", DeviceID: "d"})
	return err
}

func refresh(c *oauth.Client, p oauth.Provider) error {
	_, err := c.Refresh(context.Background(), p, "rt")
	return err
}

func TestTokenRequests(t *testing.T) {
	const code = "grant_type=authorization_code&code=c&code_verifier=v&redirect_uri=https%3A%2F%2Fapp.test%2Fcb"
	for _, c := range []struct {
		name      string
		change    func(p *oauth.Provider)
		send      func(c *oauth.Client, p oauth.Provider) error
		want      string
		wantBasic string
	}{
		{"a public client", nil, exchange, code + "&client_id=id", ""},
		{"a secret in the body", func(p *oauth.Provider) { p.ClientSecret = "s" }, exchange, code + "&client_id=id&client_secret=s", ""},
		{"a secret in the header, and nothing in the body", func(p *oauth.Provider) {
			p.ClientSecret, p.Auth, p.ClientIDs = "s:+/ ~*", oauth.AuthBasic, []string{"i d"}
		}, exchange, code, "i+d:s%3A%2B%2F+%7E*"},
		{"no verifier without a challenge", func(p *oauth.Provider) { p.NoPKCE = true }, exchange, strings.Replace(code, "&code_verifier=v", "", 1) + "&client_id=id", ""},
		{"the device id", func(p *oauth.Provider) { p.SendDeviceID = true }, exchange, strings.Replace(code, "&redirect", "&device_id=d&redirect", 1) + "&client_id=id", ""},
		{"a redirect URI of its own", func(p *oauth.Provider) { p.RedirectURI = "https://x.test/" }, exchange, strings.Replace(code, "app.test%2Fcb", "x.test%2F", 1) + "&client_id=id", ""},
		{"more parameters, but not others", func(p *oauth.Provider) {
			p.ExchangeParams = oauth.Params{{Name: "more", Value: "1"}, {Name: "code", Value: "evil"}}
		}, exchange, code + "&more=1&client_id=id", ""},
		{"a refresh", func(p *oauth.Provider) { p.ClientSecret = "s" }, refresh, "grant_type=refresh_token&refresh_token=rt&client_id=id&client_secret=s", ""},
		{"a refresh with parameters", func(p *oauth.Provider) {
			p.RefreshParams = oauth.Params{{Name: "scope", Value: "a b"}, {Name: "grant_type", Value: "password"}, {Name: "refresh_token", Value: "x"}}
		}, refresh, "grant_type=refresh_token&refresh_token=rt&scope=a+b&client_id=id", ""},
		{"a refresh that authenticates in another way", func(p *oauth.Provider) {
			p.ClientSecret, p.Auth, p.RefreshAuth = "s", oauth.AuthPost, oauth.AuthBasic
		}, refresh, "grant_type=refresh_token&refresh_token=rt", "id:s"},
		{"a secret signed for the request", func(p *oauth.Provider) {
			p.SignSecret = func(now time.Time) (string, error) { return "signed-" + now.UTC().Format("2006"), nil }
		}, exchange, code + "&client_id=id&client_secret=signed-2025", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := minimal()
			if c.change != nil {
				c.change(&p)
			}
			body, header := ask(t, p, c.send)
			if body != c.want {
				t.Errorf("body: got %s\nwant %s", body, c.want)
			}
			want := ""
			if c.wantBasic != "" {
				want = "Basic " + base64.StdEncoding.EncodeToString([]byte(c.wantBasic))
			}
			if got := header.Get("Authorization"); got != want {
				t.Errorf("authorization: got %s, want %s", got, want)
			}
			if header.Get("Content-Type") != "application/x-www-form-urlencoded" || header.Get("Accept") != "application/json" {
				t.Errorf("header: got %v", header)
			}
		})
	}
}

func TestPrivateKeyJWT(t *testing.T) {
	pkcs8 := func(key any) string {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	jwkJSON, err := json.Marshal(jose.JSONWebKey{Key: keys().rsa, KeyID: "in-jwk", Algorithm: "PS256"})
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(keys().ec)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, wantHeader string
		key              oauth.PrivateKey
		public           any
	}{
		{"RSA", `{"alg":"RS256","typ":"JWT"}`, oauth.PrivateKey{PEM: pkcs8(keys().rsa)}, keys().rsa.Public()},
		{"RSA in the older form", `{"alg":"PS512","kid":"k","typ":"JWT"}`, oauth.PrivateKey{PEM: string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(keys().rsa)})), KeyID: "k", Algorithm: "PS512"}, keys().rsa.Public()},
		{"EC", `{"alg":"ES256","kid":"k","typ":"JWT"}`, oauth.PrivateKey{PEM: string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1})), KeyID: "k", Algorithm: "ES256"}, keys().ec.Public()},
		{"Ed25519", `{"alg":"EdDSA","typ":"JWT"}`, oauth.PrivateKey{PEM: pkcs8(edwards), Algorithm: "EdDSA"}, edwards.Public()},
		{"a JWK", `{"alg":"PS256","kid":"in-jwk","typ":"JWT"}`, oauth.PrivateKey{JWK: string(jwkJSON)}, keys().rsa.Public()},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := minimal()
			var err error
			if p.Assertion, err = c.key.Signer(); err != nil {
				t.Fatal(err)
			}
			body, _ := ask(t, p, exchange)
			form, err := url.ParseQuery(body)
			if err != nil {
				t.Fatal(err)
			}
			if form.Get("client_id") != "id" || form.Has("client_secret") || form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
				t.Errorf("form: got %v", form)
			}
			assertion := form.Get("client_assertion")
			encoded, _, _ := strings.Cut(assertion, ".")
			if header, _ := base64.RawURLEncoding.DecodeString(encoded); string(header) != c.wantHeader {
				t.Errorf("header: got %s, want %s", header, c.wantHeader)
			}
			checkAssertion(t, assertion, c.public)
		})
	}
}

func checkAssertion(t *testing.T, assertion string, key any) {
	t.Helper()
	signed, err := jose.ParseSignedCompact(assertion, []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.PS512, jose.ES256, jose.EdDSA})
	if err != nil {
		t.Fatal(err)
	}
	payload, err := signed.Verify(key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := oauth.ParseClaims(payload)
	if err != nil {
		t.Fatal(err)
	}
	issued, _ := c.Number("iat")
	expires, _ := c.Number("exp")
	if c.Text("iss") != "id" || c.Text("sub") != "id" || !strings.HasSuffix(c.Text("aud"), "/token") || issued != float64(start.Unix()) || expires-issued != 120 || c.Text("jti") == "" {
		t.Errorf("claims: got %s", c.JSON())
	}
}

func TestPrivateKeysThatCannotWork(t *testing.T) {
	small, err := json.Marshal(jose.JSONWebKey{Key: keys().small})
	if err != nil {
		t.Fatal(err)
	}
	public, err := json.Marshal(jose.JSONWebKey{Key: keys().rsa.Public()})
	if err != nil {
		t.Fatal(err)
	}
	ps256, err := json.Marshal(jose.JSONWebKey{Key: keys().rsa, Algorithm: "PS256"})
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]oauth.PrivateKey{
		"none": {}, "two": {PEM: "x", JWK: "y"}, "not PEM": {PEM: theSecret}, "not a JWK": {JWK: theSecret}, "an empty JWK": {JWK: "{}"},
		"PEM of something else":    {PEM: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"},
		"a symmetric JWK":          {JWK: `{"kty":"oct","k":"aHVudGVyMi1zZWNyZXQ"}`},
		"a public key":             {JWK: string(public)},
		"a short key":              {JWK: string(small)},
		"HS256":                    {JWK: string(ps256), Algorithm: "HS256"},
		"an algorithm of another":  {JWK: string(ps256), Algorithm: "RS256"},
		"an algorithm for EC keys": {JWK: strings.Replace(string(ps256), `"alg":"PS256",`, "", 1), Algorithm: "ES256"},
	} {
		if _, err := key.Signer(); err == nil || strings.Contains(err.Error(), theSecret) {
			t.Errorf("%s: got %v, want an error without the key", name, err)
		}
	}
	if _, err := oauth.AppleSecret("team", "id", "aud", oauth.PrivateKey{KeyID: "k", JWK: string(ps256)}); err == nil {
		t.Error("Apple: an RSA key works")
	}
}

func TestParseTokens(t *testing.T) {
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	for _, c := range []struct {
		name, body string
		want       oauth.Tokens
	}{
		{
			"everything", `{"access_token":"a","refresh_token":"r","id_token":"i","token_type":"Bearer","expires_in":3600,"refresh_token_expires_in":7200,"scope":"x  y\tz"}`,
			oauth.Tokens{AccessToken: "a", RefreshToken: "r", IDToken: "i", TokenType: "Bearer", Scopes: []string{"x", "y", "z"}, AccessTokenExpiresAt: at(3600), RefreshTokenExpiresAt: at(7200)},
		},
		{"lifetime as text", `{"access_token":"a","expires_in":" 60 "}`, oauth.Tokens{AccessToken: "a", AccessTokenExpiresAt: at(60)}},
		{"no lifetime", `{"access_token":"a","expires_in":0}`, oauth.Tokens{AccessToken: "a"}},
		{"a lifetime that is no number", `{"access_token":"a","expires_in":"soon"}`, oauth.Tokens{AccessToken: "a"}},
		{"a lifetime that is not a number", `{"access_token":"a","expires_in":"NaN"}`, oauth.Tokens{AccessToken: "a"}},
		{"a lifetime that is over", `{"access_token":"a","expires_in":-5}`, oauth.Tokens{AccessToken: "a", AccessTokenExpiresAt: at(0)}},
		{"a lifetime without end", `{"access_token":"a","expires_in":1e300}`, oauth.Tokens{AccessToken: "a", AccessTokenExpiresAt: at(100 * 366 * 24 * 3600)}},
		{"scopes as a list", `{"access_token":"a","scope":["x"," y ",1,null,""]}`, oauth.Tokens{AccessToken: "a", Scopes: []string{"x", "y"}}},
		{"other types", `{"access_token":1,"refresh_token":{},"id_token":[],"token_type":null,"scope":5}`, oauth.Tokens{}},
		{"names in another case", `{"Access_Token":"evil","access_token":"a"}`, oauth.Tokens{AccessToken: "a"}},
		{"an empty error", `{"access_token":"a","error":""}`, oauth.Tokens{AccessToken: "a"}},
		{"an error that is null", `{"access_token":"a","error":null}`, oauth.Tokens{AccessToken: "a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := oauth.ParseTokens([]byte(c.body), start)
			if err != nil {
				t.Fatal(err)
			}
			c.want.Response = got.Response
			if len(got.Scopes) == 0 {
				c.want.Scopes = got.Scopes
			}
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(oauth.Claims{}), cmp.Comparer(func(a, b oauth.Claims) bool { return string(a.JSON()) == string(b.JSON()) })); diff != "" {
				t.Errorf("tokens (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRefreshFails(t *testing.T) {
	for _, c := range []struct {
		name       string
		handler    http.HandlerFunc
		wantRemote string
	}{
		{"taken back", reply(400, `{"error":"invalid_grant"}`), "invalid_grant"},
		{"an error with status 200", reply(200, `{"error":"invalid_grant"}`), "invalid_grant"},
		{"no access token", reply(200, `{"refresh_token":"r"}`), ""},
		{"an access token that is no text", reply(200, `{"access_token":1}`), ""},
		{"a server error", reply(503, ``), ""},
		{"a redirect", redirect(302), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := newIDP(t)
			i.onToken = c.handler
			tokens, err := newClient(t, nil).Refresh(t.Context(), i.provider(), "rt")
			e, _ := errors.AsType[*oauth.Error](err)
			if e == nil || e.Code != oauth.CodeRefreshFailed || e.Remote != c.wantRemote || tokens.RefreshToken != "" {
				t.Errorf("got %v, want %s with %q", err, oauth.CodeRefreshFailed, c.wantRemote)
			}
		})
	}
	p := minimal()
	p.NoRefresh = true
	if _, err := newClient(t, nil).Refresh(t.Context(), p, "rt"); codeOf(err) != oauth.CodeRefreshNotSupported {
		t.Errorf("no refresh tokens: got %v", err)
	}
	if _, err := newClient(t, nil).Refresh(t.Context(), minimal(), ""); codeOf(err) != oauth.CodeRefreshFailed {
		t.Errorf("no refresh token: got %v", err)
	}
}

// TestRefreshTokens: a refresh of the program's own has the same rules about what
// comes of it.
func TestRefreshTokens(t *testing.T) {
	p := minimal()
	p.AccessTokenLifetime = time.Hour
	for _, c := range []struct {
		token string
		err   error
		want  oauth.Code
	}{{"new", nil, ""}, {"", nil, oauth.CodeRefreshFailed}, {"new", errors.New("away"), oauth.CodeRefreshFailed}} {
		p.RefreshTokens = func(_ context.Context, _ *oauth.Client, refreshToken string) (oauth.Tokens, error) {
			if refreshToken != "rt" {
				t.Errorf("got refresh token %q", refreshToken)
			}
			return oauth.Tokens{AccessToken: c.token}, c.err
		}
		got, err := newClient(t, nil).Refresh(t.Context(), p, "rt")
		if codeOf(err) != c.want || err == nil && !got.AccessTokenExpiresAt.Equal(start.Add(time.Hour)) {
			t.Errorf("%q, %v: got %v until %v", c.token, c.err, err, got.AccessTokenExpiresAt)
		}
	}
}

func TestAccessTokenLifetime(t *testing.T) {
	i := newIDP(t)
	i.onToken = reply(200, `{"access_token":"a"}`)
	p := i.provider()
	p.AccessTokenLifetime = time.Hour
	tokens, err := newClient(t, nil).Refresh(t.Context(), p, "rt")
	if want := start.Add(time.Hour); err != nil || !tokens.AccessTokenExpiresAt.Equal(want) {
		t.Errorf("got %v, %v, want %v", tokens.AccessTokenExpiresAt, err, want)
	}
}

func TestMergeScopes(t *testing.T) {
	for _, c := range []struct {
		stored string
		more   []string
		want   string
	}{
		{"", nil, ""}, {"a,b", nil, "a,b"}, {"", []string{"b", "a"}, "b,a"}, {"a, b", []string{"b", " c ", ""}, "a,b,c"},
	} {
		if got := oauth.MergeScopes(c.stored, c.more); got != c.want {
			t.Errorf("%q and %q: got %q, want %q", c.stored, c.more, got, c.want)
		}
	}
}

func TestNewClient(t *testing.T) {
	now := func() time.Time { return start }
	for _, cfg := range []oauth.Config{{}, {Now: now, Timeout: -1}, {Now: now, MaxResponse: -1}} {
		if _, err := oauth.New(cfg); err == nil {
			t.Error("a config that cannot work is accepted")
		}
	}
}
