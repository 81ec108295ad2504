package fakegithub_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/fakegithub"
)

const (
	callback = "http://localhost:3000/api/auth/callback/github"
	verifier = "a-verifier-that-is-long-enough-for-the-rfc-7636"
)

// A world is a fake GitHub with a clock.
type world struct {
	t   testing.TB
	h   http.Handler
	now time.Time
}

func open(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}
	h, err := fakegithub.New(fakegithub.Config{
		ClientID: "id", ClientSecret: "secret", RedirectURI: callback, Now: func() time.Time { return w.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	w.h = h
	return w
}

// A reply is an answer that was read.
type reply struct {
	*http.Response
	body string
}

func (w *world) send(method, target string, form url.Values, header ...string) reply {
	w.t.Helper()
	r := httptest.NewRequest(method, "http://localhost:3000"+target, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	rec := httptest.NewRecorder()
	w.h.ServeHTTP(rec, r)
	body, err := io.ReadAll(rec.Result().Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return reply{rec.Result(), string(body)}
}

func challenge() string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// query returns the query of an authorization request, with changes. An empty
// value leaves a parameter out.
func query(changes ...string) url.Values {
	q := url.Values{
		"client_id": {"id"}, "redirect_uri": {callback}, "response_type": {"code"}, "state": {"s&t"},
		"scope": {"read:user user:email"}, "code_challenge_method": {"S256"}, "code_challenge": {challenge()},
	}
	change(q, changes)
	return q
}

func change(v url.Values, changes []string) {
	for i := 0; i < len(changes); i += 2 {
		v.Set(changes[i], changes[i+1])
		if changes[i+1] == "" {
			v.Del(changes[i])
		}
	}
}

func authorize(q url.Values) string { return fakegithub.AuthorizePath + "?" + q.Encode() }

// agree fills the form in and returns what the browser brings back.
func (w *world) agree(q url.Values, form url.Values) url.Values {
	w.t.Helper()
	p := w.send(http.MethodPost, authorize(q), form)
	to, back, _ := strings.Cut(p.Header.Get("Location"), "?")
	if p.StatusCode != http.StatusSeeOther || to != callback {
		w.t.Fatalf("got %d to %q, want 303 to the callback: %s", p.StatusCode, to, p.body)
	}
	values, err := url.ParseQuery(back)
	if err != nil {
		w.t.Fatal(err)
	}
	return values
}

// exchange turns a code into what the token endpoint answers.
func (w *world) exchange(code string, changes ...string) map[string]string {
	w.t.Helper()
	form := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"id"}, "client_secret": {"secret"},
		"code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier},
	}
	change(form, changes)
	p := w.send(http.MethodPost, fakegithub.TokenPath, form, "Accept", "application/json")
	if p.StatusCode != http.StatusOK {
		w.t.Fatalf("got %d, want 200, also for errors: %s", p.StatusCode, p.body)
	}
	var out map[string]string
	if err := json.Unmarshal([]byte(p.body), &out); err != nil {
		w.t.Fatal(err)
	}
	return out
}

// signIn returns what the two APIs say of somebody.
func (w *world) signIn(form url.Values) (user map[string]any, emails []map[string]any) {
	w.t.Helper()
	token := w.exchange(w.agree(query(), form).Get("code"))["access_token"]
	for path, out := range map[string]any{fakegithub.UserPath: &user, fakegithub.EmailsPath: &emails} {
		p := w.send(http.MethodGet, path, nil, "Authorization", "Bearer "+token)
		if p.StatusCode != http.StatusOK {
			w.t.Fatalf("%s: got %d: %s", path, p.StatusCode, p.body)
		}
		if err := json.Unmarshal([]byte(p.body), out); err != nil {
			w.t.Fatal(err)
		}
	}
	return user, emails
}

func TestNewNeedsAllOfItsConfig(t *testing.T) {
	if _, err := fakegithub.New(fakegithub.Config{ClientID: "id"}); err == nil {
		t.Error("got a handler without a secret, a callback and a clock")
	}
}

func TestAsks(t *testing.T) {
	w := open(t)
	p := w.send(http.MethodGet, authorize(query()), nil)
	for _, part := range []string{
		"This is not GitHub.", "Sign in to localhost:3000", "<button>Authorize</button>", ">Cancel</button>",
		`name="login"`, `name="name"`, `name="email"`, `type="checkbox" id="verified" name="verified"`,
		`name="person" value="ada" checked`, `name="person" value="bob"`, `name="person" value="carol"`,
	} {
		if !strings.Contains(p.body, part) {
			t.Errorf("page has no %q", part)
		}
	}
	if p.StatusCode != http.StatusOK || strings.Contains(p.body, "<script") {
		t.Errorf("got %d and %s, want a page without scripts", p.StatusCode, p.body)
	}
	if got := p.Header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'none'") {
		t.Errorf("Content-Security-Policy = %q", got)
	}
}

func TestWelcomes(t *testing.T) {
	if p := open(t).send(http.MethodGet, "/", nil); p.StatusCode != http.StatusOK || !strings.Contains(p.body, "This is not GitHub.") {
		t.Errorf("got %d and %s", p.StatusCode, p.body)
	}
}

// GitHub says these to the user as well, and sends nobody to another address.
func TestRefusesTheApplication(t *testing.T) {
	w := open(t)
	for _, tt := range []struct{ name, param, value, says string }{
		{"wants its client", "client_id", "other", "client_id is "},
		{"wants a client", "client_id", "", "client_id is "},
		{"sends codes to one address only", "redirect_uri", "http://localhost:3000/evil", `"` + callback + `"`},
		{"does not take a longer address", "redirect_uri", callback + "/x", "redirect_uri is"},
		{"does not take another port", "redirect_uri", "http://localhost:3001/api/auth/callback/github", "redirect_uri is"},
		{"hands out codes only", "response_type", "token", "response_type has to be code"},
		{"takes no plain challenge", "code_challenge_method", "plain", "code_challenge_method has to be S256"},
		{"takes no challenge of an unknown kind", "code_challenge_method", "", "code_challenge_method has to be S256"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			target := authorize(query(tt.param, tt.value))
			for _, p := range []reply{w.send(http.MethodGet, target, nil), w.send(http.MethodPost, target, url.Values{"person": {"ada"}})} {
				if p.StatusCode != http.StatusBadRequest || p.Header.Get("Location") != "" || !strings.Contains(html.UnescapeString(p.body), tt.says) {
					t.Errorf("got %d to %q and %s, want 400 and %q", p.StatusCode, p.Header.Get("Location"), p.body, tt.says)
				}
			}
		})
	}
}

