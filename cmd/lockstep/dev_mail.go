package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"html/template"
	"io/fs"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	lockstep "github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/mail"
)

//go:embed dev_mail/*.html
var mailFiles embed.FS

// mailPath is where the mail is that dev has caught.
const mailPath = "/dev/mail"

// A mailbox catches the mail of a server to try, and shows it. It is safe for
// concurrent use.
type mailbox struct {
	caught *mail.Catcher
	last   atomic.Int64 // number of the last message
	port   string       // of the server
	app    string
	texts  fs.FS
	routes http.Handler
}

// newMailbox catches the mail of the server that c describes.
func newMailbox(c *lockstep.Config, addr net.Addr) *mailbox {
	_, port, _ := net.SplitHostPort(addr.String()) // a listener's address has a port
	b := &mailbox{caught: mail.NewCatcher(c.Now), port: port, app: c.AppName, texts: c.Mail.Templates}
	c.Mail.Mailer, c.Mail.Queue = b, "none"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+mailPath, b.list)
	mux.HandleFunc("POST "+mailPath, b.clear)
	mux.HandleFunc("GET "+mailPath+".json", b.json)
	mux.HandleFunc("GET "+mailPath+"/{id}", b.message)
	mux.HandleFunc("GET "+mailPath+"/{id}/html", b.html)
	mux.HandleFunc("GET "+mailPath+"/templates", b.templates)
	mux.HandleFunc("GET "+mailPath+"/templates/{locale}/{kind}", b.preview)
	mux.HandleFunc("GET "+mailPath+"/templates/{locale}/{kind}/html", b.previewHTML)
	b.routes = http.NewCrossOriginProtection().Handler(mux)
	return b
}

// Send catches a message and gives it a number.
func (b *mailbox) Send(ctx context.Context, m mail.Message) error {
	m.ID = strconv.FormatInt(b.last.Add(1), 10)
	return b.caught.Send(ctx, m)
}

// before returns a handler that serves the mail, and all else with next.
func (b *mailbox) before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		below, found := strings.CutPrefix(r.URL.Path, mailPath)
		if !found || (below != "" && below != ".json" && below[0] != '/') {
			next.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if !b.isHere(r.Host) {
			http.Error(w, "Open this page as http://localhost:"+b.port+mailPath, http.StatusForbidden)
			return
		}
		b.routes.ServeHTTP(w, r)
	})
}

// isHere reports whether a Host header names this machine. Any site can have a
// name that leads here (DNS rebinding), and would read the links otherwise.
func (b *mailbox) isHere(host string) bool {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = strings.Trim(host, "[]"), "80"
	}
	return port == b.port && isLoopback(name)
}

// json answers with the messages for programs, the newest first.
func (b *mailbox) json(w http.ResponseWriter, _ *http.Request) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(b.caught.Caught()); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	text.WriteTo(w)
}

// A mailPage is what the templates of these pages are given.
type mailPage struct {
	Page, Title string

	Mails []shownMail
	Mail  shownMail
	HTML  string // address of a message's HTML form

	Locales, Kinds []string
	Problem        string
}

// A shownMail is a message that was caught, or an example.
type shownMail struct {
	mail.Message
	at time.Time // zero for an example
}

// Machine and Words are when the message was sent, for programs and people.
func (m shownMail) Machine() string { return m.at.UTC().Format(time.RFC3339) }

func (m shownMail) Words() string {
	if m.at.IsZero() {
		return ""
	}
	return m.at.UTC().Format("2 January 2006, 15:04:05 UTC")
}

func (b *mailbox) list(w http.ResponseWriter, _ *http.Request) {
	p := mailPage{Page: "list", Title: "Caught mail"}
	for _, c := range b.caught.Caught() {
		p.Mails = append(p.Mails, shownMail{c.Message, c.At})
	}
	showMail(w, http.StatusOK, p)
}

func (b *mailbox) clear(w http.ResponseWriter, r *http.Request) {
	b.caught.Clear()
	http.Redirect(w, r, mailPath, http.StatusSeeOther)
}

// find returns the message that a request is about. It answers itself if it is
// not there.
func (b *mailbox) find(w http.ResponseWriter, r *http.Request) (m shownMail, ok bool) {
	list := b.caught.Caught()
	i := slices.IndexFunc(list, func(c mail.Caught) bool { return c.Message.ID == r.PathValue("id") })
	if i < 0 {
		http.Error(w, "This message is not here any more.", http.StatusNotFound)
		return shownMail{}, false
	}
	return shownMail{list[i].Message, list[i].At}, true
}

func (b *mailbox) message(w http.ResponseWriter, r *http.Request) {
	if m, ok := b.find(w, r); ok {
		showMail(w, http.StatusOK, mailPage{Page: "message", Title: m.Subject, Mail: m, HTML: mailPath + "/" + m.ID + "/html"})
	}
}

func (b *mailbox) html(w http.ResponseWriter, r *http.Request) {
	if m, ok := b.find(w, r); ok {
		showHTML(w, m.HTML)
	}
}

// readTemplates reads the templates as they are now, which may be edited.
func (b *mailbox) readTemplates() (*mail.Templates, error) { return mail.NewTemplates(b.app, b.texts) }

func (b *mailbox) templates(w http.ResponseWriter, _ *http.Request) {
	p := mailPage{Page: "templates", Title: "Templates"}
	t, err := b.readTemplates()
	if err != nil {
		p.Problem = err.Error()
		showMail(w, http.StatusInternalServerError, p)
		return
	}
	p.Locales, p.Kinds = t.Locales(), t.Kinds()
	showMail(w, http.StatusOK, p)
}

// example makes the message that a request is about. It answers itself if there
// is none.
func (b *mailbox) example(w http.ResponseWriter, r *http.Request) (m mail.Message, ok bool) {
	t, err := b.readTemplates()
	if err == nil && !slices.Contains(t.Kinds(), r.PathValue("kind")) {
		err = errors.New("there is no template for this kind of message")
	}
	if err == nil {
		m, err = t.Render(r.PathValue("kind"), r.PathValue("locale"), mail.Example())
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return mail.Message{}, false
	}
	return m, true
}

func (b *mailbox) preview(w http.ResponseWriter, r *http.Request) {
	if m, ok := b.example(w, r); ok {
		m.URL = "" // leads nowhere
		showMail(w, http.StatusOK, mailPage{Page: "message", Title: m.Subject, Mail: shownMail{Message: m}, HTML: r.URL.EscapedPath() + "/html"})
	}
}

func (b *mailbox) previewHTML(w http.ResponseWriter, r *http.Request) {
	if m, ok := b.example(w, r); ok {
		showHTML(w, m.HTML)
	}
}

// showMail answers with a page.
func showMail(w http.ResponseWriter, status int, p mailPage) {
	files := []string{"dev_mail/layout.html", "dev_mail/" + p.Page + ".html"}
	t, err := template.ParseFS(mailFiles, files...)
	var page bytes.Buffer
	if err == nil {
		err = t.Execute(&page, p)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	page.WriteTo(w)
}

// showHTML answers with the HTML form of a message, shut in: it runs nothing,
// loads nothing, and its links replace the page around it, if a person clicks.
func showHTML(w http.ResponseWriter, html string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox allow-top-navigation-by-user-activation")
	const head, target = "<head>", `<base target="_top">`
	before, after, found := strings.Cut(html, head)
	if found {
		html = before + head + target + after
	} else {
		html = target + html
	}
	w.Write([]byte(html))
}

var _ mail.Mailer = (*mailbox)(nil)
