package lockstep

import (
	"cmp"
	"context"
	"io/fs"
	"net/http"
	"slices"
	"time"

	"github.com/lockstep-auth/lockstep/identity"
	"github.com/lockstep-auth/lockstep/internal/ratelimit"
	"github.com/lockstep-auth/lockstep/internal/secure"
	"github.com/lockstep-auth/lockstep/mail"
	"github.com/lockstep-auth/lockstep/plugin"
	"github.com/lockstep-auth/lockstep/store"
)

// A Link is a link to be sent by mail.
type Link = plugin.Link

// Mail sends the server's mail without a callback of yours:
//
//	Mail: lockstep.Mail{Mailer: mailer}
//
// It stands in for every callback that is not set: SendResetPassword,
// SendVerificationEmail, SendChangeEmailConfirmation,
// SendDeleteAccountVerification and OnExistingUserSignUp. What these callbacks
// switch on is on with it: a deletion, for one, has to be confirmed by mail.
type Mail struct {
	// Mailer hands messages over, such as one of package mail/smtp or a
	// mail.Webhook. Without it this is off. If it has a method Close,
	// Auth.Close calls it.
	Mailer mail.Mailer

	// Templates is a folder with texts of your own; see mail.NewTemplates.
	Templates fs.FS

	// Locale returns the language of the reader, such as "de". Defaults to
	// what the Accept-Language of the request prefers.
	Locale func(l Link) string

	// Queue keeps messages until the Mailer takes them over: "database" (the
	// default with a Store; a table "lockstepOutbox", sealed with the secret,
	// so that a restart loses no mail), "memory" (the default without), or
	// "none", which tries once: for a mailer that cannot fail.
	Queue string
}

// mailTexts makes messages of links and sends them.
type mailTexts struct {
	templates *mail.Templates
	mailer    mail.Mailer
	locale    func(Link) string
	now       func() time.Time
}

// checkMail checks the options of mail, and reads the templates.
func (b *builder) checkMail() {
	m := &b.Mail
	if !slices.Contains([]string{"", "database", "memory", "none"}, m.Queue) {
		b.fail("Mail.Queue is %q, must be \"database\", \"memory\" or \"none\"", m.Queue)
	}
	if m.Queue == "database" && b.Store == nil {
		b.fail("Mail.Queue is \"database\", but there is no Store")
	}
	if m.Mailer != nil {
		var err error
		b.templates, err = mail.NewTemplates(b.AppName, m.Templates)
		b.check(err)
	}
}

// fillMail sets the callbacks that are not set, if there is a Mailer. They work
// after startMail.
func (b *builder) fillMail() {
	if b.Mail.Mailer == nil {
		return
	}
	t := &mailTexts{templates: b.templates, locale: b.Mail.Locale, now: b.Now}
	b.texts = t
	if t.locale == nil {
		t.locale = func(l Link) string { return t.templates.Match(l.Request.Header.Get("Accept-Language")) }
	}
	set := func(send *SendLink, kind string, life time.Duration) {
		if *send == nil {
			*send = func(ctx context.Context, l Link) error { return t.send(ctx, kind, life, l) }
		}
	}
	set(&b.EmailAndPassword.SendResetPassword, mail.KindResetPassword, b.EmailAndPassword.ResetPasswordTokenExpiresIn)
	set(&b.EmailVerification.SendVerificationEmail, mail.KindVerifyEmail, b.EmailVerification.ExpiresIn)
	set(&b.User.ChangeEmail.SendChangeEmailConfirmation, mail.KindChangeEmail, b.EmailVerification.ExpiresIn)
	set(&b.User.DeleteUser.SendDeleteAccountVerification, mail.KindDeleteUser, b.User.DeleteUser.DeleteTokenExpiresIn)
	if b.EmailAndPassword.OnExistingUserSignUp == nil {
		b.EmailAndPassword.OnExistingUserSignUp = func(ctx context.Context, u *identity.User, r *http.Request) error {
			return t.send(ctx, mail.KindExistingUser, 0, Link{User: u, Request: r})
		}
	}
}

// startMail gives the callbacks of fillMail who takes their messages.
func (b *builder) startMail(secrets *secure.Secrets, db store.Store) {
	if b.texts != nil {
		b.texts.mailer = b.mailQueue(secrets, db)
	}
}

// send sends a message of the kind to the user of the link, whose secret lives
// for life from now; 0 is for ever.
func (t *mailTexts) send(ctx context.Context, kind string, life time.Duration, l Link) error {
	d := mail.Data{Name: l.User.Name, To: l.User.Email, NewEmail: l.NewEmail, URL: l.URL, Token: l.Token}
	if life > 0 {
		d.Expires = t.now().Add(life)
	}
	m, err := t.templates.Render(kind, t.locale(l), d)
	if err != nil {
		return err
	}
	return t.mailer.Send(ctx, m)
}

// keepsMail reports whether the database keeps messages until they are sent.
func (b *builder) keepsMail() bool {
	return b.Mail.Mailer != nil && b.Store != nil && cmp.Or(b.Mail.Queue, "database") == "database"
}

// mailQueue returns the mailer that takes messages, with a queue before it if
// there is to be one.
func (b *builder) mailQueue(secrets *secure.Secrets, db store.Store) mail.Mailer {
	if b.Mail.Queue == "none" {
		return b.Mail.Mailer
	}
	var queue mail.Queue = mail.NewMemoryQueue(maxWaitingMail)
	if b.keepsMail() {
		queue = newOutboxStore(db, secrets)
	}
	c := mail.OutboxConfig{Mailer: b.Mail.Mailer, Queue: queue, Now: b.Now, Log: b.Log}
	if !b.limits() {
		c.PerRecipient = -1
	}
	b.outbox = mail.NewOutbox(c)
	return b.outbox
}

// maxWaitingMail bounds the memory of a queue in memory, in messages of a few
// kilobytes.
const maxWaitingMail = 1000

// wakeOutbox sends, once, what an earlier process has left in the queue. It
// waits for the first request, since the tables may not be there before.
func (a *Auth) wakeOutbox() {
	if a.outbox != nil {
		a.wake.Do(a.outbox.Wake)
	}
}

// limits reports whether clients are limited.
func (b *builder) limits() bool { return or(b.RateLimit.Enabled, !b.Development) }

// allowMail returns the function that counts mails by purpose and address.
func (b *builder) allowMail() func(purpose, recipient string) bool {
	if !b.limits() {
		return func(string, string) bool { return true }
	}
	limiter := ratelimit.NewMemory(maxLimitedClients)
	rule := ratelimit.Rule{Window: time.Hour, Max: b.RateLimit.MailsPerAddress}
	return func(purpose, recipient string) bool {
		d, err := limiter.Take(context.Background(), ratelimit.Key(recipient, purpose), rule, b.Now())
		return err == nil && d.Allowed
	}
}
