package convex_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/lockstep-auth/lockstep/convex"
)

func TestURLs(t *testing.T) {
	tests := []struct {
		name string
		url  string
		want string // where a query goes
	}{
		{"cloud", "https://happy-otter-123.convex.cloud", "https://happy-otter-123.convex.cloud/api/query"},
		{"regional", "https://happy-otter-123.eu-west-1.convex.cloud", "https://happy-otter-123.eu-west-1.convex.cloud/api/query"},
		{"custom domain", "https://api.example.com", "https://api.example.com/api/query"},
		{"self-hosted, local", "http://127.0.0.1:3210", "http://127.0.0.1:3210/api/query"},
		{"IPv6", "http://[::1]:3210", "http://[::1]:3210/api/query"},
		{"trailing slashes are dropped", "https://example.com//", "https://example.com/api/query"},
		{"path prefix", "https://example.com/convex/", "https://example.com/convex/api/query"},
		{"escaped path prefix", "https://example.com/a%2Fb/", "https://example.com/a%2Fb/api/query"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &script{replies: []reply{success()}}
			c := newClient(t, convex.Config{URL: tt.url, Transport: s})
			if _, err := c.Query(t.Context(), "a:b", nil); err != nil {
				t.Fatal(err)
			}
			if got := s.requests[0].URL.String(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	const ok = "https://example.convex.cloud"
	tests := []struct {
		name   string
		config convex.Config
		want   []string // in the error
	}{
		{"no URL", convex.Config{}, []string{"URL is required"}},
		{"no scheme", convex.Config{URL: "example.convex.cloud"}, []string{"https://"}},
		{"another scheme", convex.Config{URL: "ws://example.convex.cloud"}, []string{"https://"}},
		{"no host", convex.Config{URL: "https:///x"}, []string{"no host"}},
		{"a password in the URL", convex.Config{URL: "https://u:hunter2@example.com"}, []string{"AdminKey"}},
		{"a query", convex.Config{URL: ok + "?adminKey=hunter2"}, []string{"query"}},
		{"an empty query", convex.Config{URL: ok + "?"}, []string{"query"}},
		{"a fragment", convex.Config{URL: ok + "#hunter2"}, []string{"fragment"}},
		{"text that is no URL", convex.Config{URL: "https://hunter2\x7f"}, []string{"not a URL"}},
		{"the host of HTTP actions, with a hint", convex.Config{URL: "https://Happy-Otter-123.convex.site/"}, []string{"HTTP actions", "https://happy-otter-123.convex.cloud"}},
		{"a key with a line break", convex.Config{URL: ok, AdminKey: "hunter2\n"}, []string{"AdminKey"}},
		{"a key in the quotes of a shell", convex.Config{URL: ok, AdminKey: "'prod:a|hunter2'"}, []string{"AdminKey", "a quote"}},
		{
			"all mistakes at once",
			convex.Config{Attempts: -1, Timeout: -1, MaxQueries: -1, MaxMutations: -1, MaxActions: -1, MaxResponse: -1},
			[]string{"URL", "Attempts", "Timeout", "MaxQueries", "MaxMutations", "MaxActions", "MaxResponse"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := convex.New(tt.config)
			if err == nil {
				t.Fatal("got no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got error %q, want one with %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error %q shows a secret", err)
			}
		})
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	config := convex.Config{URL: "https://example.convex.cloud", AdminKey: "prod:example|hunter2"}
	client := newClient(t, config)
	outer := struct {
		Config convex.Config
		Client *convex.Client
	}{config, client}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		for _, v := range []any{config, &config, client, outer} {
			got := fmt.Sprintf(verb, v)
			if strings.Contains(got, "hunter2") || strings.Contains(got, fmt.Sprintf("%x", "hunter2")) {
				t.Errorf("%s of %T shows the key: %s", verb, v, got)
			}
		}
	}
	if got, want := fmt.Sprint(client), "convex.Config{https://example.convex.cloud key=[redacted]}"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := fmt.Sprint(convex.Config{URL: "https://u:hunter2@example.com?k=hunter2"}); strings.Contains(got, "hunter2") {
		t.Errorf("a wrong URL shows its password: %s", got)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("start", "config", config, "client", client)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("start", "config", config, "client", client)
	if strings.Contains(log.String(), "hunter2") {
		t.Errorf("the log shows the key: %s", &log)
	}
}

func TestWarnsWithoutTLS(t *testing.T) {
	tests := []struct {
		url  string
		want bool
	}{
		{"http://backend:3210", true},
		{"http://10.0.0.7:3210", true},
		{"http://localhost.example.com", true},
		{"http://127.0.0.1:3210", false},
		{"http://[::1]:3210", false},
		{"http://localhost:3210", false},
		{"http://convex.localhost:3210", false},
		{"https://backend:3210", false},
	}
	for _, tt := range tests {
		t.Run(tt.url, func(t *testing.T) {
			var log bytes.Buffer
			newClient(t, convex.Config{URL: tt.url, AdminKey: "hunter2", Logger: slog.New(slog.NewTextHandler(&log, nil))})
			if got := strings.Contains(log.String(), "without TLS"); got != tt.want {
				t.Errorf("got warning %v, want %v: %s", got, tt.want, &log)
			}
			if strings.Contains(log.String(), "hunter2") {
				t.Errorf("the log shows the key: %s", &log)
			}
		})
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	s := &script{replies: []reply{{status: http.StatusTemporaryRedirect, header: http.Header{"Location": {"https://evil.example"}}}, success()}}
	c := newClient(t, convex.Config{URL: "https://example.convex.cloud", AdminKey: "k3y", Transport: s, Sleep: s.sleep})
	_, err := c.Query(t.Context(), "a:b", nil)
	if err == nil || !strings.Contains(err.Error(), "redirect") {
		t.Errorf("got error %v, want one about a redirect", err)
	}
	if got := len(s.requests); got != 1 {
		t.Errorf("got %d requests, want 1", got)
	}
}
