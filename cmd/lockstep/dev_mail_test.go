package main_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// A caught is a message as /dev/mail.json shows it.
type caught struct {
	To      string    `json:"to"`
	Subject string    `json:"subject"`
	Kind    string    `json:"kind"`
	URL     string    `json:"url"`
	Token   string    `json:"token"`
	OTP     string    `json:"otp"`
	At      time.Time `json:"at"`
}

// mails returns the messages, the newest first, once there are n: they are sent
// when the answer is out.
func (p *process) mails(t *testing.T, n int) []caught {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; {
		got := p.send(t, http.MethodGet, "/dev/mail.json", "")
		if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/json" {
			t.Fatalf("got %d %s", got.status, got.body)
		}
		var list []caught
		d := json.NewDecoder(strings.NewReader(got.body))
		d.DisallowUnknownFields()
		if err := d.Decode(&list); err != nil || list == nil {
			t.Fatalf("got %s, want an array (%v)", got.body, err)
		}
		if len(list) >= n {
			return list
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %s, want %d messages; log:\n%s", got.body, n, p.stderr)
		}
	}
}

func path(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return err.Error()
	}
	return u.RequestURI()
}

func TestDevCatchesMail(t *testing.T) {
	dir := t.TempDir()
	p := dev(t, dir)
	if !strings.Contains(p.stdout.String(), p.url+"/dev/mail") {
		t.Errorf("got\n%swant it to say where mail is", p.stdout)
	}
	p.mails(t, 0)
	ok := func(got reply) reply {
		t.Helper()
		if got.status != http.StatusOK {
			t.Fatalf("got %d %s", got.status, got.body)
		}
		return got
	}
	up := ok(p.send(t, http.MethodPost, "/api/auth/sign-up/email", `{"name":"Ada","email":"ada@example.com","password":"correct horse"}`))
	cookie, _, _ := strings.Cut(up.header.Get("Set-Cookie"), ";")
	verify := p.mails(t, 1)[0]
	p.send(t, http.MethodGet, path(verify.URL), "")
	ok(p.send(t, http.MethodPost, "/api/auth/change-email", `{"newEmail":"countess@example.com"}`, "Cookie", cookie))
	change := p.mails(t, 2)[0]
	ok(p.send(t, http.MethodPost, "/api/auth/delete-user", `{}`, "Cookie", cookie))
	p.mails(t, 3)
	ok(p.send(t, http.MethodPost, "/api/auth/request-password-reset", `{"email":"ada@example.com","redirectTo":"/reset-password"}`))
	list := p.mails(t, 4)

	var kinds []string
	for _, m := range list {
		kinds = append(kinds, m.Kind)
		if m.To != "ada@example.com" || m.Token == "" || !strings.Contains(m.URL, m.Token) || m.Subject == "" || m.At.IsZero() {
			t.Errorf("got %+v", m)
		}
	}
	if want := []string{"reset-password", "delete-user", "change-email", "verify-email"}; !slices.Equal(kinds, want) {
		t.Errorf("got kinds %v, want %v", kinds, want)
	}
	if got := p.send(t, http.MethodGet, path(change.URL), ""); got.status != http.StatusFound {
		t.Errorf("change: got %d %s", got.status, got.body)
	}
	if m := p.mails(t, 5)[0]; m.To != "countess@example.com" || m.Kind != "verify-email" {
		t.Errorf("after the confirmation: got %+v", m)
	}
	if got := p.send(t, http.MethodGet, path(list[0].URL), ""); !strings.HasSuffix(got.header.Get("Location"), "/reset-password?token="+list[0].Token) {
		t.Errorf("reset: got %d to %s", got.status, got.header.Get("Location"))
	}
	if p.stop(t); strings.Contains(p.stdout.String()+p.stderr.String(), list[0].Token) {
		t.Error("a token is in the log")
	}
}

