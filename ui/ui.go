// Package ui is the pages that the binary serves: sign up, sign in, recover a
// password, verify an address, and the account with its devices and ways to sign
// in. They are plain HTML and work without JavaScript.
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
	"slices"
	"strings"

	"github.com/lockstep-auth/lockstep"
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

	// DisableSignUp takes away the page for new accounts.
	DisableSignUp bool

	// Social are the services that people can sign in with, as the server's
	// SocialProviders returns them. DisablePassword takes away what has to do with
	// passwords, for servers where these are the only way in. DisableLinking takes
	// away the buttons with which people add a service to their account.
	Social          []lockstep.SocialProvider
	DisablePassword bool
	DisableLinking  bool

	// ResetPassword adds the pages for a forgotten password, and VerifyEmail
	// those for addresses that are not verified: for servers that send the
	// mail. VerifyFirst is for those that let nobody in before.
	ResetPassword bool
	VerifyEmail   bool
	VerifyFirst   bool

	// ChangeEmail and DeleteUser add these to the account. DeleteByMail is for
	// servers that delete when a link from a mail is opened, and only for them:
	// the page then asks for no password, and a server that sends no mail deletes
	// the account of a fresh session at once.
	ChangeEmail  bool
	DeleteUser   bool
	DeleteByMail bool

	// Mailbox is the path of a page with the mail that was caught, for a server
	// that delivers none. All pages link to it.
	Mailbox string

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
// "/forgot-password", "/reset-password", "/verify-email", "/account" and below,
// and "/style.css".
//
// What is below c.BasePath is passed on to auth, except that a browser which
// has opened a link from a mail, or comes back from another service, gets a page if
// that does not work. All other paths are a page that says that there is none.
func New(auth http.Handler, c Config) (http.Handler, error) {
	c.AppName = cmp.Or(c.AppName, "Lockstep")
	c.BasePath = cmp.Or(c.BasePath, "/api/auth")
	c.MinPasswordLength = cmp.Or(c.MinPasswordLength, 8)
	c.MaxPasswordLength = cmp.Or(c.MaxPasswordLength, 128)
	c.Log = cmp.Or(c.Log, slog.Default())
	c.Social = slices.Clone(c.Social)
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
	m := routes{http.NewServeMux(), s}
	m.HandleFunc("GET /style.css", s.serveStyle)
	m.page("GET /{$}", (*visit).welcome)
	m.page("GET /sign-up", (*visit).signUpPage)
	m.form("/sign-up", (*visit).signUp)
	m.page("GET /sign-in", (*visit).signInPage)
	m.form("/sign-in", (*visit).signIn)
	m.form("/sign-out", (*visit).signOut)
	m.page("GET /account", (*visit).accountPage)
	m.form("/account/name", (*visit).changeName)
	m.form("/account/password", (*visit).changePassword)
	m.form("/account/devices/sign-out", (*visit).signOutDevice)
	m.form("/account/devices/sign-out-others", (*visit).signOutOthers)
	m.optional()
	// Whoever reloads the address of a form comes back to its page.
	m.page("GET /account/", func(v *visit) { v.redirect("/account") })
	m.page("GET /sign-out", func(v *visit) { v.redirect("/") })
	m.page("/", (*visit).notFound)
	return s.links(secure(s.sameOrigin(m)))
}

// routes are the pages by their addresses.
type routes struct {
	*http.ServeMux
	site *site
}

func (m routes) page(pattern string, serve func(*visit)) {
	m.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { serve(&visit{site: m.site, w: w, r: r}) })
}

func (m routes) form(path string, serve func(*visit)) {
	m.page("POST "+path, func(v *visit) {
		if v.parseForm() {
			serve(v)
		}
	})
}

// optional adds the pages of what is switched on.
func (m routes) optional() {
	c := &m.site.Config
	if len(c.Social) > 0 {
		m.form("/sign-in/social", (*visit).signInSocial)
		m.form("/sign-up/social", (*visit).signUpSocial)
		m.form("/account/methods/link", (*visit).linkMethod)
		m.form("/account/methods/unlink", (*visit).unlinkMethod)
		m.page("GET /sign-in/social", func(v *visit) { v.redirect("/sign-in") })
		m.page("GET /sign-up/social", func(v *visit) { v.redirect("/sign-up") })
	}
	if c.ResetPassword {
		m.page("GET /forgot-password", (*visit).forgotPage)
		m.form("/forgot-password", (*visit).forgot)
		m.page("GET /reset-password", (*visit).resetPage)
		m.form("/reset-password", (*visit).reset)
	}
	if c.VerifyEmail {
		m.page("GET /verify-email", (*visit).verifyPage)
		m.form("/verify-email", (*visit).mailVerification)
	}
	if c.ChangeEmail {
		m.form("/account/email", (*visit).changeEmail)
	}
	if c.DeleteUser {
		m.page("GET /account/delete", (*visit).deletePage)
		m.form("/account/delete", (*visit).deleteAccount)
	}
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
