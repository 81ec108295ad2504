package oauth_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-auth/lockstep/oauth"
)

// A clock is moved by hand.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time           { return start.Add(time.Duration(c.offset.Load())) }
func (c *clock) move(by time.Duration)    { c.offset.Add(int64(by)) }
func (c *clock) config(cfg *oauth.Config) { cfg.Now = c.now }
func (c *clock) exp(i *idp)               { i.claims["exp"], i.claims["iat"] = c.now().Unix()+600, c.now().Unix() }

func serve(set claims) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, set) }
}

func verify(t *testing.T, c *oauth.Client, i *idp) error {
	t.Helper()
	_, err := c.VerifyIDToken(t.Context(), i.provider(), oauth.IDToken{Token: i.idToken(), Nonce: "nonce-1"})
	return err
}

func TestKeySetIsCached(t *testing.T) {
	i, at := newIDP(t), &clock{}
	c := newClient(t, at.config)
	step := func(name string, by time.Duration, works bool, requests int32) {
		t.Helper()
		at.move(by)
		at.exp(i)
		if err := verify(t, c, i); (err == nil) != works {
			t.Errorf("%s: got error %v, want works %v", name, err, works)
		}
		if got := i.keyRequests.Load(); got != requests {
			t.Errorf("%s: got %d requests so far, want %d", name, got, requests)
		}
	}
	step("the first token fetches the set", 0, true, 1)
	step("the second does not", 9*time.Minute, true, 1)
	step("an old set is fetched again", time.Minute, true, 2)
	i.onKeys = reply(500, "")
	step("a set is used if it cannot be fetched again", 23*time.Hour, true, 3)
	step("without asking each time", 30*time.Second, true, 3)
	step("but not for more than a day", 2*time.Hour, false, 4)
	i.onKeys = i.jwks
	step("and works again with the service", time.Minute, true, 5)
}

// TestKeysWithAHeader: some services want to know who asks for their keys.
func TestKeysWithAHeader(t *testing.T) {
	i := newIDP(t)
	i.onKeys = func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Client") != "7" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		i.jwks(w, r)
	}
	p := i.provider()
	for _, header := range []map[string]string{nil, {"X-Client": "7"}} {
		p.IDToken.JWKSHeader = header
		_, err := newClient(t, nil).VerifyIDToken(t.Context(), p, oauth.IDToken{Token: i.idToken(), Nonce: "nonce-1"})
		if (err == nil) != (header != nil) {
			t.Errorf("with %v: got error %v", header, err)
		}
	}
}

func TestUnknownKeysAreNoAmplifier(t *testing.T) {
	i, at := newIDP(t), &clock{}
	c := newClient(t, at.config)
	if err := verify(t, c, i); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		at.move(time.Second)
		i.header["kid"] = oauth.NewState()
		if err := verify(t, c, i); err == nil {
			t.Fatal("an invented key id works")
		}
	}
	if got := i.keyRequests.Load(); got != 1 {
		t.Errorf("20 invented key ids in 20 seconds: got %d requests, want 1", got)
	}
	// The service changes its key.
	i.header["kid"] = "k2"
	i.onKeys = serve(keySetOf(jwk(&keys().rsa.PublicKey, claims{"kid": "k2"})))
	at.move(40 * time.Second)
	at.exp(i)
	if err := verify(t, c, i); err != nil {
		t.Errorf("a new key after a minute: %v", err)
	}
	if got := i.keyRequests.Load(); got != 2 {
		t.Errorf("a new key: got %d requests, want 2", got)
	}
	i.header["kid"] = "k1"
	if err := verify(t, c, i); err == nil {
		t.Error("the withdrawn key still works")
	}
}

func TestKeySetThatNeverCame(t *testing.T) {
	i, at := newIDP(t), &clock{}
	c := newClient(t, at.config)
	i.onKeys = reply(500, "")
	for range 10 {
		if err := verify(t, c, i); err == nil {
			t.Fatal("works without keys")
		}
	}
	if got := i.keyRequests.Load(); got != 1 {
		t.Errorf("10 tokens at once: got %d requests, want 1", got)
	}
	at.move(5 * time.Second)
	i.onKeys = i.jwks
	if err := verify(t, c, i); err != nil {
		t.Errorf("after 5 seconds: %v", err)
	}
}

