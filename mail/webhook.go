package mail

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	// webhookTimeout bounds one call of a webhook.
	webhookTimeout = 15 * time.Second

	// minWebhookSecret is the shortest secret that signs, in bytes.
	minWebhookSecret = 24

	// maxAnswer is how much of an answer is read, so that the connection can
	// be used again, in bytes.
	maxAnswer = 64 << 10
)

// A WebhookConfig describes a Webhook. URL, Secret and Now are required.
type WebhookConfig struct {
	// URL takes the messages. It is https, or http on this machine.
	URL string

	// Secret signs them. It has at least 24 characters.
	Secret string

	// Client makes the calls. Defaults to one that gives up after 15 seconds.
	// Redirects are never followed: they would take secrets elsewhere.
	Client *http.Client

	// Now is the clock.
	Now func() time.Time
}

// String returns "[redacted]".
func (WebhookConfig) String() string { return redacted }

// GoString returns "[redacted]".
func (WebhookConfig) GoString() string { return redacted }

// A Webhook is a Mailer that hands messages to a service of yours, as the JSON
// form of Message in a POST request. Requests are signed as the Standard
// Webhooks specification says (https://www.standardwebhooks.com): the headers
// webhook-id, webhook-timestamp (Unix seconds) and webhook-signature, which is
// "v1," and the base64 of HMAC-SHA-256 over "id.timestamp.body". The key is the
// secret as text, or, if it begins with "whsec_", the bytes that the rest is the
// base64 of.
//
// 2xx means that the message was taken over; 408, 425, 429 and 5xx that it is to
// be sent again; all else that it never will be taken. It is safe for concurrent
// use.
type Webhook struct {
	url    string
	key    []byte
	client *http.Client
	now    func() time.Time
}

// NewWebhook returns a Webhook. The error lists everything that is wrong.
func NewWebhook(c WebhookConfig) (*Webhook, error) {
	u, err := url.Parse(c.URL)
	var errs []error
	if err != nil || u.Host == "" || (u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname()))) {
		errs = append(errs, errors.New("mail: the URL of a webhook must be https, or http on this machine"))
	}
	if len(c.Secret) < minWebhookSecret {
		errs = append(errs, fmt.Errorf("mail: the secret of a webhook needs %d characters", minWebhookSecret))
	}
	if c.Now == nil {
		errs = append(errs, errors.New("mail: a webhook needs a clock"))
	}
	key, err := webhookKey(c.Secret)
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	client := http.Client{Timeout: webhookTimeout}
	if c.Client != nil {
		client = *c.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Webhook{url: c.URL, key: key, client: &client, now: c.Now}, nil
}

func webhookKey(secret string) ([]byte, error) {
	const prefix = "whsec_"
	if len(secret) < len(prefix) || secret[:len(prefix)] != prefix {
		return []byte(secret), nil
	}
	key, err := base64.StdEncoding.DecodeString(secret[len(prefix):])
	if err != nil {
		return nil, errors.New(`mail: the secret of a webhook begins with "whsec_", but the rest is not base64`)
	}
	return key, nil
}

// Send posts the message.
func (w *Webhook) Send(ctx context.Context, m Message) error {
	if err := m.Check(); err != nil {
		return err
	}
	if m.ID == "" {
		m.ID = newID()
	}
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("%w: encode message: %w", ErrPermanent, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPermanent, err)
	}
	at := strconv.FormatInt(w.now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Webhook-Id", m.ID)
	req.Header.Set("Webhook-Timestamp", at)
	req.Header.Set("Webhook-Signature", "v1,"+w.sign(m.ID+"."+at+".", body))
	resp, err := w.client.Do(req)
	if err != nil {
		return fmt.Errorf("call webhook: %w", err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer))
	return verdict(resp.StatusCode)
}

func (w *Webhook) sign(prefix string, body []byte) string {
	mac := hmac.New(sha256.New, w.key)
	mac.Write([]byte(prefix))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func verdict(status int) error {
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests, status >= 500:
		return fmt.Errorf("webhook answered %d", status)
	}
	return fmt.Errorf("%w: webhook answered %d", ErrPermanent, status)
}

// newID returns an id that no other message has.
func newID() string { return "msg_" + rand.Text() }

var _ Mailer = (*Webhook)(nil)
