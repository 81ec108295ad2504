// Package ui is the pages that the binary serves: sign up, sign in, and the
// account with its devices. They are plain HTML and work without JavaScript.
//
// The pages have no way into the server but the one every client has: each
// form becomes a request to a public endpoint, in the name of the browser that
// sent it. So what the server checks of its clients (origin, rate limit,
// input, session) it checks of these pages too.
package ui

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
)

//go:embed pages/*.html style.css
var files embed.FS

// maxForm is the largest form that is read, in bytes.
const maxForm = 64 << 10

// A Config describes the pages. All of it is optional.
type Config struct {
	// AppName is what the pages call the application. Defaults to "Lockstep".
	AppName string

	// BasePath is where the server has its endpoints. Defaults to "/api/auth".
	BasePath string

	// MinPasswordLength and MaxPasswordLength are shown as hints; the server
	// decides. They default to 8 and 128, as the server's own do.
	MinPasswordLength int
	MaxPasswordLength int

	// Log receives what an operator can act on. Defaults to slog.Default().
	Log *slog.Logger
}

// A site is the pages of one server. It does not change after New, and is safe
// for concurrent use.
type site struct {
	Config
	auth      http.Handler
	templates map[string]*template.Template // by the name of the page
	style     []byte
	styleHash string
}

// New returns the pages for the server that auth serves below c.BasePath. They
// have fixed addresses from the root: "/", "/sign-in", "/sign-up", "/sign-out",
// "/account" and below, and "/style.css". All other paths are a page that says
// so; auth itself has to be mounted beside them.
func New(auth http.Handler, c Config) (http.Handler, error) {
	c.AppName = cmp.Or(c.AppName, "Lockstep")
	c.BasePath = cmp.Or(c.BasePath, "/api/auth")
	c.MinPasswordLength = cmp.Or(c.MinPasswordLength, 8)
	c.MaxPasswordLength = cmp.Or(c.MaxPasswordLength, 128)
	c.Log = cmp.Or(c.Log, slog.Default())
	if auth == nil {
		return nil, errors.New("ui: auth is nil: hand in the server's handler")
	}
	if !strings.HasPrefix(c.BasePath, "/") || strings.HasSuffix(c.BasePath, "/") {
		return nil, fmt.Errorf("ui: BasePath is %q, must begin with a slash and not end with one", c.BasePath)
	}
	s := &site{Config: c, auth: auth}
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("ui: %w", err)
	}
	return s.handler(), nil
}

// load reads the embedded files.
func (s *site) load() error {
	var err error
	if s.style, err = files.ReadFile("style.css"); err != nil {
		return err
	}
	sum := sha256.Sum256(s.style)
	s.styleHash = hex.EncodeToString(sum[:8])
	s.templates, err = parseTemplates(files)
	return err
}

func (s *site) handler() http.Handler {
	mux := http.NewServeMux()
	page := func(pattern string, serve func(*visit)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { serve(&visit{site: s, w: w, r: r}) })
	}
	form := func(path string, serve func(*visit)) {
		page("POST "+path, func(v *visit) {
			if v.parseForm() {
				serve(v)
			}
		})
	}
	mux.HandleFunc("GET /style.css", s.serveStyle)
	page("GET /{$}", (*visit).welcome)
	page("GET /sign-up", (*visit).signUpPage)
	form("/sign-up", (*visit).signUp)
	page("GET /sign-in", (*visit).signInPage)
	form("/sign-in", (*visit).signIn)
	form("/sign-out", (*visit).signOut)
	page("GET /account", (*visit).accountPage)
	form("/account/name", (*visit).changeName)
	form("/account/password", (*visit).changePassword)
	form("/account/devices/sign-out", (*visit).signOutDevice)
	form("/account/devices/sign-out-others", (*visit).signOutOthers)
	page("GET /account/delete", (*visit).deletePage)
	form("/account/delete", (*visit).deleteAccount)
	// Whoever reloads the address of a form comes back to its page.
	page("GET /account/", func(v *visit) { v.redirect("/account") })
	page("GET /sign-out", func(v *visit) { v.redirect("/") })
	page("/", func(v *visit) {
		v.problem(http.StatusNotFound, "Page not found", "There is no page at this address.")
	})
	return secure(s.sameOrigin(mux))
}

// sameOrigin refuses forms of other sites before they are read. The server has
// its own check, which runs as well; but of its clients it expects JSON, which
// no other site can make a browser send unasked, and these pages turn forms,
// which every site can, into JSON. This puts back what that takes away.
func (s *site) sameOrigin(next http.Handler) http.Handler {
	p := http.NewCrossOriginProtection()
	p.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{site: s, w: w, r: r}
		v.refuseForeign()
	}))
	return p.Handler(next)
}

// policy lets a page load its stylesheet and send its forms here, and nothing
// else (CSP Level 3). There is no script to allow.
const policy = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// secure adds the headers that every answer carries. The referrer policy keeps
// addresses from other sites, but not the Origin header from our own forms as
// "no-referrer" would (Fetch standard, §3.1): the server needs it.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "private, no-store")
		next.ServeHTTP(w, r)
	})
}
