package mail_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/mail"
)

const webhookSecret = "a secret for the webhook, 0123"

func clock() time.Time { return time.Unix(1_700_000_000, 0) }

func TestWebhook(t *testing.T) {
	t.Parallel()
	for name, secret := range map[string]string{
		"text": webhookSecret, "base64": "whsec_" + base64.StdEncoding.EncodeToString([]byte(webhookSecret)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got mail.Message
			srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				mac := hmac.New(sha256.New, []byte(webhookSecret))
				io.WriteString(mac, r.Header.Get("webhook-id")+".1700000000."+string(body))
				if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); r.Header.Get("webhook-signature") != want ||
					r.Header.Get("webhook-timestamp") != "1700000000" || r.Header.Get("webhook-id") != "msg_1" ||
					r.Method != "POST" || r.Header.Get("content-type") != "application/json" {
					t.Errorf("%s %v", r.Method, r.Header)
				}
				if err := json.Unmarshal(body, &got); err != nil {
					t.Error(err)
				}
			}))
			defer srv.Close()
			w, err := mail.NewWebhook(mail.WebhookConfig{URL: srv.URL, Secret: secret, Now: clock})
			if err != nil {
				t.Fatal(err)
			}
			m := message()
			m.ID = "msg_1"
			if err := w.Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			if got != m {
				t.Error(cmp.Diff(got.URL, m.URL))
			}
		})
	}
}

func TestWebhookAnswers(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect is followed") }))
	t.Cleanup(elsewhere.Close)
	for _, tc := range []struct {
		status    int
		permanent bool
	}{{400, true}, {404, true}, {410, true}, {307, true}, {408, false}, {425, false}, {429, false}, {500, false}, {503, false}} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", elsewhere.URL)
			w.WriteHeader(tc.status)
			io.WriteString(w, strings.Repeat("secret", 100_000))
		}))
		w, err := mail.NewWebhook(mail.WebhookConfig{URL: srv.URL, Secret: webhookSecret, Now: clock})
		if err != nil {
			t.Fatal(err)
		}
		err = w.Send(t.Context(), message())
		if err == nil || errors.Is(err, mail.ErrPermanent) != tc.permanent || strings.Contains(err.Error(), "secret") {
			t.Errorf("%d: %v", tc.status, err)
		}
		srv.Close()
	}
}

func TestWebhookEndsWithTheContext(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	defer srv.Close()
	defer close(hang)
	w, err := mail.NewWebhook(mail.WebhookConfig{URL: srv.URL, Secret: webhookSecret, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := w.Send(ctx, message()); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, mail.ErrPermanent) {
		t.Errorf("got %v", err)
	}
}

func TestNewWebhook(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		c    mail.WebhookConfig
		want string
	}{
		"https":                {mail.WebhookConfig{URL: "https://x.test/hook", Secret: webhookSecret, Now: clock}, ""},
		"http on this machine": {mail.WebhookConfig{URL: "http://[::1]:1/hook", Secret: webhookSecret, Now: clock}, ""},
		"http to others":       {mail.WebhookConfig{URL: "http://x.test", Secret: webhookSecret, Now: clock}, "must be https"},
		"no URL":               {mail.WebhookConfig{URL: "hook", Secret: webhookSecret, Now: clock}, "must be https"},
		"a short secret":       {mail.WebhookConfig{URL: "https://x.test", Secret: "hunter2", Now: clock}, "24 characters"},
		"bad base64":           {mail.WebhookConfig{URL: "https://x.test", Secret: "whsec_!!!!!!!!!!!!!!!!!!!!!!!!", Now: clock}, "not base64"},
		"no clock":             {mail.WebhookConfig{URL: "https://x.test", Secret: webhookSecret}, "clock"},
	} {
		_, err := mail.NewWebhook(tc.c)
		if (err == nil) != (tc.want == "") || (err != nil && !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error tells the secret", name)
		}
	}
}
