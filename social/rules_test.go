package social_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/social"
)

var clientOptions = social.Options{ClientID: "client-1", ClientSecret: "secret"}

func byID(t testing.TB) map[string]oauth.Provider {
	t.Helper()
	providers := make(map[string]oauth.Provider)
	for _, e := range social.Catalog() {
		p, _, err := e.Provider(e.Options())
		if err != nil {
			t.Fatal(err)
		}
		providers[e.ID] = p
	}
	return providers
}

// TestEmailVerified: whatever a service writes where it says that an address is
// verified, only true and "true" count.
func TestEmailVerified(t *testing.T) {
	places := map[string]string{ // %s is where the service says it
		"apple":       `{"sub":"s","email":"a@b.test","email_verified":%s}`,
		"cognito":     `{"sub":"s","email":"a@b.test","email_verified":%s}`,
		"discord":     `{"id":"1","email":"a@b.test","verified":%s}`,
		"dropbox":     `{"account_id":"s","email":"a@b.test","email_verified":%s}`,
		"facebook":    `{"id":"s","email":"a@b.test","email_verified":%s}`,
		"gitlab":      `{"id":1,"state":"active","email":"a@b.test","email_verified":%s}`,
		"google":      `{"sub":"s","email":"a@b.test","email_verified":%s}`,
		"huggingface": `{"sub":"s","email":"a@b.test","email_verified":%s}`,
		"kakao":       `{"id":1,"kakao_account":{"email":"a@b.test","is_email_valid":true,"is_email_verified":%s}}`,
		"linkedin":    `{"sub":"s","email":"a@b.test","email_verified":%s}`,
		"microsoft":   `{"oid":"s","email":"a@b.test","email_verified":%s,"verified_primary_email":["a@b.test"]}`,
		"paybin":      `{"sub":"s","email":"a@b.test","email_verified":%s}`,
		"paypal":      `{"user_id":"s","email":"a@b.test","email_verified":%s}`,
		"polar":       `{"id":"s","email":"a@b.test","email_verified":%s}`,
		"salesforce":  `{"user_id":"s","email":"a@b.test","email_verified":%s}`,
		"slack":       `{"https://slack.com/user_id":"s","email":"a@b.test","email_verified":%s}`,
		"twitch":      `{"sub":"s","email":"a@b.test","email_verified":%s}`,
		"vercel":      `{"sub":"s","email":"a@b.test","email_verified":%s}`,
		"zoom":        `{"id":"s","email":"a@b.test","verified":%s}`,
	}
	values := map[string]bool{
		`true`: true, `"true"`: true,
		`false`: false, `"false"`: false, `0`: false, `1`: false, `null`: false, `"TRUE"`: false, `"true "`: false, `"1"`: false,
		`"yes"`: false, `""`: false, `[true]`: false, `{"true":true}`: false, `2`: false,
	}
	providers := byID(t)
	for id, place := range places {
		for value, want := range values {
			if id == "zoom" && value == "1" {
				want = true // how Zoom writes it
			}
			t.Run(id+" "+value, func(t *testing.T) {
				if got := read(t, providers[id], fmt.Sprintf(place, value)).EmailVerified; got != want {
					t.Errorf("got %v, want %v", got, want)
				}
			})
		}
	}
}

