package lockstep_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/secure"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/memory"
)

// TestAccountSelection: exactly one way to name an account, and only one's own.
func TestAccountSelection(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t)
	b, eve := s.Browser, s.signedUp(t, "eve@example.com")
	wantLocation(t, s.signIn(t, b, adaAtIDP(), nil), "/in")
	id := s.rows(t, identity.AccountTable, "providerId", "fake")[0]["id"].(string)
	password := s.rows(t, identity.AccountTable, "providerId", "credential")[0]["id"].(string)
	const invalid = `{"message":"[body] Invalid input","code":"VALIDATION_ERROR"}`
	for _, tc := range []struct {
		name string
		body string
		want string
	}{
		{"nothing", `{}`, invalid},
		{"a list", `[]`, invalid},
		{"null", `null`, invalid},
		{"an id that is a number", `{"accountId":5}`, invalid},
		{"two ways", `{"accountId":"x","useAccountCookie":true}`, invalid},
		{"no cookie", `{"useAccountCookie":false}`, invalid},
		{"a text for true", `{"useAccountCookie":"true"}`, invalid},
		{"a user that is null", `{"accountId":"x","userId":null}`, invalid},
		{"one more member", `{"accountId":"x","foo":1}`, `{"message":"[body] Unrecognized key: \"foo\"","code":"VALIDATION_ERROR"}`},
		{"more members", `{"useAccountCookie":true,"b":1,"a":1}`, `{"message":"[body] Unrecognized keys: \"a\", \"b\"","code":"VALIDATION_ERROR"}`},
		{"an unknown id", `{"accountId":"x"}`, `{"message":"Account not found","code":"ACCOUNT_NOT_FOUND"}`},
		{"an empty id", `{"accountId":""}`, `{"message":"Account not found","code":"ACCOUNT_NOT_FOUND"}`},
		{"a cookie where there are none", `{"useAccountCookie":true}`, `{"message":"Account not found","code":"ACCOUNT_NOT_FOUND"}`},
		{"somebody else's", `{"accountId":"` + password + `"}`, `{"message":"Account not found","code":"ACCOUNT_NOT_FOUND"}`},
	} {
		for _, path := range []string{"/get-access-token", "/refresh-token"} {
			if got := b.PostRaw(path, tc.body); got.Status != 400 || got.Body != tc.want {
				t.Errorf("%s, %s: %d %s", path, tc.name, got.Status, got.Body)
			}
		}
	}
	for query, answer := range map[string]string{
		"":                          `{"message":"[query] Invalid input","code":"VALIDATION_ERROR"}`,
		"?useAccountCookie=true":    `{"message":"[query] Invalid input","code":"VALIDATION_ERROR"}`,
		"?accountId=a&accountId=b":  `{"message":"[query] Invalid input","code":"VALIDATION_ERROR"}`,
		"?accountId=" + id + "&x=1": `{"message":"[query] Unrecognized key: \"x\"","code":"VALIDATION_ERROR"}`,
		"?accountId=" + password:    `{"message":"Account not found","code":"ACCOUNT_NOT_FOUND"}`,
	} {
		if got := b.Get("/account-info" + query); got.Status != 400 || got.Body != answer {
			t.Errorf("account-info%s: %d %s", query, got.Status, got.Body)
		}
	}
	for path, answer := range map[string]string{
		"/get-access-token": `{"message":"Provider credential is not supported.","code":"PROVIDER_NOT_SUPPORTED"}`,
		"/refresh-token":    `{"message":"Provider credential is not supported.","code":"PROVIDER_NOT_SUPPORTED"}`,
	} {
		if got := eve.Post(path, m{"accountId": password}); got.Status != 400 || got.Body != answer {
			t.Errorf("%s of a password: %d %s", path, got.Status, got.Body)
		}
		if got := eve.Post(path, m{"accountId": id, "userId": "x"}); got.Code() != "ACCOUNT_NOT_FOUND" {
			t.Errorf("%s of another user: %d %s", path, got.Status, got.Body)
		}
		if got := s.NewBrowser(t).Post(path, m{"accountId": id, "userId": "x"}); got.Status != 401 || got.Body != "" {
			t.Errorf("%s without a session: %d %s", path, got.Status, got.Body)
		}
	}
	got := eve.Get("/account-info?accountId=" + password)
	if got.Body != `{"message":"Account is not associated with a configured social provider.","code":"PROVIDER_NOT_CONFIGURED"}` {
		t.Errorf("account-info of a password: %d %s", got.Status, got.Body)
	}
}

