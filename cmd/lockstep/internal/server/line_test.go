package server_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/server"
)

// The line of a request is the same by either way, byte for byte.
func TestLinesAreWhatSlogWrites(t *testing.T) {
	tests := []struct {
		name, method, path, ip string
		took                   time.Duration
	}{
		{"an endpoint", "GET", "/api/auth/get-session", "192.0.2.7", 123456 * time.Nanosecond},
		{"no time at all", "GET", "/api/auth/ok", "192.0.2.7", 0},
		{"a long time", "POST", "/api/auth/sign-in/email", "192.0.2.7", 30 * time.Second},
		{"a token in the path", "GET", "/api/auth/reset-password/abc", "192.0.2.7", 0},
		{"no address", "GET", "/", "", time.Millisecond},
		{"IPv6", "GET", "/", "2001:db8::7", 1500 * time.Microsecond},
		{"a method of signs", "!#$%&'*+-.^_`|~", "/", "192.0.2.7", time.Microsecond},
		{"an address that is none", "GET", "/", "\"\\<>&\n\x01ä", 0},
		{"an error", "GET", "/missing", "192.0.2.7", 0},
		{"a probe", "GET", "/healthz", "192.0.2.7", 0},
		{"a probe that fails", "POST", "/healthz", "192.0.2.7", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			logged := func(change func(*server.Config, *server.Buffer)) (text string) {
				synctest.Test(t, func(t *testing.T) {
					var out bytes.Buffer
					lines := server.NewBuffer(&out)
					f := newFixture(func(c *server.Config) {
						c.ClientIP = func(*http.Request) string { return tt.ip }
						answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
							time.Sleep(tt.took)
							if r.URL.Path == "/missing" {
								w.WriteHeader(http.StatusNotFound)
							}
							fmt.Fprint(w, "text")
						})
						c.Auth, c.Pages = answer, answer
						c.Log = slog.New(server.LogHandler(lines.JSON()))
						change(c, lines)
					})
					r := httptest.NewRequest(http.MethodGet, "/", nil)
					r.Method, r.URL.Path, r.RequestURI = tt.method, tt.path, tt.path
					r.Header.Set("X-Request-Id", "id-1")
					f.ServeHTTP(httptest.NewRecorder(), r)
					if err := lines.Flush(); err != nil {
						t.Fatal(err)
					}
					text = out.String()
				})
				return text
			}
			long := logged(func(*server.Config, *server.Buffer) {})
			short := logged(func(c *server.Config, lines *server.Buffer) { c.Lines = lines })
			if diff := cmp.Diff(long, short); diff != "" {
				t.Errorf("(-slog +line)\n%s", diff)
			}
			if isLogged := tt.name != "a probe"; isLogged == (short == "") {
				t.Errorf("got %q, want a line: %v", short, isLogged)
			}
		})
	}
}
