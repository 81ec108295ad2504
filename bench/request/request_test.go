package request_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep/bench/load"
	"github.com/lockstep-auth/lockstep/bench/request"
)

// A session of better-auth 1.7.25 with the secret of these tests.
const (
	secret      = "0123456789abcdef0123456789abcdefX"
	token       = "HiMUKGQP3PygaG1R5i3jRIL3xtLBrl3H"
	tokenCookie = "better-auth.session_token=HiMUKGQP3PygaG1R5i3jRIL3xtLBrl3H.Gm%2F2bD%2FCGd4ojhEzJ%2BksRORnMv0qUHV6ZYdAGuJUI2Q%3D"
	dataCookie  = "better-auth.session_data=eyJh.bc"
)

func site() request.Site { return request.Site{Host: "127.0.0.1:3000"} }

func answer(status int, body string, cookies ...string) *load.Answer {
	return &load.Answer{Status: status, Header: http.Header{"Set-Cookie": cookies}, Body: []byte(body)}
}

func signedIn() *load.Answer {
	return answer(200, `{"token":"`+token+`","user":{"email":"a@example.com"}}`,
		tokenCookie+"; Max-Age=604800; Path=/; HttpOnly", dataCookie+"; Max-Age=300; Path=/",
		"better-auth.dont_remember=; Max-Age=0; Path=/")
}

func TestRequestsAreWhatServersRead(t *testing.T) {
	session := request.SignedSession(token, secret)
	for name, c := range map[string]struct {
		request                    load.Request
		method, path, cookie, body string
	}{
		"ok":          {site().OK(), "GET", "/api/auth/ok", "", ""},
		"get-session": {site().GetSession(session, session.Cookies), "GET", "/api/auth/get-session", tokenCookie, ""},
		"sign-in": {
			site().SignIn("a@example.com"), "POST", "/api/auth/sign-in/email", "",
			`{"email":"a@example.com","password":"correct horse battery staple"}`,
		},
		"sign-up": {
			site().SignUp("a@example.com"), "POST", "/api/auth/sign-up/email", "",
			`{"email":"a@example.com","name":"Ada Lovelace","password":"correct horse battery staple"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			reader := bufio.NewReader(bytes.NewReader(c.request.Raw))
			r, err := http.ReadRequest(reader)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(r.Body)
			if err != nil || reader.Buffered() > 0 {
				t.Errorf("got %v and %d bytes after the request, want none", err, reader.Buffered())
			}
			got := []string{r.Method, r.URL.Path, r.Host, r.Header.Get("Cookie"), string(body)}
			want := []string{c.method, c.path, "127.0.0.1:3000", c.cookie, c.body}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("got %q, want %q", got, want)
			}
			if origin := r.Header.Get("Origin"); c.method == "POST" && origin != "http://127.0.0.1:3000" {
				t.Errorf("origin: got %q, want the site's own", origin)
			}
		})
	}
}

func TestChecksAcceptOnlyTheRightAnswer(t *testing.T) {
	session := request.SignedSession(token, secret)
	getSession := site().GetSession(session, session.Cookies)
	refused := 0
	busy := request.Busy(site().SignIn("a@example.com"), func() { refused++ })
	unavailable := func(retryAfter string) *load.Answer {
		return &load.Answer{Status: 503, Header: http.Header{"Retry-After": {retryAfter}}}
	}
	for _, c := range []struct {
		name    string
		request load.Request
		answer  *load.Answer
		want    string // in the error; "" for none
	}{
		{"the session", getSession, answer(200, `{"session":{"token":"`+token+`"}}`), ""},
		{"no session", getSession, answer(200, `null`), "somebody else"},
		{"another session", getSession, answer(200, `{"session":{"token":"x`+token+`"}}`), "somebody else"},
		{"a session that was not in the cache", getSession, answer(200, `{"session":{"token":"`+token+`"}}`, dataCookie), "sets a cookie"},
		{"a failure with the right text", getSession, answer(500, `{"session":{"token":"`+token+`"}}`), "status 500"},
		{"signed in", site().SignIn("a@example.com"), signedIn(), ""},
		{"somebody else is signed in", site().SignIn("b@example.com"), signedIn(), "somebody else"},
		{"signed in without a cookie", site().SignIn("a@example.com"), answer(200, `{"email":"a@example.com"}`, dataCookie), "sets no"},
		{"a cookie that is taken back", site().SignIn("a@example.com"), answer(200, `{"email":"a@example.com"}`, "better-auth.session_token=; Max-Age=0"), "sets no"},
		{"wrong password", site().SignIn("a@example.com"), answer(401, `{}`), "status 401"},
		{"busy where that is not allowed", site().SignIn("a@example.com"), unavailable("1"), "status 503"},
		{"busy where it is", busy, unavailable("1"), ""},
		{"busy without a time", busy, unavailable(""), "Retry-After"},
		{"busy until the past", busy, unavailable("0"), "Retry-After"},
		{"not busy after all", busy, signedIn(), ""},
		{"broken", busy, answer(500, ""), "status 500"},
		{"fine", site().OK(), answer(200, `{"ok":true}`), ""},
		{"not fine", site().OK(), answer(404, ``), "status 404"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.request.Check(c.answer)
			if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), token) {
				t.Error("the error shows a token")
			}
		})
	}
	if refused != 1 {
		t.Errorf("refused: got %d, want 1", refused)
	}
}

func TestSessionOfAnAnswer(t *testing.T) {
	got, err := request.NewSession(signedIn())
	want := request.Session{Token: token, Cookies: tokenCookie, Cached: tokenCookie + "; " + dataCookie}
	if err != nil || got != want {
		t.Errorf("got token %v, cookies %v, cached %v, %v", got.Token == want.Token, got.Cookies == want.Cookies, got.Cached == want.Cached, err)
	}
	if text := fmt.Sprintf("%v %+v %#v", got, got, got); strings.Contains(text, token) {
		t.Error("a session prints its token")
	}
	for name, a := range map[string]*load.Answer{
		"no JSON":   answer(200, "", tokenCookie),
		"no token":  answer(200, `{"token":null}`, tokenCookie),
		"no cookie": answer(200, `{"token":"x"}`, dataCookie),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := request.NewSession(a); err == nil {
				t.Error("got no error")
			}
		})
	}
}

func TestSignedSessionIsBetterAuths(t *testing.T) {
	if got := request.SignedSession(token, secret).Cookies; got != tokenCookie {
		t.Errorf("got %s, want %s", got, tokenCookie)
	}
}

// FuzzNewSession checks that what is taken from an answer is in the answer.
func FuzzNewSession(f *testing.F) {
	f.Add([]byte(`{"token":"abc"}`), tokenCookie+"; Path=/")
	f.Add([]byte(`{"token":"abc"}`), "better-auth.session_token=;")
	f.Fuzz(func(t *testing.T, body []byte, cookie string) {
		s, err := request.NewSession(answer(200, string(body), cookie))
		if err != nil {
			return
		}
		value, ok := strings.CutPrefix(s.Cookies, "better-auth.session_token=")
		if s.Token == "" || !ok || value == "" || strings.Contains(value, ";") || !strings.HasPrefix(cookie, s.Cookies) || s.Cached != s.Cookies {
			t.Errorf("got %q and %q of %q", s.Cookies, s.Cached, cookie)
		}
	})
}