func TestGetAccessToken(t *testing.T) {
	t.Parallel()
	for _, encrypted := range []bool{false, true} {
		t.Run(fmt.Sprintf("encrypted=%v", encrypted), func(t *testing.T) {
			t.Parallel()
			s := newSocialServer(t, func(c *lockstep.Config) { c.Account.EncryptOAuthTokens = encrypted })
			b := s.Browser
			wantLocation(t, s.signIn(t, b, adaAtIDP(), nil), "/in")
			row := s.rows(t, identity.AccountTable)[0]
			id := m{"accountId": row["id"]}
			if stored := row["accessToken"].(string); strings.HasPrefix(stored, "access-") == encrypted {
				t.Errorf("stored as %s", stored)
			}
			var out struct {
				AccessToken, IDToken, RefreshToken, ProviderID, AccountID, Scope string
				AccessTokenExpiresAt                                             time.Time
				Scopes                                                           []string
			}
			got := b.Post("/get-access-token", id)
			got.JSON(t, &out)
			first := out.AccessToken
			if got.Status != 200 || !strings.HasPrefix(got.Body, `{"accessToken":"access-`) || out.IDToken != row["idToken"] ||
				strings.Join(out.Scopes, " ") != "openid email" || out.AccessTokenExpiresAt != s.Clock.Now().Add(time.Hour) {
				t.Errorf("got %d %s", got.Status, got.Body)
			}
			s.Clock.Advance(time.Hour - 6*time.Second)
			b.Post("/get-access-token", id).JSON(t, &out)
			if _, refreshes := s.idp.counts(); out.AccessToken != first || refreshes != 0 {
				t.Errorf("renewed %d times, six seconds too early", refreshes)
			}
			s.Clock.Advance(2 * time.Second)
			b.Post("/get-access-token", id).JSON(t, &out)
			if out.AccessToken == first || out.AccessTokenExpiresAt != s.Clock.Now().Add(time.Hour) {
				t.Errorf("not renewed: %+v", out)
			}
			got = b.Post("/refresh-token", id)
			got.JSON(t, &out)
			if got.Status != 200 || !strings.HasPrefix(out.RefreshToken, "refresh-") || out.ProviderID != "fake" || out.AccountID != row["id"] ||
				out.Scope != "openid,email" || !strings.Contains(got.Body, `"refreshTokenExpiresAt":null,"scope":`) {
				t.Errorf("refresh: %d %s", got.Status, got.Body)
			}
			s.idp.set(func(i *idp) { i.down = true })
			got = b.Post("/refresh-token", id)
			if got.Status != 400 || got.Body != `{"message":"Failed to refresh access token","code":"FAILED_TO_REFRESH_ACCESS_TOKEN"}` {
				t.Errorf("refresh while the service is down: %d %s", got.Status, got.Body)
			}
			s.Clock.Advance(2 * time.Hour)
			got = b.Post("/get-access-token", id)
			if got.Status != 400 || got.Body != `{"message":"Failed to get a valid access token","code":"FAILED_TO_GET_ACCESS_TOKEN"}` {
				t.Errorf("while the service is down: %d %s", got.Status, got.Body)
			}
		})
	}
}

// TestRefreshWithoutALifetime: the end of the old token is not that of the new one.
func TestRefreshWithoutALifetime(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t)
	wantLocation(t, s.signIn(t, s.Browser, adaAtIDP(), nil), "/in")
	id := m{"accountId": s.rows(t, identity.AccountTable)[0]["id"]}
	s.Clock.Advance(time.Minute)
	if got := s.Browser.Post("/refresh-token", id); !strings.Contains(got.Body, `"accessTokenExpiresAt":"20`) {
		t.Errorf("the service said when: %d %s", got.Status, got.Body)
	}
	s.idp.set(func(i *idp) { i.lifetime = 0 })
	if got := s.Browser.Post("/refresh-token", id); got.Status != 200 || strings.Contains(got.Body, "accessTokenExpiresAt") {
		t.Errorf("the service did not say: %d %s", got.Status, got.Body)
	}
}

