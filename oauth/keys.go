package oauth

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	keysFresh = 10 * time.Minute // a set is used without asking again
	keysStale = 24 * time.Hour   // a set is used if asking again fails

	// keysPause is the time between two requests for one set. So tokens with
	// invented key ids do not become requests to the service.
	keysPause = time.Minute

	// keysRetry is that time while there is no set at all.
	keysRetry = 5 * time.Second

	// keysTimeout is how long a set may take: all who sign in wait for it.
	keysTimeout = 10 * time.Second

	maxKeys     = 100
	maxSameName = 4 // keys with one id that are tried

	minRSABits = 2048 // NIST SP 800-131A
	maxRSABits = 8192 // larger ones only cost time
)

// A keyCache holds the public keys of services, by the URL of their set.
type keyCache struct {
	mu   *sync.Mutex
	sets map[string]*keySet
}

func newKeyCache() keyCache { return keyCache{mu: new(sync.Mutex), sets: make(map[string]*keySet)} }

func (k keyCache) set(endpoint string) *keySet {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.sets[endpoint]
	if s == nil {
		s = &keySet{asking: make(chan struct{}, 1)}
		k.sets[endpoint] = s
	}
	return s
}

// A keySet is what one URL last answered.
type keySet struct {
	asking chan struct{} // holds an element while somebody asks the service

	mu      sync.Mutex
	keys    []jose.JSONWebKey
	fetched time.Time // when keys came
	asked   time.Time // when the service was last asked
}

func (s *keySet) find(kid, algorithm string) (keys []jose.JSONWebKey, fetched, asked time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return matching(s.keys, kid, algorithm), s.fetched, s.asked
}

// keySet returns the keys that a token with this header may be signed with. It
// asks the service if they are unknown or old, but not often.
func (c *Client) keySet(ctx context.Context, r Request, kid, algorithm string) ([]any, error) {
	s := c.keys.set(r.URL)
	keys, fetched, asked := s.find(kid, algorithm)
	age := c.now().Sub(fetched)
	if len(keys) > 0 && age < keysFresh {
		return publicKeys(keys), nil
	}
	err := errors.New("no known key fits, and the service was asked a moment ago")
	if c.mayAsk(fetched, asked) {
		select {
		case s.asking <- struct{}{}:
			err = c.askKeys(ctx, r, s, asked)
			<-s.asking
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		keys, fetched, _ = s.find(kid, algorithm)
		age = c.now().Sub(fetched)
	}
	if len(keys) > 0 && age < keysStale {
		return publicKeys(keys), nil
	}
	if err == nil {
		err = errors.New("it is signed with an unknown key")
	}
	return nil, err
}

func (c *Client) mayAsk(fetched, asked time.Time) bool {
	pause := keysPause
	if fetched.IsZero() {
		pause = keysRetry
	}
	return asked.IsZero() || c.now().Sub(asked) >= pause
}

// askKeys fetches a set, unless somebody did since asked. It goes on when the
// client gives up: others wait for it.
func (c *Client) askKeys(ctx context.Context, r Request, s *keySet, asked time.Time) error {
	s.mu.Lock()
	already := !s.asked.Equal(asked)
	s.mu.Unlock()
	if already {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keysTimeout)
	defer cancel()
	body, err := c.Do(ctx, r)
	var keys []jose.JSONWebKey
	if err == nil {
		keys, err = parseKeys(body)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = c.now()
	if err != nil {
		return fmt.Errorf("fetch the keys: %w", err)
	}
	s.keys, s.fetched = keys, s.asked
	return nil
}

// parseKeys reads a JSON Web Key Set (RFC 7517 §5) and leaves out what cannot
// check a signature.
func parseKeys(data []byte) ([]jose.JSONWebKey, error) {
	set, err := ParseClaims(data)
	if err != nil {
		return nil, err
	}
	var raw []json.RawMessage
	if json.Unmarshal(set.Raw("keys"), &raw) != nil {
		return nil, errors.New("the key set has no keys")
	}
	if len(raw) > maxKeys {
		return nil, fmt.Errorf("the key set has more than %d keys", maxKeys)
	}
	var keys []jose.JSONWebKey
	for _, item := range raw {
		var key jose.JSONWebKey
		if json.Unmarshal(item, &key) == nil && usable(key) {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("the key set has no usable key")
	}
	return keys, nil
}

func usable(key jose.JSONWebKey) bool {
	if key.Use != "" && key.Use != "sig" {
		return false
	}
	if key, ok := key.Key.(*rsa.PublicKey); ok {
		return key.N.BitLen() >= minRSABits && key.N.BitLen() <= maxRSABits && key.E >= 3
	}
	return family(key.Key) != ""
}

// family returns what the names of a public key's algorithms begin with, or ""
// for other keys: private and symmetric ones have no place in a key set.
func family(key any) string {
	switch key.(type) {
	case *rsa.PublicKey:
		return "RS"
	case *ecdsa.PublicKey:
		return "ES"
	case ed25519.PublicKey:
		return "Ed"
	}
	return ""
}

// matching returns the keys that fit the header of a token. A token without a key
// id is only taken if there is no choice.
func matching(keys []jose.JSONWebKey, kid, algorithm string) []jose.JSONWebKey {
	var fit []jose.JSONWebKey
	for _, key := range keys {
		kind := strings.Replace(algorithm[:2], "PS", "RS", 1)
		if family(key.Key) == kind && (key.Algorithm == "" || key.Algorithm == algorithm) && (kid == "" || key.KeyID == kid) {
			fit = append(fit, key)
		}
	}
	if kid == "" && len(fit) > 1 {
		return nil
	}
	return fit[:min(len(fit), maxSameName)]
}

func publicKeys(keys []jose.JSONWebKey) []any {
	public := make([]any, len(keys))
	for i, key := range keys {
		public[i] = key.Key
	}
	return public
}
