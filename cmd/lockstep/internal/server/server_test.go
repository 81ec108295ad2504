package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-auth/lockstep/cmd/lockstep/internal/server"
)

// A fixture is a server whose parts say who they are.
type fixture struct {
	*server.Server
	log *log
}

func newFixture(change ...func(*server.Config)) *fixture {
	l := new(log)
	say := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			slog.New(server.LogHandler(slog.NewJSONHandler(l, nil))).InfoContext(r.Context(), "inside")
			fmt.Fprint(w, text)
		})
	}
	c := server.Config{
		Auth: say("auth"), BasePath: "/api/auth", Pages: say("pages"),
		Ready:    func(context.Context) error { return nil },
		ClientIP: func(*http.Request) string { return "192.0.2.7" },
		Log:      slog.New(server.LogHandler(slog.NewJSONHandler(l, nil))),
		Now:      time.Now,
	}
	for _, f := range change {
		f(&c)
	}
	return &fixture{server.New(c), l}
}

func (f *fixture) get(path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.URL.Path, r.RequestURI = path, path
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w
}

// A log keeps JSON lines.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// lines returns the lines of a message.
func (l *log) lines(t *testing.T, message string) []map[string]any {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var lines []map[string]any
	for text := range strings.Lines(l.text.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		if line["msg"] == message {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestRoutes(t *testing.T) {
	root := func(c *server.Config) { c.BasePath = "/" }
	noPages := func(c *server.Config) { c.Pages = nil }
	tests := []struct {
		name, path string
		change     func(*server.Config)
		want       string
	}{
		{"an endpoint", "/api/auth/ok", nil, "auth"},
		{"the base path itself", "/api/auth", nil, "auth"},
		{"a path that only begins like the base path", "/api/authority", nil, "pages"},
		{"another path", "/account", nil, "pages"},
		{"another path without pages", "/account", noPages, `{"code":"NOT_FOUND","message":"Not found"}`},
		{"endpoints at the root take the pages' place", "/account", root, "auth"},
		{"probes stay with endpoints at the root", "/healthz", root, `{"status":"ok"}`},
		{"the program runs", "/healthz", nil, `{"status":"ok"}`},
		{"the database is there", "/readyz", nil, `{"status":"ok"}`},
		{"only the exact path is a probe", "/healthz/", nil, "pages"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture()
			if tt.change != nil {
				f = newFixture(tt.change)
			}
			if got := f.get(tt.path).Body.String(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestProbesDependOnTheDatabase(t *testing.T) {
	f := newFixture(func(c *server.Config) { c.Ready = func(context.Context) error { return errors.New("gone") } })
	if w := f.get("/healthz"); w.Code != http.StatusOK {
		t.Errorf("healthz: got %d, want 200: restarting does not bring a database back", w.Code)
	}
	w := f.get("/readyz")
	if w.Code != http.StatusServiceUnavailable || w.Body.String() != `{"status":"unavailable","reason":"database"}` {
		t.Errorf("readyz: got %d %s, want 503 and the reason", w.Code, w.Body)
	}
	if got := f.log.lines(t, "not ready"); len(got) != 1 || got[0]["err"] != "gone" {
		t.Errorf("got %v, want a line with the error", got)
	}
}

func TestProbesDoNotWaitForADatabaseThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(func(c *server.Config) {
			c.Ready = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		})
		start := time.Now()
		w := f.get("/readyz")
		if took := time.Since(start); w.Code != http.StatusServiceUnavailable || took != 2*time.Second {
			t.Errorf("got %d after %v, want 503 after 2 seconds", w.Code, took)
		}
	})
}

func TestProbesAreForReading(t *testing.T) {
	w := httptest.NewRecorder()
	newFixture().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/healthz", nil))
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("got %d %v, want 405 and what is allowed", w.Code, w.Header())
	}
}

func TestProbesThatGoWellAreNotLogged(t *testing.T) {
	f := newFixture()
	f.get("/healthz")
	f.get("/readyz")
	if got := f.log.lines(t, "request"); len(got) != 0 {
		t.Errorf("got %v, want no lines", got)
	}
}

func TestRequestID(t *testing.T) {
	tests := []struct {
		name, id string
		kept     bool
	}{
		{"a UUID is kept", "0b39c1f8-5c1d-4a3e-9f5e-6f1c2d3e4f50", true},
		{"letters, digits and -._ are kept", "Az9-._", true},
		{"64 characters are kept", strings.Repeat("a", 64), true},
		{"65 are not", strings.Repeat("a", 65), false},
		{"none is made", "", false},
		{"spaces are not kept", "a b", false},
		{"quotes are not kept", `a"b`, false},
		{"other scripts are not kept", "ä", false},
		{"line breaks are not kept", "a\nb", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture()
			got := f.get("/api/auth/ok", "X-Request-Id", tt.id).Header().Get("X-Request-Id")
			if (got == tt.id) != tt.kept || len(got) == 0 {
				t.Errorf("got %q for %q, want it kept: %v", got, tt.id, tt.kept)
			}
			for _, message := range []string{"inside", "request"} {
				if lines := f.log.lines(t, message); len(lines) != 1 || lines[0]["request_id"] != got {
					t.Errorf("%s: got %v, want one line with the id %q", message, lines, got)
				}
			}
		})
	}
	f := newFixture()
	if a, b := f.get("/").Header().Get("X-Request-Id"), f.get("/").Header().Get("X-Request-Id"); a == b {
		t.Errorf("got %q twice", a)
	}
}

func TestLogHandlerKeepsAttributesAndGroups(t *testing.T) {
	l := new(log)
	var logger *slog.Logger
	f := newFixture(func(c *server.Config) {
		c.Auth = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { logger.InfoContext(r.Context(), "x", "b", 2) })
	})
	logger = slog.New(server.LogHandler(slog.NewJSONHandler(l, nil))).With("a", 1)
	id := f.get("/api/auth/ok", "X-Request-Id", "id").Header().Get("X-Request-Id")
	lines := l.lines(t, "x")
	if len(lines) != 1 || lines[0]["a"] != 1.0 || lines[0]["b"] != 2.0 || lines[0]["request_id"] != id {
		t.Errorf("got %v, want a, b and the id", lines)
	}
}

func TestPathsInTheLog(t *testing.T) {
	tests := []struct{ name, path, want string }{
		{"an endpoint", "/api/auth/sign-in/email", "/api/auth/sign-in/email"},
		{"an endpoint with a digit", "/api/auth/oauth2/callback", "/api/auth/oauth2/callback"},
		{"the base path", "/api/auth", "/api/auth"},
		{"a token", "/api/auth/reset-password/abc", "/api/auth/reset-password/*"},
		{"a token of two segments", "/api/auth/reset-password/abc/def", "/api/auth/reset-password/*/*"},
		{"a third segment", "/api/auth/callback/github/abc", "/api/auth/callback/github/*"},
		{"many segments are one", "/a/b/c/d/e", "/a/b/*"},
		{"capitals", "/api/auth/verify/AbCdEfGh", "/api/auth/verify/*"},
		{"digits", "/api/auth/verify/123456", "/api/auth/verify/*"},
		{"digits and letters", "/api/auth/verify/a1b2c3", "/api/auth/verify/*"},
		{"long words", "/api/auth/" + strings.Repeat("a", 41), "/api/auth/*"},
		{"escapes", "/api/auth/a%40b", "/api/auth/*"},
		{"a slash at the end", "/account/", "/account/"},
		{"the root", "/", "/"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture()
			f.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, tt.path+"?token=canary", nil))
			lines := f.log.lines(t, "request")
			if len(lines) != 1 || lines[0]["path"] != tt.want {
				t.Errorf("got %v, want path %s", lines, tt.want)
			}
		})
	}
}