// TestRenewalIsSingleFlight: many requests at once for a token that has expired
// use the refresh token once, and all get the new one.
func TestRenewalIsSingleFlight(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t)
	b := s.Browser
	wantLocation(t, s.signIn(t, b, adaAtIDP(), nil), "/in")
	row := s.rows(t, identity.AccountTable)[0]
	s.Clock.Advance(time.Hour)
	hold := make(chan struct{})
	s.idp.set(func(i *idp) { i.hold = hold })
	var wg sync.WaitGroup
	cookies := b.CookieHeader()
	for range 20 {
		wg.Go(func() {
			if status := postAs(s, cookies, "/get-access-token", m{"accountId": row["id"]}); status != 200 {
				t.Errorf("status %d", status)
			}
		})
	}
	close(hold)
	wg.Wait()
	if _, refreshes := s.idp.counts(); refreshes != 1 {
		t.Errorf("%d refreshes", refreshes)
	}
	if after := s.rows(t, identity.AccountTable)[0]; after["accessToken"] == row["accessToken"] || after["refreshToken"] == row["refreshToken"] {
		t.Errorf("stored: %v", after)
	}
}

// A heldStore holds the answer to one read of accounts back.
type heldStore struct {
	*memory.Store
	armed         atomic.Bool
	read, release chan struct{}
}

func (s *heldStore) Read(ctx context.Context, q ...store.Query) ([]store.Result, error) {
	res, err := s.Store.Read(ctx, q...)
	if q[0].Table == identity.AccountTable && s.armed.CompareAndSwap(true, false) {
		close(s.read)
		<-s.release
	}
	return res, err
}

// TestRenewalAfterRenewal: who has read an account before another request renewed
// its tokens does not use the refresh token a second time.
func TestRenewalAfterRenewal(t *testing.T) {
	t.Parallel()
	db := &heldStore{Store: memory.New(), read: make(chan struct{}), release: make(chan struct{})}
	s := newSocialServer(t, func(c *lockstep.Config) { c.Store = db })
	b := s.Browser
	wantLocation(t, s.signIn(t, b, adaAtIDP(), nil), "/in")
	id := m{"accountId": s.rows(t, identity.AccountTable)[0]["id"]}
	s.Clock.Advance(time.Hour)
	cookies, done := b.CookieHeader(), make(chan int)
	db.armed.Store(true)
	go func() { done <- postAs(s, cookies, "/get-access-token", id) }()
	<-db.read
	want(t, b.Post("/get-access-token", id), 200, "")
	close(db.release)
	if status := <-done; status != 200 {
		t.Errorf("status %d", status)
	}
	if _, refreshes := s.idp.counts(); refreshes != 1 {
		t.Errorf("%d refreshes", refreshes)
	}
}

// TestRenewalElsewhere: tokens that another server has stored in the meantime are
// used, before the service is asked and after.
func TestRenewalElsewhere(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t)
	b := s.Browser
	wantLocation(t, s.signIn(t, b, adaAtIDP(), nil), "/in")
	id := s.rows(t, identity.AccountTable)[0]["id"].(string)
	s.Clock.Advance(time.Hour)
	hold, done := make(chan struct{}), make(chan string)
	s.idp.set(func(i *idp) { i.hold = hold })
	go func() {
		done <- b.Post("/get-access-token", m{"accountId": id}).Body
	}()
	for s.idp.waiting.Load() == 0 {
		runtime.Gosched()
	}
	elsewhere := store.Record{"accessToken": "theirs", "refreshToken": "theirs-too", "accessTokenExpiresAt": s.Clock.Now().Add(time.Hour)}
	s.setAccount(t, id, elsewhere)
	close(hold)
	if got := <-done; !strings.HasPrefix(got, `{"accessToken":"theirs",`) {
		t.Errorf("got %s", got)
	}
	if row := s.rows(t, identity.AccountTable)[0]; row["refreshToken"] != "theirs-too" {
		t.Errorf("stored %v", row["refreshToken"])
	}
}