// TestEmailNeverVerified: services that do not say so in a place of their own
// have no verified addresses, whatever else is in the answer.
func TestEmailNeverVerified(t *testing.T) {
	answers := map[string]string{
		"atlassian":  `{"account_id":"s","email":"a@b.test","email_verified":true,"verified":true}`,
		"cloudflare": `{"success":true,"result":{"id":"s","email":"a@b.test","email_verified":true,"verified":true}}`,
		"facebook":   `{"sub":"s","email":"a@b.test","email_verified":true}`,
		"figma":      `{"id":"s","email":"a@b.test","email_verified":true}`,
		"github":     `{"id":1,"email":"a@b.test","email_verified":true,"verified":true}`,
		"kakao":      `{"id":1,"kakao_account":{"email":"a@b.test","is_email_valid":false,"is_email_verified":true}}`,
		"kick":       `{"data":[{"user_id":1,"email":"a@b.test","email_verified":true}]}`,
		"line":       `{"sub":"s","email":"a@b.test","email_verified":true}`,
		"linear":     `{"data":{"viewer":{"id":"s","email":"a@b.test","email_verified":true}}}`,
		"microsoft":  `{"oid":"s","email":"a@b.test","verified_primary_email":"a@b.test","verified_secondary_email":["xa@b.test"]}`,
		"naver":      `{"resultcode":"00","response":{"id":"s","email":"a@b.test","email_verified":true}}`,
		"notion":     `{"bot":{"owner":{"user":{"id":"s","person":{"email":"a@b.test","email_verified":true}}}}}`,
		"railway":    `{"sub":"s","email":"a@b.test","email_verified":true}`,
		"reddit":     `{"id":"s","email":"a@b.test","email_verified":true,"has_verified_email":true}`,
		"roblox":     `{"sub":"s","email":"a@b.test","email_verified":true}`,
		"spotify":    `{"id":"s","email":"a@b.test","email_verified":true}`,
		"tiktok":     `{"data":{"user":{"open_id":"s","email":"a@b.test","email_verified":true}}}`,
		"twitter":    `{"data":{"id":"1","email":"a@b.test","verified":true,"email_verified":true}}`,
		"vk":         `{"user":{"user_id":"1","email":"a@b.test","verified":true,"email_verified":true}}`,
		"wechat":     `{"openid":"s","email":"a@b.test","email_verified":true}`,
	}
	providers := byID(t)
	for id, answer := range answers {
		if got := read(t, providers[id], answer); got.EmailVerified || got.Subject == "" {
			t.Errorf("%s: got subject %q, verified %v, want a subject and false", id, got.Subject, got.EmailVerified)
		}
	}
}

func read(t *testing.T, p oauth.Provider, answer string) oauth.Profile {
	t.Helper()
	claims, err := oauth.ParseClaims([]byte(answer))
	if err != nil {
		t.Fatal(err)
	}
	profile, err := p.Profile(claims)
	if err != nil {
		t.Fatal(err)
	}
	return profile
}

// TestIDTokenSignIn: the services whose id tokens clients may bring, and those
// that must refuse (upstream: those with an idToken rule).
func TestIDTokenSignIn(t *testing.T) {
	accept := map[string]bool{"apple": true, "cognito": true, "facebook": true, "google": true, "line": true, "microsoft": true}
	for id, p := range byID(t) {
		if got := p.AcceptsIDTokens(); got != accept[id] {
			t.Errorf("%s: accepts id tokens: got %v, want %v", id, got, accept[id])
		}
		p.DisableIDTokenSignIn = true
		_, client := newService(t)
		_, err := client.IDTokenUser(t.Context(), p, oauth.IDTokenRequest{Token: "a.b.c"})
		wantCode(t, id+" disabled", err, oauth.CodeIDTokenNotSupported)
	}
}

func wantCode(t *testing.T, name string, err error, want oauth.Code) {
	t.Helper()
	var got oauth.Code
	if e, ok := errors.AsType[*oauth.Error](err); ok {
		got = e.Code
	}
	if got != want {
		t.Errorf("%s: got code %q (%v), want %q", name, got, err, want)
	}
}

// signInWith brings an id token with the claims to a provider.
func signInWith(t *testing.T, p oauth.Provider, claims map[string]any, r oauth.IDTokenRequest) (oauth.Profile, error) {
	t.Helper()
	s, client := newService(t)
	token, keys := signed(t, mustJSON(t, claims))
	s.answers = map[string]any{p.IDToken.JWKSURL: keys}
	r.Token = token
	return client.IDTokenUser(t.Context(), p, r)
}

func mustJSON(t *testing.T, v any) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// with returns claims of a valid token, changed.
func with(changes map[string]any) map[string]any {
	claims := map[string]any{
		"iss": "https://accounts.google.com", "sub": "sub-1", "oid": "oid-1", "aud": "client-1",
		"exp": recordedNow + 600, "iat": recordedNow, "email": "a@b.test", "email_verified": true,
	}
	maps.Copy(claims, changes)
	return claims
}