func TestDevShowsMail(t *testing.T) {
	p := dev(t, t.TempDir())
	if got := p.send(t, http.MethodGet, "/dev/mail", ""); got.status != http.StatusOK || !strings.Contains(got.body, "There is none yet.") {
		t.Errorf("got %d %s", got.status, got.body)
	}
	p.send(t, http.MethodPost, "/api/auth/sign-up/email", `{"name":"Ada","email":"ada@example.com","password":"correct horse"}`)
	m := p.mails(t, 1)[0]
	list := p.send(t, http.MethodGet, "/dev/mail", "")
	message := p.send(t, http.MethodGet, "/dev/mail/1", "")
	html := p.send(t, http.MethodGet, "/dev/mail/1/html", "")
	for _, tt := range []struct {
		got  reply
		want []string
	}{
		{list, []string{`<a href="/dev/mail/1">` + m.Subject + `</a>`, "ada@example.com", "verify-email"}},
		{message, []string{"<h1>" + m.Subject, m.Token, `src="/dev/mail/1/html"`, `<iframe class="mail" sandbox="allow-top-navigation-by-user-activation"`}},
		{html, []string{`<head><base target="_top">`, m.Subject}},
	} {
		for _, want := range tt.want {
			if tt.got.status != http.StatusOK || !strings.Contains(tt.got.body, want) {
				t.Errorf("got %d %s, want %q in it", tt.got.status, tt.got.body, want)
			}
		}
	}
	if policy := html.header.Values("Content-Security-Policy"); len(policy) != 1 ||
		!strings.HasPrefix(policy[0], "default-src 'none'; style-src 'unsafe-inline';") || !strings.Contains(policy[0], "; sandbox allow-top-") {
		t.Errorf("got policy %q, want the message shut in", policy)
	}
	for _, path := range []string{"/dev/mail/2", "/dev/mail/2/html", "/dev/mail/x", "/dev/mail/", "/dev/mail/templates/en/none"} {
		if got := p.send(t, http.MethodGet, path, ""); got.status != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", path, got.status)
		}
	}
	if got := p.send(t, http.MethodGet, "/dev/mailbox", ""); !strings.Contains(got.body, "There is no page at this address.") {
		t.Errorf("got %d %s", got.status, got.body)
	}

	if got := p.send(t, http.MethodPost, "/dev/mail", "", "Origin", "http://evil.example"); got.status != http.StatusForbidden {
		t.Errorf("another site removes mail: got %d", got.status)
	}
	p.mails(t, 1)
	if got := p.send(t, http.MethodPost, "/dev/mail", ""); got.status != http.StatusSeeOther {
		t.Errorf("got %d %s", got.status, got.body)
	}
	if got := p.mails(t, 0); len(got) != 0 {
		t.Errorf("got %v, want nothing", got)
	}
}

func TestDevShowsTemplates(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "texts", "en")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, folder, "verify-email.txt", "Subject: Hello {{.To}}\n\nOur own text.\n\n{{.URL}}\n")
	write(t, dir, "lockstep.yaml", "mail: {templates: texts, from: a@example.com, smtp: {host: smtp.example.com, user: no-password}}\n")
	p := dev(t, dir)
	if !strings.Contains(p.stdout.String(), "Mail is caught and not sent, whatever the configuration says.") {
		t.Errorf("got\n%swant a note on mail", p.stdout)
	}
	for path, want := range map[string]string{
		"/dev/mail/templates":                             `href="/dev/mail/templates/de/reset-password"`,
		"/dev/mail/templates/en/verify-email":             "<h1>Hello ada@example.com</h1>",
		"/dev/mail/templates/en/verify-email/html":        "Our own text.",
		"/dev/mail/templates/de/delete-user":              `src="/dev/mail/templates/de/delete-user/html"`,
		"/dev/mail/templates/unknown/reset-password/html": "Somebody asked for a new password",
	} {
		if got := p.send(t, http.MethodGet, path, ""); got.status != http.StatusOK || !strings.Contains(got.body, want) {
			t.Errorf("%s: got %d %s, want %q in it", path, got.status, got.body, want)
		}
	}
	write(t, folder, "verify-email.txt", "Subject: {{.Nothing}}\n\nx\n")
	if got := p.send(t, http.MethodGet, "/dev/mail/templates", ""); got.status != http.StatusInternalServerError || !strings.Contains(got.body, "Nothing") {
		t.Errorf("got %d %s, want the mistake", got.status, got.body)
	}
}

// A name of another site can lead to this machine (DNS rebinding).
func TestDevMailIsForThisMachine(t *testing.T) {
	p := dev(t, t.TempDir())
	u, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	port := u.Port()
	for _, tt := range []struct {
		name, host string
		want       int
	}{
		{"by name", "localhost:" + port, http.StatusOK},
		{"by number", "127.0.0.1:" + port, http.StatusOK},
		{"by the other number", "[::1]:" + port, http.StatusOK},
		{"another name", "evil.example:" + port, http.StatusForbidden},
		{"a name below localhost", "localhost.evil.example:" + port, http.StatusForbidden},
		{"a name that begins with a number", "127.0.0.1.evil.example:" + port, http.StatusForbidden},
		{"another port", "localhost:1", http.StatusForbidden},
		{"no port", "localhost", http.StatusForbidden},
		{"an empty port", "localhost:", http.StatusForbidden},
		{"another machine", "192.0.2.1:" + port, http.StatusForbidden},
	} {
		for _, path := range []string{"/dev/mail", "/dev/mail.json", "/dev/mail/templates"} {
			t.Run(tt.name+path, func(t *testing.T) {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				req.Host = tt.host
				res, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				res.Body.Close()
				if res.StatusCode != tt.want || res.Header.Get("Access-Control-Allow-Origin") != "" {
					t.Errorf("got %d, want %d", res.StatusCode, tt.want)
				}
			})
		}
	}
}

// With endpoints at the root there are no pages, but mail all the same.
func TestDevShowsMailBesideEndpointsAtTheRoot(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", "basePath: /\n")
	p := start(t, dir, "dev", "--addr", "127.0.0.1:0")
	p.url = p.stdout.wait(t, mailAddress())
	p.mails(t, 0)
}

func mailAddress() *regexp.Regexp {
	return regexp.MustCompile(`Mail       (http://localhost:\d+)/dev/mail`)
}