func TestSignsIn(t *testing.T) {
	for _, tt := range []struct {
		name   string
		form   url.Values
		user   map[string]any
		emails []map[string]any
	}{
		{
			"somebody who is ready",
			url.Values{"person": {"ada"}, "verified": {"on"}},
			map[string]any{"login": "ada", "name": "Ada Lovelace", "email": "ada@example.com"},
			[]map[string]any{{"email": "ada@example.com", "primary": true, "verified": true, "visibility": "public"}},
		},
		{
			"an address that is not verified, whatever is ticked below",
			url.Values{"person": {"bob"}, "verified": {"on"}},
			map[string]any{"login": "bob", "name": "Bob Kahn", "email": "bob@example.com"},
			[]map[string]any{{"email": "bob@example.com", "primary": true, "verified": false, "visibility": "public"}},
		},
		{
			"an address that is not public",
			url.Values{"person": {"carol"}},
			map[string]any{"login": "carol", "name": "Carol Shaw", "email": nil},
			[]map[string]any{
				{"email": "5843275365007997+carol@users.noreply.github.com", "primary": false, "verified": true, "visibility": nil},
				{"email": "carol@example.com", "primary": true, "verified": true, "visibility": "private"},
			},
		},
		{
			"somebody who was typed, which counts more",
			url.Values{"person": {"ada"}, "login": {" Zed-1 "}, "name": {"Zed <b>"}, "email": {"z@example.com"}},
			map[string]any{"login": "Zed-1", "name": "Zed <b>", "email": "z@example.com"},
			[]map[string]any{{"email": "z@example.com", "primary": true, "verified": false, "visibility": "public"}},
		},
		{
			"a verified one who was typed",
			url.Values{"login": {"zed"}, "email": {"z@example.com"}, "verified": {"true"}},
			map[string]any{"login": "zed", "name": nil, "email": "z@example.com"},
			[]map[string]any{{"email": "z@example.com", "primary": true, "verified": true, "visibility": "public"}},
		},
		{
			"somebody without an address",
			url.Values{"login": {"zed"}, "verified": {"on"}},
			map[string]any{"login": "zed", "name": nil, "email": nil},
			[]map[string]any{},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			user, emails := open(t).signIn(tt.form)
			if id, ok := user["id"].(float64); !ok || id < 1<<52 || id >= 1<<53 {
				t.Errorf("got id %v, want one that JavaScript reads exactly, and that nobody has at GitHub", user["id"])
			}
			delete(user, "id")
			tt.user["type"] = "User"
			if diff := cmp.Diff(user, tt.user); diff != "" {
				t.Errorf("user (got -, want +):\n%s", diff)
			}
			if diff := cmp.Diff(emails, tt.emails); diff != "" {
				t.Errorf("addresses (got -, want +):\n%s", diff)
			}
		})
	}
}

