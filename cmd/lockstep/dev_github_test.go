package main_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	auth "github.com/lockstep-auth/lockstep"
	main "github.com/lockstep-auth/lockstep/cmd/lockstep"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
	"github.com/lockstep-auth/lockstep/oauth"
	"github.com/lockstep-auth/lockstep/social"
)

// toGitHub starts a sign-in and returns where the browser goes, and its cookie.
func (p *process) toGitHub(t *testing.T) (to *url.URL, cookie string) {
	t.Helper()
	got := p.send(t, http.MethodPost, "/api/auth/sign-in/social", `{"provider":"github","callbackURL":"/account","errorCallbackURL":"/sign-in"}`)
	var out struct {
		URL string `json:"url"`
	}
	if err := json.Unmarshal([]byte(got.body), &out); err != nil || out.URL == "" {
		t.Fatalf("got %d %s, want a URL", got.status, got.body)
	}
	to, err := url.Parse(out.URL)
	if err != nil {
		t.Fatal(err)
	}
	cookie, _, _ = strings.Cut(got.header.Get("Set-Cookie"), ";")
	return to, cookie
}

// comeBack fills in the form of the fake GitHub and returns what the callback
// answers.
func (p *process) comeBack(t *testing.T, form string) reply {
	t.Helper()
	to, cookie := p.toGitHub(t)
	got := p.send(t, http.MethodPost, to.RequestURI(), form, "Content-Type", "application/x-www-form-urlencoded")
	if got.status != http.StatusSeeOther {
		t.Fatalf("got %d %s, want a way back", got.status, got.body)
	}
	path, found := strings.CutPrefix(got.header.Get("Location"), p.url)
	if !found {
		t.Fatalf("sent back to %q, want to %s", got.header.Get("Location"), p.url)
	}
	return p.send(t, http.MethodGet, path, "", "Cookie", cookie)
}

func TestDevSignsInWithAFakeGitHub(t *testing.T) {
	dir := t.TempDir()
	p := dev(t, dir, "--fake-github")
	if got := p.stdout.String(); strings.Contains(got, "can be anybody in") {
		t.Errorf("got\n%swant no warning about a database of its own", got)
	}
	if want := "GitHub     " + p.url + "/dev/github/ (fake"; !strings.Contains(p.stdout.String(), want) {
		t.Errorf("got\n%swant it to say %q", p.stdout, want)
	}
	if got := p.send(t, http.MethodGet, "/dev/github", ""); got.header.Get("Location") != "/dev/github/" {
		t.Errorf("without a slash: got %d to %q", got.status, got.header.Get("Location"))
	}
	if got := p.send(t, http.MethodGet, "/dev/github/", ""); !strings.Contains(got.body, "This is not GitHub.") {
		t.Errorf("got %d %s", got.status, got.body)
	}
	users := make(map[string]bool)
	for range 2 { // the second time it is the same user
		got := p.comeBack(t, "login=zed&email=zed@example.com&verified=on")
		if got.status != http.StatusFound || got.header.Get("Location") != "/account" {
			t.Fatalf("got %d to %q %s, want to be signed in\n%s", got.status, got.header.Get("Location"), got.body, p.stderr)
		}
		var cookies []string
		for _, line := range got.header["Set-Cookie"] {
			cookie, _, _ := strings.Cut(line, ";")
			cookies = append(cookies, cookie)
		}
		got = p.send(t, http.MethodGet, "/api/auth/get-session", "", "Cookie", strings.Join(cookies, "; "))
		var out struct {
			User struct {
				ID    string `json:"id"`
				Email string `json:"email"`
			} `json:"user"`
		}
		if err := json.Unmarshal([]byte(got.body), &out); err != nil || out.User.Email != "zed@example.com" {
			t.Fatalf("got %s, want the session of zed", got.body)
		}
		users[out.User.ID] = true
	}
	if len(users) != 1 {
		t.Errorf("got %d users, want one", len(users))
	}
	if got := p.comeBack(t, "cancel=on"); !strings.HasPrefix(got.header.Get("Location"), "/sign-in?error=access_denied&") {
		t.Errorf("canceled: got %d to %q", got.status, got.header.Get("Location"))
	}
}