// FuzzPathsInTheLog holds that nothing random gets into the log by its path.
func FuzzPathsInTheLog(f *testing.F) {
	f.Add("reset-password", "x")
	f.Add("verify", "../../x")
	f.Add("", "/")
	f.Fuzz(func(t *testing.T, first, token string) {
		fx := newFixture()
		secret := token + "Zq7Zq7Zq7"
		fx.get("/api/auth/" + first + "/" + secret)
		lines := fx.log.lines(t, "request")
		path, _ := lines[0]["path"].(string)
		if len(lines) != 1 || strings.Contains(path, "Zq7") || strings.Count(path, "/") > 5 {
			t.Errorf("got %v", lines)
		}
	})
}

func TestAccessLog(t *testing.T) {
	f := newFixture(func(c *server.Config) {
		c.Auth = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
			io.WriteString(w, "12345")
			io.WriteString(w, "678")
		})
	})
	f.get("/api/auth/ok", "X-Request-Id", "id", "Cookie", "a=canary", "Authorization", "Bearer canary", "User-Agent", "canary")
	line := f.log.lines(t, "request")[0]
	for _, key := range []string{"time", "duration_ms"} {
		if line[key] == nil {
			t.Errorf("no %s in %v", key, line)
		}
		delete(line, key)
	}
	want := map[string]any{
		"level": "INFO", "msg": "request", "method": "GET", "path": "/api/auth/ok",
		"status": 418.0, "bytes": 8.0, "ip": "192.0.2.7", "request_id": "id",
	}
	if diff := cmp.Diff(line, want); diff != "" {
		t.Errorf("got -, want +:\n%s", diff)
	}
}

