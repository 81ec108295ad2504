// Package locksteptest runs a server in a test and talks to it as a browser
// would.
//
//	s := locksteptest.Start(t, lockstep.Config{EmailAndPassword: lockstep.EmailAndPassword{Enabled: true}})
//	res := s.Browser.Post("/sign-up/email", map[string]any{"name": "Ada", "email": "ada@example.com", "password": "correct horse"})
package locksteptest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep"
	"github.com/lockstep-auth/lockstep/store/memory"
)

// Secret is the secret of servers that are started without one.
const Secret = "a secret that is only used in tests, 0123456789"

// A Server is a running server, its clock and one browser.
type Server struct {
	*lockstep.Auth
	URL     string // the origin
	Clock   *Clock
	Browser *Browser
}

// Start runs a server until the test ends. Missing fields of config get
// defaults for tests: an in-memory store, a fixed secret, a Clock, no rate
// limits, and passwords that cost nothing to hash (see Passwords).
func Start(t testing.TB, config lockstep.Config) *Server {
	t.Helper()
	if config.Store == nil {
		config.Store = memory.New()
	}
	return StartStateless(t, config)
}

// StartStateless is Start, but without a store there is no store.
func StartStateless(t testing.TB, config lockstep.Config) *Server {
	t.Helper()
	s := &Server{Clock: NewClock()}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.ServeHTTP(w, r)
	}))
	s.URL = "http://" + srv.Listener.Addr().String()
	if config.BaseURL == "" && len(config.DynamicBaseURL.AllowedHosts) == 0 {
		config.BaseURL = s.URL
	}
	if config.Secret == "" && config.Secrets == nil {
		config.Secret = Secret
	}
	if config.RateLimit.Enabled == nil {
		config.RateLimit.Enabled = new(false)
	}
	if config.EmailAndPassword.Password == nil {
		config.EmailAndPassword.Password = Passwords{}
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	config.Now = s.Clock.Now
	var err error
	if s.Auth, err = lockstep.New(config); err != nil {
		t.Fatal(err)
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(srv.Close)
	s.Browser = s.NewBrowser(t)
	return s
}

// Passwords hashes passwords in no time. It is for tests only: the hash tells
// the password.
type Passwords struct{}

// Hash returns a hash that Verify accepts.
func (Passwords) Hash(_ context.Context, password string) (string, error) {
	return "test:" + password, nil
}

// Verify reports whether Hash made hash of password.
func (Passwords) Verify(_ context.Context, hash, password string) (bool, error) {
	return hash == "test:"+password, nil
}

// A Browser keeps cookies, does not follow redirects, and says where its
// requests come from. It checks every answer for what must hold of all: at most
// one cookie per name. It belongs to one goroutine.
type Browser struct {
	// Origin is sent with every POST. It starts as the server's own.
	Origin string

	// Header is added to every request.
	Header http.Header

	base   string
	client *http.Client
	t      testing.TB
}

// NewBrowser returns a browser without cookies.
func (s *Server) NewBrowser(t testing.TB) *Browser {
	jar, _ := cookiejar.New(nil) // never fails
	return &Browser{
		Origin: s.URL, Header: make(http.Header), base: s.URL + "/api/auth", t: t,
		client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}},
	}
}

// A Response is the answer to one request.
type Response struct {
	Status  int
	Header  http.Header
	Cookies []*http.Cookie
	Body    string
}

// JSON decodes the body into v.
func (r *Response) JSON(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.Body), v); err != nil {
		t.Fatalf("body %q: %v", r.Body, err)
	}
}

// Code returns the code of an error, or "".
func (r *Response) Code() string {
	var e struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal([]byte(r.Body), &e)
	return e.Code
}

// Cookie returns the cookie with the name, or nil.
func (r *Response) Cookie(name string) *http.Cookie {
	for _, c := range r.Cookies {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Get calls an endpoint.
func (b *Browser) Get(path string) *Response {
	b.t.Helper()
	return b.do(http.MethodGet, path, nil)
}

// Post sends body as JSON to an endpoint.
func (b *Browser) Post(path string, body any) *Response {
	b.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(http.MethodPost, path, data)
}

// PostRaw sends body as it is, with the content type of JSON.
func (b *Browser) PostRaw(path, body string) *Response {
	b.t.Helper()
	return b.do(http.MethodPost, path, []byte(body))
}

func (b *Browser) do(method, path string, body []byte) *Response {
	b.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, b.base+path, bytes.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
		if b.Origin != "" {
			req.Header.Set("Origin", b.Origin)
		}
	}
	maps.Copy(req.Header, b.Header)
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	r := &Response{Status: resp.StatusCode, Header: resp.Header, Cookies: resp.Cookies(), Body: string(data)}
	seen := make(map[string]bool)
	for _, c := range r.Cookies {
		if seen[c.Name] {
			b.t.Errorf("%s %s sets cookie %s twice", method, path, c.Name)
		}
		seen[c.Name] = true
	}
	return r
}

// CookieHeader returns the cookies that the browser would send.
func (b *Browser) CookieHeader() string {
	req, err := http.NewRequest(http.MethodGet, b.base, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	var pairs []string
	for _, c := range b.client.Jar.Cookies(req.URL) {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	return strings.Join(pairs, "; ")
}

// A Clock is a clock that only moves when told. It is safe for concurrent use.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// NewClock returns a clock that shows the time of now in whole seconds.
func NewClock() *Clock { return &Clock{at: time.Now().UTC().Truncate(time.Second)} }

// Now returns the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Advance moves the clock forward.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}