func TestTheSameLoginIsTheSameAccount(t *testing.T) {
	first, _ := open(t).signIn(url.Values{"login": {"zed"}})
	again, _ := open(t).signIn(url.Values{"login": {"ZED"}, "email": {"new@example.com"}}) // at another start
	other, _ := open(t).signIn(url.Values{"login": {"zed2"}})
	if first["id"] != again["id"] || first["id"] == other["id"] {
		t.Errorf("got ids %v, %v and %v, want the first two to be one", first["id"], again["id"], other["id"])
	}
}

func TestSendsBack(t *testing.T) {
	w := open(t)
	back := w.agree(query(), url.Values{"person": {"ada"}})
	if back.Get("state") != "s&t" || back.Get("code") == "" || len(back) != 2 {
		t.Errorf("got %v, want the state and a code", back)
	}
	back = w.agree(query(), url.Values{"person": {"ada"}, "login": {"!"}, "cancel": {"on"}})
	want := url.Values{"state": {"s&t"}, "error": {"access_denied"}, "error_description": {"The user has denied your application access."}}
	if diff := cmp.Diff(back, want); diff != "" {
		t.Errorf("canceled (got -, want +):\n%s", diff)
	}
}

func TestForm(t *testing.T) {
	w := open(t)
	for _, tt := range []struct {
		name string
		form url.Values
		says string
	}{
		{"asks for somebody", url.Values{}, "Choose somebody, or type a login."},
		{"knows who is ready", url.Values{"person": {"zed"}}, "Choose somebody, or type a login."},
		{"does not lose a name that was typed", url.Values{"person": {"ada"}, "name": {"Zed"}}, "type a login, too"},
		{"does not lose an address that was typed", url.Values{"person": {"ada"}, "email": {"z@example.com"}}, "type a login, too"},
		{"wants a login as at GitHub", url.Values{"login": {"a--b"}}, "A login has at most 39 letters"},
		{"wants a login without a hyphen at its end", url.Values{"login": {"a-"}}, "A login has at most 39 letters"},
		{"wants a short login", url.Values{"login": {strings.Repeat("a", 40)}}, "A login has at most 39 letters"},
		{"wants an address", url.Values{"login": {"zed"}, "email": {"zed"}}, "An email address has the form"},
		{"wants a short address", url.Values{"login": {"zed"}, "email": {"z@" + strings.Repeat("e", 260)}}, "An email address has the form"},
		{"wants a name", url.Values{"login": {"zed"}, "name": {"a\x00b"}}, "characters that no name has"},
		{"wants a yes or a no", url.Values{"login": {"zed"}, "verified": {"maybe"}}, "Verified is"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := w.send(http.MethodPost, authorize(query()), tt.form)
			if p.StatusCode != http.StatusBadRequest || p.Header.Get("Location") != "" || !strings.Contains(p.body, tt.says) {
				t.Errorf("got %d to %q and %s, want 400 and %q", p.StatusCode, p.Header.Get("Location"), p.body, tt.says)
			}
		})
	}
	p := w.send(http.MethodPost, authorize(query()), url.Values{"login": {`"><script>`}, "name": {`"><script>`}, "person": {"bob"}})
	if strings.Contains(p.body, "<script") || !strings.Contains(html.UnescapeString(p.body), `value=""><script>"`) {
		t.Errorf("page does not keep what was typed, or not as text: %s", p.body)
	}
	if !strings.Contains(p.body, `value="bob" checked`) {
		t.Error("page does not keep what was chosen")
	}
	if p := w.send(http.MethodPost, authorize(query()), url.Values{"login": {strings.Repeat("a", 20<<10)}}); p.StatusCode != http.StatusBadRequest {
		t.Errorf("a large form: got %d, want 400", p.StatusCode)
	}
}

