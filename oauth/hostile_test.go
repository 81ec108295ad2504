package oauth_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/oauth"
)

// A hostile case changes a well-behaved identity provider, the provider that
// describes it, or what the browser brings back.
type hostile struct {
	name   string
	want   oauth.Code
	idp    func(i *idp)
	change func(p *oauth.Provider)
	back   func(b *comeback)
}

// A comeback is what the callback has.
type comeback struct{ code, verifier, iss, nonce string }

func (h hostile) with(change func(p *oauth.Provider)) hostile {
	h.change = change
	return h
}

// TestHostileProvider: nobody is signed in, the browser gets the right code, the
// log gets no secret, and nothing hangs.
func TestHostileProvider(t *testing.T) {
	cases := append(hostileTokenEndpoint(), hostileIDTokens()...)
	cases = append(append(cases, hostileClaims()...), hostileKeys()...)
	cases = append(append(cases, hostileUserInfo()...), mixUps()...)
	if len(cases) < 60 {
		t.Errorf("got %d cases, want at least 60", len(cases))
	}
	for _, h := range cases {
		t.Run(h.name, func(t *testing.T) {
			i := newIDP(t)
			if h.idp != nil {
				h.idp(i)
			}
			profile, err := signIn(t, i, h)
			if got := codeOf(err); got != h.want {
				t.Errorf("code: got %q (%v), want %q", got, err, h.want)
			}
			if profile.Subject != "" || profile.Email != "" {
				t.Errorf("signed in as %q", profile.Subject)
			}
			for _, secret := range []string{theSecret, theCode, theToken, "eyJ"} {
				if err != nil && strings.Contains(err.Error(), secret) {
					t.Errorf("the error has a secret: %v", err)
				}
			}
			if i.elsewhere.Load() > 0 {
				t.Error("a redirect was followed")
			}
		})
	}
}

// TestWellBehavedProvider proves that the hostile cases fail for what they change.
func TestWellBehavedProvider(t *testing.T) {
	for _, source := range []oauth.Source{oauth.FromIDToken, oauth.FromUserInfo, oauth.FromIDTokenOrUserInfo, oauth.FromIDTokenAndUserInfo} {
		profile, err := signIn(t, newIDP(t), hostile{change: func(p *oauth.Provider) { p.Source = source }})
		if err != nil || profile.Subject != "sub-1" || !profile.EmailVerified {
			t.Errorf("source %d: got %+v, %v, want sub-1", source, profile, err)
		}
	}
}

// signIn does what a callback does.
func signIn(t *testing.T, i *idp, h hostile) (oauth.Profile, error) {
	t.Helper()
	// A time that only slow cases exceed.
	client := newClient(t, func(c *oauth.Config) {
		if strings.Contains(h.name, "slow") {
			c.Timeout = 250 * time.Millisecond
		}
	})
	p := i.provider()
	if h.change != nil {
		h.change(&p)
	}
	b := comeback{code: theCode, verifier: strings.Repeat("v", 128), iss: "https://idp.test", nonce: "nonce-1"}
	if h.back != nil {
		h.back(&b)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
	defer cancel()
	defer func() {
		if ctx.Err() != nil {
			t.Error("it hung")
		}
	}()
	if err := p.CheckCallback(b.iss, b.nonce); err != nil {
		return oauth.Profile{}, err
	}
	tokens, err := client.Exchange(ctx, p, oauth.ExchangeRequest{Code: b.code, Verifier: b.verifier, RedirectURI: "https://app.test/cb"})
	if err != nil {
		return oauth.Profile{}, err
	}
	return client.User(ctx, p, tokens, oauth.UserRequest{Nonce: b.nonce})
}

func hostileTokenEndpoint() []hostile {
	answer := func(name string, handler http.HandlerFunc) hostile {
		return hostile{name: "token endpoint: " + name, want: oauth.CodeInvalidCode, idp: func(i *idp) { i.onToken = handler }}
	}
	return []hostile{
		answer("the code was used before", reply(400, `{"error":"invalid_grant","error_description":"`+theCode+` used"}`)),
		answer("an error with status 200", reply(200, `{"error":"bad_verification_code","access_token":"`+theToken+`"}`)),
		answer("an error that is an object", reply(200, `{"error":{"type":"OAuthException"},"access_token":"`+theToken+`"}`)),
		answer("an error code with line breaks", reply(400, `{"error":"x\n`+theSecret+`"}`)),
		answer("a server error", reply(500, `<h1>`+theSecret+`</h1>`)),
		answer("a temporary redirect", redirect(302)),
		answer("a redirect that keeps the form", redirect(307)),
		answer("a permanent redirect that keeps the form", redirect(308)),
		answer("multiple choices", redirect(300)),
		answer("HTML", reply(200, "<html>")),
		answer("nothing", reply(200, "")),
		answer("an array", reply(200, `[{"access_token":"x"}]`)),
		answer("a string", reply(200, `"access_token"`)),
		answer("a form", reply(200, "access_token=x&token_type=bearer")),
		answer("a member twice", reply(200, `{"access_token":"x","access_token":"y"}`)),
		answer("something after the object", reply(200, `{"access_token":"x"}{}`)),
		answer("cut off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, `{"access_token":`)
		}),
		answer("deeply nested", reply(200, `{"x":`+strings.Repeat("[", 100_000))),
		answer("too large", reply(200, `{"access_token":"`+strings.Repeat("x", 2<<20)+`"}`)),
		answer("without end", endless),
		answer("a small answer that unpacks to a large one", gzipBomb),
		answer("a huge header", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Huge", strings.Repeat("x", 128<<10))
			fmt.Fprint(w, "{}")
		}),
		answer("slow to begin", hang),
		answer("slow to end", drip),
		answer("hangs up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
	}
}