func TestNothingSentIsLoggedAsWhatIsSent(t *testing.T) {
	f := newFixture(func(c *server.Config) { c.Auth = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}) })
	f.get("/api/auth/ok")
	if line := f.log.lines(t, "request")[0]; line["status"] != 200.0 {
		t.Errorf("got %v, want status 200", line)
	}
}

func TestHintsAreNotTheStatus(t *testing.T) {
	f := newFixture(func(c *server.Config) {
		c.Auth = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusTeapot)
		})
	})
	f.get("/api/auth/ok")
	if line := f.log.lines(t, "request")[0]; line["status"] != 418.0 {
		t.Errorf("got %v, want status 418", line)
	}
}

func TestPanics(t *testing.T) {
	f := newFixture(func(c *server.Config) {
		c.Auth = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oops") })
	})
	w := f.get("/api/auth/ok")
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "oops") {
		t.Errorf("got %d %s, want a bare 500", w.Code, w.Body)
	}
	lines := f.log.lines(t, "handler panicked")
	if len(lines) != 1 || lines[0]["panic"] != "oops" || lines[0]["stack"] == nil {
		t.Errorf("got %v, want a line with the stack", lines)
	}
	if lines := f.log.lines(t, "request"); len(lines) != 1 || lines[0]["status"] != 500.0 {
		t.Errorf("got %v, want the request's line", lines)
	}
}

func TestPanicsAfterTheAnswerBeganChangeNothing(t *testing.T) {
	f := newFixture(func(c *server.Config) {
		c.Auth = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "half")
			panic("oops")
		})
	})
	if w := f.get("/api/auth/ok"); w.Code != http.StatusOK || w.Body.String() != "half" {
		t.Errorf("got %d %s, want what was sent before", w.Code, w.Body)
	}
}

func TestBreakingOffGoesOn(t *testing.T) {
	f := newFixture(func(c *server.Config) {
		c.Auth = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	})
	defer func() {
		if v := recover(); v != http.ErrAbortHandler { //nolint:errorlint // the value itself is passed on
			t.Errorf("got %v, want http.ErrAbortHandler", v)
		}
	}()
	f.get("/api/auth/ok")
}

// A pipe is a listener without a network, for bubbles of synctest.
type pipe struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipe() *pipe { return &pipe{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipe) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipe) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (*pipe) Addr() net.Addr { return &net.TCPAddr{} }

// client returns a client that connects through the pipe.
func (p *pipe) client() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			select {
			case p.conns <- theirs:
				return ours, nil
			case <-p.closed:
				return nil, net.ErrClosed
			}
		},
	}}
}

func TestRunFinishesRequestsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(func(c *server.Config) {
			c.Auth = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				time.Sleep(9 * time.Second)
				io.WriteString(w, "done")
			})
		})
		ctx, stop := context.WithCancel(t.Context())
		l, ended, answer := newPipe(), make(chan error, 1), make(chan string, 1)
		go func() { ended <- f.Run(ctx, l) }()
		go func() { answer <- fetch(l.client(), "http://x/api/auth/ok") }()
		synctest.Wait()
		stop()
		synctest.Wait()
		if w := f.get("/readyz"); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), `"reason":"stopping"`) {
			t.Errorf("readyz: got %d %s, want 503 while stopping", w.Code, w.Body)
		}
		if w := f.get("/healthz"); w.Code != http.StatusOK {
			t.Errorf("healthz: got %d, want 200 while stopping", w.Code)
		}
		if got := fetch(l.client(), "http://x/api/auth/ok"); !strings.HasPrefix(got, "error") {
			t.Errorf("got %q for a new request, want an error", got)
		}
		if got := <-answer; got != "200 done" {
			t.Errorf("got %q, want the answer of the request under way", got)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestRunEndsRequestsThatTakeTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(func(c *server.Config) {
			c.Auth = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		})
		ctx, stop := context.WithCancel(t.Context())
		l, answer := newPipe(), make(chan string, 1)
		go func() { answer <- fetch(l.client(), "http://x/api/auth/ok") }()
		go func() {
			time.Sleep(time.Second)
			stop()
		}()
		start := time.Now()
		err := f.Run(ctx, l)
		if took := time.Since(start); took != 11*time.Second {
			t.Errorf("got an end after %v, want 10 seconds of grace", took)
		}
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "still running after 10s") {
			t.Errorf("got %v, want an error that says so", err)
		}
		<-answer
	})
}

func TestRunReportsAListenerThatFails(t *testing.T) {
	l := newPipe()
	l.Close()
	if err := newFixture().Run(t.Context(), l); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want the listener's error", err)
	}
}

// fetch returns status and body, or the error, as text.
func fetch(c *http.Client, url string) string {
	res, err := c.Get(url)
	if err != nil {
		return "error: " + err.Error()
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return "error: " + err.Error()
	}
	return fmt.Sprintf("%d %s", res.StatusCode, body)
}
