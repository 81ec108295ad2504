package env_test

import (
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/env"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
)

func TestApplyMail(t *testing.T) {
	const inFile = "mail: {from: a@example.com, smtp: {host: file.example.com, user: u, password: file, tls: tls}, locale: de}\n"
	fromFile := file.SMTP{Host: "file.example.com", User: "u", Password: "file", TLS: "tls"}
	const hookInFile = "mail: {webhook: {url: https://file.example.com, secret: file}}\n"
	tests := []struct {
		name, file string
		env        map[string]string
		want       file.Mail
	}{
		{"nothing set changes nothing", inFile, nil, file.Mail{From: "a@example.com", SMTP: fromFile, Locale: "de"}},
		{
			"all that is needed", "",
			map[string]string{"MAIL_FROM": "b@example.com", "SMTP_URL": "smtps://u:p@env.example.com"},
			file.Mail{From: "b@example.com", SMTP: file.SMTP{Host: "env.example.com", User: "u", Password: "p", TLS: "tls"}},
		},
		{
			"another server does not get the password of the file", inFile,
			map[string]string{"SMTP_URL": "smtp://u@env.example.com"},
			file.Mail{From: "a@example.com", SMTP: file.SMTP{Host: "env.example.com", User: "u", TLS: "starttls"}, Locale: "de"},
		},
		{
			"the password alone completes the file", "mail: {smtp: {host: a, user: u}}",
			map[string]string{"SMTP_PASSWORD": "p:/@"},
			file.Mail{SMTP: file.SMTP{Host: "a", User: "u", Password: "p:/@"}},
		},
		{"the password without a server does nothing", "", map[string]string{"SMTP_PASSWORD": "p"}, file.Mail{}},
		{
			"a service takes the place of a server", inFile,
			map[string]string{"MAIL_WEBHOOK_URL": "https://env.example.com", "MAIL_WEBHOOK_SECRET": "s"},
			file.Mail{From: "a@example.com", Webhook: file.Webhook{URL: "https://env.example.com", Secret: "s"}, Locale: "de"},
		},
		{
			"another service does not get the secret of the file", hookInFile,
			map[string]string{"MAIL_WEBHOOK_URL": "https://env.example.com"},
			file.Mail{Webhook: file.Webhook{URL: "https://env.example.com"}},
		},
		{
			"the secret alone completes the file", hookInFile,
			map[string]string{"MAIL_WEBHOOK_SECRET": "env"},
			file.Mail{Webhook: file.Webhook{URL: "https://file.example.com", Secret: "env"}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := parse(t, tt.file)
			if err := env.Apply(s, getenv(tt.env)); err != nil {
				t.Fatal(err)
			}
			if s.Mail != tt.want {
				t.Errorf("got %v, %q, %q, %q, want %v, %q, %q, %q", s.Mail.From, s.Mail.SMTP.Host, s.Mail.SMTP.Password, s.Mail.Webhook.Secret,
					tt.want.From, tt.want.SMTP.Host, tt.want.SMTP.Password, tt.want.Webhook.Secret)
			}
		})
	}
}

func TestApplyRefusesMail(t *testing.T) {
	for name, vars := range map[string]map[string]string{
		"no URL":   {"SMTP_URL": "canary:25"},
		"two ways": {"SMTP_URL": "smtp://canary", "MAIL_WEBHOOK_URL": "https://canary"},
	} {
		s := parse(t, "mail: {from: a@example.com}")
		err := env.Apply(s, getenv(vars))
		if err == nil || !strings.Contains(err.Error(), "SMTP_URL") || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v, want an error about SMTP_URL without its value", name, err)
		}
		if s.Mail.IsSent() {
			t.Errorf("%s: mail is sent all the same", name)
		}
	}
}
