package ui_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/social"
	"github.com/lockstep-auth/lockstep/ui"
)

// A member has an account at a service.
type member struct {
	ID       int    `json:"id"`
	Name     string `json:"name"`
	Email    string `json:"email"`
	Verified bool   `json:"verified"`
}

// services is GitHub as far as a server sees it. Codes and tokens say themselves
// whose they are.
type services struct{ down bool }

// of makes a server use it.
func (s *services) of(c *lockstep.Config) {
	c.OAuth.Transport = s
	github := social.Options{ClientID: "id", ClientSecret: "secret"}
	c.Social = append(c.Social, social.GitHub(social.GitHubOptions{Options: github}))
}

// withServices shows the services of these tests in the pages.
func withServices(c *ui.Config) { c.Social = []lockstep.SocialProvider{{ID: "github", Name: "GitHub"}} }

// RoundTrip implements http.RoundTripper.
func (s *services) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.down {
		return nil, errors.New("away")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	var answer string
	switch r.URL.Path {
	case "/login/oauth/access_token":
		answer = `{"access_token":` + quote(form.Get("code")) + `,"token_type":"bearer","scope":"user:email"}`
	case "/user":
		answer = unquote(token)
	case "/user/emails":
		var m member
		if err := json.Unmarshal([]byte(unquote(token)), &m); err != nil {
			return nil, err
		}
		answer = fmt.Sprintf(`[{"email":%s,"primary":true,"verified":%v}]`, quote(m.Email), m.Verified)
	}
	return &http.Response{StatusCode: http.StatusOK, Header: make(http.Header), Body: io.NopCloser(strings.NewReader(answer))}, nil
}

func quote(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func unquote(token string) string {
	text, err := url.QueryUnescape(token)
	if err != nil {
		panic(err)
	}
	return text
}

// code is what the service gives the browser of a member.
func (m member) code() string {
	text, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return url.QueryEscape(string(text))
}

// openWithServices starts a server whose users can sign in with GitHub.
func openWithServices(t testing.TB, change func(*lockstep.Config), has ...func(*ui.Config)) *world {
	t.Helper()
	return open(t, func(c *lockstep.Config) {
		new(services).of(c)
		if change != nil {
			change(c)
		}
	}, append([]func(*ui.Config){withServices}, has...)...)
}

// leave sends a form with which the browser goes to GitHub, and returns the
// address that it goes to.
func (b *browser) leave(path string) *url.URL {
	b.t.Helper()
	p := b.must(b.post(path, "provider", "github"), http.StatusOK, "Continue to GitHub</a>")
	to, found := strings.CutPrefix(p.Header.Get("Refresh"), "0;url=")
	u, err := url.Parse(to)
	if !found || err != nil || u.Host != "github.com" {
		b.t.Fatalf("Refresh = %q, want a way to GitHub", p.Header.Get("Refresh"))
	}
	if !strings.Contains(p.text, `<a class="button" href="`+to+`">`) {
		b.t.Errorf("page has no link to %s:\n%s", to, p.body)
	}
	return u
}

// comeBack returns where the server sends the browser on to that GitHub has sent
// back with these parameters.
func (b *browser) comeBack(from *url.URL, params ...string) string {
	b.t.Helper()
	q := url.Values{"state": {from.Query().Get("state")}}
	for i := 0; i < len(params); i += 2 {
		q.Set(params[i], params[i+1])
	}
	p := b.get("/api/auth/callback/github?" + q.Encode())
	if p.StatusCode != http.StatusFound {
		b.t.Fatalf("callback: status = %d, want 302: %s", p.StatusCode, p.body)
	}
	return strings.TrimPrefix(p.Header.Get("Location"), origin)
}

// through goes to GitHub and comes back as a member.
func (b *browser) through(path string, m member) string {
	b.t.Helper()
	return b.comeBack(b.leave(path), "code", m.code())
}

var _ http.RoundTripper = (*services)(nil)
