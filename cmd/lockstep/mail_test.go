package main_test

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestServeRefusesMail(t *testing.T) {
	tests := []struct {
		name, file string
		env        []string
		want       []string
	}{
		{
			"verified addresses only, and no mail", "emailAndPassword: {enabled: true, requireEmailVerification: true}\n", nil,
			[]string{"lockstep: emailAndPassword.requireEmailVerification lets nobody in without mail: set SMTP_URL and MAIL_FROM, or mail in lockstep.yaml"},
		},
		{
			"a mail server without a sender", "",
			[]string{"SMTP_URL=smtp://smtp.example.com"},
			[]string{`lockstep: no sender for mail: set MAIL_FROM, or mail.from, such as "Example <no-reply@example.com>"`},
		},
		{
			"a sender that is none", "",
			[]string{"SMTP_URL=smtp://smtp.example.com", "MAIL_FROM=canary"},
			[]string{`lockstep: smtp: the sender (From) is no address, such as "Example <no-reply@example.com>"`},
		},
		{
			"a user without a password", "mail: {from: a@example.com, smtp: {host: smtp.example.com, user: u}}\n", nil,
			[]string{"lockstep: no password for the mail server: set SMTP_PASSWORD, or mail.smtp.password"},
		},
		{
			"a mail server far away without TLS", "",
			[]string{"SMTP_URL=smtp://smtp.example.com?tls=none", "MAIL_FROM=a@example.com"},
			[]string{"lockstep: smtp: without security every link would cross the network in clear text"},
		},
		{
			"a service without a secret", "",
			[]string{"MAIL_WEBHOOK_URL=https://example.com"},
			[]string{"lockstep: no secret for the webhook of mail: set MAIL_WEBHOOK_SECRET, or mail.webhook.secret"},
		},
		{
			"a sender and nothing that sends", "",
			[]string{"MAIL_FROM=a@example.com"},
			[]string{"lockstep: nothing sends the mail: set SMTP_URL, mail.smtp or mail.webhook, or leave out the rest of mail"},
		},
		{
			"no folder of templates", "mail: {templates: none}\n", nil,
			[]string{"lockstep: there is no folder none for the texts of mail: make it, or change mail.templates"},
		},
		{
			"a language without texts", "mail: {locale: tlh}\n", nil,
			[]string{"lockstep: there are no texts of mail in the language of mail.locale: there is de, en"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "lockstep.yaml", "baseURL: https://auth.example.com\nsecret: 8d2f6a0c4e1b7395d8f2a6c0e4b17395\n"+tt.file)
			for _, command := range [][]string{{"serve", "--addr", "127.0.0.1:0"}, {"config", "check"}} {
				got := lockstep(t, dir, tt.env, command...)
				if diff := cmp.Diff(strings.Split(strings.TrimSpace(got.stderr), "\n"), tt.want); diff != "" || got.code != 1 {
					t.Errorf("%v: exit code %d; got -, want +:\n%s", command, got.code, diff)
				}
			}
		})
	}
}

func TestConfigCheckWarnsOfOptionsWithoutMail(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", strings.Replace(settings, "rateLimit", "user: {changeEmail: {enabled: true}}\nemailVerification: {sendOnSignIn: true}\nrateLimit", 1))
	got := lockstep(t, dir, nil, "config", "check")
	for _, want := range []string{"option=emailVerification.sendOnSignIn", "option=user.changeEmail.enabled"} {
		if !strings.Contains(got.stderr, want) {
			t.Errorf("got %swant a warning of %s", got.stderr, want)
		}
	}
	if strings.Contains(got.stderr, "sendOnSignUp") || got.code != 0 {
		t.Errorf("got exit code %d and %s", got.code, got.stderr)
	}
}