func TestGoogleHostedDomain(t *testing.T) {
	for _, c := range []struct {
		name, option string
		hd           any
		want         bool
	}{
		{"no restriction, personal account", "", nil, true},
		{"the domain", "corp.test", "corp.test", true},
		{"another domain", "corp.test", "evil.test", false},
		{"a personal account", "corp.test", nil, false},
		{"a domain that only ends alike", "corp.test", "xcorp.test", false},
		{"a list instead of a domain", "corp.test", []string{"corp.test"}, false},
		{"any workspace", "*", "evil.test", true},
		{"any workspace, personal account", "*", nil, false},
		{"any workspace, empty domain", "*", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			claims := with(nil)
			if c.hd != nil {
				claims["hd"] = c.hd
			}
			_, err := signInWith(t, social.Google(social.GoogleOptions{Options: clientOptions, HostedDomain: c.option}), claims, oauth.IDTokenRequest{})
			if got := err == nil; got != c.want {
				t.Errorf("signed in: got %v (%v), want %v", got, err, c.want)
			}
		})
	}
}

func TestMicrosoftTenants(t *testing.T) {
	const (
		consumers = "9188040d-6c67-4c5b-b112-36a304b66dad"
		ours      = "11111111-2222-3333-4444-555555555555"
		other     = "99999999-2222-3333-4444-555555555555"
		host      = "https://login.microsoftonline.com"
	)
	issuer := func(tid string) string { return host + "/" + tid + "/v2.0" }
	for _, c := range []struct {
		name, tenant, authority string
		tid, iss                string
		want                    bool
	}{
		{"common takes a tenant", "", "", other, issuer(other), true},
		{"common takes a personal account", "common", "", consumers, issuer(consumers), true},
		{"organizations takes a tenant", "organizations", "", other, issuer(other), true},
		{"organizations refuses a personal account", "organizations", "", consumers, issuer(consumers), false},
		{"consumers takes a personal account", "consumers", "", consumers, issuer(consumers), true},
		{"consumers refuses a tenant", "consumers", "", other, issuer(other), false},
		{"a tenant takes its users", ours, "", ours, issuer(ours), true},
		{"a tenant refuses others", ours, "", other, issuer(other), false},
		{"tid and iss differ", ours, "", ours, issuer(other), false},
		{"tid is no id", "common", "", "../x", issuer("../x"), false},
		{"tid is missing", "common", "", "", host + "//v2.0", false},
		{"a version 1 issuer", "common", "", other, "https://sts.windows.net/" + other + "/", false},
		{"a tenant by name cannot be checked for a client", "corp.test", "", ours, issuer(ours), false},
		{"another authority", "common", "https://corp.ciamlogin.com/", ours, issuer(ours), false},
		{"an external tenant by its id", "common", "https://corp.ciamlogin.com/", ours, "https://" + ours + ".ciamlogin.com/" + ours + "/v2.0", true},
		{"an authority that only ends alike", "common", "https://evilciamlogin.com", ours, "https://" + ours + ".ciamlogin.com/" + ours + "/v2.0", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := social.Microsoft(social.MicrosoftOptions{Options: clientOptions, TenantID: c.tenant, Authority: c.authority})
			_, err := signInWith(t, p, with(map[string]any{"iss": c.iss, "tid": c.tid}), oauth.IDTokenRequest{})
			if got := err == nil; got != c.want {
				t.Errorf("signed in: got %v (%v), want %v", got, err, c.want)
			}
		})
	}
}

func TestMicrosoftTenantByName(t *testing.T) {
	p := social.Microsoft(social.MicrosoftOptions{Options: clientOptions, TenantID: "corp.test", DisableProfilePhoto: true})
	const tid = "11111111-2222-3333-4444-555555555555"
	s, client := newService(t)
	token, keys := signed(t, mustJSON(t, with(map[string]any{"iss": "https://login.microsoftonline.com/" + tid + "/v2.0", "tid": tid})))
	s.answers = map[string]any{p.IDToken.JWKSURL: keys}
	profile, err := client.User(t.Context(), p, oauth.Tokens{AccessToken: "at", IDToken: token}, oauth.UserRequest{})
	if err != nil || profile.Subject != "oid-1" {
		t.Errorf("code flow: got %q, %v, want oid-1", profile.Subject, err)
	}
}

