package server_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/server"
)

// BenchmarkRequest measures what a server adds to an answer, with the line of the
// request by either way.
func BenchmarkRequest(b *testing.B) {
	for name, short := range map[string]bool{"slog": false, "line": true} {
		b.Run(name, func(b *testing.B) {
			lines := server.NewBuffer(io.Discard)
			f := newFixture(func(c *server.Config) {
				c.Auth = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
				c.Log = slog.New(server.LogHandler(lines.JSON()))
				if short {
					c.Lines = lines
				}
			})
			r := httptest.NewRequest(http.MethodGet, "/api/auth/get-session", nil)
			b.ReportAllocs()
			for b.Loop() {
				f.ServeHTTP(httptest.NewRecorder(), r)
			}
		})
	}
}