// The table of mail that waits is there before there are secrets.
func TestMigrateMakesTheTableOfMail(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", "mail: {webhook: {url: https://example.com/mail}}\n")
	got := lockstep(t, dir, nil, "migrate")
	if got.code != 0 || !strings.Contains(got.stdout, `create table "lockstepOutbox"`) {
		t.Errorf("got exit code %d and\n%s%swant the table", got.code, got.stdout, got.stderr)
	}
}

const mailSettings = `
baseURL: http://127.0.0.1:3000
secret: 8d2f6a0c4e1b7395d8f2a6c0e4b17395
emailAndPassword: {enabled: true, requireEmailVerification: true}
`

// signUp makes an account, which the server then sends mail for.
func (p *process) signUp(t *testing.T) {
	t.Helper()
	body := `{"name":"Ada","email":"ada@example.com","password":"correct horse","callbackURL":"/welcome"}`
	if got := p.send(t, http.MethodPost, "/api/auth/sign-up/email", body, "Origin", "http://127.0.0.1:3000"); got.status != http.StatusOK {
		t.Fatalf("got %d %s", got.status, got.body)
	}
}

func TestServeSendsMailWithAService(t *testing.T) {
	type call struct{ id, at, signature, body string }
	calls := make(chan call, 10)
	service := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		calls <- call{r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp"), r.Header.Get("Webhook-Signature"), string(body)}
	}))
	defer service.Close()
	const secret = "canary-0123456789abcdef0123"
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", mailSettings+fmt.Sprintf("mail: {webhook: {url: %q, secret: %s}, locale: de}\n", service.URL, secret))
	p := serve(t, dir)
	p.signUp(t)
	if code := p.stop(t); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}
	// The server has ended, so that everything it had to send is sent.
	if len(calls) != 1 {
		t.Fatalf("got %d messages, want 1; log:\n%s", len(calls), p.stderr)
	}
	got := <-calls
	mac := hmac.New(sha256.New, []byte(secret))
	io.WriteString(mac, got.id+"."+got.at+"."+got.body)
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); got.signature != want {
		t.Errorf("got signature %s, want %s", got.signature, want)
	}
	var m struct {
		To      string `json:"to"`
		Kind    string `json:"kind"`
		Subject string `json:"subject"`
		URL     string `json:"url"`
	}
	if err := json.Unmarshal([]byte(got.body), &m); err != nil {
		t.Fatal(err)
	}
	if m.To != "ada@example.com" || m.Kind != "verify-email" || !strings.Contains(m.Subject, "bestätigen") ||
		!strings.HasPrefix(m.URL, "http://127.0.0.1:3000/api/auth/verify-email?token=") {
		t.Errorf("got %+v", m)
	}
	if log := p.stderr.String(); strings.Contains(log, "canary") || strings.Contains(log, "ada@") {
		t.Errorf("the log has a secret or an address:\n%s", log)
	}
}

func TestServeSendsMailWithAMailServer(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	said := make(chan string, 1)
	go func() { said <- talkSMTP(l) }()
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", mailSettings+fmt.Sprintf("mail: {from: Shop <no-reply@example.com>, smtp: {url: 'smtp://%s?tls=none'}}\n", l.Addr()))
	p := serve(t, dir)
	p.signUp(t)
	if code := p.stop(t); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}
	select {
	case got := <-said:
		for _, want := range []string{"MAIL FROM:<no-reply@example.com>", "RCPT TO:<ada@example.com>", "/api/auth/verify-email"} {
			if !strings.Contains(got, want) {
				t.Errorf("the mail server was not told %q:\n%s", want, got)
			}
		}
	case <-time.After(10 * time.Second):
		t.Errorf("no mail; log:\n%s", p.stderr)
	}
}

// talkSMTP takes one message and returns all that it was told.
func talkSMTP(l net.Listener) string {
	conn, err := l.Accept()
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	var said strings.Builder
	fmt.Fprint(conn, "220 ready\r\n")
	inData := false
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		line := lines.Text()
		said.WriteString(line + "\n")
		switch verb, _, _ := strings.Cut(line, " "); {
		case inData && line != ".":
		case inData:
			fmt.Fprint(conn, "250 taken\r\n")
			return said.String()
		case verb == "DATA":
			inData = true
			fmt.Fprint(conn, "354 go on\r\n")
		default:
			fmt.Fprint(conn, "250 fine\r\n")
		}
	}
	return said.String()
}

// A mail server that is away does not keep the program from ending.
func TestServeEndsWithoutItsMailServer(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	dir := t.TempDir()
	write(t, dir, "lockstep.yaml", mailSettings+fmt.Sprintf("mail: {from: a@example.com, smtp: {url: 'smtp://%s?tls=none'}}\n", l.Addr()))
	p := serve(t, dir)
	p.signUp(t)
	if code := p.stop(t); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}
	if log := p.stderr.String(); !strings.Contains(log, "mail not sent, will try again") {
		t.Errorf("the log does not say that mail waits:\n%s", log)
	}
}
