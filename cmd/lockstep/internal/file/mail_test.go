package file_test

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	lockstep "github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
)

func TestParseMail(t *testing.T) {
	tests := []struct {
		name, text string
		want       file.Mail
	}{
		{"none", "appName: x", file.Mail{}},
		{"a mail server in parts", `
mail:
  from: Shop <no-reply@example.com>
  smtp: {host: smtp.example.com, port: 465, user: shop, password: "1", tls: tls}
`, file.Mail{
			From: "Shop <no-reply@example.com>",
			SMTP: file.SMTP{Host: "smtp.example.com", Port: 465, User: "shop", Password: "1", TLS: "tls"},
		}},
		{
			"a mail server as a URL", "mail: {smtp: {url: 'smtp://a%40b:p%2F@smtp.example.com:2525'}}",
			file.Mail{SMTP: file.SMTP{Host: "smtp.example.com", Port: 2525, User: "a@b", Password: "p/", TLS: "starttls"}},
		},
		{
			"a service, texts and a language", "mail: {webhook: {url: 'https://example.com/mail', secret: s}, templates: ./mail, locale: de}",
			file.Mail{Webhook: file.Webhook{URL: "https://example.com/mail", Secret: "s"}, Templates: "./mail", Locale: "de"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := file.Parse("lockstep.yaml", []byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if s.Mail != tt.want {
				t.Errorf("got %#v, want %#v", plainMail(s.Mail), plainMail(tt.want))
			}
			if got, want := s.Mail.IsSent(), tt.want.SMTP.Host != "" || tt.want.Webhook.URL != ""; got != want {
				t.Errorf("IsSent: got %v, want %v", got, want)
			}
		})
	}
}

// plainMail shows what prints as redacted.
func plainMail(m file.Mail) string {
	return strings.Join([]string{m.From, m.SMTP.Host, strconv.Itoa(m.SMTP.Port), m.SMTP.User, m.SMTP.Password, m.SMTP.TLS, m.Webhook.URL, m.Webhook.Secret}, "|")
}

func TestParseMailErrors(t *testing.T) {
	const smtpURL = "must be smtp://user:password@host:587, smtps://user:password@host:465, or without TLS smtp://host:25?tls=none"
	tests := []struct {
		name, text string
		want       []string
	}{
		{"two ways", "mail: {smtp: {host: a}, webhook: {url: b}}", []string{"mail is sent either with smtp or with webhook, not with both"}},
		{"a mail server without a host", "mail: {smtp: {user: a}}", []string{"mail.smtp.host is missing, or a url"}},
		{
			"a URL and parts", "mail: {smtp: {url: 'smtp://a', user: b}}",
			[]string{"mail.smtp.url stands for the rest of mail.smtp: leave that out"},
		},
		{"another protocol", "mail: {smtp: {url: 'https://canary'}}", []string{"mail.smtp.url " + smtpURL}},
		{"no port", "mail: {smtp: {host: a, port: 70000}}", []string{"mail.smtp.port must be a number from 1 to 65535"}},
		{"port 0", "mail: {smtp: {host: a, port: 0}}", []string{"mail.smtp.port must be a number from 1 to 65535"}},
		{"another kind of TLS", "mail: {smtp: {host: a, tls: ssl}}", []string{"mail.smtp.tls must be starttls, tls or none"}},
		{"TLS as a switch", "mail: {smtp: {host: a, tls: true}}", []string{"mail.smtp.tls must be text, not true or false (put it in quotes)"}},
		{"a service without an address", "mail: {webhook: {secret: canary}}", []string{"mail.webhook.url is missing"}},
		{"another way", "mail: {sendmail: /usr/sbin}", []string{"unknown option mail.sendmail: there is from, locale, smtp, templates, webhook"}},
		{"a letter too many", "mail: {smtp: {hosst: a}}", []string{
			"unknown option mail.smtp.hosst: did you mean mail.smtp.host?", "mail.smtp.host is missing, or a url",
		}},
		{"a mail server as text", "mail: {smtp: a}", []string{
			"mail.smtp must be a section of options, not text", "mail.smtp.host is missing, or a url",
		}},
		{
			"half a choice of secrets", "verification: {storeIdentifier: {overrides: {a: plain}}}",
			[]string{"verification.storeIdentifier.default is missing: plain or hashed"},
		},
		{
			"a list of secrets", "verification: {storeIdentifier: [plain]}",
			[]string{"verification.storeIdentifier must be plain, hashed, or a section with default and overrides, not a list"},
		},
		{
			"a function for secrets", "verification: {storeIdentifier: {default: plain, overrides: {a: {hash: x}}}}",
			[]string{"verification.storeIdentifier.overrides.a must be text, not a section"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := file.Parse("f.yaml", []byte(tt.text))
			if err == nil {
				t.Fatal("got no error")
			}
			got := strings.Split(strings.ReplaceAll(err.Error(), "f.yaml:1: ", ""), "\n")
			if diff := cmp.Diff(got, tt.want); diff != "" {
				t.Errorf("got -, want +:\n%s", diff)
			}
		})
	}
}

func TestParseOptionsOfMail(t *testing.T) {
	s, err := file.Parse("lockstep.yaml", []byte(`
emailAndPassword: {requireEmailVerification: true, resetPasswordTokenExpiresIn: 600, revokeSessionsOnPasswordReset: false}
emailVerification: {sendOnSignUp: false, sendOnSignIn: true, autoSignInAfterVerification: true, expiresIn: 60}
user:
  changeEmail: {enabled: true, updateEmailWithoutVerification: true}
  deleteUser: {enabled: true, deleteTokenExpiresIn: 60}
verification: {storeIdentifier: {default: hashed, overrides: {"reset-password:": plain, a: hashed}}, disableCleanup: true}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := lockstep.Config{
		EmailAndPassword: lockstep.EmailAndPassword{
			RequireEmailVerification: true, ResetPasswordTokenExpiresIn: 10 * time.Minute, RevokeSessionsOnPasswordReset: new(false),
		},
		EmailVerification: lockstep.EmailVerification{
			SendOnSignUp: new(false), SendOnSignIn: true, AutoSignInAfterVerification: true, ExpiresIn: time.Minute,
		},
		User: lockstep.UserOptions{
			ChangeEmail: lockstep.ChangeEmail{Enabled: true, UpdateEmailWithoutVerification: true},
			DeleteUser:  lockstep.DeleteUser{Enabled: true, DeleteTokenExpiresIn: time.Minute},
		},
		Verification: lockstep.VerificationOptions{
			StoreIdentifier: "hashed", DisableCleanup: true,
			StoreIdentifierOverrides: []lockstep.StoreIdentifierOverride{
				{Prefix: "reset-password:", StoreIdentifier: "plain"}, {Prefix: "a", StoreIdentifier: "hashed"},
			},
		},
	}
	if diff := cmp.Diff(s.Auth, want, compareConfig()...); diff != "" {
		t.Errorf("got -, want +:\n%s", diff)
	}
	s, err = file.Parse("lockstep.yaml", []byte("verification: {storeIdentifier: hashed}"))
	if err != nil || s.Auth.Verification.StoreIdentifier != "hashed" {
		t.Errorf("as a word: got %v, %v", s, err)
	}
}

func TestMailPrintsRedacted(t *testing.T) {
	s, err := file.Parse("f.yaml", []byte("mail: {from: canary, smtp: {host: a, user: canary, password: canary}}"))
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		hook := file.Webhook{URL: "canary", Secret: "canary"}
		if got := fmt.Sprintf(strings.Repeat(format, 3), s.Mail, s.Mail.SMTP, hook); strings.Contains(got, "canary") {
			t.Errorf("%s shows secrets: %s", format, got)
		}
	}
	if got := string(print(t, s)); strings.Count(got, "canary") != 1 {
		t.Errorf("got\n%swant the sender and no secret", got)
	}
}

// FuzzSMTPURL holds that what is accepted says nothing but a mail server: the
// parts make a URL that says the same.
func FuzzSMTPURL(f *testing.F) {
	for _, seed := range []string{
		"smtp://a", "smtps://u:p@a:465", "smtp://a:25?tls=none", "smtp://[::1]:1025?tls=none", "smtp://a%40b:%2F@a/", "smtps://a?tls=none",
		"smtp://a#b", "smtp:a", "//a", "smtp://a/b", "SMTP://a:070", "smtp://::",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := file.ParseSMTPURL(text)
		if err != nil {
			if s != (file.SMTP{}) {
				t.Error("got a mail server with the error")
			}
			return
		}
		if s.Host == "" || s.Port < 0 || s.Port > 65535 {
			t.Errorf("accepted %q", text)
		}
		u := url.URL{Scheme: "smtp", Host: s.Host, User: url.UserPassword(s.User, s.Password)}
		if strings.Contains(s.Host, ":") {
			u.Host = "[" + s.Host + "]"
		}
		if s.Port != 0 {
			u.Host = net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
		}
		switch s.TLS {
		case "tls":
			u.Scheme = "smtps"
		case "none":
			u.RawQuery = "tls=none"
		}
		again, err := file.ParseSMTPURL(u.String())
		if err != nil || again != s {
			t.Errorf("%q: got %v and then another (%v)", text, u.String(), err)
		}
	})
}