func TestTokensThatAreMissing(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t, func(c *lockstep.Config) { c.Social[1].NoRefresh = true })
	b := s.Browser
	wantLocation(t, s.signIn(t, b, adaAtIDP(), nil), "/in")
	wantLocation(t, s.link(t, b, person{sub: "2", email: "ada@example.com", verified: true}, m{"provider": "other"}), "/linked")
	other := s.rows(t, identity.AccountTable, "providerId", "other")[0]["id"]
	got := b.Post("/refresh-token", m{"accountId": other})
	if got.Body != `{"message":"Provider other does not support token refreshing.","code":"TOKEN_REFRESH_NOT_SUPPORTED"}` {
		t.Errorf("got %d %s", got.Status, got.Body)
	}
	id := s.rows(t, identity.AccountTable, "providerId", "fake")[0]["id"].(string)
	s.setAccount(t, id, store.Record{"refreshToken": nil, "accessToken": nil})
	want(t, b.Post("/refresh-token", m{"accountId": id}), 400, "REFRESH_TOKEN_NOT_FOUND")
	want(t, b.Get("/account-info?accountId="+id), 400, "ACCESS_TOKEN_NOT_FOUND")
	if got := b.Post("/get-access-token", m{"accountId": id}); !strings.HasPrefix(got.Body, `{"accessToken":"","accessTokenExpiresAt":`) {
		t.Errorf("got %d %s", got.Status, got.Body)
	}
	s.setAccount(t, id, store.Record{"accessToken": "revoked"})
	want(t, b.Get("/account-info?accountId="+id), 401, "FAILED_TO_GET_USER_INFO")
}

func (s *socialServer) setAccount(t testing.TB, id string, set store.Record) {
	t.Helper()
	_, err := s.db.Apply(t.Context(), store.Batch{Ops: []store.Op{{
		Verb: store.Update, Table: identity.AccountTable, Where: store.Is("id", id), Expect: store.One, Set: set,
	}}})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAccountInfo(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t)
	for provider, data := range map[string]string{
		"fake": `{"email":"Ada@example.com","email_verified":true,"name":"Ada","nickname":"nick of Ada","picture":"https://img.example/Ada","sub":"ada-1"}`,
		"oidc": `{"aud":"client","email":"Ada@example.com","email_verified":true,`,
	} {
		b := s.NewBrowser(t)
		wantLocation(t, s.signIn(t, b, adaAtIDP(), m{"provider": provider}), "/in")
		id := s.rows(t, identity.AccountTable, "providerId", provider)[0]["id"].(string)
		s.Clock.Advance(30 * time.Minute) // the id token has expired
		got := b.Get("/account-info?accountId=" + id)
		user := `{"user":{"name":"Ada","email":"Ada@example.com","image":"https://img.example/Ada","emailVerified":true`
		if provider == "fake" {
			user += `,"nickname":"nick of Ada"`
		}
		if !strings.HasPrefix(got.Body, user+`},"data":`+data) ||
			!strings.HasSuffix(got.Body, `,"account":{"id":"`+id+`","providerId":"`+provider+`","accountId":"ada-1"}}`) {
			t.Errorf("%s: %d %s", provider, got.Status, got.Body)
		}
	}
}

// TestFromGo: the program may name a user, clients may not.
func TestFromGo(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t)
	wantLocation(t, s.signIn(t, s.Browser, adaAtIDP(), nil), "/in")
	row := s.rows(t, identity.AccountTable)[0]
	id, user := row["id"].(string), row["userId"].(string)
	tokens, err := s.API().GetAccessToken(t.Context(), nil, lockstep.AccountSelection{AccountID: id, UserID: user})
	if err != nil || tokens.AccessToken != row["accessToken"] || len(tokens.Scopes) != 2 || tokens.AccessTokenExpiresAt.IsZero() {
		t.Errorf("got %+v, %v", tokens, err)
	}
	if _, err := s.API().GetAccessToken(t.Context(), nil, lockstep.AccountSelection{AccountID: id}); err == nil || !strings.Contains(err.Error(), "USER_ID_OR_SESSION_REQUIRED") {
		t.Errorf("without a user: %v", err)
	}
	header := map[string][]string{"Cookie": {s.Browser.CookieHeader()}}
	if _, err := s.API().RefreshToken(t.Context(), header, lockstep.AccountSelection{AccountID: id, UserID: "ignored"}); err != nil {
		t.Error(err)
	}
	if res, err := s.API().AccountInfo(t.Context(), header, lockstep.AccountSelection{AccountID: id}); err != nil || !strings.Contains(string(res.Body), `"user"`) {
		t.Errorf("account info: %v", err)
	}
	u, err := s.API().SignInSocial(t.Context(), lockstep.SocialStart{Provider: "fake", CallbackURL: "/in"})
	if err != nil || !strings.HasPrefix(u.URL, s.idp.URL) || !strings.Contains(u.Header.Get("Set-Cookie"), "state=") {
		t.Errorf("sign in: %+v, %v", u, err)
	}
	if u, err = s.API().LinkSocial(t.Context(), header, lockstep.SocialStart{Provider: "other"}); err != nil || !strings.HasPrefix(u.URL, s.idp.URL) {
		t.Errorf("link: %+v, %v", u, err)
	}
	if err := s.API().UnlinkAccount(t.Context(), header, id); err == nil || !strings.Contains(err.Error(), "FAILED_TO_UNLINK_LAST_ACCOUNT") {
		t.Errorf("unlink: %v", err)
	}
}