// The front end is in front of the server, and passes the endpoints on.
func TestDevFakeGitHubBehindAFrontEnd(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", "baseURL: http://localhost:3000\ndatabase: {sqlite: own.db}\n")
	p := dev(t, dir, "--fake-github")
	if want := "can be anybody in SQLite file own.db"; !strings.Contains(p.stdout.String(), want) {
		t.Errorf("got\n%swant it to say %q", p.stdout, want)
	}
	to, _ := p.toGitHub(t)
	if got := to.Scheme + "://" + to.Host; got != p.url {
		t.Errorf("GitHub is at %s, want %s", got, p.url)
	}
	got := p.send(t, http.MethodPost, to.RequestURI(), "person=ada", "Content-Type", "application/x-www-form-urlencoded")
	if want := "http://localhost:3000/api/auth/callback/github?code="; !strings.HasPrefix(got.header.Get("Location"), want) {
		t.Errorf("sent back to %q, want %q", got.header.Get("Location"), want)
	}
}

// Where there are no passwords, the pages have buttons only.
func TestDevFakeGitHubOnly(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", "emailAndPassword: {enabled: false}\n")
	p := dev(t, dir, "--fake-github")
	for _, path := range []string{"/sign-in", "/sign-up"} {
		got := p.send(t, http.MethodGet, path, "")
		if !strings.Contains(got.body, "Continue with GitHub") || strings.Contains(got.body, `type="password"`) {
			t.Errorf("%s: got %d %s, want a button and no password", path, got.status, got.body)
		}
	}
}

func TestDevWithoutAFakeGitHub(t *testing.T) {
	p := dev(t, t.TempDir())
	if got := p.send(t, http.MethodGet, "/dev/github/", ""); got.status != http.StatusNotFound {
		t.Errorf("got %d, want 404", got.status)
	}
	if got := p.send(t, http.MethodPost, "/api/auth/sign-in/social", `{"provider":"github"}`); got.status != http.StatusNotFound {
		t.Errorf("got %d %s, want 404", got.status, got.body)
	}
}

func TestFakeGitHubTakesThePlaceOfTheConfiguredOne(t *testing.T) {
	s := &file.Settings{Auth: auth.Config{BaseURL: "http://localhost:3000", Now: time.Now, Social: []oauth.Provider{
		social.Google(social.GoogleOptions{Options: social.Options{ClientID: "google"}}),
		social.GitHub(social.GitHubOptions{Options: social.Options{
			ClientID: "own", ClientSecret: "own", RedirectURI: "https://example.com/callback", DisableSignUp: true,
			TokenEndpoint: "https://ghe.example.com/token", UserInfoEndpoint: "https://ghe.example.com/user",
		}}),
	}}}
	notes, err := main.FakeGitHub(s, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4000})
	if err != nil {
		t.Fatal(err)
	}
	if len(notes) != 1 || !strings.Contains(notes[0], "GitHub is fake") {
		t.Errorf("got notes %q", notes)
	}
	p := s.Auth.Social[1]
	got := fmt.Sprint(len(s.Auth.Social), p.ClientID(), p.ClientSecret != "own", p.RedirectURI, p.DisableSignUp, p.AuthURL, p.TokenURL, p.UserInfoURL, p.ExtraURL)
	want := fmt.Sprint(2, "lockstep-dev", true, "", true, "http://localhost:4000/dev/github/login/oauth/authorize",
		"https://github.com/login/oauth/access_token", "https://api.github.com/user", "https://api.github.com/user/emails")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What stands for GitHub is on this machine; nothing else may be.
func TestFakeGitHubOpensNoOtherWay(t *testing.T) {
	var got []string
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = append(got, r.Host+r.URL.Path)
	}))
	defer srv.Close()
	addr := srv.Listener.Addr().String()
	client := &http.Client{Transport: main.NewGitHubTransport(addr)}
	for _, target := range []string{"https://github.com/login/oauth/access_token", "https://api.github.com/user"} {
		res, err := client.Get(target)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	if want := fmt.Sprint([]string{addr + "/dev/github/login/oauth/access_token", addr + "/dev/github/user"}); fmt.Sprint(got) != want {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, target := range []string{srv.URL, "http://localhost:" + addr[strings.LastIndex(addr, ":")+1:], "http://169.254.169.254/"} {
		if res, err := client.Get(target); !errors.Is(err, oauth.ErrPrivate) {
			if err == nil {
				res.Body.Close()
			}
			t.Errorf("%s: got %v, want %v", target, err, oauth.ErrPrivate)
		}
	}
}