func TestAnswersThisMachineOnly(t *testing.T) {
	w := open(t)
	for host, want := range map[string]int{
		"localhost": 200, "localhost:3000": 200, "127.0.0.1:3000": 200, "[::1]:3000": 200, "[::1]": 200,
		"evil.example": 403, "localhost.evil.example": 403, "192.168.1.2:3000": 403, "": 403,
	} {
		if p := w.send(http.MethodGet, authorize(query()), nil, "Host", host); p.StatusCode != want {
			t.Errorf("host %q: got %d, want %d", host, p.StatusCode, want)
		}
	}
}

func TestTakesFormsOfItsOwnPagesOnly(t *testing.T) {
	w := open(t)
	for site, want := range map[string]int{"cross-site": 403, "same-site": 403, "same-origin": 303} {
		p := w.send(http.MethodPost, authorize(query()), url.Values{"person": {"ada"}}, "Sec-Fetch-Site", site)
		if p.StatusCode != want {
			t.Errorf("form of %s: got %d, want %d", site, p.StatusCode, want)
		}
	}
}

// Whatever is sent, the answer is a page that says what is wrong, or a way back to
// the one callback URL.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{
		"person=ada", "login=zed&name=Z&email=z%40example.com&verified=on", "login=a--b", "cancel=on", "login=a&email=%00%40",
		"%zz", "person=ada&person=bob", "login=%C4%B0", "name=x",
	} {
		f.Add(seed)
	}
	w := open(f)
	f.Fuzz(func(t *testing.T, body string) {
		w := &world{t: t, h: w.h, now: w.now}
		r := httptest.NewRequest(http.MethodPost, "http://localhost:3000"+authorize(query()), strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		rec := httptest.NewRecorder()
		w.h.ServeHTTP(rec, r)
		if rec.Code == http.StatusBadRequest && rec.Header().Get("Location") == "" {
			return
		}
		to, back, _ := strings.Cut(rec.Header().Get("Location"), "?")
		q, err := url.ParseQuery(back)
		if rec.Code != http.StatusSeeOther || to != callback || err != nil {
			t.Fatalf("got %d to %q, %v", rec.Code, rec.Header().Get("Location"), err)
		}
		if q.Get("error") == "access_denied" {
			return
		}
		token := w.exchange(q.Get("code"))["access_token"]
		p := w.send(http.MethodGet, fakegithub.UserPath, nil, "Authorization", "Bearer "+token)
		var user struct {
			Login string `json:"login"`
			ID    int64  `json:"id"`
		}
		if err := json.Unmarshal([]byte(p.body), &user); err != nil || user.ID < 1<<52 || len(user.Login) > 39 || user.Login == "" {
			t.Errorf("got %s, %v: want a user", p.body, err)
		}
	})
}
