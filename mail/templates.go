package mail

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"path"
	"slices"
	"strings"
	"text/template"
	"time"
)

//go:embed templates
var embedded embed.FS

// defaultLocale is the language of readers whose own there is no template for.
const defaultLocale = "en"

// maxName bounds names in mails, in characters: a name is chosen by whoever
// signs up, and can hold a text of its own.
const maxName = 60

// A Data is what the templates are about.
type Data struct {
	// App is how the application calls itself. Name is the name that the
	// reader's account has, which anybody can have chosen: the templates of
	// this package do not use it.
	App, Name string

	// To is the reader's address; NewEmail the one that it is to change to.
	To, NewEmail string

	// URL and Token are a link and the secret in it; OTP is a code to type.
	URL, Token, OTP string

	// Expires is when they end. Templates get it as text, in UTC. Zero if they
	// do not.
	Expires time.Time
}

// String returns "[redacted]".
func (Data) String() string { return redacted }

// GoString returns "[redacted]".
func (Data) GoString() string { return redacted }

// Templates make messages. They do not change and are safe for concurrent use.
type Templates struct {
	app    string
	layout *htmltemplate.Template
	text   map[string]*template.Template     // by "locale/kind"
	html   map[string]*htmltemplate.Template // the same, where there is one
}

// NewTemplates reads the templates of the folder and, for what is not in it,
// those of this package, which speak English and German. A nil folder is an
// empty one. App is what they call the application; an empty one is "Lockstep".
//
// The folder has a folder per language, such as "en" or "pt-br", with a file
// per kind of message, such as "reset-password.txt": a header of the lines
// "Subject: …" and "Action: …", which is what the link is called, an empty line,
// and paragraphs, one of which is the link alone. It is a text/template of Data.
// The HTML form is made of it, with "layout.html" around; a file such as
// "reset-password.html", an html/template of Data, replaces it.
//
// The error lists every template that is wrong.
func NewTemplates(app string, folder fs.FS) (*Templates, error) {
	t := &Templates{
		app: Line(cmp.Or(app, "Lockstep"), maxName), text: make(map[string]*template.Template), html: make(map[string]*htmltemplate.Template),
	}
	own, err := fs.Sub(embedded, "templates")
	if err != nil {
		return nil, err
	}
	err = t.load(own)
	if folder != nil {
		err = errors.Join(err, t.load(folder))
	}
	if err == nil {
		err = t.try()
	}
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return t, nil
}