func gzipBomb(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	z.Write(bytes.Repeat([]byte(" "), 32<<20))
	z.Close()
}

// tokenCase is a case in which the id token is wrong.
func tokenCase(name string, idp func(i *idp)) hostile {
	return hostile{name: "id token: " + name, want: oauth.CodeNoUserInfo, idp: idp}
}

func hostileIDTokens() []hostile {
	return append(append(unsignedTokens(), forgedTokens()...), malformedTokens()...)
}

func unsignedTokens() []hostile {
	unsigned := func(algorithm string) hostile {
		return tokenCase("unsigned, alg "+algorithm, func(i *idp) {
			i.header["alg"] = algorithm
			i.sign = func(string) []byte { return nil }
		})
	}
	hs256 := func(name string, key func() []byte) hostile {
		return tokenCase("HS256 with "+name, func(i *idp) {
			i.header["alg"] = "HS256"
			i.sign = func(input string) []byte { return signHS256(key(), input) }
		})
	}
	return []hostile{
		tokenCase("missing", func(i *idp) { i.withoutToken = true }),
		unsigned("none"), unsigned("None"), unsigned("nOnE"), unsigned(""),
		tokenCase("RS256 without a signature", func(i *idp) { i.sign = func(string) []byte { return nil } }),
		hs256("the RSA key as PEM", func() []byte {
			der, _ := x509.MarshalPKIXPublicKey(&keys().rsa.PublicKey)
			return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
		}),
		hs256("the RSA key as DER", func() []byte { return x509.MarshalPKCS1PublicKey(&keys().rsa.PublicKey) }),
		hs256("the modulus", func() []byte { return keys().rsa.N.Bytes() }),
		hs256("the client secret", func() []byte { return []byte(theSecret) }),
		hs256("nothing", func() []byte { return nil }),
	}
}

func forgedTokens() []hostile {
	es256 := func(p *oauth.Provider) { p.IDToken.Algorithms = []string{"ES256"} }
	return []hostile{
		tokenCase("forged with another key", func(i *idp) {
			i.sign = func(input string) []byte { return signRS256(keys().other, input) }
		}),
		tokenCase("forged with a key in its header", func(i *idp) {
			i.header["jwk"] = jwk(&keys().other.PublicKey, nil)
			i.sign = func(input string) []byte { return signRS256(keys().other, input) }
		}),
		tokenCase("forged with keys at a URL in its header", func(i *idp) {
			i.header["jku"], i.header["x5u"] = i.url+"/elsewhere", i.url+"/elsewhere"
			i.sign = func(input string) []byte { return signRS256(keys().other, input) }
		}),
		tokenCase("PS256 where RS256 is agreed", func(i *idp) {
			i.header["alg"] = "PS256"
			i.sign = func(input string) []byte { return signPS256(keys().rsa, input) }
		}),
		tokenCase("PS256 that says RS256", func(i *idp) {
			i.sign = func(input string) []byte { return signPS256(keys().rsa, input) }
		}),
		tokenCase("ES256 of zeros", func(i *idp) {
			i.header["alg"], i.header["kid"] = "ES256", "ec1"
			i.sign = func(string) []byte { return make([]byte, 64) }
			i.onKeys = serve(keySetOf(ecJWK(&keys().ec.PublicKey)))
		}).with(es256),
		tokenCase("ES256 in DER", func(i *idp) {
			i.header["alg"], i.header["kid"] = "ES256", "ec1"
			i.sign = func(input string) []byte {
				sum := sha256.Sum256([]byte(input))
				der, _ := ecdsa.SignASN1(rand.Reader, keys().ec, sum[:])
				return der
			}
			i.onKeys = serve(keySetOf(ecJWK(&keys().ec.PublicKey)))
		}).with(es256),
	}
}

