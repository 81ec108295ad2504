package env

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/file"
)

// mail changes how mail is sent. Another server or service than the file's gets
// neither its password nor its secret.
func mail(m *file.Mail, getenv func(string) string) error {
	m.From = cmp.Or(getenv("MAIL_FROM"), m.From)
	server, service := getenv("SMTP_URL"), getenv("MAIL_WEBHOOK_URL")
	switch {
	case server != "" && service != "":
		return errors.New("mail is sent either with SMTP_URL or with MAIL_WEBHOOK_URL, not with both")
	case server != "":
		smtp, err := file.ParseSMTPURL(server)
		if err != nil {
			return fmt.Errorf("SMTP_URL %w", err)
		}
		m.SMTP, m.Webhook = smtp, file.Webhook{}
	case service != "" && service != m.Webhook.URL:
		m.SMTP, m.Webhook = file.SMTP{}, file.Webhook{URL: service}
	}
	if m.SMTP.Host != "" {
		m.SMTP.Password = cmp.Or(getenv("SMTP_PASSWORD"), m.SMTP.Password)
	}
	if m.Webhook.URL != "" {
		m.Webhook.Secret = cmp.Or(getenv("MAIL_WEBHOOK_SECRET"), m.Webhook.Secret)
	}
	return nil
}
