package convexcheck_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/locksteptest"
	"github.com/lockstep-auth/lockstep/oauth"
)

// A person is a user of the service.
type person struct {
	Subject  string `json:"sub"`
	Email    string `json:"email"`
	Verified bool   `json:"email_verified"`
	Name     string `json:"name"`
}

// code is what the person lets a client have: the description itself, which is
// the access token, too.
func (p person) code(t testing.TB) string {
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// callback is where a browser comes back to that was sent to the service, when
// the person agrees.
func (p person) callback(t testing.TB, to string) string {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	q := url.Values{"code": {p.code(t)}, "state": {u.Query().Get("state")}}
	return "/callback/fake?" + q.Encode()
}

// leave sends a browser to the service, and returns where it comes back to.
func leave(t testing.TB, b *locksteptest.Browser, who person) string {
	t.Helper()
	got := b.Post("/sign-in/social", m{"provider": "fake", "callbackURL": "/in"})
	want(t, got, 200, "")
	return who.callback(t, got.Header.Get("Location"))
}

// signInWith signs a person in on another device.
func (s *server) signInWith(t testing.TB, who person) *locksteptest.Browser {
	t.Helper()
	b := s.NewBrowser(t)
	if at := b.Get(leave(t, b, who)).Header.Get("Location"); at != "/in" {
		t.Fatalf("%s came back to %s", who.Subject, at)
	}
	return b
}

// A service is one that users can sign in with, in this process. It believes
// everybody.
type service struct {
	exchanges atomic.Int64 // of codes
}

// join adds the service to a server.
func (v *service) join(c *lockstep.Config) {
	c.OAuth.Transport = v
	c.Social = []oauth.Provider{{
		ID: "fake", ClientIDs: []string{"client"}, ClientSecret: "the secret of the client",
		AuthURL: "https://service.example/authorize", TokenURL: "https://service.example/token", UserInfoURL: "https://service.example/user",
		IDToken: oauth.IDTokenRules{Verify: func(_ context.Context, _ *oauth.Client, _ oauth.Provider, t oauth.IDToken) (oauth.Claims, error) {
			return oauth.PeekClaims(t.Token)
		}},
		Profile: func(c oauth.Claims) (oauth.Profile, error) {
			return oauth.Profile{
				Subject: c.Identifier("sub"), Name: c.Text("name"), Email: c.Text("email"), EmailVerified: c.Flag("email_verified"),
			}, nil
		},
	}}
}

// RoundTrip implements http.RoundTripper. Refreshing gets the same token again.
func (v *service) RoundTrip(req *http.Request) (*http.Response, error) {
	var answer []byte
	var err error
	if req.URL.Path == "/token" {
		if err = req.ParseForm(); err != nil {
			return nil, err
		}
		if req.PostForm.Has("code") {
			v.exchanges.Add(1)
		}
		token := req.PostForm.Get("code") + req.PostForm.Get("refresh_token")
		answer, err = json.Marshal(m{"access_token": token, "refresh_token": token, "expires_in": 3600, "token_type": "Bearer"})
	} else {
		answer, err = base64.RawURLEncoding.DecodeString(strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer "))
	}
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: int64(len(answer)),
		Body: io.NopCloser(strings.NewReader(string(answer))), Request: req, ProtoMajor: 1, ProtoMinor: 1,
	}, closed(req, nil)
}