func malformedTokens() []hostile {
	header := func(name string, changes claims) hostile {
		return tokenCase(name, func(i *idp) { maps.Copy(i.header, changes) })
	}
	edit := func(name string, f func(token string) string) hostile {
		return tokenCase(name, func(i *idp) {
			token := i.idToken()
			i.token = func() string { return f(token) }
		})
	}
	payload := func(name string, f func(i *idp) string) hostile {
		return tokenCase(name, func(i *idp) {
			input := b64(jsonOf(i.header)) + "." + b64([]byte(f(i)))
			i.token = func() string { return input + "." + b64(i.sign(input)) }
		})
	}
	return []hostile{
		header("an unknown key id", claims{"kid": "k2"}),
		header("a key id that is a path", claims{"kid": "../../k1"}),
		header("a key id that is a query", claims{"kid": "' OR 1=1 --"}),
		header("a key id that is no text", claims{"kid": 1}),
		header("an access token", claims{"typ": "at+jwt"}),
		header("a logout token", claims{"typ": "logout+jwt"}),
		header("a type that is no text", claims{"typ": 1}),
		header("an extension that must be understood", claims{"crit": []string{"exp"}, "exp": 1}),
		header("a payload that is not encoded", claims{"b64": false, "crit": []string{"b64"}}),
		edit("changed", func(token string) string { return strings.Replace(token, ".ey", ".fy", 1) }),
		edit("cut off", func(token string) string { return token[:len(token)-4] }),
		edit("with two parts", func(token string) string { return token[:strings.LastIndexByte(token, '.')] }),
		edit("with five parts", func(token string) string { return token + ".x.y" }),
		edit("with a line break", func(token string) string { return token[:9] + "\n" + token[9:] }),
		edit("after a space", func(token string) string { return " " + token }),
		edit("padded", func(token string) string { return token + "==" }),
		edit("as JSON", func(token string) string {
			parts := strings.Split(token, ".")
			return fmt.Sprintf(`{"protected":"%s","payload":"%s","signature":"%s"}`, parts[0], parts[1], parts[2])
		}),
		tokenCase("too long", func(i *idp) { i.claims["groups"] = strings.Repeat("x", 70_000) }),
		payload("with a claim twice", func(i *idp) string { return `{"sub":"victim",` + string(jsonOf(i.claims))[1:] }),
		payload("with claims that are no object", func(*idp) string { return `["sub"]` }),
		payload("with claims that are no JSON", func(*idp) string { return `sub` }),
	}
}

func hostileClaims() []hostile {
	claim := func(what, name string, value any) hostile {
		return hostile{name: "claims: " + what, want: oauth.CodeNoUserInfo, idp: func(i *idp) {
			if value == nil {
				delete(i.claims, name)
				return
			}
			i.claims[name] = value
		}}
	}
	now := start.Unix()
	return []hostile{
		claim("expired", "exp", now-31),
		claim("no expiry", "exp", nil),
		claim("an expiry that is text", "exp", fmt.Sprint(now+600)),
		claim("not yet valid", "nbf", now+31),
		claim("not-before that is text", "nbf", "0"),
		claim("from the future", "iat", now+31),
		claim("too old", "iat", now-3631),
		claim("no date of issue", "iat", nil),
		claim("another issuer", "iss", "https://evil.test"),
		claim("an issuer that only begins alike", "iss", "https://idp.test.evil.test"),
		claim("an issuer with a slash", "iss", "https://idp.test/"),
		claim("no issuer", "iss", nil),
		claim("several issuers", "iss", []string{"https://idp.test"}),
		claim("another audience", "aud", "client-2"),
		claim("an audience that only begins alike", "aud", "client-12"),
		claim("another of our apps as audience of a code", "aud", "app-1"),
		claim("no audience", "aud", nil),
		claim("an empty audience", "aud", []string{}),
		claim("an audience that is no text", "aud", []any{"client-1", 1}),
		claim("a foreign audience beside ours", "aud", []string{"client-1", "evil"}),
		claim("a foreign authorized party", "azp", "evil"),
		claim("an authorized party that is no text", "azp", 1),
		claim("no nonce", "nonce", nil),
		claim("a foreign nonce", "nonce", "nonce-2"),
		claim("a nonce in a list", "nonce", []string{"nonce-1"}),
		claim("the nonce as SHA-256 where that is not agreed", "nonce", fmt.Sprintf("%x", sha256.Sum256([]byte("nonce-1")))),
		claim("at_hash of another access token", "at_hash", b64(make([]byte, 16))),
		claim("at_hash that is no text", "at_hash", 1),
		claim("no subject", "sub", nil),
		claim("an empty subject", "sub", ""),
		claim("a blank subject", "sub", " \t"),
		claim("a subject null", "sub", "null"),
		claim("a subject undefined", "sub", "undefined"),
		claim("a subject that is a number", "sub", 1),
		claim("a subject that is an object", "sub", claims{"a": 1}),
		claim("a subject that is a list", "sub", []string{"sub-1"}),
		claim("a huge subject", "sub", strings.Repeat("s", 256)),
	}
}