func TestAppleAudienceAndNonce(t *testing.T) {
	sum := sha256.Sum256([]byte("raw-nonce"))
	hashed := hex.EncodeToString(sum[:])
	for _, c := range []struct {
		name    string
		options social.AppleOptions
		aud     string
		nonce   any
		want    bool
	}{
		{"the services id", social.AppleOptions{}, "client-1", nil, true},
		{"the bundle id is not known", social.AppleOptions{}, "com.app", nil, false},
		{"the bundle id", social.AppleOptions{AppBundleIdentifier: "com.app"}, "com.app", nil, true},
		{"not the services id beside it", social.AppleOptions{AppBundleIdentifier: "com.app"}, "client-1", nil, false},
		{"one of several", social.AppleOptions{Audience: []string{"com.a", "com.b"}}, "com.b", nil, true},
		{"the nonce", social.AppleOptions{}, "client-1", "raw-nonce", true},
		{"the nonce as SHA-256", social.AppleOptions{}, "client-1", hashed, true},
		{"the SHA-256 in upper case", social.AppleOptions{}, "client-1", strings.ToUpper(hashed), false},
		{"another nonce", social.AppleOptions{}, "client-1", "other", false},
		{"a nonce that is no text", social.AppleOptions{}, "client-1", 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.options.Options = clientOptions
			changes := map[string]any{"iss": "https://appleid.apple.com", "aud": c.aud}
			request := oauth.IDTokenRequest{}
			if c.nonce != nil {
				changes["nonce"], request.Nonce = c.nonce, "raw-nonce"
			}
			_, err := signInWith(t, social.Apple(c.options), with(changes), request)
			if got := err == nil; got != c.want {
				t.Errorf("signed in: got %v (%v), want %v", got, err, c.want)
			}
		})
	}
}

func TestAppleSignsItsSecret(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	p8 := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	p := social.Apple(social.AppleOptions{Options: social.Options{ClientID: "client-1"}, TeamID: "TEAM", KeyID: "KEY", PrivateKey: p8})
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	s, client := newService(t)
	s.answers = map[string]any{p.TokenURL: json.RawMessage(`{"access_token":"at"}`)}
	if _, err := client.Exchange(t.Context(), p, oauth.ExchangeRequest{Code: "c", Verifier: "v", RedirectURI: "https://app.test/cb"}); err != nil {
		t.Fatal(err)
	}
	form, err := url.ParseQuery(s.requests()[0].Body)
	if err != nil {
		t.Fatal(err)
	}
	claims, err := oauth.PeekClaims(form.Get("client_secret"))
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`{"aud":"https://appleid.apple.com","exp":%d,"iat":%d,"iss":"TEAM","sub":"client-1"}`, recordedNow+300, recordedNow)
	if got := string(claims.JSON()); got != want {
		t.Errorf("claims of the secret: got %s, want %s", got, want)
	}
}

func TestLineAsksLine(t *testing.T) {
	p := social.Line(social.LineOptions{Options: clientOptions})
	claims := map[string]any{"iss": "https://access.line.me", "sub": "sub-1", "aud": "client-1", "email": "a@b.test"}
	for _, c := range []struct {
		name, answer, nonce string
		want                bool
	}{
		{"it agrees", `{"aud":"client-1","sub":"sub-1"}`, "", true},
		{"with the nonce", `{"aud":"client-1","sub":"sub-1","nonce":"n"}`, "n", true},
		{"with another nonce", `{"aud":"client-1","sub":"sub-1","nonce":"n"}`, "m", false},
		{"with a nonce that the client does not know", `{"aud":"client-1","sub":"sub-1","nonce":"n"}`, "", false},
		{"for another application", `{"aud":"client-2","sub":"sub-1"}`, "", false},
		{"about another user", `{"aud":"client-1","sub":"sub-2"}`, "", false},
		{"about nobody", `{"aud":"client-1"}`, "", false},
		{"not JSON", `yes`, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, client := newService(t)
			token, _ := signed(t, mustJSON(t, claims))
			s.answers = map[string]any{p.ExtraURL: c.answer}
			profile, err := client.IDTokenUser(t.Context(), p, oauth.IDTokenRequest{Token: token, Nonce: c.nonce})
			if got := err == nil && profile.Subject == "sub-1"; got != c.want {
				t.Errorf("signed in: got %v (%v), want %v", got, err, c.want)
			}
			form, _ := url.ParseQuery(s.requests()[0].Body)
			if form.Get("id_token") != token || form.Get("client_id") != "client-1" || form.Get("nonce") != c.nonce {
				t.Errorf("LINE was asked %v", form)
			}
		})
	}
}

