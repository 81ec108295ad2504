// Package request makes the requests that are measured, and checks their
// answers: both servers must answer the same things.
package request

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/lockstep-auth/lockstep/bench/load"
)

const (
	sessionToken = "better-auth.session_token"

	// password is the password of all users.
	password = "correct horse battery staple"
)

// A Site makes requests for the server at Host, such as "127.0.0.1:3000".
type Site struct{ Host string }

// OK returns the request for /ok, which needs no database.
func (s Site) OK() load.Request {
	return load.Request{Raw: s.get("/ok", ""), Check: func(a *load.Answer) error {
		return expect(a, http.StatusOK, `{"ok":true}`)
	}}
}

// SignUp returns the request that makes a user with an address.
func (s Site) SignUp(email string) load.Request {
	return s.credentials("/sign-up/email", map[string]string{"name": "Ada Lovelace", "email": email, "password": password})
}

// SignIn returns the request that signs that user in.
func (s Site) SignIn(email string) load.Request {
	return s.credentials("/sign-in/email", map[string]string{"email": email, "password": password})
}

// credentials returns a request whose answer brings a session of the user.
func (s Site) credentials(path string, body map[string]string) load.Request {
	want := fmt.Sprintf(`"email":%q`, body["email"])
	return load.Request{Raw: s.post(path, body), Check: func(a *load.Answer) error {
		if err := expect(a, http.StatusOK, want); err != nil {
			return err
		}
		if !setsCookie(a, sessionToken) {
			return errors.New("the answer sets no " + sessionToken)
		}
		return nil
	}}
}

// Busy is a request that may also be refused with 503 and Retry-After; refused
// is called when it is.
func Busy(r load.Request, refused func()) load.Request {
	check := r.Check
	r.Check = func(a *load.Answer) error {
		if a.Status != http.StatusServiceUnavailable {
			return check(a)
		}
		if n, err := strconv.Atoi(a.Header.Get("Retry-After")); err != nil || n < 1 {
			return errors.New("503 without seconds in Retry-After")
		}
		refused()
		return nil
	}
	return r
}

// A Session is what a browser that is signed in knows.
type Session struct {
	Token   string // as it is in the database
	Cookies string // the Cookie header without the cookie cache
	Cached  string // the Cookie header with it; the same as Cookies if there is none
}

// String returns "[redacted]".
func (Session) String() string { return "[redacted]" }

// GoString returns "[redacted]".
func (Session) GoString() string { return "[redacted]" }

// NewSession reads the answer to SignUp or SignIn.
func NewSession(a *load.Answer) (Session, error) {
	var body struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal(a.Body, &body); err != nil || body.Token == "" {
		return Session{}, errors.New("the answer has no token")
	}
	s := Session{Token: body.Token}
	var all []string
	for _, header := range a.Header.Values("Set-Cookie") {
		pair, _, _ := strings.Cut(header, ";")
		name, value, _ := strings.Cut(pair, "=")
		if value == "" {
			continue
		}
		all = append(all, pair)
		if name == sessionToken {
			s.Cookies = pair
		}
	}
	s.Cached = strings.Join(all, "; ")
	if s.Cookies == "" {
		return Session{}, errors.New("the answer sets no " + sessionToken)
	}
	return s, nil
}

// SignedSession returns a session that is in the database, but of which no
// answer was seen. Secret is the server's: the cookie is the token with its
// HMAC-SHA256 in base64.
func SignedSession(token, secret string) Session {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(token))
	signature := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	cookie := sessionToken + "=" + url.QueryEscape(token+"."+signature)
	return Session{Token: token, Cookies: cookie, Cached: cookie}
}

// GetSession returns the request for a session, with the Cookie header
// s.Cookies or s.Cached. The answer must be that very session, and must set no
// cookie: a server with a cookie cache sets it again when it had to read the
// database, and then it is not the cache that is measured.
func (s Site) GetSession(session Session, cookies string) load.Request {
	want := fmt.Sprintf(`"token":%q`, session.Token)
	return load.Request{Raw: s.get("/get-session", cookies), Check: func(a *load.Answer) error {
		if err := expect(a, http.StatusOK, want); err != nil {
			return err
		}
		if len(a.Header.Values("Set-Cookie")) > 0 {
			return errors.New("the answer sets a cookie: the session was not in the cache, or had to be prolonged")
		}
		return nil
	}}
}

// get and post write what a browser's fetch would: the head as short as it can
// be, since both servers read the same.
func (s Site) get(path, cookies string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "GET /api/auth%s HTTP/1.1\r\nHost: %s\r\nAccept: */*\r\nUser-Agent: bench\r\n", path, s.Host)
	if cookies != "" {
		fmt.Fprintf(&b, "Cookie: %s\r\n", cookies)
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

func (s Site) post(path string, body map[string]string) []byte {
	text, err := json.Marshal(body)
	if err != nil {
		panic("request: " + err.Error()) // a map of strings has always JSON
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST /api/auth%s HTTP/1.1\r\nHost: %s\r\nOrigin: http://%s\r\nAccept: */*\r\nUser-Agent: bench\r\n", path, s.Host, s.Host)
	fmt.Fprintf(&b, "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
	return b.Bytes()
}

func setsCookie(a *load.Answer, name string) bool {
	return slices.ContainsFunc(a.Header.Values("Set-Cookie"), func(header string) bool {
		value, ok := strings.CutPrefix(header, name+"=")
		return ok && value != "" && value[0] != ';'
	})
}

// expect compares an answer with what it must be. The body is not shown: it
// may hold a token.
func expect(a *load.Answer, status int, part string) error {
	if a.Status != status {
		return fmt.Errorf("status %d, want %d", a.Status, status)
	}
	if !bytes.Contains(a.Body, []byte(part)) {
		return errors.New("the answer is about somebody else")
	}
	return nil
}