func hostileKeys() []hostile {
	answer := func(name string, handler http.HandlerFunc) hostile {
		return hostile{name: "key set: " + name, want: oauth.CodeNoUserInfo, idp: func(i *idp) { i.onKeys = handler }}
	}
	set := func(name string, set claims) hostile { return answer(name, serve(set)) }
	many := make([]claims, 101)
	for i := range many {
		many[i] = claims{"kty": "RSA"}
	}
	own := jwk(&keys().rsa.PublicKey, nil)
	other := ecJWK(&keys().ec.PublicKey)
	other["kid"] = "k1"
	return []hostile{
		answer("a redirect", redirect(302)),
		answer("a server error", reply(500, "")),
		answer("not JSON", reply(200, "<html>")),
		answer("no keys", reply(200, `{}`)),
		answer("keys that are no list", reply(200, `{"keys":{}}`)),
		answer("too large", reply(200, `{"keys":[],"x":"`+strings.Repeat("x", 2<<20)+`"}`)),
		answer("without end", endless),
		answer("slow", hang),
		set("too many keys", keySetOf(append([]claims{own}, many...)...)),
		set("for encryption", keySetOf(jwk(&keys().rsa.PublicKey, claims{"use": "enc"}))),
		set("for another algorithm", keySetOf(jwk(&keys().rsa.PublicKey, claims{"alg": "RS512"}))),
		set("symmetric", keySetOf(claims{"kty": "oct", "kid": "k1", "k": b64([]byte("k"))})),
		set("of another kind", keySetOf(other)),
		{
			name: "key set: an RSA key of 1024 bits", want: oauth.CodeNoUserInfo,
			idp: func(i *idp) {
				i.sign = func(input string) []byte { return signRS256(keys().small, input) }
				i.onKeys = func(w http.ResponseWriter, _ *http.Request) {
					writeJSON(w, keySetOf(jwk(&keys().small.PublicKey, nil)))
				}
			},
		},
		{
			name: "key set: two keys and a token without key id", want: oauth.CodeNoUserInfo,
			idp: func(i *idp) {
				delete(i.header, "kid")
				i.onKeys = serve(keySetOf(own, jwk(&keys().other.PublicKey, claims{"kid": "k2"})))
			},
		},
	}
}

func hostileUserInfo() []hostile {
	fromUserInfo := func(p *oauth.Provider) { p.Source = oauth.FromUserInfo }
	answer := func(name string, handler http.HandlerFunc) hostile {
		return hostile{name: "user info: " + name, want: oauth.CodeNoUserInfo, idp: func(i *idp) { i.onUser = handler }, change: fromUserInfo}
	}
	user := func(name, body string) hostile { return answer(name, reply(200, body)) }
	return []hostile{
		answer("unauthorized", reply(401, `{"sub":"sub-1"}`)),
		answer("a redirect", redirect(302)),
		answer("too large", reply(200, `{"sub":"sub-1","x":"`+strings.Repeat("x", 2<<20)+`"}`)),
		answer("slow", hang),
		user("not JSON", `sub-1`),
		user("a list", `[{"sub":"sub-1"}]`),
		user("no subject", `{"email":"a@b.test"}`),
		user("a subject that is true", `{"sub":true}`),
		user("a subject that is not exact in JavaScript", `{"sub":9007199254740993}`),
		user("a subject with a fraction", `{"sub":1.5}`),
		user("about somebody else than the id token", `{"sub":"victim"}`),
		user("a member twice", `{"sub":"sub-1","sub":"victim"}`),
		{
			name: "user info: no access token", want: oauth.CodeNoUserInfo, change: fromUserInfo,
			idp: func(i *idp) { i.onToken = reply(200, `{"access_token":5}`) },
		},
		{
			name: "user info: completes another id token", want: oauth.CodeNoUserInfo,
			idp:    func(i *idp) { delete(i.claims, "email"); i.user["sub"] = "victim" },
			change: func(p *oauth.Provider) { p.Source = oauth.FromIDTokenAndUserInfo },
		},
		{
			name: "user info: stands in for a forged id token", want: oauth.CodeNoUserInfo,
			idp: func(i *idp) {
				i.sign = func(input string) []byte { return signRS256(keys().other, input) }
			},
			change: func(p *oauth.Provider) { p.Source = oauth.FromIDTokenOrUserInfo },
		},
	}
}

