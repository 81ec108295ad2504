// Package fakegithub behaves as the OAuth of GitHub does, to try a sign-in with
// GitHub on one machine and without an application there: the page on which a
// user agrees, the exchange of codes, and the two APIs that say who the user is.
//
// Everybody can be anybody here. So it answers only under a name of this machine,
// and is for no server that other machines can reach.
//
// https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
package fakegithub

import (
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

//go:embed *.html
var files embed.FS

// The paths below the handler's own, which are GitHub's.
const (
	AuthorizePath = "/login/oauth/authorize"
	TokenPath     = "/login/oauth/access_token"
	UserPath      = "/user"
	EmailsPath    = "/user/emails"
)

const (
	codeLife = 10 * time.Minute // of a code at GitHub
	kept     = 1000             // codes, and tokens, that are remembered
	maxForm  = 16 << 10         // bytes
)

// A Config describes the one application that users can sign in to. All of it is
// required.
type Config struct {
	ClientID     string
	ClientSecret string

	// RedirectURI is the callback URL of the application.
	RedirectURI string

	// Now is the clock.
	Now func() time.Time
}

type github struct {
	Config
	page   *template.Template
	codes  *memory[grant]
	tokens *memory[person]
}

// A grant is what a code stands for.
type grant struct {
	person    person
	scope     string
	challenge string // of PKCE; empty for none
	ends      time.Time
}

// New returns a handler for the paths above. Its pages use the stylesheet at
// /style.css, if there is one.
func New(c Config) (http.Handler, error) {
	if c.ClientID == "" || c.ClientSecret == "" || c.RedirectURI == "" || c.Now == nil {
		return nil, errors.New("fakegithub: all of Config is required")
	}
	page, err := template.ParseFS(files, "page.html")
	if err != nil {
		return nil, fmt.Errorf("fakegithub: %w", err)
	}
	g := &github{Config: c, page: page, codes: newMemory[grant](), tokens: newMemory[person]()}
	m := http.NewServeMux()
	m.HandleFunc("GET /{$}", g.welcome)
	m.HandleFunc("GET "+AuthorizePath, g.ask)
	m.HandleFunc("POST "+AuthorizePath, g.decide)
	m.HandleFunc("POST "+TokenPath, g.exchange)
	m.HandleFunc("GET "+UserPath, g.user)
	m.HandleFunc("GET "+EmailsPath, g.emails)
	return onlyHere(http.NewCrossOriginProtection().Handler(m)), nil
}

// policy lets a page load its stylesheet only. It does not say where forms may go,
// since browsers apply that to where an answer leads on as well: to the
// application, and to wherever that sends the user next.
const policy = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'"

// onlyHere refuses requests under a name that is not of this machine: any site
// can have a name that leads here (DNS rebinding).
func onlyHere(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		if !isLoopback(r.Host) {
			http.Error(w, "The fake GitHub answers as localhost only.", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isLoopback(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	ip, err := netip.ParseAddr(name)
	return name == "localhost" || err == nil && ip.IsLoopback()
}

// An authorization is what an application asks of a user.
type authorization struct {
	state, scope, challenge string
}

// authorization reads the query of the page. What is wrong is for the page to
// say: whoever sent the browser here need not be the application.
func (g *github) authorization(q url.Values) (authorization, error) {
	a := authorization{state: q.Get("state"), scope: q.Get("scope"), challenge: q.Get("code_challenge")}
	switch to := q.Get("redirect_uri"); {
	case q.Get("client_id") != g.ClientID:
		return a, fmt.Errorf("client_id is %q, but that of the server is %q", q.Get("client_id"), g.ClientID)
	case to != "" && to != g.RedirectURI:
		return a, fmt.Errorf("redirect_uri is %q, but the callback URL of the server is %q", to, g.RedirectURI)
	case q.Has("response_type") && q.Get("response_type") != "code":
		return a, errors.New("response_type has to be code")
	case a.challenge != "" && q.Get("code_challenge_method") != "S256":
		return a, errors.New("code_challenge_method has to be S256")
	}
	return a, nil
}

// A view is what the template is given.
type view struct {
	People  []person
	Sent    url.Values // what was filled in
	Problem string     // with that
	Wrong   string     // with the request as a whole
	Client  string     // whom the user signs in to
	Ask     bool
}

func (g *github) welcome(w http.ResponseWriter, _ *http.Request) {
	g.show(w, http.StatusOK, view{People: people()})
}

// ask shows the page on which a user agrees, or does not.
func (g *github) ask(w http.ResponseWriter, r *http.Request) {
	if _, err := g.authorization(r.URL.Query()); err != nil {
		g.show(w, http.StatusBadRequest, view{Wrong: err.Error()})
		return
	}
	g.show(w, http.StatusOK, g.question(url.Values{"person": {people()[0].Login}, "verified": {"on"}}))
}

func (g *github) question(sent url.Values) view {
	client, err := url.Parse(g.RedirectURI)
	if err != nil {
		return view{Wrong: "the callback URL of the server is no URL"}
	}
	return view{Ask: true, People: people(), Sent: sent, Client: client.Host}
}

// decide sends the browser back to the application, with a code if the user
// agrees.
func (g *github) decide(w http.ResponseWriter, r *http.Request) {
	a, err := g.authorization(r.URL.Query())
	if err != nil {
		g.show(w, http.StatusBadRequest, view{Wrong: err.Error()})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		g.show(w, http.StatusBadRequest, view{Wrong: "the form cannot be read"})
		return
	}
	back := make(url.Values)
	if a.state != "" {
		back.Set("state", a.state)
	}
	if r.PostForm.Has("cancel") {
		back.Set("error", "access_denied")
		back.Set("error_description", "The user has denied your application access.")
		g.sendBack(w, r, back)
		return
	}
	p, problem := parsePerson(r.PostForm)
	if problem != "" {
		v := g.question(r.PostForm)
		v.Problem = problem
		g.show(w, http.StatusBadRequest, v)
		return
	}
	code := rand.Text()
	g.codes.put(code, grant{person: p, scope: a.scope, challenge: a.challenge, ends: g.Now().Add(codeLife)})
	back.Set("code", code)
	g.sendBack(w, r, back)
}

func (g *github) sendBack(w http.ResponseWriter, r *http.Request, back url.Values) {
	http.Redirect(w, r, g.RedirectURI+"?"+back.Encode(), http.StatusSeeOther)
}

func (g *github) show(w http.ResponseWriter, status int, v view) {
	var page strings.Builder
	if err := g.page.Execute(&page, v); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write([]byte(page.String()))
}