// load reads a folder over what was read before.
func (t *Templates) load(folder fs.FS) error {
	names, err := fs.Glob(folder, "*/*")
	if err != nil {
		return err
	}
	layouts, err := fs.Glob(folder, "layout.html")
	if err != nil {
		return err
	}
	names = append(names, layouts...)
	slices.SortStableFunc(names, func(a, b string) int { return -cmp.Compare(path.Ext(a), path.Ext(b)) }) // .txt before .html
	var errs []error
	for _, name := range names {
		data, err := fs.ReadFile(folder, name)
		if err == nil {
			err = t.parse(name, string(data))
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (t *Templates) parse(name, text string) error {
	ext := path.Ext(name)
	key := strings.ToLower(strings.TrimSuffix(name, ext))
	switch {
	case name == "layout.html":
		layout, err := htmltemplate.New(name).Parse(text)
		t.layout = layout
		return err
	case ext == ".txt":
		parsed, err := template.New(name).Option("missingkey=error").Parse(text)
		t.text[key] = parsed
		delete(t.html, key) // the HTML form belongs to the text that it came with
		return err
	case ext == ".html":
		parsed, err := htmltemplate.New(name).Parse(text)
		t.html[key] = parsed
		return err
	}
	return nil
}

// try makes every message once, so that a mistake in a template shows when the
// program starts.
func (t *Templates) try() error {
	var errs []error
	for key := range t.html {
		if t.text[key] == nil {
			errs = append(errs, fmt.Errorf("template %s.html has no %s.txt beside it", key, key))
		}
	}
	for key := range t.text {
		locale, kind, _ := strings.Cut(key, "/")
		if _, err := t.Render(kind, locale, Example()); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Example returns made-up data, for a preview.
func Example() Data {
	return Data{
		Name: "Ada Lovelace", To: "ada@example.com", NewEmail: "ada@example.org",
		URL: "https://example.com/link?token=example", Token: "example", OTP: "123456",
		Expires: time.Date(2030, 1, 2, 3, 4, 0, 0, time.UTC),
	}
}

// Kinds returns the kinds of messages in alphabetical order.
func (t *Templates) Kinds() []string { return t.parts(1) }

// Locales returns the languages that there are templates in, in alphabetical
// order.
func (t *Templates) Locales() []string { return t.parts(0) }

func (t *Templates) parts(n int) []string {
	var list []string
	for key := range t.text {
		list = append(list, strings.Split(key, "/")[n])
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Render makes a message of the kind in the language, or in English if there is
// no template for it in that language.
func (t *Templates) Render(kind, locale string, d Data) (Message, error) {
	key := strings.ToLower(locale) + "/" + kind
	if t.text[key] == nil {
		locale = defaultLocale
		key = locale + "/" + kind
	}
	text := t.text[key]
	if text == nil {
		return Message{}, fmt.Errorf("mail: there is no template for %q", kind)
	}
	v := t.view(d)
	var out strings.Builder
	if err := text.Execute(&out, v); err != nil {
		return Message{}, fmt.Errorf("template: %w", err)
	}
	m := Message{To: d.To, Kind: kind, URL: d.URL, Token: d.Token, OTP: d.OTP, Expires: d.Expires}
	head, body, _ := strings.Cut(strings.ReplaceAll(out.String(), "\r\n", "\n"), "\n\n")
	subject, action, ok := header(head)
	if !ok {
		return Message{}, fmt.Errorf("template %s.txt: it must begin with \"Subject: …\", and an empty line before the text", key)
	}
	m.Subject = Line(subject, maxSubject/4)
	m.Text = strings.TrimSpace(body) + "\n"
	var err error
	if m.HTML, err = t.page(key, v, layoutData{Lang: locale, App: t.app, Subject: m.Subject, Action: action}, m); err != nil {
		return Message{}, fmt.Errorf("template: %w", err)
	}
	return m, nil
}

// A view is a Data as templates see it: every text of it is one line.
type view struct {
	App, Name, To, NewEmail, URL, Token, OTP, Expires string
}

func (t *Templates) view(d Data) view {
	const maxText = 4096
	v := view{
		App: Line(cmp.Or(d.App, t.app), maxName), Name: Line(d.Name, maxName), To: Line(d.To, maxAddress),
		NewEmail: Line(d.NewEmail, maxAddress), URL: Line(d.URL, maxText), Token: Line(d.Token, maxText), OTP: Line(d.OTP, maxName),
	}
	if !d.Expires.IsZero() {
		v.Expires = d.Expires.UTC().Format("2006-01-02 15:04 UTC")
	}
	return v
}

// header reads the lines before the text.
func header(head string) (subject, action string, ok bool) {
	for line := range strings.Lines(head) {
		name, value, found := strings.Cut(strings.TrimSpace(line), ":")
		value = strings.TrimSpace(value)
		switch {
		case found && name == "Subject":
			subject = value
		case found && name == "Action":
			action = value
		default:
			return "", "", false
		}
	}
	return subject, cmp.Or(action, subject), subject != ""
}

// A layoutData is what layout.html is about.
type layoutData struct {
	Lang, App, Subject, Action string
	Paragraphs                 []paragraph
}

// A paragraph is a text, or a link.
type paragraph struct{ Text, URL string }

// page returns the HTML form of a message.
func (t *Templates) page(key string, v view, l layoutData, m Message) (string, error) {
	var out strings.Builder
	if own := t.html[key]; own != nil {
		err := own.Execute(&out, v)
		return out.String(), err
	}
	for part := range strings.SplitSeq(m.Text, "\n\n") {
		part = strings.TrimSpace(part)
		switch part {
		case "":
		case v.URL:
			l.Paragraphs = append(l.Paragraphs, paragraph{URL: part})
		default:
			l.Paragraphs = append(l.Paragraphs, paragraph{Text: part})
		}
	}
	err := t.layout.Execute(&out, l)
	return out.String(), err
}