func TestKeySetIsFetchedOnce(t *testing.T) {
	i := newIDP(t)
	c := newClient(t, nil)
	token := oauth.IDToken{Token: i.idToken(), Nonce: "nonce-1"}
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if _, err := c.VerifyIDToken(t.Context(), i.provider(), token); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got := i.keyRequests.Load(); got != 1 {
		t.Errorf("20 tokens at the same time: got %d requests, want 1", got)
	}
}

// TestWaitingForKeysEndsWithTheContext: a client that gives up does not wait for
// the one that is asking.
func TestWaitingForKeysEndsWithTheContext(t *testing.T) {
	i := newIDP(t)
	asking, answer := make(chan struct{}), make(chan struct{})
	i.onKeys = func(w http.ResponseWriter, r *http.Request) {
		close(asking)
		<-answer
		i.jwks(w, r)
	}
	c := newClient(t, nil)
	token := oauth.IDToken{Token: i.idToken(), Nonce: "nonce-1"}
	var group sync.WaitGroup
	group.Go(func() {
		if _, err := c.VerifyIDToken(t.Context(), i.provider(), token); err != nil {
			t.Error(err)
		}
	})
	<-asking
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.VerifyIDToken(ctx, i.provider(), token); err == nil {
		t.Error("verified without keys")
	}
	close(answer)
	group.Wait()
}

func TestAlgorithms(t *testing.T) {
	for _, c := range []struct {
		name string
		idp  func(i *idp)
		algs []string
	}{
		{"PS256", func(i *idp) {
			i.header["alg"] = "PS256"
			i.sign = func(input string) []byte { return signPS256(keys().rsa, input) }
			i.onKeys = serve(keySetOf(jwk(&keys().rsa.PublicKey, claims{"alg": "PS256"})))
		}, []string{"RS256", "PS256"}},
		{"ES256", func(i *idp) {
			i.header["alg"], i.header["kid"] = "ES256", "ec1"
			i.sign = func(input string) []byte { return signES256(keys().ec, input) }
			i.onKeys = serve(keySetOf(ecJWK(&keys().ec.PublicKey)))
		}, []string{"ES256"}},
		{"a key without algorithm and use", func(i *idp) {
			i.onKeys = serve(keySetOf(jwk(&keys().rsa.PublicKey, claims{"alg": "", "use": ""})))
		}, nil},
		{"no key id and one key", func(i *idp) { delete(i.header, "kid") }, nil},
		{"two keys with one id", func(i *idp) {
			i.onKeys = serve(keySetOf(jwk(&keys().other.PublicKey, nil), jwk(&keys().rsa.PublicKey, nil)))
		}, nil},
		{"unusable keys beside a good one", func(i *idp) {
			i.onKeys = serve(keySetOf(claims{"kty": "none"}, jwk(&keys().small.PublicKey, nil), jwk(&keys().rsa.PublicKey, nil)))
		}, nil},
		{"no type", func(i *idp) { delete(i.header, "typ") }, nil},
		{"several audiences, issued to us", func(i *idp) {
			i.claims["aud"], i.claims["azp"] = []string{"client-1", "other"}, "client-1"
		}, nil},
		{"at_hash", func(i *idp) { i.claims["at_hash"] = leftHalf(theToken) }, nil},
		{"clocks that differ by 30 seconds", func(i *idp) {
			i.claims["exp"], i.claims["iat"], i.claims["nbf"] = start.Unix()-29, start.Unix()+30, start.Unix()+30
		}, nil},
		{"times with fractions", func(i *idp) { i.claims["iat"] = float64(start.Unix()) + 0.5 }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := newIDP(t)
			c.idp(i)
			profile, err := signIn(t, i, hostile{change: func(p *oauth.Provider) { p.IDToken.Algorithms = c.algs }})
			if err != nil || profile.Subject != "sub-1" {
				t.Errorf("got %q, %v, want sub-1", profile.Subject, err)
			}
		})
	}
}
