package jwks_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/jwks"
)

// A publisher serves the key set of a keyring, or something else.
type publisher struct {
	*httptest.Server
	w     *world
	keys  *jwks.Keyring
	asked atomic.Int64
	serve atomic.Value // http.HandlerFunc, in place of the key set
}

func newPublisher(t *testing.T) *publisher {
	t.Helper()
	p := &publisher{w: newWorld(t)}
	p.keys = p.w.keyring(t, jwks.Config{Algorithm: jwks.ES256})
	p.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		if h, ok := p.serve.Load().(http.HandlerFunc); ok && h != nil {
			h(rw, r)
			return
		}
		set, err := p.keys.Document(r.Context())
		if err != nil {
			t.Error(err)
		}
		rw.Write(set)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *publisher) verifier(t *testing.T) *jwks.Verifier {
	t.Helper()
	v, err := jwks.NewVerifier(jwks.VerifierConfig{
		URL: p.URL, Issuer: issuer, Audience: []string{issuer}, Now: p.w.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVerifier(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	v := p.verifier(t)
	token := p.w.sign(t, p.keys)
	for range 20 {
		if claims, err := v.Verify(t.Context(), token); err != nil || claims.Subject() != "user-1" {
			t.Fatalf("%s, %v", claims, err)
		}
	}
	if n := p.asked.Load(); n != 1 {
		t.Errorf("asked %d times, want 1", n)
	}
	p.w.advance(9 * time.Minute)
	fresh := p.w.sign(t, p.keys)
	if _, err := v.Verify(t.Context(), fresh); err != nil || p.asked.Load() != 1 {
		t.Errorf("after 9 minutes: %v, asked %d times", err, p.asked.Load())
	}
	p.w.advance(time.Minute)
	if _, err := v.Verify(t.Context(), fresh); err != nil || p.asked.Load() != 2 {
		t.Errorf("after 10 minutes: %v, asked %d times", err, p.asked.Load())
	}
	if _, err := v.Verify(t.Context(), token); !errors.Is(err, jwks.ErrInvalid) {
		t.Errorf("expired: %v", err)
	}
}

// A rotation is noticed at once, and made-up kids cause one request a minute.
func TestVerifierUnknownKey(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	v := p.verifier(t)
	if _, err := v.Verify(t.Context(), p.w.sign(t, p.keys)); err != nil {
		t.Fatal(err)
	}
	p.w.advance(2 * time.Minute)
	if err := p.keys.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), p.w.sign(t, p.keys)); err != nil {
		t.Errorf("after a rotation: %v", err)
	}
	foreign := newWorld(t)
	madeUp := foreign.sign(t, foreign.keyring(t, jwks.Config{}))
	p.asked.Store(0)
	for range 3 {
		p.w.advance(time.Minute)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, err := v.Verify(t.Context(), madeUp); !errors.Is(err, jwks.ErrInvalid) {
					t.Errorf("made-up key: %v", err)
				}
			})
		}
		wg.Wait()
	}
	if n := p.asked.Load(); n != 3 {
		t.Errorf("asked %d times in 3 minutes, want 3", n)
	}
}

// While the issuer is away the known keys go on, and without any key the error
// is not that the token is bad.
func TestVerifierOutage(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"500":        func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"redirect":   func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
		"page":       func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) },
		"no keys":    func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`{"keys":null}`)) },
		"keys twice": func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`{"keys":[],"keys":[]}`)) },
		"too large": func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte(`{"keys":[]` + strings.Repeat(" ", 300<<10) + `}`))
		},
		"too many": func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte(`{"keys":[{}` + strings.Repeat(",{}", 300) + `]}`))
		},
		"connection": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"half a set": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "99")
			w.Write([]byte(`{"keys"`))
		},
		"one kid twice": func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte(`{"keys":[` + ed25519JWK + `,` + ed25519JWK + `]}`))
		},
	} {
		p := newPublisher(t)
		known, empty := p.verifier(t), p.verifier(t)
		if _, err := known.Verify(t.Context(), p.w.sign(t, p.keys)); err != nil {
			t.Fatal(err)
		}
		p.serve.Store(answer)
		p.w.advance(time.Hour)
		token := p.w.sign(t, p.keys)
		for range 5 {
			if _, err := known.Verify(t.Context(), token); err != nil {
				t.Errorf("%s: known key: %v", name, err)
			}
			if _, err := empty.Verify(t.Context(), token); err == nil || errors.Is(err, jwks.ErrInvalid) {
				t.Errorf("%s: without keys: %v", name, err)
			}
		}
		// net/http itself repeats a request whose connection broke.
		if n := p.asked.Load(); n != 3 && (name != "connection" || n > 4) {
			t.Errorf("%s: asked %d times, want 1 and then once for each", name, n)
		}
		p.serve.Store(http.HandlerFunc(nil))
		p.w.advance(time.Second)
		if _, err := empty.Verify(t.Context(), token); err != nil {
			t.Errorf("%s: after the outage: %v", name, err)
		}
	}
}

