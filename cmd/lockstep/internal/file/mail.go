package file

import (
	"errors"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Mail says how mail is sent: with SMTP or with Webhook. The zero Mail sends
// none.
type Mail struct {
	// From is the sender, such as "Example <no-reply@example.com>".
	From string `option:"from"`

	SMTP    SMTP    `option:"smtp"`
	Webhook Webhook `option:"webhook"`

	// Templates is a folder with texts of one's own; see mail.NewTemplates.
	Templates string `option:"templates"`

	// Locale is the language of all mail. Without it, it is the reader's.
	Locale string `option:"locale"`
}

// An SMTP is a mail server. In a file, url can stand for the rest.
type SMTP struct {
	Host     string `option:"host"`
	Port     int    `option:"port"` // 0 is the usual one
	User     string `option:"user"`
	Password string `option:"password"`

	// TLS is "starttls" (also when empty), "tls" (from the start) or "none".
	TLS string `option:"tls"`
}

// A Webhook is a service that sends the mail.
type Webhook struct {
	URL    string `option:"url"`
	Secret string `option:"secret"`
}

// IsSent reports whether there is something that sends mail.
func (m *Mail) IsSent() bool { return m.SMTP != SMTP{} || m.Webhook != Webhook{} }

// String returns "[redacted]".
func (Mail) String() string { return redacted }

// GoString returns "[redacted]".
func (Mail) GoString() string { return redacted }

// String returns "[redacted]".
func (SMTP) String() string { return redacted }

// GoString returns "[redacted]".
func (SMTP) GoString() string { return redacted }

// String returns "[redacted]".
func (Webhook) String() string { return redacted }

// GoString returns "[redacted]".
func (Webhook) GoString() string { return redacted }

// errSMTPURL shows nothing of the URL: there is a password in it.
var errSMTPURL = errors.New("must be smtp://user:password@host:587, smtps://user:password@host:465, or without TLS smtp://host:25?tls=none")

// ParseSMTPURL reads a mail server as a URL. User and password are encoded as
// in every URL. The error does not show it.
func ParseSMTPURL(text string) (SMTP, error) {
	u, err := url.Parse(text)
	if err != nil || !isHost(u.Hostname()) || u.Fragment != "" || (u.Path != "" && u.Path != "/") {
		return SMTP{}, errSMTPURL
	}
	s := SMTP{Host: u.Hostname(), User: u.User.Username()}
	s.Password, _ = u.User.Password()
	if port := u.Port(); port != "" {
		if s.Port, err = strconv.Atoi(port); err != nil || s.Port < 1 || s.Port > maxPort {
			return SMTP{}, errSMTPURL
		}
	}
	switch {
	case u.Scheme == "smtp" && u.RawQuery == "tls=none":
		s.TLS = "none"
	case u.Scheme == "smtp" && u.RawQuery == "":
		s.TLS = "starttls"
	case u.Scheme == "smtps" && u.RawQuery == "":
		s.TLS = "tls"
	default:
		return SMTP{}, errSMTPURL
	}
	return s, nil
}

const maxPort = 65535

// isHost reports whether s is an address or looks like a name.
func isHost(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r|0x20 < 'a' || r|0x20 > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("-._", r)
	})
}

func (d *decoder) mail(path string, n *yaml.Node) {
	m := &d.settings.Mail
	d.section(path, n, m)
	given := func(name string) bool { return d.settings.given[path+"."+name] }
	if given("smtp") && given("webhook") {
		d.fail(n, "%s is sent either with smtp or with webhook, not with both", path)
	}
	switch {
	case given("smtp.url"):
		if given("smtp.host") || given("smtp.port") || given("smtp.user") || given("smtp.password") || given("smtp.tls") {
			d.fail(n, "%s.smtp.url stands for the rest of %[1]s.smtp: leave that out", path)
		}
	case given("smtp") && m.SMTP.Host == "":
		d.fail(n, "%s.smtp.host is missing, or a url", path)
	}
	if given("smtp.port") && (m.SMTP.Port < 1 || m.SMTP.Port > maxPort) {
		d.fail(n, "%s.smtp.port must be a number from 1 to %d", path, maxPort)
	}
	if !slices.Contains([]string{"", "starttls", "tls", "none"}, m.SMTP.TLS) {
		d.fail(n, "%s.smtp.tls must be starttls, tls or none", path)
	}
	if given("webhook") && m.Webhook.URL == "" {
		d.fail(n, "%s.webhook.url is missing", path)
	}
}

// smtpURL is a mail server in one text.
func (d *decoder) smtpURL(path string, n *yaml.Node) {
	var text string
	if d.text(path, n, &text); text == "" {
		return
	}
	s, err := ParseSMTPURL(text)
	if err != nil {
		d.fail(n, "%s %v", path, err)
		return
	}
	d.settings.Mail.SMTP = s
}

func encodeMail(s *Settings) *yaml.Node {
	e := &encoder{settings: s}
	return e.section("mail", reflect.ValueOf(&s.Mail).Elem())
}