func mixUps() []hostile {
	return []hostile{
		{name: "mix-up: the code of another issuer", want: oauth.CodeIssuerMismatch, back: func(b *comeback) { b.iss = "https://evil.test" }},
		{
			name: "mix-up: no issuer where one is promised", want: oauth.CodeIssuerMissing,
			back: func(b *comeback) { b.iss = "" }, change: func(p *oauth.Provider) { p.RequireIssuer = true },
		},
		{name: "mix-up: a state without a nonce", want: oauth.CodeNonceBindingMissing, back: func(b *comeback) { b.nonce = "" }},
		{name: "mix-up: a token of another sign-in", want: oauth.CodeNoUserInfo, back: func(b *comeback) { b.nonce = "nonce-2" }},
		{name: "mix-up: no code", want: oauth.CodeInvalidCode, back: func(b *comeback) { b.code = "" }},
		{name: "mix-up: no verifier", want: oauth.CodeInvalidCode, back: func(b *comeback) { b.verifier = "" }},
		{name: "config: HS256 cannot be agreed", want: oauth.CodeNoUserInfo, change: func(p *oauth.Provider) { p.IDToken.Algorithms = []string{"HS256"} }},
		{name: "config: none cannot be agreed", want: oauth.CodeNoUserInfo, change: func(p *oauth.Provider) { p.IDToken.Algorithms = []string{"none"} }},
	}
}

// TestLyingEmailVerified: only true and "true" are believed.
func TestLyingEmailVerified(t *testing.T) {
	for _, value := range []any{false, "false", 0, 1, nil, "TRUE", "TRUE ", "True", "1", "yes", []bool{true}, claims{"value": true}} {
		i := newIDP(t)
		i.claims["email_verified"] = value
		profile, err := signIn(t, i, hostile{})
		if err != nil || profile.EmailVerified {
			t.Errorf("%v: got verified %v, error %v, want neither", value, profile.EmailVerified, err)
		}
	}
	i := newIDP(t)
	i.claims["email_verified"] = "true"
	if profile, err := signIn(t, i, hostile{}); err != nil || !profile.EmailVerified {
		t.Errorf(`"true": got verified %v, error %v`, profile.EmailVerified, err)
	}
}

// TestConnectionOnly: without keys, a token is believed that comes over the
// connection to the token endpoint, none that a client brings, and none that says
// it is unsigned.
func TestConnectionOnly(t *testing.T) {
	withoutKeys := func(p *oauth.Provider) { p.IDToken.JWKSURL = "" }
	i := newIDP(t)
	i.header["alg"] = "HS256"
	i.sign = func(input string) []byte { return signHS256([]byte(theSecret), input) }
	if profile, err := signIn(t, i, hostile{change: withoutKeys}); err != nil || profile.Subject != "sub-1" {
		t.Errorf("over the connection: got %q, %v, want sub-1", profile.Subject, err)
	}
	p := i.provider()
	withoutKeys(&p)
	client := newClient(t, nil)
	if _, err := client.VerifyIDToken(t.Context(), p, oauth.IDToken{Token: i.idToken(), FromClient: true}); err == nil {
		t.Error("from a client: believed")
	}
	if _, err := client.IDTokenUser(t.Context(), p, oauth.IDTokenRequest{Token: i.idToken()}); codeOf(err) != oauth.CodeIDTokenNotSupported {
		t.Errorf("from a client: got %v, want %s", err, oauth.CodeIDTokenNotSupported)
	}
	for _, algorithm := range []any{"none", "NONE", "", nil, 1} {
		i.header["alg"] = algorithm
		if _, err := signIn(t, i, hostile{change: withoutKeys}); codeOf(err) != oauth.CodeNoUserInfo {
			t.Errorf("alg %v: got %v, want %s", algorithm, err, oauth.CodeNoUserInfo)
		}
	}
	i.header["alg"] = "HS256"
	i.sign = func(string) []byte { return nil }
	if _, err := signIn(t, i, hostile{change: withoutKeys}); codeOf(err) != oauth.CodeNoUserInfo {
		t.Errorf("no signature: got %v, want %s", err, oauth.CodeNoUserInfo)
	}
}