const ed25519JWK = `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"a"}`

// A client that goes away does not keep the keys of others from being fetched.
func TestVerifierCancelled(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	v := p.verifier(t)
	ctx, cancel := context.WithCancel(t.Context())
	p.serve.Store(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cancel()
		set, err := p.keys.Document(r.Context())
		if err != nil {
			t.Error(err)
		}
		w.Write(set)
	}))
	token := p.w.sign(t, p.keys)
	if _, err := v.Verify(ctx, token); err != nil {
		t.Errorf("the request that fetches: %v", err)
	}
	if _, err := v.Verify(t.Context(), token); err != nil || p.asked.Load() != 1 {
		t.Errorf("the next request: %v, asked %d times", err, p.asked.Load())
	}
}

func TestVerifierKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, alg := range algorithms() {
		r := w.keyring(t, jwks.Config{Algorithm: alg})
		token := w.sign(t, r)
		v, err := jwks.NewVerifier(jwks.VerifierConfig{Keys: document(t, r), Issuer: issuer, Audience: expect.Audience, Now: w.Now})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(t.Context(), token); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
		enc := strings.ReplaceAll(string(document(t, r)), `"kid"`, `"use":"enc","kid"`)
		v, err = jwks.NewVerifier(jwks.VerifierConfig{Keys: []byte(enc), Issuer: issuer, Audience: expect.Audience, Now: w.Now})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(t.Context(), token); !errors.Is(err, jwks.ErrInvalid) {
			t.Errorf("%s: key for encryption: %v", alg, err)
		}
	}
	foreign := newWorld(t)
	madeUp := foreign.sign(t, foreign.keyring(t, jwks.Config{}))
	v, err := jwks.NewVerifier(jwks.VerifierConfig{Keys: []byte(`{"keys":[{"kty":"oct","k":"AA","kid":"x","alg":"HS256"}]}`), Issuer: issuer, Audience: expect.Audience, Now: w.Now})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), madeUp); !errors.Is(err, jwks.ErrInvalid) {
		t.Errorf("unknown key: %v", err)
	}
}

func TestVerifierConfigIsChecked(t *testing.T) {
	t.Parallel()
	ok := jwks.VerifierConfig{URL: "https://example.com/jwks", Issuer: issuer, Audience: expect.Audience}
	for _, tc := range []struct {
		name   string
		change func(*jwks.VerifierConfig)
		want   string
	}{
		{"no issuer", func(c *jwks.VerifierConfig) { c.Issuer = "" }, "issuer and audience"},
		{"no audience", func(c *jwks.VerifierConfig) { c.Audience = nil }, "issuer and audience"},
		{"no keys at all", func(c *jwks.VerifierConfig) { c.URL = "" }, "one of URL and Keys"},
		{"both", func(c *jwks.VerifierConfig) { c.Keys = []byte(`{"keys":[]}`) }, "one of URL and Keys"},
		{"no URL", func(c *jwks.VerifierConfig) { c.URL = "/jwks" }, "no http"},
		{"a file", func(c *jwks.VerifierConfig) { c.URL = "file:///etc/passwd" }, "no http"},
		{"no key set", func(c *jwks.VerifierConfig) { c.URL, c.Keys = "", []byte(`[]`) }, "key set"},
	} {
		c := ok
		tc.change(&c)
		if _, err := jwks.NewVerifier(c); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

// FuzzKeySet: a key set never panics, and no token verifies with keys that are
// not the signer's.
func FuzzKeySet(f *testing.F) {
	w := newWorld(f)
	r := w.keyring(f, jwks.Config{Algorithm: jwks.ES256})
	token := w.sign(f, r)
	own, err := r.Document(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	other := newWorld(f)
	for _, alg := range algorithms() {
		set, err := other.keyring(f, jwks.Config{Algorithm: alg}).Document(f.Context())
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(set))
	}
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA","kid":"` + w.rows(f)[0]["id"].(string) + `"}]}`))
	x := strings.SplitAfter(string(own), `"x":"`)[1][:43]
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := jwks.NewVerifier(jwks.VerifierConfig{Keys: data, Issuer: issuer, Audience: expect.Audience, Now: w.Now})
		if err != nil {
			return
		}
		if _, err := v.Verify(context.Background(), token); err == nil && !strings.Contains(string(data), x) {
			t.Errorf("token verifies with %q", data)
		}
	})
}