// TestStateless goes through everything without a database.
func TestStateless(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t, func(c *lockstep.Config) {
		c.Store = nil
		c.Account.EncryptOAuthTokens = true
	})
	b := s.Browser
	got := s.signIn(t, b, adaAtIDP(), nil)
	wantLocation(t, got, "/in")
	account := got.Cookie("better-auth.account_data")
	if account == nil || account.MaxAge != 604800 || !account.HttpOnly || strings.Count(account.Value, ".") != 4 {
		t.Fatalf("cookies = %v", got.Cookies)
	}
	if got := b.Get("/get-session").Body; !strings.Contains(got, "ada@example.com") {
		t.Errorf("session = %s", got)
	}
	cookie := m{"useAccountCookie": true}
	var out struct{ AccessToken string }
	b.Post("/get-access-token", cookie).JSON(t, &out)
	first := out.AccessToken
	s.Clock.Advance(time.Hour)
	got = b.Post("/get-access-token", cookie)
	got.JSON(t, &out)
	if !strings.HasPrefix(first, "access-") || out.AccessToken == first || got.Cookie("better-auth.account_data") == nil {
		t.Errorf("token %s became %s: %s", first, out.AccessToken, got.Body)
	}
	want(t, b.Post("/refresh-token", cookie), 200, "")
	// Another process knows nothing but the cookies.
	elsewhere := newSocialServer(t, func(c *lockstep.Config) {
		c.Store = nil
		c.Account.EncryptOAuthTokens = true
		c.Social[0].TokenURL = s.idp.URL + "/token"
	})
	elsewhere.Clock.Advance(2 * time.Hour)
	cookies := b.CookieHeader()
	if status := postAs(elsewhere, cookies, "/get-access-token", cookie); status != 200 {
		t.Errorf("another process: %d", status)
	}
	// The cookie of another user is none.
	eve := s.NewBrowser(t)
	wantLocation(t, s.signIn(t, eve, person{sub: "eve", email: "eve@example.com"}, nil), "/in")
	mixed := strings.ReplaceAll(eve.CookieHeader(), cookieOf(eve, "account_data"), cookieOf(b, "account_data"))
	if status := postAs(s, mixed, "/get-access-token", cookie); status != 400 {
		t.Errorf("with a foreign account cookie: %d", status)
	}
	// Linking needs the browser's own session.
	q := s.idp.allow(s.start(t, eve, "/link-social", m{"provider": "fake", "callbackURL": "/linked"}), person{sub: "e2", email: "eve@example.com", verified: true})
	if to := backAs(s, cookieOf(eve, "oauth_state")+"; "+cookies, q); !strings.HasSuffix(to, "error=unable_to_link_account") {
		t.Errorf("with another session: %s", to)
	}
	wantLocation(t, s.link(t, eve, person{sub: "e2", email: "eve@example.com", verified: true}, nil), "/linked")
	got = b.Post("/sign-out", m{})
	if c := got.Cookie("better-auth.account_data"); c == nil || c.MaxAge >= 0 {
		t.Errorf("sign-out leaves the account cookie: %v", got.Cookies)
	}
	want(t, b.Post("/get-access-token", cookie), 401, "")
}

// cookieOf is one cookie of a browser, as it is sent.
func cookieOf(b *locksteptest.Browser, key string) string {
	for pair := range strings.SplitSeq(b.CookieHeader(), "; ") {
		if strings.HasPrefix(pair, "better-auth."+key+"=") {
			return pair
		}
	}
	return ""
}

