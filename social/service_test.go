package social_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/lockstep-auth/lockstep/oauth"
)

// A service is a fake identity service that stands for every host there is. It
// answers by URL and remembers what it was asked.
type service struct {
	t       *testing.T
	mu      sync.Mutex
	answers map[string]any // by URL without query, or with it
	asked   []sent
}

// sent is a request as recorded from the real library.
type sent struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

// newService starts a service and returns a client whose requests all go there.
func newService(t *testing.T) (*service, *oauth.Client) {
	t.Helper()
	s := &service{t: t}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	client, err := oauth.New(oauth.Config{
		Now:       func() time.Time { return time.Unix(recordedNow, 0) },
		Transport: redirectAll{base, transport},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, client
}

// redirectAll sends requests for any host to one server.
type redirectAll struct {
	base *url.URL
	next http.RoundTripper
}

func (r redirectAll) RoundTrip(req *http.Request) (*http.Response, error) {
	asked := req.URL.String()
	req = req.Clone(req.Context())
	req.URL.Scheme, req.URL.Host = r.base.Scheme, r.base.Host
	req.Header.Set("X-Asked", asked)
	return r.next.RoundTrip(req)
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	asked := r.Header.Get("X-Asked")
	request := sent{Method: r.Method, URL: asked, Headers: map[string]string{}, Body: string(body)}
	for _, name := range []string{"Authorization", "Content-Type", "Notion-Version"} {
		if value := r.Header.Get(name); value != "" {
			request.Headers[strings.ToLower(name)] = value
		}
	}
	s.asked = append(s.asked, request)
	if r.Header.Get("User-Agent") == "" {
		s.t.Errorf("%s: no user agent", asked)
	}
	answer, ok := s.answers[asked]
	if !ok {
		base, _, _ := strings.Cut(asked, "?")
		answer, ok = s.answers[base]
	}
	if !ok {
		s.t.Errorf("unexpected request to %s", asked)
		w.WriteHeader(http.StatusNotFound)
		return
	}
	switch answer := answer.(type) {
	case json.Number: // a status
		status, _ := answer.Int64()
		w.WriteHeader(int(status))
		io.WriteString(w, "{}")
	case string:
		io.WriteString(w, answer)
	case json.RawMessage:
		w.Write(answer)
	default:
		s.t.Errorf("%s: cannot answer with a %T", asked, answer)
	}
}

// requests returns what was asked since the last call, without key sets.
func (s *service) requests() []sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := slices.DeleteFunc(s.asked, func(r sent) bool {
		return strings.Contains(r.URL, "jwks") || strings.Contains(r.URL, "keys") || strings.Contains(r.URL, "certs")
	})
	s.asked = nil
	return asked
}

// signingKey is the key of every service in these tests.
var signingKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// signed returns an id token with the claims, and the key set that verifies it.
func signed(t *testing.T, payload []byte) (token string, keys json.RawMessage) {
	t.Helper()
	private := jose.JSONWebKey{Key: signingKey(), KeyID: "k1"}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: private}, nil)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	if token, err = jws.CompactSerialize(); err != nil {
		t.Fatal(err)
	}
	public := jose.JSONWebKey{Key: signingKey().Public(), KeyID: "k1", Algorithm: "RS256", Use: "sig"}
	keys, err = json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public}})
	if err != nil {
		t.Fatal(err)
	}
	return token, keys
}

// decode reads JSON with numbers as they are written.
func decode(t *testing.T, data []byte, out any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(out); err != nil {
		t.Fatal(err)
	}
}