func TestFacebookTakesAccessTokens(t *testing.T) {
	p := social.Facebook(social.FacebookOptions{Options: clientOptions})
	me := json.RawMessage(`{"id":"fb-1","name":"Ann","email":"a@b.test"}`)
	for _, c := range []struct {
		name, debug, token string
		code               oauth.Code
	}{
		{"of this application", `{"data":{"is_valid":true,"app_id":"client-1","user_id":"fb-1"}}`, "at", ""},
		{"of another application", `{"data":{"is_valid":true,"app_id":"client-2","user_id":"fb-1"}}`, "at", oauth.CodeNoUserInfo},
		{"of another user", `{"data":{"is_valid":true,"app_id":"client-1","user_id":"fb-2"}}`, "at", oauth.CodeNoUserInfo},
		{"that is not valid", `{"data":{"is_valid":false,"app_id":"client-1","user_id":"fb-1"}}`, "at", oauth.CodeNoUserInfo},
		{"that is valid as text", `{"data":{"is_valid":"true","app_id":"client-1","user_id":"fb-1"}}`, "at", oauth.CodeNoUserInfo},
		{"that nobody vouches for", `{}`, "at", oauth.CodeNoUserInfo},
		{"missing", `{}`, "", oauth.CodeNoUserInfo},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, client := newService(t)
			s.answers = map[string]any{"https://graph.facebook.com/me": me, p.ExtraURL: c.debug}
			profile, err := client.IDTokenUser(t.Context(), p, oauth.IDTokenRequest{Token: "opaque", AccessToken: c.token})
			wantCode(t, c.name, err, c.code)
			if got, want := profile.Subject == "fb-1", c.code == ""; got != want {
				t.Errorf("signed in: got %v, want %v", got, want)
			}
		})
	}
}

func TestFacebookLimitedLogin(t *testing.T) {
	p := social.Facebook(social.FacebookOptions{Options: clientOptions})
	claims := with(map[string]any{"iss": "https://www.facebook.com", "sub": "fb-1", "picture": "https://img.test/a.png"})
	profile, err := signInWith(t, p, claims, oauth.IDTokenRequest{})
	want := oauth.Profile{Subject: "fb-1", Email: "a@b.test", Image: "https://img.test/a.png", Data: mustJSON(t, claims)}
	if diff := gocmp.Diff(want, profile); err != nil || diff != "" {
		t.Errorf("user (%v) (-want +got):\n%s", err, diff)
	}
}

func TestMapProfileToUser(t *testing.T) {
	o := clientOptions
	o.MapProfileToUser = func(_ context.Context, p oauth.Profile) (oauth.Profile, error) {
		p.Subject, p.Name, p.Fields = "somebody else", "Mapped", map[string]any{"team": "x"}
		return p, nil
	}
	profile, err := signInWith(t, social.Google(social.GoogleOptions{Options: o}), with(nil), oauth.IDTokenRequest{})
	if err != nil || profile.Subject != "sub-1" || profile.Name != "Mapped" || profile.Fields["team"] != "x" {
		t.Errorf("got %+v, %v, want the mapped user with the service's subject", profile, err)
	}
}

