package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	lockstep "github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
	"github.com/lockstep-auth/lockstep/mail"
	"github.com/lockstep-auth/lockstep/mail/smtp"
)

// lastMail is how long mail that is on its way has when a server ends. What is
// left waits in the database.
const lastMail = 10 * time.Second

// setMail carries the section mail over into the options of the server. What
// sends the mail may lack its secrets, which only those commands mind that send:
// see unusable.
func setMail(s *file.Settings, now func() time.Time) error {
	m := &s.Auth.Mail
	if dir := s.Mail.Templates; dir != "" {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return fmt.Errorf("there is no folder %s for the texts of mail: make it, or change mail.templates", dir)
		}
		m.Templates = os.DirFS(dir)
	}
	if locale := s.Mail.Locale; locale != "" {
		t, err := mail.NewTemplates(s.Auth.AppName, m.Templates)
		if err != nil {
			return err
		}
		if !slices.Contains(t.Locales(), strings.ToLower(locale)) {
			return fmt.Errorf("there are no texts of mail in the language of mail.locale: there is %s", strings.Join(t.Locales(), ", "))
		}
		m.Locale = func(lockstep.Link) string { return locale }
	}
	if s.Mail == (file.Mail{}) {
		return nil
	}
	var err error
	if m.Mailer, err = newMailer(&s.Mail, now); err != nil {
		m.Mailer = unusable{err}
	}
	return nil
}

// newMailer returns what sends the mail.
func newMailer(m *file.Mail, now func() time.Time) (mail.Mailer, error) {
	if !m.IsSent() {
		return nil, errors.New("nothing sends the mail: set SMTP_URL, mail.smtp or mail.webhook, or leave out the rest of mail")
	}
	if m.Webhook.URL != "" {
		if m.Webhook.Secret == "" {
			return nil, errors.New("no secret for the webhook of mail: set MAIL_WEBHOOK_SECRET, or mail.webhook.secret")
		}
		return mail.NewWebhook(mail.WebhookConfig{URL: m.Webhook.URL, Secret: m.Webhook.Secret, Now: now})
	}
	if m.From == "" {
		return nil, errors.New(`no sender for mail: set MAIL_FROM, or mail.from, such as "Example <no-reply@example.com>"`)
	}
	if m.SMTP.User != "" && m.SMTP.Password == "" {
		return nil, errors.New("no password for the mail server: set SMTP_PASSWORD, or mail.smtp.password")
	}
	return smtp.New(smtp.Config{
		Host: m.SMTP.Host, Port: m.SMTP.Port, Security: smtp.Security(m.SMTP.TLS),
		Username: m.SMTP.User, Password: m.SMTP.Password, From: m.From, Now: now,
	})
}

// unusable stands for a mailer that cannot be made. With it a server has the
// tables that it will have.
type unusable struct{ error }

// Send returns why not.
func (u unusable) Send(context.Context, mail.Message) error { return u.error }

// checkMail returns what is wrong with mail, for a server that sends it.
func checkMail(c *lockstep.Config) error {
	if u, ok := c.Mail.Mailer.(unusable); ok {
		return u.error
	}
	if c.EmailAndPassword.RequireEmailVerification && c.Mail.Mailer == nil {
		return errors.New("emailAndPassword.requireEmailVerification lets nobody in without mail: " +
			"set SMTP_URL and MAIL_FROM, or mail in " + defaultConfig)
	}
	return nil
}

// warnMail says what is switched on and does nothing without mail.
func warnMail(ctx context.Context, c *lockstep.Config) {
	if c.Mail.Mailer != nil {
		return
	}
	for _, o := range []struct {
		name string
		on   bool
	}{
		{"emailVerification.sendOnSignUp", c.EmailVerification.SendOnSignUp != nil && *c.EmailVerification.SendOnSignUp},
		{"emailVerification.sendOnSignIn", c.EmailVerification.SendOnSignIn},
		{"user.changeEmail.enabled", c.User.ChangeEmail.Enabled && !c.User.ChangeEmail.UpdateEmailWithoutVerification},
	} {
		if o.on {
			c.Log.WarnContext(ctx, "an option needs mail, and none is configured", "option", o.name)
		}
	}
}

// finish lets a server that serves nobody any more end its work.
func finish(ctx context.Context, auth *lockstep.Auth, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastMail)
	defer cancel()
	if err := auth.Close(ctx); err != nil {
		log.WarnContext(ctx, "ended before all mail was sent: what waits in the database is sent after the next start", "err", err)
	}
}

var _ mail.Mailer = unusable{}
