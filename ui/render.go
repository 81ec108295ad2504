package ui

import (
	"bytes"
	"errors"
	"html/template"
	"io/fs"
	"net/http"
	"time"

	"github.com/lockstep-auth/lockstep"
)

// A view is what a template is given.
type view struct {
	App     string
	Style   string // address of the stylesheet
	Page    string // name of the page's template
	Title   string
	Notice  string
	Wrong   []mistake
	User    *user // nil if nobody is signed in, or nobody can say
	Unknown bool  // whether somebody is signed in is not known

	// Has says what is switched on.
	Has *Config

	// SignIn and SignUp are the addresses of these pages, with the way back.
	// Services is where the buttons for other services lead that this page has.
	SignIn, SignUp string
	Services       string

	Away    *away
	Text    string // of a problem
	Form    *form
	Account *account
}

// parseTemplates returns a template for each page: the layout with the page's
// own part in it.
func parseTemplates(files fs.FS) (map[string]*template.Template, error) {
	layout, err := template.ParseFS(files, "pages/layout.html", "pages/form.html")
	if err != nil {
		return nil, err
	}
	pages := make(map[string]*template.Template)
	for _, name := range []string{
		"welcome", "sign-in", "sign-up", "away", "forgot-password", "reset-password", "verify-email", "account", "delete", "problem",
	} {
		clone, err := layout.Clone()
		if err != nil {
			return nil, err
		}
		if pages[name], err = clone.ParseFS(files, "pages/"+name+".html"); err != nil {
			return nil, err
		}
	}
	return pages, nil
}

// show answers with a page.
func (v *visit) show(status int, x view) {
	x.App, x.Style, x.Has = v.AppName, withQuery("/style.css", "v", v.styleHash), &v.Config
	x.Notice = notice(v.r.URL.Query().Get("notice"))
	x.SignIn, x.SignUp = v.withBack("/sign-in"), v.withBack("/sign-up")
	x.Services = v.withBack("/" + x.Page + "/social")
	if x.Form != nil {
		x.Wrong = append(x.Wrong, x.Form.mistakes()...)
	}
	if len(x.Wrong) > 0 {
		x.Notice = ""
	}
	var buf bytes.Buffer
	if err := v.templates[x.Page].ExecuteTemplate(&buf, "layout.html", x); err != nil {
		v.Log.ErrorContext(v.r.Context(), "page not rendered", "page", x.Page, "err", err)
		http.Error(v.w, "This page cannot be shown at the moment.", http.StatusInternalServerError)
		return
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	if _, err := buf.WriteTo(v.w); err != nil {
		v.Log.DebugContext(v.r.Context(), "client went away", "err", err)
	}
}

// back is where to go after signing in: a page of this site, or empty.
func (v *visit) back() string { return lockstep.SafeRedirect(v.r, "") }

func (v *visit) withBack(path string) string { return withQuery(path, "redirect", v.back()) }

// problem answers with a page that only says what is wrong.
func (v *visit) problem(status int, title, text string) {
	v.show(status, view{Page: "problem", Title: title, Text: text, Unknown: true})
}

func (v *visit) notFound() {
	v.problem(http.StatusNotFound, "Page not found", "There is no page at this address.")
}

// refuseForeign answers a form that another site made the browser send.
func (v *visit) refuseForeign() {
	v.problem(http.StatusForbidden, "Request refused",
		"This form did not come from a page of this server, or the server is not known under this address. "+
			"To protect your account, nothing was changed.")
}

// fail answers when the server does not do what a page needs, other than for
// what was filled in. Nobody is signed out by it.
func (v *visit) fail(err error) {
	e, refused := errors.AsType[*refusal](err)
	switch {
	case !refused:
		v.Log.ErrorContext(v.r.Context(), "server's answer not usable", "path", v.r.URL.Path, "err", err)
		v.problem(http.StatusBadGateway, "Something went wrong", "The server gave no usable answer. Try again later.")
	case e.Status == http.StatusUnauthorized:
		v.redirect(withQuery("/sign-in", "redirect", "/account", "notice", "ended"))
	case isForeign(e):
		v.refuseForeign()
	case e.Status == http.StatusServiceUnavailable:
		v.passRetry(e)
		v.problem(e.Status, "Service not available",
			explain(e).text+" If you were signed in, you still are.")
	default:
		v.passRetry(e)
		v.problem(statusOf(e), "Something went wrong", explain(e).text)
	}
}

// formFailed reports whether the form can be shown again with what is wrong
// with it. If not, it has answered.
func (v *visit) formFailed(f *form, err error) (status int, again bool) {
	e, refused := errors.AsType[*refusal](err)
	if !refused || isForeign(e) || e.Code == "UNAUTHORIZED" || e.Code == "FAILED_TO_GET_SESSION" {
		v.fail(err)
		return 0, false
	}
	v.passRetry(e)
	f.refuse(e)
	return statusOf(e), true
}

func (v *visit) passRetry(e *refusal) {
	if e.RetryAfter != "" {
		v.w.Header().Set("Retry-After", e.RetryAfter)
	}
}

// serveStyle serves the stylesheet. Under the address that pages use, with its
// hash, it never changes.
func (s *site) serveStyle(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-cache")
	if r.URL.Query().Get("v") == s.styleHash {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	h.Set("Content-Type", "text/css; charset=utf-8")
	h.Set("ETag", `"`+s.styleHash+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(s.style))
}