// TestOptionsThatCannotWork: they are reported, all at once, and without secrets.
func TestOptionsThatCannotWork(t *testing.T) {
	for _, c := range []struct {
		name string
		p    oauth.Provider
		want string
	}{
		{"no client id", social.GitHub(social.GitHubOptions{}), "the client id is missing"},
		{"no secret", social.Google(social.GoogleOptions{Options: social.Options{ClientID: "x"}}), "the client secret is missing"},
		{"no user pool", social.Cognito(social.CognitoOptions{Options: clientOptions}), "domain, region and userPoolId are required"},
		{"an unknown environment", social.PayPal(social.PayPalOptions{Options: clientOptions, Environment: "prod"}), "environment must be"},
		{"an unknown environment of Salesforce", social.Salesforce(social.SalesforceOptions{Options: clientOptions, Environment: "live"}), "environment must be"},
		{"a relative URL", social.Zoom(social.ZoomOptions{Options: social.Options{ClientID: "x", ClientSecret: "y", TokenEndpoint: "/token"}}), "the token URL: not a plain absolute http or https URL"},
		{"a URL with a password", social.Zoom(social.ZoomOptions{Options: social.Options{ClientID: "x", ClientSecret: "y", TokenEndpoint: "https://u:hunter2@h/"}}), "the token URL: not a plain absolute http or https URL"},
		{"a fragment", social.Zoom(social.ZoomOptions{Options: social.Options{ClientID: "x", AuthorizationEndpoint: "https://h/a#b"}}), "the authorization URL: the endpoint has a fragment"},
		{"a redirect to a path", social.Zoom(social.ZoomOptions{Options: social.Options{ClientID: "x", RedirectURI: "/cb"}}), "the redirect URI: not an absolute URL without a fragment"},
		{"a redirect with a fragment", social.Zoom(social.ZoomOptions{Options: social.Options{ClientID: "x", RedirectURI: "https://h/cb#"}}), "the redirect URI: not an absolute URL without a fragment"},
		{"a secret and a key", social.Microsoft(social.MicrosoftOptions{Options: clientOptions, ClientAssertion: oauth.PrivateKey{PEM: "hunter2"}}), "the private key is no PEM"},
		{"a secret and no authentication", social.Vercel(social.VercelOptions{Options: clientOptions, TokenEndpointAuth: social.TokenAuth{Method: "none"}}), "excludes a client secret"},
		{"basic without a secret", social.Vercel(social.VercelOptions{Options: social.Options{ClientID: "x"}, TokenEndpointAuth: social.TokenAuth{Method: "client_secret_basic"}}), "needs a client secret"},
		{"an unknown method", social.Vercel(social.VercelOptions{Options: clientOptions, TokenEndpointAuth: social.TokenAuth{Method: "hope"}}), "unknown client authentication"},
		{"Apple without a team", social.Apple(social.AppleOptions{Options: social.Options{ClientID: "x"}, PrivateKey: "hunter2"}), "the team id or the key id is missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.p.Validate()
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestEveryURLCanBeSet(t *testing.T) {
	o := social.Options{
		ClientID: "x", ClientSecret: "y",
		AuthorizationEndpoint: "https://fake.test/a", TokenEndpoint: "https://fake.test/t", UserInfoEndpoint: "https://fake.test/u",
		JWKSEndpoint: "https://fake.test/k", IDTokenIssuer: "https://fake.test",
	}
	github := social.GitHub(social.GitHubOptions{Options: o})
	if got, want := github.ExtraURL, "https://fake.test/u/emails"; got != want {
		t.Errorf("GitHub's addresses: got %s, want %s", got, want)
	}
	for _, p := range []oauth.Provider{
		github, social.Google(social.GoogleOptions{Options: o}), social.Apple(social.AppleOptions{Options: o}),
		social.Microsoft(social.MicrosoftOptions{Options: o}), social.WeChat(social.WeChatOptions{Options: o}),
	} {
		if p.AuthURL != o.AuthorizationEndpoint || p.TokenURL != o.TokenEndpoint || p.UserInfoURL != o.UserInfoEndpoint {
			t.Errorf("%s: got %s %s %s", p.ID, p.AuthURL, p.TokenURL, p.UserInfoURL)
		}
		if p.IDToken.JWKSURL != "" && (p.IDToken.JWKSURL != o.JWKSEndpoint || p.IDToken.Issuers[0] != o.IDTokenIssuer) {
			t.Errorf("%s: got id token rules for %s", p.ID, p.IDToken.JWKSURL)
		}
		if p.ID == "github" && p.AcceptsIDTokens() {
			t.Error("github accepts id tokens because a key set was given")
		}
	}
}

// TestWhatIsAskedStays: an API at another place is asked the same, unless its URL
// says what.
func TestWhatIsAskedStays(t *testing.T) {
	for _, c := range []struct{ name, to, want string }{
		{"a place", "https://fake.test/me", "https://fake.test/me?fields=id,name,email,picture"},
		{"a place with a question", "https://fake.test/me?fields=id", "https://fake.test/me?fields=id"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := clientOptions
			o.UserInfoEndpoint = c.to
			if got := social.Facebook(social.FacebookOptions{Options: o}).UserInfoURL; got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
