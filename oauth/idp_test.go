package oauth_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lockstep-auth/lockstep/oauth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start is the time of these tests.
var start = time.Unix(1760000000, 0)

// What must never be in an error.
const (
	theSecret = "hunter2-secret"
	theCode   = "hunter2-code"
	theToken  = "hunter2-token"
)

// keys are made once: making RSA keys takes long.
var keys = sync.OnceValue(func() (k struct {
	rsa, other, small *rsa.PrivateKey
	ec                *ecdsa.PrivateKey
},
) {
	var errs [4]error
	k.rsa, errs[0] = rsa.GenerateKey(rand.Reader, 2048)
	k.other, errs[1] = rsa.GenerateKey(rand.Reader, 2048)
	k.small, errs[2] = rsa.GenerateKey(rand.Reader, 1024)
	k.ec, errs[3] = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err := errors.Join(errs[:]...); err != nil {
		panic(err)
	}
	return k
})

// A claims map is edited before it is signed.
type claims = map[string]any

// An idp is an identity provider that behaves well until a test changes it.
type idp struct {
	url    string
	header claims
	claims claims
	sign   func(input string) []byte // of a token
	token  func() string             // replaces the id token

	// Handlers of its endpoints.
	onToken, onUser, onKeys http.HandlerFunc

	user         claims // the user info
	keyRequests  atomic.Int32
	elsewhere    atomic.Int32 // requests to /elsewhere, where redirects lead
	withoutToken bool         // no id token in the token response
}

// newIDP starts an identity provider.
func newIDP(t *testing.T) *idp {
	t.Helper()
	i := &idp{
		header: claims{"alg": "RS256", "kid": "k1", "typ": "JWT"},
		claims: claims{
			"iss": "https://idp.test", "sub": "sub-1", "aud": "client-1", "nonce": "nonce-1",
			"exp": start.Unix() + 600, "iat": start.Unix(), "email": "a@b.test", "email_verified": true,
		},
		user: claims{"sub": "sub-1", "email": "a@b.test", "email_verified": true},
	}
	i.sign = func(input string) []byte { return signRS256(keys().rsa, input) }
	i.onToken, i.onUser, i.onKeys = i.tokens, i.userInfo, i.jwks
	mux := http.NewServeMux()
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) { i.onToken(w, r) })
	mux.HandleFunc("/user", func(w http.ResponseWriter, r *http.Request) { i.onUser(w, r) })
	mux.HandleFunc("/keys", func(w http.ResponseWriter, r *http.Request) {
		i.keyRequests.Add(1)
		i.onKeys(w, r)
	})
	mux.HandleFunc("/elsewhere", func(w http.ResponseWriter, r *http.Request) {
		i.elsewhere.Add(1)
		i.tokens(w, r)
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // or the server does not notice when a client gives up
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	i.url = server.URL
	return i
}

func (i *idp) provider() oauth.Provider {
	return oauth.Provider{
		ID: "idp", Name: "IdP", ClientIDs: []string{"client-1", "app-1"}, ClientSecret: theSecret,
		AuthURL: i.url + "/authorize", TokenURL: i.url + "/token", UserInfoURL: i.url + "/user",
		Source: oauth.FromIDToken, SendNonce: true, Issuer: "https://idp.test",
		IDToken: oauth.IDTokenRules{Issuers: []string{"https://idp.test"}, JWKSURL: i.url + "/keys", MaxAge: time.Hour},
		Profile: func(c oauth.Claims) (oauth.Profile, error) {
			return oauth.Profile{
				Subject: c.Identifier("sub"), Name: c.Text("name"), Email: c.Text("email"), EmailVerified: c.Flag("email_verified"),
			}, nil
		},
	}
}

func (i *idp) tokens(w http.ResponseWriter, _ *http.Request) {
	response := claims{"access_token": theToken, "refresh_token": "rt", "token_type": "Bearer", "expires_in": 60, "scope": "openid email"}
	if !i.withoutToken {
		response["id_token"] = i.idToken()
	}
	writeJSON(w, response)
}

func (i *idp) userInfo(w http.ResponseWriter, _ *http.Request) { writeJSON(w, i.user) }

func (i *idp) jwks(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, keySetOf(jwk(&keys().rsa.PublicKey, nil)))
}

func (i *idp) idToken() string {
	if i.token != nil {
		return i.token()
	}
	input := b64(jsonOf(i.header)) + "." + b64(jsonOf(i.claims))
	return input + "." + b64(i.sign(input))
}

// reply is a handler with a fixed answer.
func reply(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// redirect sends requests to where they would be answered well.
func redirect(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", status) }
}

// hang answers when the client has given up.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// drip answers one byte at a time.
func drip(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(http.StatusOK)
	for r.Context().Err() == nil {
		if _, err := fmt.Fprint(w, " "); err != nil {
			return
		}
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// endless answers without end.
func endless(w http.ResponseWriter, r *http.Request) {
	block := []byte(strings.Repeat(" ", 64<<10))
	for r.Context().Err() == nil {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Write(jsonOf(v))
}

func jsonOf(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}

func b64(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

func signRS256(key *rsa.PrivateKey, input string) []byte {
	sum := sha256.Sum256([]byte(input))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return signature
}

func signPS256(key *rsa.PrivateKey, input string) []byte {
	sum := sha256.Sum256([]byte(input))
	signature, err := rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum[:], nil)
	if err != nil {
		panic(err)
	}
	return signature
}

func signHS256(key []byte, input string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(input))
	return h.Sum(nil)
}

// jwk returns a public RSA key as a key set has it, changed.
func jwk(key *rsa.PublicKey, changes claims) claims {
	k := claims{
		"kty": "RSA", "kid": "k1", "alg": "RS256", "use": "sig",
		"n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes()),
	}
	maps.Copy(k, changes)
	return k
}

func ecJWK(key *ecdsa.PublicKey) claims {
	raw, err := key.Bytes() // 4, x, y
	if err != nil {
		panic(err)
	}
	return claims{"kty": "EC", "crv": "P-256", "kid": "ec1", "x": b64(raw[1:33]), "y": b64(raw[33:])}
}

func keySetOf(keys ...claims) claims { return claims{"keys": keys} }

// newClient returns a client that may reach this machine.
func newClient(t *testing.T, change func(*oauth.Config)) *oauth.Client {
	t.Helper()
	cfg := oauth.Config{Now: func() time.Time { return start }, InsecureAllowPrivateNetworks: true}
	if change != nil {
		change(&cfg)
	}
	c, err := oauth.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// codeOf returns the code of an error, or "".
func codeOf(err error) oauth.Code {
	if e, ok := errors.AsType[*oauth.Error](err); ok {
		return e.Code
	}
	return ""
}

func signES256(key *ecdsa.PrivateKey, input string) []byte {
	sum := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		panic(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signature
}

// leftHalf is the at_hash of an access token.
func leftHalf(accessToken string) string {
	sum := sha256.Sum256([]byte(accessToken))
	return b64(sum[:16])
}

// fixedAnswer returns a config whose requests all get the same answer, without a
// network.
func fixedAnswer(body []byte) oauth.Config {
	return oauth.Config{Now: func() time.Time { return start }, Transport: roundTripper(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body))}, nil
	})}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