// TestAccountCookie: with a database, it is the user's or it goes.
func TestAccountCookie(t *testing.T) {
	t.Parallel()
	s := newSocialServer(t, func(c *lockstep.Config) {
		c.Account.StoreAccountCookie = true
		c.Session.CookieCache = lockstep.CookieCache{Enabled: true}
	})
	b := s.Browser
	got := s.signIn(t, b, adaAtIDP(), nil)
	if c := got.Cookie("better-auth.account_data"); c == nil || c.MaxAge != 300 {
		t.Fatalf("cookies = %v", got.Cookies)
	}
	want(t, b.Post("/get-access-token", m{"useAccountCookie": true}), 200, "")
	if got := b.Get("/get-session?disableCookieCache=true"); got.Cookie("better-auth.account_data") == nil {
		t.Error("the account cookie is not prolonged with the session cookie")
	}
	// Signing in as somebody else drops it.
	got = b.Post("/sign-up/email", m{"name": "E", "email": "eve@example.com", "password": "correct horse"})
	if c := got.Cookie("better-auth.account_data"); c == nil || c.MaxAge >= 0 {
		t.Errorf("cookies = %v", got.Cookies)
	}
	want(t, b.Post("/get-access-token", m{"useAccountCookie": true}), 400, "ACCOUNT_NOT_FOUND")
}

// TestInteropWithNode reads what better-auth 1.7.25 has written.
func TestInteropWithNode(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/social_node.json")
	if err != nil {
		t.Fatal(err)
	}
	var node map[string]string
	if err := json.Unmarshal(data, &node); err != nil {
		t.Fatal(err)
	}
	s := newSocialServer(t, func(c *lockstep.Config) {
		c.Account = lockstep.AccountOptions{StoreStateStrategy: "cookie", StoreAccountCookie: true, EncryptOAuthTokens: true}
		c.Advanced.Database.GenerateID = func(table string) string {
			if table == identity.UserTable {
				return "user-from-node"
			}
			return ""
		}
	})
	// A sign-in that was begun at the other server gets as far as the exchange.
	to := backAs(s, "better-auth.oauth_state="+node["stateCookie"], url.Values{"state": {node["state"]}, "code": {"x"}})
	if to != "/err?error=invalid_code" {
		t.Errorf("state: %s", to)
	}
	b := s.signedUp(t, "ada@example.com")
	s.addAccount(t, store.Record{
		"id": "account-from-node", "providerId": "fake", "accountId": "ada-1", "userId": "user-from-node",
		"accessToken": node["accessToken"], "refreshToken": node["refreshToken"],
	})
	b.Header.Set("Cookie", b.CookieHeader()+"; better-auth.account_data="+node["accountCookie"])
	for _, body := range []m{{"accountId": "account-from-node"}, {"useAccountCookie": true}} {
		if got := b.Post("/get-access-token", body); !strings.HasPrefix(got.Body, `{"accessToken":"access-from-node",`) {
			t.Errorf("%v: %d %s", body, got.Status, got.Body)
		}
	}
	// Tokens that were stored before they were encrypted.
	for _, plain := range []string{"plain", "0123456789abcdef0123456789abcdef01234567"} {
		s.setAccount(t, "account-from-node", store.Record{"accessToken": plain})
		if got := b.Post("/get-access-token", m{"accountId": "account-from-node"}); !strings.HasPrefix(got.Body, `{"accessToken":"`+plain+`",`) {
			t.Errorf("%s: %d %s", plain, got.Status, got.Body)
		}
	}
	s.setAccount(t, "account-from-node", store.Record{"accessToken": strings.Repeat("ab", 50)})
	want(t, b.Post("/get-access-token", m{"accountId": "account-from-node"}), 400, "FAILED_TO_GET_ACCESS_TOKEN")
	plain, err := secure.NewSecrets(locksteptest.Secret).ForPurpose("oauth-link-session-token").Decrypt(node["sessionToken"])
	if err != nil || plain != "session-token" {
		t.Errorf("session token: %q, %v", plain, err)
	}
}

func (s *socialServer) addAccount(t testing.TB, row store.Record) {
	t.Helper()
	row["createdAt"], row["updatedAt"] = s.Clock.Now(), s.Clock.Now()
	_, err := s.db.Apply(t.Context(), store.Batch{Ops: []store.Op{{Verb: store.Create, Table: identity.AccountTable, Set: row}}})
	if err != nil {
		t.Fatal(err)
	}
}
