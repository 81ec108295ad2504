package mail_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/mail"
)

func templates(t testing.TB, files map[string]string) (*mail.Templates, error) {
	t.Helper()
	folder := fstest.MapFS{}
	for name, text := range files {
		folder[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return mail.NewTemplates("Example", folder)
}

func TestTemplates(t *testing.T) {
	t.Parallel()
	tpl, err := mail.NewTemplates("Ex & Co", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"change-email", "delete-user", "existing-user", "reset-password", "verify-email"}
	if diff := cmp.Diff(tpl.Kinds(), want); diff != "" {
		t.Error(diff)
	}
	const link = "https://example.com/api/auth/x?token=t&callbackURL=%2F"
	for _, locale := range tpl.Locales() {
		for _, kind := range tpl.Kinds() {
			m, err := tpl.Render(kind, locale, mail.Data{
				To: "ada@example.com", NewEmail: "new@example.com", Name: "VIAGRA at evil.com", URL: link, Token: "t",
				Expires: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Check(); err != nil {
				t.Errorf("%s/%s: %v", locale, kind, err)
			}
			if !strings.Contains(m.Text, "Ex & Co") || !strings.Contains(m.HTML, "Ex &amp; Co") {
				t.Errorf("%s/%s does not say who writes", locale, kind)
			}
			if strings.Contains(m.Text+m.HTML+m.Subject, "evil.com") {
				t.Errorf("%s/%s carries what a stranger chose as a name", locale, kind)
			}
			if kind == mail.KindExistingUser {
				continue
			}
			if !strings.Contains(m.Text, "\n"+link+"\n") || !strings.Contains(m.HTML, `<a href="https://example.com/api/auth/x?token=t&amp;callbackURL=%2F"`) {
				t.Errorf("%s/%s has no link:\n%s", locale, kind, m.HTML)
			}
			if !strings.Contains(m.Text, "2026-01-02 03:04 UTC") || !strings.Contains(m.HTML, `lang="`+locale+`"`) {
				t.Errorf("%s/%s: %s", locale, kind, m.Text)
			}
			if kind == mail.KindChangeEmail && !strings.Contains(m.Text, "new@example.com") {
				t.Errorf("%s/%s does not say which address", locale, kind)
			}
		}
	}
}

func TestOwnTemplates(t *testing.T) {
	t.Parallel()
	tpl, err := templates(t, map[string]string{
		"en/verify-email.txt":    "Subject: Hi {{.Name}}\n\n{{.Name}}\n\n{{.URL}}\n",
		"pt-br/verify-email.txt": "Subject: Oi\r\nAction: Abrir\r\n\r\n{{.URL}}\r\n",
		"fr/reset-password.txt":  "Subject: Salut\n\n{{.URL}}\n",
		"fr/reset-password.html": "<p>{{.Name}}</p>",
		"layout.html":            `<b lang="{{.Lang}}">{{range .Paragraphs}}[{{.Text}}{{.URL}}]{{end}}{{.Action}}</b>`,
		"README.md":              "ignored {{",
		"en/notes.md":            "ignored {{",
	})
	if err != nil {
		t.Fatal(err)
	}
	render := func(kind, locale string) mail.Message {
		m, err := tpl.Render(kind, locale, mail.Data{To: "a@b.co", Name: "<i>\r\nBcc: x@y.co", URL: "https://x.test/?a=b"})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	m := render("verify-email", "en")
	if m.Subject != "Hi <i> Bcc: x@y.co" || m.Text != "<i> Bcc: x@y.co\n\nhttps://x.test/?a=b\n" ||
		m.HTML != `<b lang="en">[&lt;i&gt; Bcc: x@y.co][https://x.test/?a=b]Hi &lt;i&gt; Bcc: x@y.co</b>` {
		t.Errorf("%q %q %q", m.Subject, m.Text, m.HTML)
	}
	if m := render("verify-email", "PT-BR"); m.Subject != "Oi" || m.HTML != `<b lang="PT-BR">[https://x.test/?a=b]Abrir</b>` {
		t.Errorf("%q %q", m.Subject, m.HTML)
	}
	if m := render("verify-email", "fr"); !strings.Contains(m.HTML, `lang="en"`) {
		t.Errorf("a kind that a language lacks is not in English: %q", m.HTML)
	}
	if m := render("reset-password", "fr"); m.HTML != "<p>&lt;i&gt; Bcc: x@y.co</p>" {
		t.Errorf("%q", m.HTML)
	}
	if _, err := tpl.Render("nothing", "en", mail.Data{}); err == nil {
		t.Error("a kind without a template renders")
	}
}

func TestBadTemplates(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ file, text string }{
		"no syntax":            {"en/verify-email.txt", "Subject: {{"},
		"no subject":           {"en/verify-email.txt", "Hello\n\nText"},
		"an empty subject":     {"en/verify-email.txt", "Subject:\n\nText"},
		"no empty line":        {"en/verify-email.txt", "Subject: x\nText"},
		"an unknown field":     {"en/verify-email.txt", "Subject: x\n\n{{.Password}}"},
		"HTML without syntax":  {"en/verify-email.html", "{{"},
		"HTML without a text":  {"xx/verify-email.html", "<p>"},
		"a layout without end": {"layout.html", "{{range .Paragraphs}}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := templates(t, map[string]string{tc.file: tc.text}); err == nil {
				t.Error("is accepted")
			}
		})
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	tpl, err := templates(t, map[string]string{"pt-br/verify-email.txt": "Subject: Oi\n\n{{.URL}}"})
	if err != nil {
		t.Fatal(err)
	}
	for header, want := range map[string]string{
		"": "en", "de": "de", "DE-AT, en;q=0.5": "de", "en;q=0.5, de;q=0.9": "de", "de;q=0, en": "en", "fr, de;q=0.1": "de",
		"pt-BR": "pt-br", "pt": "en", "*": "en", "de;q=x": "en", "de;q=5": "en", ",,;": "en", "zh-Hant-TW-x-y, pt-br-z": "pt-br",
	} {
		if got := tpl.Match(header); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}

// FuzzMatch: whatever a client sends, there are templates in the language.
func FuzzMatch(f *testing.F) {
	tpl, err := mail.NewTemplates("Example", nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("de-AT;q=0.3,en")
	f.Fuzz(func(t *testing.T, header string) {
		if got := tpl.Match(header); got != "en" && got != "de" {
			t.Fatalf("%q", got)
		}
	})
}

// FuzzRender: whatever a name or an address holds, a message is a message, and
// its HTML has no element that the layout does not have.
func FuzzRender(f *testing.F) {
	tpl, err := templates(f, map[string]string{"en/verify-email.txt": "Subject: Hi {{.Name}}\nAction: {{.NewEmail}}\n\n{{.Name}}\n\n{{.URL}}\n"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("Ada", "new@example.com", "https://x.test/?a=b")
	f.Add("<script>alert(1)</script>\r\nBcc: x@y.co", "\u2028", "javascript:alert(1)")
	f.Fuzz(func(t *testing.T, name, address, url string) {
		m, err := tpl.Render("verify-email", "en", mail.Data{To: "a@b.co", Name: name, NewEmail: address, URL: url})
		if err != nil {
			return
		}
		if err := m.Check(); err != nil {
			t.Fatalf("%v: %q", err, m.Subject)
		}
		if html := strings.ToLower(m.HTML); strings.Contains(html, "<script") || strings.Contains(html, `href="javascript:`) {
			t.Fatalf("%s", m.HTML)
		}
		if n := strings.Count(m.HTML, "<p"); n > 5 {
			t.Fatalf("%d paragraphs", n)
		}
	})
}
