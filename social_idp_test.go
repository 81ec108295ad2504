package lockstep_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/oauth"
)

// A person has an account at the fake identity provider. Members that are nil are
// not told.
type person struct {
	sub, email any
	verified   any // email_verified
	name       string
	iss        string // of the callback
}

// An idp is an identity provider on this machine. It believes everybody, but
// checks what a client must get right: PKCE, redirect URI, client secret, and that
// codes and refresh tokens are used once.
type idp struct {
	*httptest.Server
	t     testing.TB
	key   *rsa.PrivateKey
	clock func() time.Time

	mu        sync.Mutex
	codes     map[string]grant
	tokens    map[string]grant // access tokens
	refresh   map[string]grant
	n         int
	exchanges int
	refreshes int

	lifetime int           // of access tokens, in seconds; 0 says nothing
	scope    string        // granted; as asked for if empty
	down     bool          // answers 500
	hold     chan struct{} // if not nil, the token endpoint waits for it
	waiting  atomic.Int64  // how many requests wait, or have waited
}

// A grant is what somebody has allowed the client.
type grant struct {
	who                                   person
	challenge, nonce, redirectURI, scopes string
}

const idpSecret = "the secret of the client"

// idpKey is the key of all identity providers: making one takes long.
var idpKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func newIDP(t testing.TB, clock func() time.Time) *idp {
	t.Helper()
	i := &idp{
		t: t, key: idpKey(), clock: clock, lifetime: 3600,
		codes: make(map[string]grant), tokens: make(map[string]grant), refresh: make(map[string]grant),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", i.token)
	mux.HandleFunc("GET /userinfo", i.userInfo)
	mux.HandleFunc("GET /jwks", i.jwks)
	mux.HandleFunc("GET /.well-known/openid-configuration", i.discovery)
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		down := i.down
		i.mu.Unlock()
		if down {
			http.Error(w, "down", http.StatusInternalServerError)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(i.Close)
	return i
}

func (i *idp) set(change func(*idp)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	change(i)
}

func (i *idp) counts() (exchanges, refreshes int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.exchanges, i.refreshes
}

// provider describes the service with an id.
func (i *idp) provider(id string) oauth.Provider {
	return oauth.Provider{
		ID: id, Name: "Fake", ClientIDs: []string{"client"}, ClientSecret: idpSecret,
		AuthURL: i.URL + "/authorize", TokenURL: i.URL + "/token", UserInfoURL: i.URL + "/userinfo",
		Scopes: []string{"openid", "email"}, LoginHint: true,
		IDToken: oauth.IDTokenRules{Issuers: []string{i.URL}, JWKSURL: i.URL + "/jwks"},
		Profile: func(c oauth.Claims) (oauth.Profile, error) {
			p := oauth.Profile{
				Subject: c.Identifier("sub"), Name: c.Text("name"), Email: c.Text("email"),
				EmailVerified: c.Flag("email_verified"), Image: c.Text("picture"),
			}
			if nick := c.Text("nickname"); nick != "" {
				p.Fields = map[string]any{"nickname": nick}
			}
			return p, nil
		},
	}
}

// allow is the page of the service: somebody agrees, and the browser is sent back
// with the returned query.
func (i *idp) allow(authURL string, who person) url.Values {
	i.t.Helper()
	u, err := url.Parse(authURL)
	if err != nil {
		i.t.Fatal(err)
	}
	q := u.Query()
	if q.Get("response_type") != "code" || q.Get("client_id") != "client" || q.Get("code_challenge_method") != "S256" {
		i.t.Fatalf("authorization request: %v", q)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.n++
	code := fmt.Sprintf("code-%d", i.n)
	i.codes[code] = grant{who, q.Get("code_challenge"), q.Get("nonce"), q.Get("redirect_uri"), q.Get("scope")}
	back := url.Values{"code": {code}, "state": {q.Get("state")}}
	if who.iss != "" {
		back.Set("iss", who.iss)
	}
	return back
}

func (i *idp) token(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	hold := i.hold
	i.mu.Unlock()
	if hold != nil {
		i.waiting.Add(1)
		<-hold
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if r.FormValue("client_id") != "client" || r.FormValue("client_secret") != idpSecret {
		i.refuse(w, "invalid_client")
		return
	}
	var g grant
	var ok bool
	switch r.FormValue("grant_type") {
	case "authorization_code":
		i.exchanges++
		g, ok = i.codes[r.FormValue("code")]
		delete(i.codes, r.FormValue("code"))
		sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
		ok = ok && g.redirectURI == r.FormValue("redirect_uri") && g.challenge == base64.RawURLEncoding.EncodeToString(sum[:])
	case "refresh_token":
		i.refreshes++
		g, ok = i.refresh[r.FormValue("refresh_token")]
		delete(i.refresh, r.FormValue("refresh_token"))
	}
	if !ok {
		i.refuse(w, "invalid_grant")
		return
	}
	i.n++
	access, refresh := fmt.Sprintf("access-%d", i.n), fmt.Sprintf("refresh-%d", i.n)
	i.tokens[access], i.refresh[refresh] = g, g
	answer := m{
		"access_token": access, "refresh_token": refresh, "token_type": "Bearer", "scope": g.scopes,
		"id_token": i.idToken(g.who, g.nonce),
	}
	if i.scope != "" {
		answer["scope"] = i.scope
	}
	if i.lifetime != 0 {
		answer["expires_in"] = i.lifetime
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (i *idp) refuse(w http.ResponseWriter, code string) {
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(m{"error": code})
}

func (p person) claims() m {
	c := m{}
	told := m{"sub": p.sub, "email": p.email, "email_verified": p.verified}
	for name, value := range told {
		if value != nil {
			c[name] = value
		}
	}
	if p.name != "" {
		c["name"], c["picture"], c["nickname"] = p.name, "https://img.example/"+p.name, "nick of "+p.name
	}
	return c
}

func (i *idp) userInfo(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	var access string
	if _, err := fmt.Sscanf(r.Header.Get("Authorization"), "Bearer %s", &access); err != nil {
		i.refuse(w, "invalid_request")
		return
	}
	g, ok := i.tokens[access]
	if !ok {
		i.refuse(w, "invalid_token")
		return
	}
	_ = json.NewEncoder(w).Encode(g.who.claims())
}

func (i *idp) jwks(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(i.keySet()) }

// keySet is what verifies the id tokens.
func (i *idp) keySet() []byte {
	enc := base64.RawURLEncoding
	set, err := json.Marshal(m{"keys": []m{{
		"kty": "RSA", "kid": "k", "alg": "RS256", "use": "sig", "n": enc.EncodeToString(i.key.N.Bytes()),
		"e": enc.EncodeToString(big.NewInt(int64(i.key.E)).Bytes()),
	}}})
	if err != nil {
		i.t.Error(err)
	}
	return set
}

func (i *idp) discovery(w http.ResponseWriter, _ *http.Request) {
	_ = json.NewEncoder(w).Encode(m{
		"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token",
		"userinfo_endpoint": i.URL + "/userinfo", "jwks_uri": i.URL + "/jwks", "end_session_endpoint": i.URL + "/logout",
		"id_token_signing_alg_values_supported":          []string{"RS256", "none"},
		"authorization_response_iss_parameter_supported": true,
	})
}

// idToken signs an id token for the client.
func (i *idp) idToken(who person, nonce string) string {
	c := who.claims()
	c["iss"], c["aud"] = i.URL, "client"
	if nonce != "" {
		c["nonce"] = nonce
	}
	return i.sign(c)
}

// sign makes an id token of claims. It is good for ten minutes from now.
func (i *idp) sign(claims map[string]any) string {
	c, now := maps.Clone(claims), i.clock().Unix()
	c["iat"], c["exp"] = now, now+600
	enc := base64.RawURLEncoding
	payload, err := json.Marshal(c)
	if err != nil {
		i.t.Error(err)
	}
	signed := enc.EncodeToString([]byte(`{"alg":"RS256","kid":"k"}`)) + "." + enc.EncodeToString(payload)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, i.key, crypto.SHA256, sum[:])
	if err != nil {
		i.t.Error(err)
	}
	return signed + "." + enc.EncodeToString(signature)
}
